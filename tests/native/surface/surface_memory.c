/* SPDX-License-Identifier: Apache-2.0 */
/* NvBufSurface: what is created, what is refused, and reading and writing it. */
#include <nvbufsurface.h>
#include <stdint.h>

#include "check.h"

static NvBufSurfaceCreateParams geometry(NvBufSurfaceColorFormat format, uint32_t width,
                                         uint32_t height) {
  return (NvBufSurfaceCreateParams){
      .width = width, .height = height, .colorFormat = format, .memType = NVBUF_MEM_SYSTEM};
}

static NvBufSurface *create(NvBufSurfaceColorFormat format, uint32_t width, uint32_t height,
                            uint32_t batch) {
  NvBufSurface *surface = NULL;
  NvBufSurfaceCreateParams params = geometry(format, width, height);
  CHECK_INT(NvBufSurfaceCreate(&surface, batch, &params), 0);
  CHECK(surface);
  return surface;
}

static void check_refused(uint32_t batch, NvBufSurfaceCreateParams params) {
  NvBufSurface *surface = (NvBufSurface *)&params;
  CHECK_INT(NvBufSurfaceCreate(&surface, batch, &params), -1);
  CHECK(surface == NULL);
}

/* Width, height, bytes per pixel of each plane of a 5 x 3 frame. */
static void check_planes(NvBufSurfaceColorFormat format, uint32_t count, const uint32_t *expected) {
  NvBufSurface *surface = create(format, 5, 3, 2);
  for (uint32_t i = 0; i < 2; i++) {
    NvBufSurfaceParams *entry = &surface->surfaceList[i];
    NvBufSurfacePlaneParams *planes = &entry->planeParams;
    CHECK_INT(entry->width, 5);
    CHECK_INT(entry->height, 3);
    CHECK_INT(entry->pitch, planes->pitch[0]);
    CHECK_INT(entry->colorFormat, format);
    CHECK_INT((uintptr_t)entry->dataPtr % 64, 0);
    CHECK_INT(planes->num_planes, count);
    uint32_t end = 0;
    for (uint32_t p = 0; p < count; p++) {
      CHECK_INT(planes->width[p], expected[3 * p]);
      CHECK_INT(planes->height[p], expected[3 * p + 1]);
      CHECK_INT(planes->bytesPerPix[p], expected[3 * p + 2]);
      CHECK_INT(planes->pitch[p] % 256, 0);
      CHECK(planes->pitch[p] >= planes->width[p] * planes->bytesPerPix[p]);
      CHECK_INT(planes->offset[p], end);
      CHECK(planes->psize[p] >= planes->pitch[p] * planes->height[p]);
      end = planes->offset[p] + planes->psize[p];
    }
    CHECK(entry->dataSize >= end);
  }
  CHECK((uint8_t *)surface->surfaceList[1].dataPtr >=
        (uint8_t *)surface->surfaceList[0].dataPtr + surface->surfaceList[0].dataSize);
  CHECK_INT(NvBufSurfaceDestroy(surface), 0);
}

