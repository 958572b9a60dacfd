/* SPDX-License-Identifier: Apache-2.0 */
/* Creating and destroying surfaces in host memory.
 *
 * A surface is two blocks: one with the structs, one with the pixels of the whole batch. */
#include <stdlib.h>
#include <string.h>

#include "buffer_layout.h"

#define DATA_ALIGN 64 /* of the first byte of a frame */
#define FRAME_ALIGN 256 /* distance of two frames of a batch */

/* `surface` comes first, so the block is found from it. */
typedef struct {
  NvBufSurface surface;
  void *pixels; /* as the allocator gave it */
  NvBufSurfaceParamsEx *extra;
  NvBufSurfaceParams entries[];
} Block;

/* Only a surface made here points to itself: a copied struct, or one that a program filled in by
 * hand, is told apart from it and never freed. */
static void sign(NvBufSurface *surface) {
  surface->_reserved[0] = surface;
}

static bool is_signed(const NvBufSurface *surface) {
  return surface->_reserved[0] == surface;
}

static void block_free(Block *block) {
  if (!block)
    return;
  free(block->pixels);
  free(block->extra);
  free(block);
}

static Block *block_new(uint32_t batch, size_t frame, bool extended) {
  size_t total;
  if (__builtin_mul_overflow((size_t)batch, frame, &total) || total > SIZE_MAX / 2)
    return NULL;
  Block *block = calloc(1, sizeof *block + batch * sizeof block->entries[0]);
  if (!block)
    return NULL;
  if (extended)
    block->extra = calloc(batch, sizeof *block->extra);
  /* calloc takes large blocks from the kernel already zeroed: pages cost only when touched. */
  block->pixels = calloc(1, total + DATA_ALIGN);
  if (!block->pixels || (extended && !block->extra)) {
    block_free(block);
    return NULL;
  }
  return block;
}

/* `size` bytes without geometry. */
static void describe_raw(uint32_t size, NvBufSurfacePlaneParams *planes) {
  memset(planes, 0, sizeof *planes);
  planes->num_planes = 1;
  planes->width[0] = planes->pitch[0] = planes->psize[0] = size;
  planes->height[0] = planes->bytesPerPix[0] = 1;
}

static void fill_entry(NvBufSurfaceParams *entry, const NvBufSurfaceCreateParams *params,
                       const NvBufSurfacePlaneParams *planes, uint32_t size, uint8_t *data) {
  bool raw = params->size > 0;
  entry->width = raw ? size : params->width;
  entry->height = raw ? 1 : params->height;
  entry->pitch = planes->pitch[0];
  entry->colorFormat = raw ? NVBUF_COLOR_FORMAT_INVALID : params->colorFormat;
  entry->layout = NVBUF_LAYOUT_PITCH;
  entry->dataSize = size;
  entry->dataPtr = data;
  entry->planeParams = *planes;
  if (!raw)
    layout_blacken(params->colorFormat, planes, data);
}

static int create(NvBufSurface **out, uint32_t batch, const NvBufSurfaceCreateParams *params,
                  const NvBufSurfaceAllocateParams *extended) {
  if (!out)
    return -1;
  *out = NULL;
  if (!params || batch == 0)
    return -1;
  if (params->memType != NVBUF_MEM_DEFAULT && params->memType != NVBUF_MEM_SYSTEM)
    return -1;
  if (extended && extended->memtag == NvBufSurfaceTag_PROTECTED)
    return -1;

  NvBufSurfacePlaneParams planes;
  uint32_t size = params->size;
  if (size > 0) {
    describe_raw(size, &planes);
  } else {
    bool pad = !extended || !extended->disablePitchPadding;
    if (params->layout != NVBUF_LAYOUT_PITCH ||
        !layout_describe(params->colorFormat, params->width, params->height, pad, &planes, &size))
      return -1;
  }

  size_t frame = ((size_t)size + FRAME_ALIGN - 1) / FRAME_ALIGN * FRAME_ALIGN;
  Block *block = block_new(batch, frame, extended != NULL);
  if (!block)
    return -1;
  uint8_t *data = block->pixels;
  data += (DATA_ALIGN - (uintptr_t)data % DATA_ALIGN) % DATA_ALIGN;
  for (uint32_t i = 0; i < batch; i++) {
    NvBufSurfaceParams *entry = &block->entries[i];
    fill_entry(entry, params, &planes, size, data + i * frame);
    if (extended) {
      entry->paramex = &block->extra[i];
      entry->paramex->chromaSubsampling = extended->chromaSubsampling;
      for (uint32_t p = 0; p < planes.num_planes; p++)
        entry->paramex->planeParamsex.scanformat[p] = extended->displayscanformat;
    }
  }

  NvBufSurface *surface = &block->surface;
  surface->gpuId = params->gpuId;
  surface->batchSize = batch;
  surface->isContiguous = params->isContiguous;
  surface->memType = NVBUF_MEM_SYSTEM;
  surface->surfaceList = block->entries;
  sign(surface);
  *out = surface;
  return 0;
}

int NvBufSurfaceCreate(NvBufSurface **surf, uint32_t batchSize, NvBufSurfaceCreateParams *params) {
  return create(surf, batchSize, params, NULL);
}

int NvBufSurfaceAllocate(NvBufSurface **surf, uint32_t batchSize,
                         NvBufSurfaceAllocateParams *paramsext) {
  return create(surf, batchSize, paramsext ? &paramsext->params : NULL, paramsext);
}

int NvBufSurfaceDestroy(NvBufSurface *surf) {
  if (!surf || !is_signed(surf))
    return -1;
  block_free((Block *)surf);
  return 0;
}
