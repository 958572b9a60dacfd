/* SPDX-License-Identifier: Apache-2.0 */
/* libnvds_redis_proto.so: messages as entries of Redis streams. Each topic is a stream; an entry has
 * one field, the configuration's payloadkey. A message counts once the server has answered it. */
#include <poll.h>

#include "connection.h"

typedef struct {
  GMutex lock; /* of all that follows */
  DsbindRedisSettings *settings;
  redisContext *context;
  GQueue under_way, done; /* DsbindSent: without and with a result */
  nvds_msgapi_connect_cb_t on_event;
  gboolean broken, told;
  DsbindRedisConsumer *consumer;
} Client;

/* All that is under way has no answer any more. */
static void give_up(Client *self) {
  DsbindSent *sent;
  self->broken = TRUE;
  while ((sent = g_queue_pop_head(&self->under_way))) {
    dsbind_sent_fail(sent);
    sent->kind = DSBIND_ADAPTER_AGAIN; /* whatever was said of another one */
    g_queue_push_tail(&self->done, sent);
  }
}

static void fail_connection(Client *self) {
  dsbind_adapter_fail(DSBIND_ADAPTER_AGAIN, "the connection to redis at %s:%u is gone: %s",
                      self->settings->address.host, self->settings->address.port,
                      self->context->errstr);
}

DSBIND_EXPORT NvDsMsgApiHandle nvds_msgapi_connect(char *address, nvds_msgapi_connect_cb_t connect_cb,
                                                   char *config_path) {
  DsbindRedisSettings *settings = dsbind_redis_settings_new(address, config_path);
  if (!settings) return NULL;
  redisContext *context = dsbind_redis_open(settings);
  if (!context) {
    dsbind_redis_settings_free(settings);
    return NULL;
  }
  Client *self = g_new0(Client, 1);
  g_mutex_init(&self->lock);
  self->settings = settings;
  self->context = context;
  self->on_event = connect_cb;
  if (connect_cb) connect_cb(self, NVDS_MSGAPI_EVT_SUCCESS);
  return self;
}

DSBIND_EXPORT NvDsMsgApiErrorType nvds_msgapi_send_async(NvDsMsgApiHandle handle, char *topic,
                                                         const uint8_t *payload, size_t size,
                                                         nvds_msgapi_send_cb_t callback,
                                                         void *user) {
  Client *self = handle;
  NvDsMsgApiErrorType result = NVDS_MSGAPI_OK;
  g_mutex_lock(&self->lock);
  const char *stream = topic && *topic ? topic : self->settings->address.topic;
  if (!stream) {
    dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "a message has no topic: set topic, the name of the "
                        "redis stream");
    result = NVDS_MSGAPI_UNKNOWN_TOPIC;
  } else if (self->broken ||
             (self->settings->stream_size > 0
                  ? redisAppendCommand(self->context, "XADD %s MAXLEN ~ %lld * %s %b", stream,
                                       (long long)self->settings->stream_size,
                                       self->settings->field, payload, size)
                  : redisAppendCommand(self->context, "XADD %s * %s %b", stream,
                                       self->settings->field, payload, size)) != REDIS_OK) {
    fail_connection(self);
    result = NVDS_MSGAPI_ERR;
  } else {
    g_queue_push_tail(&self->under_way, dsbind_sent_new(callback, user));
  }
  g_mutex_unlock(&self->lock);
  return result;
}

DSBIND_EXPORT NvDsMsgApiErrorType nvds_msgapi_send(NvDsMsgApiHandle handle, char *topic,
                                                   const uint8_t *payload, size_t size) {
  return dsbind_adapter_send(handle, topic, payload, size);
}

static void take_reply(Client *self, const redisReply *reply) {
  DsbindSent *sent = g_queue_pop_head(&self->under_way);
  if (!sent) return;
  sent->result = NVDS_MSGAPI_OK;
  if (reply->type == REDIS_REPLY_ERROR) {
    const DsbindAdapterError kind = dsbind_redis_kind(reply->str);
    dsbind_adapter_fail(kind, "redis does not take a message: %s%s", reply->str,
                        kind == DSBIND_ADAPTER_NEVER
                            ? ". Set a username and password in the broker's config "
                              "(msg_broker_config) that may write to the stream"
                            : "");
    dsbind_sent_fail(sent);
  }
  g_queue_push_tail(&self->done, sent);
}

/* FALSE when the connection is gone. */
static gboolean exchange(Client *self) {
  int flushed = 0;
  void *reply;
  while (!flushed)
    if (redisBufferWrite(self->context, &flushed) != REDIS_OK) return FALSE;
  struct pollfd ready = {.fd = self->context->fd, .events = POLLIN};
  while (!g_queue_is_empty(&self->under_way) && poll(&ready, 1, 0) > 0) {
    if (redisBufferRead(self->context) != REDIS_OK) return FALSE;
    for (;;) {
      if (redisGetReplyFromReader(self->context, &reply) != REDIS_OK) return FALSE;
      if (!reply) break;
      take_reply(self, reply);
      freeReplyObject(reply);
    }
  }
  return TRUE;
}

DSBIND_EXPORT void nvds_msgapi_do_work(NvDsMsgApiHandle handle) {
  Client *self = handle;
  GQueue done = G_QUEUE_INIT;
  DsbindSent *sent;
  g_mutex_lock(&self->lock);
  if (!self->broken && !exchange(self)) {
    fail_connection(self);
    give_up(self);
  }
  const gboolean tell = self->broken && !self->told;
  if (self->broken) self->told = TRUE;
  while ((sent = g_queue_pop_head(&self->done))) g_queue_push_tail(&done, sent);
  g_mutex_unlock(&self->lock);
  while ((sent = g_queue_pop_head(&done))) dsbind_sent_finish(sent);
  if (tell && self->on_event) self->on_event(self, NVDS_MSGAPI_EVT_DISCONNECT);
}

DSBIND_EXPORT NvDsMsgApiErrorType nvds_msgapi_subscribe(NvDsMsgApiHandle handle, char **topics,
                                                        int count,
                                                        nvds_msgapi_subscribe_request_cb_t callback,
                                                        void *user) {
  Client *self = handle;
  if (self->consumer || !callback || count < 1) {
    dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, self->consumer
                                                  ? "this connection has a subscription already"
                                                  : "a subscription needs topics and a callback");
    return NVDS_MSGAPI_ERR;
  }
  self->consumer = dsbind_redis_consumer_new(self->settings, topics, count, callback, user);
  return self->consumer ? NVDS_MSGAPI_OK : NVDS_MSGAPI_ERR;
}

DSBIND_EXPORT NvDsMsgApiErrorType nvds_msgapi_disconnect(NvDsMsgApiHandle handle) {
  Client *self = handle;
  DsbindSent *sent;
  if (self->consumer) dsbind_redis_consumer_free(self->consumer);
  give_up(self);
  while ((sent = g_queue_pop_head(&self->done))) dsbind_sent_finish(sent);
  redisFree(self->context);
  dsbind_redis_settings_free(self->settings);
  g_mutex_clear(&self->lock);
  g_free(self);
  return NVDS_MSGAPI_OK;
}

DSBIND_EXPORT char *nvds_msgapi_getversion(void) { return (char *)"2.0"; }
DSBIND_EXPORT char *nvds_msgapi_get_protocol_name(void) { return (char *)"REDIS"; }

DSBIND_EXPORT NvDsMsgApiErrorType nvds_msgapi_connection_signature(char *address, char *config,
                                                                   char *out, int size) {
  return dsbind_adapter_signature("redis", address, config, out, size);
}
