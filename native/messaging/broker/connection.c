/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <string.h>

#include "private.h"

/* Messages that an adapter may have at once, and that are taken up at a time. */
#define MAX_UNDER_WAY 1024
#define MAX_TAKEN 64
/* How often the adapter is asked for answers, for messages, and to keep its connection. */
#define ANSWERS_US 1000
#define MESSAGES_US 10000
#define IDLE_US 100000
/* Between attempts to connect again: doubled each time. */
#define FIRST_PAUSE_US 100000
#define LAST_PAUSE_US 5000000
/* How long the end waits for an adapter that connects. */
#define CONNECTING_US 100000

static GSList *connections;
static __thread Connection *current; /* of this thread */

static void lock(void) { g_mutex_lock(&dsbind_broker_lock); }
static void unlock(void) { g_mutex_unlock(&dsbind_broker_lock); }

static void keep_reason(Connection *self, DsbindAdapterError kind, const char *text) {
  self->kind = kind;
  g_free(self->reason);
  self->reason = g_strdup(text);
}

static Request *take(GQueue *queue) {
  GList *link = g_queue_pop_head_link(queue);
  return link ? link->data : NULL;
}

/* What the adapter does not have any more, or never had; the lock is held. */
static void fail_all(Connection *self) {
  Request *request;
  char *text = g_strdup(self->reason ? self->reason : "the connection to the broker is gone");
  const DsbindAdapterError kind = self->kind;
  while ((request = take(&self->under_way)) || (request = take(&self->waiting))) {
    request->taken = TRUE;
    dsbind_call_sent(request, NV_MSGBROKER_API_ERR, kind, text);
  }
  g_free(text);
}

static void on_answer(void *user, NvDsMsgApiErrorType result) {
  Request *request = user;
  Connection *self = request->connection;
  char text[512] = "";
  DsbindAdapterError kind = DSBIND_ADAPTER_AGAIN;
  if (result != NVDS_MSGAPI_OK) kind = dsbind_adapter_error(&self->adapter, text, sizeof text);
  /* There is no status of its own for it. */
  if (result == NVDS_MSGAPI_UNKNOWN_TOPIC) kind = DSBIND_ADAPTER_REFUSED;
  lock();
  g_queue_unlink(&self->under_way, &request->link);
  if (result != NVDS_MSGAPI_OK &&
      (kind == DSBIND_ADAPTER_AGAIN || kind == DSBIND_ADAPTER_UNSAID)) {
    self->lost = TRUE;
    keep_reason(self, kind, text);
  }
  dsbind_call_sent(request, result == NVDS_MSGAPI_OK ? NV_MSGBROKER_API_OK : NV_MSGBROKER_API_ERR,
                   kind, text);
  unlock();
}

/* Adapters of others may tell from threads of their own. Ours go on after SERVICE_DOWN. */
static void on_event(NvDsMsgApiHandle handle, NvDsMsgApiEventType event) {
  if (event == NVDS_MSGAPI_EVT_SUCCESS) return;
  lock();
  Connection *self = current;
  for (GSList *l = connections; l && !self; l = l->next)
    if (((Connection *)l->data)->handle == handle) self = l->data;
  if (self && (event == NVDS_MSGAPI_EVT_DISCONNECT || !self->adapter.last_error)) {
    self->lost = TRUE;
    g_cond_signal(&self->work);
  }
  unlock();
}

static void on_message(NvDsMsgApiErrorType flag, void *message, int size, char *topic, void *user) {
  Subscription *subscription = user;
  lock();
  Client *client = subscription->client;
  if (!client) {
    unlock();
    return;
  }
  Call call;
  dsbind_call_begin(&call, client);
  unlock();
  subscription->callback(flag == NVDS_MSGAPI_OK ? NV_MSGBROKER_API_OK : NV_MSGBROKER_API_ERR,
                         message, size, topic, subscription->user);
  dsbind_call_end(&call);
}

void dsbind_subscription_free(Subscription *self) {
  g_strfreev(self->topics);
  g_free(self);
}

static void connection_free(Connection *self) {
  if (self->subscription) dsbind_subscription_free(self->subscription);
  dsbind_adapter_clear(&self->adapter);
  g_cond_clear(&self->work);
  g_free(self->address);
  g_free(self->config);
  g_free(self->key);
  g_free(self->reason);
  g_free(self);
}