static void check_layouts(void) {
#define PLANES(format, count, ...) \
  check_planes(NVBUF_COLOR_FORMAT_##format, count, (const uint32_t[]){__VA_ARGS__})
  PLANES(NV12, 2, 5, 3, 1, 3, 2, 2);
  PLANES(NV12_ER, 2, 5, 3, 1, 3, 2, 2);
  PLANES(NV12_709, 2, 5, 3, 1, 3, 2, 2);
  PLANES(NV21, 2, 5, 3, 1, 3, 2, 2);
  PLANES(NV12_10LE, 2, 5, 3, 2, 3, 2, 4);
  PLANES(YUV420, 3, 5, 3, 1, 3, 2, 1, 3, 2, 1);
  PLANES(YVU420, 3, 5, 3, 1, 3, 2, 1, 3, 2, 1);
  PLANES(YUV444, 3, 5, 3, 1, 5, 3, 1, 5, 3, 1);
  PLANES(NV16, 2, 5, 3, 1, 3, 3, 2);
  PLANES(NV24, 2, 5, 3, 1, 5, 3, 2);
  PLANES(UYVY, 1, 6, 3, 2);
  PLANES(YUYV, 1, 6, 3, 2);
  PLANES(GRAY8, 1, 5, 3, 1);
  PLANES(RGB, 1, 5, 3, 3);
  PLANES(BGR, 1, 5, 3, 3);
  PLANES(RGBA, 1, 5, 3, 4);
  PLANES(BGRx, 1, 5, 3, 4);
  PLANES(ARGB, 1, 5, 3, 4);
}

static void check_create(void) {
  NvBufSurfaceCreateParams params = geometry(NVBUF_COLOR_FORMAT_NV12, 64, 48);
  NvBufSurface *surface = NULL;
  params.memType = NVBUF_MEM_DEFAULT;
  params.gpuId = 3;
  CHECK_INT(NvBufSurfaceCreate(&surface, 4, &params), 0);
  CHECK_INT(surface->memType, NVBUF_MEM_SYSTEM);
  CHECK_INT(surface->batchSize, 4);
  CHECK_INT(surface->numFilled, 0);
  CHECK_INT(surface->gpuId, 3);
  CHECK(surface->surfaceList[0].paramex == NULL);
  /* A new frame is black: no luma, neutral chroma. */
  for (uint32_t i = 0; i < 4; i++) {
    const uint8_t *data = surface->surfaceList[i].dataPtr;
    uint32_t chroma = surface->surfaceList[i].planeParams.offset[1];
    for (uint32_t b = 0; b < surface->surfaceList[i].dataSize; b++)
      CHECK_INT(data[b], b < chroma ? 0 : 128);
  }
  NvBufSurface copy = *surface;
  CHECK_INT(NvBufSurfaceDestroy(&copy), -1);
  CHECK_INT(NvBufSurfaceDestroy(surface), 0);
  CHECK_INT(NvBufSurfaceDestroy(NULL), -1);

  /* Large, and only paid for where it is touched. */
  surface = create(NVBUF_COLOR_FORMAT_NV12, 7680, 4320, 2);
  CHECK_INT(surface->surfaceList[1].planeParams.height[1], 2160);
  CHECK_INT(NvBufSurfaceDestroy(surface), 0);
  surface = create(NVBUF_COLOR_FORMAT_GRAY8, 65535, 1, 1);
  CHECK_INT(NvBufSurfaceDestroy(surface), 0);
}

static void check_refusals(void) {
  const NvBufSurfaceColorFormat nv12 = NVBUF_COLOR_FORMAT_NV12;
  check_refused(0, geometry(nv12, 64, 48));
  check_refused(1, geometry(nv12, 0, 48));
  check_refused(1, geometry(nv12, 64, 0));
  check_refused(1, geometry(nv12, 65536, 48));
  check_refused(1, geometry(nv12, 64, UINT32_MAX));
  check_refused(1, geometry(nv12, 0x80000000u, 0x80000000u));
  check_refused(1, geometry(NVBUF_COLOR_FORMAT_RGBA, 65535, 65535));
  check_refused(UINT32_MAX, geometry(NVBUF_COLOR_FORMAT_GRAY8, 65535, 65000));
  check_refused(1, geometry(NVBUF_COLOR_FORMAT_INVALID, 64, 48));
  check_refused(1, geometry(NVBUF_COLOR_FORMAT_LAST, 64, 48));
  check_refused(1, geometry((NvBufSurfaceColorFormat)9999, 64, 48));
  NvBufSurfaceCreateParams params = geometry(nv12, 64, 48);
  params.layout = NVBUF_LAYOUT_BLOCK_LINEAR;
  check_refused(1, params);
  params.layout = NVBUF_LAYOUT_PITCH;
  const NvBufSurfaceMemType elsewhere[] = {
      NVBUF_MEM_CUDA_PINNED, NVBUF_MEM_CUDA_DEVICE, NVBUF_MEM_CUDA_UNIFIED, NVBUF_MEM_SURFACE_ARRAY,
      NVBUF_MEM_HANDLE,      NVBUF_MEM_CUDA_ARRAY,  (NvBufSurfaceMemType)42};
  for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++) {
    params.memType = elsewhere[i];
    check_refused(1, params);
  }
  NvBufSurface *surface;
  params.memType = NVBUF_MEM_SYSTEM;
  CHECK_INT(NvBufSurfaceCreate(NULL, 1, &params), -1);
  CHECK_INT(NvBufSurfaceCreate(&surface, 1, NULL), -1);
  CHECK_INT(NvBufSurfaceAllocate(&surface, 1, NULL), -1);
}

