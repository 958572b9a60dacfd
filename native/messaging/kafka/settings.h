/* SPDX-License-Identifier: Apache-2.0 */
/* How to reach Kafka, and what a message's partition comes from. */
#ifndef DSBIND_KAFKA_SETTINGS_H
#define DSBIND_KAFKA_SETTINGS_H

#include <librdkafka/rdkafka.h>

#include "adapter.h"

/* librdkafka's settings for a producer or a consumer. NULL after dsbind_adapter_fail(). */
rd_kafka_conf_t *dsbind_kafka_conf(const DsbindAddress *address, GKeyFile *config,
                                   gboolean consumer);

/* Whether an error of the connection is one of TLS or the log in, which trying again does not mend. */
gboolean dsbind_kafka_refuses(int code, const char *reason);

/* The text or number at a path such as "sensor.id" of a JSON object; NULL where there is none. */
char *dsbind_json_find(const char *json, gsize size, const char *path);

/* The thread that reads topics for a subscriber. */
typedef struct DsbindKafkaConsumer DsbindKafkaConsumer;
DsbindKafkaConsumer *dsbind_kafka_consumer_new(const DsbindAddress *address, GKeyFile *config,
                                               char **topics, int count,
                                               nvds_msgapi_subscribe_request_cb_t callback,
                                               void *user);
void dsbind_kafka_consumer_free(DsbindKafkaConsumer *self);

#endif
