/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of frames, and pictures made planar; with a GPU also there. */
#include <kernels.h>
#include <string.h>

#include "gpu.h"

enum { WIDTH = 37, HEIGHT = 21, BATCH = 3, PITCH = 256 };

/* A batch of packed pictures in memory of the caller's. */
typedef struct {
  NvBufSurface surface;
  NvBufSurfaceParams entries[BATCH];
} Batch;

static void describe(Batch *batch, NvBufSurfaceMemType type, guint bytes, guint pitch,
                     void *const *data) {
  memset(batch, 0, sizeof *batch);
  batch->surface = (NvBufSurface){.batchSize = BATCH, .numFilled = BATCH, .memType = type,
                                  .surfaceList = batch->entries};
  for (guint i = 0; i < BATCH; i++) {
    NvBufSurfaceParams *entry = &batch->entries[i];
    *entry = (NvBufSurfaceParams){.width = WIDTH, .height = HEIGHT, .pitch = pitch,
                                  .dataPtr = data[i]};
    entry->planeParams = (NvBufSurfacePlaneParams){
        .num_planes = 1, .width = {WIDTH}, .height = {HEIGHT}, .pitch = {pitch},
        .bytesPerPix = {bytes}, .psize = {pitch * HEIGHT}};
  }
}

static void fill(guint8 *data, gsize size, guint seed) {
  for (gsize i = 0; i < size; i++) data[i] = (guint8)(i * 31 + seed * 7 + (i >> 6));
}

static void rows_are_copied_between_pitches(void) {
  guint8 tight[BATCH][WIDTH * 4 * HEIGHT], wide[BATCH][PITCH * HEIGHT];
  void *from[BATCH], *to[BATCH];
  Batch source, target;
  GError *error = NULL;
  for (guint i = 0; i < BATCH; i++) {
    fill(tight[i], sizeof tight[i], i);
    memset(wide[i], 0xa5, sizeof wide[i]);
    from[i] = tight[i];
    to[i] = wide[i];
  }
  describe(&source, NVBUF_MEM_SYSTEM, 4, WIDTH * 4, from);
  describe(&target, NVBUF_MEM_SYSTEM, 4, PITCH, to);
  dsbind_copy_frames(&source.surface, &target.surface, 0, &error);
  g_assert_no_error(error);
  for (guint i = 0; i < BATCH; i++) {
    for (guint y = 0; y < HEIGHT; y++) {
      g_assert_true(memcmp(wide[i] + y * PITCH, tight[i] + y * WIDTH * 4, WIDTH * 4) == 0);
      g_assert_cmpint(wide[i][y * PITCH + WIDTH * 4], ==, 0xa5);
    }
  }
}

static void what_does_not_fit_is_refused(void) {
  guint8 pixels[PITCH * HEIGHT];
  void *data[BATCH] = {pixels, pixels, pixels};
  Batch source, target;
  GError *error = NULL;
  describe(&source, NVBUF_MEM_SYSTEM, 4, PITCH, data);
  describe(&target, NVBUF_MEM_SYSTEM, 4, PITCH, data);
  target.surface.batchSize = 1;
  g_assert_false(dsbind_copy_frames(&source.surface, &target.surface, 0, &error));
  g_assert_nonnull(error);
  g_clear_error(&error);
  target.surface.batchSize = BATCH;
  target.entries[0].planeParams.pitch[0] = 10;
  g_assert_false(dsbind_copy_frames(&source.surface, &target.surface, 0, &error));
  g_assert_nonnull(error);
  g_error_free(error);
}

static void frames_lie_where_the_library_keeps_them(void) {
  const NvBufSurfaceMemType type = dsbind_memory_default();
  g_assert_cmpint(type, !=, NVBUF_MEM_DEFAULT);
  g_assert_cmpint(dsbind_place_type((DsbindPlace){0}), ==, type);
  if (!dsbind_memory_is_cuda(type))
    g_assert_cmpint(dsbind_place_type((DsbindPlace){.type = NVBUF_MEM_CUDA_PINNED}), ==, type);
}

static void without_a_gpu_an_error_says_so(void) {
  GError *error = NULL;
  g_assert_null(dsbind_device_stream(0, &error));
  g_assert_nonnull(error);
  g_clear_error(&error);
  g_assert_false(dsbind_device_wait(0, &error));
  g_assert_nonnull(error);
  g_error_free(error);
}

