/* SPDX-License-Identifier: Apache-2.0 */
/* Names for the sources of a pipeline: its source config, and the labels of classes. */
#ifndef DSBIND_SENSORS_H
#define DSBIND_SENSORS_H

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  char *id, *uri;
} DsbindSensor;

/* The sensors of a source config's source-list, in their order: source 0 is the first. NULL with a
 * G_FILE_ERROR where it cannot be read. */
GPtrArray *dsbind_sensors_load(const char *path, GError **error);

/* The lines of a file of labels; NULL with a G_FILE_ERROR. Free it with g_strfreev(). */
char **dsbind_labels_load(const char *path, GError **error);

G_END_DECLS

#endif