static void check_allocate(void) {
  NvBufSurface *surface = NULL;
  NvBufSurfaceAllocateParams params = {.params = geometry(NVBUF_COLOR_FORMAT_YUV420, 37, 21)};
  params.disablePitchPadding = true;
  params.displayscanformat = NVBUF_DISPLAYSCANFORMAT_INTERLACED;
  params.chromaSubsampling.chromaLocVert = 1;
  CHECK_INT(NvBufSurfaceAllocate(&surface, 2, &params), 0);
  for (uint32_t i = 0; i < 2; i++) {
    NvBufSurfaceParams *entry = &surface->surfaceList[i];
    CHECK_INT(entry->planeParams.pitch[0], 38);
    CHECK_INT(entry->planeParams.pitch[1], 20);
    CHECK_INT(entry->dataSize, 38 * 21 + 2 * 20 * 11);
    CHECK(entry->paramex);
    CHECK_INT(entry->paramex->chromaSubsampling.chromaLocVert, 1);
    CHECK_INT(entry->paramex->planeParamsex.scanformat[2], NVBUF_DISPLAYSCANFORMAT_INTERLACED);
    CHECK_INT((uintptr_t)entry->dataPtr % 64, 0);
  }
  CHECK_INT(NvBufSurfaceDestroy(surface), 0);
  params.disablePitchPadding = false;
  CHECK_INT(NvBufSurfaceAllocate(&surface, 1, &params), 0);
  CHECK_INT(surface->surfaceList[0].planeParams.pitch[0], 256);
  CHECK_INT(NvBufSurfaceDestroy(surface), 0);
  params.memtag = NvBufSurfaceTag_PROTECTED;
  CHECK_INT(NvBufSurfaceAllocate(&surface, 1, &params), -1);
}

static void check_raw_buffer(void) {
  NvBufSurface *surface = NULL, *other = NULL;
  NvBufSurfaceCreateParams params = {.size = 1001, .width = 5, .memType = NVBUF_MEM_SYSTEM};
  CHECK_INT(NvBufSurfaceCreate(&surface, 2, &params), 0);
  CHECK_INT(NvBufSurfaceCreate(&other, 2, &params), 0);
  CHECK_INT(surface->surfaceList[1].dataSize, 1001);
  CHECK_INT(NvBufSurfaceMemSet(surface, 1, -1, 9), 0);
  CHECK_INT(NvBufSurfaceCopy(surface, other), 0);
  CHECK_INT(((uint8_t *)other->surfaceList[0].dataPtr)[1000], 0);
  CHECK_INT(((uint8_t *)other->surfaceList[1].dataPtr)[1000], 9);
  CHECK_INT(NvBufSurfaceDestroy(surface), 0);
  CHECK_INT(NvBufSurfaceDestroy(other), 0);
}

static void check_map(void) {
  NvBufSurface *s = create(NVBUF_COLOR_FORMAT_NV12, 64, 48, 3);
  NvBufSurfaceParams *list = s->surfaceList;
  CHECK_INT(NvBufSurfaceMap(s, -1, -1, NVBUF_MAP_READ_WRITE), 0);
  for (int i = 0; i < 3; i++)
    for (int p = 0; p < 2; p++)
      CHECK((uint8_t *)list[i].mappedAddr.addr[p] ==
            (uint8_t *)list[i].dataPtr + list[i].planeParams.offset[p]);
  CHECK_INT(NvBufSurfaceUnMap(s, 1, -1), 0);
  CHECK(!list[1].mappedAddr.addr[0] && !list[1].mappedAddr.addr[1] && list[2].mappedAddr.addr[1]);
  CHECK_INT(NvBufSurfaceUnMap(s, -1, -1), 0);
  CHECK(!list[2].mappedAddr.addr[1]);
  CHECK_INT(NvBufSurfaceMap(s, 2, 1, NVBUF_MAP_READ), 0);
  CHECK(!list[2].mappedAddr.addr[0] && list[2].mappedAddr.addr[1]);
  CHECK_INT(NvBufSurfaceMap(s, 3, -1, NVBUF_MAP_READ), -1);
  CHECK_INT(NvBufSurfaceMap(s, -2, -1, NVBUF_MAP_READ), -1);
  CHECK_INT(NvBufSurfaceMap(s, 0, 2, NVBUF_MAP_READ), -1);
  CHECK_INT(NvBufSurfaceMap(s, 0, -2, NVBUF_MAP_READ), -1);
  CHECK_INT(NvBufSurfaceMap(s, 0, 0, (NvBufSurfaceMemMapFlags)7), -1);
  CHECK_INT(NvBufSurfaceMap(NULL, 0, 0, NVBUF_MAP_READ), -1);
  CHECK_INT(NvBufSurfaceUnMap(s, 3, 0), -1);
  CHECK_INT(NvBufSurfaceSyncForCpu(s, -1, -1), 0);
  CHECK_INT(NvBufSurfaceSyncForDevice(s, 0, 1), 0);
  CHECK_INT(NvBufSurfaceSyncForDevice(s, 0, 2), -1);
  NvBufSurfaceGPUL2SyncParams sync = {.type = NVBUF_GPU_L2_CACHE_FLUSH};
  CHECK_INT(NvBufSurfaceSyncGpuL2CacheForDevice(s, -1, &sync), 0);
  CHECK_INT(NvBufSurfaceSyncGpuL2CacheForDevice(s, -1, NULL), -1);
  s->memType = NVBUF_MEM_CUDA_DEVICE;
  CHECK_INT(NvBufSurfaceMap(s, -1, -1, NVBUF_MAP_READ), -1);
  CHECK_INT(NvBufSurfaceMemSet(s, -1, -1, 0), -1);
  CHECK_INT(NvBufSurfaceSyncForCpu(s, -1, -1), -1);
  CHECK_INT(NvBufSurfaceDestroy(s), 0);
}

