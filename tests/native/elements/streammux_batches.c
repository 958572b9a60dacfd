/* SPDX-License-Identifier: Apache-2.0 */
/* What is in the batches of nvstreammux: order, numbers, times, pixels. */
#include "batching.h"

static NvBufSurface *surface_of(GstBuffer *batch) {
  NvBufSurface *surface = dsbind_buffer_surface(batch);
  CHECK(surface);
  return surface;
}

static GstBuffer *nv12(gint width, gint height, guint8 value, guint n) {
  return frame_new(GST_VIDEO_FORMAT_NV12, width, height, value, n * FRAME_TIME);
}

static void one_frame_of_each_source_in_pad_order(void) {
  Bench *bench = bench_new("nvstreammux", 4, "batch-size", 4, "width", 64, "height", 48, NULL);
  for (guint s = 0; s < 4; s++) bench_start(bench, s, NULL, 64, 48);
  for (guint n = 0; n < 3; n++) {
    for (guint s = 4; s-- > 0;)
      CHECK_INT(bench_push(bench, s, nv12(64, 48, (guint8)(10 * s + n), n)), GST_FLOW_OK);
    GstBuffer *batch = bench_take(bench);
    NvBufSurface *surface = surface_of(batch);
    NvDsBatchMeta *meta = gst_buffer_get_nvds_batch_meta(batch);
    CHECK_INT(surface->batchSize, 4);
    CHECK_INT(surface->numFilled, 4);
    CHECK_INT(meta->num_frames_in_batch, 4);
    CHECK_INT(meta->max_frames_in_batch, 4);
    CHECK_INT(GST_BUFFER_PTS(batch), n * FRAME_TIME);
    for (guint s = 0; s < 4; s++) {
      const NvDsFrameMeta *frame = frame_meta_at(batch, s);
      CHECK_INT(frame->pad_index, s);
      CHECK_INT(frame->source_id, s);
      CHECK_INT(frame->batch_id, s);
      CHECK_INT(frame->frame_num, n);
      CHECK_INT(frame->buf_pts, n * FRAME_TIME);
      CHECK_INT(frame->source_frame_width, 64);
      CHECK_INT(frame->source_frame_height, 48);
      CHECK_INT(frame->pipeline_width, 64);
      CHECK_INT(frame->pipeline_height, 48);
      CHECK_INT(frame->num_surfaces_per_frame, 1);
      CHECK_INT(frame->bInferDone, FALSE);
      CHECK_NEAR((double)frame->ntp_timestamp, (double)g_get_real_time() * 1000, 10e9);
      CHECK_INT(pixel(surface, s, 0, 5, 5), 10 * s + n);
    }
    gst_buffer_unref(batch);
  }
  bench_free(bench);
}

static void a_frame_that_fits_is_taken_by_reference(void) {
  Bench *bench = bench_new("nvstreammux", 2, "batch-size", 2, "width", 64, "height", 48, NULL);
  bench_start(bench, 0, NULL, 64, 48);
  bench_start(bench, 1, NULL, 32, 24);
  GstBuffer *first = nv12(64, 48, 50, 0), *second = nv12(32, 24, 90, 0);
  const void *fits = surface_of(first)->surfaceList[0].dataPtr;
  const void *scaled = surface_of(second)->surfaceList[0].dataPtr;
  bench_push(bench, 0, first);
  bench_push(bench, 1, second);
  GstBuffer *batch = bench_take(bench);
  CHECK(surface_of(batch)->surfaceList[0].dataPtr == fits);
  CHECK(surface_of(batch)->surfaceList[1].dataPtr != scaled);
  CHECK_INT(surface_of(batch)->surfaceList[1].width, 64);
  CHECK_NEAR(pixel(surface_of(batch), 1, 0, 60, 40), 90, 1);
  /* Nobody else holds the frames, so elements draw on them without a copy. */
  CHECK(dsbind_buffer_surface_writable(batch)->surfaceList[0].dataPtr == fits);
  CHECK_INT(frame_meta_at(batch, 1)->source_frame_width, 32);
  gst_buffer_unref(batch);
  bench_free(bench);
}

static void padding_keeps_the_aspect(void) {
  Bench *bench = bench_new("nvstreammux", 2, "batch-size", 2, "width", 128, "height", 64,
                           "enable-padding", TRUE, NULL);
  bench_start(bench, 0, NULL, 64, 64);
  bench_start(bench, 1, NULL, 128, 16);
  bench_push(bench, 0, nv12(64, 64, 200, 0));
  bench_push(bench, 1, nv12(128, 16, 200, 0));
  GstBuffer *batch = bench_take(bench);
  NvBufSurface *s = surface_of(batch);
  CHECK_INT(pixel(s, 0, 0, 16, 32), 16); /* black to the left and right */
  CHECK_INT(pixel(s, 0, 0, 112, 32), 16);
  CHECK_NEAR(pixel(s, 0, 0, 40, 4), 200, 1);
  CHECK_NEAR(pixel(s, 0, 0, 90, 60), 200, 1);
  CHECK_INT(pixel(s, 1, 0, 64, 12), 16); /* above and below */
  CHECK_INT(pixel(s, 1, 0, 64, 52), 16);
  CHECK_NEAR(pixel(s, 1, 0, 2, 32), 200, 1);
  CHECK_INT(pixel(s, 1, 1, 64, 2), 128);
  gst_buffer_unref(batch);
  bench_free(bench);
}

