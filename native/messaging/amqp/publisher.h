/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that has a connection to itself, publishes what is handed over, and reads what the
 * broker says to it. Only it may wait for the network. */
#ifndef DSBIND_AMQP_PUBLISHER_H
#define DSBIND_AMQP_PUBLISHER_H

#include "connection.h"

typedef struct DsbindAmqpPublisher DsbindAmqpPublisher;

/* NULL after dsbind_adapter_fail(). */
DsbindAmqpPublisher *dsbind_amqp_publisher_new(const DsbindAmqpSettings *settings);

/* Ends the thread; all that has no answer has failed. Returns these answers: DsbindSent. */
GQueue dsbind_amqp_publisher_end(DsbindAmqpPublisher *self);

/* FALSE after dsbind_adapter_fail(), where the connection is gone. */
gboolean dsbind_amqp_publisher_push(DsbindAmqpPublisher *self, const char *topic,
                                    const uint8_t *payload, size_t size, DsbindSent *sent);

typedef enum {
  DSBIND_AMQP_NOTHING,
  DSBIND_AMQP_BLOCKED, /* the broker takes no messages for a time; after dsbind_adapter_fail() */
  DSBIND_AMQP_GONE,    /* the connection is of no use any more */
} DsbindAmqpNews;

/* Moves the answers that came to `done`: DsbindSent. Tells each of the news once. */
DsbindAmqpNews dsbind_amqp_publisher_collect(DsbindAmqpPublisher *self, GQueue *done);

#endif
