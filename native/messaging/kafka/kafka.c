/* SPDX-License-Identifier: Apache-2.0 */
/* libnvds_kafka_proto.so: messages to Kafka, by librdkafka. A message counts once the broker has
 * stored it. */
#include <string.h>

#include "settings.h"

/* How long a connection may take before the broker counts as away. */
#define CONNECT_MS 3000

typedef struct {
  rd_kafka_t *producer;
  DsbindAddress address;
  GKeyFile *config;
  char *partition_key;
  nvds_msgapi_connect_cb_t on_event;
  gboolean reached; /* it was there */
  gboolean refused; /* what is wrong will stay so: TLS or the log in */
  char *trouble;    /* of the connection, in librdkafka's words */
  DsbindKafkaConsumer *consumer;
} Client;

static void on_delivered(rd_kafka_t *producer, const rd_kafka_message_t *message, void *opaque) {
  DsbindSent *sent = message->_private;
  (void)producer, (void)opaque;
  switch (message->err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR: break;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
      dsbind_adapter_fail(DSBIND_ADAPTER_REFUSED, "kafka has no such topic: %s",
                          rd_kafka_err2str(message->err));
      dsbind_sent_fail(sent);
      sent->result = NVDS_MSGAPI_UNKNOWN_TOPIC;
      break;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
      dsbind_adapter_fail(DSBIND_ADAPTER_REFUSED, "kafka does not take a message: %s",
                          rd_kafka_err2str(message->err));
      dsbind_sent_fail(sent);
      break;
    default:
      dsbind_adapter_fail(DSBIND_ADAPTER_AGAIN, "kafka has not taken a message: %s",
                          rd_kafka_err2str(message->err));
      dsbind_sent_fail(sent);
  }
  dsbind_sent_finish(sent);
}

static void on_error(rd_kafka_t *producer, int code, const char *reason, void *opaque) {
  Client *self = opaque;
  (void)producer;
  const gboolean refused = dsbind_kafka_refuses(code, reason);
  if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && (refused || !self->refused)) {
    g_free(self->trouble);
    self->trouble = g_strdup(reason);
    self->refused = refused;
  }
  if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || !self->reached || !self->on_event) return;
  dsbind_adapter_fail(DSBIND_ADAPTER_AGAIN, "kafka at %s:%u is gone: %s", self->address.host,
                      self->address.port, self->trouble ? self->trouble : reason);
  self->on_event(self, NVDS_MSGAPI_EVT_SERVICE_DOWN);
}

/* librdkafka writes to stderr without one; what matters comes as an error. */
static void on_log(const rd_kafka_t *producer, int level, const char *facility, const char *text) {
  (void)producer, (void)level;
  g_debug("librdkafka %s: %s", facility, text);
}

static void client_free(Client *self) {
  if (self->consumer) dsbind_kafka_consumer_free(self->consumer);
  if (self->producer) rd_kafka_destroy(self->producer);
  dsbind_address_clear(&self->address);
  g_key_file_unref(self->config);
  g_free(self->partition_key);
  g_free(self->trouble);
  g_free(self);
}

/* FALSE after dsbind_adapter_fail(), where no broker answers. */
static gboolean reach(Client *self) {
  const struct rd_kafka_metadata *metadata = NULL;
  const rd_kafka_resp_err_t code =
      rd_kafka_metadata(self->producer, 0, NULL, &metadata, CONNECT_MS);
  if (metadata) rd_kafka_metadata_destroy(metadata);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return TRUE;
  /* What the connection's thread has said meanwhile. */
  rd_kafka_poll(self->producer, 0);
  const char *reason = self->trouble ? self->trouble : rd_kafka_err2str(code);
  if (self->refused || dsbind_kafka_refuses(code, NULL))
    dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "kafka at %s:%u refuses the connection: %s. Look at "
                        "security.protocol, the sasl. and the ssl. settings in proto-cfg of the "
                        "broker's config (msg_broker_config)",
                        self->address.host, self->address.port, reason);
  else
    dsbind_adapter_fail(DSBIND_ADAPTER_AGAIN, "kafka at %s:%u cannot be reached: %s",
                        self->address.host, self->address.port, reason);
  return FALSE;
}

