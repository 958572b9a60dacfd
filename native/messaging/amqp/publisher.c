/* SPDX-License-Identifier: Apache-2.0 */
#include "publisher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* How long the end waits for a broker that answers. */
#define END_MS 500
/* Heartbeats are sent and awaited by whoever reads. */
#define HEARTBEAT_MS 500
/* Published before answers are read again. */
#define MANY 64

/* With its topic and bytes behind it. */
typedef struct {
  DsbindSent *sent;
  guint64 tag; /* counts what is published on the channel, from 1 */
  gsize size;
  gboolean returned;
  char *topic;
  guint8 *bytes;
} Message;

struct DsbindAmqpPublisher {
  const DsbindAmqpSettings *settings;
  GThread *thread;
  int wake, socket; /* the socket is a duplicate: rabbitmq-c may close its own at any time */

  /* Of the thread. */
  amqp_connection_state_t connection;
  GQueue published; /* Message, in the order of their tags */
  guint64 tag;
  char *name; /* of the ids of messages */
  gboolean held; /* the broker has said that it takes no messages */

  GMutex lock; /* of all that follows */
  GCond ended;
  GQueue waiting; /* Message */
  GQueue done;    /* DsbindSent */
  gboolean stop, broken, told_broken, has_ended;
  char *reason;  /* why it is broken */
  char *blocked; /* why the broker takes no messages; until it is told */
};

static Message *message_new(const char *topic, const uint8_t *payload, size_t size,
                            DsbindSent *sent) {
  const gsize name = strlen(topic) + 1;
  Message *self = g_malloc0(sizeof *self + name + size);
  self->sent = sent;
  self->size = size;
  self->topic = (char *)(self + 1);
  self->bytes = (guint8 *)self->topic + name;
  memcpy(self->topic, topic, name);
  if (size) memcpy(self->bytes, payload, size);
  return self;
}

/* The end of a message, with the lock: it is taken, or what dsbind_adapter_fail() said last. */
static void answer(DsbindAmqpPublisher *self, Message *message, gboolean taken) {
  if (taken)
    message->sent->result = NVDS_MSGAPI_OK;
  else
    dsbind_sent_fail(message->sent);
  if (!taken && message->returned) message->sent->result = NVDS_MSGAPI_UNKNOWN_TOPIC;
  g_queue_push_tail(&self->done, message->sent);
  g_free(message);
}

static void fail_returned(const DsbindAmqpPublisher *self, const Message *message) {
  dsbind_adapter_fail(DSBIND_ADAPTER_REFUSED, "amqp has no queue for the topic %s at the exchange "
                      "\"%s\": bind one to it", message->topic, self->settings->exchange);
}

/* The broker's word to one message, or to all up to it; with a tag of 0, to all. */
static void confirm(DsbindAmqpPublisher *self, guint64 tag, gboolean multiple, gboolean taken) {
  g_mutex_lock(&self->lock);
  for (GList *next, *link = self->published.head; link; link = next) {
    Message *message = link->data;
    next = link->next;
    if (tag && message->tag > tag) break;
    if (!multiple && message->tag != tag) continue;
    g_queue_delete_link(&self->published, link);
    if (message->returned)
      fail_returned(self, message);
    else if (!taken)
      dsbind_adapter_fail(DSBIND_ADAPTER_REFUSED, "amqp does not take a message: a queue of the "
                          "topic %s is full, or cannot store it", message->topic);
    answer(self, message, taken && !message->returned);
  }
  g_mutex_unlock(&self->lock);
}

/* A message comes back, before it is confirmed: its id ends in its tag. */
static void take_back(DsbindAmqpPublisher *self, const amqp_basic_properties_t *properties) {
  if (!(properties->_flags & AMQP_BASIC_MESSAGE_ID_FLAG)) return;
  char *id = g_strndup(properties->message_id.bytes, properties->message_id.len);
  const char *number = strrchr(id, '-');
  const guint64 tag = number ? g_ascii_strtoull(number + 1, NULL, 10) : 0;
  for (GList *link = self->published.head; link; link = link->next)
    if (((Message *)link->data)->tag == tag) ((Message *)link->data)->returned = TRUE;
  g_free(id);
}

static void hold(DsbindAmqpPublisher *self, amqp_bytes_t reason) {
  self->held = TRUE;
  g_mutex_lock(&self->lock);
  g_free(self->blocked);
  self->blocked = g_strndup(reason.bytes, reason.len);
  g_mutex_unlock(&self->lock);
}

/* The broker has closed the channel for good. A message that is too large is the largest. */
static void blame(DsbindAmqpPublisher *self, int code) {
  Message *largest = NULL;
  char text[512];
  dsbind_msgapi_last_error(text, sizeof text);
  dsbind_adapter_fail(DSBIND_ADAPTER_REFUSED, "%s", text);
  g_mutex_lock(&self->lock);
  for (GList *next, *link = self->published.head; link; link = next) {
    next = link->next;
    Message *message = link->data;
    if (code == AMQP_ACCESS_REFUSED) {
      g_queue_delete_link(&self->published, link);
      answer(self, message, FALSE);
    } else if (!largest || message->size > largest->size) {
      largest = message;
    }
  }
  if (largest) {
    g_queue_remove(&self->published, largest);
    answer(self, largest, FALSE);
  }
  g_mutex_unlock(&self->lock);
  dsbind_adapter_fail(DSBIND_ADAPTER_AGAIN, "%s", text);
}

