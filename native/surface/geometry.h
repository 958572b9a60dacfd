/* SPDX-License-Identifier: Apache-2.0 */
/* The same picture in another size, turned, and in another format. */
#ifndef DSBIND_SURFACE_GEOMETRY_H
#define DSBIND_SURFACE_GEOMETRY_H

#include "image.h"

/* Fills `dst` with `src`, scaled, turned and converted; they do not overlap. False without
 * memory. */
bool redraw(const Image *src, const Image *dst, NvBufSurfTransform_Flip flip,
            NvBufSurfTransform_Inter filter);

#endif
