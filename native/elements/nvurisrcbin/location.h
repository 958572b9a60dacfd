/* SPDX-License-Identifier: Apache-2.0 */
/* What the uri property names. */
#ifndef DSBIND_LOCATION_H
#define DSBIND_LOCATION_H

#include <glib.h>

typedef enum {
  DSBIND_LOCATION_FILE,
  DSBIND_LOCATION_RTSP,
  DSBIND_LOCATION_OTHER,
} DsbindLocationKind;

typedef struct {
  DsbindLocationKind kind;
  char *uri;   /* absolute */
  char *path;  /* of a file, else NULL */
  char *shown; /* for people: without a password */
} DsbindLocation;

/* A URI or an absolute path. FALSE and `why` (to be freed) when it is neither. */
gboolean dsbind_location_init(DsbindLocation *self, const char *uri, char **why);
void dsbind_location_clear(DsbindLocation *self);

/* A copy of `text` in which the passwords of all URIs are ***. */
char *dsbind_mask_passwords(const char *text);

#endif