/* On the connection's thread, without the lock. */
static void subscribe(Connection *self) {
  Subscription *subscription = self->subscription;
  char text[512] = "";
  const NvDsMsgApiErrorType result =
      self->adapter.subscribe(self->handle, subscription->topics,
                              (int)g_strv_length(subscription->topics), on_message, subscription);
  DsbindAdapterError kind = DSBIND_ADAPTER_AGAIN;
  if (result != NVDS_MSGAPI_OK) kind = dsbind_adapter_error(&self->adapter, text, sizeof text);
  lock();
  subscription->asked = result == NVDS_MSGAPI_OK ? SUBSCRIBED : REFUSED;
  if (result != NVDS_MSGAPI_OK) keep_reason(self, kind, text);
  g_cond_broadcast(&dsbind_broker_change);
  unlock();
}

static void disconnect(Connection *self) {
  self->adapter.disconnect(self->handle);
  lock();
  self->handle = NULL;
  unlock();
}

/* What was refused is its caller's again; the lock is held. */
static void drop_subscription(Connection *self) {
  Subscription *subscription = self->subscription;
  if (!subscription || subscription->asked == SUBSCRIBED) return;
  subscription->asked = REFUSED;
  self->subscription = NULL;
  g_cond_broadcast(&dsbind_broker_change);
}

/* Connects once. FALSE where there is no connection, or it is not wanted any more. */
static gboolean connect_once(Connection *self) {
  char text[512] = "";
  lock();
  const gboolean stop = self->stop;
  self->within = !stop;
  unlock();
  if (stop) return FALSE;
  NvDsMsgApiHandle handle =
      dsbind_adapter_connect(&self->adapter, self->address, on_event, self->config);
  DsbindAdapterError kind = DSBIND_ADAPTER_AGAIN;
  if (!handle) kind = dsbind_adapter_error(&self->adapter, text, sizeof text);
  lock();
  self->handle = handle;
  unlock();
  if (handle && self->subscription) subscribe(self);
  lock();
  self->within = FALSE;
  if (!handle) keep_reason(self, kind, text);
  const gboolean refused = self->subscription && self->subscription->asked == REFUSED;
  const gboolean good = handle && !refused && !self->stop;
  if (good) self->state = CONNECTED;
  g_cond_broadcast(&dsbind_broker_change);
  unlock();
  if (handle && !good) disconnect(self);
  return good;
}

/* Moves what can be sent to the requests under way. */
static guint take_up(Connection *self, Request *taken[MAX_TAKEN]) {
  guint count = 0;
  lock();
  while (!self->stop && !self->lost && count < MAX_TAKEN && self->waiting.length &&
         self->under_way.length < MAX_UNDER_WAY) {
    taken[count] = take(&self->waiting);
    taken[count]->taken = TRUE;
    g_queue_push_tail_link(&self->under_way, &taken[count++]->link);
  }
  unlock();
  return count;
}

static gboolean send_one(Connection *self, Request *request) {
  NvDsMsgApiErrorType result;
  if (self->adapter.send_async) {
    result = self->adapter.send_async(self->handle, request->topic, request->bytes, request->size,
                                      on_answer, request);
    if (result != NVDS_MSGAPI_OK) on_answer(request, result);
  } else {
    result = self->adapter.send(self->handle, request->topic, request->bytes, request->size);
    on_answer(request, result);
  }
  return result == NVDS_MSGAPI_OK;
}

static gboolean goes_on(Connection *self) {
  lock();
  const gboolean on = !self->stop && !self->lost;
  unlock();
  return on;
}

static void send_all(Connection *self) {
  Request *taken[MAX_TAKEN];
  guint count;
  while ((count = take_up(self, taken)))
    for (guint i = 0; i < count; i++)
      /* The rest is answered with the end of the connection. */
      if (!send_one(self, taken[i]) && !goes_on(self)) return;
}

static void wait_for_work(Connection *self) {
  lock();
  const gboolean full = self->under_way.length >= MAX_UNDER_WAY;
  const gboolean asks = self->subscription && self->subscription->asked == ASKED;
  const gint64 time = self->under_way.length ? ANSWERS_US
                      : self->subscription   ? MESSAGES_US
                                             : IDLE_US;
  if (!self->stop && !self->lost && !asks && (full || !self->waiting.length))
    g_cond_wait_until(&self->work, &dsbind_broker_lock, g_get_monotonic_time() + time);
  unlock();
}

