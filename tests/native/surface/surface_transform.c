/* SPDX-License-Identifier: Apache-2.0 */
/* The calls: what they refuse and how, batches, sessions, asynchronous calls, threads. */
#include <pthread.h>

#include "pictures.h"

static NvBufSurfTransform_Error run(NvBufSurface *src, NvBufSurface *dst, uint32_t flags,
                                    NvBufSurfTransformRect *from, NvBufSurfTransformRect *to) {
  NvBufSurfTransformParams params = {.transform_flag = flags, .src_rect = from, .dst_rect = to};
  return NvBufSurfTransform(src, dst, &params);
}

static void check_rectangles(NvBufSurface *src, NvBufSurface *dst) {
  const NvBufSurfTransformRect bad[] = {
      {.width = 0, .height = 8},
      {.width = 8, .height = 0},
      {.left = 60, .width = 8, .height = 8},
      {.top = 48, .width = 8, .height = 8},
      {.left = UINT32_MAX, .width = 8, .height = 8},
      {.left = 8, .width = UINT32_MAX, .height = 8},
      {.top = 0x80000000u, .width = 8, .height = 0x80000000u},
      {.left = 9, .top = 9, .width = 1, .height = 1}, /* nothing is left of it in NV12 */
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    NvBufSurfTransformRect rect = bad[i];
    CHECK_INT(run(src, dst, NVBUFSURF_TRANSFORM_CROP_SRC, &rect, NULL),
              NvBufSurfTransformError_ROI_Error);
    CHECK_INT(run(src, dst, NVBUFSURF_TRANSFORM_CROP_DST, NULL, &rect),
              NvBufSurfTransformError_ROI_Error);
    CHECK_INT(run(src, dst, 0, &rect, &rect), NvBufSurfTransformError_Success);
  }
  NvBufSurfTransformRect one = {.left = 9, .top = 9, .width = 1, .height = 1};
  CHECK_INT(run(src, dst, NVBUFSURF_TRANSFORM_CROP_SRC | NVBUFSURF_TRANSFORM_ALLOW_ODD_CROP, &one,
                NULL),
            NvBufSurfTransformError_Success);
}

static void check_refusals(void) {
  NvBufSurface *src = pic_surface(NVBUF_COLOR_FORMAT_NV12, 64, 48, 1);
  NvBufSurface *dst = pic_surface(NVBUF_COLOR_FORMAT_NV12, 64, 48, 1);
  const NvBufSurfTransform_Error invalid = NvBufSurfTransformError_Invalid_Params;
  const NvBufSurfTransform_Error unsupported = NvBufSurfTransformError_Unsupported;
  NvBufSurfTransformParams params = {0};
  CHECK_INT(NvBufSurfTransform(NULL, dst, &params), invalid);
  CHECK_INT(NvBufSurfTransform(src, NULL, &params), invalid);
  CHECK_INT(NvBufSurfTransform(src, dst, NULL), invalid);
  CHECK_INT(run(src, dst, NVBUFSURF_TRANSFORM_CROP_SRC, NULL, NULL), invalid);
  CHECK_INT(run(src, dst, NVBUFSURF_TRANSFORM_CROP_DST, NULL, NULL), invalid);
  CHECK_INT(run(src, dst, NVBUFSURF_TRANSFORM_NORMALIZE, NULL, NULL), unsupported);
  params.transform_flag = NVBUFSURF_TRANSFORM_FLIP;
  params.transform_flip = (NvBufSurfTransform_Flip)8;
  CHECK_INT(NvBufSurfTransform(src, dst, &params), invalid);
  params.transform_flag = NVBUFSURF_TRANSFORM_FILTER;
  params.transform_filter = (NvBufSurfTransform_Inter)7;
  CHECK_INT(NvBufSurfTransform(src, dst, &params), invalid);
  check_rectangles(src, dst);

  src->numFilled = 0;
  CHECK_INT(run(src, dst, 0, NULL, NULL), invalid);
  src->numFilled = 2;
  CHECK_INT(run(src, dst, 0, NULL, NULL), invalid);
  src->numFilled = 1;
  const NvBufSurfaceMemType elsewhere[] = {NVBUF_MEM_CUDA_DEVICE, NVBUF_MEM_SURFACE_ARRAY,
                                           NVBUF_MEM_HANDLE, NVBUF_MEM_CUDA_ARRAY};
  for (size_t i = 0; i < 4; i++) {
    src->memType = elsewhere[i];
    CHECK_INT(run(src, dst, 0, NULL, NULL), unsupported);
    CHECK_INT(run(dst, src, 0, NULL, NULL), unsupported);
  }
  src->memType = NVBUF_MEM_SYSTEM;
  NvBufSurface *ten_bits = pic_surface(NVBUF_COLOR_FORMAT_NV12_10LE, 64, 48, 1);
  CHECK_INT(run(src, ten_bits, 0, NULL, NULL), unsupported);
  CHECK_INT(run(ten_bits, dst, 0, NULL, NULL), unsupported);

  /* Entries that do not hold what they claim. */
  NvBufSurfaceParams good = src->surfaceList[0], *entry = &src->surfaceList[0];
#define BROKEN(change, expected)                          \
  do {                                                    \
    change;                                               \
    CHECK_INT(run(src, dst, 0, NULL, NULL), (expected));  \
    CHECK_INT(run(dst, src, 0, NULL, NULL), (expected));  \
    *entry = good;                                        \
  } while (0)
  BROKEN(entry->dataPtr = NULL, invalid);
  BROKEN(entry->width = 0, invalid);
  BROKEN(entry->height = 49, invalid);
  BROKEN(entry->width = 257, invalid);
  BROKEN(entry->width = UINT32_MAX, unsupported);
  BROKEN((entry->width = 32000, entry->height = 32000), unsupported);
  BROKEN(entry->dataSize -= 256, invalid);
  BROKEN(entry->planeParams.pitch[0] = 63, invalid);
  BROKEN(entry->planeParams.pitch[1] = UINT32_MAX, invalid);
  BROKEN(entry->planeParams.offset[1] = UINT32_MAX, invalid);
  BROKEN(entry->planeParams.num_planes = 1, invalid);
  BROKEN(entry->planeParams.num_planes = 77, invalid);
  BROKEN(entry->planeParams.width[1] = 31, invalid);
  BROKEN(entry->planeParams.height[1] = 23, invalid);
  BROKEN(entry->layout = NVBUF_LAYOUT_BLOCK_LINEAR, unsupported);
  BROKEN(entry->colorFormat = NVBUF_COLOR_FORMAT_INVALID, unsupported);
  NvBufSurfaceParams *list = src->surfaceList;
  src->surfaceList = NULL;
  CHECK_INT(run(src, dst, 0, NULL, NULL), invalid);
  src->surfaceList = list;
  CHECK_INT(run(src, dst, 0, NULL, NULL), NvBufSurfTransformError_Success);
  NvBufSurfaceDestroy(ten_bits);
  NvBufSurfaceDestroy(src);
  NvBufSurfaceDestroy(dst);
}

