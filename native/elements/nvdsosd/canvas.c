/* SPDX-License-Identifier: Apache-2.0 */
#include "canvas.h"

#include <math.h>
#include <string.h>

#define MAX_SIDE 65535

/* The last weight carries the offset of the format, which scales with alpha when premultiplied. */
static const OsdMatrix bt601 = {{16829, 33039, 6416, 4112},
                                {-9714, -19070, 28784, 32896},
                                {28784, -24103, -4681, 32896}};
static const OsdMatrix bt601_full = {{19595, 38470, 7471, 0},
                                     {-11058, -21710, 32768, 32896},
                                     {32768, -27439, -5329, 32896}};
static const OsdMatrix bt709 = {{11966, 40254, 4064, 4112},
                                {-6596, -22188, 28784, 32896},
                                {28784, -26145, -2639, 32896}};
static const OsdMatrix bt709_full = {{13933, 46871, 4732, 0},
                                     {-7509, -25259, 32768, 32896},
                                     {32768, -29763, -3005, 32896}};

static gboolean plane_is_sound(const NvBufSurfaceParams *frame, guint index, guint width,
                               guint height, guint bytes) {
  const NvBufSurfacePlaneParams *planes = &frame->planeParams;
  return planes->num_planes > index && planes->pitch[index] <= G_MAXINT &&
         (guint64)width * bytes <= planes->pitch[index] && height > 0;
}

static gboolean init_packed(OsdCanvas *canvas, const NvBufSurfaceParams *frame, gint step, gint red,
                            gint blue) {
  canvas->layout = OSD_PACKED;
  canvas->step = step;
  canvas->red = red;
  canvas->green = 1;
  canvas->blue = blue;
  canvas->alpha = step == 4 ? 3 : -1;
  return plane_is_sound(frame, 0, frame->width, frame->height, step);
}

static gboolean init_yuv(OsdCanvas *canvas, const NvBufSurfaceParams *frame, gboolean planar,
                         gboolean swapped, const OsdMatrix *matrix) {
  const NvBufSurfacePlaneParams *planes = &frame->planeParams;
  guint8 *base = frame->dataPtr;
  canvas->layout = OSD_YUV;
  canvas->matrix = matrix;
  canvas->step = 1;
  canvas->chroma_width = MIN(planes->width[1], (frame->width + 1) / 2);
  canvas->chroma_height = MIN(planes->height[1], (frame->height + 1) / 2);
  canvas->chroma_step = planar ? 1 : 2;
  canvas->chroma_pitch = (gint)planes->pitch[1];
  guint8 *first = base + planes->offset[1];
  guint8 *second = planar ? base + planes->offset[2] : first + 1;
  canvas->u = swapped ? second : first;
  canvas->v = swapped ? first : second;
  return plane_is_sound(frame, 0, frame->width, frame->height, 1) &&
         plane_is_sound(frame, 1, canvas->chroma_width, 1, canvas->chroma_step) &&
         (!planar || (plane_is_sound(frame, 2, canvas->chroma_width, 1, 1) &&
                      planes->pitch[2] == planes->pitch[1]));
}

