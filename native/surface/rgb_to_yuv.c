/* SPDX-License-Identifier: Apache-2.0 */
/* RGB to YUV for the matrices that libyuv has only in the other direction. */
#include <math.h>

#include "convert.h"
#include "scratch.h"

#define BITS 15
#define HALF (1 << (BITS - 1))

/* Fixed-point weights of red, green and blue in each component. */
typedef struct {
  int y[3], u[3], v[3];
  int black;
} Weights;

static int fixed(float value) {
  return (int)lrintf(value * (1 << BITS));
}

static Weights weights_of(const Colour *colour) {
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

static uint8_t clamp(int value) {
  return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void luma_row(const Weights *w, const PixelFormat *f, const uint8_t *restrict row,
                     uint8_t *restrict y, int width) {
  const int wr = w->y[0], wg = w->y[1], wb = w->y[2], add = (w->black << BITS) + HALF;
  const int sr = byte_shift(f->r), sg = byte_shift(f->g), sb = byte_shift(f->b);
  for (int x = 0; x < width; x++) {
    uint32_t p = pixel_load(row, x);
    y[x] = (uint8_t)((wr * (int)(p >> sr & 255) + wg * (int)(p >> sg & 255) +
                      wb * (int)(p >> sb & 255) + add) >> BITS);
  }
}

/* The sum of four pixels, by component. */
static inline int sum4(uint32_t p, uint32_t q, uint32_t s, uint32_t t, int shift) {
  return (int)((p >> shift & 255) + (q >> shift & 255) + (s >> shift & 255) + (t >> shift & 255));
}

/* One row of samples, each the mean of 2 x 2 pixels; an odd last column counts twice. */
static void chroma_row(Weights w, const PixelFormat *f, const uint8_t *restrict top,
                       const uint8_t *restrict bottom, uint8_t *restrict u, uint8_t *restrict v,
                       int width) {
  const int sr = byte_shift(f->r), sg = byte_shift(f->g), sb = byte_shift(f->b);
  const int add = (128 << (BITS + 2)) + (1 << (BITS + 1));
  const int pairs = width / 2;
  for (int x = 0; x < pairs; x++) {
    uint32_t p = pixel_load(top, 2 * x), q = pixel_load(top, 2 * x + 1);
    uint32_t s = pixel_load(bottom, 2 * x), t = pixel_load(bottom, 2 * x + 1);
    int r = sum4(p, q, s, t, sr), g = sum4(p, q, s, t, sg), b = sum4(p, q, s, t, sb);
    u[x] = clamp((w.u[0] * r + w.u[1] * g + w.u[2] * b + add) >> (BITS + 2));
    v[x] = clamp((w.v[0] * r + w.v[1] * g + w.v[2] * b + add) >> (BITS + 2));
  }
  if (width % 2) {
    uint8_t last[2][8];
    for (int i = 0; i < 2; i++) {
      memcpy(last[0] + 4 * i, top + 4 * (size_t)(width - 1), 4);
      memcpy(last[1] + 4 * i, bottom + 4 * (size_t)(width - 1), 4);
    }
    chroma_row(w, f, last[0], last[1], u + pairs, v + pairs, 2);
  }
}

bool rgb32_to_yuv(const Image *src, const Image *dst) {
  const Weights w = weights_of(dst->format.colour);
  const int samples = chroma_side(src->width);
  const bool semi = dst->format.layout == LAYOUT_SEMI;
  uint8_t *pairs = semi ? scratch_bytes(SCRATCH_CHROMA, 2 * (size_t)samples) : NULL;
  if (semi && !pairs)
    return false;
  for (int y = 0; y < src->height; y++) {
    const uint8_t *row = src->plane[0] + (size_t)y * (size_t)src->stride[0];
    luma_row(&w, &src->format, row, dst->plane[0] + (size_t)y * (size_t)dst->stride[0],
             src->width);
    if (y % 2 != 0 || !is_subsampled(&dst->format))
      continue;
    const uint8_t *below = y + 1 < src->height ? row + src->stride[0] : row;
    uint8_t *first = dst->plane[1] + (size_t)(y / 2) * (size_t)dst->stride[1];
    if (semi) {
      uint8_t *u = dst->format.swapped ? pairs + samples : pairs;
      uint8_t *v = dst->format.swapped ? pairs : pairs + samples;
      chroma_row(w, &src->format, row, below, u, v, src->width);
      MergeUVPlane(pairs, samples, pairs + samples, samples, first, dst->stride[1], samples, 1);
    } else {
      chroma_row(w, &src->format, row, below, first,
                 dst->plane[2] + (size_t)(y / 2) * (size_t)dst->stride[2], src->width);
    }
  }
  return true;
}
