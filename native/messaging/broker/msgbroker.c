/* SPDX-License-Identifier: Apache-2.0 */
/* libnvds_msgbroker.so: connections that several users of one process share.
 *
 * Those that are made by the same library, to the same address, with the same config are one where
 * the adapter gives them a signature, which ours do with share-connection = 1 in the config. */
#include <string.h>

#include "private.h"

/* Messages of a client without an answer. */
#define MAX_PENDING 65536

static void lock(void) { g_mutex_lock(&dsbind_broker_lock); }
static void unlock(void) { g_mutex_unlock(&dsbind_broker_lock); }

/* NULL where the connection is not to be shared. */
static char *key_of(const DsbindAdapter *adapter, const char *address, const char *config) {
  char signature[256] = "";
  if (!adapter->signature ||
      adapter->signature((char *)address, (char *)config, signature, sizeof signature) !=
          NVDS_MSGAPI_OK || !*signature)
    return NULL;
  return g_strconcat(adapter->path, "\n", signature, NULL);
}

/* With the lock held. */
static void fail_by(const Connection *connection) {
  dsbind_adapter_fail(connection->kind, "%s",
                      connection->reason ? connection->reason
                                         : "the connection to the broker is gone");
}

/* Answers what a client has sent, and forgets it; the lock is held, and given up for a time. */
static void answer_pending(Client *client) {
  GList *link;
  while ((link = client->pending.head)) {
    Request *request = link->data;
    Connection *connection = client->connection;
    Request *answer = request;
    if (!request->taken) {
      g_queue_unlink(&connection->waiting, &request->link);
    } else {
      /* The adapter has it, and answers nobody. */
      answer = g_new0(Request, 1);
      answer->client = client;
      answer->callback = request->callback;
      answer->user = request->user;
      answer->own.data = answer;
      g_queue_unlink(&client->pending, &request->own);
      g_queue_push_head_link(&client->pending, &answer->own);
      request->client = NULL;
    }
    dsbind_call_sent(answer, NV_MSGBROKER_API_ERR, DSBIND_ADAPTER_AGAIN,
                     "the connection was closed before the broker answered");
  }
}

/* Ends a client, and its connection where it was the last one. The lock is held, and given up. */
static void client_free(Client *client) {
  Connection *connection = client->connection;
  client->on_connect = NULL;
  if (connection->subscription && connection->subscription->client == client)
    connection->subscription->client = NULL;
  while (client->more) {
    Connection *more = client->more->data;
    client->more = g_slist_delete_link(client->more, client->more);
    if (more->subscription) more->subscription->client = NULL;
    dsbind_connection_close(more);
  }
  answer_pending(client);
  while (client->calls > dsbind_call_depth(client))
    g_cond_wait(&dsbind_broker_change, &dsbind_broker_lock);
  /* Not before: it keeps the connection while the lock is given up. */
  connection->clients = g_slist_remove(connection->clients, client);
  if (!connection->clients) dsbind_connection_close(connection);
  if (client->calls)
    client->closed = TRUE;
  else
    g_free(client);
}

DSBIND_EXPORT NvMsgBrokerClientHandle nv_msgbroker_connect(char *broker_conn_str,
                                                           char *broker_proto_lib,
                                                           nv_msgbroker_connect_cb_t connect_cb,
                                                           char *cfg) {
  GError *error = NULL;
  DsbindAdapter adapter;
  if (!broker_proto_lib || !dsbind_adapter_open(&adapter, broker_proto_lib, cfg, FALSE, &error)) {
    dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "%s",
                        error ? error->message : "nv_msgbroker_connect() needs an adapter's library");
    g_clear_error(&error);
    return NULL;
  }
  const char *address = broker_conn_str ? broker_conn_str : "";
  char *key = key_of(&adapter, address, cfg);
  Client *client = g_new0(Client, 1);
  client->on_connect = connect_cb;
  lock();
  Connection *connection = key ? dsbind_connection_find(key) : NULL;
  if (connection) {
    dsbind_adapter_clear(&adapter);
    g_free(key);
  } else {
    connection = dsbind_connection_new(&adapter, address, cfg, key, NULL);
  }
  client->connection = connection;
  connection->clients = g_slist_append(connection->clients, client);
  while (connection->state == CONNECTING)
    g_cond_wait(&dsbind_broker_change, &dsbind_broker_lock);
  if (connection->state != CONNECTED) {
    fail_by(connection);
    client_free(client);
    unlock();
    return NULL;
  }
  Call call;
  dsbind_call_begin(&call, client);
  unlock();
  if (connect_cb) connect_cb(client, NV_MSGBROKER_API_OK);
  dsbind_call_end(&call);
  return client;
}