gboolean osd_canvas_init(OsdCanvas *canvas, const NvBufSurfaceParams *frame) {
  memset(canvas, 0, sizeof *canvas);
  if (frame->dataPtr == NULL || frame->width == 0 || frame->height == 0 ||
      frame->width > MAX_SIDE || frame->height > MAX_SIDE ||
      frame->layout != NVBUF_LAYOUT_PITCH || frame->planeParams.num_planes == 0)
    return FALSE;
  canvas->width = (gint)frame->width;
  canvas->height = (gint)frame->height;
  canvas->luma = (guint8 *)frame->dataPtr + frame->planeParams.offset[0];
  canvas->pitch = (gint)frame->planeParams.pitch[0];
  switch ((int)frame->colorFormat) {
    case NVBUF_COLOR_FORMAT_GRAY8:
    case NVBUF_COLOR_FORMAT_GRAY8_ER:
      canvas->layout = OSD_GRAY;
      canvas->step = 1;
      canvas->matrix = frame->colorFormat == NVBUF_COLOR_FORMAT_GRAY8 ? &bt601 : &bt601_full;
      return plane_is_sound(frame, 0, frame->width, frame->height, 1);
    case NVBUF_COLOR_FORMAT_RGBA:
    case NVBUF_COLOR_FORMAT_RGBx:
      return init_packed(canvas, frame, 4, 0, 2);
    case NVBUF_COLOR_FORMAT_BGRA:
    case NVBUF_COLOR_FORMAT_BGRx:
      return init_packed(canvas, frame, 4, 2, 0);
    case NVBUF_COLOR_FORMAT_RGB:
      return init_packed(canvas, frame, 3, 0, 2);
    case NVBUF_COLOR_FORMAT_BGR:
      return init_packed(canvas, frame, 3, 2, 0);
    case NVBUF_COLOR_FORMAT_NV12:
      return init_yuv(canvas, frame, FALSE, FALSE, &bt601);
    case NVBUF_COLOR_FORMAT_NV12_ER:
      return init_yuv(canvas, frame, FALSE, FALSE, &bt601_full);
    case NVBUF_COLOR_FORMAT_NV12_709:
    case NVBUF_COLOR_FORMAT_NV12_2020:
      return init_yuv(canvas, frame, FALSE, FALSE, &bt709);
    case NVBUF_COLOR_FORMAT_NV12_709_ER:
      return init_yuv(canvas, frame, FALSE, FALSE, &bt709_full);
    case NVBUF_COLOR_FORMAT_NV21:
      return init_yuv(canvas, frame, FALSE, TRUE, &bt601);
    case NVBUF_COLOR_FORMAT_YUV420:
      return init_yuv(canvas, frame, TRUE, FALSE, &bt601);
    case NVBUF_COLOR_FORMAT_YVU420:
      return init_yuv(canvas, frame, TRUE, TRUE, &bt601);
    case NVBUF_COLOR_FORMAT_YUV420_ER:
      return init_yuv(canvas, frame, TRUE, FALSE, &bt601_full);
    case NVBUF_COLOR_FORMAT_YUV420_709:
    case NVBUF_COLOR_FORMAT_YUV420_2020:
      return init_yuv(canvas, frame, TRUE, FALSE, &bt709);
    case NVBUF_COLOR_FORMAT_YUV420_709_ER:
      return init_yuv(canvas, frame, TRUE, FALSE, &bt709_full);
    default:
      return FALSE;
  }
}

gboolean osd_canvas_clip(const OsdCanvas *canvas, OsdArea *area) {
  area->x0 = MAX(area->x0, 0);
  area->y0 = MAX(area->y0, 0);
  area->x1 = MIN(area->x1, canvas->width);
  area->y1 = MIN(area->y1, canvas->height);
  return area->x0 < area->x1 && area->y0 < area->y1;
}

/* Not a number counts as nothing. */
static double unit(double value) {
  return value > 0 ? (value < 1 ? value : 1) : 0;
}

guint32 osd_color(const NvOSD_ColorParams *color) {
  double alpha = unit(color->alpha);
  guint32 a = (guint32)lrint(alpha * 255);
  guint32 r = (guint32)lrint(unit(color->red) * alpha * 255);
  guint32 g = (guint32)lrint(unit(color->green) * alpha * 255);
  guint32 b = (guint32)lrint(unit(color->blue) * alpha * 255);
  return a << 24 | r << 16 | g << 8 | b;
}

static inline guint8 div255(guint32 value) {
  return (guint8)(((value + 128) * 257) >> 16);
}

static inline gint32 weigh(const gint32 weight[4], gint32 a, gint32 r, gint32 g, gint32 b) {
  return weight[0] * r + weight[1] * g + weight[2] * b + weight[3] * a;
}

static inline guint8 add_clamped(gint32 value, gint32 more) {
  return (guint8)CLAMP(value + more, 0, 255);
}

#define A(pixel) ((gint32)((pixel) >> 24))
#define R(pixel) ((gint32)((pixel) >> 16 & 255))
#define G(pixel) ((gint32)((pixel) >> 8 & 255))
#define B(pixel) ((gint32)((pixel)&255))

static inline void blend_packed(const OsdCanvas *canvas, guint8 *at, guint32 pixel) {
  guint32 keep = 255 - A(pixel);
  at[canvas->red] = add_clamped(R(pixel), div255(at[canvas->red] * keep));
  at[canvas->green] = add_clamped(G(pixel), div255(at[canvas->green] * keep));
  at[canvas->blue] = add_clamped(B(pixel), div255(at[canvas->blue] * keep));
  if (canvas->alpha >= 0)
    at[canvas->alpha] = add_clamped(A(pixel), div255(at[canvas->alpha] * keep));
}

