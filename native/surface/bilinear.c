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

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
/* Chosen where the processor has it; the same to the bit. */
#define WIDE __attribute__((target("avx2")))
#endif

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
  uint32_t *pair;  /* instead, where pixels are stretched whole: what the two neighbours count */
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
    if (columns->pair) {
      columns->pair[x] = (uint32_t)(ONE - pair.weight) | (uint32_t)pair.weight << 16;
      continue;
    }
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

#ifdef WIDE
static bool is_wide(void) {
  return __builtin_cpu_supports("avx2");
}

/* Pixels of four bytes, four at a time. Of the first and third, and of the second and fourth, the
 * bytes of both neighbours are brought together, as the processor multiplies and adds pairs. */
WIDE static void stretch_whole(const uint8_t *restrict row, const int *restrict first,
                               const uint32_t *restrict pair, int16_t *restrict out, int count) {
  const __m128i order = _mm_setr_epi8(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15);
  const __m256i even = _mm256_setr_epi32(0, 0, 0, 0, 2, 2, 2, 2);
  const __m256i odd = _mm256_setr_epi32(1, 1, 1, 1, 3, 3, 3, 3);
  int x = 0;
  for (; x + 4 <= count; x += 4) {
    uint64_t near[4];
    for (int i = 0; i < 4; i++) memcpy(&near[i], row + (size_t)first[x + i] * 4, sizeof near[i]);
    const __m128i a = _mm_set_epi64x((int64_t)near[2], (int64_t)near[0]);
    const __m128i b = _mm_set_epi64x((int64_t)near[3], (int64_t)near[1]);
    const __m256i weights =
        _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)(pair + x)));
    const __m256i c = _mm256_madd_epi16(_mm256_cvtepu8_epi16(_mm_shuffle_epi8(a, order)),
                                        _mm256_permutevar8x32_epi32(weights, even));
    const __m256i d = _mm256_madd_epi16(_mm256_cvtepu8_epi16(_mm_shuffle_epi8(b, order)),
                                        _mm256_permutevar8x32_epi32(weights, odd));
    _mm256_storeu_si256((__m256i *)(void *)(out + 4 * x),
                        _mm256_packs_epi32(_mm256_srai_epi32(c, BITS - STRETCHED_BITS),
                                           _mm256_srai_epi32(d, BITS - STRETCHED_BITS)));
  }
  for (; x < count; x++)
    for (int i = 0; i < 4; i++) {
      const uint8_t *left = row + (size_t)first[x] * 4 + i;
      const uint32_t sum = left[0] * (pair[x] & 0xffff) + left[4] * (pair[x] >> 16);
      out[4 * x + i] = (int16_t)(sum >> (BITS - STRETCHED_BITS));
    }
}
#else
static bool is_wide(void) {
  return false;
}

static void stretch_whole(const uint8_t *row, const int *first, const uint32_t *pair, int16_t *out,
                          int count) {
  (void)row, (void)first, (void)pair, (void)out, (void)count;
}
#endif

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
  if (columns->pair) {
    stretch_whole(row, columns->first, columns->pair, out, dst.width);
    return;
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
static inline __attribute__((always_inline)) void mix_rows(const int16_t *restrict above,
                                                           const int16_t *restrict below,
                                                           int weight, uint8_t *restrict out,
                                                           int count) {
  const int16_t upper = (int16_t)(ONE - weight), lower = (int16_t)weight;
  for (int i = 0; i < count; i++) {
    int16_t a = (int16_t)(above[i] * upper >> 16), b = (int16_t)(below[i] * lower >> 16);
    out[i] = (uint8_t)((uint16_t)(a + b + 2) >> 2);
  }
}

static void mix_rows_narrow(const int16_t *above, const int16_t *below, int weight, uint8_t *out,
                            int count) {
  mix_rows(above, below, weight, out, count);
}

#ifdef WIDE
WIDE static void mix_rows_wide(const int16_t *above, const int16_t *below, int weight,
                               uint8_t *out, int count) {
  mix_rows(above, below, weight, out, count);
}
#else
#define mix_rows_wide mix_rows_narrow
#endif

static const uint8_t *row_of_plane(const void *picture, int y) {
  const Plane *plane = picture;
  return plane->data + (size_t)y * (size_t)plane->stride;
}

bool scale_bilinear_rows(RowOf row_of, const void *picture, Plane src, Plane dst) {
  const size_t width = (size_t)dst.width, bytes = (size_t)dst.bytes;
  const int count = dst.width * dst.bytes;
  const bool wide = is_wide();
  Columns columns;
  uint8_t *memory = scratch_bytes(
      SCRATCH_SCALE, 2 * width * sizeof *columns.first + 3 * width * bytes * sizeof *columns.weight);
  if (!memory)
    return false;
  columns.first = (int *)(void *)memory;
  columns.pair = wide && bytes == 4 ? (uint32_t *)(void *)(columns.first + width) : NULL;
  columns.weight = (int16_t *)(void *)(columns.first + 2 * width);
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
        const uint8_t *pixels = row_of(picture, row);
        if (!pixels)
          return false;
        stretch(&columns, pixels, src, lines[row & 1], dst);
        held[row & 1] = row;
      }
    (wide ? mix_rows_wide : mix_rows_narrow)(lines[rows.first & 1], lines[next & 1], rows.weight,
                                             dst.data + (size_t)y * (size_t)dst.stride, count);
  }
  return true;
}

bool scale_bilinear(Plane src, Plane dst) {
  return scale_bilinear_rows(row_of_plane, &src, src, dst);
}
