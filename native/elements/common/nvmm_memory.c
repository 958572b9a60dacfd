/* SPDX-License-Identifier: Apache-2.0 */
/* The GstMemory of an NVMM buffer: its bytes are an NvBufSurface. */
#include "nvmm.h"

#include <string.h>

/* Either `owned` and nothing else, or `header` over `entries`, whose pixels belong to `parts`
 * (surfaces of this memory) and `owners` (other buffers). */
typedef struct {
  GstMemory memory;
  NvBufSurface *surface; /* what mapping returns: owned or &header */
  NvBufSurface *owned;
  NvBufSurface header;
  guint part_count, owner_count;
  NvBufSurface **parts;
  GstBuffer **owners;
  NvBufSurfaceParams entries[];
} NvmmMemory;

#define DSBIND_TYPE_NVMM_ALLOCATOR (dsbind_nvmm_allocator_get_type())
G_DECLARE_FINAL_TYPE(DsbindNvmmAllocator, dsbind_nvmm_allocator, DSBIND, NVMM_ALLOCATOR,
                     GstAllocator)

struct _DsbindNvmmAllocator {
  GstAllocator parent;
};

G_DEFINE_TYPE(DsbindNvmmAllocator, dsbind_nvmm_allocator, GST_TYPE_ALLOCATOR)

static GstAllocator *the_allocator(void) {
  static GstAllocator *allocator;
  if (g_once_init_enter(&allocator)) {
    GstAllocator *made = g_object_new(DSBIND_TYPE_NVMM_ALLOCATOR, NULL);
    gst_object_ref_sink(made);
    GST_OBJECT_FLAG_SET(made, GST_OBJECT_FLAG_MAY_BE_LEAKED);
    g_once_init_leave(&allocator, made);
  }
  return allocator;
}

static NvmmMemory *memory_new(guint capacity) {
  NvmmMemory *self = g_malloc0(sizeof *self + sizeof(NvBufSurfaceParams) * (gsize)capacity);
  gst_memory_init(GST_MEMORY_CAST(self), 0, the_allocator(), NULL, sizeof(NvBufSurface), 0, 0,
                  sizeof(NvBufSurface));
  self->surface = &self->header;
  self->header.batchSize = capacity;
  self->header.surfaceList = self->entries;
  return self;
}

static NvmmMemory *our_memory(GstMemory *memory) {
  return memory->allocator == the_allocator() ? (NvmmMemory *)memory : NULL;
}

/* Whether nobody but the batch sees the pixels of an owner. */
static gboolean owner_is_exclusive(GstBuffer *owner) {
  if (!gst_buffer_is_writable(owner) || !gst_buffer_is_all_memory_writable(owner)) return FALSE;
  if (gst_buffer_n_memory(owner) != 1) return TRUE;
  const NvmmMemory *memory = our_memory(gst_buffer_peek_memory(owner, 0));
  for (guint i = 0; memory && i < memory->owner_count; i++)
    if (!owner_is_exclusive(memory->owners[i])) return FALSE;
  return TRUE;
}

static gpointer nvmm_map(GstMemory *memory, gsize maxsize, GstMapFlags flags) {
  NvmmMemory *self = (NvmmMemory *)memory;
  (void)maxsize;
  /* Refusing makes GStreamer write to a copy: other holders of the frames must not see it. */
  for (guint i = 0; (flags & GST_MAP_WRITE) && i < self->owner_count; i++)
    if (!owner_is_exclusive(self->owners[i])) return NULL;
  return self->surface;
}

static void nvmm_unmap(GstMemory *memory) { (void)memory; }

static GstMemory *nvmm_share(GstMemory *memory, gssize offset, gssize size) {
  (void)memory, (void)offset, (void)size;
  return NULL;
}

static gboolean same_geometry(const NvBufSurfaceParams *a, const NvBufSurfaceParams *b) {
  return a->width == b->width && a->height == b->height && a->colorFormat == b->colorFormat &&
         a->layout == b->layout;
}

/* New frames for the filled entries of `from`: one surface for a run of equal entries. */
static gboolean allocate_like(NvmmMemory *self, const NvBufSurface *from) {
  guint count;
  self->parts = g_new0(NvBufSurface *, MAX(from->numFilled, 1));
  for (guint first = 0; first < from->numFilled; first += count) {
    const NvBufSurfaceParams *model = &from->surfaceList[first];
    NvBufSurface *part = NULL;
    for (count = 1; first + count < from->numFilled; count++)
      if (!same_geometry(model, &from->surfaceList[first + count])) break;
    NvBufSurfaceCreateParams params = {
        .gpuId = from->gpuId,
        .width = model->width,
        .height = model->height,
        .colorFormat = model->colorFormat,
        .layout = model->layout,
        .memType = from->memType,
    };
    if (NvBufSurfaceCreate(&part, count, &params) != 0 || !part) return FALSE;
    self->parts[self->part_count++] = part;
    memcpy(&self->entries[first], part->surfaceList, count * sizeof *part->surfaceList);
    self->header.memType = part->memType;
  }
  return TRUE;
}

