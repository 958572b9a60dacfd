/* SPDX-License-Identifier: Apache-2.0 */
/* The frames of one source: their buffers, caps and place in time. */
#include "streamdemux.h"

#include <gst-nvquery.h>
#include <gstnvdsmeta.h>

#define GST_CAT_DEFAULT demux_debug

G_DEFINE_TYPE(DsbindStreamDemuxPad, dsbind_stream_demux_pad, GST_TYPE_PAD)

void demux_pad_reset(DemuxPad *pad) {
  pad->started = pad->ended = FALSE;
  pad->tell_segment = TRUE;
  gst_video_info_init(&pad->info);
  pad->flow = GST_FLOW_OK;
}

static void push_start(StreamDemux *demux, DemuxPad *pad, const DemuxSource *source) {
  if (pad->started) return;
  gchar *id = source->stream_id
                  ? g_strdup(source->stream_id)
                  : gst_pad_create_stream_id_printf(GST_PAD(pad), GST_ELEMENT(demux), "%u",
                                                    pad->index);
  GstEvent *event = gst_event_new_stream_start(id);
  gst_event_set_group_id(event, gst_util_group_id_next());
  gst_pad_push_event(GST_PAD(pad), event);
  g_free(id);
  pad->started = pad->tell_segment = TRUE;
  gst_video_info_init(&pad->info);
}

/* The source's own timeline where the muxer told it, else that of the batches. */
static void push_segment(StreamDemux *demux, DemuxPad *pad, const DemuxSource *source) {
  const GstSegment *segment = source->has_segment ? &source->segment : &demux->segment;
  if (!pad->tell_segment || segment->format == GST_FORMAT_UNDEFINED) return;
  gst_pad_push_event(GST_PAD(pad), gst_event_new_segment(segment));
  pad->tell_segment = FALSE;
}

/* The batch's caps, but with the size and format of this frame. */
static void push_caps(StreamDemux *demux, DemuxPad *pad, const NvBufSurfaceParams *entry,
                      DsbindPlace place) {
  const GstVideoFormat format = dsbind_video_format(entry->colorFormat);
  GstVideoInfo info = demux->info;
  if (GST_VIDEO_INFO_FORMAT(&info) != format || (guint)info.width != entry->width ||
      (guint)info.height != entry->height) {
    gst_video_info_set_format(&info, format, entry->width, entry->height);
    info.fps_n = demux->info.fps_n;
    info.fps_d = demux->info.fps_d;
    if (GST_VIDEO_INFO_FORMAT(&demux->info) == format) info.colorimetry = demux->info.colorimetry;
  }
  if (gst_video_info_is_equal(&info, &pad->info)) return;
  GstCaps *caps = dsbind_nvmm_caps(&info);
  dsbind_caps_tell_place(caps, place, 1);
  gst_pad_push_event(GST_PAD(pad), gst_event_new_caps(caps));
  gst_caps_unref(caps);
  pad->info = info;
}

static gboolean add_batch_meta(GstBuffer *buffer, NvDsFrameMeta *frame) {
  NvDsBatchMeta *meta = nvds_create_batch_meta(1);
  NvDsFrameMeta *copy = meta ? nvds_acquire_frame_meta_from_pool(meta) : NULL;
  if (!copy) {
    if (meta) nvds_destroy_batch_meta(meta);
    return FALSE;
  }
  meta->base_meta.batch_meta = meta;
  meta->max_frames_in_batch = 1;
  nvds_acquire_meta_lock(frame->base_meta.batch_meta);
  nvds_copy_frame_meta(frame, copy);
  nvds_release_meta_lock(frame->base_meta.batch_meta);
  copy->batch_id = 0;
  copy->pipeline_width = frame->pipeline_width;
  copy->pipeline_height = frame->pipeline_height;
  nvds_add_frame_meta_to_batch(meta, copy);
  NvDsMeta *carrier = gst_buffer_add_nvds_meta(buffer, meta, NULL, nvds_batch_meta_copy_func,
                                               nvds_batch_meta_release_func);
  carrier->meta_type = NVDS_BATCH_GST_META;
  return TRUE;
}

