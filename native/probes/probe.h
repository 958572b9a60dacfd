/* SPDX-License-Identifier: Apache-2.0 */
/* The probes that pipelines attach by name. They run on the streaming thread, without Python. */
#ifndef DSBIND_PROBE_H
#define DSBIND_PROBE_H

#include "hook.h"

G_BEGIN_DECLS

typedef struct DsbindProbe DsbindProbe;
typedef struct DsbindProbeClass DsbindProbeClass;

typedef enum { DSBIND_INTEGER, DSBIND_BOOLEAN, DSBIND_PATH } DsbindPropertyType;

typedef struct {
  const char *name;
  DsbindPropertyType type;
  gint64 minimum, maximum;
  gint64 initial;    /* of integers and booleans */
  const char *path;  /* the initial one of a path */
  const char *brief;
} DsbindProperty;

/* What a probe knows about a source: `values` in the order of the class's columns. */
#define DSBIND_PROBE_COLUMNS 4
typedef struct {
  guint source_id;
  double values[DSBIND_PROBE_COLUMNS];
} DsbindProbeRow;

typedef struct {
  const char *name; /* NULL after the last */
  gboolean whole;   /* a number without a fraction */
} DsbindColumn;

struct DsbindProbeClass {
  const char *name, *brief;
  const DsbindProperty *properties; /* until one without a name */
  DsbindColumn columns[DSBIND_PROBE_COLUMNS + 1];
  gsize size; /* of the probe's struct, which begins with a DsbindProbe */
  gboolean batches; /* sees only buffers with NvDsBatchMeta */
  gboolean writes;  /* adds to the metadata */
  /* Under the probe's lock; each may be NULL but `handle`. */
  void (*init)(DsbindProbe *probe);
  gboolean (*start)(DsbindProbe *probe, GError **error);
  /* `batch` is NULL for a class that sees all buffers. */
  void (*handle)(DsbindProbe *probe, GstElement *element, GstBuffer *buffer, NvDsBatchMeta *batch);
  void (*measure)(DsbindProbe *probe); /* brings the rows up to date */
  void (*clear)(DsbindProbe *probe);
};

/* A property's value: a number, or a path. */
typedef struct {
  gint64 number;
  gchar *path;
} DsbindValue;

#define DSBIND_PROBE_PROPERTIES 4

struct DsbindProbe {
  const DsbindProbeClass *klass;
  gatomicrefcount references;
  GMutex lock; /* of all that follows */
  DsbindValue values[DSBIND_PROBE_PROPERTIES];
  GArray *rows; /* DsbindProbeRow, by source id */
};

/* Each of them, from 0; NULL after the last. */
const DsbindProbeClass *dsbind_probe_class_at(guint index);
const DsbindProbeClass *dsbind_probe_class(const char *name);

DsbindProbe *dsbind_probe_new(const DsbindProbeClass *klass);
void dsbind_probe_unref(DsbindProbe *probe);

/* `index` is that of the property in its class; the caller has checked the value. */
void dsbind_probe_set_number(DsbindProbe *probe, guint index, gint64 value);
void dsbind_probe_set_path(DsbindProbe *probe, guint index, const char *path);
gint64 dsbind_probe_number(DsbindProbe *probe, guint index);
gchar *dsbind_probe_path(DsbindProbe *probe, guint index); /* a copy */

/* Begins anew: forgets what it counted. FALSE and a G_FILE_ERROR where it cannot work. */
gboolean dsbind_probe_start(DsbindProbe *probe, GError **error);

/* The rows as of now, by source id; free them with g_free(). */
DsbindProbeRow *dsbind_probe_rows(DsbindProbe *probe, guint *count);

/* A hook that offers buffers to the probe, and keeps it. */
DsbindHook *dsbind_probe_hook(DsbindProbe *probe);

/* For the probes themselves: the row of a source, made where there is none. */
DsbindProbeRow *dsbind_probe_row(DsbindProbe *probe, guint source_id);

/* The property that all of them accept. */
#define DSBIND_GPU_ID \
  {"gpu-id", DSBIND_INTEGER, 0, G_MAXINT, 0, NULL, "GPU; accepted, there is nothing to choose"}

extern const DsbindProbeClass dsbind_count_probe, dsbind_fps_probe, dsbind_latency_probe,
    dsbind_kitti_probe, dsbind_message_probe;

G_END_DECLS

#endif
