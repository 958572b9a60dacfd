/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#include <string.h>

static gboolean set(rd_kafka_conf_t *conf, const char *name, const char *value) {
  char error[256];
  if (rd_kafka_conf_set(conf, name, value, error, sizeof error) == RD_KAFKA_CONF_OK) return TRUE;
  /* librdkafka's text quotes the value, which may be a password. */
  const gboolean secret = strstr(name, "password") || strstr(name, "secret") ||
                          strstr(name, "jaas") || strstr(name, "pem");
  dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "librdkafka does not take the setting %s of the kafka "
                      "config%s%s", name, secret ? "" : ": ", secret ? "" : error);
  return FALSE;
}

/* "name=value;name=value" */
static gboolean set_all(rd_kafka_conf_t *conf, const char *text) {
  gchar **pairs = g_strsplit(text, ";", -1);
  gboolean good = TRUE;
  for (guint i = 0; pairs[i] && good; i++) {
    char *pair = g_strstrip(pairs[i]);
    char *equals = strchr(pair, '=');
    if (!*pair) continue;
    if (!equals) {
      dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "the settings of the kafka config are "
                          "\"name=value;name=value\": number %u has no \"=\"", i + 1);
      good = FALSE;
      break;
    }
    *equals = 0;
    good = set(conf, g_strstrip(pair), g_strstrip(equals + 1));
  }
  g_strfreev(pairs);
  return good;
}

static gboolean set_key(rd_kafka_conf_t *conf, GKeyFile *config, const char *key) {
  char *text = dsbind_adapter_text(config, key);
  const gboolean good = !text || set_all(conf, text);
  g_free(text);
  return good;
}

rd_kafka_conf_t *dsbind_kafka_conf(const DsbindAddress *address, GKeyFile *config,
                                   gboolean consumer) {
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  char *broker = g_strdup_printf(strchr(address->host, ':') ? "[%s]:%u" : "%s:%u", address->host,
                                 address->port);
  /* Not in builds of librdkafka without TLS, and not the default of older ones. */
  rd_kafka_conf_set(conf, "ssl.endpoint.identification.algorithm", "https", NULL, 0);
  char *group = dsbind_adapter_text(config, "consumer-group-id");
  gboolean good = set(conf, "bootstrap.servers", broker) &&
                  set(conf, "reconnect.backoff.max.ms", "2000");
  if (consumer) {
    good = good && set(conf, "group.id", group ? group : "test-consumer-group") &&
           set(conf, "auto.offset.reset", "latest");
  } else {
    /* A message that was sent again after a loss of the connection is stored once. */
    good = good && set(conf, "enable.idempotence", "true") && set(conf, "linger.ms", "2") &&
           set(conf, "message.timeout.ms", "10000") &&
           /* Before a message times out: an unknown topic is then told as one. */
           set(conf, "topic.metadata.propagation.max.ms", "3000");
  }
  good = good && set_key(conf, config, "proto-cfg") &&
         set_key(conf, config, consumer ? "consumer-proto-cfg" : "producer-proto-cfg");
  g_free(broker);
  g_free(group);
  if (good) return conf;
  rd_kafka_conf_destroy(conf);
  return NULL;
}

gboolean dsbind_kafka_refuses(int code, const char *reason) {
  /* A broker that starts again, or what stands before it, ends the handshake and says nothing. */
  if (code == RD_KAFKA_RESP_ERR__SSL && reason &&
      (strstr(reason, "unexpected eof") || strstr(reason, "Disconnected")))
    return FALSE;
  switch (code) {
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM: return TRUE;
    /* A broker may end the connection rather than say so; librdkafka knows what it was about. */
    default: return reason && (strstr(reason, "SASL") || strstr(reason, "certificate"));
  }
}

/* Where the JSON value that begins at `at` ends; `end` where the text does. */
static const char *skip_value(const char *at, const char *end) {
  guint depth = 0;
  gboolean quoted = FALSE;
  for (; at < end; at++) {
    if (quoted) {
      if (*at == '\\') at++;
      else if (*at == '"') quoted = FALSE;
      continue;
    }
    if (*at == '"') quoted = TRUE;
    if (*at == '{' || *at == '[') depth++;
    if (*at == '}' || *at == ']') {
      if (!depth) return at;
      depth--;
    }
    if (*at == ',' && !depth) return at;
  }
  return end;
}

static const char *skip_space(const char *at, const char *end) {
  while (at < end && g_ascii_isspace(*at)) at++;
  return at;
}

/* The value of a key of the object at `at`; NULL where it has none. */
static const char *value_of(const char *at, const char *end, const char *key, gsize length) {
  at = skip_space(at, end);
  if (at >= end || *at++ != '{') return NULL;
  for (;;) {
    at = skip_space(at, end);
    if (at >= end || *at != '"') return NULL;
    const char *name = ++at;
    while (at < end && *at != '"') at += *at == '\\' ? 2 : 1;
    if (at >= end) return NULL;
    const gboolean found = (gsize)(at - name) == length && memcmp(name, key, length) == 0;
    at = skip_space(at + 1, end);
    if (at >= end || *at != ':') return NULL;
    at = skip_space(at + 1, end);
    if (found) return at;
    at = skip_value(at, end);
    if (at >= end || *at != ',') return NULL;
    at++;
  }
}

char *dsbind_json_find(const char *json, gsize size, const char *path) {
  const char *at = json, *end = json + size;
  for (;;) {
    const char *dot = strchr(path, '.');
    at = value_of(at, end, path, dot ? (gsize)(dot - path) : strlen(path));
    if (!at || at >= end) return NULL;
    if (!dot) break;
    path = dot + 1;
  }
  if (*at == '{' || *at == '[') return NULL;
  const char *last = skip_value(at, end);
  while (last > at && g_ascii_isspace(last[-1])) last--;
  if (*at == '"' && last - at >= 2) return g_strndup(at + 1, (gsize)(last - at) - 2);
  return g_strndup(at, (gsize)(last - at));
}
