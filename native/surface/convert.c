/* SPDX-License-Identifier: Apache-2.0 */
/* One libyuv call where there is one; otherwise two, through a few rows of BGRA at a time that
 * stay in the cache.
 *
 * libyuv names formats by words, not bytes: its ARGB is B,G,R,A in memory and its ABGR is
 * R,G,B,A; its RGB24 is B,G,R and its RAW is R,G,B. */
#include "convert.h"

#include <string.h>

#include "scratch.h"

#define STRIP_ROWS 16 /* even: a strip must not cut a row of chroma */

/* Plane p of an image, as libyuv's arguments. */
#define P(image, p) (image)->plane[p], (image)->stride[p]
#define SIZE(image) (image)->width, (image)->height

/* R,G,B,A or B,G,R,A: the orders libyuv writes. Alpha first is reached by shuffling. */
static bool alpha_last(const PixelFormat *format) {
  return format->layout == LAYOUT_RGB32 && format->a == 3;
}

/* Red comes first in memory. */
static bool red_first(const PixelFormat *format) {
  return format->layout == LAYOUT_RGB24 ? format->swapped : format->r == 0;
}

static bool is_default_colour(const PixelFormat *format) {
  return format->colour->to_bgr == &kYuvI601Constants;
}

static void yuv_to_yuv(const Image *src, const Image *dst) {
  CopyPlane(P(src, 0), P(dst, 0), SIZE(src));
  int width = chroma_side(src->width), height = chroma_side(src->height);
  Layout from = src->format.layout, to = dst->format.layout;
  /* U and V change places between the two orders of chroma pairs. */
  int u = 1, v = 2;
  if (from == LAYOUT_GRAY && is_subsampled(&dst->format)) {
    SetPlane(P(dst, 1), to == LAYOUT_SEMI ? 2 * width : width, height, 128);
    if (to == LAYOUT_PLANAR)
      SetPlane(P(dst, 2), width, height, 128);
  } else if (to == LAYOUT_PLANAR && from == LAYOUT_PLANAR) {
    CopyPlane(P(src, 1), P(dst, 1), width, height);
    CopyPlane(P(src, 2), P(dst, 2), width, height);
  } else if (to == LAYOUT_PLANAR) {
    if (src->format.swapped)
      u = 2, v = 1;
    SplitUVPlane(P(src, 1), P(dst, u), P(dst, v), width, height);
  } else if (to == LAYOUT_SEMI && from == LAYOUT_PLANAR) {
    if (dst->format.swapped)
      u = 2, v = 1;
    MergeUVPlane(P(src, u), P(src, v), P(dst, 1), width, height);
  } else if (to == LAYOUT_SEMI) {
    if (src->format.swapped == dst->format.swapped)
      CopyPlane(P(src, 1), P(dst, 1), 2 * width, height);
    else
      SwapUVPlane(P(src, 1), P(dst, 1), width, height);
  }
}

static bool yuv_to_rgb32(const Image *src, const Image *dst) {
  if (!alpha_last(&dst->format))
    return false;
  const Colour *colour = src->format.colour;
  bool red = red_first(&dst->format);
  const struct YuvConstants *matrix = red ? colour->to_rgb : colour->to_bgr;
  if (src->format.layout == LAYOUT_GRAY) {
    if (colour->full)
      J400ToARGB(P(src, 0), P(dst, 0), SIZE(src));
    else
      I400ToARGB(P(src, 0), P(dst, 0), SIZE(src));
  } else if (src->format.layout == LAYOUT_PLANAR) {
    int u = red ? 2 : 1, v = red ? 1 : 2;
    I420ToARGBMatrix(P(src, 0), P(src, u), P(src, v), P(dst, 0), matrix, SIZE(src));
  } else if (src->format.swapped == red) {
    NV12ToARGBMatrix(P(src, 0), P(src, 1), P(dst, 0), matrix, SIZE(src));
  } else {
    NV21ToARGBMatrix(P(src, 0), P(src, 1), P(dst, 0), matrix, SIZE(src));
  }
  return true;
}

static bool yuv_to_rgb24(const Image *src, const Image *dst) {
#ifdef DSBIND_YUV_TO_RGB24
  const Colour *colour = src->format.colour;
  bool red = red_first(&dst->format);
  const struct YuvConstants *matrix = red ? colour->to_rgb : colour->to_bgr;
  if (src->format.layout == LAYOUT_GRAY)
    return false;
  if (src->format.layout == LAYOUT_PLANAR) {
    int u = red ? 2 : 1, v = red ? 1 : 2;
    I420ToRGB24Matrix(P(src, 0), P(src, u), P(src, v), P(dst, 0), matrix, SIZE(src));
  } else if (src->format.swapped == red) {
    NV12ToRGB24Matrix(P(src, 0), P(src, 1), P(dst, 0), matrix, SIZE(src));
  } else {
    NV21ToRGB24Matrix(P(src, 0), P(src, 1), P(dst, 0), matrix, SIZE(src));
  }
  return true;
#else
  (void)src, (void)dst;
  return false;
#endif
}