/* FALSE after dsbind_adapter_fail(). */
static gboolean take_method(DsbindAmqpPublisher *self, const amqp_frame_t *frame) {
  const amqp_method_t *method = &frame->payload.method;
  if (method->id == AMQP_BASIC_ACK_METHOD) {
    const amqp_basic_ack_t *ack = method->decoded;
    confirm(self, ack->delivery_tag, ack->multiple, TRUE);
  } else if (method->id == AMQP_BASIC_NACK_METHOD) {
    const amqp_basic_nack_t *nack = method->decoded;
    confirm(self, nack->delivery_tag, nack->multiple, FALSE);
  } else if (method->id == AMQP_CONNECTION_BLOCKED_METHOD) {
    hold(self, ((const amqp_connection_blocked_t *)method->decoded)->reason);
  } else if (method->id == AMQP_CONNECTION_UNBLOCKED_METHOD) {
    self->held = FALSE;
  } else if (method->id == AMQP_CHANNEL_CLOSE_METHOD) {
    const int code = dsbind_amqp_closed(self->settings, self->connection, frame);
    if (code == AMQP_ACCESS_REFUSED || code == AMQP_PRECONDITION_FAILED) blame(self, code);
    return FALSE;
  } else if (method->id == AMQP_CONNECTION_CLOSE_METHOD) {
    dsbind_amqp_closed(self->settings, self->connection, frame);
    return FALSE;
  }
  return TRUE;
}

/* FALSE after dsbind_adapter_fail(). */
static gboolean read_answers(DsbindAmqpPublisher *self) {
  amqp_frame_t frame;
  for (;;) {
    const int got = dsbind_amqp_next(self->settings, self->connection, 0, &frame);
    if (got <= 0) return got == 0;
    if (frame.frame_type == AMQP_FRAME_METHOD && !take_method(self, &frame)) return FALSE;
    if (frame.frame_type == AMQP_FRAME_HEADER)
      take_back(self, frame.payload.properties.decoded);
  }
}

/* Whether a message of usual size can be written without a wait. */
static gboolean is_writable(const DsbindAmqpPublisher *self) {
  struct pollfd ready = {.fd = self->socket, .events = POLLOUT};
  return poll(&ready, 1, 0) > 0;
}

static Message *next(DsbindAmqpPublisher *self) {
  g_mutex_lock(&self->lock);
  Message *message = self->stop ? NULL : g_queue_pop_head(&self->waiting);
  g_mutex_unlock(&self->lock);
  return message;
}

/* FALSE after dsbind_adapter_fail(). */
static gboolean publish(DsbindAmqpPublisher *self) {
  Message *message;
  for (guint i = 0; i < MANY && !self->held && is_writable(self) && (message = next(self)); i++) {
    char id[64];
    message->tag = ++self->tag;
    g_queue_push_tail(&self->published, message);
    g_snprintf(id, sizeof id, "%s-%" G_GUINT64_FORMAT, self->name, message->tag);
    const amqp_basic_properties_t properties = {
        ._flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG,
        .delivery_mode = AMQP_DELIVERY_PERSISTENT,
        .message_id = amqp_cstring_bytes(id)};
    const int status = amqp_basic_publish(
        self->connection, DSBIND_AMQP_CHANNEL, amqp_cstring_bytes(self->settings->exchange),
        amqp_cstring_bytes(message->topic), TRUE /* mandatory */, FALSE, &properties,
        (amqp_bytes_t){.len = message->size, .bytes = message->bytes});
    if (status == AMQP_STATUS_OK) continue;
    dsbind_adapter_fail(DSBIND_ADAPTER_AGAIN, "the connection to amqp at %s:%u is gone: %s",
                        self->settings->address.host, self->settings->address.port,
                        amqp_error_string2(status));
    return FALSE;
  }
  return TRUE;
}

/* Until there is something to do. FALSE at the end. */
static gboolean wait_for_work(DsbindAmqpPublisher *self) {
  guint64 count;
  g_mutex_lock(&self->lock);
  const gboolean stop = self->stop, has_work = self->waiting.length && !self->held;
  g_mutex_unlock(&self->lock);
  if (stop) return FALSE;
  struct pollfd ready[] = {
      {.fd = self->socket, .events = (short)(POLLIN | (has_work ? POLLOUT : 0))},
      {.fd = self->wake, .events = POLLIN}};
  poll(ready, G_N_ELEMENTS(ready), self->settings->heartbeat ? HEARTBEAT_MS : -1);
  while (read(self->wake, &count, sizeof count) < 0 && errno == EINTR) continue;
  return TRUE;
}