static void stretching_fills_the_frame(void) {
  Bench *bench = bench_new("nvstreammux", 1, "width", 128, "height", 64, NULL);
  bench_start(bench, 0, NULL, 64, 64);
  bench_push(bench, 0, nv12(64, 64, 200, 0));
  GstBuffer *batch = bench_take(bench);
  CHECK_NEAR(pixel(surface_of(batch), 0, 0, 1, 32), 200, 1);
  CHECK_NEAR(pixel(surface_of(batch), 0, 0, 126, 32), 200, 1);
  gst_buffer_unref(batch);
  bench_free(bench);
}

static void mixed_formats_become_nv12(void) {
  Bench *bench = bench_new("nvstreammux", 2, "batch-size", 2, NULL);
  bench_start(bench, 0, "RGBA", 64, 48);
  bench_start(bench, 1, "NV12", 64, 48);
  bench_push(bench, 0, frame_new(GST_VIDEO_FORMAT_RGBA, 64, 48, 255, 0));
  bench_push(bench, 1, nv12(64, 48, 77, 0));
  GstBuffer *batch = bench_take(bench);
  for (guint i = 0; i < 2; i++)
    CHECK_INT(dsbind_video_format(surface_of(batch)->surfaceList[i].colorFormat),
              GST_VIDEO_FORMAT_NV12);
  CHECK(pixel(surface_of(batch), 0, 0, 9, 9) > 230);
  CHECK_INT(pixel(surface_of(batch), 1, 0, 9, 9), 77);
  gst_buffer_unref(batch);
  bench_free(bench);
}

static void frames_in_system_memory_are_taken_in(void) {
  Bench *bench = bench_new("nvstreammux", 1, NULL);
  bench_start_system(bench, 0, "I420", 64, 48);
  GstBuffer *frame = gst_buffer_new_allocate(NULL, 64 * 48 * 3 / 2, NULL);
  gst_buffer_memset(frame, 0, 99, 64 * 48 * 3 / 2);
  bench_push(bench, 0, frame);
  GstBuffer *batch = bench_take(bench);
  CHECK_INT(pixel(surface_of(batch), 0, 0, 63, 47), 99);
  CHECK_INT(pixel(surface_of(batch), 0, 2, 31, 23), 99);
  gst_buffer_unref(batch);
  bench_free(bench);
}

static void sizes_from_one_pixel_to_8k(void) {
  static const gint sizes[][2] = {{1, 1}, {641, 361}, {7680, 4320}};
  for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
    for (guint scale = 0; scale < 2; scale++) {
      Bench *bench = bench_new("nvstreammux", 1, "width", scale ? 320 : 0, "height",
                               scale ? 180 : 0, "enable-padding", TRUE, NULL);
      bench_start(bench, 0, NULL, sizes[i][0], sizes[i][1]);
      CHECK_INT(bench_push(bench, 0, nv12(sizes[i][0], sizes[i][1], 120, 0)), GST_FLOW_OK);
      GstBuffer *batch = bench_take(bench);
      CHECK_INT(surface_of(batch)->surfaceList[0].width, scale ? 320 : sizes[i][0]);
      CHECK_INT(surface_of(batch)->surfaceList[0].height, scale ? 180 : sizes[i][1]);
      if (scale) CHECK_NEAR(pixel(surface_of(batch), 0, 0, 160, 90), 120, 1);
      gst_buffer_unref(batch);
      bench_free(bench);
    }
  }
}

static void a_source_may_change_its_size(void) {
  Bench *bench = bench_new("nvstreammux", 1, NULL);
  bench_start(bench, 0, NULL, 64, 48);
  bench_push(bench, 0, nv12(64, 48, 10, 0));
  gst_buffer_unref(bench_take(bench));
  bench_start(bench, 0, "RGBA", 100, 30);
  bench_push(bench, 0, frame_new(GST_VIDEO_FORMAT_RGBA, 100, 30, 255, FRAME_TIME));
  GstBuffer *batch = bench_take(bench);
  CHECK_INT(surface_of(batch)->surfaceList[0].width, 64);
  CHECK_INT(frame_meta_at(batch, 0)->source_frame_width, 100);
  CHECK_INT(frame_meta_at(batch, 0)->frame_num, 1);
  gst_buffer_unref(batch);
  bench_free(bench);
}

