/* SPDX-License-Identifier: Apache-2.0 */
/* Reads streams as one of a group of consumers: each entry goes to one of them, and is acknowledged
 * when the callback has seen it. */
#include "connection.h"

/* How long a read waits; also how long the end of the thread takes at most. */
#define BLOCK_MS "250"
#define RETRY_US 500000

struct DsbindRedisConsumer {
  const DsbindRedisSettings *settings;
  gchar **topics;
  nvds_msgapi_subscribe_request_cb_t callback;
  void *user;
  GThread *thread;
  gint stop;
};

static gboolean make_groups(const DsbindRedisConsumer *self, redisContext *context) {
  for (guint i = 0; self->topics[i]; i++) {
    redisReply *reply = redisCommand(context, "XGROUP CREATE %s %s $ MKSTREAM", self->topics[i],
                                     self->settings->group);
    const gboolean good = reply && (reply->type != REDIS_REPLY_ERROR ||
                                    g_str_has_prefix(reply->str, "BUSYGROUP"));
    if (!good)
      dsbind_adapter_fail(DSBIND_ADAPTER_AGAIN, "redis gives no stream %s: %s", self->topics[i],
                          reply ? reply->str : context->errstr);
    if (reply) freeReplyObject(reply);
    if (!good) return FALSE;
  }
  return TRUE;
}

/* An entry is [id, [field, value, ...]]. */
static void take_entry(const DsbindRedisConsumer *self, redisContext *context, char *topic,
                       const redisReply *entry) {
  if (entry->type != REDIS_REPLY_ARRAY || entry->elements != 2 || !entry->element[0]->str ||
      entry->element[1]->type != REDIS_REPLY_ARRAY)
    return;
  const redisReply *fields = entry->element[1];
  const redisReply *value = NULL;
  for (gsize i = 0; i + 1 < fields->elements; i += 2)
    if (!value || g_strcmp0(fields->element[i]->str, self->settings->field) == 0)
      value = fields->element[i + 1];
  if (value && value->type == REDIS_REPLY_STRING && value->len <= G_MAXINT)
    self->callback(NVDS_MSGAPI_OK, value->str, (int)value->len, topic, self->user);
  redisReply *reply = redisCommand(context, "XACK %s %s %s", topic, self->settings->group,
                                   entry->element[0]->str);
  if (reply) freeReplyObject(reply);
}

/* A reply is NULL, or [[stream, [entry, ...]], ...]. */
static void take(const DsbindRedisConsumer *self, redisContext *context, const redisReply *reply) {
  if (reply->type != REDIS_REPLY_ARRAY) return;
  for (gsize i = 0; i < reply->elements; i++) {
    const redisReply *stream = reply->element[i];
    if (stream->type != REDIS_REPLY_ARRAY || stream->elements != 2 || !stream->element[0]->str ||
        stream->element[1]->type != REDIS_REPLY_ARRAY)
      continue;
    const redisReply *entries = stream->element[1];
    for (gsize n = 0; n < entries->elements; n++)
      take_entry(self, context, stream->element[0]->str, entries->element[n]);
  }
}

static redisReply *read_streams(const DsbindRedisConsumer *self, redisContext *context) {
  const guint count = g_strv_length(self->topics);
  GPtrArray *words = g_ptr_array_new();
  const char *const head[] = {"XREADGROUP", "GROUP", self->settings->group,
                              self->settings->consumer, "COUNT", "64", "BLOCK", BLOCK_MS, "STREAMS"};
  for (guint i = 0; i < G_N_ELEMENTS(head); i++) g_ptr_array_add(words, (gpointer)head[i]);
  for (guint i = 0; i < count; i++) g_ptr_array_add(words, self->topics[i]);
  for (guint i = 0; i < count; i++) g_ptr_array_add(words, (gpointer) ">");
  redisReply *reply = redisCommandArgv(context, (int)words->len, (const char **)words->pdata, NULL);
  g_ptr_array_unref(words);
  return reply;
}

static gpointer run(gpointer data) {
  DsbindRedisConsumer *self = data;
  redisContext *context = NULL;
  while (!g_atomic_int_get(&self->stop)) {
    if (!context && (context = dsbind_redis_open(self->settings)) && !make_groups(self, context))
      g_clear_pointer(&context, redisFree);
    redisReply *reply = context ? read_streams(self, context) : NULL;
    const gboolean good = reply && reply->type != REDIS_REPLY_ERROR;
    if (good) take(self, context, reply);
    if (reply) freeReplyObject(reply);
    if (good) continue;
    if (context) g_clear_pointer(&context, redisFree);
    g_usleep(RETRY_US);
  }
  if (context) redisFree(context);
  return NULL;
}

DsbindRedisConsumer *dsbind_redis_consumer_new(const DsbindRedisSettings *settings, char **topics,
                                               int count, nvds_msgapi_subscribe_request_cb_t callback,
                                               void *user) {
  DsbindRedisConsumer *self = g_new0(DsbindRedisConsumer, 1);
  self->settings = settings;
  self->topics = g_new0(gchar *, (gsize)count + 1);
  for (int i = 0; i < count; i++) self->topics[i] = g_strdup(topics[i]);
  self->callback = callback;
  self->user = user;
  /* The streams begin now, not when the thread runs: what is sent after this call is seen. */
  redisContext *context = dsbind_redis_open(settings);
  const gboolean good = context && make_groups(self, context);
  if (context) redisFree(context);
  if (!good) {
    dsbind_redis_consumer_free(self);
    return NULL;
  }
  self->thread = g_thread_new("redis-consumer", run, self);
  return self;
}

void dsbind_redis_consumer_free(DsbindRedisConsumer *self) {
  g_atomic_int_set(&self->stop, 1);
  if (self->thread) g_thread_join(self->thread);
  g_strfreev(self->topics);
  g_free(self);
}
