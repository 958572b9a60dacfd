/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing the pixels of a surface from the CPU.
 *
 * Surfaces may be hand-built or put together from several buffers, so nothing is assumed about
 * them: every access is bounded by the planes that the entry itself declares. */
#include <string.h>

#include "exports.h"

static bool is_host(const NvBufSurface *surf) {
  return surf && surf->surfaceList &&
         (surf->memType == NVBUF_MEM_SYSTEM || surf->memType == NVBUF_MEM_DEFAULT);
}

static uint32_t plane_count(const NvBufSurfaceParams *entry) {
  uint32_t count = entry->planeParams.num_planes;
  return entry->dataPtr && count <= NVBUF_MAX_PLANES ? count : 0;
}

static uint64_t row_bytes(const NvBufSurfaceParams *entry, uint32_t plane) {
  const NvBufSurfacePlaneParams *p = &entry->planeParams;
  return (uint64_t)p->width[plane] * p->bytesPerPix[plane];
}

/* The first byte of a plane; NULL when the plane does not lie within what the entry declares. */
static uint8_t *plane_data(const NvBufSurfaceParams *entry, uint32_t plane) {
  const NvBufSurfacePlaneParams *p = &entry->planeParams;
  if (plane >= plane_count(entry) || p->height[plane] == 0)
    return NULL;
  uint64_t row = row_bytes(entry, plane);
  if (row == 0 || row > p->pitch[plane])
    return NULL;
  uint64_t last = p->offset[plane] + (uint64_t)p->pitch[plane] * (p->height[plane] - 1) + row;
  if (entry->dataSize > 0 && last > entry->dataSize)
    return NULL;
  return (uint8_t *)entry->dataPtr + p->offset[plane];
}

typedef int (*PlaneFunc)(NvBufSurfaceParams *entry, uint32_t plane, int value);

static int for_planes(NvBufSurfaceParams *entry, int plane, PlaneFunc func, int value) {
  int count = (int)plane_count(entry);
  if (plane < -1 || plane >= count || count == 0)
    return -1;
  for (int p = plane < 0 ? 0 : plane; p < (plane < 0 ? count : plane + 1); p++)
    if (func(entry, (uint32_t)p, value) != 0)
      return -1;
  return 0;
}

/* Index and plane -1 stand for all. Entries of a batch that hold no frame are passed over when
 * all are meant, and are an error when one of them is named. */
static int for_all(NvBufSurface *surf, int index, int plane, PlaneFunc func, int value) {
  if (!is_host(surf) || index < -1 || (index >= 0 && (uint32_t)index >= surf->batchSize))
    return -1;
  if (index >= 0)
    return for_planes(&surf->surfaceList[index], plane, func, value);
  int result = -1;
  for (uint32_t i = 0; i < surf->batchSize; i++) {
    if (!surf->surfaceList[i].dataPtr)
      continue;
    if (for_planes(&surf->surfaceList[i], plane, func, value) != 0)
      return -1;
    result = 0;
  }
  return result;
}

static int check_plane(NvBufSurfaceParams *entry, uint32_t plane, int value) {
  (void)value;
  return plane_data(entry, plane) ? 0 : -1;
}

static int map_plane(NvBufSurfaceParams *entry, uint32_t plane, int value) {
  (void)value;
  entry->mappedAddr.addr[plane] = plane_data(entry, plane);
  return entry->mappedAddr.addr[plane] ? 0 : -1;
}

static int unmap_plane(NvBufSurfaceParams *entry, uint32_t plane, int value) {
  (void)value;
  entry->mappedAddr.addr[plane] = NULL;
  return 0;
}

static int set_plane(NvBufSurfaceParams *entry, uint32_t plane, int value) {
  uint8_t *data = plane_data(entry, plane);
  if (!data)
    return -1;
  uint64_t row = row_bytes(entry, plane);
  for (uint32_t y = 0; y < entry->planeParams.height[plane]; y++)
    memset(data + (size_t)y * entry->planeParams.pitch[plane], value, row);
  return 0;
}

static void copy_rows(uint8_t *dst, size_t dst_pitch, const uint8_t *src, size_t src_pitch,
                      size_t row, uint32_t rows) {
  if (dst_pitch == src_pitch && dst_pitch == row) {
    memmove(dst, src, row * rows);
    return;
  }
  for (uint32_t y = 0; y < rows; y++)
    memmove(dst + y * dst_pitch, src + y * src_pitch, row);
}

static bool same_geometry(const NvBufSurfaceParams *a, const NvBufSurfaceParams *b) {
  if (a->width != b->width || a->height != b->height || a->colorFormat != b->colorFormat ||
      plane_count(a) == 0 || plane_count(a) != plane_count(b))
    return false;
  for (uint32_t p = 0; p < plane_count(a); p++)
    if (row_bytes(a, p) != row_bytes(b, p) ||
        a->planeParams.height[p] != b->planeParams.height[p] || !plane_data(a, p) ||
        !plane_data(b, p))
      return false;
  return true;
}

