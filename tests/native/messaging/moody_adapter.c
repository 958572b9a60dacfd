/* SPDX-License-Identifier: Apache-2.0 */
/* A protocol adapter that takes, keeps, refuses or loses messages as its address says; its
 * connections are told apart by the address alone. */
#include <glib.h>
#include <string.h>

#include "nvds_msgapi.h"

typedef struct {
  nvds_msgapi_send_cb_t callback;
  void *user;
} Sent;

typedef struct {
  GMutex lock;
  char *address;
  nvds_msgapi_connect_cb_t on_event;
  nvds_msgapi_subscribe_request_cb_t on_message;
  void *subscriber;
  GQueue sent;
  guint count;
} Moody;

static gint connections; /* that are open */

gint moody_connections(void) { return g_atomic_int_get(&connections); }

NvDsMsgApiHandle nvds_msgapi_connect(char *address, nvds_msgapi_connect_cb_t on_event, char *config) {
  (void)config;
  if (strstr(address, "slow")) g_usleep(1500000);
  if (strstr(address, "closed")) return NULL;
  Moody *self = g_new0(Moody, 1);
  g_mutex_init(&self->lock);
  self->address = g_strdup(address);
  self->on_event = on_event;
  g_atomic_int_inc(&connections);
  on_event(self, NVDS_MSGAPI_EVT_SUCCESS);
  return self;
}

NvDsMsgApiErrorType nvds_msgapi_send_async(NvDsMsgApiHandle handle, char *topic,
                                           const uint8_t *payload, size_t size,
                                           nvds_msgapi_send_cb_t callback, void *user) {
  Moody *self = handle;
  Sent *sent = g_new(Sent, 1);
  (void)topic, (void)payload, (void)size;
  *sent = (Sent){callback, user};
  g_mutex_lock(&self->lock);
  g_queue_push_tail(&self->sent, sent);
  g_mutex_unlock(&self->lock);
  return NVDS_MSGAPI_OK;
}

void nvds_msgapi_do_work(NvDsMsgApiHandle handle) {
  Moody *self = handle;
  Sent *sent = NULL;
  while (!strstr(self->address, "keeps")) {
    g_mutex_lock(&self->lock);
    sent = g_queue_pop_head(&self->sent);
    g_mutex_unlock(&self->lock);
    if (!sent) break;
    const gboolean loses = strstr(self->address, "loses") && ++self->count % 50 == 0;
    sent->callback(sent->user, NVDS_MSGAPI_OK);
    g_free(sent);
    if (!loses) continue;
    self->on_event(self, NVDS_MSGAPI_EVT_DISCONNECT);
    break;
  }
  if (self->on_message)
    self->on_message(NVDS_MSGAPI_OK, (void *)"ping", 4, (char *)"topic", self->subscriber);
}

NvDsMsgApiErrorType nvds_msgapi_subscribe(NvDsMsgApiHandle handle, char **topics, int count,
                                          nvds_msgapi_subscribe_request_cb_t callback, void *user) {
  Moody *self = handle;
  if (count < 1 || strcmp(topics[0], "refused") == 0) return NVDS_MSGAPI_ERR;
  self->subscriber = user;
  self->on_message = callback;
  return NVDS_MSGAPI_OK;
}

/* What is left is answered by nobody. */
NvDsMsgApiErrorType nvds_msgapi_disconnect(NvDsMsgApiHandle handle) {
  Moody *self = handle;
  Sent *sent;
  while ((sent = g_queue_pop_head(&self->sent))) g_free(sent);
  g_mutex_clear(&self->lock);
  g_free(self->address);
  g_free(self);
  g_atomic_int_add(&connections, -1);
  return NVDS_MSGAPI_OK;
}

NvDsMsgApiErrorType nvds_msgapi_connection_signature(char *address, char *config, char *out,
                                                     int size) {
  (void)config;
  g_strlcpy(out, strstr(address, "alone") ? "" : address, (gsize)size);
  return NVDS_MSGAPI_OK;
}
