/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels on the stream of the calling thread, which they are put on and not waited for. FALSE and
 * `error` set when that fails. */
#ifndef DSBIND_KERNELS_H
#define DSBIND_KERNELS_H

#include "device.h"
#include "kernel_types.h"

G_BEGIN_DECLS

/* `count` pictures into planar floats, at most DSBIND_MOST_PICTURES. */
gboolean dsbind_kernel_planar(guint gpu, const DsbindPlanar *task, guint count, GError **error);

/* Draws `count` items on a frame, in their order. Items and bitmaps lie in the GPU's memory; nothing
 * outside the box of x0, y0 up to x1, y1 is drawn on. */
gboolean dsbind_kernel_draw(guint gpu, const DsbindDrawFrame *frame, CUdeviceptr items, guint count,
                            CUdeviceptr bitmaps, gint x0, gint y0, gint x1, gint y1,
                            GError **error);

gboolean dsbind_kernel_blur(guint gpu, const DsbindBlur *task, GError **error);

G_END_DECLS

#endif
