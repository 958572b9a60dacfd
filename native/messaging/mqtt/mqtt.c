/* SPDX-License-Identifier: Apache-2.0 */
/* libnvds_mqtt_proto.so: messages to an MQTT broker, by libmosquitto, with QoS 1. A message counts
 * once the broker has acknowledged it. The network is served by do_work. */
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <string.h>

#include "adapter.h"

#define CONNECT_MS 3000
#define QOS 1
/* Between attempts to get a subscription's connection back. */
#define RETRY_US 1000000

typedef struct {
  GMutex lock; /* of all that follows; libmosquitto calls back under it */
  DsbindAddress address;
  struct mosquitto *client;
  char *name;            /* "host;port;client-id"; NULL where the broker gives an id */
  GHashTable *under_way; /* by message id: DsbindSent */
  GQueue done;           /* DsbindSent, with a result */
  nvds_msgapi_connect_cb_t on_event;
  int answer; /* to CONNECT: -1 before, else its code */
  char *trouble; /* of TLS, in OpenSSL's words */
  gboolean broken, told;
  nvds_msgapi_subscribe_request_cb_t on_message;
  void *subscriber;
  gchar **topics;   /* of the subscription; NULL without one */
  gint64 next_try;  /* to connect again for it */
  GQueue received; /* struct mosquitto_message */
} Client;

/* The names of the connections that are there: two of one id would end each other for ever. */
static GMutex names_lock;
static GHashTable *names;

/* FALSE after dsbind_adapter_fail(), where another connection has the name. One that only connects
 * has none yet: it may do so for a long time after its end. */
static gboolean check_name(const Client *self, gboolean take) {
  if (!self->name) return TRUE;
  g_mutex_lock(&names_lock);
  if (!names) names = g_hash_table_new(g_str_hash, g_str_equal);
  const gboolean is_free = !g_hash_table_contains(names, self->name);
  if (is_free && take) g_hash_table_add(names, self->name);
  g_mutex_unlock(&names_lock);
  if (!is_free)
    dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "another connection of this program to mqtt at %s:%u "
                        "has the client-id %s, and the broker would end one of them: leave client-id "
                        "out of the broker's config (msg_broker_config), or give each connection a "
                        "config with its own", self->address.host, self->address.port,
                        strrchr(self->name, ';') + 1);
  return is_free;
}

static void leave_name(Client *self) {
  g_mutex_lock(&names_lock);
  /* Its own, not an equal one. */
  gpointer held = NULL;
  if (self->name && names && g_hash_table_lookup_extended(names, self->name, &held, NULL) &&
      held == self->name)
    g_hash_table_remove(names, self->name);
  g_mutex_unlock(&names_lock);
  g_free(self->name);
}

static int subscribe_all(Client *self) {
  int code = MOSQ_ERR_SUCCESS;
  for (guint i = 0; self->topics && self->topics[i] && code == MOSQ_ERR_SUCCESS; i++)
    code = mosquitto_subscribe(self->client, NULL, self->topics[i], QOS);
  return code;
}

/* A broker forgets the subscriptions of a connection that is gone. */
static void on_connect(struct mosquitto *client, void *data, int code) {
  Client *self = data;
  (void)client;
  self->answer = code;
  if (code == 0) subscribe_all(self);
}

/* libmosquitto's codes say no more of TLS than that it failed. */
static void on_log(struct mosquitto *client, void *data, int level, const char *text) {
  Client *self = data;
  (void)client;
  /* The others quote ids and topics. */
  if (level != MOSQ_LOG_ERR) return;
  if (!g_str_has_prefix(text, "OpenSSL Error") && !strstr(text, "verify") &&
      !strstr(text, "certificate") && !strstr(text, "CA "))
    return;
  const char *reason = strrchr(text, ':');
  g_free(self->trouble);
  self->trouble = g_strdup(reason && reason[1] ? reason + 1 : text);
  g_strstrip(self->trouble);
}

static void on_publish(struct mosquitto *client, void *data, int id) {
  Client *self = data;
  (void)client;
  DsbindSent *sent = g_hash_table_lookup(self->under_way, GINT_TO_POINTER(id));
  if (!sent) return;
  g_hash_table_remove(self->under_way, GINT_TO_POINTER(id));
  sent->result = NVDS_MSGAPI_OK;
  g_queue_push_tail(&self->done, sent);
}