static void frames_go_to_the_gpu_and_back(void) {
  guint8 before[BATCH][WIDTH * 4 * HEIGHT], after[BATCH][WIDTH * 4 * HEIGHT];
  guint8 empty[PITCH * HEIGHT] = {0};
  void *from[BATCH], *there[BATCH], *back[BATCH];
  Batch source, device, target;
  GError *error = NULL;
  for (guint i = 0; i < BATCH; i++) {
    fill(before[i], sizeof before[i], i);
    from[i] = before[i];
    back[i] = after[i];
    there[i] = (void *)(guintptr)gpu_copy_of(empty, sizeof empty);
  }
  describe(&source, NVBUF_MEM_SYSTEM, 4, WIDTH * 4, from);
  describe(&device, NVBUF_MEM_CUDA_DEVICE, 4, PITCH, there);
  describe(&target, NVBUF_MEM_SYSTEM, 4, WIDTH * 4, back);
  g_assert_true(dsbind_copy_frames(&source.surface, &device.surface, 0, &error));
  g_assert_true(dsbind_copy_frames(&device.surface, &target.surface, 0, &error));
  g_assert_no_error(error);
  g_assert_true(memcmp(before, after, sizeof before) == 0);
  for (guint i = 0; i < BATCH; i++)
    gpu_take((CUdeviceptr)(guintptr)there[i], empty, sizeof empty);
}

static void check_planar(guint channels, gboolean swapped, gboolean last, const float *mean) {
  enum { PIXELS = WIDTH * HEIGHT };
  guint8 pixels[BATCH][PITCH * HEIGHT];
  float *out = g_new0(float, BATCH * PIXELS * 3);
  DsbindPlanar task = {.planes = gpu_copy_of(out, sizeof *out * BATCH * PIXELS * 3),
                       .mean = {10, 20, 30}, .scale = 0.25f, .pitch = PITCH, .width = WIDTH,
                       .height = HEIGHT, .channels = channels,
                       .pixel_stride = last ? channels : 1, .channel_stride = last ? 1 : PIXELS,
                       .swapped = swapped};
  GError *error = NULL;
  if (mean) task.mean_image = gpu_copy_of(mean, sizeof *mean * PIXELS * channels);
  for (guint i = 0; i < BATCH; i++) {
    fill(pixels[i], sizeof pixels[i], i);
    task.pixels[i] = gpu_copy_of(pixels[i], sizeof pixels[i]);
  }
  dsbind_kernel_planar(0, &task, BATCH, &error);
  g_assert_no_error(error);
  g_assert_true(dsbind_device_wait(0, NULL));
  gpu_take(task.planes, out, sizeof *out * BATCH * PIXELS * 3);
  for (guint i = 0; i < BATCH; i++) {
    for (guint p = 0; p < PIXELS; p++) {
      for (guint c = 0; c < channels; c++) {
        const guint byte = channels == 1 ? 0 : swapped ? 2 - c : c;
        const guint8 value = pixels[i][p / WIDTH * PITCH + p % WIDTH * (channels == 1 ? 1 : 4) +
                                       byte];
        const float less = mean ? mean[c * PIXELS + p] : task.mean[c];
        const float got = out[i * PIXELS * channels + p * task.pixel_stride +
                              c * task.channel_stride];
        g_assert_cmpfloat(got, ==, ((float)value - less) * task.scale);
      }
    }
    gpu_take(task.pixels[i], pixels[i], sizeof pixels[i]);
  }
  if (mean) gpu_take(task.mean_image, out, sizeof *mean * PIXELS * channels);
  g_free(out);
}

static void pictures_become_planes(void) {
  float mean[WIDTH * HEIGHT * 3];
  for (guint i = 0; i < G_N_ELEMENTS(mean); i++) mean[i] = (float)(i % 200);
  check_planar(3, FALSE, FALSE, NULL);
  check_planar(3, TRUE, FALSE, NULL);
  check_planar(3, FALSE, TRUE, NULL);
  check_planar(3, TRUE, FALSE, mean);
  check_planar(1, FALSE, FALSE, NULL);
  check_planar(1, FALSE, FALSE, mean);
}

static gpointer stream_of_thread(gpointer data) {
  (void)data;
  return dsbind_device_stream(0, NULL);
}

static void each_thread_has_a_stream_of_its_own(void) {
  GError *error = NULL;
  const CUstream mine = dsbind_device_stream(0, &error);
  g_assert_no_error(error);
  g_assert_true(dsbind_device_stream(0, NULL) == mine);
  GThread *thread = g_thread_new("other", stream_of_thread, NULL);
  g_assert_true(g_thread_join(thread) != (gpointer)mine);
  g_assert_true(dsbind_device_wait(0, NULL));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/device/rows_are_copied_between_pitches", rows_are_copied_between_pitches);
  g_test_add_func("/device/what_does_not_fit_is_refused", what_does_not_fit_is_refused);
  g_test_add_func("/device/frames_lie_where_the_library_keeps_them",
                  frames_lie_where_the_library_keeps_them);
  if (!has_gpu()) {
    g_test_add_func("/device/without_a_gpu_an_error_says_so", without_a_gpu_an_error_says_so);
    return g_test_run();
  }
  g_test_add_func("/device/frames_go_to_the_gpu_and_back", frames_go_to_the_gpu_and_back);
  g_test_add_func("/device/pictures_become_planes", pictures_become_planes);
  g_test_add_func("/device/each_thread_has_a_stream_of_its_own",
                  each_thread_has_a_stream_of_its_own);
  return g_test_run();
}
