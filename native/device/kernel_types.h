/* SPDX-License-Identifier: Apache-2.0 */
/* What kernels take by value; seen by the C compiler and by nvcc. Addresses are the GPU's. */
#ifndef DSBIND_KERNEL_TYPES_H
#define DSBIND_KERNEL_TYPES_H

#include <stdint.h>

/* Pictures of one size that are made planar at once. */
#define DSBIND_MOST_PICTURES 128

typedef struct {
  uint64_t pixels[DSBIND_MOST_PICTURES]; /* RGBA, or one byte a pixel */
  uint64_t planes;                       /* float; where a value lies, the strides say */
  uint64_t mean_image;                   /* float, channels x height x width, or 0 */
  float mean[3];
  float scale;
  uint32_t pitch, width, height, channels;
  uint32_t pixel_stride, channel_stride; /* in floats */
  uint32_t swapped;                      /* blue first */
  uint32_t unused;
} DsbindPlanar;

enum { DSBIND_PIXELS_GRAY, DSBIND_PIXELS_PACKED, DSBIND_PIXELS_YUV };

/* A frame to draw on; fields as those of OsdCanvas. */
typedef struct {
  uint64_t luma, u, v;
  int32_t layout, width, height, pitch;
  int32_t chroma_pitch, chroma_step, chroma_width, chroma_height;
  int32_t step, red, green, blue, alpha;
  int32_t matrix[12]; /* weights of red, green, blue and alpha: of Y, of U, of V */
} DsbindDrawFrame;

/* A filled area, or a bitmap over it: premultiplied 0xAARRGGBB. Areas lie within the frame. */
typedef struct {
  int32_t x0, y0, x1, y1;
  uint32_t color;
  uint32_t pixels; /* index of the bitmap's first pixel; rows are x1 - x0 long */
  uint32_t bitmap; /* 0: filled with `color` */
  uint32_t unused;
} DsbindDrawItem;

/* Samples of a plane that become coarse tiles of their mean. */
typedef struct {
  uint64_t plane;
  int32_t pitch, step, x0, y0, x1, y1, tile;
  int32_t unused;
} DsbindBlur;

#endif
