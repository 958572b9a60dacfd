/* SPDX-License-Identifier: Apache-2.0 */
/* A rectangle of pixels as the pixel code sees it: checked pointers, known arrangement. */
#ifndef DSBIND_SURFACE_IMAGE_H
#define DSBIND_SURFACE_IMAGE_H

#include <libyuv.h>
#include <string.h>

#include "exports.h"

typedef enum {
  LAYOUT_GRAY,   /* luma only */
  LAYOUT_PLANAR, /* Y, U and V planes, 4:2:0 */
  LAYOUT_SEMI,   /* a Y plane and a plane of chroma pairs, 4:2:0 */
  LAYOUT_RGB32,
  LAYOUT_RGB24,
} Layout;

/* How luma and chroma relate to red, green and blue. */
typedef struct {
  float kr, kb; /* weights of red and blue in luma */
  bool full;    /* luma spans 0 to 255 rather than 16 to 235 */
  const struct YuvConstants *to_bgr, *to_rgb; /* libyuv's, by the order of bytes they yield */
} Colour;

typedef struct {
  Layout layout;
  bool swapped;         /* chroma V before U; 24-bit pixels red first */
  bool alpha;           /* 32-bit pixels: the fourth byte means opacity */
  uint8_t b, g, r, a;   /* 32-bit pixels: the byte that holds each component */
  const Colour *colour; /* NULL for RGB */
} PixelFormat;

typedef struct {
  PixelFormat format;
  uint8_t *plane[3]; /* U is always plane 1 and V plane 2 when planar */
  int stride[3];
  int width, height;
} Image;

/* Sides beyond this, and areas whose bytes an int cannot count, are not what libyuv can do. */
#define IMAGE_MAX_SIDE 32767

static inline int chroma_side(int side) {
  return (side + 1) / 2;
}

static inline bool is_yuv(const PixelFormat *format) {
  return format->layout <= LAYOUT_SEMI;
}

static inline bool is_subsampled(const PixelFormat *format) {
  return format->layout == LAYOUT_PLANAR || format->layout == LAYOUT_SEMI;
}

/* Bytes from one pixel to the next in the first plane. */
static inline int pixel_bytes(const PixelFormat *format) {
  return format->layout == LAYOUT_RGB32 ? 4 : format->layout == LAYOUT_RGB24 ? 3 : 1;
}

/* Pixel `x` of a row of 32-bit pixels, and how far byte `byte` of it is from the low end. Loads of
 * whole pixels are what lets the compiler use vectors. */
static inline uint32_t pixel_load(const uint8_t *row, int x) {
  uint32_t pixel;
  memcpy(&pixel, row + 4 * (size_t)x, sizeof pixel);
  return pixel;
}

static inline int byte_shift(uint8_t byte) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  return 8 * byte;
#else
  return 8 * (3 - byte);
#endif
}

/* 32-bit pixels in memory order blue, green, red, alpha: what libyuv calls ARGB, and the format
 * that every other one can be converted to and from. */
PixelFormat format_bgra(void);

bool format_find(NvBufSurfaceColorFormat color, PixelFormat *format);

/* Both have luma, in the same range and by the same weights: samples can be taken over as they
 * are. Grey has no chroma, so only its range matters. */
bool same_colour(const PixelFormat *a, const PixelFormat *b);
bool same_order(const PixelFormat *a, const PixelFormat *b);

/* The pixels of entry `index`. The entry may be hand-built: every plane must lie within what it
 * declares. Unsupported for a format or kind of memory that is not for the CPU. */
NvBufSurfTransform_Error image_of(const NvBufSurface *surface, uint32_t index, Image *image);

/* Narrows `image` to `rect`; NULL leaves it whole. Subsampled formats start at even pixels, and
 * end at them unless they reach the edge, unless `allow_odd`. */
NvBufSurfTransform_Error image_crop(Image *image, const NvBufSurfTransformRect *rect,
                                    bool allow_odd);

/* Rows `y` to `y + height`; `y` is even for subsampled formats. */
Image image_rows(const Image *image, int y, int height);

bool images_overlap(const Image *a, const Image *b);

#endif