static inline void blend_luma(const OsdCanvas *canvas, guint8 *at, guint32 pixel) {
  gint32 y = (weigh(canvas->matrix->y, A(pixel), R(pixel), G(pixel), B(pixel)) + 32768) >> 16;
  *at = add_clamped(y, div255(*at * (guint32)(255 - A(pixel))));
}

/* One chroma sample from the sums over the pixels that share it, of which the frame has
 * 1 << shift. Pixels that are not drawn on count with alpha 0. */
static inline void blend_chroma(const OsdCanvas *canvas, gint cx, gint cy, guint shift, gint32 a,
                                gint32 r, gint32 g, gint32 b) {
  gsize at = (gsize)cy * canvas->chroma_pitch + (gsize)cx * canvas->chroma_step;
  gint32 half = 1 << (15 + shift);
  gint32 u = (weigh(canvas->matrix->u, a, r, g, b) + half) >> (16 + shift);
  gint32 v = (weigh(canvas->matrix->v, a, r, g, b) + half) >> (16 + shift);
  guint32 keep = (255u << shift) - (guint32)a, round = 128u << shift;
  canvas->u[at] = add_clamped(u, ((canvas->u[at] * keep + round) * 257) >> (16 + shift));
  canvas->v[at] = add_clamped(v, ((canvas->v[at] * keep + round) * 257) >> (16 + shift));
}

/* How many pixels of the frame share a chroma sample, as a power of two. */
static inline guint chroma_shift(const OsdCanvas *canvas, gint cx, gint cy) {
  return (cx * 2 + 1 < canvas->width) + (cy * 2 + 1 < canvas->height);
}

static void fill_chroma(const OsdCanvas *canvas, OsdArea area, guint32 color) {
  gint cx1 = MIN((area.x1 + 1) / 2, canvas->chroma_width);
  gint cy1 = MIN((area.y1 + 1) / 2, canvas->chroma_height);
  for (gint cy = area.y0 / 2; cy < cy1; cy++) {
    gint rows = MIN(area.y1, cy * 2 + 2) - MAX(area.y0, cy * 2);
    for (gint cx = area.x0 / 2; cx < cx1; cx++) {
      gint n = rows * (MIN(area.x1, cx * 2 + 2) - MAX(area.x0, cx * 2));
      blend_chroma(canvas, cx, cy, chroma_shift(canvas, cx, cy), n * A(color), n * R(color),
                   n * G(color), n * B(color));
    }
  }
}

void osd_canvas_fill(const OsdCanvas *canvas, OsdArea area, guint32 color) {
  if (A(color) == 0 || !osd_canvas_clip(canvas, &area))
    return;
  if (canvas->notes != NULL) {
    canvas->notes->fill(canvas, area, color);
    return;
  }
  for (gint y = area.y0; y < area.y1; y++) {
    guint8 *row = canvas->luma + (gsize)y * canvas->pitch;
    if (canvas->layout == OSD_PACKED) {
      for (gint x = area.x0; x < area.x1; x++)
        blend_packed(canvas, row + (gsize)x * canvas->step, color);
    } else if (A(color) == 255) {
      blend_luma(canvas, row + area.x0, color);
      memset(row + area.x0, row[area.x0], area.x1 - area.x0);
    } else {
      for (gint x = area.x0; x < area.x1; x++)
        blend_luma(canvas, row + x, color);
    }
  }
  if (canvas->layout == OSD_YUV)
    fill_chroma(canvas, area, color);
}

typedef struct {
  const guint32 *pixels;
  gint x, y, stride;
} Bitmap;

