/* SPDX-License-Identifier: Apache-2.0 */
#include "sender.h"

#include <string.h>

#include "library.h"
#include "private.h"

/* FALSE with an error: what an adapter must have is not there. */
static gboolean open_adapter(DsbindSender *self, const char *library, GError **error) {
  void *opened = dsbind_library_open(library, error);
  if (!opened) return FALSE;
  DsbindAdapter *adapter = &self->adapter;
  *(void **)&adapter->connect = dsbind_library_symbol(opened, "nvds_msgapi_connect");
  *(void **)&adapter->send_async = dsbind_library_symbol(opened, "nvds_msgapi_send_async");
  *(void **)&adapter->send = dsbind_library_symbol(opened, "nvds_msgapi_send");
  *(void **)&adapter->do_work = dsbind_library_symbol(opened, "nvds_msgapi_do_work");
  *(void **)&adapter->disconnect = dsbind_library_symbol(opened, "nvds_msgapi_disconnect");
  *(void **)&adapter->last_error = dsbind_library_symbol(opened, "dsbind_msgapi_last_error");
  if (!adapter->do_work) adapter->send_async = NULL;
  if (adapter->connect && adapter->disconnect && (adapter->send_async || adapter->send))
    return TRUE;
  g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
              "the library %s is no protocol adapter: it lacks nvds_msgapi_connect, _disconnect or "
              "_send", library);
  return FALSE;
}

static void sender_destroy(DsbindSender *self) {
  g_mutex_clear(&self->lock);
  g_cond_clear(&self->work);
  g_cond_clear(&self->room);
  g_free(self->name);
  g_free(self->address);
  g_free(self->config);
  g_free(self->reason);
  g_free(self);
}

DsbindSender *dsbind_sender_new(const DsbindSenderSettings *settings, DsbindSenderTell tell,
                                gpointer data, GError **error) {
  DsbindSender *self = g_new0(DsbindSender, 1);
  g_mutex_init(&self->lock);
  g_cond_init(&self->work);
  g_cond_init(&self->room);
  self->name = g_path_get_basename(settings->library);
  self->address = g_strdup(settings->address);
  self->config = g_strdup(settings->config);
  self->queue_size = MAX(settings->queue_size, 1);
  self->policy = settings->policy;
  self->tell = tell;
  self->data = data;
  if (!open_adapter(self, settings->library, error)) {
    sender_destroy(self);
    return NULL;
  }
  self->thread = g_thread_new("message-sender", dsbind_sender_run, self);
  return self;
}

void dsbind_sender_drop(DsbindSender *self, DsbindMessage *message) {
  self->stats.queued--;
  g_free(message);
}

static void fail_all(DsbindSender *self, GQueue *queue) {
  GList *link;
  while ((link = g_queue_pop_head_link(queue))) {
    self->stats.failed++;
    dsbind_sender_drop(self, link->data);
  }
}

void dsbind_sender_free(DsbindSender *self, DsbindSenderStats *last) {
  g_mutex_lock(&self->lock);
  self->stop = TRUE;
  g_cond_broadcast(&self->work);
  g_cond_broadcast(&self->room);
  g_mutex_unlock(&self->lock);
  g_thread_join(self->thread);
  fail_all(self, &self->under_way);
  fail_all(self, &self->waiting);
  self->stats.connected = FALSE;
  if (last) *last = self->stats;
  sender_destroy(self);
}

static DsbindMessage *message_new(DsbindSender *self, const char *topic, const void *bytes,
                                  gsize size) {
  const gsize name = strlen(topic) + 1;
  DsbindMessage *message = g_malloc(sizeof *message + name + size);
  message->link = (GList){.data = message};
  message->sender = self;
  message->tries = 0;
  message->size = size;
  message->topic = (char *)(message + 1);
  message->bytes = (guint8 *)message->topic + name;
  memcpy(message->topic, topic, name);
  memcpy(message->bytes, bytes, size);
  return message;
}

/* Makes room by the policy. FALSE where the new message does not get in. */
static gboolean make_room(DsbindSender *self, DsbindPush *result) {
  while (!self->dead && self->waiting.length >= self->queue_size) {
    if (self->policy == DSBIND_POLICY_DROP_NEWEST) {
      self->stats.dropped++;
      return FALSE;
    }
    if (self->policy == DSBIND_POLICY_DROP_OLDEST) {
      DsbindMessage *oldest = g_queue_pop_head_link(&self->waiting)->data;
      self->stats.dropped++;
      dsbind_sender_drop(self, oldest);
      continue;
    }
    if (self->stop || self->interrupted) {
      *result = DSBIND_PUSH_INTERRUPTED;
      return FALSE;
    }
    g_cond_wait(&self->room, &self->lock);
  }
  if (!self->dead) return TRUE;
  self->stats.failed++;
  *result = DSBIND_PUSH_NEVER;
  return FALSE;
}

DsbindPush dsbind_sender_push(DsbindSender *self, const char *topic, const void *bytes, gsize size) {
  DsbindMessage *message = message_new(self, topic, bytes, size);
  DsbindPush result = DSBIND_PUSH_DONE;
  g_mutex_lock(&self->lock);
  const gboolean enters = make_room(self, &result);
  /* Not while it waits for room: counts add up at any time. */
  if (result != DSBIND_PUSH_INTERRUPTED) self->stats.messages++;
  if (enters) {
    self->stats.queued++;
    g_queue_push_tail_link(&self->waiting, &message->link);
    if (self->waiting.length == 1) g_cond_signal(&self->work);
  }
  g_mutex_unlock(&self->lock);
  if (!enters) g_free(message);
  return result;
}

gboolean dsbind_sender_flush(DsbindSender *self, guint milliseconds, guint *left) {
  const gint64 deadline = g_get_monotonic_time() + milliseconds * G_GINT64_CONSTANT(1000);
  g_mutex_lock(&self->lock);
  while (self->stats.queued && !self->stop && !self->interrupted && !self->dead)
    if (!g_cond_wait_until(&self->room, &self->lock, deadline)) break;
  *left = self->stats.queued;
  const gboolean whole = !*left || !self->interrupted;
  g_mutex_unlock(&self->lock);
  return whole;
}

void dsbind_sender_interrupt(DsbindSender *self, gboolean on) {
  g_mutex_lock(&self->lock);
  self->interrupted = on;
  g_cond_broadcast(&self->room);
  g_mutex_unlock(&self->lock);
}

void dsbind_sender_stats(DsbindSender *self, DsbindSenderStats *stats) {
  g_mutex_lock(&self->lock);
  *stats = self->stats;
  g_mutex_unlock(&self->lock);
}

char *dsbind_sender_reason(DsbindSender *self) {
  g_mutex_lock(&self->lock);
  char *reason = g_strdup(self->reason);
  g_mutex_unlock(&self->lock);
  return reason;
}
