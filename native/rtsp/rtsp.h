/* SPDX-License-Identifier: Apache-2.0 */
/* Encoded video served over RTSP from inside the process.
 *
 * A feed is one mount point. Feeds of one address and port share one server, which opens with the
 * first and closes with the last. Every client has a queue and a payloader of its own, so a slow one
 * loses frames and nobody waits for it; without clients frames are dropped.
 *
 * All functions are thread-safe and never wait for Python: call them without the GIL. Errors are
 * of GST_RESOURCE_ERROR: SETTINGS for a bad port, path or address, BUSY for one that is taken,
 * OPEN_READ_WRITE for what the system refuses. */
#ifndef DSBIND_RTSP_H
#define DSBIND_RTSP_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef enum { DSBIND_RTSP_H264 = 1, DSBIND_RTSP_H265 = 2 } DsbindRtspCodec;

typedef struct _DsbindRtspFeed DsbindRtspFeed;

/* Opens rtsp://address:port/path. NULL and `error` set when that cannot be. */
DsbindRtspFeed *dsbind_rtsp_feed_new(const char *address, guint port, const char *path,
                                     DsbindRtspCodec codec, GError **error);

/* Serves what reaches an appsink: byte-stream access units of H.264 or H.265. New clients start at
 * a key frame, which is asked for upstream. EOS of the sink ends the clients' streams. */
void dsbind_rtsp_feed_tap(DsbindRtspFeed *self, GstElement *appsink);

/* Ends the clients' streams and frees the mount point, within a second. The tapped sink must have
 * left PAUSED before. */
void dsbind_rtsp_feed_free(DsbindRtspFeed *self);

/* A local RTP stream of H.264, served again: what is sent to udp://127.0.0.1:udp_port is
 * at rtsp://127.0.0.1:rtsp_port/ds-test. For Pipeline.start_rtsp_server(). `buffer_size` is the size
 * in bytes of the socket's buffer, 0 the system's. NULL and `error` set on failure. Link with
 * dsbind_rtsp; GStreamer must have been initialised. */
typedef struct _DsbindRtspRepublish DsbindRtspRepublish;
DsbindRtspRepublish *dsbind_rtsp_republish_start(guint rtsp_port, guint udp_port, guint buffer_size,
                                                 GError **error);
/* Takes at most a second. NULL is allowed. */
void dsbind_rtsp_republish_stop(DsbindRtspRepublish *self);

G_END_DECLS

#endif
