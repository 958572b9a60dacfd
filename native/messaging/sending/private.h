/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of a sender share: who hands messages over, and the thread that sends them. */
#ifndef DSBIND_SENDER_PRIVATE_H
#define DSBIND_SENDER_PRIVATE_H

#include "opened.h"
#include "sender.h"

/* A message, with its topic and bytes behind it. */
typedef struct {
  GList link; /* in the queue, or among those under way */
  DsbindSender *sender;
  guint tries;
  gboolean sent; /* the adapter has it */
  gsize size;
  char *topic;
  guint8 *bytes;
} DsbindMessage;

struct DsbindSender {
  DsbindAdapter adapter;
  char *address, *config;
  guint queue_size;
  DsbindPolicy policy;
  DsbindSenderTell tell;
  gpointer data;
  GThread *thread;

  GMutex lock; /* of all that follows */
  GCond work;  /* for the thread: there is a message, or an end */
  GCond room;  /* for the others: a message went, or none will */
  gboolean idle;      /* the thread waits for work ... */
  guint room_waiters; /* ... and so many others for room: waking nobody is a system call, too */
  GQueue waiting, under_way; /* DsbindMessage */
  DsbindSenderStats stats;
  gboolean stop, interrupted, dead;
  guint telling;       /* threads that call tell */
  gboolean connecting; /* the thread is within the adapter, which may take its time ... */
  gboolean abandoned;  /* ... longer than there is: the thread frees what is left */
  gboolean lost; /* the connection is not to be used any more ... */
  gboolean never; /* ... nor another one */
  gboolean told_away, told_refused;
  char *reason;
};

gpointer dsbind_sender_run(gpointer sender);
void dsbind_sender_destroy(DsbindSender *self);
void dsbind_sender_drop(DsbindSender *self, DsbindMessage *message);
void dsbind_sender_fail_all(DsbindSender *self, GQueue *queue);
void dsbind_sender_tell_room(DsbindSender *self);

#endif
