/* SPDX-License-Identifier: Apache-2.0 */
/* Latency of components and frames. */
#include "check.h"
#include "gstnvdsmeta.h"
#include "nvds_latency_meta.h"

static NvDsBatchMeta *attach_batch(GstBuffer *buffer, guint frames) {
  NvDsBatchMeta *batch = nvds_create_batch_meta(frames);
  batch->max_frames_in_batch = frames;
  NvDsMeta *meta = gst_buffer_add_nvds_meta(buffer, batch, NULL, nvds_batch_meta_copy_func,
                                            nvds_batch_meta_release_func);
  meta->meta_type = NVDS_BATCH_GST_META;
  return batch;
}

static double now_ms(void) { return g_get_real_time() / 1000.0; }

static void test_switches(void) {
  CHECK(nvds_enable_latency_measurement);
  CHECK(nvds_latency_measurement_silent);
  printf("switches: %d %d\n", nvds_get_enable_latency_measurement(),
         nvds_get_latency_measurement_silent());
}

static void test_component(void) {
  GstBuffer *buffer = gst_buffer_new();
  NvDsBatchMeta *batch = attach_batch(buffer, 1);
  double before = now_ms();
  NvDsUserMeta *user = nvds_set_input_system_timestamp(buffer, (gchar *)"nvinfer0");
  CHECK(user != NULL);
  CHECK_INT(user->base_meta.meta_type, NVDS_LATENCY_MEASUREMENT_META);
  CHECK(batch->batch_user_meta_list->data == user);
  NvDsMetaCompLatency *latency = user->user_meta_data;
  CHECK_STR(latency->component_name, "nvinfer0");
  CHECK(latency->in_system_timestamp >= before - 2 && latency->in_system_timestamp <= now_ms() + 2);
  CHECK_NEAR(latency->out_system_timestamp, 0, 0);
  CHECK_INT(latency->num_sub_comps, 0);
  CHECK_INT(nvds_set_output_system_timestamp(buffer, (gchar *)"nvinfer0"), TRUE);
  CHECK(latency->out_system_timestamp >= latency->in_system_timestamp);
  CHECK_INT(nvds_set_output_system_timestamp(buffer, (gchar *)"nvtracker0"), FALSE);

  GstBuffer *copy = gst_buffer_copy(buffer);
  GList *list = gst_buffer_get_nvds_batch_meta(copy)->batch_user_meta_list;
  CHECK_INT(g_list_length(list), 1);
  NvDsMetaCompLatency *copied = ((NvDsUserMeta *)list->data)->user_meta_data;
  CHECK(copied != latency);
  CHECK_STR(copied->component_name, "nvinfer0");
  CHECK_NEAR(copied->in_system_timestamp, latency->in_system_timestamp, 0);
  gst_buffer_unref(copy);
  gst_buffer_unref(buffer);
  printf("component: input and output times\n");
}

static void test_no_batch(void) {
  GstBuffer *buffer = gst_buffer_new();
  CHECK(nvds_set_input_system_timestamp(buffer, (gchar *)"nvinfer0") == NULL);
  CHECK_INT(nvds_set_output_system_timestamp(buffer, (gchar *)"nvinfer0"), FALSE);
  gst_buffer_unref(buffer);
  printf("no batch: no entry\n");
}

static void add_entry(GstBuffer *buffer, const char *name, guint source, guint frame, double in) {
  NvDsUserMeta *user = nvds_set_input_system_timestamp(buffer, (gchar *)name);
  NvDsMetaCompLatency *latency = user->user_meta_data;
  latency->source_id = latency->pad_index = source;
  latency->frame_num = frame;
  latency->in_system_timestamp = in;
}

static void test_frames(void) {
  GstBuffer *buffer = gst_buffer_new();
  attach_batch(buffer, 4);
  double now = now_ms();
  add_entry(buffer, "nvv4l2decoder0", 0, 10, now - 300);
  add_entry(buffer, "nvstreammux-mux", 0, 10, now - 200);
  add_entry(buffer, "nvv4l2decoder1", 1, 20, now - 400);
  add_entry(buffer, "nvstreammux-mux", 1, 20, now - 200);
  add_entry(buffer, "nvinfer0", 0, 0, now - 100);
  NvDsFrameLatencyInfo info[4];
  memset(info, 0xff, sizeof info);
  CHECK_INT(nvds_measure_buffer_latency(buffer, info), 2);
  for (guint i = 0; i < 2; i++) {
    CHECK_INT(info[i].source_id, i);
    CHECK_INT(info[i].frame_num, 10 * (i + 1));
    CHECK_NEAR(info[i].comp_in_timestamp, now - 300 - 100 * i, 0);
    CHECK_NEAR(info[i].latency, 300 + 100 * i, 90);
    printf("frame %u of source %u\n", info[i].frame_num, info[i].source_id);
  }
  CHECK_NEAR(info[3].latency, 0, 0);
  gst_buffer_unref(buffer);
}

static void test_reference_timestamp(void) {
  GstBuffer *buffer = gst_buffer_new();
  nvds_add_reference_timestamp_meta(buffer, (gchar *)"nvv4l2decoder0", 5);
  GstReferenceTimestampMeta *meta = gst_buffer_get_reference_timestamp_meta(buffer, NULL);
  CHECK(meta != NULL);
  const GstStructure *structure = gst_caps_get_structure(meta->reference, 0);
  int frame = 0;
  double in = 0;
  CHECK_STR(gst_structure_get_string(structure, "component_name"), "nvv4l2decoder0");
  CHECK(gst_structure_get_int(structure, "frame_num", &frame));
  CHECK_INT(frame, 5);
  CHECK(gst_structure_get_double(structure, "in_timestamp", &in));
  CHECK_NEAR(in, now_ms(), 5000);
  gst_buffer_unref(buffer);
  printf("reference timestamp: frame %d\n", frame);
}

int main(int argc, char **argv) {
  g_setenv("NVDS_ENABLE_LATENCY_MEASUREMENT", "1", TRUE);
  g_setenv("NVDS_LATENCY_MEASUREMENT_SILENT", "1", TRUE);
  g_unsetenv("NVDS_ENABLE_COMPONENT_LATENCY_MEASUREMENT");
  gst_init(&argc, &argv);
  GstBuffer *first = gst_buffer_new();
  attach_batch(first, 1);
  test_switches();
  test_component();
  test_no_batch();
  test_frames();
  test_reference_timestamp();
  gst_buffer_unref(first);
  gst_deinit();
  return 0;
}