DSBIND_EXPORT NvDsMsgApiHandle nvds_msgapi_connect(char *address, nvds_msgapi_connect_cb_t connect_cb,
                                                   char *config_path) {
  char error[256];
  DsbindAddress where;
  if (!dsbind_adapter_address(address, "kafka", &where)) return NULL;
  GKeyFile *config = dsbind_adapter_config(config_path);
  if (!config) {
    dsbind_address_clear(&where);
    return NULL;
  }
  Client *self = g_new0(Client, 1);
  self->address = where;
  self->config = config;
  self->on_event = connect_cb;
  self->partition_key = dsbind_adapter_text(config, "partition-key");
  if (!self->partition_key) self->partition_key = g_strdup("sensor.id");
  rd_kafka_conf_t *conf = dsbind_kafka_conf(&where, config, FALSE);
  if (conf) {
    rd_kafka_conf_set_opaque(conf, self);
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivered);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_log_cb(conf, on_log);
    self->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    if (!self->producer) {
      dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "librdkafka does not take the kafka config: %s",
                          error);
      rd_kafka_conf_destroy(conf);
    }
  }
  if (!self->producer || !reach(self)) {
    client_free(self);
    return NULL;
  }
  self->reached = TRUE;
  if (connect_cb) connect_cb(self, NVDS_MSGAPI_EVT_SUCCESS);
  return self;
}

DSBIND_EXPORT NvDsMsgApiErrorType nvds_msgapi_send_async(NvDsMsgApiHandle handle, char *topic,
                                                         const uint8_t *payload, size_t size,
                                                         nvds_msgapi_send_cb_t callback,
                                                         void *user) {
  Client *self = handle;
  const char *name = topic && *topic ? topic : self->address.topic;
  if (!name) {
    dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "a message has no topic: set topic");
    return NVDS_MSGAPI_UNKNOWN_TOPIC;
  }
  char *key = dsbind_json_find((const char *)payload, size, self->partition_key);
  DsbindSent *sent = dsbind_sent_new(callback, user);
  const rd_kafka_resp_err_t code = rd_kafka_producev(
      self->producer, RD_KAFKA_V_TOPIC(name), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
      RD_KAFKA_V_KEY(key, key ? strlen(key) : 0), RD_KAFKA_V_VALUE((void *)payload, size),
      RD_KAFKA_V_OPAQUE(sent), RD_KAFKA_V_END);
  g_free(key);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return NVDS_MSGAPI_OK;
  g_free(sent);
  const gboolean unknown = code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
                           code == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION;
  /* A producer with a fatal error takes none: the next connection has another one. */
  const gboolean again =
      code == RD_KAFKA_RESP_ERR__QUEUE_FULL || code == RD_KAFKA_RESP_ERR__FATAL;
  dsbind_adapter_fail(again ? DSBIND_ADAPTER_AGAIN : DSBIND_ADAPTER_REFUSED,
                      "kafka does not take a message: %s", rd_kafka_err2str(code));
  return unknown ? NVDS_MSGAPI_UNKNOWN_TOPIC : NVDS_MSGAPI_ERR;
}

DSBIND_EXPORT NvDsMsgApiErrorType nvds_msgapi_send(NvDsMsgApiHandle handle, char *topic,
                                                   const uint8_t *payload, size_t size) {
  return dsbind_adapter_send(handle, topic, payload, size);
}

DSBIND_EXPORT void nvds_msgapi_do_work(NvDsMsgApiHandle handle) {
  rd_kafka_poll(((Client *)handle)->producer, 0);
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
  self->consumer = dsbind_kafka_consumer_new(&self->address, self->config, topics, count, callback,
                                             user);
  return self->consumer ? NVDS_MSGAPI_OK : NVDS_MSGAPI_ERR;
}

DSBIND_EXPORT NvDsMsgApiErrorType nvds_msgapi_disconnect(NvDsMsgApiHandle handle) {
  Client *self = handle;
  /* What is still under way is answered, with an error: who sent it decides what to do. */
  rd_kafka_purge(self->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(self->producer, 1000);
  client_free(self);
  return NVDS_MSGAPI_OK;
}

DSBIND_EXPORT char *nvds_msgapi_getversion(void) { return (char *)"2.0"; }
DSBIND_EXPORT char *nvds_msgapi_get_protocol_name(void) { return (char *)"KAFKA"; }

DSBIND_EXPORT NvDsMsgApiErrorType nvds_msgapi_connection_signature(char *address, char *config,
                                                                   char *out, int size) {
  return dsbind_adapter_signature("kafka", address, config, out, size);
}
