/* SPDX-License-Identifier: Apache-2.0 */
/* Rows are stretched, each once while the picture grows, and mixed in pairs. To stretch a row its
 * pixels are looked up, which no plain vector unit can, in blocks that are then mixed, which every
 * one can.
 *
 * What is cut off, and where, is as in OpenCV's 8-bit cv2.resize(): exact rounding is a tenth of a
 * level brighter, and that alone moves three in a hundred of a detector's boxes. */
#include "bilinear.h"

#include <math.h>

#include "scratch.h"

#define BITS 11
#define ONE (1 << BITS)
#define BLOCK 128
#define STRETCHED_BITS 7 /* of the fraction of a stretched row's samples */

/* Two neighbours: `first`, and the next one with a share of `weight` in ONE. */
typedef struct {
  int first, weight;
} Pair;

typedef struct {
  int *first;
  int16_t *weight; /* once for every byte of a pixel */
} Columns;

/* The neighbours of `index`; at the edges there is only one, and the weight is zero. */
static Pair pair_at(int index, int src_size, int dst_size) {
  double centre = (index + 0.5) * src_size / dst_size - 0.5;
  if (centre <= 0)
    return (Pair){0, 0};
  if (centre >= src_size - 1)
    return (Pair){src_size - 1, 0};
  int first = (int)centre;
  return (Pair){first, (int)lrint((centre - first) * ONE)};
}

/* The next pixel is always read: at the right edge it is the one that counts. */
static void find_columns(Columns *columns, Plane src, Plane dst) {
  for (int x = 0; x < dst.width; x++) {
    Pair pair = pair_at(x, src.width, dst.width);
    if (pair.first > 0 && pair.first == src.width - 1)
      pair = (Pair){pair.first - 1, ONE};
    columns->first[x] = pair.first;
    for (int i = 0; i < dst.bytes; i++)
      columns->weight[x * dst.bytes + i] = (int16_t)pair.weight;
  }
}

static inline void look_up(const uint8_t *restrict row, const int *restrict first,
                           uint8_t *restrict left, uint8_t *restrict right, int count,
                           size_t bytes) {
  for (int x = 0; x < count; x++) {
    const uint8_t *pair = row + (size_t)first[x] * bytes;
    memcpy(left + (size_t)x * bytes, pair, bytes);
    memcpy(right + (size_t)x * bytes, pair + bytes, bytes);
  }
}

static void mix_pixels(const uint8_t *restrict left, const uint8_t *restrict right,
                       const int16_t *restrict weight, int16_t *restrict out, int count) {
  for (int i = 0; i < count; i++) {
    int16_t step = (int16_t)(right[i] - left[i]);
    int16_t share = (int16_t)(step * weight[i] >> (BITS - STRETCHED_BITS));
    out[i] = (int16_t)((left[i] << STRETCHED_BITS) + share);
  }
}

static void widen(const uint8_t *restrict row, int16_t *restrict out, int count) {
  for (int i = 0; i < count; i++) out[i] = (int16_t)(row[i] << STRETCHED_BITS);
}

static void stretch(const Columns *columns, const uint8_t *row, Plane src, int16_t *out,
                    Plane dst) {
  uint8_t left[BLOCK * 4], right[BLOCK * 4], twice[8];
  const int bytes = src.bytes;
  if (src.width == dst.width) {
    widen(row, out, dst.width * bytes);
    return;
  }
  if (src.width == 1) {
    /* The only pixel has no next one. */
    memcpy(twice, row, (size_t)bytes);
    memcpy(twice + bytes, row, (size_t)bytes);
    row = twice;
  }
  for (int x = 0; x < dst.width; x += BLOCK) {
    int count = dst.width - x < BLOCK ? dst.width - x : BLOCK;
    switch (bytes) {
      case 1: look_up(row, columns->first + x, left, right, count, 1); break;
      case 2: look_up(row, columns->first + x, left, right, count, 2); break;
      default: look_up(row, columns->first + x, left, right, count, 4); break;
    }
    mix_pixels(left, right, columns->weight + x * bytes, out + x * bytes, count * bytes);
  }
}

/* Each row's share is cut to a quarter of a level, and their sum rounded. Signed numbers of 16 bits
 * are what the compiler has a high product for. */
static void mix_rows(const int16_t *restrict above, const int16_t *restrict below, int weight,
                     uint8_t *restrict out, int count) {
  const int16_t upper = (int16_t)(ONE - weight), lower = (int16_t)weight;
  for (int i = 0; i < count; i++) {
    int16_t a = (int16_t)(above[i] * upper >> 16), b = (int16_t)(below[i] * lower >> 16);
    out[i] = (uint8_t)((uint16_t)(a + b + 2) >> 2);
  }
}

static uint8_t *row_of(Plane plane, int y) {
  return plane.data + (size_t)y * (size_t)plane.stride;
}

bool scale_bilinear(Plane src, Plane dst) {
  const size_t width = (size_t)dst.width, bytes = (size_t)dst.bytes;
  const int count = dst.width * dst.bytes;
  Columns columns;
  uint8_t *memory = scratch_bytes(
      SCRATCH_SCALE, width * sizeof *columns.first + 3 * width * bytes * sizeof *columns.weight);
  if (!memory)
    return false;
  columns.first = (int *)(void *)memory;
  columns.weight = (int16_t *)(void *)(columns.first + width);
  if (src.width != dst.width)
    find_columns(&columns, src, dst);

  int16_t *lines[2]; /* of even and odd rows */
  lines[0] = columns.weight + count;
  lines[1] = lines[0] + count;
  int held[2] = {-1, -1};
  for (int y = 0; y < dst.height; y++) {
    Pair rows = pair_at(y, src.height, dst.height);
    int next = rows.first + (rows.weight != 0);
    for (int row = rows.first; row <= next; row++)
      if (held[row & 1] != row) {
        stretch(&columns, row_of(src, row), src, lines[row & 1], dst);
        held[row & 1] = row;
      }
    mix_rows(lines[rows.first & 1], lines[next & 1], rows.weight, row_of(dst, y), count);
  }
  return true;
}
