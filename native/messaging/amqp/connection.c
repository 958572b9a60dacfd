/* SPDX-License-Identifier: Apache-2.0 */
#include "connection.h"

#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp_tcp_socket.h>
#endif
#ifdef DSBIND_AMQP_TLS
#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/ssl_socket.h>
#else
#include <amqp_ssl_socket.h>
#endif
#endif

/* Of connecting, and of each answer. */
#define TIMEOUT_SECONDS 3

static gboolean is_final(int code) {
  return code == AMQP_ACCESS_REFUSED || code == AMQP_NOT_ALLOWED || code == AMQP_NOT_FOUND ||
         code == AMQP_INVALID_PATH || code == AMQP_NOT_IMPLEMENTED;
}

static void fail_refused(const DsbindAmqpSettings *settings, int code, amqp_bytes_t text) {
  const char *advice = "";
  if (code == AMQP_ACCESS_REFUSED || code == AMQP_NOT_ALLOWED)
    advice = ". Set username, password and vhost in the broker's config (msg_broker_config)";
  else if (code == AMQP_NOT_FOUND)
    advice = ". Create it at the broker, or set exchange in the broker's config "
             "(msg_broker_config)";
  dsbind_adapter_fail(is_final(code) ? DSBIND_ADAPTER_NEVER : DSBIND_ADAPTER_AGAIN,
                      "amqp at %s:%u refuses: %.*s%s", settings->address.host,
                      settings->address.port, (int)MIN(text.len, 300), (const char *)text.bytes,
                      advice);
}

static void fail_library(const DsbindAmqpSettings *settings, int status) {
  const gboolean final = status == AMQP_STATUS_SSL_HOSTNAME_VERIFY_FAILED ||
                         status == AMQP_STATUS_SSL_PEER_VERIFY_FAILED ||
                         status == AMQP_STATUS_BROKER_UNSUPPORTED_SASL_METHOD;
  dsbind_adapter_fail(final ? DSBIND_ADAPTER_NEVER : DSBIND_ADAPTER_AGAIN,
                      "amqp at %s:%u cannot be reached: %s%s", settings->address.host,
                      settings->address.port, amqp_error_string2(status),
                      final && settings->tls ? ". Look at the name of the host and at tls-cafile"
                                             : "");
}

gboolean dsbind_amqp_check(const DsbindAmqpSettings *settings, amqp_rpc_reply_t reply) {
  if (reply.reply_type == AMQP_RESPONSE_NORMAL) return TRUE;
  if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
      reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
    const amqp_connection_close_t *close = reply.reply.decoded;
    fail_refused(settings, close->reply_code, close->reply_text);
  } else if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
             reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
    const amqp_channel_close_t *close = reply.reply.decoded;
    fail_refused(settings, close->reply_code, close->reply_text);
  } else {
    fail_library(settings, reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION
                               ? reply.library_error
                               : AMQP_STATUS_UNEXPECTED_STATE);
  }
  return FALSE;
}

int dsbind_amqp_closed(const DsbindAmqpSettings *settings, amqp_connection_state_t connection,
                       const amqp_frame_t *frame) {
  int code;
  amqp_bytes_t text;
  if (frame->payload.method.id == AMQP_CHANNEL_CLOSE_METHOD) {
    const amqp_channel_close_t *close = frame->payload.method.decoded;
    code = close->reply_code;
    text = close->reply_text;
  } else {
    const amqp_connection_close_t *close = frame->payload.method.decoded;
    amqp_connection_close_ok_t ok = {0};
    code = close->reply_code;
    text = close->reply_text;
    amqp_send_method(connection, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &ok);
  }
  dsbind_adapter_fail(DSBIND_ADAPTER_AGAIN, "amqp at %s:%u has ended the connection: %.*s",
                      settings->address.host, settings->address.port, (int)MIN(text.len, 300),
                      (const char *)text.bytes);
  return code;
}

int dsbind_amqp_next(const DsbindAmqpSettings *settings, amqp_connection_state_t connection,
                     int milliseconds, amqp_frame_t *frame) {
  const struct timeval limit = {milliseconds / 1000, milliseconds % 1000 * 1000};
  amqp_maybe_release_buffers(connection);
  const int status = amqp_simple_wait_frame_noblock(connection, frame, &limit);
  if (status == AMQP_STATUS_OK) return 1;
  if (status == AMQP_STATUS_TIMEOUT) return 0;
  dsbind_adapter_fail(DSBIND_ADAPTER_AGAIN, "the connection to amqp at %s:%u is gone: %s",
                      settings->address.host, settings->address.port, amqp_error_string2(status));
  return -1;
}

