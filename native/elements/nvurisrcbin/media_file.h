/* SPDX-License-Identifier: Apache-2.0 */
/* What can be said of a media file before it is played. */
#ifndef DSBIND_MEDIA_FILE_H
#define DSBIND_MEDIA_FILE_H

#include <glib.h>

typedef struct {
  guint64 size;     /* bytes that are there */
  guint64 expected; /* bytes that its container declares; 0 when it says nothing */
} DsbindMediaFile;

/* FALSE and `error` (GST_RESOURCE_ERROR or GST_STREAM_ERROR) when there is nothing to play. */
gboolean dsbind_media_file_check(DsbindMediaFile *self, const char *path, const char *shown,
                                 GError **error);

static inline gboolean dsbind_media_file_ends_early(const DsbindMediaFile *self) {
  return self->expected > self->size;
}

#endif