DSBIND_EXPORT NvMsgBrokerErrorType nv_msgbroker_send_async(NvMsgBrokerClientHandle h_ptr,
                                                           NvMsgBrokerClientMsg message,
                                                           nv_msgbroker_send_cb_t cb,
                                                           void *user_ctx) {
  Client *client = h_ptr;
  const char *topic = message.topic ? message.topic : "";
  const gsize name = strlen(topic) + 1;
  if (!client || (!message.payload && message.payload_len)) {
    dsbind_adapter_fail(DSBIND_ADAPTER_REFUSED, "nv_msgbroker_send_async() needs a connection and a "
                        "payload");
    return NV_MSGBROKER_API_ERR;
  }
  Request *request = g_malloc(sizeof *request + name + message.payload_len);
  *request = (Request){.link = {.data = request}, .own = {.data = request}, .client = client,
                       .callback = cb, .user = user_ctx, .connection = client->connection,
                       .size = message.payload_len, .topic = (char *)(request + 1)};
  request->bytes = (guint8 *)request->topic + name;
  memcpy(request->topic, topic, name);
  if (request->size) memcpy(request->bytes, message.payload, request->size);
  NvMsgBrokerErrorType result = NV_MSGBROKER_API_OK;
  lock();
  Connection *connection = client->connection;
  if (connection->state != CONNECTED) {
    fail_by(connection);
    result = connection->state == DEAD ? NV_MSGBROKER_API_ERR : NV_MSGBROKER_API_RECONNECTING;
  } else if (client->pending.length >= MAX_PENDING) {
    dsbind_adapter_fail(DSBIND_ADAPTER_AGAIN, "%u messages have no answer of the broker yet",
                        client->pending.length);
    result = NV_MSGBROKER_API_ERR;
  } else {
    g_queue_push_tail_link(&client->pending, &request->own);
    g_queue_push_tail_link(&connection->waiting, &request->link);
    g_cond_signal(&connection->work);
  }
  unlock();
  if (result != NV_MSGBROKER_API_OK) g_free(request);
  return result;
}

/* On a connection of its own: adapters have one subscription for each. */
static gboolean subscribe_more(Client *client, Subscription *subscription) {
  const Connection *main = client->connection;
  DsbindAdapter adapter = main->adapter;
  adapter.path = g_strdup(adapter.path);
  Connection *more =
      dsbind_connection_new(&adapter, main->address, main->config, NULL, subscription);
  while (more->state == CONNECTING) g_cond_wait(&dsbind_broker_change, &dsbind_broker_lock);
  if (more->state == CONNECTED) {
    client->more = g_slist_prepend(client->more, more);
    return TRUE;
  }
  fail_by(more);
  dsbind_connection_close(more);
  return FALSE;
}

DSBIND_EXPORT NvMsgBrokerErrorType nv_msgbroker_subscribe(NvMsgBrokerClientHandle h_ptr,
                                                          char **topics, int num_topics,
                                                          nv_msgbroker_subscribe_cb_t cb,
                                                          void *user_ctx) {
  Client *client = h_ptr;
  if (!client || !topics || num_topics < 1 || !cb) {
    dsbind_adapter_fail(DSBIND_ADAPTER_REFUSED, "a subscription needs topics and a callback");
    return NV_MSGBROKER_API_ERR;
  }
  if (!client->connection->adapter.subscribe) {
    dsbind_adapter_fail(DSBIND_ADAPTER_REFUSED, "this adapter brings no messages");
    return NV_MSGBROKER_API_NOT_SUPPORTED;
  }
  Subscription *subscription = g_new0(Subscription, 1);
  subscription->client = client;
  subscription->callback = cb;
  subscription->user = user_ctx;
  subscription->topics = g_new0(char *, (gsize)num_topics + 1);
  for (int i = 0; i < num_topics; i++) subscription->topics[i] = g_strdup(topics[i]);
  lock();
  Connection *connection = client->connection;
  gboolean good = FALSE;
  if (connection->state != CONNECTED) {
    fail_by(connection);
    dsbind_subscription_free(subscription);
  } else if (connection->subscription) {
    good = subscribe_more(client, subscription);
  } else {
    good = dsbind_connection_subscribe(connection, subscription);
    if (!good) fail_by(connection);
  }
  const gboolean away = connection->state == RECONNECTING;
  unlock();
  if (good) return NV_MSGBROKER_API_OK;
  return away ? NV_MSGBROKER_API_RECONNECTING : NV_MSGBROKER_API_ERR;
}

DSBIND_EXPORT NvMsgBrokerErrorType nv_msgbroker_disconnect(NvMsgBrokerClientHandle h_ptr) {
  if (!h_ptr) return NV_MSGBROKER_API_ERR;
  lock();
  client_free(h_ptr);
  unlock();
  return NV_MSGBROKER_API_OK;
}

DSBIND_EXPORT char *nv_msgbroker_version(void) { return (char *)NV_MSGBROKER_VERSION; }
