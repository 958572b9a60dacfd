/* SPDX-License-Identifier: Apache-2.0 */
/* Where the planes of a frame lie in host memory. */
#ifndef DSBIND_BUFFER_LAYOUT_H
#define DSBIND_BUFFER_LAYOUT_H

#include <stdbool.h>

#include "exports.h"

/* Sides above this are refused: no codec produces them, and products of two stay in 32 bits. */
#define LAYOUT_MAX_SIDE 65535

/* Rows start at multiples of this, unless padding was declined: whole cache lines and the widest
 * vector loads, and the pitch that programs written for the hardware expect. */
#define LAYOUT_PITCH_ALIGN 256

/* Describes a frame of `width` x `height` pixels. False when the format is unknown, a side is out
 * of range, or the frame would not fit the 32-bit offsets of the ABI. */
bool layout_describe(NvBufSurfaceColorFormat format, uint32_t width, uint32_t height,
                     bool pad_pitch, NvBufSurfacePlaneParams *planes, uint32_t *size);

/* Makes zeroed memory black: the zero of a chroma plane is not grey but green. */
void layout_blacken(NvBufSurfaceColorFormat format, const NvBufSurfacePlaneParams *planes,
                    void *data);

#endif
