/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to an AMQP 0-9-1 broker: its settings, TLS, log in and channel. */
#ifndef DSBIND_AMQP_CONNECTION_H
#define DSBIND_AMQP_CONNECTION_H

/* From rabbitmq-c 0.12 on, its headers have a folder. */
#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/framing.h>
#else
#include <amqp.h>
#include <amqp_framing.h>
#endif

#include "adapter.h"

/* The only one of a connection. */
#define DSBIND_AMQP_CHANNEL 1
/* Routing keys and names are short strings. */
#define DSBIND_AMQP_LONGEST 255

typedef struct {
  DsbindAddress address;
  char *username, *password, *vhost;
  char *exchange; /* "" is the default one: a topic is the name of a queue */
  int frame_size, heartbeat;
  gboolean tls;
  char *ca_file, *certificate, *key;
} DsbindAmqpSettings;

/* NULL after dsbind_adapter_fail(). */
DsbindAmqpSettings *dsbind_amqp_settings_new(const char *address, const char *config_path);
void dsbind_amqp_settings_free(DsbindAmqpSettings *self);

/* Logged in, with the channel open and the exchange seen; amqp_destroy_connection() it. NULL after
 * dsbind_adapter_fail(). */
amqp_connection_state_t dsbind_amqp_open(const DsbindAmqpSettings *settings);

/* FALSE after dsbind_adapter_fail(), where a request was not answered as it should. */
gboolean dsbind_amqp_check(const DsbindAmqpSettings *settings, amqp_rpc_reply_t reply);

/* The next frame: 1, 0 where none came in time, or -1 after dsbind_adapter_fail(). What the frame
 * before pointed to is gone. */
int dsbind_amqp_next(const DsbindAmqpSettings *settings, amqp_connection_state_t connection,
                     int milliseconds, amqp_frame_t *frame);

/* Says why the broker has closed the channel or the connection; `frame` is that method. Its code. */
int dsbind_amqp_closed(const DsbindAmqpSettings *settings, amqp_connection_state_t connection,
                       const amqp_frame_t *frame);

/* The thread that reads a queue for a subscriber. */
typedef struct DsbindAmqpConsumer DsbindAmqpConsumer;
DsbindAmqpConsumer *dsbind_amqp_consumer_new(const DsbindAmqpSettings *settings, char **topics,
                                             int count, nvds_msgapi_subscribe_request_cb_t callback,
                                             void *user);
void dsbind_amqp_consumer_free(DsbindAmqpConsumer *self);

#endif
