/* SPDX-License-Identifier: Apache-2.0 */
/* Bilinear scaling with the centres of the first and last pixels where every other library has
 * them: half a pixel from the edge. Detectors notice the difference. */
#ifndef DSBIND_SURFACE_BILINEAR_H
#define DSBIND_SURFACE_BILINEAR_H

#include "image.h"

/* Pixels of `bytes` bytes: 1, 2 or 4. */
typedef struct {
  uint8_t *data;
  int stride, width, height, bytes;
} Plane;

/* Row `y` of a picture, which is read before the next is asked for; NULL without memory. */
typedef const uint8_t *(*RowOf)(const void *picture, int y);

/* Each pixel of `dst` is mixed from the two nearest of `src` in either direction, as cv2.resize()
 * and its like do it. The planes do not overlap. False without memory. */
bool scale_bilinear(Plane src, Plane dst);

/* The same of a picture that comes row by row, from the top down, each at most once and only those
 * that count. Of `src` there is only the size. */
bool scale_bilinear_rows(RowOf row_of, const void *picture, Plane src, Plane dst);

#endif
