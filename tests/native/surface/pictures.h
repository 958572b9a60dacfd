/* SPDX-License-Identifier: Apache-2.0 */
/* Surfaces with a known picture in them, encoded and decoded by the plain formulas.
 *
 * The picture is smooth, so that subsampled chroma and filters change it little, and colourful,
 * so that a wrong matrix or a swapped channel changes it much. */
#ifndef DSBIND_TESTS_PICTURES_H
#define DSBIND_TESTS_PICTURES_H

#include <math.h>
#include <nvbufsurftransform.h>

#include "check.h"

typedef enum { PIC_GRAY, PIC_PLANAR, PIC_SEMI, PIC_RGB } PicKind;

typedef struct {
  NvBufSurfaceColorFormat color;
  PicKind kind;
  int bytes;      /* of a pixel of RGB */
  int r, g, b, a; /* the byte of each component; -1: none */
  int u, v;       /* the plane (planar) or byte of the pair (semi) */
  double kr, kb;
  int full;
} PicFormat;

#define PIC_YUV601(kind, color, u, v) {color, kind, 1, 0, 0, 0, -1, u, v, .299, .114, 0}
static const PicFormat PIC_FORMATS[] = {
    PIC_YUV601(PIC_SEMI, NVBUF_COLOR_FORMAT_NV12, 0, 1),
    PIC_YUV601(PIC_PLANAR, NVBUF_COLOR_FORMAT_YUV420, 1, 2),
    {NVBUF_COLOR_FORMAT_RGBA, PIC_RGB, 4, 0, 1, 2, 3, 0, 0, 0, 0, 0},
    {NVBUF_COLOR_FORMAT_BGRA, PIC_RGB, 4, 2, 1, 0, 3, 0, 0, 0, 0, 0},
    {NVBUF_COLOR_FORMAT_RGB, PIC_RGB, 3, 0, 1, 2, -1, 0, 0, 0, 0, 0},
    {NVBUF_COLOR_FORMAT_BGR, PIC_RGB, 3, 2, 1, 0, -1, 0, 0, 0, 0, 0},
    PIC_YUV601(PIC_GRAY, NVBUF_COLOR_FORMAT_GRAY8, 0, 0),
    {NVBUF_COLOR_FORMAT_GRAY8_ER, PIC_GRAY, 1, 0, 0, 0, -1, 0, 0, .299, .114, 1},
    PIC_YUV601(PIC_SEMI, NVBUF_COLOR_FORMAT_NV21, 1, 0),
    PIC_YUV601(PIC_PLANAR, NVBUF_COLOR_FORMAT_YVU420, 2, 1),
    {NVBUF_COLOR_FORMAT_NV12_ER, PIC_SEMI, 1, 0, 0, 0, -1, 0, 1, .299, .114, 1},
    {NVBUF_COLOR_FORMAT_NV21_ER, PIC_SEMI, 1, 0, 0, 0, -1, 1, 0, .299, .114, 1},
    {NVBUF_COLOR_FORMAT_NV12_709, PIC_SEMI, 1, 0, 0, 0, -1, 0, 1, .2126, .0722, 0},
    {NVBUF_COLOR_FORMAT_NV12_709_ER, PIC_SEMI, 1, 0, 0, 0, -1, 0, 1, .2126, .0722, 1},
    {NVBUF_COLOR_FORMAT_NV12_2020, PIC_SEMI, 1, 0, 0, 0, -1, 0, 1, .2627, .0593, 0},
    {NVBUF_COLOR_FORMAT_YUV420_ER, PIC_PLANAR, 1, 0, 0, 0, -1, 1, 2, .299, .114, 1},
    {NVBUF_COLOR_FORMAT_YUV420_709, PIC_PLANAR, 1, 0, 0, 0, -1, 1, 2, .2126, .0722, 0},
    {NVBUF_COLOR_FORMAT_YUV420_709_ER, PIC_PLANAR, 1, 0, 0, 0, -1, 1, 2, .2126, .0722, 1},
    {NVBUF_COLOR_FORMAT_YUV420_2020, PIC_PLANAR, 1, 0, 0, 0, -1, 1, 2, .2627, .0593, 0},
    {NVBUF_COLOR_FORMAT_ARGB, PIC_RGB, 4, 1, 2, 3, 0, 0, 0, 0, 0, 0},
    {NVBUF_COLOR_FORMAT_ABGR, PIC_RGB, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0},
    {NVBUF_COLOR_FORMAT_RGBx, PIC_RGB, 4, 0, 1, 2, -1, 0, 0, 0, 0, 0},
    {NVBUF_COLOR_FORMAT_BGRx, PIC_RGB, 4, 2, 1, 0, -1, 0, 0, 0, 0, 0},
};
#define PIC_FORMAT_COUNT ((int)(sizeof PIC_FORMATS / sizeof PIC_FORMATS[0]))

typedef struct {
  double r, g, b;
} Rgb;

static inline NvBufSurface *pic_surface(NvBufSurfaceColorFormat color, uint32_t width,
                                        uint32_t height, uint32_t batch) {
  NvBufSurface *surface = NULL;
  NvBufSurfaceCreateParams params = {
      .width = width, .height = height, .colorFormat = color, .memType = NVBUF_MEM_SYSTEM};
  CHECK_INT(NvBufSurfaceCreate(&surface, batch, &params), 0);
  surface->numFilled = batch;
  return surface;
}

static inline uint8_t *pic_at(const NvBufSurface *surface, uint32_t index, int plane, int x,
                              int y) {
  const NvBufSurfaceParams *entry = &surface->surfaceList[index];
  const NvBufSurfacePlaneParams *p = &entry->planeParams;
  CHECK((uint32_t)x < p->width[plane] && (uint32_t)y < p->height[plane]);
  return (uint8_t *)entry->dataPtr + p->offset[plane] + (size_t)y * p->pitch[plane] +
         (size_t)x * p->bytesPerPix[plane];
}