static void check_copy(void) {
  NvBufSurface *src = create(NVBUF_COLOR_FORMAT_NV12, 33, 17, 2), *dst = NULL;
  NvBufSurfaceAllocateParams tight = {.params = geometry(NVBUF_COLOR_FORMAT_NV12, 33, 17)};
  tight.disablePitchPadding = true;
  CHECK_INT(NvBufSurfaceAllocate(&dst, 2, &tight), 0);
  CHECK(src->surfaceList[0].pitch != dst->surfaceList[0].pitch);
  CHECK_INT(NvBufSurfaceMemSet(src, 0, 0, 1), 0);
  CHECK_INT(NvBufSurfaceMemSet(src, 0, 1, 2), 0);
  CHECK_INT(NvBufSurfaceMemSet(src, 1, -1, 3), 0);
  src->numFilled = 2;
  CHECK_INT(NvBufSurfaceCopy(src, dst), 0);
  CHECK_INT(dst->numFilled, 2);
  uint8_t plane[33 * 17];
  CHECK_INT(NvBufSurface2Raw(dst, 0, 0, 33, 17, plane), 0);
  for (size_t i = 0; i < sizeof plane; i++) CHECK_INT(plane[i], 1);
  CHECK_INT(NvBufSurface2Raw(dst, 0, 1, 17, 9, plane), 0);
  for (size_t i = 0; i < 2 * 17 * 9; i++) CHECK_INT(plane[i], 2);
  CHECK_INT(NvBufSurface2Raw(dst, 1, 0, 33, 17, plane), 0);
  CHECK_INT(plane[33 * 17 - 1], 3);

  for (size_t i = 0; i < sizeof plane; i++) plane[i] = (uint8_t)(i * 3);
  CHECK_INT(Raw2NvBufSurface(plane, 1, 0, 33, 17, src), 0);
  uint8_t again[33 * 17];
  CHECK_INT(NvBufSurface2Raw(src, 1, 0, 33, 17, again), 0);
  CHECK(memcmp(plane, again, sizeof plane) == 0);
  CHECK_INT(NvBufSurface2Raw(src, 2, 0, 33, 17, again), -1);
  CHECK_INT(NvBufSurface2Raw(src, 0, 2, 33, 17, again), -1);
  CHECK_INT(NvBufSurface2Raw(src, 0, 0, 34, 17, again), -1);
  CHECK_INT(NvBufSurface2Raw(src, 0, 0, 33, 18, again), -1);
  CHECK_INT(NvBufSurface2Raw(src, 0, 0, 33, 17, NULL), -1);
  CHECK_INT(Raw2NvBufSurface(plane, 0, 0, 0, 17, src), -1);

  NvBufSurface *others[] = {create(NVBUF_COLOR_FORMAT_NV12, 33, 17, 1),
                            create(NVBUF_COLOR_FORMAT_NV12, 34, 17, 2),
                            create(NVBUF_COLOR_FORMAT_NV21, 33, 17, 2)};
  for (int i = 0; i < 3; i++) {
    CHECK_INT(NvBufSurfaceCopy(src, others[i]), -1);
    CHECK_INT(NvBufSurfaceDestroy(others[i]), 0);
  }
  CHECK_INT(NvBufSurfaceCopy(src, NULL), -1);

  /* What lies beyond numFilled is not looked at. */
  src->numFilled = 1;
  src->surfaceList[1].width = 7;
  CHECK_INT(NvBufSurfaceCopy(src, dst), 0);
  CHECK_INT(NvBufSurfaceDestroy(src), 0);
  CHECK_INT(NvBufSurfaceDestroy(dst), 0);
}