int NvBufSurfaceMap(NvBufSurface *surf, int index, int plane, NvBufSurfaceMemMapFlags type) {
  if (type != NVBUF_MAP_READ && type != NVBUF_MAP_WRITE && type != NVBUF_MAP_READ_WRITE)
    return -1;
  return for_all(surf, index, plane, map_plane, 0);
}

int NvBufSurfaceUnMap(NvBufSurface *surf, int index, int plane) {
  return for_all(surf, index, plane, unmap_plane, 0);
}

/* Host memory has one view only, so there is nothing to synchronise: the arguments are checked. */
int NvBufSurfaceSyncForCpu(NvBufSurface *surf, int index, int plane) {
  return for_all(surf, index, plane, check_plane, 0);
}

int NvBufSurfaceSyncForDevice(NvBufSurface *surf, int index, int plane) {
  return for_all(surf, index, plane, check_plane, 0);
}

#if DSBIND_ABI >= 900
int NvBufSurfaceSyncGpuL2CacheForDevice(NvBufSurface *surf, int index,
                                        NvBufSurfaceGPUL2SyncParams *params) {
  if (!params || params->type < NVBUF_GPU_L2_CACHE_INVALIDATE ||
      params->type > NVBUF_GPU_L2_CACHE_FLUSH_INVALIDATE)
    return -1;
  return for_all(surf, index, -1, check_plane, 0);
}
#endif

int NvBufSurfaceMemSet(NvBufSurface *surf, int index, int plane, uint8_t value) {
  return for_all(surf, index, plane, set_plane, value);
}

int NvBufSurfaceCopy(NvBufSurface *srcSurf, NvBufSurface *dstSurf) {
  if (!is_host(srcSurf) || !is_host(dstSurf) || srcSurf->batchSize != dstSurf->batchSize ||
      srcSurf->numFilled > srcSurf->batchSize)
    return -1;
  /* Beyond numFilled there may be leftovers of another batch. A surface on which nobody has set
   * numFilled is taken as full. */
  uint32_t count = srcSurf->numFilled ? srcSurf->numFilled : srcSurf->batchSize;
  for (uint32_t i = 0; i < count; i++)
    if (!same_geometry(&srcSurf->surfaceList[i], &dstSurf->surfaceList[i]))
      return -1;
  for (uint32_t i = 0; i < count; i++) {
    const NvBufSurfaceParams *src = &srcSurf->surfaceList[i];
    const NvBufSurfaceParams *dst = &dstSurf->surfaceList[i];
    for (uint32_t p = 0; p < plane_count(src); p++)
      copy_rows(plane_data(dst, p), dst->planeParams.pitch[p], plane_data(src, p),
                src->planeParams.pitch[p], row_bytes(src, p), src->planeParams.height[p]);
  }
  dstSurf->numFilled = srcSurf->numFilled;
  return 0;
}

/* The plane that a raw copy of `width` x `height` of its pixels fits in, else NULL. */
static uint8_t *raw_plane(NvBufSurface *surf, unsigned int index, unsigned int plane,
                          unsigned int width, unsigned int height) {
  if (!is_host(surf) || index >= surf->batchSize)
    return NULL;
  const NvBufSurfaceParams *entry = &surf->surfaceList[index];
  uint8_t *data = plane_data(entry, plane);
  if (!data || width == 0 || height == 0 || width > entry->planeParams.width[plane] ||
      height > entry->planeParams.height[plane])
    return NULL;
  return data;
}

int NvBufSurface2Raw(NvBufSurface *Surf, unsigned int index, unsigned int plane,
                     unsigned int out_width, unsigned int out_height, unsigned char *ptr) {
  uint8_t *data = raw_plane(Surf, index, plane, out_width, out_height);
  if (!data || !ptr)
    return -1;
  const NvBufSurfacePlaneParams *p = &Surf->surfaceList[index].planeParams;
  size_t row = (size_t)out_width * p->bytesPerPix[plane];
  copy_rows(ptr, row, data, p->pitch[plane], row, out_height);
  return 0;
}

int Raw2NvBufSurface(unsigned char *ptr, unsigned int index, unsigned int plane,
                     unsigned int in_width, unsigned int in_height, NvBufSurface *Surf) {
  uint8_t *data = raw_plane(Surf, index, plane, in_width, in_height);
  if (!data || !ptr)
    return -1;
  const NvBufSurfacePlaneParams *p = &Surf->surfaceList[index].planeParams;
  size_t row = (size_t)in_width * p->bytesPerPix[plane];
  copy_rows(data, p->pitch[plane], ptr, row, row, in_height);
  return 0;
}
