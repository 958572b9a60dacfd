/* SPDX-License-Identifier: Apache-2.0 */
#include "pointer.h"

typedef struct {
  double x, y;
} Point;

static NvBufSurfTransformRect whole_or(NvBufSurfTransformRect rect, gint width, gint height) {
  if (rect.width) return rect;
  return (NvBufSurfTransformRect){.width = (guint)width, .height = (guint)height};
}

/* Of a picture of 1 x 1. Turns are clockwise. */
static Point turn_back(Point p, NvBufSurfTransform_Flip flip) {
  switch (flip) {
    case NvBufSurfTransform_Rotate90: return (Point){p.y, 1 - p.x};
    case NvBufSurfTransform_Rotate180: return (Point){1 - p.x, 1 - p.y};
    case NvBufSurfTransform_Rotate270: return (Point){1 - p.y, p.x};
    case NvBufSurfTransform_FlipX: return (Point){p.x, 1 - p.y};
    case NvBufSurfTransform_FlipY: return (Point){1 - p.x, p.y};
    case NvBufSurfTransform_Transpose: return (Point){p.y, p.x};
    case NvBufSurfTransform_InvTranspose: return (Point){1 - p.y, 1 - p.x};
    default: return p;
  }
}

GstEvent *dsbind_pointer_move(GstEvent *event, const DsbindMotion *motion) {
  const GstStructure *told = gst_event_get_structure(event);
  const gboolean moves = motion->flip || motion->source.width || motion->target.width ||
                         motion->in_width != motion->out_width ||
                         motion->in_height != motion->out_height;
  Point at;
  if (!moves || !motion->in_width || !motion->out_width || !told ||
      !gst_structure_get_double(told, "pointer_x", &at.x) ||
      !gst_structure_get_double(told, "pointer_y", &at.y))
    return event;
  const NvBufSurfTransformRect from =
      whole_or(motion->source, motion->in_width, motion->in_height);
  const NvBufSurfTransformRect to =
      whole_or(motion->target, motion->out_width, motion->out_height);
  /* The middle of a pixel stays the middle of one, also where left becomes right. */
  at = turn_back((Point){(at.x + 0.5 - to.left) / to.width, (at.y + 0.5 - to.top) / to.height},
                 motion->flip);
  event = gst_event_make_writable(event);
  gst_structure_set(gst_event_writable_structure(event), "pointer_x", G_TYPE_DOUBLE,
                    from.left + at.x * from.width - 0.5, "pointer_y", G_TYPE_DOUBLE,
                    from.top + at.y * from.height - 0.5, NULL);
  return event;
}