/* Frames of one batch may have sizes and formats of their own; rectangles go by frame. */
static void check_batch(void) {
  NvBufSurface *a = pic_surface(NVBUF_COLOR_FORMAT_NV12, 64, 48, 1);
  NvBufSurface *b = pic_surface(NVBUF_COLOR_FORMAT_RGBA, 33, 21, 1);
  NvBufSurface *dst = pic_surface(NVBUF_COLOR_FORMAT_BGR, 80, 60, 4);
  pic_draw(&PIC_FORMATS[0], a, 0);
  pic_draw(&PIC_FORMATS[2], b, 0);
  NvBufSurfaceParams entries[3] = {a->surfaceList[0], b->surfaceList[0]};
  NvBufSurface batch = {.batchSize = 3, .numFilled = 2, .memType = NVBUF_MEM_SYSTEM};
  batch.surfaceList = entries;
  CHECK_INT(run(&batch, dst, 0, NULL, NULL), NvBufSurfTransformError_Success);
  CHECK_INT(dst->numFilled, 2);
  CHECK(pic_psnr(&PIC_FORMATS[0], &PIC_FORMATS[5], dst, 0) > 30);
  CHECK(pic_psnr(&PIC_FORMATS[2], &PIC_FORMATS[5], dst, 1) > 30);
  for (int x = 0; x < 240; x++) CHECK_INT(pic_at(dst, 2, 0, 0, 30)[x], 0);
  dst->batchSize = 1;
  CHECK_INT(run(&batch, dst, 0, NULL, NULL), NvBufSurfTransformError_Invalid_Params);
  dst->batchSize = 4;
  batch.numFilled = 3;
  CHECK(run(&batch, dst, 0, NULL, NULL) != NvBufSurfTransformError_Success);
  NvBufSurfaceDestroy(a);
  NvBufSurfaceDestroy(b);
  NvBufSurfaceDestroy(dst);
}

static void *session_of_other_thread(void *out) {
  CHECK_INT(NvBufSurfTransformGetSessionParams(out), 0);
  return NULL;
}