static void on_message(struct mosquitto *client, void *data,
                       const struct mosquitto_message *message) {
  Client *self = data;
  (void)client;
  struct mosquitto_message *copy = g_new0(struct mosquitto_message, 1);
  if (mosquitto_message_copy(copy, message) == MOSQ_ERR_SUCCESS)
    g_queue_push_tail(&self->received, copy);
  else
    g_free(copy);
}

static void give_up(Client *self) {
  GHashTableIter iter;
  gpointer sent;
  self->broken = TRUE;
  g_hash_table_iter_init(&iter, self->under_way);
  while (g_hash_table_iter_next(&iter, NULL, &sent)) {
    dsbind_sent_fail(sent);
    ((DsbindSent *)sent)->kind = DSBIND_ADAPTER_AGAIN; /* whatever was said of another one */
    g_queue_push_tail(&self->done, sent);
    g_hash_table_iter_remove(&iter);
  }
}

static void client_free(Client *self) {
  struct mosquitto_message *message;
  if (self->client) mosquitto_destroy(self->client);
  leave_name(self);
  while ((message = g_queue_pop_head(&self->received))) {
    mosquitto_message_free_contents(message);
    g_free(message);
  }
  dsbind_address_clear(&self->address);
  g_hash_table_unref(self->under_way);
  g_free(self->trouble);
  g_strfreev(self->topics);
  g_mutex_clear(&self->lock);
  g_free(self);
}

/* FALSE after dsbind_adapter_fail(). */
static gboolean set_up(Client *self, GKeyFile *config) {
  char *id = dsbind_adapter_text(config, "client-id");
  char *username = dsbind_adapter_text(config, "username");
  char *password = dsbind_adapter_text(config, "password");
  int code = MOSQ_ERR_NOMEM;
  gboolean tls;
  const gboolean valid = dsbind_adapter_tls(config, &tls);
  if (id) self->name = g_strdup_printf("%s;%u;%s", self->address.host, self->address.port, id);
  self->client = mosquitto_new(id, TRUE, self);
  if (self->client) mosquitto_log_callback_set(self->client, on_log);
  if (self->client) code = mosquitto_username_pw_set(self->client, username, password);
  if (code == MOSQ_ERR_SUCCESS && valid && tls) {
    char *ca_file = dsbind_adapter_text(config, "tls-cafile");
    char *ca_folder = dsbind_adapter_text(config, "tls-capath");
    char *certificate = dsbind_adapter_text(config, "tls-certfile");
    char *key = dsbind_adapter_text(config, "tls-keyfile");
    if (!ca_file && !ca_folder) ca_folder = g_strdup("/etc/ssl/certs");
    code = mosquitto_tls_set(self->client, ca_file, ca_folder, certificate, key, NULL);
    g_free(ca_file);
    g_free(ca_folder);
    g_free(certificate);
    g_free(key);
  }
  g_free(id);
  g_free(username);
  g_free(password);
  if (!valid) return FALSE;
  if (code != MOSQ_ERR_SUCCESS) {
    dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "the mqtt config cannot be used: %s; look at client-id, "
                        "username and the tls files", mosquitto_strerror(code));
    return FALSE;
  }
  mosquitto_max_inflight_messages_set(self->client, 0);
  mosquitto_connect_callback_set(self->client, on_connect);
  mosquitto_publish_callback_set(self->client, on_publish);
  mosquitto_message_callback_set(self->client, on_message);
  return TRUE;
}

/* A broker that starts again, or what stands before it, ends the handshake and says nothing. */
static gboolean was_left(const Client *self) {
  return self->trouble && strstr(self->trouble, "unexpected eof");
}

