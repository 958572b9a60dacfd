/* SPDX-License-Identifier: Apache-2.0 */
/* measure_latency_probe: how long each frame took from its decoder, or else the muxer, to here. */
#include "nvds_latency_meta.h"
#include "probe.h"

enum { FRAME, LATENCY, AVERAGE, FRAMES };

static const DsbindProperty properties[] = {DSBIND_GPU_ID, {0}};

static void note(DsbindProbe *probe, const NvDsFrameLatencyInfo *info) {
  DsbindProbeRow *row = dsbind_probe_row(probe, info->source_id);
  row->values[FRAME] = info->frame_num;
  row->values[LATENCY] = info->latency;
  row->values[FRAMES] += 1;
  row->values[AVERAGE] += (info->latency - row->values[AVERAGE]) / row->values[FRAMES];
}

static void handle(DsbindProbe *probe, GstElement *element, GstBuffer *buffer,
                   NvDsBatchMeta *batch) {
  (void)element;
  if (!nvds_get_enable_latency_measurement() || !batch->max_frames_in_batch) return;
  NvDsFrameLatencyInfo *frames = g_new0(NvDsFrameLatencyInfo, batch->max_frames_in_batch);
  const guint count = nvds_measure_buffer_latency(buffer, frames);
  GString *lines = g_string_new(NULL);
  for (guint i = 0; i < count; i++) {
    note(probe, &frames[i]);
    g_string_append_printf(lines, "Source id = %u Frame_num = %u Frame latency = %f (ms)\n",
                           frames[i].source_id, frames[i].frame_num, frames[i].latency);
  }
  if (count) g_print("%s", lines->str);
  g_string_free(lines, TRUE);
  g_free(frames);
}

const DsbindProbeClass dsbind_latency_probe = {
    .name = "measure_latency_probe",
    .brief = "Prints the latency of each frame",
    .properties = properties,
    .columns = {{"frame_number", TRUE}, {"latency", FALSE}, {"average", FALSE}, {"frames", TRUE}},
    .size = sizeof(DsbindProbe),
    .batches = TRUE,
    .handle = handle,
};