/* Frame by frame, because the batches may differ in size and in the pitch of their entries. */
static gboolean copy_pixels(const NvBufSurface *from, const NvBufSurface *to) {
  for (guint i = 0; i < from->numFilled; i++) {
    NvBufSurface source = *from, target = *to;
    source.surfaceList = &from->surfaceList[i];
    target.surfaceList = &to->surfaceList[i];
    source.batchSize = source.numFilled = target.batchSize = target.numFilled = 1;
    source.isContiguous = target.isContiguous = FALSE;
    if (NvBufSurfaceCopy(&source, &target) == 0) continue;
    NvBufSurfTransformParams params = {.transform_flag = 0};
    if (NvBufSurfTransform(&source, &target, &params) != NvBufSurfTransformError_Success)
      return FALSE;
  }
  return TRUE;
}

static GstMemory *nvmm_copy(GstMemory *memory, gssize offset, gssize size) {
  const NvBufSurface *from = ((NvmmMemory *)memory)->surface;
  if (offset != 0 || (size != -1 && size != (gssize)sizeof(NvBufSurface))) return NULL;
  NvmmMemory *self = memory_new(from->batchSize);
  self->header.gpuId = from->gpuId;
  self->header.memType = from->memType;
  self->header.numFilled = from->numFilled;
  if (allocate_like(self, from) && copy_pixels(from, &self->header)) return GST_MEMORY_CAST(self);
  GST_ERROR("A batch of %u frames could not be copied.", from->numFilled);
  gst_memory_unref(GST_MEMORY_CAST(self));
  return NULL;
}

static void nvmm_free(GstAllocator *allocator, GstMemory *memory) {
  NvmmMemory *self = (NvmmMemory *)memory;
  (void)allocator;
  if (self->owned) NvBufSurfaceDestroy(self->owned);
  for (guint i = 0; i < self->part_count; i++) NvBufSurfaceDestroy(self->parts[i]);
  for (guint i = 0; i < self->owner_count; i++) gst_buffer_unref(self->owners[i]);
  g_free(self->parts);
  g_free(self->owners);
  g_free(self);
}

static void dsbind_nvmm_allocator_class_init(DsbindNvmmAllocatorClass *klass) {
  GST_ALLOCATOR_CLASS(klass)->free = nvmm_free;
}

static void dsbind_nvmm_allocator_init(DsbindNvmmAllocator *self) {
  GstAllocator *allocator = GST_ALLOCATOR_CAST(self);
  allocator->mem_type = "DsbindNvmm";
  allocator->mem_map = nvmm_map;
  allocator->mem_unmap = nvmm_unmap;
  allocator->mem_copy = nvmm_copy;
  allocator->mem_share = nvmm_share;
  GST_OBJECT_FLAG_SET(self, GST_ALLOCATOR_FLAG_CUSTOM_ALLOC);
}

GstBuffer *dsbind_buffer_new_surface(NvBufSurface *surface) {
  g_return_val_if_fail(surface != NULL, NULL);
  NvmmMemory *self = memory_new(0);
  self->owned = self->surface = surface;
  GstBuffer *buffer = gst_buffer_new();
  gst_buffer_append_memory(buffer, GST_MEMORY_CAST(self));
  return buffer;
}

GstBuffer *dsbind_buffer_new_batch(guint capacity, guint count, const NvBufSurfaceParams *entries,
                                   GstBuffer *const *owners, NvBufSurfaceMemType type) {
  g_return_val_if_fail(count <= capacity, NULL);
  NvmmMemory *self = memory_new(capacity);
  self->header.numFilled = count;
  self->header.memType = type;
  if (count) memcpy(self->entries, entries, count * sizeof *entries);
  self->owners = g_new(GstBuffer *, MAX(count, 1));
  for (guint i = 0; owners && i < count; i++)
    if (owners[i]) self->owners[self->owner_count++] = gst_buffer_ref(owners[i]);
  GstBuffer *buffer = gst_buffer_new();
  gst_buffer_append_memory(buffer, GST_MEMORY_CAST(self));
  return buffer;
}

/* Buffers of other makers are taken when what they map to can be a surface. */
static NvBufSurface *checked(NvBufSurface *surface, gsize size) {
  if (size < sizeof *surface || !surface->surfaceList || surface->numFilled > surface->batchSize)
    return NULL;
  return surface;
}

static NvBufSurface *map_surface(GstBuffer *buffer, GstMapFlags flags) {
  GstMapInfo map;
  if (gst_buffer_n_memory(buffer) != 1 || !gst_buffer_map(buffer, &map, flags)) return NULL;
  NvBufSurface *surface = checked((NvBufSurface *)map.data, map.size);
  gst_buffer_unmap(buffer, &map);
  return surface;
}

NvBufSurface *dsbind_buffer_surface(GstBuffer *buffer) {
  if (gst_buffer_n_memory(buffer) != 1) return NULL;
  const NvmmMemory *memory = our_memory(gst_buffer_peek_memory(buffer, 0));
  return memory ? memory->surface : map_surface(buffer, GST_MAP_READ);
}

NvBufSurface *dsbind_buffer_surface_writable(GstBuffer *buffer) {
  if (!gst_buffer_is_writable(buffer)) return NULL;
  return map_surface(buffer, GST_MAP_READWRITE);
}