#ifdef DSBIND_AMQP_TLS
static amqp_socket_t *secure_socket(const DsbindAmqpSettings *settings,
                                    amqp_connection_state_t connection) {
  amqp_socket_t *socket = amqp_ssl_socket_new(connection);
  if (!socket) return NULL;
  amqp_ssl_socket_set_verify_peer(socket, TRUE);
  amqp_ssl_socket_set_verify_hostname(socket, TRUE);
  const char *file = settings->ca_file;
  int status = amqp_ssl_socket_set_cacert(socket, file);
  if (status == AMQP_STATUS_OK && settings->certificate) {
    file = settings->certificate;
    status = amqp_ssl_socket_set_key(socket, file,
                                     settings->key ? settings->key : settings->certificate);
  }
  if (status == AMQP_STATUS_OK) return socket;
  dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "the TLS files of the amqp config cannot be used: %s: "
                      "%s. Look at tls-cafile, tls-certfile and tls-keyfile", file,
                      amqp_error_string2(status));
  return NULL;
}
#else
static amqp_socket_t *secure_socket(const DsbindAmqpSettings *settings,
                                    amqp_connection_state_t connection) {
  (void)settings, (void)connection;
  dsbind_adapter_fail(DSBIND_ADAPTER_NEVER, "the amqp config has enable-tls, and the rabbitmq-c that "
                      "this dsbind was built with has no TLS: build it with one that has");
  return NULL;
}
#endif

static gboolean reach(const DsbindAmqpSettings *settings, amqp_connection_state_t connection) {
  const struct timeval limit = {.tv_sec = TIMEOUT_SECONDS};
  amqp_socket_t *socket = settings->tls ? secure_socket(settings, connection)
                                        : amqp_tcp_socket_new(connection);
  if (!socket) return FALSE;
  if (amqp_set_handshake_timeout(connection, &limit) != AMQP_STATUS_OK ||
      amqp_set_rpc_timeout(connection, &limit) != AMQP_STATUS_OK)
    return FALSE;
  const int status = amqp_socket_open_noblock(socket, settings->address.host,
                                              (int)settings->address.port, &limit);
  if (status != AMQP_STATUS_OK) fail_library(settings, status);
  return status == AMQP_STATUS_OK;
}

static gboolean log_in(const DsbindAmqpSettings *settings, amqp_connection_state_t connection) {
  /* The broker then says when it takes no messages for a time. */
  amqp_table_entry_t blocked = {.key = amqp_cstring_bytes("connection.blocked"),
                                .value = {.kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1}};
  amqp_table_entry_t capabilities = {
      .key = amqp_cstring_bytes("capabilities"),
      .value = {.kind = AMQP_FIELD_KIND_TABLE,
                .value.table = {.num_entries = 1, .entries = &blocked}}};
  const amqp_table_t properties = {.num_entries = 1, .entries = &capabilities};
  return dsbind_amqp_check(
      settings,
      amqp_login_with_properties(connection, settings->vhost, 0, settings->frame_size,
                                 settings->heartbeat, &properties, AMQP_SASL_METHOD_PLAIN,
                                 settings->username, settings->password));
}

static gboolean open_channel(const DsbindAmqpSettings *settings,
                             amqp_connection_state_t connection) {
  amqp_channel_open(connection, DSBIND_AMQP_CHANNEL);
  if (!dsbind_amqp_check(settings, amqp_get_rpc_reply(connection))) return FALSE;
  if (!*settings->exchange) return TRUE;
  amqp_exchange_declare(connection, DSBIND_AMQP_CHANNEL, amqp_cstring_bytes(settings->exchange),
                        amqp_cstring_bytes("topic"), TRUE /* passive */, FALSE, FALSE, FALSE,
                        amqp_empty_table);
  return dsbind_amqp_check(settings, amqp_get_rpc_reply(connection));
}

amqp_connection_state_t dsbind_amqp_open(const DsbindAmqpSettings *settings) {
  dsbind_adapter_fail(DSBIND_ADAPTER_AGAIN, "amqp: out of memory");
  amqp_connection_state_t connection = amqp_new_connection();
  if (!connection) return NULL;
  if (reach(settings, connection) && log_in(settings, connection) &&
      open_channel(settings, connection))
    return connection;
  amqp_destroy_connection(connection);
  return NULL;
}
