/* SPDX-License-Identifier: Apache-2.0 */
/* Text as bitmaps. Labels repeat from frame to frame, so the recently used ones are kept. */
#ifndef DSBIND_OSD_LABEL_H
#define DSBIND_OSD_LABEL_H

#include <glib.h>
#include <nvll_osd_struct.h>

typedef struct {
  gint width, height, stride; /* pixels */
  guint32 *pixels;            /* premultiplied 0xAARRGGBB */
} OsdLabel;

typedef struct OsdLabels OsdLabels;

OsdLabels *osd_labels_new(void);
void osd_labels_free(OsdLabels *labels);

/* The text with its background. Valid until the next call; NULL when there is nothing to see. */
const OsdLabel *osd_labels_get(OsdLabels *labels, const NvOSD_TextParams *text);

#endif
