/* SPDX-License-Identifier: Apache-2.0 */
/* What bins of several sources tell about one of them on the bus. */
#ifndef DSBIND_SOURCE_MESSAGE_H
#define DSBIND_SOURCE_MESSAGE_H

#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct {
  guint id;
  const char *sensor_id, *sensor_name, *uri; /* NULL becomes "N/A" */
} DsbindSourceInfo;

/* An element message "stream-add" or "stream-remove" with the fields source-id (uint), sensor-id,
 * sensor-name and uri. */
void dsbind_source_post(GstElement *bin, gboolean added, const DsbindSourceInfo *source);

/* Whether a source failed by itself, and not because of what takes its frames. */
gboolean dsbind_source_is_to_blame(GstMessage *error);

/* Passes on the error of one source among several: as a warning when the others go on, as an error
 * when none is left. Its details are a structure "stream-lost" with the same fields. */
void dsbind_source_post_loss(GstElement *bin, GstMessage *error, gboolean last,
                             const DsbindSourceInfo *source);

G_END_DECLS

#endif
