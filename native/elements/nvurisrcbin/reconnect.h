/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps an RTSP source going: notices that it is lost, and connects to it again.
 *
 * A session is the elements inside the bin from one connection to its loss. A thread of its own
 * watches the session while the bin plays, takes it down when it is lost and builds the next one.
 * The pad and the timeline of the bin go on through all sessions. */
#ifndef DSBIND_RECONNECT_H
#define DSBIND_RECONNECT_H

#include <gst/gst.h>

typedef struct _DsbindUriSrcBin DsbindUriSrcBin;

typedef struct {
  /* Properties, atomic: seconds, seconds, times. */
  gint interval, first_interval, attempts;
  gint heard; /* milliseconds since `opened` at the last packet, atomic; wraps */
  GMutex lock;
  GCond changed;
  GThread *thread; /* NULL where the source is not watched */
  /* Under the lock. */
  gboolean stop, playing, busy;
  gboolean open;    /* a session is inside the bin */
  gboolean lost;    /* and is over */
  gboolean answered; /* it has sent something */
  gboolean plays;   /* frames of it have come out */
  gboolean out;     /* its loss has been told, its return not yet */
  gboolean ever;    /* frames have come out of this run */
  guint attempt;    /* the how many-th since then */
  guint outages;
  gint64 begun, out_since, next_try;
  char *reason; /* of the loss, or why the last attempt failed */
  char *cause;  /* of the loss */
} DsbindReconnect;

void dsbind_reconnect_init(DsbindUriSrcBin *self);
void dsbind_reconnect_clear(DsbindUriSrcBin *self);
/* The first session has been built. */
void dsbind_reconnect_start(DsbindUriSrcBin *self);
void dsbind_reconnect_stop(DsbindUriSrcBin *self);
/* Only what plays is watched: a source that is paused sends nothing. */
void dsbind_reconnect_set_playing(DsbindUriSrcBin *self, gboolean playing);

/* The session is over. FALSE where that is an error; the reason is taken only otherwise. */
gboolean dsbind_reconnect_lose(DsbindUriSrcBin *self, char *reason);
/* Seconds that the next session has to send something; 0 is for ever. */
guint dsbind_reconnect_patience(DsbindUriSrcBin *self);
/* Whether it has been lost already. */
gboolean dsbind_reconnect_is_lost(DsbindUriSrcBin *self);
/* A packet came; for any thread. */
void dsbind_reconnect_heard(DsbindUriSrcBin *self);
/* The first frame of a session comes out. */
void dsbind_reconnect_played(DsbindUriSrcBin *self);
/* The program ends the stream. Whether that is taken care of. */
gboolean dsbind_reconnect_end(DsbindUriSrcBin *self);
/* "", "connecting", "playing", "lost" or "reconnecting". */
const char *dsbind_reconnect_state(DsbindUriSrcBin *self);
guint dsbind_reconnect_outages(DsbindUriSrcBin *self);

#endif
