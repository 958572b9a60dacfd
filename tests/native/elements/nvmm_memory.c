/* SPDX-License-Identifier: Apache-2.0 */
/* Who sees whose pixels: copies, shared memory, batches by reference, pools. */
#include <gst/gst.h>

#include "check.h"
#include "nvmm.h"

static GstVideoInfo geometry(gint width, gint height) {
  GstVideoInfo info;
  gst_video_info_set_format(&info, GST_VIDEO_FORMAT_NV12, (guint)width, (guint)height);
  return info;
}

static GstBuffer *frames(gint width, gint height, guint count, guint8 value) {
  const GstVideoInfo info = geometry(width, height);
  GError *error = NULL;
  NvBufSurface *surface = dsbind_surface_new(&info, count, &error);
  CHECK(surface != NULL);
  surface->numFilled = count;
  CHECK_INT(NvBufSurfaceMemSet(surface, -1, -1, value), 0);
  return dsbind_buffer_new_surface(surface);
}

static guint8 *pixel(GstBuffer *buffer, guint frame) {
  const NvBufSurfaceParams *entry = &dsbind_buffer_surface(buffer)->surfaceList[frame];
  return (guint8 *)entry->dataPtr + entry->planeParams.offset[0];
}

/* A tee: both branches hold one memory; drawing in one must not show in the other. */
static void shared_memory_is_copied_before_writing(void) {
  GstBuffer *one = frames(64, 32, 2, 7);
  GstBuffer *other = gst_buffer_copy(one);
  CHECK(pixel(one, 0) == pixel(other, 0));
  CHECK(dsbind_buffer_surface_writable(other) != NULL);
  CHECK(pixel(one, 0) != pixel(other, 0));
  *pixel(other, 1) = 200;
  CHECK_INT(*pixel(one, 1), 7);
  CHECK_INT(*pixel(other, 0), 7);
  CHECK_INT(dsbind_buffer_surface(other)->numFilled, 2);
  gst_buffer_unref(one);
  guint8 *before = pixel(other, 0);
  CHECK(dsbind_buffer_surface_writable(other) != NULL);
  CHECK(pixel(other, 0) == before);
  gst_buffer_unref(other);
}

static void not_writable_buffers_stay(void) {
  GstBuffer *buffer = frames(16, 16, 1, 1);
  gst_buffer_ref(buffer);
  CHECK(dsbind_buffer_surface_writable(buffer) == NULL);
  gst_buffer_unref(buffer);
  gst_buffer_unref(buffer);
}

static GstBuffer *batch_of(GstBuffer *first, GstBuffer *second) {
  NvBufSurfaceParams entries[] = {dsbind_buffer_surface(first)->surfaceList[0],
                                  dsbind_buffer_surface(second)->surfaceList[0]};
  GstBuffer *owners[] = {first, second};
  return dsbind_buffer_new_batch(4, 2, entries, owners, dsbind_buffer_surface(first)->memType);
}

static void batches_refer_to_their_owners(void) {
  GstBuffer *first = frames(64, 32, 1, 10), *second = frames(32, 64, 1, 20);
  GstBuffer *batch = batch_of(first, second);
  const NvBufSurface *surface = dsbind_buffer_surface(batch);
  CHECK_INT(surface->batchSize, 4);
  CHECK_INT(surface->numFilled, 2);
  CHECK(pixel(batch, 0) == pixel(first, 0));
  CHECK_INT(GST_MINI_OBJECT_REFCOUNT_VALUE(first), 2);

  /* Somebody else holds the frames: writing goes to a copy, whose sizes may differ. */
  CHECK(dsbind_buffer_surface_writable(batch) != NULL);
  CHECK(pixel(batch, 0) != pixel(first, 0));
  surface = dsbind_buffer_surface(batch);
  CHECK_INT(surface->batchSize, 4);
  CHECK_INT(surface->surfaceList[1].width, 32);
  CHECK_INT(surface->surfaceList[1].height, 64);
  *pixel(batch, 1) = 99;
  CHECK_INT(*pixel(second, 0), 20);
  gst_buffer_unref(batch);
  CHECK_INT(GST_MINI_OBJECT_REFCOUNT_VALUE(first), 1);

  /* Nobody else does: the frames are written in place. */
  batch = batch_of(first, second);
  gst_buffer_unref(first);
  gst_buffer_unref(second);
  guint8 *before = pixel(batch, 0);
  CHECK(dsbind_buffer_surface_writable(batch) != NULL);
  CHECK(pixel(batch, 0) == before);
  gst_buffer_unref(batch);
}

