/* SPDX-License-Identifier: Apache-2.0 */
/* nvmultistreamtiler: pictures and coordinates on their tiles. */
#include <gst-nvevent.h>

#include "batching.h"

/* A batch as the mux makes it: sources with luma values[i], or none where it is 0. */
static GstBuffer *batch_of(guint capacity, const guint8 *values, guint n) {
  GstBuffer *owners[MAX_SOURCES];
  NvBufSurfaceParams entries[MAX_SOURCES];
  NvDsBatchMeta *meta = nvds_create_batch_meta(capacity);
  guint count = 0;

  meta->max_frames_in_batch = capacity;
  for (guint i = 0; i < capacity; i++) {
    if (!values[i]) continue;
    owners[count] = frame_new(GST_VIDEO_FORMAT_NV12, 160, 120, values[i], n * FRAME_TIME);
    entries[count] = dsbind_buffer_surface(owners[count])->surfaceList[0];
    NvDsFrameMeta *frame = nvds_acquire_frame_meta_from_pool(meta);
    frame->pad_index = frame->source_id = i;
    frame->batch_id = count++;
    nvds_add_frame_meta_to_batch(meta, frame);
    NvDsObjectMeta *object = nvds_acquire_obj_meta_from_pool(meta);
    object->rect_params.left = 16;
    object->rect_params.top = 12;
    object->rect_params.width = 80;
    object->rect_params.height = 60;
    object->text_params.x_offset = 16;
    object->text_params.y_offset = 2;
    object->class_id = (gint)i;
    nvds_add_obj_meta_to_frame(frame, object, NULL);
    NvDsDisplayMeta *display = nvds_acquire_display_meta_from_pool(meta);
    display->num_circles = display->num_lines = 1;
    display->circle_params[0].xc = 80;
    display->circle_params[0].yc = 60;
    display->circle_params[0].radius = 10;
    display->line_params[0].x2 = 159;
    display->line_params[0].y2 = 119;
    nvds_add_display_meta_to_frame(frame, display);
  }
  GstBuffer *batch = dsbind_buffer_new_batch(capacity, count, entries, owners, NVBUF_MEM_DEFAULT);
  for (guint i = 0; i < count; i++) gst_buffer_unref(owners[i]);
  gst_buffer_add_nvds_meta(batch, meta, NULL, nvds_batch_meta_copy_func,
                           nvds_batch_meta_release_func)->meta_type = NVDS_BATCH_GST_META;
  GST_BUFFER_PTS(batch) = n * FRAME_TIME;
  return batch;
}

static const NvBufSurface *tile(Bench *bench, GstBuffer *batch, GstBuffer **out) {
  CHECK_INT(bench_push(bench, 0, batch), GST_FLOW_OK);
  *out = bench_take(bench);
  const NvBufSurface *surface = dsbind_buffer_surface(*out);
  CHECK(surface);
  CHECK_INT(surface->numFilled, 1);
  return surface;
}

static Bench *tiler_new(gint width, gint height) {
  Bench *bench = bench_new("nvmultistreamtiler", 0, "width", width, "height", height, NULL);
  bench_start(bench, 0, NULL, 160, 120);
  return bench;
}

static void four_sources_share_the_frame(void) {
  Bench *bench = tiler_new(320, 240);
  GstBuffer *out;
  const NvBufSurface *s = tile(bench, batch_of(4, (guint8[]){40, 80, 120, 160}, 3), &out);
  CHECK_INT(s->surfaceList[0].width, 320);
  CHECK_INT(s->surfaceList[0].height, 240);
  CHECK_INT(GST_BUFFER_PTS(out), 3 * FRAME_TIME);
  CHECK_NEAR(pixel(s, 0, 0, 10, 10), 40, 1);
  CHECK_NEAR(pixel(s, 0, 0, 310, 10), 80, 1);
  CHECK_NEAR(pixel(s, 0, 0, 10, 230), 120, 1);
  CHECK_NEAR(pixel(s, 0, 0, 310, 230), 160, 1);
  CHECK_INT(gst_buffer_get_nvds_batch_meta(out)->num_frames_in_batch, 4);
  for (guint i = 0; i < 4; i++) {
    const NvDsFrameMeta *frame = frame_meta_at(out, i);
    const NvDsObjectMeta *object = frame->obj_meta_list->data;
    const guint left = i % 2 * 160, top = i / 2 * 120;
    CHECK_INT(frame->source_id, i);
    CHECK_INT(frame->batch_id, 0);
    CHECK_INT(object->class_id, i);
    CHECK_NEAR(object->rect_params.left, left + 16, 0.01);
    CHECK_NEAR(object->rect_params.top, top + 12, 0.01);
    CHECK_NEAR(object->rect_params.width, 80, 0.01);
    CHECK_INT(object->text_params.x_offset, left + 16);
    CHECK_INT(object->text_params.y_offset, top + 2);
  }
  gst_buffer_unref(out);
  bench_free(bench);
}