static gboolean reach(Client *self, GKeyFile *config) {
  const int keep_alive = (int)CLAMP(dsbind_adapter_number(config, "keep-alive", 60), 5, 65535);
  const gint64 deadline = g_get_monotonic_time() + CONNECT_MS * G_GINT64_CONSTANT(1000);
  int code = mosquitto_connect(self->client, self->address.host, (int)self->address.port,
                               keep_alive);
  self->answer = -1;
  while (code == MOSQ_ERR_SUCCESS && self->answer < 0 && g_get_monotonic_time() < deadline)
    code = mosquitto_loop(self->client, 50, 1);
  if (self->answer == 0) return TRUE;
  if (self->answer > 0)
    dsbind_adapter_fail(self->answer == 3 ? DSBIND_ADAPTER_AGAIN : DSBIND_ADAPTER_NEVER,
                        "the mqtt broker at %s:%u refuses the connection: %s Set username and "
                        "password in the broker's config (msg_broker_config)",
                        self->address.host, self->address.port,
                        mosquitto_connack_string(self->answer));
  else if ((code == MOSQ_ERR_TLS || self->trouble) && !was_left(self))
    dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "mqtt at %s:%u refuses TLS: %s. Look at tls-cafile, "
                        "which must have signed the broker's certificate for this host name, and at "
                        "tls-certfile and tls-keyfile in the broker's config (msg_broker_config)",
                        self->address.host, self->address.port,
                        self->trouble ? self->trouble : mosquitto_strerror(code));
  else
    dsbind_adapter_fail(DSBIND_ADAPTER_AGAIN, "mqtt at %s:%u cannot be reached: %s", self->address.host,
                        self->address.port,
                        self->trouble              ? self->trouble
                        : code == MOSQ_ERR_SUCCESS ? "no answer"
                                                   : mosquitto_strerror(code));
  return FALSE;
}

DSBIND_EXPORT NvDsMsgApiHandle nvds_msgapi_connect(char *address, nvds_msgapi_connect_cb_t connect_cb,
                                                   char *config_path) {
  static gsize started;
  DsbindAddress where;
  if (!dsbind_adapter_address(address, "mqtt", &where)) return NULL;
  GKeyFile *config = dsbind_adapter_config(config_path);
  if (!config) {
    dsbind_address_clear(&where);
    return NULL;
  }
  if (g_once_init_enter(&started)) {
    mosquitto_lib_init();
    g_once_init_leave(&started, 1);
  }
  Client *self = g_new0(Client, 1);
  g_mutex_init(&self->lock);
  self->address = where;
  self->on_event = connect_cb;
  self->under_way = g_hash_table_new(NULL, NULL);
  const gboolean good = set_up(self, config) && check_name(self, FALSE) &&
                        reach(self, config) && check_name(self, TRUE);
  g_key_file_unref(config);
  if (!good) {
    client_free(self);
    return NULL;
  }
  if (connect_cb) connect_cb(self, NVDS_MSGAPI_EVT_SUCCESS);
  return self;
}

DSBIND_EXPORT NvDsMsgApiErrorType nvds_msgapi_send_async(NvDsMsgApiHandle handle, char *topic,
                                                         const uint8_t *payload, size_t size,
                                                         nvds_msgapi_send_cb_t callback,
                                                         void *user) {
  Client *self = handle;
  const char *name = topic && *topic ? topic : self->address.topic;
  int id = 0, code = MOSQ_ERR_CONN_LOST;
  if (!name || mosquitto_pub_topic_check(name) != MOSQ_ERR_SUCCESS) {
    dsbind_adapter_fail(DSBIND_ADAPTER_REFUSED, name ? "an mqtt topic has no + and no #"
                                                     : "a message has no topic: set topic");
    return NVDS_MSGAPI_UNKNOWN_TOPIC;
  }
  if (size > MQTT_MAX_PAYLOAD) {
    dsbind_adapter_fail(DSBIND_ADAPTER_REFUSED, "a message is larger than mqtt's 256 MB");
    return NVDS_MSGAPI_ERR;
  }
  g_mutex_lock(&self->lock);
  if (!self->broken)
    code = mosquitto_publish(self->client, &id, name, (int)size, payload, QOS, FALSE);
  if (code == MOSQ_ERR_SUCCESS)
    g_hash_table_insert(self->under_way, GINT_TO_POINTER(id), dsbind_sent_new(callback, user));
  g_mutex_unlock(&self->lock);
  if (code == MOSQ_ERR_SUCCESS) return NVDS_MSGAPI_OK;
  dsbind_adapter_fail(code == MOSQ_ERR_PAYLOAD_SIZE || code == MOSQ_ERR_OVERSIZE_PACKET ||
                              code == MOSQ_ERR_MALFORMED_UTF8 || code == MOSQ_ERR_INVAL
                          ? DSBIND_ADAPTER_REFUSED
                          : DSBIND_ADAPTER_AGAIN,
                      "mqtt does not take a message: %s", mosquitto_strerror(code));
  return NVDS_MSGAPI_ERR;
}

