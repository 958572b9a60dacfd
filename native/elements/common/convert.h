/* SPDX-License-Identifier: Apache-2.0 */
/* A transform between NVMM and system memory: format, size, crop and flip of each frame.
 *
 * nvvideoconvert is this with properties; the decoder and the encoder use it inside. */
#ifndef DSBIND_CONVERT_H
#define DSBIND_CONVERT_H

#include <gst/base/gstbasetransform.h>

#include "nvmm.h"

G_BEGIN_DECLS

#define DSBIND_TYPE_CONVERT (dsbind_convert_get_type())
G_DECLARE_DERIVABLE_TYPE(DsbindConvert, dsbind_convert, DSBIND, CONVERT, GstBaseTransform)

struct _DsbindConvertClass {
  GstBaseTransformClass parent;
};

/* What to do with each frame. A rectangle of width 0 is the whole frame. */
typedef struct {
  NvBufSurfTransformRect source, target;
  NvBufSurfTransform_Flip flip;
  NvBufSurfTransform_Inter filter;
  NvBufSurfTransform_Compute compute;
  guint gpu;
  guint surfaces;        /* made when the stream starts; more are made as needed */
  gboolean always;       /* never pass buffers through */
  gboolean crop_to_even; /* an odd side loses its last column or row; it is not scaled */
} DsbindConvertSettings;

/* A transform for use inside another element; `out` limits what comes out. Where it allows it, the
 * format stays with `keep_format`, else the first one of `out` is taken. */
DsbindConvert *dsbind_convert_new(const char *name, const char *out, gboolean keep_format);

/* Thread-safe; take effect with the next frame. */
DsbindConvertSettings dsbind_convert_get_settings(DsbindConvert *self);
void dsbind_convert_set_settings(DsbindConvert *self, const DsbindConvertSettings *settings);

G_END_DECLS

#endif