static void a_source_too_large_is_refused_by_name(void) {
  Bench *bench = bench_new("nvstreammux", 1, NULL);
  bench_start(bench, 0, NULL, 20000, 100);
  GstMessage *message =
      gst_bus_timed_pop_filtered(bench->bus, 2 * GST_SECOND, GST_MESSAGE_ERROR);
  CHECK(message);
  GError *error = NULL;
  gst_message_parse_error(message, &error, NULL);
  CHECK(g_error_matches(error, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT));
  CHECK(strstr(error->message, "sink_0") && strstr(error->message, "20000"));
  g_error_free(error);
  gst_message_unref(message);
  bench_free(bench);
}

static void more_sources_than_a_batch_take_turns(void) {
  Bench *bench = bench_new("nvstreammux", 3, "batch-size", 2, NULL);
  static const guint order[] = {0, 1, 2, 0, 1, 2};
  for (guint s = 0; s < 3; s++) bench_start(bench, s, NULL, 64, 48);
  for (guint n = 0; n < 2; n++)
    for (guint s = 3; s-- > 0;) bench_push(bench, s, nv12(64, 48, 1, n));
  for (guint i = 0; i < G_N_ELEMENTS(order); i += 2) {
    GstBuffer *batch = bench_take(bench);
    CHECK_INT(gst_buffer_get_nvds_batch_meta(batch)->num_frames_in_batch, 2);
    CHECK_INT(frame_meta_at(batch, 0)->pad_index, order[i]);
    CHECK_INT(frame_meta_at(batch, 1)->pad_index, order[i + 1]);
    gst_buffer_unref(batch);
  }
  bench_free(bench);
}

static void a_slow_source_does_not_hold_the_others(void) {
  Bench *bench = bench_new("nvstreammux", 4, "batch-size", 4, "batched-push-timeout", 30000, NULL);
  for (guint s = 0; s < 4; s++) bench_start(bench, s, NULL, 64, 48);
  const gint64 begin = g_get_monotonic_time();
  for (guint s = 0; s < 3; s++) bench_push(bench, s, nv12(64, 48, 1, 0));
  GstBuffer *batch = bench_take(bench);
  const gint64 took = g_get_monotonic_time() - begin;
  CHECK_INT(surface_of(batch)->numFilled, 3);
  CHECK(took >= 29000 && took < 1000000);
  gst_buffer_unref(batch);
  bench_push(bench, 3, nv12(64, 48, 1, 0));
  batch = bench_take(bench);
  CHECK_INT(frame_meta_at(batch, 0)->pad_index, 3);
  CHECK_INT(frame_meta_at(batch, 0)->batch_id, 0);
  gst_buffer_unref(batch);
  bench_free(bench);
}

static void without_a_timeout_a_batch_waits(void) {
  Bench *bench = bench_new("nvstreammux", 2, "batch-size", 2, NULL);
  bench_start(bench, 0, NULL, 64, 48);
  bench_start(bench, 1, NULL, 64, 48);
  bench_push(bench, 0, nv12(64, 48, 1, 0));
  g_usleep(100000);
  CHECK_INT(bench_batches(bench), 0);
  bench_push(bench, 1, nv12(64, 48, 1, 0));
  gst_buffer_unref(bench_take(bench));
  bench_free(bench);
}

static void synchronised_inputs_wait_for_their_time(void) {
  Bench *bench = bench_new("nvstreammux", 2, "batch-size", 2, "sync-inputs", TRUE, NULL);
  bench_start(bench, 0, NULL, 64, 48);
  bench_start(bench, 1, NULL, 64, 48);
  bench_push(bench, 0, nv12(64, 48, 1, 0));
  bench_push(bench, 1, nv12(64, 48, 1, 1)); /* one frame later */
  GstBuffer *batch = bench_take(bench);
  CHECK_INT(surface_of(batch)->numFilled, 1);
  CHECK_INT(frame_meta_at(batch, 0)->pad_index, 0);
  gst_buffer_unref(batch);
  bench_push(bench, 0, nv12(64, 48, 1, 1));
  batch = bench_take(bench);
  CHECK_INT(surface_of(batch)->numFilled, 2);
  gst_buffer_unref(batch);
  bench_free(bench);
}

int main(void) {
  bench_init("nvstreammux", NULL);
  one_frame_of_each_source_in_pad_order();
  a_frame_that_fits_is_taken_by_reference();
  padding_keeps_the_aspect();
  stretching_fills_the_frame();
  mixed_formats_become_nv12();
  frames_in_system_memory_are_taken_in();
  sizes_from_one_pixel_to_8k();
  a_source_may_change_its_size();
  a_source_too_large_is_refused_by_name();
  more_sources_than_a_batch_take_turns();
  a_slow_source_does_not_hold_the_others();
  without_a_timeout_a_batch_waits();
  synchronised_inputs_wait_for_their_time();
  gst_deinit();
  puts("batches: ok");
  return 0;
}