/* A batch of a batch: the first owner's own owner is still held elsewhere. */
static void holders_further_up_count(void) {
  GstBuffer *frame = frames(16, 16, 1, 3), *spare = frames(16, 16, 1, 4);
  GstBuffer *inner = batch_of(frame, spare);
  GstBuffer *outer = batch_of(inner, spare);
  gst_buffer_unref(inner);
  gst_buffer_unref(spare);
  CHECK(dsbind_buffer_surface_writable(outer) != NULL);
  *pixel(outer, 0) = 50;
  CHECK_INT(*pixel(frame, 0), 3);
  gst_buffer_unref(outer);
  gst_buffer_unref(frame);
}

static void empty_batches_work(void) {
  GstBuffer *batch = dsbind_buffer_new_batch(2, 0, NULL, NULL, NVBUF_MEM_DEFAULT);
  GstBuffer *copy = gst_buffer_copy_deep(batch);
  CHECK_INT(dsbind_buffer_surface(copy)->numFilled, 0);
  CHECK_INT(dsbind_buffer_surface(copy)->batchSize, 2);
  gst_buffer_unref(copy);
  gst_buffer_unref(batch);
}

static void foreign_buffers_are_checked(void) {
  NvBufSurfaceParams entry = {.width = 1};
  NvBufSurface surface = {.batchSize = 1, .numFilled = 1, .surfaceList = &entry};
  GstBuffer *whole = gst_buffer_new_wrapped_full(0, &surface, sizeof surface, 0, sizeof surface,
                                                 NULL, NULL);
  CHECK(dsbind_buffer_surface(whole) == &surface);
  surface.numFilled = 2;
  CHECK(dsbind_buffer_surface(whole) == NULL);
  gst_buffer_unref(whole);
  GstBuffer *small = gst_buffer_new_allocate(NULL, 16, NULL);
  CHECK(dsbind_buffer_surface(small) == NULL);
  gst_buffer_unref(small);
  GstBuffer *none = gst_buffer_new();
  CHECK(dsbind_buffer_surface(none) == NULL);
  gst_buffer_unref(none);
}

static void pools_reuse_surfaces(void) {
  const GstVideoInfo info = geometry(64, 32);
  GError *error = NULL;
  GstBufferPool *pool = dsbind_pool_new(&info, 2, 1, 0, &error);
  GstBuffer *buffer = NULL;
  CHECK(pool != NULL);
  CHECK_INT(gst_buffer_pool_acquire_buffer(pool, &buffer, NULL), GST_FLOW_OK);
  NvBufSurface *surface = dsbind_buffer_surface(buffer);
  surface->numFilled = 2;
  gst_buffer_unref(buffer);
  CHECK_INT(gst_buffer_pool_acquire_buffer(pool, &buffer, NULL), GST_FLOW_OK);
  CHECK(dsbind_buffer_surface(buffer) == surface);
  CHECK_INT(surface->numFilled, 0);
  gst_buffer_unref(buffer);
  gst_buffer_pool_set_active(pool, FALSE);
  gst_object_unref(pool);
}

static void impossible_sizes_are_refused(void) {
  static const gint sizes[][2] = {{0, 16}, {16, 0}, {DSBIND_MAX_SIDE + 1, 16}};
  GstVideoInfo info = geometry(16, 16);
  GError *error = NULL;
  for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
    info.width = sizes[i][0];
    info.height = sizes[i][1];
    CHECK(dsbind_surface_new(&info, 1, &error) == NULL);
    CHECK(error && strstr(error->message, "16384"));
    g_clear_error(&error);
    CHECK(dsbind_pool_new(&info, 1, 1, 0, &error) == NULL);
    CHECK(error && strstr(error->message, "16384"));
    g_clear_error(&error);
  }
  info = geometry(16, 16);
  CHECK(dsbind_surface_new(&info, 0, &error) == NULL);
  g_clear_error(&error);
}

int main(int argc, char **argv) {
  gst_init(&argc, &argv);
  shared_memory_is_copied_before_writing();
  not_writable_buffers_stay();
  batches_refer_to_their_owners();
  holders_further_up_count();
  empty_batches_work();
  foreign_buffers_are_checked();
  pools_reuse_surfaces();
  impossible_sizes_are_refused();
  puts("ok");
  return 0;
}
