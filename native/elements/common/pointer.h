/* SPDX-License-Identifier: Apache-2.0 */
/* Where on the frame that came in the mouse points, which points at the frame that goes out. */
#ifndef DSBIND_POINTER_H
#define DSBIND_POINTER_H

#include <gst/gst.h>
#include <nvbufsurftransform.h>

/* How frames change on their way, in pixels. A rectangle of width 0 is the whole frame. */
typedef struct {
  NvBufSurfTransformRect source, target;
  NvBufSurfTransform_Flip flip;
  gint in_width, in_height, out_width, out_height; /* 0: nothing is negotiated yet */
} DsbindMotion;

/* Takes a navigation event on its way upstream; gives it back with coordinates of what came in. */
GstEvent *dsbind_pointer_move(GstEvent *event, const DsbindMotion *motion);

#endif
