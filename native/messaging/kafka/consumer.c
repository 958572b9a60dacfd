/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#define POLL_MS 200

struct DsbindKafkaConsumer {
  rd_kafka_t *consumer;
  nvds_msgapi_subscribe_request_cb_t callback;
  void *user;
  GThread *thread;
  gint stop;
};

static void on_log(const rd_kafka_t *consumer, int level, const char *facility, const char *text) {
  (void)consumer, (void)level;
  g_debug("librdkafka %s: %s", facility, text);
}

static gpointer run(gpointer data) {
  DsbindKafkaConsumer *self = data;
  while (!g_atomic_int_get(&self->stop)) {
    rd_kafka_message_t *message = rd_kafka_consumer_poll(self->consumer, POLL_MS);
    if (!message) continue;
    if (!message->err && message->len <= G_MAXINT) {
      char *topic = g_strdup(rd_kafka_topic_name(message->rkt));
      self->callback(NVDS_MSGAPI_OK, message->payload, (int)message->len, topic, self->user);
      g_free(topic);
    }
    rd_kafka_message_destroy(message);
  }
  rd_kafka_consumer_close(self->consumer);
  return NULL;
}

DsbindKafkaConsumer *dsbind_kafka_consumer_new(const DsbindAddress *address, GKeyFile *config,
                                               char **topics, int count,
                                               nvds_msgapi_subscribe_request_cb_t callback,
                                               void *user) {
  char error[256];
  rd_kafka_conf_t *conf = dsbind_kafka_conf(address, config, TRUE);
  if (!conf) return NULL;
  rd_kafka_conf_set_log_cb(conf, on_log);
  rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
  if (!consumer) {
    dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "librdkafka does not take the kafka config: %s",
                        error);
    rd_kafka_conf_destroy(conf);
    return NULL;
  }
  rd_kafka_poll_set_consumer(consumer);
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
  for (int i = 0; i < count; i++)
    rd_kafka_topic_partition_list_add(list, topics[i], RD_KAFKA_PARTITION_UA);
  const rd_kafka_resp_err_t code = rd_kafka_subscribe(consumer, list);
  rd_kafka_topic_partition_list_destroy(list);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "kafka does not take the subscription: %s",
                        rd_kafka_err2str(code));
    rd_kafka_destroy(consumer);
    return NULL;
  }
  DsbindKafkaConsumer *self = g_new0(DsbindKafkaConsumer, 1);
  self->consumer = consumer;
  self->callback = callback;
  self->user = user;
  self->thread = g_thread_new("kafka-consumer", run, self);
  return self;
}

void dsbind_kafka_consumer_free(DsbindKafkaConsumer *self) {
  g_atomic_int_set(&self->stop, 1);
  g_thread_join(self->thread);
  rd_kafka_destroy(self->consumer);
  g_free(self);
}