/* All that has no answer will get none; with the lock. */
static void give_up(DsbindAmqpPublisher *self) {
  Message *message;
  char text[512];
  dsbind_msgapi_last_error(text, sizeof text);
  dsbind_adapter_fail(DSBIND_ADAPTER_AGAIN, "%s", text);
  while ((message = g_queue_pop_head(&self->published)) ||
         (message = g_queue_pop_head(&self->waiting)))
    answer(self, message, FALSE);
  self->broken = TRUE;
  self->reason = g_strdup(text);
}

static gpointer run(gpointer data) {
  DsbindAmqpPublisher *self = data;
  gboolean good = TRUE;
  do {
    good = publish(self) && read_answers(self);
  } while (good && wait_for_work(self));
  if (good) {
    /* A broker that takes no messages does not see the farewell either. */
    if (!self->held) amqp_connection_close(self->connection, AMQP_REPLY_SUCCESS);
    dsbind_adapter_fail(DSBIND_ADAPTER_AGAIN, "the connection to amqp was ended");
  }
  g_mutex_lock(&self->lock);
  give_up(self);
  self->has_ended = TRUE;
  g_cond_signal(&self->ended);
  g_mutex_unlock(&self->lock);
  return NULL;
}

DsbindAmqpPublisher *dsbind_amqp_publisher_new(const DsbindAmqpSettings *settings) {
  amqp_connection_state_t connection = dsbind_amqp_open(settings);
  if (!connection) return NULL;
  amqp_confirm_select(connection, DSBIND_AMQP_CHANNEL);
  if (!dsbind_amqp_check(settings, amqp_get_rpc_reply(connection))) {
    amqp_destroy_connection(connection);
    return NULL;
  }
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  const int socket = fcntl(amqp_get_sockfd(connection), F_DUPFD_CLOEXEC, 0);
  if (wake < 0 || socket < 0) {
    dsbind_adapter_fail(DSBIND_ADAPTER_AGAIN, "amqp: %s", g_strerror(errno));
    if (wake >= 0) close(wake);
    if (socket >= 0) close(socket);
    amqp_destroy_connection(connection);
    return NULL;
  }
  DsbindAmqpPublisher *self = g_new0(DsbindAmqpPublisher, 1);
  g_mutex_init(&self->lock);
  g_cond_init(&self->ended);
  self->settings = settings;
  self->connection = connection;
  self->wake = wake;
  self->socket = socket;
  self->name = g_uuid_string_random();
  self->thread = g_thread_new("amqp-publisher", run, self);
  return self;
}

static void wake_up(DsbindAmqpPublisher *self) {
  const guint64 one = 1;
  while (write(self->wake, &one, sizeof one) < 0 && errno == EINTR) continue;
}

GQueue dsbind_amqp_publisher_end(DsbindAmqpPublisher *self) {
  const gint64 deadline = g_get_monotonic_time() + END_MS * G_GINT64_CONSTANT(1000);
  g_mutex_lock(&self->lock);
  self->stop = TRUE;
  wake_up(self);
  while (!self->has_ended && g_cond_wait_until(&self->ended, &self->lock, deadline)) continue;
  /* It may wait for a broker that reads and says nothing. */
  if (!self->has_ended) shutdown(self->socket, SHUT_RDWR);
  g_mutex_unlock(&self->lock);
  g_thread_join(self->thread);
  const GQueue done = self->done;
  amqp_destroy_connection(self->connection);
  close(self->socket);
  close(self->wake);
  g_mutex_clear(&self->lock);
  g_cond_clear(&self->ended);
  g_free(self->name);
  g_free(self->reason);
  g_free(self->blocked);
  g_free(self);
  return done;
}

gboolean dsbind_amqp_publisher_push(DsbindAmqpPublisher *self, const char *topic,
                                    const uint8_t *payload, size_t size, DsbindSent *sent) {
  g_mutex_lock(&self->lock);
  const gboolean good = !self->broken;
  if (good) {
    g_queue_push_tail(&self->waiting, message_new(topic, payload, size, sent));
    if (self->waiting.length == 1) wake_up(self);
  } else {
    dsbind_adapter_fail(DSBIND_ADAPTER_AGAIN, "%s", self->reason);
  }
  g_mutex_unlock(&self->lock);
  return good;
}

DsbindAmqpNews dsbind_amqp_publisher_collect(DsbindAmqpPublisher *self, GQueue *done) {
  DsbindAmqpNews news = DSBIND_AMQP_NOTHING;
  DsbindSent *sent;
  g_mutex_lock(&self->lock);
  while ((sent = g_queue_pop_head(&self->done))) g_queue_push_tail(done, sent);
  if (self->broken && !self->told_broken) {
    self->told_broken = TRUE;
    news = DSBIND_AMQP_GONE;
  } else if (self->blocked && !self->broken) {
    dsbind_adapter_fail(DSBIND_ADAPTER_AGAIN, "amqp at %s:%u takes no messages for now: %s",
                        self->settings->address.host, self->settings->address.port, self->blocked);
    g_clear_pointer(&self->blocked, g_free);
    news = DSBIND_AMQP_BLOCKED;
  }
  g_mutex_unlock(&self->lock);
  return news;
}