/* As a program fills one in around memory of its own, and as a batch is put together. */
static void check_hand_built(void) {
  uint8_t pixels[4 * 16] = {0};
  NvBufSurfaceParams entries[2] = {{.width = 4, .height = 4, .pitch = 16}};
  entries[0].colorFormat = NVBUF_COLOR_FORMAT_RGBA;
  entries[0].dataPtr = pixels;
  entries[0].dataSize = sizeof pixels;
  entries[0].planeParams.num_planes = 1;
  entries[0].planeParams.width[0] = entries[0].planeParams.height[0] = 4;
  entries[0].planeParams.pitch[0] = 16;
  entries[0].planeParams.bytesPerPix[0] = 4;
  NvBufSurface surface = {.batchSize = 2, .numFilled = 1, .surfaceList = entries};
  CHECK_INT(NvBufSurfaceMap(&surface, -1, -1, NVBUF_MAP_READ), 0);
  CHECK(entries[0].mappedAddr.addr[0] == pixels);
  CHECK_INT(NvBufSurfaceMap(&surface, 1, -1, NVBUF_MAP_READ), -1);
  CHECK_INT(NvBufSurfaceMemSet(&surface, 0, 0, 5), 0);
  CHECK_INT(pixels[63], 5);
  CHECK_INT(NvBufSurfaceDestroy(&surface), -1);
  /* Planes that reach out of the memory declared are not touched. */
  entries[0].planeParams.height[0] = 5;
  CHECK_INT(NvBufSurfaceMemSet(&surface, 0, 0, 6), -1);
  entries[0].planeParams.height[0] = 4;
  entries[0].planeParams.offset[0] = 1;
  CHECK_INT(NvBufSurfaceMemSet(&surface, 0, 0, 6), -1);
  entries[0].planeParams.offset[0] = 0;
  entries[0].planeParams.pitch[0] = 15;
  CHECK_INT(NvBufSurfaceMap(&surface, 0, 0, NVBUF_MAP_READ), -1);
  entries[0].planeParams.num_planes = 1000;
  CHECK_INT(NvBufSurfaceMemSet(&surface, 0, -1, 6), -1);
  CHECK_INT(pixels[63], 5);
  surface.surfaceList = NULL;
  CHECK_INT(NvBufSurfaceMap(&surface, 0, 0, NVBUF_MAP_READ), -1);
}

static void check_hardware_calls(void) {
  NvBufSurface *s = create(NVBUF_COLOR_FORMAT_RGBA, 8, 8, 1), *out = s;
  void *buffer = s;
  NvBufSurfaceMapParams map = {0};
  CHECK_INT(NvBufSurfaceMapEglImage(s, 0), -1);
  CHECK_INT(NvBufSurfaceUnMapEglImage(s, 0), -1);
  CHECK_INT(NvBufSurfaceMapCudaBuffer(s, 0), -1);
  CHECK_INT(NvBufSurfaceUnMapCudaBuffer(s, 0), -1);
  CHECK_INT(NvBufSurfaceMapNvmmBuffer(s, 0), -1);
  CHECK_INT(NvBufSurfaceUnMapNvmmBuffer(s, 0), -1);
  CHECK_INT(NvBufSurfaceGetMapParams(s, 0, &map), -1);
  CHECK_INT(NvBufSurfaceImport(&out, &map), -1);
  CHECK(!out);
  CHECK_INT(NvBufSurfaceFromFd(0, &buffer), -1);
  CHECK(!buffer);
  NvBufSurfaceDeviceInfo info;
  memset(&info, 1, sizeof info);
  CHECK_INT(NvBufSurfaceGetDeviceInfo(&info), 0);
  CHECK_INT(info.driverType, NVBUF_DRIVER_TYPE_UNKNOWN);
  CHECK(!info.isVicPresent && !info.isIntegratedGpu);
  CHECK_INT(NvBufSurfaceGetDeviceInfo(NULL), -1);
  CHECK_INT(NvBufSurfaceDestroy(s), 0);
}

int main(void) {
  check_layouts();
  check_create();
  check_refusals();
  check_allocate();
  check_raw_buffer();
  check_map();
  check_copy();
  check_hand_built();
  check_hardware_calls();
  puts("ok");
  return 0;
}
