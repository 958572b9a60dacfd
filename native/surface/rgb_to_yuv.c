/* SPDX-License-Identifier: Apache-2.0 */
/* RGB to YUV for the matrices that libyuv has only in the other direction. */
#include <math.h>

#include "convert.h"

#define BITS 15
#define HALF (1 << (BITS - 1))

/* Fixed-point weights of red, green and blue in each component. */
typedef struct {
  int y[3], u[3], v[3];
  int black;
} Weights;

static int fixed(float value)
{
  return (int)lrintf(value * (1 << BITS));
}

static Weights weights_of(const Colour *colour)
{
  float kr = colour->kr, kb = colour->kb, kg = 1 - kr - kb;
  float luma = colour->full ? 1.0f : 219.0f / 255.0f;
  float chroma = colour->full ? 1.0f : 224.0f / 255.0f;
  float u = chroma / (2 * (1 - kb)), v = chroma / (2 * (1 - kr));
  Weights w = {.black = colour->full ? 0 : 16};
  w.y[0] = fixed(kr * luma);
  w.y[2] = fixed(kb * luma);
  /* Rounding must not turn white into 234 or 236, nor grey into a hint of colour. */
  w.y[1] = fixed(luma) - w.y[0] - w.y[2];
  w.u[0] = fixed(-kr * u);
  w.u[1] = fixed(-kg * u);
  w.u[2] = -w.u[0] - w.u[1];
  w.v[1] = fixed(-kg * v);
  w.v[2] = fixed(-kb * v);
  w.v[0] = -w.v[1] - w.v[2];
  return w;
}

static uint8_t clamp(int value)
{
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void luma_row(const Weights *w, const uint8_t *r, const uint8_t *g, const uint8_t *b,
                     uint8_t *y, int width)
{
  const int wr = w->y[0], wg = w->y[1], wb = w->y[2], add = (w->black << BITS) + HALF;
  for (int x = 0; x < width; x++)
    y[x] = (uint8_t)((wr * r[4 * x] + wg * g[4 * x] + wb * b[4 * x] + add) >> BITS);
}

/* One row of chroma from the 2 x 2 pixels of each sample; an odd last column counts twice. */
static void chroma_row(const Weights *w, const Image *src, const uint8_t *top,
                       const uint8_t *bottom, uint8_t *u, uint8_t *v, int step)
{
  const PixelFormat *f = &src->format;
  for (int x = 0; x < chroma_side(src->width); x++) {
    int left = 8 * x;
    int right = 2 * x + 1 < src->width ? left + 4 : left;
    int r = top[left + f->r] + top[right + f->r] + bottom[left + f->r] + bottom[right + f->r];
    int g = top[left + f->g] + top[right + f->g] + bottom[left + f->g] + bottom[right + f->g];
    int b = top[left + f->b] + top[right + f->b] + bottom[left + f->b] + bottom[right + f->b];
    const int add = (128 << (BITS + 2)) + (1 << (BITS + 1));
    u[x * step] = clamp((w->u[0] * r + w->u[1] * g + w->u[2] * b + add) >> (BITS + 2));
    v[x * step] = clamp((w->v[0] * r + w->v[1] * g + w->v[2] * b + add) >> (BITS + 2));
  }
}

void rgb32_to_yuv(const Image *src, const Image *dst)
{
  const Weights w = weights_of(dst->format.colour);
  const PixelFormat *f = &src->format;
  for (int y = 0; y < src->height; y++) {
    const uint8_t *row = src->plane[0] + (size_t)y * (size_t)src->stride[0];
    luma_row(&w, row + f->r, row + f->g, row + f->b,
             dst->plane[0] + (size_t)y * (size_t)dst->stride[0], src->width);
    if (y % 2 != 0 || !is_subsampled(&dst->format))
      continue;
    const uint8_t *below = y + 1 < src->height ? row + src->stride[0] : row;
    size_t line = (size_t)(y / 2);
    uint8_t *first = dst->plane[1] + line * (size_t)dst->stride[1];
    if (dst->format.layout == LAYOUT_PLANAR) {
      uint8_t *second = dst->plane[2] + line * (size_t)dst->stride[2];
      chroma_row(&w, src, row, below, first, second, 1);
    } else if (dst->format.swapped) {
      chroma_row(&w, src, row, below, first + 1, first, 2);
    } else {
      chroma_row(&w, src, row, below, first, first + 1, 2);
    }
  }
}
