/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to a Redis server: its settings and log in. */
#ifndef DSBIND_REDIS_CONNECTION_H
#define DSBIND_REDIS_CONNECTION_H

#include <hiredis/hiredis.h>

#include "adapter.h"

typedef struct {
  DsbindAddress address;
  char *username, *password;
  char *field, *group, *consumer; /* of streams */
  gint64 stream_size;
} DsbindRedisSettings;

/* NULL after dsbind_adapter_fail(). */
DsbindRedisSettings *dsbind_redis_settings_new(const char *address, const char *config_path);
void dsbind_redis_settings_free(DsbindRedisSettings *self);

redisContext *dsbind_redis_open(const DsbindRedisSettings *settings);

/* What a reply of the server says to a message: DSBIND_ADAPTER_AGAIN where it may yet take it. */
DsbindAdapterError dsbind_redis_kind(const char *text);

/* The thread that reads streams for a subscriber. */
typedef struct DsbindRedisConsumer DsbindRedisConsumer;
DsbindRedisConsumer *dsbind_redis_consumer_new(const DsbindRedisSettings *settings, char **topics,
                                               int count, nvds_msgapi_subscribe_request_cb_t callback,
                                               void *user);
void dsbind_redis_consumer_free(DsbindRedisConsumer *self);

#endif
