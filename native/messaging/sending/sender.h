/* SPDX-License-Identifier: Apache-2.0 */
/* Sends messages through an adapter, on a thread of its own.
 *
 * Each message ends in one counter: acknowledged by the broker, failed (refused, or not sent when
 * the time was up) or dropped (by the policy). One whose connection broke before it was acknowledged
 * is sent again: a broker may have it twice, never not at all. */
#ifndef DSBIND_SENDER_H
#define DSBIND_SENDER_H

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  DSBIND_POLICY_BLOCK,       /* the stream waits until there is room */
  DSBIND_POLICY_DROP_OLDEST, /* for the newest */
  DSBIND_POLICY_DROP_NEWEST, /* the message that finds no room */
} DsbindPolicy;

typedef struct {
  const char *library, *address, *config; /* copied */
  gboolean shared;                        /* the connection, by libnvds_msgbroker */
  guint queue_size;                       /* messages that wait */
  DsbindPolicy policy;
} DsbindSenderSettings;

typedef struct {
  guint64 messages;     /* handed over: the sum of the next three and of those queued */
  guint64 acknowledged, failed, dropped;
  guint64 retried;      /* sent again */
  guint64 connections;
  guint queued;         /* waiting or under way */
  gboolean connected;
} DsbindSenderStats;

typedef enum {
  DSBIND_SENDER_WARNING, /* the broker is away, or does not take a message: said once */
  DSBIND_SENDER_ERROR,   /* nothing can be sent any more */
} DsbindSenderEvent;

/* From the sender's thread, without a lock. */
typedef void (*DsbindSenderTell)(DsbindSenderEvent event, const char *text, gpointer data);

typedef struct DsbindSender DsbindSender;

/* NULL with an error where the library is missing or no adapter. Connecting is up to the thread. */
DsbindSender *dsbind_sender_new(const DsbindSenderSettings *settings, DsbindSenderTell tell,
                                gpointer data, GError **error);

/* Ends the thread, or leaves it to end by itself where it connects to a host that does not answer;
 * what was not acknowledged counts as failed. `last` gets the final counts. */
void dsbind_sender_free(DsbindSender *self, DsbindSenderStats *last);

typedef enum {
  DSBIND_PUSH_DONE,        /* all are in one of the counts */
  DSBIND_PUSH_INTERRUPTED, /* those that were not taken are in none */
  DSBIND_PUSH_NEVER,       /* nothing can be sent any more */
} DsbindPush;

typedef struct {
  gconstpointer data;
  gsize size;
} DsbindBytes;

/* Hands messages over, copies of them. `taken` is how many of them are in one of the counts. */
DsbindPush dsbind_sender_push(DsbindSender *self, const char *topic, const DsbindBytes *messages,
                              guint count, guint *taken);

/* Waits until all is acknowledged; `left` is the number of messages that are not, in the end. FALSE
 * where it was interrupted before the time was up. */
gboolean dsbind_sender_flush(DsbindSender *self, guint milliseconds, guint *left);

/* While it is set, nothing of the above waits. */
void dsbind_sender_interrupt(DsbindSender *self, gboolean on);

void dsbind_sender_stats(DsbindSender *self, DsbindSenderStats *stats);

/* The last reason why a message did not go; free it. NULL where there was none. */
char *dsbind_sender_reason(DsbindSender *self);

G_END_DECLS

#endif
