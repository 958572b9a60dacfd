/* SPDX-License-Identifier: Apache-2.0 */
/* The thread of a sender: connects, sends, asks the adapter for answers, connects again. */
#include <signal.h>

#include "private.h"

/* Messages that the adapter may have at once, and how often it is asked for their answers. */
#define MAX_UNDER_WAY 1024
#define POLL_US 1000
/* Messages that are taken up at a time. */
#define MAX_TAKEN 64
/* Between attempts to connect: doubled each time. */
#define FIRST_PAUSE_US 100000
#define LAST_PAUSE_US 5000000
/* How often a message is sent through an adapter that does not tell why it failed. */
#define MAX_TRIES 5

static void keep_reason(DsbindSender *self, const char *text) {
  g_free(self->reason);
  self->reason = g_strdup(text);
}

/* Not when it stops: who is told may be gone then. The end waits while it tells. */
static void say(DsbindSender *self, DsbindSenderEvent event, const char *text) {
  g_mutex_lock(&self->lock);
  const gboolean tell = !self->stop;
  if (tell) self->telling++;
  g_mutex_unlock(&self->lock);
  if (!tell) return;
  self->tell(event, text, self->data);
  g_mutex_lock(&self->lock);
  self->telling--;
  dsbind_sender_tell_room(self);
  g_mutex_unlock(&self->lock);
}

/* Of a message under way; the lock is held. */
static void end_message(DsbindSender *self, DsbindMessage *message, gboolean taken) {
  if (taken)
    self->stats.acknowledged++;
  else
    self->stats.failed++;
  g_queue_unlink(&self->under_way, &message->link);
  dsbind_sender_drop(self, message);
  dsbind_sender_tell_room(self);
}

/* The answer to a message: from the adapter, in do_work or on any thread. */
static void on_answer(void *user, NvDsMsgApiErrorType result) {
  DsbindMessage *message = user;
  DsbindSender *self = message->sender;
  char text[512] = "";
  gboolean tell = FALSE;
  DsbindAdapterError kind = DSBIND_ADAPTER_AGAIN;
  if (result != NVDS_MSGAPI_OK) kind = dsbind_adapter_error(&self->adapter, text, sizeof text);
  char *topic = result == NVDS_MSGAPI_UNKNOWN_TOPIC ? g_strdup(message->topic) : NULL;
  g_mutex_lock(&self->lock);
  if (result == NVDS_MSGAPI_OK) {
    end_message(self, message, TRUE);
  } else if (result == NVDS_MSGAPI_UNKNOWN_TOPIC || kind == DSBIND_ADAPTER_REFUSED ||
             (kind == DSBIND_ADAPTER_UNSAID && message->tries + 1 >= MAX_TRIES)) {
    keep_reason(self, text);
    end_message(self, message, FALSE);
    tell = !self->told_refused;
    self->told_refused = TRUE;
  } else {
    message->tries++;
    self->lost = TRUE;
    /* What comes after it tells of the end that it made. */
    if (!self->never || kind == DSBIND_ADAPTER_NEVER) keep_reason(self, text);
    if (kind == DSBIND_ADAPTER_NEVER) self->never = TRUE;
  }
  g_mutex_unlock(&self->lock);
  if (tell) {
    char *words = topic ? g_strdup_printf("%s. Look at topic, which is \"%s\"; such messages count "
                                          "as failed", text, topic)
                        : g_strdup_printf("%s; such messages count as failed", text);
    say(self, DSBIND_SENDER_WARNING, words);
    g_free(words);
  }
  g_free(topic);
}

/* All that is under way goes back to the front of the queue, in its order. */
static void take_back(DsbindSender *self) {
  GList *link;
  g_mutex_lock(&self->lock);
  while ((link = g_queue_pop_tail_link(&self->under_way))) {
    DsbindMessage *message = link->data;
    if (message->sent) self->stats.retried++;
    message->sent = FALSE;
    g_queue_push_head_link(&self->waiting, link);
  }
  self->lost = FALSE;
  self->stats.connected = FALSE;
  g_mutex_unlock(&self->lock);
}

/* Without a connection: the adapter has no message any more. */
static void die(DsbindSender *self, const char *text) {
  /* First, for whoever waits for the answers may end the stream when there are none to come. */
  say(self, DSBIND_SENDER_ERROR, text);
  g_mutex_lock(&self->lock);
  self->dead = TRUE;
  self->stats.connected = FALSE;
  keep_reason(self, text);
  dsbind_sender_fail_all(self, &self->under_way);
  dsbind_sender_fail_all(self, &self->waiting);
  dsbind_sender_tell_room(self);
  g_mutex_unlock(&self->lock);
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
  say(self, DSBIND_SENDER_WARNING, words);
  g_free(words);
}

/* The sender of this thread; adapters tell of events while it connects or works. */
static __thread DsbindSender *current;

static void on_event(NvDsMsgApiHandle handle, NvDsMsgApiEventType event) {
  char text[512];
  (void)handle;
  /* A connection that is lost is told by the answers as well, which say to which message; a broker
   * that takes none for a time gives no answers. */
  if (event != NVDS_MSGAPI_EVT_SERVICE_DOWN || !current) return;
  dsbind_adapter_error(&current->adapter, text, sizeof text);
  tell_away(current, text);
}

/* Whatever happens to the sender meanwhile, which `abandoned` tells: nobody else uses it then. Not
 * begun once it stops: who stops it has seen whether it connects, and waits for the thread if not. */
