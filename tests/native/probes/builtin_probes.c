/* SPDX-License-Identifier: Apache-2.0 */
/* Each built-in probe on hand-made batches. */
#include <glib/gstdio.h>

#include "nvds_latency_meta.h"
#include "probe.h"
#include "stage.h"

static GString *printed;

static void keep(const gchar *text) { g_string_append(printed, text); }

static DsbindHook *attach(DsbindProbe *probe, Stage *stage) {
  DsbindHook *hook = dsbind_probe_hook(probe);
  CHECK_INT(dsbind_hook_attach(hook, stage->element, ""), DSBIND_HOOK_ATTACHED);
  return hook;
}

static double value_of(DsbindProbe *probe, guint source, guint column) {
  guint count = 0;
  double value = -1;
  DsbindProbeRow *rows = dsbind_probe_rows(probe, &count);
  for (guint i = 0; i < count; i++)
    if (rows[i].source_id == source) value = rows[i].values[column];
  g_free(rows);
  return value;
}

static void test_counts(void) {
  Stage *stage = stage_new("identity");
  DsbindProbe *probe = dsbind_probe_new(dsbind_probe_class("sample_video_probe"));
  dsbind_probe_set_number(probe, 0, 20);
  DsbindHook *hook = attach(probe, stage);
  GstBuffer *buffer = gst_buffer_new();
  NvDsBatchMeta *batch = attach_batch(buffer, 2);
  NvDsFrameMeta *frame = add_frame(batch, 1, 7);
  add_object(batch, frame, "Car", 0);
  add_object(batch, frame, "person", 2);
  add_object(batch, frame, "roadsign", 3);
  NvDsFrameMeta *bare = add_frame(batch, 0, 6);
  add_object(batch, bare, "", 0);
  add_object(batch, bare, "", 2);
  add_object(batch, bare, "", 2);
  g_string_truncate(printed, 0);
  CHECK_INT(gst_pad_push(stage->source, buffer), GST_FLOW_OK);
  CHECK_STR(printed->str,
            "Object Counter: Pad Idx=1,Frame Number=7,Vehicle Count=1, Person Count=1\n"
            "Object Counter: Pad Idx=0,Frame Number=6,Vehicle Count=1, Person Count=2\n");
  CHECK_NEAR(value_of(probe, 0, 1), 2, 0);
  CHECK_NEAR(value_of(probe, 1, 0), 7, 0);
  const NvDsDisplayMeta *display = frame->display_meta_list->data;
  CHECK_INT(display->num_labels, 1);
  CHECK_STR(display->text_params[0].display_text, "Person = 1 Vehicle = 1");
  CHECK_INT(display->text_params[0].font_params.font_size, 20);
  /* A buffer without a batch is none of its business. */
  CHECK_INT(gst_pad_push(stage->source, gst_buffer_new()), GST_FLOW_OK);
  CHECK_INT(stage->arrived, 2);
  guint64 calls, time;
  dsbind_hook_cost(hook, &calls, &time);
  CHECK_INT(calls, 1);
  CHECK(time > 0);
  dsbind_hook_close(hook);
  dsbind_probe_unref(probe);
  stage_free(stage);
  printf("counts\n");
}

static void push_frames(Stage *stage, guint sources, gint number) {
  GstBuffer *buffer = gst_buffer_new();
  NvDsBatchMeta *batch = attach_batch(buffer, sources);
  for (guint i = 0; i < sources; i++) add_frame(batch, i, number);
  CHECK_INT(gst_pad_push(stage->source, buffer), GST_FLOW_OK);
}

static void test_rates(void) {
  Stage *stage = stage_new("identity");
  DsbindProbe *probe = dsbind_probe_new(dsbind_probe_class("measure_fps_probe"));
  guint count = 1;
  g_free(dsbind_probe_rows(probe, &count));
  CHECK_INT(count, 0);
  dsbind_probe_set_number(probe, 0, 1);
  DsbindHook *hook = attach(probe, stage);
  CHECK(dsbind_probe_start(probe, NULL));
  g_string_truncate(printed, 0);
  for (gint i = 0; i <= 55; i++) {
    push_frames(stage, i < 10 ? 1 : 2, i);
    g_usleep(20000);
  }
  CHECK(g_str_has_prefix(printed->str, "**FPS:  "));
  CHECK(strchr(printed->str, '\t') != NULL);
  CHECK(g_str_has_suffix(printed->str, ")\n"));
  CHECK_NEAR(value_of(probe, 0, 2), 56, 0);
  CHECK_NEAR(value_of(probe, 1, 2), 46, 0);
  /* 50 at best, less where the machine is busy. */
  CHECK(value_of(probe, 0, 1) > 5 && value_of(probe, 0, 1) <= 51);
  CHECK(dsbind_probe_start(probe, NULL));
  g_free(dsbind_probe_rows(probe, &count));
  CHECK_INT(count, 0);
  dsbind_hook_close(hook);
  dsbind_probe_unref(probe);
  stage_free(stage);
  printf("rates\n");
}

static void add_latency(GstBuffer *buffer, guint source, double before) {
  NvDsUserMeta *user = nvds_set_input_system_timestamp(buffer, (gchar *)"nvstreammux-mux");
  NvDsMetaCompLatency *latency = user->user_meta_data;
  latency->source_id = latency->pad_index = source;
  latency->frame_num = 5;
  latency->in_system_timestamp -= before;
}

