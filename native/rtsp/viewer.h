/* SPDX-License-Identifier: Apache-2.0 */
/* One client's queue of a stream. Private to the library; the feed locks. */
#ifndef DSBIND_RTSP_VIEWER_H
#define DSBIND_RTSP_VIEWER_H

#include <gst/app/app.h>
#include <gst/rtsp-server/rtsp-server.h>

typedef struct {
  gconstpointer key; /* the address of its media */
  GstAppSrc *source;
  gboolean waiting; /* for a key frame */
  gboolean prepared; /* the client has its answer, and may play */
  gboolean started, paced;
  GstClockTimeDiff shift; /* from the stream's time to its own */
  GstClockTime last;
} DsbindRtspViewer;

DsbindRtspViewer *dsbind_rtsp_viewer_new(GstRTSPMedia *media, GstAppSrc *source);
void dsbind_rtsp_viewer_free(DsbindRtspViewer *self);

/* Queues a frame, or drops it. Whether the viewer could start if this were a key frame. */
gboolean dsbind_rtsp_viewer_push(DsbindRtspViewer *self, GstBuffer *frame, GstClockTime time);

#endif
