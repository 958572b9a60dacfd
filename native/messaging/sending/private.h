/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of a sender share: who hands messages over, and the thread that sends them. */
#ifndef DSBIND_SENDER_PRIVATE_H
#define DSBIND_SENDER_PRIVATE_H

#include "adapter.h"
#include "sender.h"

typedef struct {
  NvDsMsgApiHandle (*connect)(char *, nvds_msgapi_connect_cb_t, char *);
  NvDsMsgApiErrorType (*send_async)(NvDsMsgApiHandle, char *, const uint8_t *, size_t,
                                    nvds_msgapi_send_cb_t, void *);
  NvDsMsgApiErrorType (*send)(NvDsMsgApiHandle, char *, const uint8_t *, size_t);
  void (*do_work)(NvDsMsgApiHandle);
  NvDsMsgApiErrorType (*disconnect)(NvDsMsgApiHandle);
  int (*last_error)(char *, size_t); /* of our adapters */
} DsbindAdapter;

/* A message, with its topic and bytes behind it. */
typedef struct {
  GList link; /* in the queue, or among those under way */
  DsbindSender *sender;
  guint tries;
  gsize size;
  char *topic;
  guint8 *bytes;
} DsbindMessage;

struct DsbindSender {
  DsbindAdapter adapter;
  char *name, *address, *config; /* of the library: its file name */
  guint queue_size;
  DsbindPolicy policy;
  DsbindSenderTell tell;
  gpointer data;
  GThread *thread;

  GMutex lock; /* of all that follows */
  GCond work;  /* for the thread: there is a message, or an end */
  GCond room;  /* for the others: a message went, or none will */
  GQueue waiting, under_way; /* DsbindMessage */
  DsbindSenderStats stats;
  gboolean stop, interrupted, dead;
  gboolean lost; /* the connection is not to be used any more */
  gboolean told_away, told_refused;
  char *reason;
};

gpointer dsbind_sender_run(gpointer sender);
void dsbind_sender_drop(DsbindSender *self, DsbindMessage *message);

#endif