/* The pixels stay where they are: the frame's buffer holds the batch. */
static GstBuffer *new_frame(StreamDemux *demux, GstBuffer *batch, const NvBufSurface *surface,
                            NvDsFrameMeta *frame) {
  GstBuffer *buffer = dsbind_buffer_new_batch(1, 1, &surface->surfaceList[frame->batch_id], &batch,
                                              surface->memType);
  dsbind_buffer_surface(buffer)->gpuId = surface->gpuId;
  if (add_batch_meta(buffer, frame)) return buffer;
  gst_buffer_unref(buffer);
  GST_ELEMENT_ERROR(demux, RESOURCE, NO_SPACE_LEFT,
                    ("%s has no memory for the metadata of a frame.", GST_ELEMENT_NAME(demux)),
                    (NULL));
  return NULL;
}

GstFlowReturn demux_pad_push(StreamDemux *demux, DemuxPad *pad, GstBuffer *batch,
                             const NvBufSurface *surface, NvDsFrameMeta *frame) {
  GstBuffer *buffer = new_frame(demux, batch, surface, frame);
  if (!buffer) return GST_FLOW_ERROR;
  DemuxSource source = demux_source(demux, pad->index);
  push_start(demux, pad, &source);
  push_caps(demux, pad, &surface->surfaceList[frame->batch_id],
            (DsbindPlace){.gpu = surface->gpuId, .type = surface->memType});
  push_segment(demux, pad, &source);
  GST_BUFFER_PTS(buffer) = source.has_segment ? frame->buf_pts : GST_BUFFER_PTS(batch);
  GST_BUFFER_DURATION(buffer) = GST_BUFFER_DURATION(batch);
  g_free(source.stream_id);
  pad->flow = gst_pad_push(GST_PAD(pad), buffer);
  return pad->flow;
}

void demux_pad_end(StreamDemux *demux, DemuxPad *pad) {
  if (pad->ended) return;
  DemuxSource source = demux_source(demux, pad->index);
  push_start(demux, pad, &source);
  push_segment(demux, pad, &source);
  g_free(source.stream_id);
  pad->ended = TRUE;
  pad->flow = GST_FLOW_EOS;
  gst_pad_push_event(GST_PAD(pad), gst_event_new_eos());
}

static gboolean pad_event(GstPad *pad, GstObject *parent, GstEvent *event) {
  if (GST_EVENT_TYPE(event) != GST_EVENT_QOS) return gst_pad_event_default(pad, parent, event);
  /* One late sink must not make sources skip frames of a batch. */
  gst_event_unref(event);
  return TRUE;
}

static gboolean pad_query(GstPad *pad, GstObject *parent, GstQuery *query) {
  if (GST_QUERY_TYPE(query) == GST_QUERY_CUSTOM) {
    if (gst_nvquery_is_batch_size(query)) {
      gst_nvquery_batch_size_set(query, 1);
      return TRUE;
    }
    if (gst_nvquery_is_numStreams_size(query)) {
      gst_nvquery_numStreams_size_set(query, 1);
      return TRUE;
    }
  }
  return gst_pad_query_default(pad, parent, query);
}

static void dsbind_stream_demux_pad_class_init(DsbindStreamDemuxPadClass *klass) { (void)klass; }

static void dsbind_stream_demux_pad_init(DsbindStreamDemuxPad *pad) { demux_pad_reset(pad); }

DemuxPad *demux_pad_new(GstPadTemplate *template, const gchar *name, guint index) {
  DemuxPad *pad = g_object_new(DSBIND_TYPE_STREAM_DEMUX_PAD, "name", name, "direction", GST_PAD_SRC,
                               "template", template, NULL);
  pad->index = index;
  gst_pad_set_event_function(GST_PAD(pad), pad_event);
  gst_pad_set_query_function(GST_PAD(pad), pad_query);
  gst_pad_use_fixed_caps(GST_PAD(pad));
  return pad;
}