static void test_latency(void) {
  Stage *stage = stage_new("identity");
  DsbindProbe *probe = dsbind_probe_new(dsbind_probe_class("measure_latency_probe"));
  DsbindHook *hook = attach(probe, stage);
  GstBuffer *buffer = gst_buffer_new();
  NvDsBatchMeta *batch = attach_batch(buffer, 2);
  add_frame(batch, 3, 5);
  add_latency(buffer, 3, 1000);
  g_string_truncate(printed, 0);
  CHECK_INT(gst_pad_push(stage->source, buffer), GST_FLOW_OK);
  CHECK(g_str_has_prefix(printed->str, "Source id = 3 Frame_num = 5 Frame latency = 1"));
  CHECK(g_str_has_suffix(printed->str, " (ms)\n"));
  CHECK_NEAR(value_of(probe, 3, 1), 1000, 500);
  CHECK_NEAR(value_of(probe, 3, 3), 1, 0);
  dsbind_hook_close(hook);
  dsbind_probe_unref(probe);
  stage_free(stage);
  printf("latency\n");
}

static void check_file(const gchar *folder, const gchar *name, const gchar *expected) {
  gchar *path = g_build_filename(folder, name, NULL);
  gchar *text = NULL;
  CHECK(g_file_get_contents(path, &text, NULL, NULL));
  CHECK_STR(text, expected);
  CHECK_INT(g_unlink(path), 0);
  g_free(text);
  g_free(path);
}

static void push_object(Stage *stage, guint64 id) {
  GstBuffer *buffer = gst_buffer_new();
  NvDsBatchMeta *batch = attach_batch(buffer, 1);
  NvDsFrameMeta *frame = add_frame(batch, 2, 12);
  add_object(batch, frame, "traffic light", 4);
  NvDsObjectMeta *tracked = add_object(batch, frame, "car", 0);
  tracked->object_id = id;
  tracked->tracker_confidence = 0.25f;
  tracked->tracker_bbox_info.org_bbox_coords = (NvBbox_Coords){1, 2, 3, 4};
  CHECK_INT(gst_pad_push(stage->source, buffer), GST_FLOW_OK);
}

static void test_kitti(void) {
  gchar *base = g_dir_make_tmp("kitti-XXXXXX", NULL);
  gchar *folder = g_build_filename(base, "a", "b", NULL);
  Stage *stage = stage_new("identity");
  DsbindProbe *probe = dsbind_probe_new(dsbind_probe_class("kitti_dump_probe"));
  dsbind_probe_set_path(probe, 0, folder);
  DsbindHook *hook = attach(probe, stage);
  CHECK(dsbind_probe_start(probe, NULL));
  CHECK(g_file_test(folder, G_FILE_TEST_IS_DIR));
  push_object(stage, 9);
  check_file(folder, "002_000012.txt",
             "car 0.0 0 0.0 10.000000 20.000000 40.000000 60.000000 0.0 0.0 0.0 0.0 0.0 0.0 0.0"
             " 0.500000\n"
             "traffic_light 0.0 0 0.0 10.000000 20.000000 40.000000 60.000000 0.0 0.0 0.0 0.0 0.0"
             " 0.0 0.0 0.500000\n");
  dsbind_probe_set_number(probe, 1, 1);
  push_object(stage, 9);
  check_file(folder, "002_000012.txt",
             "car 9 0.0 0 0.0 1.000000 2.000000 4.000000 6.000000 0.0 0.0 0.0 0.0 0.0 0.0 0.0"
             " 0.250000\n");
  CHECK_NEAR(value_of(probe, 2, 0), 2, 0);
  /* The disk is full: said once on the bus, and the frames pass. */
  CHECK_INT(g_rmdir(folder), 0);
  push_object(stage, 9);
  push_object(stage, 9);
  GstMessage *message = gst_bus_pop_filtered(stage->bus, GST_MESSAGE_ERROR);
  GError *error = NULL;
  gst_message_parse_error(message, &error, NULL);
  CHECK(g_error_matches(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE));
  CHECK(strstr(error->message, "002_000012.txt") != NULL);
  g_error_free(error);
  gst_message_unref(message);
  CHECK(gst_bus_pop_filtered(stage->bus, GST_MESSAGE_ERROR) == NULL);
  CHECK_INT(stage->arrived, 4);
  /* A file is where the folder should be. */
  CHECK(g_file_set_contents(folder, "x", 1, NULL));
  error = NULL;
  CHECK(!dsbind_probe_start(probe, &error));
  CHECK(strstr(error->message, folder) != NULL);
  g_error_free(error);
  g_unlink(folder);
  gchar *parent = g_path_get_dirname(folder);
  g_rmdir(parent);
  g_rmdir(base);
  g_free(parent);
  dsbind_hook_close(hook);
  dsbind_probe_unref(probe);
  stage_free(stage);
  g_free(folder);
  g_free(base);
  printf("kitti\n");
}

int main(int argc, char **argv) {
  g_setenv("NVDS_ENABLE_LATENCY_MEASUREMENT", "1", TRUE);
  g_unsetenv("NVDS_ENABLE_COMPONENT_LATENCY_MEASUREMENT");
  gst_init(&argc, &argv);
  printed = g_string_new(NULL);
  GPrintFunc before = g_set_print_handler(keep);
  test_counts();
  test_rates();
  test_latency();
  test_kitti();
  g_set_print_handler(before);
  g_string_free(printed, TRUE);
  gst_deinit();
  return 0;
}
