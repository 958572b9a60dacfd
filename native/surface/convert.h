/* SPDX-License-Identifier: Apache-2.0 */
/* The same picture in another format. */
#ifndef DSBIND_SURFACE_CONVERT_H
#define DSBIND_SURFACE_CONVERT_H

#include "image.h"

/* Writes `src` to `dst`, which has the same size and does not overlap it. False without memory. */
bool convert(const Image *src, const Image *dst);

/* 32-bit RGB to any YUV format and grey, with any of the colour matrices. False without memory. */
bool rgb32_to_yuv(const Image *src, const Image *dst);

/* Makes those pixels opaque that are at least `least` so: with 0 all of them, for a source whose
 * fourth byte is padding. */
void set_opaque(const Image *image, uint8_t least);

#endif
