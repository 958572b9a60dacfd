/* SPDX-License-Identifier: Apache-2.0 */
#include "viewer.h"

/* A client that has not taken this much loses frames, up to a key frame. */
#define MOST_FRAMES 90
#define MOST_BYTES (16 * 1024 * 1024)
/* How far the stream's own pace may stray from the clock. */
#define MOST_ASTRAY ((GstClockTimeDiff)GST_SECOND)

DsbindRtspViewer *dsbind_rtsp_viewer_new(GstRTSPMedia *media, GstAppSrc *source) {
  DsbindRtspViewer *self = g_new0(DsbindRtspViewer, 1);
  self->key = media;
  self->source = g_object_ref(source);
  self->waiting = TRUE;
  return self;
}

void dsbind_rtsp_viewer_free(DsbindRtspViewer *self) {
  g_object_unref(self->source);
  g_free(self);
}

/* The stream's own distances between frames, while it keeps pace with the clock; one that runs
 * faster or slower than real time is shown as it comes. */
static GstClockTime stamp(DsbindRtspViewer *self, GstClockTime time, GstClockTime now) {
  if (!self->started) {
    self->started = TRUE;
    self->paced = GST_CLOCK_TIME_IS_VALID(time);
    self->shift = self->paced ? GST_CLOCK_DIFF(time, now) : 0;
    return self->last = now;
  }
  GstClockTime stamp = now;
  if (self->paced && GST_CLOCK_TIME_IS_VALID(time)) {
    const GstClockTimeDiff own = (GstClockTimeDiff)time + self->shift;
    const GstClockTimeDiff ahead = own - (GstClockTimeDiff)now;
    self->paced = own >= 0 && ABS(ahead) <= MOST_ASTRAY;
    if (self->paced) stamp = (GstClockTime)own;
  }
  return self->last = MAX(stamp, self->last + GST_MSECOND);
}

gboolean dsbind_rtsp_viewer_push(DsbindRtspViewer *self, GstBuffer *frame, GstClockTime time) {
  const GstClockTime now = gst_element_get_current_running_time(GST_ELEMENT(self->source));
  if (!GST_CLOCK_TIME_IS_VALID(now)) return FALSE; /* it is not playing yet */
  if (gst_app_src_get_current_level_buffers(self->source) >= MOST_FRAMES ||
      gst_app_src_get_current_level_bytes(self->source) >= MOST_BYTES) {
    self->waiting = TRUE;
    return FALSE;
  }
  if (self->waiting && GST_BUFFER_FLAG_IS_SET(frame, GST_BUFFER_FLAG_DELTA_UNIT)) return TRUE;
  self->waiting = FALSE;
  GstBuffer *copy = gst_buffer_copy(frame); /* shares the memory */
  GST_BUFFER_PTS(copy) = stamp(self, time, now);
  GST_BUFFER_DTS(copy) = GST_CLOCK_TIME_NONE;
  gst_app_src_push_buffer(self->source, copy);
  return FALSE;
}