static void check_session(void) {
  NvBufSurfTransformConfigParams set = {.compute_mode = NvBufSurfTransformCompute_GPU,
                                        .gpu_id = 2};
  NvBufSurfTransformConfigParams got;
  CHECK_INT(NvBufSurfTransformGetSessionParams(&got), 0);
  CHECK_INT(got.compute_mode, NvBufSurfTransformCompute_Default);
  CHECK_INT(NvBufSurfTransformSetSessionParams(&set), 0);
  CHECK_INT(NvBufSurfTransformGetSessionParams(&got), 0);
  CHECK_INT(got.compute_mode, NvBufSurfTransformCompute_GPU);
  CHECK_INT(got.gpu_id, 2);
  pthread_t thread;
  CHECK_INT(pthread_create(&thread, NULL, session_of_other_thread, &got), 0);
  CHECK_INT(pthread_join(thread, NULL), 0);
  CHECK_INT(got.gpu_id, 0);
  CHECK_INT(NvBufSurfTransformSetDefaultSession(), 0);
  CHECK_INT(NvBufSurfTransformGetSessionParams(&got), 0);
  CHECK_INT(got.gpu_id, 0);
  set.compute_mode = (NvBufSurfTransform_Compute)3;
  CHECK_INT(NvBufSurfTransformSetSessionParams(&set), NvBufSurfTransformError_Invalid_Params);
  CHECK_INT(NvBufSurfTransformSetSessionParams(NULL), NvBufSurfTransformError_Invalid_Params);
  CHECK_INT(NvBufSurfTransformGetSessionParams(NULL), NvBufSurfTransformError_Invalid_Params);
}

static void check_async(void) {
  NvBufSurface *src = pic_surface(NVBUF_COLOR_FORMAT_RGBA, 64, 48, 1);
  NvBufSurface *dst = pic_surface(NVBUF_COLOR_FORMAT_NV12, 64, 48, 1);
  pic_draw(&PIC_FORMATS[2], src, 0);
  NvBufSurfTransformParams params = {0};
  NvBufSurfTransformSyncObj_t sync = NULL;
  CHECK_INT(NvBufSurfTransformAsync(src, dst, &params, &sync), 0);
  CHECK(sync);
  CHECK_INT(NvBufSurfTransformSyncObjWait(sync, 0), 0);
  CHECK_INT(NvBufSurfTransformSyncObjWait(sync, UINT32_MAX), 0);
  CHECK(pic_psnr(&PIC_FORMATS[2], &PIC_FORMATS[0], dst, 0) > 34);
  CHECK_INT(NvBufSurfTransformSyncObjDestroy(&sync), 0);
  CHECK(!sync);
  const NvBufSurfTransform_Error invalid = NvBufSurfTransformError_Invalid_Params;
  CHECK_INT(NvBufSurfTransformSyncObjDestroy(&sync), invalid);
  CHECK_INT(NvBufSurfTransformSyncObjDestroy(NULL), invalid);
  CHECK_INT(NvBufSurfTransformSyncObjWait(NULL, 0), invalid);
  CHECK_INT(NvBufSurfTransformAsync(src, dst, NULL, &sync), invalid);
  CHECK(!sync);
  CHECK_INT(NvBufSurfTransformAsync(src, dst, &params, NULL), invalid);
  unsigned int count = 9;
  CHECK_INT(NvBufSurfTransformSyncObjFromFile(0, &sync, &count),
            NvBufSurfTransformError_Unsupported);
  CHECK_INT(count, 0);
  NvBufSurfaceDestroy(src);
  NvBufSurfaceDestroy(dst);
}

/* Threads have scratch memory of their own: the same work gives the same bytes everywhere. */
static void *work(void *out) {
  NvBufSurface *src = pic_surface(NVBUF_COLOR_FORMAT_NV12, 120, 90, 1);
  NvBufSurface *mid = pic_surface(NVBUF_COLOR_FORMAT_RGB, 64, 36, 1);
  NvBufSurface *dst = pic_surface(NVBUF_COLOR_FORMAT_NV12_709, 150, 70, 1);
  pic_draw(&PIC_FORMATS[0], src, 0);
  uint64_t sum = 0;
  for (int i = 0; i < 50; i++) {
    CHECK_INT(run(src, mid, 0, NULL, NULL), 0);
    CHECK_INT(run(mid, dst, 0, NULL, NULL), 0);
    sum = 0;
    for (uint32_t b = 0; b < dst->surfaceList->dataSize; b++)
      sum = sum * 31 + ((uint8_t *)dst->surfaceList->dataPtr)[b];
  }
  *(uint64_t *)out = sum;
  NvBufSurfaceDestroy(src);
  NvBufSurfaceDestroy(mid);
  NvBufSurfaceDestroy(dst);
  return NULL;
}

static void check_threads(void) {
  pthread_t threads[4];
  uint64_t sums[5];
  for (int i = 0; i < 4; i++) CHECK_INT(pthread_create(&threads[i], NULL, work, &sums[i]), 0);
  for (int i = 0; i < 4; i++) CHECK_INT(pthread_join(threads[i], NULL), 0);
  work(&sums[4]);
  for (int i = 0; i < 4; i++) CHECK(sums[i] == sums[4]);
}

int main(void) {
  check_refusals();
  check_batch();
  check_session();
  check_async();
  check_threads();
  puts("ok");
  return 0;
}
