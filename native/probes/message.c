/* SPDX-License-Identifier: Apache-2.0 */
/* add_message_meta_probe: an event for each object, from which messages are made. */
#include "event.h"
#include "probe.h"
#include "sensors.h"

enum { FRAME_INTERVAL, SOURCE_CONFIG, LABEL_FILE };
enum { FRAMES, EVENTS };

typedef struct {
  DsbindProbe probe;
  GPtrArray *sensors; /* DsbindSensor, by source id; NULL without a source config */
  gchar **labels;     /* by class id; NULL without a file */
  guint label_count;
} MessageProbe;

static const DsbindProperty properties[] = {
    {"frame-interval", DSBIND_INTEGER, 1, G_MAXINT, 1, NULL,
     "Of so many frames of a source, one has events"},
    {"source-config", DSBIND_PATH, 0, 0, 0, "", "Source config with the names of the sensors"},
    {"label-file", DSBIND_PATH, 0, 0, 0, "", "Labels of the classes, in place of the objects' own"},
    DSBIND_GPU_ID,
    {0},
};

static void add_event(MessageProbe *self, NvDsBatchMeta *batch, NvDsFrameMeta *frame,
                      const NvDsObjectMeta *object) {
  const DsbindSensor *sensor = self->sensors && frame->source_id < self->sensors->len
                                   ? g_ptr_array_index(self->sensors, frame->source_id)
                                   : NULL;
  const gboolean labelled = object->class_id >= 0 && (guint)object->class_id < self->label_count;
  NvDsUserMeta *meta = nvds_acquire_user_meta_from_pool(batch);
  if (!meta) return;
  meta->base_meta.batch_meta = batch;
  meta->base_meta.uContext = NULL;
  dsbind_event_carry(meta, dsbind_event_new(object, frame, sensor ? sensor->id : NULL,
                                            sensor ? sensor->uri : NULL,
                                            labelled ? self->labels[object->class_id] : NULL));
  nvds_add_user_meta_to_frame(frame, meta);
}

static void handle(DsbindProbe *probe, GstElement *element, GstBuffer *buffer,
                   NvDsBatchMeta *batch) {
  MessageProbe *self = (MessageProbe *)probe;
  const gint64 interval = probe->values[FRAME_INTERVAL].number;
  (void)element;
  (void)buffer;
  nvds_acquire_meta_lock(batch);
  for (NvDsFrameMetaList *l = batch->frame_meta_list; l; l = l->next) {
    NvDsFrameMeta *frame = l->data;
    DsbindProbeRow *row = dsbind_probe_row(probe, frame->source_id);
    const guint64 before = (guint64)row->values[FRAMES];
    row->values[FRAMES] += 1;
    if (before % (guint64)interval) continue;
    for (NvDsObjectMetaList *o = frame->obj_meta_list; o; o = o->next) {
      add_event(self, batch, frame, o->data);
      row->values[EVENTS] += 1;
    }
  }
  nvds_release_meta_lock(batch);
}

static void forget(MessageProbe *self) {
  g_clear_pointer(&self->sensors, g_ptr_array_unref);
  g_clear_pointer(&self->labels, g_strfreev);
  self->label_count = 0;
}

static gboolean start(DsbindProbe *probe, GError **error) {
  MessageProbe *self = (MessageProbe *)probe;
  const gchar *config = probe->values[SOURCE_CONFIG].path;
  const gchar *labels = probe->values[LABEL_FILE].path;
  forget(self);
  if (*config && !(self->sensors = dsbind_sensors_load(config, error))) return FALSE;
  if (*labels && !(self->labels = dsbind_labels_load(labels, error))) return FALSE;
  if (self->labels) self->label_count = g_strv_length(self->labels);
  return TRUE;
}

static void clear(DsbindProbe *probe) { forget((MessageProbe *)probe); }

const DsbindProbeClass dsbind_message_probe = {
    .name = "add_message_meta_probe",
    .brief = "Attaches an event message for each object",
    .properties = properties,
    .columns = {{"frames", TRUE}, {"events", TRUE}},
    .size = sizeof(MessageProbe),
    .batches = TRUE,
    .writes = TRUE,
    .start = start,
    .handle = handle,
    .clear = clear,
};