static NvDsMsgApiHandle try_to_connect(DsbindSender *self, gboolean *abandoned) {
  *abandoned = FALSE;
  g_mutex_lock(&self->lock);
  const gboolean stop = self->stop;
  self->connecting = !stop;
  g_mutex_unlock(&self->lock);
  if (stop) return NULL;
  NvDsMsgApiHandle handle =
      dsbind_adapter_connect(&self->adapter, self->address, on_event, self->config);
  g_mutex_lock(&self->lock);
  self->connecting = FALSE;
  *abandoned = self->abandoned;
  dsbind_sender_tell_room(self);
  g_mutex_unlock(&self->lock);
  return handle;
}

/* NULL at the end, or where there is no use in trying. */
static NvDsMsgApiHandle connect_to(DsbindSender *self, gint64 *pause) {
  char text[512];
  while (!stops(self)) {
    gboolean abandoned;
    NvDsMsgApiHandle handle = try_to_connect(self, &abandoned);
    if (abandoned) {
      if (handle) self->adapter.disconnect(handle);
      return NULL;
    }
    if (handle) {
      g_mutex_lock(&self->lock);
      self->stats.connected = TRUE;
      self->stats.connections++;
      g_mutex_unlock(&self->lock);
      return handle;
    }
    if (stops(self)) break;
    if (dsbind_adapter_error(&self->adapter, text, sizeof text) == DSBIND_ADAPTER_NEVER) {
      die(self, text);
      return NULL;
    }
    tell_away(self, text);
    pause_for(self, *pause);
    *pause = MIN(*pause * 2, LAST_PAUSE_US);
  }
  return NULL;
}

/* Moves what can be sent now to the messages under way; how many there are in `taken`. */
static guint take_up(DsbindSender *self, DsbindMessage *taken[MAX_TAKEN]) {
  guint count = 0;
  g_mutex_lock(&self->lock);
  while (!self->lost && !self->stop && count < MAX_TAKEN && self->waiting.length &&
         self->under_way.length < MAX_UNDER_WAY) {
    GList *link = g_queue_pop_head_link(&self->waiting);
    g_queue_push_tail_link(&self->under_way, link);
    taken[count++] = link->data;
  }
  if (count) dsbind_sender_tell_room(self);
  g_mutex_unlock(&self->lock);
  return count;
}

static gboolean is_lost(DsbindSender *self) {
  g_mutex_lock(&self->lock);
  const gboolean lost = self->lost;
  g_mutex_unlock(&self->lock);
  return lost;
}

/* FALSE where it was answered with an error at once. */
static gboolean send_message(DsbindSender *self, NvDsMsgApiHandle handle, DsbindMessage *message) {
  const DsbindAdapter *adapter = &self->adapter;
  NvDsMsgApiErrorType result;
  message->sent = TRUE;
  if (adapter->send_async) {
    result = adapter->send_async(handle, message->topic, message->bytes, message->size, on_answer,
                                 message);
    if (result != NVDS_MSGAPI_OK) on_answer(message, result);
  } else {
    result = adapter->send(handle, message->topic, message->bytes, message->size);
    on_answer(message, result);
  }
  return result == NVDS_MSGAPI_OK;
}

static void send_all(DsbindSender *self, NvDsMsgApiHandle handle) {
  DsbindMessage *taken[MAX_TAKEN];
  guint count;
  while ((count = take_up(self, taken)))
    for (guint i = 0; i < count; i++)
      /* The rest goes back to the queue. */
      if (!send_message(self, handle, taken[i]) && is_lost(self)) return;
}

/* Waits for a message, an answer to come or the end. FALSE at the end, or when the connection is
 * to be made anew. */
static gboolean wait_for_work(DsbindSender *self) {
  g_mutex_lock(&self->lock);
  const gboolean full = self->under_way.length >= MAX_UNDER_WAY;
  if (!self->stop && !self->lost && (full || !self->waiting.length)) {
    self->idle = !full;
    if (self->under_way.length)
      g_cond_wait_until(&self->work, &self->lock, g_get_monotonic_time() + POLL_US);
    else
      /* Adapters keep connections alive in do_work. */
      g_cond_wait_until(&self->work, &self->lock, g_get_monotonic_time() + 100 * POLL_US);
  }
  self->idle = FALSE;
  const gboolean goes_on = !self->stop && !self->lost;
  g_mutex_unlock(&self->lock);
  return goes_on;
}

/* Until the connection is lost, or the end. TRUE where a message was acknowledged meanwhile. */
static gboolean serve(DsbindSender *self, NvDsMsgApiHandle handle) {
  DsbindSenderStats before, after;
  dsbind_sender_stats(self, &before);
  do {
    send_all(self, handle);
    if (self->adapter.do_work) self->adapter.do_work(handle);
    dsbind_sender_stats(self, &after);
    if (after.acknowledged > before.acknowledged) {
      g_mutex_lock(&self->lock);
      self->told_away = FALSE;
      g_mutex_unlock(&self->lock);
    }
  } while (wait_for_work(self));
  /* Answers may come from another thread, up to the end. */
  dsbind_sender_stats(self, &after);
  return after.acknowledged > before.acknowledged;
}

gpointer dsbind_sender_run(gpointer sender) {
  DsbindSender *self = current = sender;
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
    char *reason = dsbind_sender_reason(self);
    if (self->never) {
      die(self, reason);
      g_free(reason);
      break;
    }
    take_back(self);
    tell_away(self, reason ? reason : "the connection to the broker is gone");
    g_free(reason);
    pause_for(self, pause);
    pause = MIN(pause * 2, LAST_PAUSE_US);
  }
  if (self->abandoned) dsbind_sender_destroy(self);
  return NULL;
}
