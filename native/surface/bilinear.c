/* SPDX-License-Identifier: Apache-2.0 */
/* A row is stretched by looking its pixels up, which no vector unit of 2003 can, in blocks that
 * are then mixed, which every one can. Rows are mixed by libyuv. What is done first is what leaves
 * less to do second. */
#include "bilinear.h"

#include "scratch.h"

#define BITS 8
#define ONE (1 << BITS)
#define BLOCK 128

/* Where a pixel's two sources are: `first` and the next one, of which it takes `weight` / ONE. */
typedef struct {
  int *first;
  uint16_t *weight; /* once for every byte of a pixel */
} Columns;

/* The place of `index`, in steps of 1 / ONE of a source pixel from the centre of the first. */
static int place(int index, int src_size, int dst_size) {
  double centre = (index + 0.5) * src_size / dst_size - 0.5;
  double last = src_size - 1;
  centre = centre < 0 ? 0 : centre > last ? last : centre;
  return (int)(centre * ONE + 0.5);
}

static void find_columns(Columns *columns, Plane src, Plane dst) {
  const int last = src.width > 1 ? src.width - 2 : 0;
  for (int x = 0; x < dst.width; x++) {
    int at = place(x, src.width, dst.width);
    int first = at >> BITS < last ? at >> BITS : last;
    columns->first[x] = first;
    for (int i = 0; i < dst.bytes; i++)
      columns->weight[x * dst.bytes + i] = (uint16_t)(at - first * ONE);
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

static void mix(const uint8_t *restrict left, const uint8_t *restrict right,
                const uint16_t *restrict weight, uint8_t *restrict out, int count) {
  for (int i = 0; i < count; i++) {
    uint16_t sum = (uint16_t)(left[i] * (ONE - weight[i]) + right[i] * weight[i] + ONE / 2);
    out[i] = (uint8_t)(sum >> BITS);
  }
}

static void stretch(const Columns *columns, const uint8_t *row, Plane src, uint8_t *out,
                    Plane dst) {
  uint8_t left[BLOCK * 4], right[BLOCK * 4], twice[8];
  const int bytes = src.bytes;
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
    mix(left, right, columns->weight + x * bytes, out + x * bytes, count * bytes);
  }
}

static uint8_t *row_of(Plane plane, int y) {
  return plane.data + (size_t)y * (size_t)plane.stride;
}

static void mix_rows(const uint8_t *above, const uint8_t *below, int weight, uint8_t *out,
                     int size) {
  InterpolatePlane(above, 0, below, 0, out, 0, size, 1, weight);
}

/* Fewer rows than there were: mixed first, stretched after. */
static void mix_then_stretch(const Columns *columns, Plane src, Plane dst, uint8_t *mixed) {
  const bool stretches = src.width != dst.width;
  for (int y = 0; y < dst.height; y++) {
    int at = place(y, src.height, dst.height), weight = at & (ONE - 1);
    const uint8_t *row = row_of(src, at >> BITS);
    if (weight || !stretches) {
      uint8_t *out = stretches ? mixed : row_of(dst, y);
      mix_rows(row, weight ? row + src.stride : row, weight, out, src.width * src.bytes);
      row = out;
    }
    if (stretches)
      stretch(columns, row, src, row_of(dst, y), dst);
  }
}

/* More rows than there were: each is stretched once, and kept while it is mixed with the next. */
static void stretch_then_mix(const Columns *columns, Plane src, Plane dst, uint8_t *stretched) {
  const int size = dst.width * dst.bytes;
  uint8_t *lines[2] = {stretched, stretched + size};
  int held[2] = {-1, -1};
  for (int y = 0; y < dst.height; y++) {
    int at = place(y, src.height, dst.height), weight = at & (ONE - 1), first = at >> BITS;
    for (int line = first; line <= first + (weight != 0); line++)
      if (held[line & 1] != line) {
        stretch(columns, row_of(src, line), src, lines[line & 1], dst);
        held[line & 1] = line;
      }
    mix_rows(lines[first & 1], lines[(first + (weight != 0)) & 1], weight, row_of(dst, y), size);
  }
}

bool scale_bilinear(Plane src, Plane dst) {
  const size_t width = (size_t)dst.width, bytes = (size_t)dst.bytes;
  const size_t wider = width > (size_t)src.width ? width : (size_t)src.width;
  Columns columns;
  uint8_t *memory = scratch_bytes(SCRATCH_SCALE, width * sizeof *columns.first +
                                                     width * bytes * sizeof *columns.weight +
                                                     2 * wider * bytes);
  if (!memory)
    return false;
  columns.first = (int *)(void *)memory;
  columns.weight = (uint16_t *)(void *)(columns.first + width);
  uint8_t *rows = (uint8_t *)(columns.weight + width * bytes);
  if (src.width != dst.width)
    find_columns(&columns, src, dst);
  if (dst.height > src.height && src.width != dst.width)
    stretch_then_mix(&columns, src, dst, rows);
  else
    mix_then_stretch(&columns, src, dst, rows);
  return true;
}