/* For the first time. */
static void ask(Connection *self) {
  subscribe(self);
  lock();
  drop_subscription(self);
  unlock();
}

/* Until the connection is lost, or the end. */
static void serve(Connection *self) {
  while (goes_on(self)) {
    lock();
    const gboolean asks = self->subscription && self->subscription->asked == ASKED;
    unlock();
    if (asks) ask(self);
    send_all(self);
    if (self->adapter.do_work) self->adapter.do_work(self->handle);
    wait_for_work(self);
  }
}

/* Tries again and again, with the lock held. FALSE at the end, or where there is no use in it. */
static gboolean reconnect(Connection *self) {
  gint64 pause = FIRST_PAUSE_US;
  while (!self->stop) {
    const gint64 until = g_get_monotonic_time() + pause;
    while (!self->stop && g_cond_wait_until(&self->work, &dsbind_broker_lock, until)) continue;
    unlock();
    const gboolean good = connect_once(self);
    lock();
    if (good) return TRUE;
    if (self->kind == DSBIND_ADAPTER_NEVER && !self->stop) return FALSE;
    pause = MIN(pause * 2, LAST_PAUSE_US);
  }
  return FALSE;
}

static gpointer run(gpointer data) {
  Connection *self = current = data;
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, NULL);
  gboolean connected = connect_once(self);
  lock();
  while (connected) {
    unlock();
    serve(self);
    disconnect(self);
    lock();
    self->lost = FALSE;
    if (!self->stop) self->state = RECONNECTING;
    drop_subscription(self);
    fail_all(self);
    if (self->stop) break;
    dsbind_call_connect(self, NV_MSGBROKER_API_RECONNECTING);
    connected = reconnect(self);
    if (connected) dsbind_call_connect(self, NV_MSGBROKER_API_OK);
  }
  const gboolean tell = self->state == RECONNECTING && !self->stop;
  self->state = DEAD;
  fail_all(self);
  g_cond_broadcast(&dsbind_broker_change);
  if (tell) dsbind_call_connect(self, NV_MSGBROKER_API_ERR);
  while (!self->stop) g_cond_wait(&self->work, &dsbind_broker_lock);
  const gboolean free_it = self->abandoned;
  unlock();
  if (free_it) connection_free(self);
  return NULL;
}

Connection *dsbind_connection_new(DsbindAdapter *adapter, const char *address, const char *config,
                                  char *key, Subscription *subscription) {
  Connection *self = g_new0(Connection, 1);
  self->adapter = *adapter;
  self->address = g_strdup(address);
  self->config = g_strdup(config);
  self->key = key;
  self->subscription = subscription;
  g_cond_init(&self->work);
  connections = g_slist_prepend(connections, self);
  self->thread = g_thread_new("message-broker", run, self);
  return self;
}

Connection *dsbind_connection_find(const char *key) {
  for (GSList *l = connections; l; l = l->next) {
    Connection *self = l->data;
    if (self->key && !self->stop && self->state != DEAD && strcmp(self->key, key) == 0) return self;
  }
  return NULL;
}

void dsbind_connection_close(Connection *self) {
  const gint64 deadline = g_get_monotonic_time() + CONNECTING_US;
  connections = g_slist_remove(connections, self);
  self->stop = TRUE;
  g_cond_signal(&self->work);
  /* A thread within a callback may be the one that would be waited for. */
  while (!dsbind_call_is_within() && self->within &&
         g_cond_wait_until(&dsbind_broker_change, &dsbind_broker_lock, deadline))
    continue;
  self->abandoned = dsbind_call_is_within() || self->within;
  if (self->abandoned) {
    g_thread_unref(self->thread);
    return;
  }
  unlock();
  g_thread_join(self->thread);
  connection_free(self);
  lock();
}

gboolean dsbind_connection_subscribe(Connection *self, Subscription *subscription) {
  self->subscription = subscription;
  if (current == self) {
    unlock();
    ask(self);
    lock();
  }
  g_cond_signal(&self->work);
  while (subscription->asked == ASKED) g_cond_wait(&dsbind_broker_change, &dsbind_broker_lock);
  if (subscription->asked == SUBSCRIBED) return TRUE;
  dsbind_subscription_free(subscription);
  return FALSE;
}
