/* SPDX-License-Identifier: Apache-2.0 */
/* An adapter's functions over libnvds_msgbroker, whose connections all of a process may share. */
#include "library.h"
#include "nvmsgbroker.h"
#include "opened.h"

#define NAME "libnvds_msgbroker.so"

/* Filled once. */
static struct {
  NvMsgBrokerClientHandle (*connect)(char *, char *, nv_msgbroker_connect_cb_t, char *);
  NvMsgBrokerErrorType (*send_async)(NvMsgBrokerClientHandle, NvMsgBrokerClientMsg,
                                     nv_msgbroker_send_cb_t, void *);
  NvMsgBrokerErrorType (*disconnect)(NvMsgBrokerClientHandle);
  int (*last_error)(char *, size_t);
} broker;

static gboolean open_broker(GError **error) {
  static GMutex lock;
  g_mutex_lock(&lock);
  if (!broker.connect) {
    char *path = dsbind_library_find(NAME, "new-api", NULL, error);
    void *library = path ? dsbind_library_open(path, "new-api", error) : NULL;
    if (library) {
      *(void **)&broker.send_async = dsbind_library_symbol(library, "nv_msgbroker_send_async");
      *(void **)&broker.disconnect = dsbind_library_symbol(library, "nv_msgbroker_disconnect");
      *(void **)&broker.last_error = dsbind_library_symbol(library, "dsbind_msgapi_last_error");
      *(void **)&broker.connect = dsbind_library_symbol(library, "nv_msgbroker_connect");
    }
    g_free(path);
  }
  const gboolean open = broker.connect != NULL;
  g_mutex_unlock(&lock);
  return open;
}

typedef struct {
  nvds_msgapi_send_cb_t callback;
  void *user;
} Sent;

static void on_sent(void *user, NvMsgBrokerErrorType status) {
  const Sent sent = *(Sent *)user;
  g_free(user);
  sent.callback(sent.user, status == NV_MSGBROKER_API_OK ? NVDS_MSGAPI_OK : NVDS_MSGAPI_ERR);
}

static NvDsMsgApiErrorType send_async(NvDsMsgApiHandle handle, char *topic, const uint8_t *payload,
                                      size_t size, nvds_msgapi_send_cb_t callback, void *user) {
  const NvMsgBrokerClientMsg message = {topic, (void *)payload, size};
  Sent *sent = g_new(Sent, 1);
  *sent = (Sent){callback, user};
  if (broker.send_async(handle, message, on_sent, sent) == NV_MSGBROKER_API_OK)
    return NVDS_MSGAPI_OK;
  g_free(sent);
  return NVDS_MSGAPI_ERR;
}

static NvDsMsgApiErrorType disconnect(NvDsMsgApiHandle handle) {
  return broker.disconnect(handle) == NV_MSGBROKER_API_OK ? NVDS_MSGAPI_OK : NVDS_MSGAPI_ERR;
}

gboolean dsbind_adapter_share(DsbindAdapter *self, GError **error) {
  if (!open_broker(error)) return FALSE;
  self->shared = TRUE;
  self->send_async = send_async;
  self->disconnect = disconnect;
  self->last_error = broker.last_error;
  /* Answers come from the library's own thread. */
  self->do_work = NULL;
  return TRUE;
}

NvDsMsgApiHandle dsbind_shared_connect(const DsbindAdapter *self, const char *address,
                                       const char *config) {
  return broker.connect((char *)address, self->path, NULL, (char *)config);
}
