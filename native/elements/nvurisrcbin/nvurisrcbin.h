/* SPDX-License-Identifier: Apache-2.0 */
/* The bin as its files share it. */
#ifndef DSBIND_NVURISRCBIN_H
#define DSBIND_NVURISRCBIN_H

#include <gst/gst.h>

#include "location.h"
#include "media_file.h"
#include "nvmm.h"
#include "reconnect.h"

G_DECLARE_FINAL_TYPE(DsbindUriSrcBin, dsbind_uri_src_bin, DSBIND, URI_SRC_BIN, GstBin)

/* Plays a file again and again under one running clock. Streaming thread only, but `restarting`
 * and `over`. */
typedef struct {
  GstClockTimeDiff shift; /* added to each timestamp */
  GstClockTime end;       /* of the last frame, shifted */
  GstClockTime duration;  /* of the last frame */
  gboolean align;         /* the next frame follows the last one of the round before */
  gboolean segment_seen;
  gboolean resumed;       /* a session before this one had frames */
  gboolean began;         /* a frame of this session has come out */
  GstSegment segment;     /* of the first session, which goes on */
  GstSegment theirs;      /* of this session */
  gboolean refused; /* downstream wants no more */
  guint64 frames;
  gint restarting, over;
} DsbindLoop;

struct _DsbindUriSrcBin {
  GstBin parent;
  /* Properties; those that streaming threads read are atomic. */
  char *uri;
  guint gpu, extra_surfaces, drop_interval, latency, udp_buffer_size, rtp_protocol;
  gint memory_type, source_id, type;
  gint file_loop;
  gboolean disable_audio, disable_passthrough;
  /* From READY to PAUSED and back. */
  DsbindLocation location;
  DsbindMediaFile file;
  DsbindLoop loop;
  GstElement *source;           /* what reads what is no file */
  DsbindReconnect reconnect;
  gint said_bye;                /* an RTSP server ended its stream, atomic */
  gint cut;                     /* it closed the connection, atomic */
  gint video_pads;              /* atomic: streams of one source may have threads of their own */
  gint data_seen;               /* the source has sent something */
  gint64 opened;                /* when, by the monotonic clock */
  GThread *changing;            /* the thread that changes the state, atomic */
  gint told_to_end;             /* an EOS event came from the program, atomic */
  gint failed;                  /* an error has been posted: it is the only one */
  GstFlowReturn flow;           /* what downstream answered, where that is why it failed */
  GstClockID deadline;          /* for the first data or stream, or for `late`; object lock */
  GError *late;                 /* to be posted once the change of state is over; object lock */
};

/* source.c: the elements inside, made anew for each run. */
void dsbind_uri_source_build(DsbindUriSrcBin *self);
void dsbind_uri_source_settle(DsbindUriSrcBin *self);
void dsbind_uri_source_clear(DsbindUriSrcBin *self);
/* Between two sessions of one run: the pad stays. */
void dsbind_uri_source_take_down(DsbindUriSrcBin *self);
void dsbind_uri_source_build_again(DsbindUriSrcBin *self);
void dsbind_uri_source_push_eos(DsbindUriSrcBin *self); /* also where no stream has begun */

/* loop.c: probes on the coded stream's events and on the decoded frames. */
void dsbind_loop_reset(DsbindLoop *loop);
void dsbind_loop_resume(DsbindLoop *loop); /* before another session */
GstPadProbeReturn dsbind_loop_coded_probe(GstPad *pad, GstPadProbeInfo *info, gpointer bin);
GstPadProbeReturn dsbind_loop_probe(GstPad *pad, GstPadProbeInfo *info, gpointer bin);

/* failure.c: each posts the one error of this run. Takes texts and errors. */
void dsbind_uri_fail(DsbindUriSrcBin *self, GQuark domain, gint code, char *text, char *debug);
void dsbind_uri_fail_later(DsbindUriSrcBin *self, GError *error);
void dsbind_uri_fail_early_end(DsbindUriSrcBin *self);
/* The stream of an RTSP source ended: the end, an error, or another session. TRUE for the last. */
gboolean dsbind_uri_ended(DsbindUriSrcBin *self);
/* Whether the warning was that the server closed the connection. */
gboolean dsbind_uri_hear_of_cut(DsbindUriSrcBin *self, GstMessage *warning);
void dsbind_uri_translate_error(DsbindUriSrcBin *self, GstMessage *message);
void dsbind_uri_fail_nothing(DsbindUriSrcBin *self); /* the run is over: what waits is dropped */
void dsbind_uri_deadline_start(DsbindUriSrcBin *self);
void dsbind_uri_deadline_cancel(DsbindUriSrcBin *self);

#endif
