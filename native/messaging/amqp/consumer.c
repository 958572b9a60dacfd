/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a queue of its own, bound to the topics at the exchange; at the default exchange, the queues
 * of these names. A message is acknowledged when the callback has seen it. */
#include "connection.h"

/* How long a read waits; also how long the end of the thread takes at most. */
#define WAIT_MS 250
#define RETRY_US 500000
#define PREFETCH 64
#define LARGEST (256 * 1024 * 1024)

struct DsbindAmqpConsumer {
  const DsbindAmqpSettings *settings;
  gchar **topics;
  nvds_msgapi_subscribe_request_cb_t callback;
  void *user;
  amqp_connection_state_t connection;
  GThread *thread;
  gint stop;
  /* The message that comes in: a method, a header, and parts of its body. */
  guint64 tag, left;
  char *topic;
  GByteArray *body;
};

static gboolean answered(const DsbindAmqpConsumer *self) {
  return dsbind_amqp_check(self->settings, amqp_get_rpc_reply(self->connection));
}

static gboolean consume(const DsbindAmqpConsumer *self, amqp_bytes_t queue) {
  amqp_basic_consume(self->connection, DSBIND_AMQP_CHANNEL, queue, amqp_empty_bytes, FALSE, FALSE,
                     FALSE, amqp_empty_table);
  return answered(self);
}

static gboolean make_queue(const DsbindAmqpConsumer *self) {
  const amqp_queue_declare_ok_t *made =
      amqp_queue_declare(self->connection, DSBIND_AMQP_CHANNEL, amqp_empty_bytes, FALSE, FALSE,
                         TRUE /* exclusive */, TRUE /* auto-delete */, amqp_empty_table);
  if (!made) return answered(self);
  const amqp_bytes_t queue = amqp_bytes_malloc_dup(made->queue);
  gboolean good = queue.bytes != NULL;
  for (guint i = 0; self->topics[i] && good; i++) {
    amqp_queue_bind(self->connection, DSBIND_AMQP_CHANNEL, queue,
                    amqp_cstring_bytes(self->settings->exchange),
                    amqp_cstring_bytes(self->topics[i]), amqp_empty_table);
    good = answered(self);
  }
  good = good && consume(self, queue);
  amqp_bytes_free(queue);
  return good;
}

static gboolean start(DsbindAmqpConsumer *self) {
  self->connection = dsbind_amqp_open(self->settings);
  if (!self->connection) return FALSE;
  amqp_basic_qos(self->connection, DSBIND_AMQP_CHANNEL, 0, PREFETCH, FALSE);
  gboolean good = answered(self);
  if (*self->settings->exchange) return good && make_queue(self);
  for (guint i = 0; self->topics[i] && good; i++)
    good = consume(self, amqp_cstring_bytes(self->topics[i]));
  return good;
}

static void drop_connection(DsbindAmqpConsumer *self) {
  if (self->connection) amqp_destroy_connection(self->connection);
  self->connection = NULL;
  g_clear_pointer(&self->topic, g_free);
  g_byte_array_set_size(self->body, 0);
}

static gboolean finish(DsbindAmqpConsumer *self) {
  if (self->body->len)
    self->callback(NVDS_MSGAPI_OK, self->body->data, (int)self->body->len, self->topic, self->user);
  g_clear_pointer(&self->topic, g_free);
  g_byte_array_set_size(self->body, 0);
  return amqp_basic_ack(self->connection, DSBIND_AMQP_CHANNEL, self->tag, FALSE) == AMQP_STATUS_OK;
}

/* FALSE where the connection is of no use any more. */
static gboolean take(DsbindAmqpConsumer *self, const amqp_frame_t *frame) {
  const amqp_method_t *method = &frame->payload.method;
  if (frame->frame_type == AMQP_FRAME_METHOD && method->id == AMQP_BASIC_DELIVER_METHOD) {
    const amqp_basic_deliver_t *deliver = method->decoded;
    g_free(self->topic);
    self->topic = g_strndup(deliver->routing_key.bytes, deliver->routing_key.len);
    self->tag = deliver->delivery_tag;
    return TRUE;
  }
  if (frame->frame_type == AMQP_FRAME_METHOD) {
    if (method->id == AMQP_CHANNEL_CLOSE_METHOD || method->id == AMQP_CONNECTION_CLOSE_METHOD)
      dsbind_amqp_closed(self->settings, self->connection, frame);
    /* Of the others, blocked and unblocked are for who publishes. */
    return method->id == AMQP_CONNECTION_BLOCKED_METHOD ||
           method->id == AMQP_CONNECTION_UNBLOCKED_METHOD;
  }
  if (!self->topic) return TRUE;
  if (frame->frame_type == AMQP_FRAME_HEADER) {
    self->left = frame->payload.properties.body_size;
    if (self->left > LARGEST) return FALSE;
  } else if (frame->frame_type == AMQP_FRAME_BODY) {
    const amqp_bytes_t part = frame->payload.body_fragment;
    if (part.len > self->left) return FALSE;
    g_byte_array_append(self->body, part.bytes, (guint)part.len);
    self->left -= part.len;
  }
  return self->left || finish(self);
}

static gpointer run(gpointer data) {
  DsbindAmqpConsumer *self = data;
  amqp_frame_t frame;
  while (!g_atomic_int_get(&self->stop)) {
    const int got = self->connection || start(self)
                        ? dsbind_amqp_next(self->settings, self->connection, WAIT_MS, &frame)
                        : -1;
    if (got == 0 || (got > 0 && take(self, &frame))) continue;
    drop_connection(self);
    g_usleep(RETRY_US);
  }
  return NULL;
}

DsbindAmqpConsumer *dsbind_amqp_consumer_new(const DsbindAmqpSettings *settings, char **topics,
                                             int count, nvds_msgapi_subscribe_request_cb_t callback,
                                             void *user) {
  DsbindAmqpConsumer *self = g_new0(DsbindAmqpConsumer, 1);
  self->settings = settings;
  self->topics = g_new0(gchar *, (gsize)count + 1);
  for (int i = 0; i < count; i++) self->topics[i] = g_strdup(topics[i]);
  self->callback = callback;
  self->user = user;
  self->body = g_byte_array_new();
  /* The queue begins now, not when the thread runs: what is sent after this call is seen. */
  if (!start(self)) {
    dsbind_amqp_consumer_free(self);
    return NULL;
  }
  self->thread = g_thread_new("amqp-consumer", run, self);
  return self;
}

void dsbind_amqp_consumer_free(DsbindAmqpConsumer *self) {
  g_atomic_int_set(&self->stop, 1);
  if (self->thread) g_thread_join(self->thread);
  drop_connection(self);
  g_byte_array_unref(self->body);
  g_strfreev(self->topics);
  g_free(self);
}