static void coordinates_scale_with_the_tile(void) {
  Bench *bench = tiler_new(160, 240); /* two tiles of 80 x 240 */
  GstBuffer *out;
  tile(bench, batch_of(2, (guint8[]){40, 80}, 0), &out);
  const NvDsFrameMeta *frame = frame_meta_at(out, 1);
  const NvDsObjectMeta *object = frame->obj_meta_list->data;
  const NvDsDisplayMeta *display = frame->display_meta_list->data;
  CHECK_NEAR(object->rect_params.left, 80 + 8, 0.01);
  CHECK_NEAR(object->rect_params.top, 24, 0.01);
  CHECK_NEAR(object->rect_params.width, 40, 0.01);
  CHECK_NEAR(object->rect_params.height, 120, 0.01);
  CHECK_INT(display->circle_params[0].xc, 120);
  CHECK_INT(display->circle_params[0].yc, 120);
  CHECK_INT(display->circle_params[0].radius, 5);
  CHECK_INT(display->line_params[0].y2, 238);
  gst_buffer_unref(out);
  bench_free(bench);
}

static void a_missing_source_keeps_its_last_picture(void) {
  Bench *bench = tiler_new(320, 240);
  GstBuffer *out;
  const NvBufSurface *s = tile(bench, batch_of(4, (guint8[]){40, 80, 0, 0}, 0), &out);
  CHECK_INT(pixel(s, 0, 0, 10, 230), 16); /* nothing came yet: black */
  gst_buffer_unref(out);
  s = tile(bench, batch_of(4, (guint8[]){50, 0, 0, 0}, 1), &out);
  CHECK_NEAR(pixel(s, 0, 0, 10, 10), 50, 1);
  CHECK_NEAR(pixel(s, 0, 0, 310, 10), 80, 1);
  CHECK_INT(gst_buffer_get_nvds_batch_meta(out)->num_frames_in_batch, 1);
  gst_buffer_unref(out);
  gst_pad_push_event(bench->sources[0], gst_nvevent_new_pad_deleted(1));
  s = tile(bench, batch_of(4, (guint8[]){50, 0, 0, 0}, 2), &out);
  CHECK_INT(pixel(s, 0, 0, 310, 10), 16); /* its source is gone */
  gst_buffer_unref(out);
  bench_free(bench);
}

static void one_source_alone(void) {
  Bench *bench = tiler_new(320, 240);
  GstBuffer *out;
  g_object_set(bench->element, "show-source", 2, NULL);
  const NvBufSurface *s = tile(bench, batch_of(4, (guint8[]){40, 80, 120, 160}, 0), &out);
  CHECK_NEAR(pixel(s, 0, 0, 5, 5), 120, 1);
  CHECK_NEAR(pixel(s, 0, 0, 315, 235), 120, 1);
  CHECK_INT(gst_buffer_get_nvds_batch_meta(out)->num_frames_in_batch, 1);
  const NvDsObjectMeta *object = frame_meta_at(out, 0)->obj_meta_list->data;
  CHECK_NEAR(object->rect_params.left, 32, 0.01);
  gst_buffer_unref(out);
  bench_free(bench);
}

static void rows_and_columns_are_kept_when_they_have_room(void) {
  Bench *bench = tiler_new(300, 90);
  GstBuffer *out;
  g_object_set(bench->element, "rows", 1, "columns", 3, NULL);
  const NvBufSurface *s = tile(bench, batch_of(2, (guint8[]){40, 80}, 0), &out);
  CHECK_NEAR(pixel(s, 0, 0, 99, 80), 40, 1);
  CHECK_NEAR(pixel(s, 0, 0, 199, 80), 80, 1);
  CHECK_INT(pixel(s, 0, 0, 299, 80), 16);
  gst_buffer_unref(out);
  bench_free(bench);
}

static void a_shared_batch_keeps_its_metadata(void) {
  Bench *bench = tiler_new(320, 240);
  GstBuffer *out, *batch = batch_of(4, (guint8[]){40, 80, 120, 160}, 0);
  gst_buffer_ref(batch);
  tile(bench, batch, &out);
  const NvDsFrameMeta *frame = frame_meta_at(batch, 3);
  const NvDsObjectMeta *object = frame->obj_meta_list->data;
  CHECK_INT(frame->batch_id, 3);
  CHECK_NEAR(object->rect_params.left, 16, 0.01);
  object = frame_meta_at(out, 3)->obj_meta_list->data;
  CHECK_NEAR(object->rect_params.left, 176, 0.01);
  gst_buffer_unref(batch);
  gst_buffer_unref(out);
  bench_free(bench);
}

static void the_size_may_change_while_playing(void) {
  Bench *bench = tiler_new(320, 240);
  GstBuffer *out;
  tile(bench, batch_of(1, (guint8[]){40}, 0), &out);
  gst_buffer_unref(out);
  g_object_set(bench->element, "width", 100, "height", 50, NULL);
  const NvBufSurface *s = tile(bench, batch_of(1, (guint8[]){40}, 1), &out);
  CHECK_INT(s->surfaceList[0].width, 100);
  CHECK_NEAR(pixel(s, 0, 0, 99, 49), 40, 1);
  gst_buffer_unref(out);
  bench_free(bench);
}

int main(void) {
  bench_init("nvmultistreamtiler", NULL);
  four_sources_share_the_frame();
  coordinates_scale_with_the_tile();
  a_missing_source_keeps_its_last_picture();
  one_source_alone();
  rows_and_columns_are_kept_when_they_have_room();
  a_shared_batch_keeps_its_metadata();
  the_size_may_change_while_playing();
  gst_deinit();
  puts("tiler: ok");
  return 0;
}
