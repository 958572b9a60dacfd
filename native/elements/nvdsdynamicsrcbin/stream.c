/* SPDX-License-Identifier: Apache-2.0 */
/* The frames of the source that plays: whose they are, and their place in time. */
#include <gstnvdsmeta.h>

#include "nvdsdynamicsrcbin.h"

/* Running time now; 0 while there is no clock that runs. */
static GstClockTime time_now(DsbindDynamicSrcBin *self) {
  GstClockTime now = 0;
  GstClock *clock = GST_STATE(self) == GST_STATE_PLAYING ? gst_element_get_clock(GST_ELEMENT(self))
                                                         : NULL;
  if (!clock) return now;
  const GstClockTime base = gst_element_get_base_time(GST_ELEMENT(self));
  const GstClockTime time = gst_clock_get_time(clock);
  gst_object_unref(clock);
  if (GST_CLOCK_TIME_IS_VALID(base) && time > base) now = time - base;
  return now;
}

/* The source follows the one before it, and begins now if that was long ago. */
static void place_in_time(DsbindDynamicSource *source, GstPadProbeInfo *info) {
  DsbindDynamicSrcBin *self = source->bin;
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
  gst_event_copy_segment(event, &source->segment);
  if (source->segment.format != GST_FORMAT_TIME) return;
  if (!GST_CLOCK_TIME_IS_VALID(source->base)) {
    const GstClockTime now = time_now(self);
    g_mutex_lock(&self->lock);
    source->base = MAX(self->end, now);
    g_mutex_unlock(&self->lock);
  }
  source->segment.base += source->base;
  GstEvent *placed = gst_event_new_segment(&source->segment);
  gst_event_set_seqnum(placed, gst_event_get_seqnum(event));
  gst_event_unref(event);
  info->data = placed;
}

static void note_end(DsbindDynamicSource *source, GstBuffer *buffer) {
  GstClockTime end = GST_BUFFER_PTS(buffer);
  if (source->segment.format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID(end)) return;
  if (GST_BUFFER_DURATION_IS_VALID(buffer)) end += GST_BUFFER_DURATION(buffer);
  end = gst_segment_to_running_time(&source->segment, GST_FORMAT_TIME, end);
  if (!GST_CLOCK_TIME_IS_VALID(end)) return;
  g_mutex_lock(&source->bin->lock);
  source->bin->end = MAX(source->bin->end, end);
  g_mutex_unlock(&source->bin->lock);
}

static gboolean add_batch_meta(DsbindDynamicSource *source, GstBuffer *buffer) {
  NvDsBatchMeta *meta = nvds_create_batch_meta(1);
  NvDsFrameMeta *frame = meta ? nvds_acquire_frame_meta_from_pool(meta) : NULL;
  if (!frame) {
    if (meta) nvds_destroy_batch_meta(meta);
    return FALSE;
  }
  meta->base_meta.batch_meta = meta;
  meta->max_frames_in_batch = 1;
  frame->source_id = (guint)source->id;
  frame->frame_num = source->frame_num++;
  frame->buf_pts = GST_BUFFER_PTS(buffer);
  frame->ntp_timestamp = (guint64)g_get_real_time() * 1000;
  frame->num_surfaces_per_frame = 1;
  frame->source_frame_width = frame->pipeline_width = (guint)source->info.width;
  frame->source_frame_height = frame->pipeline_height = (guint)source->info.height;
  nvds_add_frame_meta_to_batch(meta, frame);
  NvDsMeta *carrier = gst_buffer_add_nvds_meta(buffer, meta, NULL, nvds_batch_meta_copy_func,
                                               nvds_batch_meta_release_func);
  carrier->meta_type = NVDS_BATCH_GST_META;
  return TRUE;
}

static GstPadProbeReturn handle_event(DsbindDynamicSource *source, GstPadProbeInfo *info) {
  GstCaps *caps;
  gboolean reset;
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_EOS:
      dsbind_dynamic_source_ended(source);
      return GST_PAD_PROBE_DROP;
    case GST_EVENT_CAPS:
      gst_event_parse_caps(event, &caps);
      gst_video_info_from_caps(&source->info, caps);
      return GST_PAD_PROBE_OK;
    case GST_EVENT_SEGMENT:
      place_in_time(source, info);
      return GST_PAD_PROBE_OK;
    case GST_EVENT_FLUSH_STOP:
      gst_event_parse_flush_stop(event, &reset);
      if (reset) { /* running time begins anew */
        source->base = 0;
        g_mutex_lock(&source->bin->lock);
        source->bin->end = 0;
        g_mutex_unlock(&source->bin->lock);
      }
      return GST_PAD_PROBE_OK;
    default: return GST_PAD_PROBE_OK;
  }
}

static GstPadProbeReturn on_data(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  DsbindDynamicSource *source = data;
  (void)pad;
  if (!(GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER))
    return handle_event(source, info);
  if (g_atomic_int_get(&source->ended)) return GST_PAD_PROBE_DROP;
  GstBuffer *buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
  info->data = buffer;
  note_end(source, buffer);
  if (add_batch_meta(source, buffer)) return GST_PAD_PROBE_OK;
  GST_ELEMENT_ERROR(source->bin, RESOURCE, NO_SPACE_LEFT,
                    ("There is no memory for the metadata of a frame."), (NULL));
  return GST_PAD_PROBE_DROP;
}

void dsbind_dynamic_expose(DsbindDynamicSource *source, GstPad *pad) {
  if (g_atomic_int_get(&source->ended)) return;
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM |
                             GST_PAD_PROBE_TYPE_EVENT_FLUSH, on_data,
                    dsbind_dynamic_source_ref(source), dsbind_dynamic_source_unref);
  gst_ghost_pad_set_target(GST_GHOST_PAD(source->bin->pad), pad);
}

void dsbind_dynamic_push_eos(DsbindDynamicSrcBin *self) {
  GstEvent *started = gst_pad_get_sticky_event(self->pad, GST_EVENT_STREAM_START, 0);
  if (!started) {
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(self->pad, gst_event_new_stream_start("none"));
    gst_pad_push_event(self->pad, gst_event_new_segment(&segment));
  }
  g_clear_pointer(&started, gst_event_unref);
  gst_pad_push_event(self->pad, gst_event_new_eos());
}