/* The colour at (u, v) of the unit square, components 0 to 255. */
static inline Rgb pic_color(double u, double v) {
  return (Rgb){128 + 100 * sin(3.1 * u + 1.7 * v), 128 + 100 * cos(2.3 * u - 2.9 * v),
               128 + 100 * sin(2.0 - 1.9 * u + 3.3 * v)};
}

static inline uint8_t pic_byte(double value) {
  return (uint8_t)lrint(value < 0 ? 0 : value > 255 ? 255 : value);
}

static inline double pic_luma(const PicFormat *f, Rgb c) {
  return f->kr * c.r + (1 - f->kr - f->kb) * c.g + f->kb * c.b;
}

static inline void pic_encode(const PicFormat *f, Rgb c, double *y, double *u, double *v) {
  double luma = pic_luma(f, c);
  *y = f->full ? luma : 16 + luma * 219 / 255;
  double scale = f->full ? 1 : 224.0 / 255;
  *u = 128 + scale * (c.b - luma) / (2 * (1 - f->kb));
  *v = 128 + scale * (c.r - luma) / (2 * (1 - f->kr));
}

static inline void pic_set_chroma(const PicFormat *f, NvBufSurface *s, uint32_t index, int x, int y,
                                  double u, double v) {
  if (f->kind == PIC_PLANAR) {
    *pic_at(s, index, f->u, x, y) = pic_byte(u);
    *pic_at(s, index, f->v, x, y) = pic_byte(v);
  } else if (f->kind == PIC_SEMI) {
    pic_at(s, index, 1, x, y)[f->u] = pic_byte(u);
    pic_at(s, index, 1, x, y)[f->v] = pic_byte(v);
  }
}

static inline void pic_draw(const PicFormat *f, NvBufSurface *s, uint32_t index) {
  int width = (int)s->surfaceList[index].width, height = (int)s->surfaceList[index].height;
  double luma, u, v;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      Rgb c = pic_color((x + .5) / width, (y + .5) / height);
      uint8_t *p = pic_at(s, index, 0, x, y);
      if (f->kind == PIC_RGB) {
        memset(p, 77, (size_t)f->bytes);
        p[f->r] = pic_byte(c.r), p[f->g] = pic_byte(c.g), p[f->b] = pic_byte(c.b);
        if (f->a >= 0) p[f->a] = 255;
      } else {
        pic_encode(f, c, &luma, &u, &v);
        *p = pic_byte(luma);
      }
    }
  for (int y = 0; y < (height + 1) / 2; y++)
    for (int x = 0; x < (width + 1) / 2; x++) {
      double right = fmin(2 * x + 1, width - 1), below = fmin(2 * y + 1, height - 1);
      pic_encode(f->kind == PIC_RGB ? &PIC_FORMATS[0] : f,
                 pic_color(((2 * x + right) / 2 + .5) / width, ((2 * y + below) / 2 + .5) / height),
                 &luma, &u, &v);
      pic_set_chroma(f, s, index, x, y, u, v);
    }
}

static inline Rgb pic_get(const PicFormat *f, const NvBufSurface *s, uint32_t index, int x, int y) {
  const uint8_t *p = pic_at(s, index, 0, x, y);
  if (f->kind == PIC_RGB) return (Rgb){p[f->r], p[f->g], p[f->b]};
  double luma = f->full ? *p : (*p - 16) * 255.0 / 219, u = 0, v = 0;
  if (f->kind == PIC_PLANAR) {
    u = *pic_at(s, index, f->u, x / 2, y / 2) - 128.0;
    v = *pic_at(s, index, f->v, x / 2, y / 2) - 128.0;
  } else if (f->kind == PIC_SEMI) {
    u = pic_at(s, index, 1, x / 2, y / 2)[f->u] - 128.0;
    v = pic_at(s, index, 1, x / 2, y / 2)[f->v] - 128.0;
  }
  double scale = f->full ? 1 : 255.0 / 224;
  double r = luma + v * scale * 2 * (1 - f->kr), b = luma + u * scale * 2 * (1 - f->kb);
  return (Rgb){r, (luma - f->kr * r - f->kb * b) / (1 - f->kr - f->kb), b};
}

/* What a pixel should be after `from` was converted to `to`. Grey at either end leaves luma: the
 * source's own when it has one, that of BT.601 when it is RGB. */
static inline Rgb pic_expected(const PicFormat *from, const PicFormat *to, Rgb c) {
  if (from->kind != PIC_GRAY && to->kind != PIC_GRAY) return c;
  double luma = pic_luma(from->kind == PIC_RGB ? &PIC_FORMATS[0] : from, c);
  return (Rgb){luma, luma, luma};
}

/* Mean squared difference to the picture, as PSNR in dB. */
static inline double pic_psnr(const PicFormat *from, const PicFormat *to, const NvBufSurface *s,
                              uint32_t index) {
  int width = (int)s->surfaceList[index].width, height = (int)s->surfaceList[index].height;
  double sum = 0;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      Rgb want = pic_expected(from, to, pic_color((x + .5) / width, (y + .5) / height));
      Rgb have = pic_get(to, s, index, x, y);
      sum += (want.r - have.r) * (want.r - have.r) + (want.g - have.g) * (want.g - have.g) +
             (want.b - have.b) * (want.b - have.b);
    }
  return 10 * log10(255 * 255 / (sum / (3.0 * width * height) + 1e-9));
}

#endif
