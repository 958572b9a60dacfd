/* SPDX-License-Identifier: Apache-2.0 */
/* libnvds_amqp_proto.so: messages to an exchange of an AMQP 0-9-1 broker, by rabbitmq-c. The topic is
 * the routing key. A message counts once the broker has confirmed it: all queues that it went to
 * have it. One that goes to no queue is refused. */
#include <string.h>

#include "publisher.h"

typedef struct {
  DsbindAmqpSettings *settings;
  DsbindAmqpPublisher *publisher;
  DsbindAmqpConsumer *consumer;
  nvds_msgapi_connect_cb_t on_event;
} Client;

DSBIND_EXPORT NvDsMsgApiHandle nvds_msgapi_connect(char *address, nvds_msgapi_connect_cb_t connect_cb,
                                                   char *config_path) {
  DsbindAmqpSettings *settings = dsbind_amqp_settings_new(address, config_path);
  if (!settings) return NULL;
  DsbindAmqpPublisher *publisher = dsbind_amqp_publisher_new(settings);
  if (!publisher) {
    dsbind_amqp_settings_free(settings);
    return NULL;
  }
  Client *self = g_new0(Client, 1);
  self->settings = settings;
  self->publisher = publisher;
  self->on_event = connect_cb;
  if (connect_cb) connect_cb(self, NVDS_MSGAPI_EVT_SUCCESS);
  return self;
}

DSBIND_EXPORT NvDsMsgApiErrorType nvds_msgapi_send_async(NvDsMsgApiHandle handle, char *topic,
                                                         const uint8_t *payload, size_t size,
                                                         nvds_msgapi_send_cb_t callback,
                                                         void *user) {
  Client *self = handle;
  const char *key = topic && *topic ? topic : self->settings->address.topic;
  if (!key || strlen(key) > DSBIND_AMQP_LONGEST) {
    dsbind_adapter_fail(DSBIND_ADAPTER_REFUSED,
                        key ? "a topic of amqp, the routing key, has 255 bytes at most"
                            : "a message has no topic: set topic, the routing key of amqp");
    return NVDS_MSGAPI_UNKNOWN_TOPIC;
  }
  DsbindSent *sent = dsbind_sent_new(callback, user);
  if (dsbind_amqp_publisher_push(self->publisher, key, payload, size, sent)) return NVDS_MSGAPI_OK;
  g_free(sent);
  return NVDS_MSGAPI_ERR;
}

DSBIND_EXPORT NvDsMsgApiErrorType nvds_msgapi_send(NvDsMsgApiHandle handle, char *topic,
                                                   const uint8_t *payload, size_t size) {
  return dsbind_adapter_send(handle, topic, payload, size);
}

DSBIND_EXPORT void nvds_msgapi_do_work(NvDsMsgApiHandle handle) {
  Client *self = handle;
  GQueue done = G_QUEUE_INIT;
  DsbindSent *sent;
  const DsbindAmqpNews news = dsbind_amqp_publisher_collect(self->publisher, &done);
  if (news == DSBIND_AMQP_BLOCKED && self->on_event)
    self->on_event(self, NVDS_MSGAPI_EVT_SERVICE_DOWN);
  while ((sent = g_queue_pop_head(&done))) dsbind_sent_finish(sent);
  if (news == DSBIND_AMQP_GONE && self->on_event) self->on_event(self, NVDS_MSGAPI_EVT_DISCONNECT);
}

DSBIND_EXPORT NvDsMsgApiErrorType nvds_msgapi_subscribe(NvDsMsgApiHandle handle, char **topics,
                                                        int count,
                                                        nvds_msgapi_subscribe_request_cb_t callback,
                                                        void *user) {
  Client *self = handle;
  gboolean good = !self->consumer && callback && count > 0;
  for (int i = 0; i < count && good; i++)
    good = topics[i] && strlen(topics[i]) <= DSBIND_AMQP_LONGEST;
  if (!good) {
    dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, self->consumer
                                                  ? "this connection has a subscription already"
                                                  : "a subscription needs topics, of 255 bytes at "
                                                    "most, and a callback");
    return NVDS_MSGAPI_ERR;
  }
  self->consumer = dsbind_amqp_consumer_new(self->settings, topics, count, callback, user);
  return self->consumer ? NVDS_MSGAPI_OK : NVDS_MSGAPI_ERR;
}

DSBIND_EXPORT NvDsMsgApiErrorType nvds_msgapi_disconnect(NvDsMsgApiHandle handle) {
  Client *self = handle;
  DsbindSent *sent;
  if (self->consumer) dsbind_amqp_consumer_free(self->consumer);
  GQueue done = dsbind_amqp_publisher_end(self->publisher);
  while ((sent = g_queue_pop_head(&done))) dsbind_sent_finish(sent);
  dsbind_amqp_settings_free(self->settings);
  g_free(self);
  return NVDS_MSGAPI_OK;
}

DSBIND_EXPORT char *nvds_msgapi_getversion(void) { return (char *)"2.0"; }
DSBIND_EXPORT char *nvds_msgapi_get_protocol_name(void) { return (char *)"AMQP"; }

DSBIND_EXPORT NvDsMsgApiErrorType nvds_msgapi_connection_signature(char *address, char *config,
                                                                   char *out, int size) {
  GKeyFile *keys = dsbind_adapter_config(config);
  const gboolean shares = keys && dsbind_adapter_number(keys, "share-connection", 0) != 0;
  if (keys) g_key_file_unref(keys);
  if (!shares && out && size > 0) {
    *out = 0; /* no signature: the connection is not shared */
    return keys ? NVDS_MSGAPI_OK : NVDS_MSGAPI_ERR;
  }
  return dsbind_adapter_signature("amqp", address, config, out, size);
}
