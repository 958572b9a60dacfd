/* SPDX-License-Identifier: Apache-2.0 */
/* What happens to decoded frames on their way out: counting, file-loop, the end. */
#include <dsbind_runtime.h>
#include <gst-nvevent.h>

#include "nvurisrcbin.h"

void dsbind_loop_reset(DsbindLoop *loop) {
  *loop = (DsbindLoop){.end = 0, .duration = GST_CLOCK_TIME_NONE};
}

void dsbind_loop_resume(DsbindLoop *loop) {
  loop->resumed = loop->align = loop->frames > 0;
  loop->began = FALSE;
}

/* Off the streaming thread: a flushing seek waits for it. */
static void restart(GstElement *element, gpointer data) {
  DsbindUriSrcBin *self = DSBIND_URI_SRC_BIN(element);
  GstPad *pad = data;
  /* Stopped in the meantime; a new run has pads of its own. */
  if (!gst_pad_is_active(pad)) return;
  g_atomic_int_set(&self->loop.restarting, 1);
  const gboolean again = gst_pad_send_event(
      pad, gst_event_new_seek(1.0, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE,
                              GST_SEEK_TYPE_SET, 0, GST_SEEK_TYPE_NONE, 0));
  g_atomic_int_set(&self->loop.restarting, 0);
  if (again || !gst_pad_is_active(pad)) return;
  g_atomic_int_set(&self->loop.over, 1);
  if (GST_STATE(self) >= GST_STATE_PAUSED)
    GST_ELEMENT_WARNING(self, RESOURCE, SEEK,
                        ("%s cannot be played again: it cannot be rewound. It ends here; turn "
                         "file-loop off or copy it to a file.", self->location.shown), (NULL));
  gst_pad_push_event(pad, gst_event_new_eos());
}

/* Where a live source goes on: now, and never before its last frame. */
static GstClockTime resume_at(const DsbindLoop *loop, GstClockTime pts) {
  GstClockTime now = GST_CLOCK_TIME_NONE;
  if (loop->theirs.format == GST_FORMAT_TIME)
    now = gst_segment_to_running_time(&loop->theirs, GST_FORMAT_TIME, pts);
  if (GST_CLOCK_TIME_IS_VALID(now) && loop->segment.format == GST_FORMAT_TIME)
    now = gst_segment_position_from_running_time(&loop->segment, GST_FORMAT_TIME, now);
  return GST_CLOCK_TIME_IS_VALID(now) && now > loop->end ? now : loop->end;
}

static void shift_frame(DsbindLoop *loop, GstPadProbeInfo *info) {
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info);
  const GstClockTime pts = GST_BUFFER_PTS(buffer);

  if (!GST_CLOCK_TIME_IS_VALID(pts)) return;
  if (loop->align)
    loop->shift = GST_CLOCK_DIFF(pts, loop->resumed ? resume_at(loop, pts) : loop->end);
  loop->align = FALSE;
  if (loop->shift) {
    info->data = buffer = gst_buffer_make_writable(buffer);
    GST_BUFFER_PTS(buffer) = (GstClockTime)((GstClockTimeDiff)pts + loop->shift);
    GST_BUFFER_DTS(buffer) = GST_CLOCK_TIME_NONE;
  }
  if (GST_BUFFER_DURATION_IS_VALID(buffer))
    loop->duration = GST_BUFFER_DURATION(buffer);
  else if (loop->frames > 1 && GST_BUFFER_PTS(buffer) > loop->end)
    loop->duration = GST_BUFFER_PTS(buffer) - loop->end;
  loop->end = GST_BUFFER_PTS(buffer);
  if (GST_CLOCK_TIME_IS_VALID(loop->duration)) loop->end += loop->duration;
}

