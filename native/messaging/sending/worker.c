/* SPDX-License-Identifier: Apache-2.0 */
/* The thread of a sender: connects, sends, asks the adapter for answers, connects again. */
#include <signal.h>

#include "private.h"

/* Messages that the adapter may have at once, and how often it is asked for their answers. */
#define MAX_UNDER_WAY 1024
#define POLL_US 1000
/* Between attempts to connect: doubled each time. */
#define FIRST_PAUSE_US 100000
#define LAST_PAUSE_US 5000000
/* How often a message is sent through an adapter that does not tell why it failed. */
#define MAX_TRIES 5

static DsbindAdapterError error_of(DsbindSender *self, char *text, gsize size) {
  if (self->adapter.last_error) return (DsbindAdapterError)self->adapter.last_error(text, size);
  g_snprintf(text, size, "the adapter %s does not say why", self->name);
  return DSBIND_ADAPTER_AGAIN;
}

static void keep_reason(DsbindSender *self, const char *text) {
  g_free(self->reason);
  self->reason = g_strdup(text);
}

/* Of a message under way; the lock is held. */
static void end_message(DsbindSender *self, DsbindMessage *message, gboolean taken) {
  if (taken)
    self->stats.acknowledged++;
  else
    self->stats.failed++;
  g_queue_unlink(&self->under_way, &message->link);
  dsbind_sender_drop(self, message);
  g_cond_broadcast(&self->room);
}

/* The answer to a message: from the adapter, in do_work or on any thread. */
static void on_answer(void *user, NvDsMsgApiErrorType result) {
  DsbindMessage *message = user;
  DsbindSender *self = message->sender;
  char text[512] = "";
  gboolean tell = FALSE;
  DsbindAdapterError kind = DSBIND_ADAPTER_AGAIN;
  if (result != NVDS_MSGAPI_OK) kind = error_of(self, text, sizeof text);
  char *topic = result == NVDS_MSGAPI_UNKNOWN_TOPIC ? g_strdup(message->topic) : NULL;
  g_mutex_lock(&self->lock);
  if (result == NVDS_MSGAPI_OK) {
    end_message(self, message, TRUE);
  } else if (result == NVDS_MSGAPI_UNKNOWN_TOPIC || kind == DSBIND_ADAPTER_REFUSED ||
             (!self->adapter.last_error && message->tries + 1 >= MAX_TRIES)) {
    keep_reason(self, text);
    end_message(self, message, FALSE);
    tell = !self->told_refused;
    self->told_refused = TRUE;
  } else {
    message->tries++;
    self->lost = TRUE;
    keep_reason(self, text);
  }
  g_mutex_unlock(&self->lock);
  if (tell) {
    char *words = topic ? g_strdup_printf("%s. Look at topic, which is \"%s\"; such messages count "
                                          "as failed", text, topic)
                        : g_strdup_printf("%s; such messages count as failed", text);
    self->tell(DSBIND_SENDER_WARNING, words, self->data);
    g_free(words);
  }
  g_free(topic);
}

/* All that is under way goes back to the front of the queue, in its order. */
static void take_back(DsbindSender *self) {
  GList *link;
  g_mutex_lock(&self->lock);
  while ((link = g_queue_pop_tail_link(&self->under_way))) {
    self->stats.retried++;
    g_queue_push_head_link(&self->waiting, link);
  }
  self->lost = FALSE;
  self->stats.connected = FALSE;
  g_mutex_unlock(&self->lock);
}

static void die(DsbindSender *self, const char *text) {
  GList *link;
  g_mutex_lock(&self->lock);
  self->dead = TRUE;
  keep_reason(self, text);
  while ((link = g_queue_pop_head_link(&self->waiting))) {
    self->stats.failed++;
    dsbind_sender_drop(self, link->data);
  }
  g_cond_broadcast(&self->room);
  g_mutex_unlock(&self->lock);
  self->tell(DSBIND_SENDER_ERROR, text, self->data);
}

/* Waits for a time, or the end. */
static void pause_for(DsbindSender *self, gint64 microseconds) {
  const gint64 until = g_get_monotonic_time() + microseconds;
  g_mutex_lock(&self->lock);
  while (!self->stop && g_cond_wait_until(&self->work, &self->lock, until)) continue;
  g_mutex_unlock(&self->lock);
}

static gboolean stops(DsbindSender *self) {
  g_mutex_lock(&self->lock);
  const gboolean stop = self->stop;
  g_mutex_unlock(&self->lock);
  return stop;
}

