/* SPDX-License-Identifier: Apache-2.0 */
/* nvdsdynamicsrcbin: plays the sources that are added to it, one after the other, on one pad.
 *
 * A source begins when those added before it have ended. Each frame carries the metadata of a batch
 * of one, whose source_id is the number that add-source gave; timestamps are the source's own, and
 * the segments put the sources one after the other in running time. Between sources, and until
 * `terminate`, the pad waits. */
#ifndef DSBIND_NVDSDYNAMICSRCBIN_H
#define DSBIND_NVDSDYNAMICSRCBIN_H

#include <gst/gst.h>

#include "nvmm.h"
#include "source_properties.h"

G_DECLARE_FINAL_TYPE(DsbindDynamicSrcBin, dsbind_dynamic_src_bin, DSBIND, DYNAMIC_SRC_BIN, GstBin)

typedef struct _DsbindDynamicSource DsbindDynamicSource;

struct _DsbindDynamicSrcBin {
  GstBin parent;
  GstPad *pad;     /* owned by the element */
  GMutex changing; /* held while a source begins or ends */
  GMutex lock;     /* guards the following */
  GQueue waiting;  /* DsbindDynamicSource, those to be played */
  DsbindDynamicSource *current;
  gint next_id;
  gboolean playing;    /* the state is PAUSED or PLAYING */
  gboolean terminated; /* no source is taken any more */
  gboolean ended;      /* EOS has been sent */
  GstClockTime end;    /* of what has been played, in running time */
  GValue values[DSBIND_SOURCE_PROPERTIES]; /* object lock */
};

/* playlist.c: what is played, and when. All but the last are for any thread. */
gint dsbind_dynamic_add(DsbindDynamicSrcBin *self, const char *uri); /* -1: none is taken */
gboolean dsbind_dynamic_remove(DsbindDynamicSrcBin *self, gint id);
void dsbind_dynamic_terminate(DsbindDynamicSrcBin *self, gboolean at_once);
void dsbind_dynamic_begin(DsbindDynamicSrcBin *self);
void dsbind_dynamic_halt(DsbindDynamicSrcBin *self);  /* before the state goes down to READY */
void dsbind_dynamic_clear(DsbindDynamicSrcBin *self); /* after it */
/* Whether the message was an error of the source that plays. Takes it if so. */
gboolean dsbind_dynamic_take_error(DsbindDynamicSrcBin *self, GstMessage *message);
void dsbind_dynamic_source_ended(DsbindDynamicSource *source);

/* One source that was added; counted. */
struct _DsbindDynamicSource {
  DsbindDynamicSrcBin *bin; /* outlives the pads of its children */
  gint id;
  char *uri;
  GstElement *element; /* owned by the bin */
  gint ended;          /* atomic */
  /* Of the streaming thread. */
  GstVideoInfo info;
  GstSegment segment;
  GstClockTime base; /* where it begins in running time; none until then */
  gint frame_num;
};

DsbindDynamicSource *dsbind_dynamic_source_ref(DsbindDynamicSource *source);
void dsbind_dynamic_source_unref(gpointer source);

/* stream.c: makes a pad of a source the one that comes out. */
void dsbind_dynamic_expose(DsbindDynamicSource *source, GstPad *pad);
void dsbind_dynamic_push_eos(DsbindDynamicSrcBin *self);

#endif