static bool rgb32_to_default_yuv(const Image *src, const Image *dst) {
  bool red = red_first(&src->format);
  if (dst->format.layout == LAYOUT_PLANAR) {
    (red ? ABGRToI420 : ARGBToI420)(P(src, 0), P(dst, 0), P(dst, 1), P(dst, 2), SIZE(src));
  } else if (dst->format.layout == LAYOUT_SEMI) {
    if (dst->format.swapped)
      (red ? ABGRToNV21 : ARGBToNV21)(P(src, 0), P(dst, 0), P(dst, 1), SIZE(src));
    else
      (red ? ABGRToNV12 : ARGBToNV12)(P(src, 0), P(dst, 0), P(dst, 1), SIZE(src));
  } else if (!red) {
    ARGBToI400(P(src, 0), P(dst, 0), SIZE(src));
  } else {
    return false;
  }
  return true;
}

static bool rgb_to_yuv(const Image *src, const Image *dst) {
  if (src->format.layout == LAYOUT_RGB24) {
    if (dst->format.layout != LAYOUT_PLANAR || !is_default_colour(&dst->format))
      return false;
    (red_first(&src->format) ? RAWToI420 : RGB24ToI420)(P(src, 0), P(dst, 0), P(dst, 1),
                                                        P(dst, 2), SIZE(src));
    return true;
  }
  bool direct = alpha_last(&src->format) && is_default_colour(&dst->format);
  return (direct && rgb32_to_default_yuv(src, dst)) || rgb32_to_yuv(src, dst);
}

void set_opaque(const Image *image, uint8_t least) {
  const int shift = byte_shift(image->format.a);
  const int width = image->width;
  const uint32_t opaque = 255u << shift;
  for (int y = 0; y < image->height; y++) {
    uint8_t *row = image->plane[0] + (size_t)y * (size_t)image->stride[0];
    for (int x = 0; x < width; x++) {
      uint32_t pixel = pixel_load(row, x);
      pixel |= (pixel >> shift & 255) >= least ? opaque : 0;
      memcpy(row + 4 * (size_t)x, &pixel, sizeof pixel);
    }
  }
}

static void rgb32_to_rgb32(const Image *src, const Image *dst) {
  const PixelFormat *from = &src->format, *to = &dst->format;
  if (same_order(from, to)) {
    CopyPlane(P(src, 0), P(dst, 0), 4 * src->width, src->height);
  } else {
    uint8_t take[16];
    for (int i = 0; i < 16; i += 4) {
      take[i + to->b] = (uint8_t)(i + from->b);
      take[i + to->g] = (uint8_t)(i + from->g);
      take[i + to->r] = (uint8_t)(i + from->r);
      take[i + to->a] = (uint8_t)(i + from->a);
    }
    ARGBShuffle(P(src, 0), P(dst, 0), take, SIZE(src));
  }
  if (to->alpha && !from->alpha)
    set_opaque(dst, 0);
}

static bool rgb_to_rgb(const Image *src, const Image *dst) {
  bool same = red_first(&src->format) == red_first(&dst->format);
  bool from24 = src->format.layout == LAYOUT_RGB24, to24 = dst->format.layout == LAYOUT_RGB24;
  if (!from24 && !to24) {
    rgb32_to_rgb32(src, dst);
  } else if (from24 && to24) {
    if (same)
      CopyPlane(P(src, 0), P(dst, 0), 3 * src->width, src->height);
    else
      RAWToRGB24(P(src, 0), P(dst, 0), SIZE(src));
  } else if (!alpha_last(from24 ? &dst->format : &src->format)) {
    return false;
  } else if (from24) {
    (same ? RGB24ToARGB : RAWToARGB)(P(src, 0), P(dst, 0), SIZE(src));
  } else {
    (same ? ARGBToRGB24 : ARGBToRAW)(P(src, 0), P(dst, 0), SIZE(src));
  }
  return true;
}

/* False when there is no single step; from and to BGRA there always is one. */
static bool convert_direct(const Image *src, const Image *dst) {
  const PixelFormat *from = &src->format, *to = &dst->format;
  if (is_yuv(from) && is_yuv(to)) {
    if (!same_colour(from, to))
      return false;
    yuv_to_yuv(src, dst);
    return true;
  }
  if (is_yuv(to))
    return rgb_to_yuv(src, dst);
  if (!is_yuv(from))
    return rgb_to_rgb(src, dst);
  return to->layout == LAYOUT_RGB32 ? yuv_to_rgb32(src, dst) : yuv_to_rgb24(src, dst);
}

bool convert(const Image *src, const Image *dst) {
  Image gray = *src, strip;
  if (is_yuv(&src->format) && dst->format.layout == LAYOUT_GRAY) {
    /* The luma as it is, whatever its matrix: only the range can differ. */
    gray.format.layout = LAYOUT_GRAY;
    src = &gray;
  }
  if (convert_direct(src, dst))
    return true;
  int rows = src->height < STRIP_ROWS ? src->height : STRIP_ROWS;
  if (!scratch_image(SCRATCH_STRIP, format_bgra(), src->width, rows, &strip))
    return false;
  for (int y = 0; y < src->height; y += rows) {
    strip.height = src->height - y < rows ? src->height - y : rows;
    Image from = image_rows(src, y, strip.height);
    Image to = image_rows(dst, y, strip.height);
    if (!convert_direct(&from, &strip) || !convert_direct(&strip, &to))
      return false;
  }
  return true;
}
