/* SPDX-License-Identifier: Apache-2.0 */
/* measure_fps_probe: frames a second of each source, over the last interval and since its start.
 *
 * A buffer without a batch is a frame of source 0. */
#include "gstnvdsmeta.h"
#include "probe.h"

enum { INTERVAL };
enum { FPS, AVERAGE, FRAMES };

typedef struct {
  guint source_id;
  guint64 frames, before; /* all, and those up to the last interval */
  gint64 first;           /* microseconds; of the frame from which is counted */
} Source;

typedef struct {
  DsbindProbe probe;
  GArray *sources; /* Source, in the order of their first frames */
  gint64 printed;  /* microseconds: the end of the last interval; 0 before the first frame */
} FpsProbe;

static const DsbindProperty properties[] = {
    {"interval", DSBIND_INTEGER, 0, 86400, 5, NULL, "Seconds between lines; 0 prints none"},
    DSBIND_GPU_ID,
    {0},
};

static Source *source_of(FpsProbe *self, guint source_id) {
  Source source = {.source_id = source_id};
  for (guint i = 0; i < self->sources->len; i++)
    if (g_array_index(self->sources, Source, i).source_id == source_id)
      return &g_array_index(self->sources, Source, i);
  g_array_append_val(self->sources, source);
  return &g_array_index(self->sources, Source, self->sources->len - 1);
}

static void count(FpsProbe *self, guint source_id, gint64 now) {
  Source *source = source_of(self, source_id);
  /* Rates count the steps from frame to frame. */
  if (!source->first)
    source->first = now;
  else
    source->frames++;
}

static double rate(guint64 frames, gint64 from, gint64 to) {
  return to > from ? (double)frames * G_USEC_PER_SEC / (double)(to - from) : 0;
}

static void fill_rows(FpsProbe *self, gint64 now) {
  for (guint i = 0; i < self->sources->len; i++) {
    const Source *source = &g_array_index(self->sources, Source, i);
    DsbindProbeRow *row = dsbind_probe_row(&self->probe, source->source_id);
    row->values[FPS] = rate(source->frames - source->before, MAX(self->printed, source->first), now);
    row->values[AVERAGE] = rate(source->frames, source->first, now);
    row->values[FRAMES] = (double)source->frames + 1;
  }
}

static void begin_interval(FpsProbe *self, gint64 now) {
  self->printed = now;
  for (guint i = 0; i < self->sources->len; i++) {
    Source *source = &g_array_index(self->sources, Source, i);
    source->before = source->frames;
  }
}

static void print(FpsProbe *self) {
  GString *line = g_string_new("**FPS: ");
  for (guint i = 0; i < self->probe.rows->len; i++) {
    const DsbindProbeRow *row = &g_array_index(self->probe.rows, DsbindProbeRow, i);
    g_string_append_printf(line, " %.2f (%.2f)\t", row->values[FPS], row->values[AVERAGE]);
  }
  g_string_truncate(line, line->len - 1);
  g_print("%s\n", line->str);
  g_string_free(line, TRUE);
}

static void handle(DsbindProbe *probe, GstElement *element, GstBuffer *buffer,
                   NvDsBatchMeta *batch) {
  FpsProbe *self = (FpsProbe *)probe;
  const gint64 now = g_get_monotonic_time();
  const gint64 interval = probe->values[INTERVAL].number * G_USEC_PER_SEC;
  (void)element;
  if (!self->printed) self->printed = now;
  batch = gst_buffer_get_nvds_batch_meta(buffer);
  if (batch) {
    nvds_acquire_meta_lock(batch);
    for (NvDsFrameMetaList *l = batch->frame_meta_list; l; l = l->next)
      count(self, ((NvDsFrameMeta *)l->data)->source_id, now);
    nvds_release_meta_lock(batch);
  } else {
    count(self, 0, now);
  }
  if (!interval || now - self->printed < interval) return;
  fill_rows(self, now);
  print(self);
  begin_interval(self, now);
}

/* Where lines are printed, the interval is that of the lines; else it ends with each reading. */
static void measure(DsbindProbe *probe) {
  FpsProbe *self = (FpsProbe *)probe;
  const gint64 now = g_get_monotonic_time();
  fill_rows(self, now);
  if (!probe->values[INTERVAL].number) begin_interval(self, now);
}

static void init(DsbindProbe *probe) {
  ((FpsProbe *)probe)->sources = g_array_new(FALSE, FALSE, sizeof(Source));
}

static gboolean start(DsbindProbe *probe, GError **error) {
  FpsProbe *self = (FpsProbe *)probe;
  (void)error;
  g_array_set_size(self->sources, 0);
  self->printed = 0;
  return TRUE;
}

static void clear(DsbindProbe *probe) { g_array_unref(((FpsProbe *)probe)->sources); }

const DsbindProbeClass dsbind_fps_probe = {
    .name = "measure_fps_probe",
    .brief = "Prints the frames a second of each source",
    .properties = properties,
    .columns = {{"fps", FALSE}, {"average", FALSE}, {"frames", TRUE}},
    .size = sizeof(FpsProbe),
    .init = init,
    .start = start,
    .handle = handle,
    .measure = measure,
    .clear = clear,
};
