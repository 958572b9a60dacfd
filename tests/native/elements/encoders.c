/* SPDX-License-Identifier: Apache-2.0 */
/* Our encoders: a stream of each, settings that change under way, and frames that are too small. */
#include "pipelines.h"

static GstElement *encoding(const char *encoder, guint frames, gint width, gint height) {
  return pipeline_new("videotestsrc num-buffers=%u ! video/x-raw,format=NV12,width=%d,height=%d,"
                      "framerate=25/1 ! nvvideoconvert ! video/x-raw(memory:NVMM) "
                      "! %s name=encoder ! fakesink name=out", frames, width, height, encoder);
}

static void every_frame_comes_out(const char *encoder) {
  gint frames = 0;
  GstElement *pipeline = encoding(encoder, 6, 64, 48);
  count_buffers(pipeline, "out", &frames);
  for (gint run = 1; run <= 2; run++) {
    CHECK(pipeline_run(pipeline));
    CHECK_INT(g_atomic_int_get(&frames), 6 * run);
  }
  pipeline_free(pipeline);
}

static void settings_change_under_way(const char *encoder) {
  GstElement *pipeline = encoding(encoder, 100000, 64, 48);
  GstElement *element = gst_bin_get_by_name(GST_BIN(pipeline), "encoder");
  gint frames = 0;
  count_buffers(pipeline, "out", &frames);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  for (guint i = 1; i <= 20; i++) {
    g_object_set(element, "bitrate", i * 100000, NULL);
    g_signal_emit_by_name(element, "force-IDR");
    g_usleep(2000);
  }
  await_count(&frames, 1);
  gst_object_unref(element);
  pipeline_free(pipeline);
}

static void frames_without_room_are_refused(const char *encoder) {
  GstElement *pipeline = encoding(encoder, 2, 1, 1);
  CHECK(!pipeline_run(pipeline));
  pipeline_free(pipeline);
}

static void a_range_that_is_none_is_refused(void) {
  static const char *const ranges[] = {"", "1", "1,2:3,4:5", "40,10:40,10:60,70", "-1,2:1,2:1,2"};
  for (guint i = 0; i < G_N_ELEMENTS(ranges); i++) {
    GstElement *element = gst_object_ref_sink(gst_element_factory_make("nvv4l2h264enc", NULL));
    g_object_set(element, "qp-range", ranges[i], NULL);
    CHECK_INT(gst_element_set_state(element, GST_STATE_READY), GST_STATE_CHANGE_FAILURE);
    g_object_set(element, "qp-range", "10,40:10,40:12,42", NULL);
    CHECK(gst_element_set_state(element, GST_STATE_READY) != GST_STATE_CHANGE_FAILURE);
    gst_element_set_state(element, GST_STATE_NULL);
    gst_object_unref(element);
  }
}

int main(void) {
  bench_init("nvvideoconvert", "nvv4l2h264enc", "nvv4l2h265enc", "nvv4l2av1enc", "nvjpegenc", NULL);
  if (!has_element("x264enc") || !has_element("jpegenc")) return 77;
  every_frame_comes_out("nvv4l2h264enc");
  every_frame_comes_out("nvjpegenc");
  if (has_element("x265enc")) every_frame_comes_out("nvv4l2h265enc");
  if (has_element("av1enc")) every_frame_comes_out("nvv4l2av1enc");
  settings_change_under_way("nvv4l2h264enc");
  frames_without_room_are_refused("nvv4l2h264enc");
  a_range_that_is_none_is_refused();
  puts("frames are encoded");
  return 0;
}
