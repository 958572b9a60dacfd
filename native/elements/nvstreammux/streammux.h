/* SPDX-License-Identifier: Apache-2.0 */
/* nvstreammux: frames of many sources in, batches of frames out.
 *
 * Sources' threads put frames into short queues, one per sink pad; one task takes them out, forms
 * a batch and pushes it. `lock` guards the queues and all states below it; nothing is pushed,
 * scaled or freed at length while it is held. */
#ifndef DSBIND_STREAMMUX_H
#define DSBIND_STREAMMUX_H

#include <nvdsmeta.h>

#include "lending.h"
#include "nvmm.h"

G_BEGIN_DECLS

#define DSBIND_TYPE_STREAM_MUX (dsbind_stream_mux_get_type())
G_DECLARE_FINAL_TYPE(DsbindStreamMux, dsbind_stream_mux, DSBIND, STREAM_MUX, GstElement)
#define DSBIND_TYPE_STREAM_MUX_PAD (dsbind_stream_mux_pad_get_type())
G_DECLARE_FINAL_TYPE(DsbindStreamMuxPad, dsbind_stream_mux_pad, DSBIND, STREAM_MUX_PAD, GstPad)

typedef DsbindStreamMux StreamMux;
typedef DsbindStreamMuxPad MuxPad;

/* Frames a source may be ahead of the batches: one ready while another is decoded. */
#define MUX_QUEUE_DEPTH 2

/* What waits in the queue of a pad: a frame, or an event that follows the frame before it. */
typedef struct {
  GstEvent *event;   /* NULL for a frame */
  GstBuffer *buffer; /* as it came; its metadata is copied into the batch */
  GstBuffer *pixels; /* NVMM frame of the output's size and format; NULL until the size is known */
  GstVideoInfo info; /* of `buffer` */
  gboolean nvmm;
  guint lends;
  DsbindLoans *loans; /* of the pad; NULL in events */
  guint pad_index;
  gint frame_num;
  GstClockTime running_time;
  guint64 ntp_timestamp;
  gint64 arrived; /* microseconds since 1970 */
} MuxItem;

struct _DsbindStreamMuxPad {
  GstPad parent;
  StreamMux *mux; /* outlives the pad's being active */
  guint index;
  /* Of the streaming thread. */
  GstVideoInfo info;
  gboolean has_caps, nvmm;
  guint lends; /* frames that the source can do without */
  DsbindLoans *loans;
  GstSegment segment;
  gchar *stream_id;
  gboolean announced, tell_start, tell_segment;
  gint frame_num;
  /* Under the mux's lock. */
  GQueue items;
  guint frames; /* of `items`, how many are frames */
  GCond space;
  gboolean eos, flushing, pending_flush;
};

typedef struct {
  guint batch_size;
  gint batched_push_timeout; /* us, -1 waits for ever */
  guint width, height;
  guint gpu_id, nvbuf_memory_type, compute_hw, interpolation_method;
  guint num_surfaces_per_frame, buffer_pool_size;
  guint64 max_latency, frame_duration;
  gboolean interpolation_set; /* else whatever leaves the picture where it is */
  gboolean enable_padding, live_source, attach_sys_ts, sync_inputs, drop_pipeline_eos;
  gboolean frame_num_reset_on_eos, frame_num_reset_on_stream_reset, async_process;
} MuxSettings;

struct _DsbindStreamMux {
  GstElement parent;
  GstPad *srcpad;

  GMutex lock;
  GCond ready; /* something for the task to look at */
  gboolean task_waits;
  MuxSettings settings;
  GPtrArray *pads; /* MuxPad, by index; owned by the element */
  GQueue events;   /* of pads that are gone */
  guint cursor;    /* index of the pad that a batch smaller than the sources starts with */
  GstFlowReturn flow; /* of the last push; not OK ends the task */
  gboolean ended;     /* EOS was sent to the element itself */
  gboolean eos_pushed;
  gboolean flushing, flush_seeking;
  guint32 seek_seqnum;
  gboolean out_settled; /* then out_info stays as it is until the element stops */
  GstVideoInfo out_info;

  GMutex pool_lock;
  GstBufferPool *pool;

  /* Of the task. */
  gboolean started, tell_caps, tell_segment;
  GQueue step_events;
  GPtrArray *step_frames;
  NvBufSurfaceParams *entries;
  GstBuffer **owners;
  guint room;
  GstClockTime last_pts;
};

/* properties.c */
void mux_properties_install(GObjectClass *klass);
void mux_settings_init(MuxSettings *settings);
MuxSettings mux_settings(StreamMux *mux); /* as they are now; not under the lock */
DsbindPlace mux_place(StreamMux *mux);    /* where the frames that come out lie */

/* muxpad.c */
MuxPad *mux_pad_new(StreamMux *mux, GstPadTemplate *template, const gchar *name, guint index);
void mux_pad_clear(MuxPad *pad); /* under the lock */
void mux_pad_end(MuxPad *pad);   /* under the lock; its STREAM_EOS follows what waits */
void mux_item_free(MuxItem *item);
static inline gboolean mux_pad_is_active(const MuxPad *pad) { return pad->frames || !pad->eos; }

/* muxtask.c */
void mux_task(gpointer mux);
void mux_wake(StreamMux *mux);                 /* under the lock */
void mux_stop_with(StreamMux *mux, GstFlowReturn flow); /* under the lock; releases every thread */

/* muxflush.c */
gboolean mux_seek(StreamMux *mux, GstEvent *event);
void mux_pad_flush_start(StreamMux *mux, MuxPad *pad, GstEvent *event);
void mux_pad_flush_stop(StreamMux *mux, MuxPad *pad, GstEvent *event);
void mux_flush_without(StreamMux *mux, MuxPad *pad); /* of a pad that is gone */

/* muxframe.c */
gboolean mux_settle_output(StreamMux *mux, GPtrArray *frames);
gboolean mux_fit_frame(StreamMux *mux, MuxItem *item);
GstBuffer *mux_build_batch(StreamMux *mux, GPtrArray *frames); /* NULL after posting an error */

GST_DEBUG_CATEGORY_EXTERN(mux_debug);

G_END_DECLS

#endif
