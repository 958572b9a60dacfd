/* SPDX-License-Identifier: Apache-2.0 */
#include "adapter.h"

#include <string.h>

static __thread struct {
  int kind;
  char text[512];
} last;

void dsbind_adapter_fail(DsbindAdapterError kind, const char *format, ...) {
  va_list values;
  last.kind = kind;
  va_start(values, format);
  g_vsnprintf(last.text, sizeof last.text, format, values);
  va_end(values);
}

int dsbind_msgapi_last_error(char *text, size_t size) {
  if (size) g_strlcpy(text, last.text, size);
  return last.kind;
}

/* Of the first line that is no setting of a group; 0 where there is none. */
static guint odd_line(const char *path) {
  char *content = NULL;
  guint found = 0;
  gboolean grouped = FALSE;
  if (!g_file_get_contents(path, &content, NULL, NULL)) return 0;
  char **lines = g_strsplit(content, "\n", -1);
  for (guint i = 0; lines[i] && !found; i++) {
    const char *line = g_strstrip(lines[i]);
    if (*line == '[') grouped = TRUE;
    else if (*line && *line != '#' && !(grouped && strchr(line, '='))) found = i + 1;
  }
  g_strfreev(lines);
  g_free(content);
  return found;
}

/* GLib's text quotes the line, which may be the one with the password. */
static void fail_config(const char *path, const GError *error) {
  const guint line = error->domain == G_KEY_FILE_ERROR ? odd_line(path) : 0;
  char *reason = line ? g_strdup_printf("line %u is no \"key = value\" of a group", line)
                 : error->domain == G_KEY_FILE_ERROR
                     ? g_strdup("it is no text of [groups] with \"key = value\"")
                     : g_strdup(error->message);
  dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "the broker's config %s cannot be read: %s", path,
                      reason);
  g_free(reason);
}

GKeyFile *dsbind_adapter_config(const char *path) {
  GKeyFile *config = g_key_file_new();
  GError *error = NULL;
  if (!path || !*path) return config;
  if (!g_key_file_load_from_file(config, path, G_KEY_FILE_NONE, &error)) {
    fail_config(path, error);
    g_error_free(error);
    g_clear_pointer(&config, g_key_file_unref);
    return NULL;
  }
  /* Settings of another group would count for nothing: TLS and the log in would be left out. */
  gsize groups = 0;
  g_strfreev(g_key_file_get_groups(config, &groups));
  if (!groups || g_key_file_has_group(config, DSBIND_ADAPTER_GROUP)) return config;
  dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "the broker's config %s has no group ["
                      DSBIND_ADAPTER_GROUP "]: write it above its settings", path);
  g_key_file_unref(config);
  return NULL;
}

char *dsbind_adapter_text(GKeyFile *config, const char *key) {
  char *value = g_key_file_get_value(config, DSBIND_ADAPTER_GROUP, key, NULL);
  if (!value) return NULL;
  g_strstrip(value);
  const gsize length = strlen(value);
  if (length >= 2 && value[0] == value[length - 1] && (value[0] == '"' || value[0] == '\'')) {
    value[length - 1] = 0;
    memmove(value, value + 1, length - 1);
  }
  if (!*value) g_clear_pointer(&value, g_free);
  return value;
}

gint64 dsbind_adapter_number(GKeyFile *config, const char *key, gint64 initial) {
  char *text = dsbind_adapter_text(config, key), *end = NULL;
  if (!text) return initial;
  const gint64 value = g_ascii_strtoll(text, &end, 10);
  const gboolean whole = end != text && !*end;
  g_free(text);
  return whole ? value : initial;
}

gboolean dsbind_adapter_tls(GKeyFile *config, gboolean *on) {
  static const char *const words[] = {"0", "1", "false", "true", "no", "yes", "off", "on"};
  char *text = dsbind_adapter_text(config, "enable-tls");
  gboolean known = !text;
  *on = FALSE;
  for (guint i = 0; i < G_N_ELEMENTS(words) && !known; i++) {
    known = g_ascii_strcasecmp(text, words[i]) == 0;
    *on = known && i % 2;
  }
  if (!known)
    dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "enable-tls of the broker's config "
                        "(msg_broker_config) is \"%s\": write 1 or 0, and nothing behind it", text);
  g_free(text);
  return known;
}

gboolean dsbind_adapter_address(const char *text, const char *protocol, DsbindAddress *address) {
  gchar **parts = g_strsplit(text ? text : "", ";", 3);
  const guint count = g_strv_length(parts);
  guint64 port = 0;
  for (guint i = 0; i < count; i++) g_strstrip(parts[i]);
  const gboolean valid = count >= 2 && *parts[0] && !strchr(parts[0], '@') &&
                         g_ascii_string_to_unsigned(parts[1], 10, 1, 65535, &port, NULL);
  if (valid) {
    address->host = g_strdup(parts[0]);
    address->port = (guint)port;
    address->topic = count == 3 && *parts[2] ? g_strdup(parts[2]) : NULL;
  } else {
    /* Not the text itself: a URI in its place may hold a password. */
    dsbind_adapter_fail(DSBIND_ADAPTER_NEVER,
                        "the connection string of %s is no \"host;port\": write the broker's host, a "
                        "semicolon and its port, such as \"127.0.0.1;%s\"",
                        protocol,
                        strcmp(protocol, "redis") == 0   ? "6379"
                        : strcmp(protocol, "kafka") == 0 ? "9092"
                        : strcmp(protocol, "mqtt") == 0  ? "1883"
                                                         : "5672");
  }
  g_strfreev(parts);
  return valid;
}

void dsbind_address_clear(DsbindAddress *address) {
  g_clear_pointer(&address->host, g_free);
  g_clear_pointer(&address->topic, g_free);
}

NvDsMsgApiErrorType dsbind_adapter_signature(const char *protocol, const char *address,
                                             const char *config, char *out, int size) {
  char *content = NULL;
  if (!address || !out || size < 65) {
    if (out && size > 0) *out = 0;
    return NVDS_MSGAPI_ERR;
  }
  /* None: whoever wants to share says so. */
  *out = 0;
  GKeyFile *keys = dsbind_adapter_config(config);
  const gboolean shared = keys && dsbind_adapter_number(keys, "share-connection", 0) == 1;
  if (keys) g_key_file_unref(keys);
  if (!shared) return NVDS_MSGAPI_OK;
  g_file_get_contents(config, &content, NULL, NULL);
  char *all = g_strconcat(protocol, "\n", address, "\n", content ? content : "", NULL);
  char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, all, -1);
  g_strlcpy(out, hash, (gsize)size);
  g_free(hash);
  g_free(all);
  g_free(content);
  return NVDS_MSGAPI_OK;
}

DsbindSent *dsbind_sent_new(nvds_msgapi_send_cb_t callback, void *user) {
  DsbindSent *sent = g_new0(DsbindSent, 1);
  sent->callback = callback;
  sent->user = user;
  return sent;
}

void dsbind_sent_fail(DsbindSent *sent) {
  sent->result = NVDS_MSGAPI_ERR;
  sent->kind = (DsbindAdapterError)last.kind;
  g_free(sent->reason);
  sent->reason = g_strdup(last.text);
}

void dsbind_sent_finish(DsbindSent *sent) {
  if (sent->reason) dsbind_adapter_fail(sent->kind, "%s", sent->reason);
  if (sent->callback) sent->callback(sent->user, sent->result);
  g_free(sent->reason);
  g_free(sent);
}
