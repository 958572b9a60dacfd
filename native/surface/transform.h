/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DSBIND_SURFACE_TRANSFORM_H
#define DSBIND_SURFACE_TRANSFORM_H

#include "image.h"

/* redraw() for images that may overlap. */
NvBufSurfTransform_Error transform_image(const Image *src, const Image *dst,
                                         NvBufSurfTransform_Flip flip,
                                         NvBufSurfTransform_Inter filter);

NvBufSurfTransform_Error transform_surface(const NvBufSurface *src, NvBufSurface *dst,
                                           const NvBufSurfTransformParams *params);

bool is_filter(NvBufSurfTransform_Inter filter);

#endif