static void blend_bitmap_chroma(const OsdCanvas *canvas, OsdArea area, const Bitmap *bitmap) {
  gint cx1 = MIN((area.x1 + 1) / 2, canvas->chroma_width);
  gint cy1 = MIN((area.y1 + 1) / 2, canvas->chroma_height);
  for (gint cy = area.y0 / 2; cy < cy1; cy++) {
    gint y0 = MAX(area.y0, cy * 2), y1 = MIN(area.y1, cy * 2 + 2);
    const guint32 *rows = bitmap->pixels + (gssize)(y0 - bitmap->y) * bitmap->stride - bitmap->x;
    for (gint cx = area.x0 / 2; cx < cx1; cx++) {
      gint x0 = MAX(area.x0, cx * 2), x1 = MIN(area.x1, cx * 2 + 2);
      gint32 a = 0, r = 0, g = 0, b = 0;
      const guint32 *row = rows;
      for (gint y = y0; y < y1; y++, row += bitmap->stride) {
        for (gint x = x0; x < x1; x++) {
          guint32 pixel = row[x];
          a += A(pixel);
          r += R(pixel);
          g += G(pixel);
          b += B(pixel);
        }
      }
      if (a != 0)
        blend_chroma(canvas, cx, cy, chroma_shift(canvas, cx, cy), a, r, g, b);
    }
  }
}

void osd_canvas_blend(const OsdCanvas *canvas, gint x, gint y, const guint32 *pixels, gint width,
                      gint height, gint stride) {
  gint64 right = (gint64)x + width, bottom = (gint64)y + height;
  OsdArea area = {x, y, (gint)MIN(right, G_MAXINT), (gint)MIN(bottom, G_MAXINT)};
  if (!osd_canvas_clip(canvas, &area))
    return;
  if (canvas->notes != NULL) {
    const guint32 *corner = pixels + (gssize)(area.y0 - y) * stride + (area.x0 - x);
    canvas->notes->bitmap(canvas, area, corner, stride);
    return;
  }
  for (gint row = area.y0; row < area.y1; row++) {
    const guint32 *from = pixels + (gssize)(row - y) * stride + (area.x0 - x);
    guint8 *to = canvas->luma + (gsize)row * canvas->pitch + (gsize)area.x0 * canvas->step;
    gint count = area.x1 - area.x0;
    if (canvas->layout == OSD_PACKED) {
      for (gint i = 0; i < count; i++, to += canvas->step) {
        if (from[i] != 0)
          blend_packed(canvas, to, from[i]);
      }
    } else {
      for (gint i = 0; i < count; i++) {
        if (from[i] != 0)
          blend_luma(canvas, to + i, from[i]);
      }
    }
  }
  if (canvas->layout == OSD_YUV) {
    Bitmap bitmap = {pixels, x, y, stride};
    blend_bitmap_chroma(canvas, area, &bitmap);
  }
}

static void blur_samples(guint8 *plane, gint pitch, gint step, OsdArea area, gint tile) {
  for (gint y0 = area.y0; y0 < area.y1; y0 += tile) {
    for (gint x0 = area.x0; x0 < area.x1; x0 += tile) {
      gint y1 = MIN(y0 + tile, area.y1), x1 = MIN(x0 + tile, area.x1);
      guint64 sum = 0;
      for (gint y = y0; y < y1; y++) {
        for (gint x = x0; x < x1; x++)
          sum += plane[(gsize)y * pitch + (gsize)x * step];
      }
      guint8 mean = (guint8)(sum / ((guint64)(y1 - y0) * (x1 - x0)));
      for (gint y = y0; y < y1; y++) {
        for (gint x = x0; x < x1; x++)
          plane[(gsize)y * pitch + (gsize)x * step] = mean;
      }
    }
  }
}

void osd_canvas_blur(const OsdCanvas *canvas, OsdArea area) {
  if (!osd_canvas_clip(canvas, &area))
    return;
  /* Even, so that the tiles of chroma lie under those of luma. */
  gint tile = MAX(8, MAX(area.x1 - area.x0, area.y1 - area.y0) / 8) & ~1;
  if (canvas->notes != NULL) {
    canvas->notes->blur(canvas, area, tile);
    return;
  }
  if (canvas->layout == OSD_PACKED) {
    for (gint channel = 0; channel < 3; channel++)
      blur_samples(canvas->luma + channel, canvas->pitch, canvas->step, area, tile);
    return;
  }
  blur_samples(canvas->luma, canvas->pitch, 1, area, tile);
  if (canvas->layout == OSD_YUV) {
    OsdArea chroma = {area.x0 / 2, area.y0 / 2, MIN((area.x1 + 1) / 2, canvas->chroma_width),
                      MIN((area.y1 + 1) / 2, canvas->chroma_height)};
    blur_samples(canvas->u, canvas->chroma_pitch, canvas->chroma_step, chroma, tile / 2);
    blur_samples(canvas->v, canvas->chroma_pitch, canvas->chroma_step, chroma, tile / 2);
  }
}
