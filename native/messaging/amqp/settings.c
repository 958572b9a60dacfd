/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "connection.h"

#define DEFAULT_PORT 5672
#define DEFAULT_FRAME_SIZE 131072
#define DEFAULT_HEARTBEAT 60
/* rabbitmq-c knows no folder of certificates. */
#define SYSTEM_CERTIFICATES "/etc/ssl/certs/ca-certificates.crt"

/* "host;port", "host;port;username" or "host;port;username;password"; where it is empty, hostname
 * and port of the config. FALSE after dsbind_adapter_fail(). */
static gboolean set_address(DsbindAmqpSettings *self, const char *address, GKeyFile *config) {
  if (!address || !*address) {
    self->address.host = dsbind_adapter_text(config, "hostname");
    self->address.port = (guint)CLAMP(dsbind_adapter_number(config, "port", DEFAULT_PORT), 0, 65535);
    if (self->address.host && self->address.port) return TRUE;
  }
  if (!dsbind_adapter_address(address, "amqp", &self->address)) return FALSE;
  char *rest = self->address.topic; /* as the others have it */
  self->address.topic = NULL;
  if (!rest) return TRUE;
  char *end = strchr(rest, ';');
  if (end && end[1]) self->password = g_strdup(end + 1);
  if (end) *end = 0;
  if (*rest) self->username = g_strdup(rest);
  g_free(rest);
  return TRUE;
}

/* What the address did not tell: of the environment, then of the config. */
static void set_text(char **place, const char *variable, GKeyFile *config, const char *key,
                     const char *initial) {
  const char *value = variable ? g_getenv(variable) : NULL;
  if (!*place && value && *value) *place = g_strdup(value);
  if (!*place) *place = dsbind_adapter_text(config, key);
  if (!*place) *place = g_strdup(initial);
}

/* FALSE after dsbind_adapter_fail(). */
static gboolean check_names(const DsbindAmqpSettings *self) {
  const char *const names[][2] = {
      {"exchange", self->exchange}, {"vhost", self->vhost}, {"topic", self->address.topic}};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    if (!names[i][1] || strlen(names[i][1]) <= DSBIND_AMQP_LONGEST) continue;
    dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "%s of the amqp config has more than %d bytes",
                        names[i][0], DSBIND_AMQP_LONGEST);
    return FALSE;
  }
  return TRUE;
}

DsbindAmqpSettings *dsbind_amqp_settings_new(const char *address, const char *config_path) {
  GKeyFile *config = dsbind_adapter_config(config_path);
  if (!config) return NULL;
  DsbindAmqpSettings *self = g_new0(DsbindAmqpSettings, 1);
  gboolean good = set_address(self, address, config);
  if (good) {
    /* An exchange that is set to nothing is the default one. */
    const gboolean named = g_key_file_has_key(config, DSBIND_ADAPTER_GROUP, "exchange", NULL);
    set_text(&self->username, "USER_AMQP", config, "username", "guest");
    set_text(&self->password, "PASSWORD_AMQP", config, "password", "guest");
    set_text(&self->exchange, NULL, config, "exchange", named ? "" : "amq.topic");
    set_text(&self->vhost, NULL, config, "vhost", "/");
    set_text(&self->ca_file, NULL, config, "tls-cafile", SYSTEM_CERTIFICATES);
    self->address.topic = dsbind_adapter_text(config, "topic");
    self->frame_size = (int)CLAMP(
        dsbind_adapter_number(config, "amqp-framesize", DEFAULT_FRAME_SIZE), 4096, 1 << 24);
    self->heartbeat =
        (int)CLAMP(dsbind_adapter_number(config, "amqp-heartbeat", DEFAULT_HEARTBEAT), 0, 3600);
    self->certificate = dsbind_adapter_text(config, "tls-certfile");
    self->key = dsbind_adapter_text(config, "tls-keyfile");
    good = dsbind_adapter_tls(config, &self->tls) && check_names(self);
  }
  g_key_file_unref(config);
  if (good) return self;
  dsbind_amqp_settings_free(self);
  return NULL;
}

void dsbind_amqp_settings_free(DsbindAmqpSettings *self) {
  dsbind_address_clear(&self->address);
  g_free(self->username);
  g_free(self->password);
  g_free(self->vhost);
  g_free(self->exchange);
  g_free(self->ca_file);
  g_free(self->certificate);
  g_free(self->key);
  g_free(self);
}
