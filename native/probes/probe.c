/* SPDX-License-Identifier: Apache-2.0 */
#include "probe.h"

#include <string.h>

static const DsbindProbeClass *const classes[] = {&dsbind_count_probe, &dsbind_fps_probe,
                                                  &dsbind_latency_probe, &dsbind_kitti_probe,
                                                  &dsbind_message_probe, NULL};

const DsbindProbeClass *dsbind_probe_class_at(guint index) { return classes[index]; }

const DsbindProbeClass *dsbind_probe_class(const char *name) {
  for (guint i = 0; classes[i]; i++)
    if (strcmp(classes[i]->name, name) == 0) return classes[i];
  return NULL;
}

DsbindProbe *dsbind_probe_new(const DsbindProbeClass *klass) {
  DsbindProbe *probe = g_malloc0(klass->size);
  probe->klass = klass;
  g_atomic_ref_count_init(&probe->references);
  g_mutex_init(&probe->lock);
  probe->rows = g_array_new(FALSE, TRUE, sizeof(DsbindProbeRow));
  for (guint i = 0; klass->properties[i].name; i++) {
    probe->values[i].number = klass->properties[i].initial;
    probe->values[i].path = g_strdup(klass->properties[i].path);
  }
  if (klass->init) klass->init(probe);
  return probe;
}

void dsbind_probe_unref(DsbindProbe *probe) {
  if (!g_atomic_ref_count_dec(&probe->references)) return;
  if (probe->klass->clear) probe->klass->clear(probe);
  for (guint i = 0; i < DSBIND_PROBE_PROPERTIES; i++) g_free(probe->values[i].path);
  g_array_unref(probe->rows);
  g_mutex_clear(&probe->lock);
  g_free(probe);
}

void dsbind_probe_set_number(DsbindProbe *probe, guint index, gint64 value) {
  g_mutex_lock(&probe->lock);
  probe->values[index].number = value;
  g_mutex_unlock(&probe->lock);
}

void dsbind_probe_set_path(DsbindProbe *probe, guint index, const char *path) {
  g_mutex_lock(&probe->lock);
  g_free(probe->values[index].path);
  probe->values[index].path = g_strdup(path);
  g_mutex_unlock(&probe->lock);
}

gint64 dsbind_probe_number(DsbindProbe *probe, guint index) {
  g_mutex_lock(&probe->lock);
  const gint64 value = probe->values[index].number;
  g_mutex_unlock(&probe->lock);
  return value;
}

gchar *dsbind_probe_path(DsbindProbe *probe, guint index) {
  g_mutex_lock(&probe->lock);
  gchar *path = g_strdup(probe->values[index].path);
  g_mutex_unlock(&probe->lock);
  return path;
}

gboolean dsbind_probe_start(DsbindProbe *probe, GError **error) {
  g_mutex_lock(&probe->lock);
  g_array_set_size(probe->rows, 0);
  const gboolean started = !probe->klass->start || probe->klass->start(probe, error);
  g_mutex_unlock(&probe->lock);
  return started;
}

DsbindProbeRow *dsbind_probe_row(DsbindProbe *probe, guint source_id) {
  DsbindProbeRow row = {.source_id = source_id};
  guint i = 0;
  while (i < probe->rows->len && g_array_index(probe->rows, DsbindProbeRow, i).source_id < source_id)
    i++;
  if (i == probe->rows->len || g_array_index(probe->rows, DsbindProbeRow, i).source_id != source_id)
    g_array_insert_val(probe->rows, i, row);
  return &g_array_index(probe->rows, DsbindProbeRow, i);
}

DsbindProbeRow *dsbind_probe_rows(DsbindProbe *probe, guint *count) {
  DsbindProbeRow *rows = NULL;
  g_mutex_lock(&probe->lock);
  if (probe->klass->measure) probe->klass->measure(probe);
  *count = probe->rows->len;
  if (*count) {
    rows = g_new(DsbindProbeRow, *count);
    memcpy(rows, probe->rows->data, *count * sizeof *rows);
  }
  g_mutex_unlock(&probe->lock);
  return rows;
}

static gboolean on_buffer(GstElement *element, GstBuffer *buffer, NvDsBatchMeta *batch,
                          gpointer data) {
  DsbindProbe *probe = data;
  g_mutex_lock(&probe->lock);
  probe->klass->handle(probe, element, buffer, batch);
  g_mutex_unlock(&probe->lock);
  return TRUE;
}

static void unref_probe(gpointer data) { dsbind_probe_unref(data); }

DsbindHook *dsbind_probe_hook(DsbindProbe *probe) {
  DsbindHookFlags flags = DSBIND_HOOK_SINK_PADS;
  if (probe->klass->batches) flags |= DSBIND_HOOK_BATCHES;
  if (!probe->klass->writes) flags |= DSBIND_HOOK_READS;
  g_atomic_ref_count_inc(&probe->references);
  return dsbind_hook_new(on_buffer, flags, probe, unref_probe);
}
