/* SPDX-License-Identifier: Apache-2.0 */
#include "connection.h"

#include <string.h>

/* Of connecting, and of each answer. */
#define TIMEOUT_SECONDS 3

/* hiredis_ssl checks who signed a certificate, not whether it is of this host: with it, whoever has
 * any certificate at all could read along. FALSE after dsbind_adapter_fail(). */
static gboolean goes_without_tls(GKeyFile *config) {
  gboolean tls;
  if (!dsbind_adapter_tls(config, &tls)) return FALSE;
  if (tls)
    dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "the redis config has enable-tls, and hiredis does not "
                        "check that a TLS certificate is of the host: let a TLS tunnel that does, "
                        "such as stunnel with checkHost, listen on this machine, connect to it, and "
                        "leave enable-tls out");
  return !tls;
}

DsbindRedisSettings *dsbind_redis_settings_new(const char *address, const char *config_path) {
  DsbindRedisSettings *self = g_new0(DsbindRedisSettings, 1);
  GKeyFile *config = NULL;
  if (!dsbind_adapter_address(address, "redis", &self->address) ||
      !(config = dsbind_adapter_config(config_path)) || !goes_without_tls(config)) {
    if (config) g_key_file_unref(config);
    dsbind_redis_settings_free(self);
    return NULL;
  }
  self->username = dsbind_adapter_text(config, "username");
  self->password = dsbind_adapter_text(config, "password");
  self->field = dsbind_adapter_text(config, "payloadkey");
  self->group = dsbind_adapter_text(config, "consumergroup");
  self->consumer = dsbind_adapter_text(config, "consumername");
  self->stream_size = dsbind_adapter_number(config, "streamsize", 10000);
  if (!self->field) self->field = g_strdup("metadata");
  if (!self->group) self->group = g_strdup("mygroup");
  if (!self->consumer) self->consumer = g_strdup("myname");
  g_key_file_unref(config);
  return self;
}

void dsbind_redis_settings_free(DsbindRedisSettings *self) {
  dsbind_address_clear(&self->address);
  g_free(self->username);
  g_free(self->password);
  g_free(self->field);
  g_free(self->group);
  g_free(self->consumer);
  g_free(self);
}

DsbindAdapterError dsbind_redis_kind(const char *text) {
  static const char *const denied[] = {"NOAUTH", "WRONGPASS", "NOPERM", "ERR invalid password",
                                       "ERR AUTH", "ERR Client sent AUTH", NULL};
  static const char *const later[] = {"OOM", "LOADING", "MISCONF", "READONLY", "MASTERDOWN",
                                      "NOREPLICAS", "CLUSTERDOWN", "TRYAGAIN", "BUSY", NULL};
  for (guint i = 0; denied[i]; i++)
    if (g_str_has_prefix(text, denied[i])) return DSBIND_ADAPTER_NEVER;
  for (guint i = 0; later[i]; i++)
    if (g_str_has_prefix(text, later[i])) return DSBIND_ADAPTER_AGAIN;
  return DSBIND_ADAPTER_REFUSED;
}

/* What the server says, without the password: a server that does not know AUTH repeats it. */
static const char *said(const DsbindRedisSettings *settings, const redisReply *reply) {
  const gboolean repeats = settings->password && strstr(reply->str, settings->password);
  return repeats || g_str_has_prefix(reply->str, "ERR unknown command")
             ? "it does not know the command AUTH"
             : reply->str;
}

/* Logs in, and sees whether the server answers; it may want a password that is not given. */
static gboolean greet(const DsbindRedisSettings *settings, redisContext *context) {
  redisReply *reply;
  if (settings->password && settings->username)
    reply = redisCommand(context, "AUTH %s %s", settings->username, settings->password);
  else if (settings->password)
    reply = redisCommand(context, "AUTH %s", settings->password);
  else
    reply = redisCommand(context, "PING");
  const gboolean good = reply && reply->type != REDIS_REPLY_ERROR;
  if (!reply)
    dsbind_adapter_fail(DSBIND_ADAPTER_AGAIN, "redis at %s:%u does not answer: %s",
                        settings->address.host, settings->address.port, context->errstr);
  else if (!good && dsbind_redis_kind(reply->str) == DSBIND_ADAPTER_AGAIN)
    dsbind_adapter_fail(DSBIND_ADAPTER_AGAIN, "redis at %s:%u is not ready: %s",
                        settings->address.host, settings->address.port, said(settings, reply));
  else if (!good)
    dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "redis at %s:%u refuses the log in: %s. Set username "
                        "and password in the broker's config (msg_broker_config)",
                        settings->address.host, settings->address.port, said(settings, reply));
  if (reply) freeReplyObject(reply);
  return good;
}

redisContext *dsbind_redis_open(const DsbindRedisSettings *settings) {
  const struct timeval limit = {.tv_sec = TIMEOUT_SECONDS};
  redisContext *context =
      redisConnectWithTimeout(settings->address.host, (int)settings->address.port, limit);
  const gboolean connected =
      context && !context->err && redisSetTimeout(context, limit) == REDIS_OK;
  if (connected && greet(settings, context)) return context;
  /* What failed later has said so. */
  if (!connected || context->err == REDIS_ERR_IO)
    dsbind_adapter_fail(DSBIND_ADAPTER_AGAIN, "redis at %s:%u cannot be reached: %s",
                        settings->address.host, settings->address.port,
                        context ? context->errstr : "out of memory");
  if (context) redisFree(context);
  return NULL;
}