DSBIND_EXPORT NvDsMsgApiErrorType nvds_msgapi_send(NvDsMsgApiHandle handle, char *topic,
                                                   const uint8_t *payload, size_t size) {
  return dsbind_adapter_send(handle, topic, payload, size);
}

/* Hands one received message to the subscriber. */
static void pass_on(Client *self, struct mosquitto_message *message) {
  self->on_message(NVDS_MSGAPI_OK, message->payload, message->payloadlen, message->topic,
                   self->subscriber);
  mosquitto_message_free_contents(message);
  g_free(message);
}

/* Who sends connects anew by itself; who only listens has nobody that would. */
static void get_back(Client *self) {
  const gint64 now = g_get_monotonic_time();
  if (!self->topics || now < self->next_try) return;
  self->next_try = now + RETRY_US;
  if (mosquitto_reconnect(self->client) == MOSQ_ERR_SUCCESS) self->broken = self->told = FALSE;
}

DSBIND_EXPORT void nvds_msgapi_do_work(NvDsMsgApiHandle handle) {
  Client *self = handle;
  GQueue done = G_QUEUE_INIT, received = G_QUEUE_INIT;
  gpointer item;
  g_mutex_lock(&self->lock);
  if (self->broken) get_back(self);
  if (!self->broken) {
    const int code = mosquitto_loop(self->client, 0, 1);
    if (code != MOSQ_ERR_SUCCESS) {
      dsbind_adapter_fail(DSBIND_ADAPTER_AGAIN, "the connection to mqtt at %s:%u is gone: %s",
                          self->address.host, self->address.port, mosquitto_strerror(code));
      give_up(self);
    }
  }
  const gboolean tell = self->broken && !self->told;
  if (self->broken) self->told = TRUE;
  while ((item = g_queue_pop_head(&self->done))) g_queue_push_tail(&done, item);
  while ((item = g_queue_pop_head(&self->received))) g_queue_push_tail(&received, item);
  g_mutex_unlock(&self->lock);
  while ((item = g_queue_pop_head(&done)))
    dsbind_sent_finish(item);
  while ((item = g_queue_pop_head(&received))) pass_on(self, item);
  if (tell && self->on_event) self->on_event(self, NVDS_MSGAPI_EVT_DISCONNECT);
}

DSBIND_EXPORT NvDsMsgApiErrorType nvds_msgapi_subscribe(NvDsMsgApiHandle handle, char **topics,
                                                        int count,
                                                        nvds_msgapi_subscribe_request_cb_t callback,
                                                        void *user) {
  Client *self = handle;
  int code = MOSQ_ERR_SUCCESS;
  if (self->on_message || !callback || count < 1) {
    dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, self->on_message
                                                  ? "this connection has a subscription already"
                                                  : "a subscription needs topics and a callback");
    return NVDS_MSGAPI_ERR;
  }
  g_mutex_lock(&self->lock);
  self->on_message = callback;
  self->subscriber = user;
  self->topics = g_new0(gchar *, (gsize)count + 1);
  for (int i = 0; i < count; i++) self->topics[i] = g_strdup(topics[i]);
  code = subscribe_all(self);
  g_mutex_unlock(&self->lock);
  if (code == MOSQ_ERR_SUCCESS) return NVDS_MSGAPI_OK;
  dsbind_adapter_fail(DSBIND_ADAPTER_AGAIN, "mqtt does not take the subscription: %s",
                      mosquitto_strerror(code));
  return NVDS_MSGAPI_ERR;
}

DSBIND_EXPORT NvDsMsgApiErrorType nvds_msgapi_disconnect(NvDsMsgApiHandle handle) {
  Client *self = handle;
  DsbindSent *sent;
  mosquitto_disconnect(self->client);
  if (!self->broken) mosquitto_loop(self->client, 0, 1);
  give_up(self);
  while ((sent = g_queue_pop_head(&self->done))) dsbind_sent_finish(sent);
  client_free(self);
  return NVDS_MSGAPI_OK;
}

DSBIND_EXPORT char *nvds_msgapi_getversion(void) { return (char *)"2.0"; }
DSBIND_EXPORT char *nvds_msgapi_get_protocol_name(void) { return (char *)"MQTT"; }

DSBIND_EXPORT NvDsMsgApiErrorType nvds_msgapi_connection_signature(char *address, char *config,
                                                                   char *out, int size) {
  return dsbind_adapter_signature("mqtt", address, config, out, size);
}
