/* SPDX-License-Identifier: Apache-2.0 */
/* Callbacks: a client's memory stays until they end, and they may do whatever they like. */
#include "private.h"

GMutex dsbind_broker_lock;
GCond dsbind_broker_change;

/* The innermost one of this thread. */
static __thread Call *innermost;

void dsbind_call_begin(Call *call, Client *client) {
  client->calls++;
  *call = (Call){client, innermost};
  innermost = call;
}

void dsbind_call_end(Call *call) {
  Client *client = call->client;
  innermost = call->outer;
  g_mutex_lock(&dsbind_broker_lock);
  const gboolean last = --client->calls == 0 && client->closed;
  g_cond_broadcast(&dsbind_broker_change);
  g_mutex_unlock(&dsbind_broker_lock);
  if (last) g_free(client);
}

gboolean dsbind_call_is_within(void) { return innermost != NULL; }

guint dsbind_call_depth(const Client *client) {
  guint depth = 0;
  for (const Call *call = innermost; call; call = call->outer) depth += call->client == client;
  return depth;
}

/* One that is not told yet: any of them may have gone during the last call. */
static Client *next_of(Connection *connection, guint64 round) {
  for (GSList *l = connection->clients; l; l = l->next) {
    Client *client = l->data;
    if (client->notified == round) continue;
    client->notified = round;
    if (client->on_connect) return client;
  }
  return NULL;
}

void dsbind_call_connect(Connection *connection, NvMsgBrokerErrorType status) {
  static guint64 rounds;
  const guint64 round = ++rounds;
  Client *client;
  while ((client = next_of(connection, round))) {
    const nv_msgbroker_connect_cb_t callback = client->on_connect;
    Call call;
    dsbind_call_begin(&call, client);
    g_mutex_unlock(&dsbind_broker_lock);
    callback(client, status);
    dsbind_call_end(&call);
    g_mutex_lock(&dsbind_broker_lock);
  }
}

void dsbind_call_sent(Request *request, NvMsgBrokerErrorType status, DsbindAdapterError kind,
                      const char *text) {
  Client *client = request->client;
  if (client) {
    Call call;
    g_queue_unlink(&client->pending, &request->own);
    dsbind_call_begin(&call, client);
    g_mutex_unlock(&dsbind_broker_lock);
    if (status != NV_MSGBROKER_API_OK) dsbind_adapter_fail(kind, "%s", text);
    if (request->callback) request->callback(request->user, status);
    dsbind_call_end(&call);
    g_mutex_lock(&dsbind_broker_lock);
  }
  g_free(request);
}
