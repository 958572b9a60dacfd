/* SPDX-License-Identifier: Apache-2.0 */
/* Colours the classes of pixels. */
#ifndef DSBIND_SEGVISUAL_SHADE_H
#define DSBIND_SEGVISUAL_SHADE_H

#include <glib.h>
#include <gstnvdsinfer.h>
#include <nvbufsurface.h>
#include <nvll_osd_struct.h>

typedef struct {
  gdouble alpha;       /* of the colours over the picture, 0 to 1 */
  gboolean background; /* whether the picture is seen at all */
} ShadeStyle;

/* Stretches a class map over `rect` of an RGBA frame that the CPU reaches; what lies outside the
 * frame is left out. Pixels without a class stay, or are black without the background. */
void shade_rect(const NvBufSurfaceParams *frame, const NvOSD_RectParams *rect,
                const NvDsInferSegmentationMeta *map, const ShadeStyle *style);

#endif
