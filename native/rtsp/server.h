/* SPDX-License-Identifier: Apache-2.0 */
/* The servers of this process, one per address and port. Private to the library. */
#ifndef DSBIND_RTSP_SERVER_H
#define DSBIND_RTSP_SERVER_H

#include <gst/rtsp-server/rtsp-server.h>

#define DSBIND_RTSP_LOCAL "127.0.0.1"

typedef struct _DsbindRtspServer DsbindRtspServer;

/* Puts `factory` at `path` of the server for `address` and `port`; opens it when it is the first. */
DsbindRtspServer *dsbind_rtsp_server_mount(const char *address, guint port, const char *path,
                                           GstRTSPMediaFactory *factory, GError **error);

/* Disconnects the clients of a path. */
void dsbind_rtsp_server_disconnect(DsbindRtspServer *self, const char *path);

/* Takes the path away; closes the server when it was the last. */
void dsbind_rtsp_server_unmount(DsbindRtspServer *self, const char *path);

#endif
