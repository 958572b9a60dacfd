/* SPDX-License-Identifier: Apache-2.0 */
/* A mux between hand-made sources and a hand-made sink, and frames to put through it. */
#ifndef DSBIND_TESTS_BATCHING_H
#define DSBIND_TESTS_BATCHING_H

#include <gst/gst.h>
#include <gstnvdsmeta.h>

#include "../check.h"
#include "nvmm.h"

#define MAX_SOURCES 8
#define FRAME_TIME (40 * GST_MSECOND)

typedef struct {
  GstElement *element;
  GstPad *sources[MAX_SOURCES]; /* linked to sink_0, sink_1 ... */
  GstPad *sink;
  GstBus *bus;
  GMutex lock;
  GCond changed;
  GQueue batches; /* GstBuffer */
  GPtrArray *events; /* GstEvent, all that came */
  gboolean eos, hold; /* hold: the sink blocks */
  gint waiting;
  GstFlowReturn answer;
} Bench;

/* GStreamer and the plugins of these elements, from the build. */
void bench_init(const char *first_element, ...);
/* The element between `sources` pads sink_%u (or its pad "sink" when 0) and the sink; PLAYING. */
Bench *bench_new(const char *factory, guint sources, const char *first_property, ...);
void bench_free(Bench *bench);

/* A source begins: stream-start, caps, segment. `format` NULL is NV12. */
void bench_start(Bench *bench, guint source, const char *format, gint width, gint height);
void bench_start_system(Bench *bench, guint source, const char *format, gint width, gint height);
GstPad *bench_add_source(Bench *bench, guint source, const char *name);
void bench_remove_source(Bench *bench, guint source);

/* An NVMM frame with luma (first bytes) of `value`. */
GstBuffer *frame_new(GstVideoFormat format, gint width, gint height, guint8 value,
                     GstClockTime pts);
GstFlowReturn bench_push(Bench *bench, guint source, GstBuffer *frame);
void bench_eos(Bench *bench, guint source);

/* The next batch within two seconds; the caller owns it. */
GstBuffer *bench_take(Bench *bench);
gboolean bench_wait_eos(Bench *bench, gint milliseconds);
/* How many events of that type came, and the source id of the last. */
guint bench_events(Bench *bench, guint type, guint *source);
guint bench_batches(Bench *bench);

NvDsFrameMeta *frame_meta_at(GstBuffer *batch, guint index);
guint8 pixel(const NvBufSurface *surface, guint index, guint plane, guint x, guint y);

#endif
