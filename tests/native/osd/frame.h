/* SPDX-License-Identifier: Apache-2.0 */
/* A frame of one colour in plain memory, of any format that can be drawn on. */
#ifndef DSBIND_TEST_FRAME_H
#define DSBIND_TEST_FRAME_H

#include <glib.h>
#include <nvbufsurface.h>
#include <string.h>

#define PAD 32 /* extra bytes a row, which nobody may touch */
#define GUARD 0xa5

typedef struct {
  NvBufSurfaceParams params;
  guint8 *data;
  gsize size;
} Frame;

static inline void frame_plane(Frame *frame, guint width, guint height, guint bytes) {
  NvBufSurfacePlaneParams *planes = &frame->params.planeParams;
  guint p = planes->num_planes++;
  planes->width[p] = width;
  planes->height[p] = height;
  planes->bytesPerPix[p] = bytes;
  planes->pitch[p] = width * bytes + PAD;
  planes->offset[p] = (guint)frame->size;
  planes->psize[p] = planes->pitch[p] * height;
  frame->size += planes->psize[p];
}

/* `gray` is the value of every sample but chroma, which is neutral. */
static inline Frame frame_new(NvBufSurfaceColorFormat format, guint width, guint height,
                              guint8 gray) {
  Frame frame = {.params = {.width = width, .height = height, .colorFormat = format}};
  guint cw = (width + 1) / 2, ch = (height + 1) / 2, bytes = 1;
  if (format == NVBUF_COLOR_FORMAT_RGBA || format == NVBUF_COLOR_FORMAT_BGRA)
    bytes = 4;
  else if (format == NVBUF_COLOR_FORMAT_RGB || format == NVBUF_COLOR_FORMAT_BGR)
    bytes = 3;
  frame_plane(&frame, width, height, bytes);
  if (format == NVBUF_COLOR_FORMAT_NV12)
    frame_plane(&frame, cw, ch, 2);
  for (int i = 0; format == NVBUF_COLOR_FORMAT_YUV420 && i < 2; i++)
    frame_plane(&frame, cw, ch, 1);
  const NvBufSurfacePlaneParams *planes = &frame.params.planeParams;
  frame.params.pitch = planes->pitch[0];
  frame.params.dataPtr = frame.data = g_malloc(frame.size);
  memset(frame.data, GUARD, frame.size);
  for (guint p = 0; p < planes->num_planes; p++) {
    for (guint y = 0; y < planes->height[p]; y++)
      memset(frame.data + planes->offset[p] + (gsize)y * planes->pitch[p], p == 0 ? gray : 128,
             planes->width[p] * planes->bytesPerPix[p]);
  }
  return frame;
}

static inline guint8 *frame_at(const Frame *frame, guint plane, guint x, guint y) {
  const NvBufSurfacePlaneParams *planes = &frame->params.planeParams;
  return frame->data + planes->offset[plane] + (gsize)y * planes->pitch[plane] +
         x * planes->bytesPerPix[plane];
}

/* The bytes after each row are as they were. */
static inline gboolean frame_guards_hold(const Frame *frame) {
  const NvBufSurfacePlaneParams *planes = &frame->params.planeParams;
  for (guint p = 0; p < planes->num_planes; p++) {
    for (guint y = 0; y < planes->height[p]; y++) {
      const guint8 *end = frame_at(frame, p, planes->width[p], y);
      for (guint i = 0; i < PAD; i++) {
        if (end[i] != GUARD)
          return FALSE;
      }
    }
  }
  return TRUE;
}

#endif
