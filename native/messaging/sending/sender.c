/* SPDX-License-Identifier: Apache-2.0 */
#include "sender.h"

#include <string.h>

#include "private.h"

/* How long the end waits for an adapter that connects. */
#define CONNECTING_US 100000

void dsbind_sender_destroy(DsbindSender *self) {
  g_mutex_clear(&self->lock);
  g_cond_clear(&self->work);
  g_cond_clear(&self->room);
  dsbind_adapter_clear(&self->adapter);
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
  self->address = g_strdup(settings->address);
  self->config = g_strdup(settings->config);
  self->queue_size = MAX(settings->queue_size, 1);
  self->policy = settings->policy;
  self->tell = tell;
  self->data = data;
  if (!dsbind_adapter_open(&self->adapter, settings->library, settings->config, settings->shared,
                           error)) {
    dsbind_sender_destroy(self);
    return NULL;
  }
  self->thread = g_thread_new("message-sender", dsbind_sender_run, self);
  return self;
}

void dsbind_sender_drop(DsbindSender *self, DsbindMessage *message) {
  self->stats.queued--;
  g_free(message);
}

/* The lock is held. */
void dsbind_sender_tell_room(DsbindSender *self) {
  if (self->room_waiters) g_cond_broadcast(&self->room);
}

void dsbind_sender_fail_all(DsbindSender *self, GQueue *queue) {
  GList *link;
  while ((link = g_queue_pop_head_link(queue))) {
    self->stats.failed++;
    dsbind_sender_drop(self, link->data);
  }
}

/* Whether the thread is to be left alone; the lock is held. A host that does not answer, or its name,
 * can hold an adapter for minutes. */
static gboolean is_stuck(DsbindSender *self) {
  const gint64 deadline = g_get_monotonic_time() + CONNECTING_US;
  self->room_waiters++;
  while (self->connecting && g_cond_wait_until(&self->room, &self->lock, deadline)) continue;
  while (self->telling) g_cond_wait(&self->room, &self->lock);
  self->room_waiters--;
  return self->connecting;
}

void dsbind_sender_free(DsbindSender *self, DsbindSenderStats *last) {
  g_mutex_lock(&self->lock);
  self->stop = TRUE;
  g_cond_broadcast(&self->work);
  dsbind_sender_tell_room(self);
  const gboolean ends = !is_stuck(self);
  /* The thread looks when it has the lock again. */
  if (!ends) self->abandoned = TRUE;
  if (ends) {
    g_mutex_unlock(&self->lock);
    g_thread_join(self->thread);
    g_mutex_lock(&self->lock);
  }
  dsbind_sender_fail_all(self, &self->under_way);
  dsbind_sender_fail_all(self, &self->waiting);
  self->stats.connected = FALSE;
  if (last) *last = self->stats;
  if (!ends) g_thread_unref(self->thread);
  g_mutex_unlock(&self->lock);
  if (ends) dsbind_sender_destroy(self);
}

static DsbindMessage *message_new(DsbindSender *self, const char *topic, const DsbindBytes *bytes) {
  const gsize name = strlen(topic) + 1;
  DsbindMessage *message = g_malloc(sizeof *message + name + bytes->size);
  message->link = (GList){.data = message};
  message->sender = self;
  message->tries = 0;
  message->sent = FALSE;
  message->size = bytes->size;
  message->topic = (char *)(message + 1);
  message->bytes = (guint8 *)message->topic + name;
  memcpy(message->topic, topic, name);
  if (bytes->size) memcpy(message->bytes, bytes->data, bytes->size);
  return message;
}

/* Whether the thread is to be woken: it is told once for all that is there. */
static gboolean has_work(DsbindSender *self) {
  const gboolean wake = self->idle && self->waiting.length;
  if (wake) self->idle = FALSE;
  return wake;
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
    if (has_work(self)) g_cond_signal(&self->work);
    self->room_waiters++;
    g_cond_wait(&self->room, &self->lock);
    self->room_waiters--;
  }
  if (!self->dead) return TRUE;
  self->stats.failed++;
  *result = DSBIND_PUSH_NEVER;
  return FALSE;
}

DsbindPush dsbind_sender_push(DsbindSender *self, const char *topic, const DsbindBytes *messages,
                              guint count, guint *taken) {
  DsbindPush result = DSBIND_PUSH_DONE;
  GQueue made = G_QUEUE_INIT;
  GList *link;
  for (guint i = 0; i < count; i++)
    g_queue_push_tail_link(&made, &message_new(self, topic, &messages[i])->link);
  g_mutex_lock(&self->lock);
  while (made.length) {
    const gboolean enters = make_room(self, &result);
    if (result == DSBIND_PUSH_INTERRUPTED) break;
    /* Not while it waits for room: counts add up at any time. */
    self->stats.messages++;
    link = g_queue_pop_head_link(&made);
    if (enters) {
      self->stats.queued++;
      g_queue_push_tail_link(&self->waiting, link);
    } else {
      g_free(link->data);
    }
  }
  const gboolean wake = has_work(self);
  g_mutex_unlock(&self->lock);
  if (wake) g_cond_signal(&self->work);
  *taken = count - made.length;
  while ((link = g_queue_pop_head_link(&made))) g_free(link->data);
  return result;
}

gboolean dsbind_sender_flush(DsbindSender *self, guint milliseconds, guint *left) {
  const gint64 deadline = g_get_monotonic_time() + milliseconds * G_GINT64_CONSTANT(1000);
  g_mutex_lock(&self->lock);
  self->room_waiters++;
  while (self->stats.queued && !self->stop && !self->interrupted && !self->dead)
    if (!g_cond_wait_until(&self->room, &self->lock, deadline)) break;
  self->room_waiters--;
  *left = self->stats.queued;
  const gboolean whole = !*left || !self->interrupted;
  g_mutex_unlock(&self->lock);
  return whole;
}

void dsbind_sender_interrupt(DsbindSender *self, gboolean on) {
  g_mutex_lock(&self->lock);
  self->interrupted = on;
  dsbind_sender_tell_room(self);
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