/* Says that the broker is away, once until it is back. */
static void tell_away(DsbindSender *self, const char *text) {
  g_mutex_lock(&self->lock);
  const gboolean tell = !self->told_away;
  self->told_away = TRUE;
  keep_reason(self, text);
  g_mutex_unlock(&self->lock);
  if (!tell) return;
  char *words = g_strdup_printf("%s. Messages wait, and it is tried again", text);
  self->tell(DSBIND_SENDER_WARNING, words, self->data);
  g_free(words);
}

static void on_event(NvDsMsgApiHandle handle, NvDsMsgApiEventType event) {
  /* What an event tells is told by the answers as well, which say to which message. */
  (void)handle, (void)event;
}

/* NULL at the end, or where there is no use in trying. */
static NvDsMsgApiHandle connect_to(DsbindSender *self, gint64 *pause) {
  char text[512];
  while (!stops(self)) {
    NvDsMsgApiHandle handle = self->adapter.connect(self->address, on_event, self->config);
    if (handle) {
      g_mutex_lock(&self->lock);
      self->stats.connected = TRUE;
      self->stats.connections++;
      g_mutex_unlock(&self->lock);
      return handle;
    }
    if (error_of(self, text, sizeof text) == DSBIND_ADAPTER_NEVER) {
      die(self, text);
      return NULL;
    }
    tell_away(self, text);
    pause_for(self, *pause);
    *pause = MIN(*pause * 2, LAST_PAUSE_US);
  }
  return NULL;
}

/* The next message to send, moved to those under way; NULL where there is none. */
static DsbindMessage *next(DsbindSender *self) {
  DsbindMessage *message = NULL;
  g_mutex_lock(&self->lock);
  if (!self->lost && !self->stop && self->under_way.length < MAX_UNDER_WAY &&
      self->waiting.length) {
    GList *link = g_queue_pop_head_link(&self->waiting);
    g_queue_push_tail_link(&self->under_way, link);
    message = link->data;
    if (self->waiting.length + 1 == self->queue_size) g_cond_broadcast(&self->room);
  }
  g_mutex_unlock(&self->lock);
  return message;
}

static void send_message(DsbindSender *self, NvDsMsgApiHandle handle, DsbindMessage *message) {
  const DsbindAdapter *adapter = &self->adapter;
  if (adapter->send_async) {
    const NvDsMsgApiErrorType result = adapter->send_async(
        handle, message->topic, message->bytes, message->size, on_answer, message);
    if (result != NVDS_MSGAPI_OK) on_answer(message, result);
  } else {
    on_answer(message, adapter->send(handle, message->topic, message->bytes, message->size));
  }
}

/* Waits for a message, an answer to come or the end. FALSE at the end, or when the connection is
 * to be made anew. */
static gboolean wait_for_work(DsbindSender *self) {
  g_mutex_lock(&self->lock);
  const gboolean full = self->under_way.length >= MAX_UNDER_WAY;
  if (!self->stop && !self->lost && (full || !self->waiting.length)) {
    if (self->under_way.length)
      g_cond_wait_until(&self->work, &self->lock, g_get_monotonic_time() + POLL_US);
    else
      /* Adapters keep connections alive in do_work. */
      g_cond_wait_until(&self->work, &self->lock, g_get_monotonic_time() + 100 * POLL_US);
  }
  const gboolean goes_on = !self->stop && !self->lost;
  g_mutex_unlock(&self->lock);
  return goes_on;
}

/* Until the connection is lost, or the end. TRUE where a message was acknowledged meanwhile. */
static gboolean serve(DsbindSender *self, NvDsMsgApiHandle handle) {
  DsbindSenderStats before, after;
  dsbind_sender_stats(self, &before);
  do {
    DsbindMessage *message;
    while ((message = next(self))) send_message(self, handle, message);
    if (self->adapter.do_work) self->adapter.do_work(handle);
    dsbind_sender_stats(self, &after);
    if (after.acknowledged > before.acknowledged) {
      g_mutex_lock(&self->lock);
      self->told_away = FALSE;
      g_mutex_unlock(&self->lock);
    }
  } while (wait_for_work(self));
  return after.acknowledged > before.acknowledged;
}

gpointer dsbind_sender_run(gpointer sender) {
  DsbindSender *self = sender;
  gint64 pause = FIRST_PAUSE_US;
  NvDsMsgApiHandle handle;
  sigset_t pipe;
  /* A broker that goes away is no reason for the process to end. */
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, NULL);
  while ((handle = connect_to(self, &pause))) {
    if (serve(self, handle)) pause = FIRST_PAUSE_US;
    self->adapter.disconnect(handle);
    if (stops(self)) break;
    take_back(self);
    char *reason = dsbind_sender_reason(self);
    tell_away(self, reason ? reason : "the connection to the broker is gone");
    g_free(reason);
    pause_for(self, pause);
    pause = MIN(pause * 2, LAST_PAUSE_US);
  }
  return NULL;
}
