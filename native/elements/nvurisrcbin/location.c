/* SPDX-License-Identifier: Apache-2.0 */
#include "location.h"

#include <gst/gst.h>
#include <string.h>

char *dsbind_mask_passwords(const char *text) {
  static gsize pattern;
  if (!text) return NULL;
  if (g_once_init_enter(&pattern))
    g_once_init_leave(&pattern, (gsize)g_regex_new("(://[^:/?#\\s]*):[^/?#\\s]*@", G_REGEX_OPTIMIZE,
                                                   0, NULL));
  return g_regex_replace((GRegex *)pattern, text, -1, 0, "\\1:***@", 0, NULL);
}

gboolean dsbind_location_init(DsbindLocation *self, const char *uri, char **why) {
  *self = (DsbindLocation){.kind = DSBIND_LOCATION_OTHER};
  if (!uri || !*uri) {
    *why = g_strdup("No source is given: set the property uri to a URI, such as "
                    "file:///videos/street.mp4, or to the absolute path of a file.");
    return FALSE;
  }
  self->shown = dsbind_mask_passwords(uri);
  if (g_path_is_absolute(uri)) {
    self->path = g_canonicalize_filename(uri, NULL);
    self->uri = g_filename_to_uri(self->path, NULL, NULL);
  } else if (gst_uri_is_valid(uri)) {
    self->uri = g_strdup(uri);
    if (gst_uri_has_protocol(uri, "file")) self->path = g_filename_from_uri(uri, NULL, NULL);
  }
  if (!self->uri || (gst_uri_has_protocol(self->uri, "file") && !self->path)) {
    *why = g_strdup_printf("\"%s\" is no source: it is neither a URI, such as "
                           "file:///videos/street.mp4, nor an absolute path.", self->shown);
    return FALSE;
  }
  if (self->path)
    self->kind = DSBIND_LOCATION_FILE;
  else if (g_ascii_strncasecmp(self->uri, "rtsp", 4) == 0)
    self->kind = DSBIND_LOCATION_RTSP;
  return TRUE;
}

void dsbind_location_clear(DsbindLocation *self) {
  g_free(self->uri);
  g_free(self->path);
  g_free(self->shown);
  *self = (DsbindLocation){0};
}