static GstPadProbeReturn handle_end(DsbindUriSrcBin *self, GstPad *pad) {
  DsbindLoop *loop = &self->loop;
  /* Who stops it before the first frame, or in the middle, does not want to hear of that. */
  if (g_atomic_int_get(&self->told_to_end)) return GST_PAD_PROBE_OK;
  if (self->location.kind == DSBIND_LOCATION_RTSP) {
    if (dsbind_uri_ended(self)) return GST_PAD_PROBE_DROP;
    if (loop->frames) return GST_PAD_PROBE_OK;
  }
  if (loop->frames == 0) {
    if (dsbind_media_file_ends_early(&self->file))
      dsbind_uri_fail_early_end(self);
    else
      dsbind_uri_fail(self, GST_STREAM_ERROR, GST_STREAM_ERROR_DECODE,
                      g_strdup_printf("%s has no frame that could be decoded. Check that it plays "
                                      "elsewhere, or encode it again.", self->location.shown),
                      NULL);
    return GST_PAD_PROBE_OK;
  }
  if (dsbind_media_file_ends_early(&self->file)) {
    dsbind_uri_fail_early_end(self);
    return GST_PAD_PROBE_OK;
  }
  if (!g_atomic_int_get(&self->file_loop) || g_atomic_int_get(&loop->over)) return GST_PAD_PROBE_OK;
  /* Nobody takes more, or the last round had no frame: another one would not differ. */
  if (loop->refused || loop->align) return GST_PAD_PROBE_OK;
  loop->align = TRUE;
  gst_element_call_async(GST_ELEMENT(self), restart, gst_object_ref(pad),
                         (GDestroyNotify)gst_object_unref);
  return GST_PAD_PROBE_DROP;
}

static GstPadProbeReturn replace_segment(GstPadProbeInfo *info, const GstSegment *segment) {
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
  GstEvent *other = gst_event_new_segment(segment);
  gst_event_set_seqnum(other, gst_event_get_seqnum(event));
  gst_event_set_running_time_offset(other, gst_event_get_running_time_offset(event));
  gst_event_unref(event);
  info->data = other;
  return GST_PAD_PROBE_OK;
}

/* What a muxer numbers its frames by. */
static void begin_session(DsbindUriSrcBin *self, GstPad *pad) {
  self->loop.began = TRUE;
  if (self->location.kind != DSBIND_LOCATION_RTSP) return;
  if (self->loop.resumed && dsbind_runtime_open(NULL))
    gst_pad_push_event(pad, gst_nvevent_new_stream_reset((guint)MAX(self->source_id, 0)));
  dsbind_reconnect_played(self);
}

/* Rounds after the first go on in the segment of the first, which therefore has no end. */
static GstPadProbeReturn handle_segment(DsbindUriSrcBin *self, GstPadProbeInfo *info) {
  GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info);
  GstSegment segment;
  if (self->loop.segment_seen && self->loop.resumed) {
    gst_event_copy_segment(event, &self->loop.theirs);
    return replace_segment(info, &self->loop.segment);
  }
  if (self->loop.segment_seen && self->loop.align) return GST_PAD_PROBE_DROP;
  self->loop.segment_seen = TRUE;
  gst_event_copy_segment(event, &self->loop.segment);
  if (!g_atomic_int_get(&self->file_loop)) return GST_PAD_PROBE_OK;
  segment = self->loop.segment;
  segment.stop = segment.duration = GST_CLOCK_TIME_NONE;
  return replace_segment(info, &segment);
}

GstPadProbeReturn dsbind_loop_coded_probe(GstPad *pad, GstPadProbeInfo *info, gpointer bin) {
  DsbindUriSrcBin *self = bin;
  (void)pad;
  if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) != GST_EVENT_EOS) return GST_PAD_PROBE_OK;
  /* Later the end itself hides what downstream said to the last frame. */
  GstPad *out = gst_element_get_static_pad(GST_ELEMENT(self), "vsrc_0");
  self->loop.refused = out && gst_pad_get_last_flow_return(out) == GST_FLOW_EOS;
  gst_clear_object(&out);
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn dsbind_loop_probe(GstPad *pad, GstPadProbeInfo *info, gpointer bin) {
  DsbindUriSrcBin *self = bin;
  DsbindLoop *loop = &self->loop;

  if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) {
    if (!loop->began) begin_session(self, pad);
    loop->frames++;
    shift_frame(loop, info);
    return GST_PAD_PROBE_OK;
  }
  switch (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info))) {
    case GST_EVENT_EOS: return handle_end(self, pad);
    case GST_EVENT_SEGMENT: return handle_segment(self, info);
    case GST_EVENT_FLUSH_START:
    case GST_EVENT_FLUSH_STOP:
      return g_atomic_int_get(&loop->restarting) ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
    default: return GST_PAD_PROBE_OK;
  }
}
