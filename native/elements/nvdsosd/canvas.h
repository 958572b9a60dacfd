/* SPDX-License-Identifier: Apache-2.0 */
/* One frame to draw on, of any pixel format, seen through three operations: fill, blend and blur.
 *
 * Everything is clipped to the frame. Colours are premultiplied 0xAARRGGBB, as Cairo has them. */
#ifndef DSBIND_OSD_CANVAS_H
#define DSBIND_OSD_CANVAS_H

#include <glib.h>
#include <nvbufsurface.h>
#include <nvll_osd_struct.h>

typedef enum {
  OSD_GRAY,
  OSD_PACKED, /* one plane of 3 or 4 bytes a pixel */
  OSD_YUV,    /* luma, and chroma for each 2x2 pixels in one plane or two */
} OsdLayout;

/* Weights of red, green, blue and alpha in a sample, 16 bits of fraction. */
typedef struct {
  gint32 y[4], u[4], v[4];
} OsdMatrix;

typedef struct OsdCanvasNotes OsdCanvasNotes;

typedef struct {
  OsdLayout layout;
  gint width, height;
  guint8 *luma; /* or the packed pixels */
  gint pitch;
  guint8 *u, *v;
  gint chroma_pitch, chroma_step, chroma_width, chroma_height;
  gint step, red, green, blue, alpha; /* of a packed pixel; alpha -1 when it has none */
  const OsdMatrix *matrix;
  const OsdCanvasNotes *notes; /* NULL: draw */
  struct OsdRecorder *recorder;
} OsdCanvas;

/* Pixels from x0, y0 up to, not including, x1, y1. */
typedef struct {
  gint x0, y0, x1, y1;
} OsdArea;

/* Who takes what is drawn where the pixels are out of the CPU's reach. Areas lie within the frame; the
 * first of `pixels` belongs to the area's corner, and `stride` counts pixels. */
struct OsdCanvasNotes {
  void (*fill)(const OsdCanvas *canvas, OsdArea area, guint32 color);
  void (*bitmap)(const OsdCanvas *canvas, OsdArea area, const guint32 *pixels, gint stride);
  void (*blur)(const OsdCanvas *canvas, OsdArea area, gint tile);
};

/* FALSE when the format is not one that can be drawn on, or the geometry is not sound. */
gboolean osd_canvas_init(OsdCanvas *canvas, const NvBufSurfaceParams *frame);

/* The part of `area` within the frame; FALSE when there is none. */
gboolean osd_canvas_clip(const OsdCanvas *canvas, OsdArea *area);

guint32 osd_color(const NvOSD_ColorParams *color);

void osd_canvas_fill(const OsdCanvas *canvas, OsdArea area, guint32 color);

/* Lays `pixels` over the frame with its corner at x, y. `stride` counts pixels. */
void osd_canvas_blend(const OsdCanvas *canvas, gint x, gint y, const guint32 *pixels, gint width,
                      gint height, gint stride);

/* Makes what `area` shows unrecognisable: coarse tiles of its mean colour. */
void osd_canvas_blur(const OsdCanvas *canvas, OsdArea area);

#endif
