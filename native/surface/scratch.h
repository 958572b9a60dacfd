/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of the calling thread for intermediate pixels: kept between calls, so that a stream of
 * frames allocates nothing. */
#ifndef DSBIND_SURFACE_SCRATCH_H
#define DSBIND_SURFACE_SCRATCH_H

#include "image.h"

/* What may be in use at the same time has a slot of its own. */
typedef enum {
  SCRATCH_SOURCE, /* a source that overlaps the destination */
  SCRATCH_INPUT,  /* the source in another format, before it is scaled */
  SCRATCH_OUTPUT, /* the scaled picture, before it is converted */
  SCRATCH_CHROMA, /* chroma planes on their way through scaling */
  SCRATCH_FLIP,   /* a scaled plane, before it is turned */
  SCRATCH_SCALE,  /* tables and rows for scaling a plane */
  SCRATCH_STRIP,  /* rows on their way from one format to another */
  SCRATCH_TOP,    /* pictures that are blended */
  SCRATCH_BOTTOM,
  SCRATCH_MASK,
  SCRATCH_SLOTS,
} ScratchSlot;

/* At least `size` bytes aligned for vector loads; NULL without memory. Contents are undefined. */
uint8_t *scratch_bytes(ScratchSlot slot, size_t size);

/* An image in scratch memory. Chroma of subsampled formats is planar or semi-planar as asked. */
bool scratch_image(ScratchSlot slot, PixelFormat format, int width, int height, Image *image);

#endif
