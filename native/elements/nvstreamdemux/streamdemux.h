/* SPDX-License-Identifier: Apache-2.0 */
/* nvstreamdemux: batches in, the frames of one source out of each pad.
 *
 * Everything runs on the thread that pushes the batches; only the list of pads and what is known of
 * each source is shared with who requests and releases pads. */
#ifndef DSBIND_STREAMDEMUX_H
#define DSBIND_STREAMDEMUX_H

#include <nvdsmeta.h>

#include "nvmm.h"

G_BEGIN_DECLS

#define DSBIND_TYPE_STREAM_DEMUX (dsbind_stream_demux_get_type())
G_DECLARE_FINAL_TYPE(DsbindStreamDemux, dsbind_stream_demux, DSBIND, STREAM_DEMUX, GstElement)
#define DSBIND_TYPE_STREAM_DEMUX_PAD (dsbind_stream_demux_pad_get_type())
G_DECLARE_FINAL_TYPE(DsbindStreamDemuxPad, dsbind_stream_demux_pad, DSBIND, STREAM_DEMUX_PAD,
                     GstPad)

typedef DsbindStreamDemux StreamDemux;
typedef DsbindStreamDemuxPad DemuxPad;

/* What the events of a batch said about one source; kept for pads that are requested later. */
typedef struct {
  gchar *stream_id; /* NULL until the source has told it */
  GstSegment segment;
  gboolean has_segment;
} DemuxSource;

struct _DsbindStreamDemuxPad {
  GstPad parent;
  guint index; /* the source's id */
  /* Of the streaming thread. */
  gboolean started, ended, tell_segment;
  GstVideoInfo info; /* of the caps that were sent */
  GstFlowReturn flow;
};

struct _DsbindStreamDemux {
  GstElement parent;
  GstPad *sinkpad;
  GMutex lock;
  GPtrArray *pads;     /* DemuxPad; under the lock */
  GHashTable *sources; /* DemuxSource by id; under the lock */
  /* Of the streaming thread. */
  GstVideoInfo info;
  gboolean has_caps;
  GstSegment segment;
};

/* gstnvstreamdemux.c: a copy of what is known of a source; the string is to be freed. */
DemuxSource demux_source(StreamDemux *demux, guint index);

/* demuxpad.c */
DemuxPad *demux_pad_new(GstPadTemplate *template, const gchar *name, guint index);
void demux_pad_reset(DemuxPad *pad); /* the next frame begins a stream */
void demux_pad_end(StreamDemux *demux, DemuxPad *pad);
/* Pushes one frame of a batch, with its metadata. */
GstFlowReturn demux_pad_push(StreamDemux *demux, DemuxPad *pad, GstBuffer *batch,
                             const NvBufSurface *surface, NvDsFrameMeta *frame);

GST_DEBUG_CATEGORY_EXTERN(demux_debug);

G_END_DECLS

#endif
