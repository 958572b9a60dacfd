/* SPDX-License-Identifier: Apache-2.0 */
#include "device.h"

#include <string.h>

#define MAX_GPUS 64

/* What a thread keeps until it ends. */
typedef struct {
  CUstream streams[MAX_GPUS];
  NvBufSurface *from, *to; /* in a GPU's memory, for frames of system memory */
} Thread;

static void thread_free(gpointer data) {
  Thread *self = data;
  if (self->from) NvBufSurfaceDestroy(self->from);
  if (self->to) NvBufSurfaceDestroy(self->to);
  for (guint gpu = 0; gpu < MAX_GPUS; gpu++) {
    if (!self->streams[gpu] || !dsbind_cuda_enter((int)gpu, NULL)) continue;
    dsbind_cuda(NULL)->StreamDestroy(self->streams[gpu]);
    dsbind_cuda_leave();
  }
  g_free(self);
}

static GPrivate threads = G_PRIVATE_INIT(thread_free);

static Thread *this_thread(void) {
  Thread *self = g_private_get(&threads);
  if (!self) g_private_set(&threads, self = g_new0(Thread, 1));
  return self;
}

/* A surface tells what it was made of. */
static NvBufSurfaceMemType type_made(DsbindPlace place) {
  NvBufSurface *surface = NULL;
  NvBufSurfaceCreateParams params = {.gpuId = place.gpu,
                                     .width = 16,
                                     .height = 16,
                                     .colorFormat = NVBUF_COLOR_FORMAT_RGBA,
                                     .layout = NVBUF_LAYOUT_PITCH,
                                     .memType = place.type};
  if (NvBufSurfaceCreate(&surface, 1, &params) != 0 || !surface) return NVBUF_MEM_DEFAULT;
  const NvBufSurfaceMemType type = surface->memType;
  NvBufSurfaceDestroy(surface);
  return type;
}

NvBufSurfaceMemType dsbind_memory_default(void) {
  static gint known = NVBUF_MEM_DEFAULT;
  gint type = g_atomic_int_get(&known);
  if (type == NVBUF_MEM_DEFAULT) {
    type = (gint)type_made((DsbindPlace){0});
    g_atomic_int_set(&known, type);
  }
  return (NvBufSurfaceMemType)type;
}

NvBufSurfaceMemType dsbind_place_type(DsbindPlace place) {
  const NvBufSurfaceMemType usual = dsbind_memory_default();
  /* Host memory is all there is where it is the default. */
  return place.type == NVBUF_MEM_DEFAULT || !dsbind_memory_is_cuda(usual) ? usual : place.type;
}

CUstream dsbind_device_stream(guint gpu, GError **error) {
  Thread *self = this_thread();
  if (gpu < MAX_GPUS && self->streams[gpu]) return self->streams[gpu];
  if (!dsbind_cuda_enter((int)gpu, error)) return NULL;
  CUstream stream = NULL;
  const CUresult code = dsbind_cuda(NULL)->StreamCreate(&stream, CU_STREAM_NON_BLOCKING);
  dsbind_cuda_leave();
  if (!dsbind_cuda_check(code, "cuStreamCreate", error)) return NULL;
  return self->streams[gpu] = stream;
}

gboolean dsbind_device_wait(guint gpu, GError **error) {
  CUstream stream = dsbind_device_stream(gpu, error);
  return stream && dsbind_cuda_check(dsbind_cuda(NULL)->StreamSynchronize(stream),
                                     "cuStreamSynchronize", error);
}

NvBufSurfTransform_Inter dsbind_usual_filter(void) {
  return dsbind_memory_is_cuda(dsbind_memory_default()) ? NvBufSurfTransformInter_Algo1
                                                        : NvBufSurfTransformInter_Bilinear;
}

void dsbind_transform_session(NvBufSurfTransform_Compute compute, guint gpu) {
  NvBufSurfTransformConfigParams session = {.compute_mode = compute, .gpu_id = (gint32)gpu};
  if (dsbind_memory_is_cuda(dsbind_memory_default())) {
    session.compute_mode = NvBufSurfTransformCompute_GPU;
    /* Without one the library takes the default stream, and reports what is wrong itself. */
    session.cuda_stream = (cudaStream_t)dsbind_device_stream(gpu, NULL);
  }
  NvBufSurfTransformSetSessionParams(&session);
}

static gboolean like(const NvBufSurface *kept, const NvBufSurface *frames, guint gpu) {
  const NvBufSurfaceParams *a = kept->surfaceList, *b = frames->surfaceList;
  return kept->gpuId == gpu && kept->batchSize >= frames->numFilled && a->width == b->width &&
         a->height == b->height && a->colorFormat == b->colorFormat;
}

/* A surface on the GPU for frames such as these, as many; kept at `place`. */
static NvBufSurface *stand_in(NvBufSurface **place, const NvBufSurface *frames, guint gpu) {
  if (*place && !like(*place, frames, gpu)) {
    NvBufSurfaceDestroy(*place);
    *place = NULL;
  }
  if (!*place) {
    const NvBufSurfaceParams *frame = frames->surfaceList;
    NvBufSurfaceCreateParams params = {.gpuId = gpu,
                                       .width = frame->width,
                                       .height = frame->height,
                                       .colorFormat = frame->colorFormat,
                                       .layout = NVBUF_LAYOUT_PITCH,
                                       .memType = NVBUF_MEM_DEFAULT};
    if (NvBufSurfaceCreate(place, frames->numFilled, &params) != 0) *place = NULL;
  }
  if (*place) (*place)->numFilled = frames->numFilled;
  return *place;
}

/* Where all it has to do is to copy, NVIDIA's library wants batches with room for as many. */
static NvBufSurfTransform_Error transform_filled(const NvBufSurface *from, const NvBufSurface *to,
                                                 NvBufSurfTransformParams *params) {
  NvBufSurface source = *from, target = *to;
  source.batchSize = target.batchSize = source.numFilled;
  if (target.batchSize > to->batchSize) return NvBufSurfTransformError_Invalid_Params;
  if (source.batchSize != from->batchSize) source.isContiguous = FALSE;
  if (target.batchSize != to->batchSize) target.isContiguous = FALSE;
  target.numFilled = source.numFilled;
  return NvBufSurfTransform(&source, &target, params);
}

NvBufSurfTransform_Error dsbind_transform(NvBufSurface *from, NvBufSurface *to,
                                          NvBufSurfTransformParams *params,
                                          NvBufSurfTransform_Compute compute, guint gpu) {
  Thread *self = this_thread();
  NvBufSurface *source = from, *target = to;
  if (dsbind_memory_is_cuda(dsbind_memory_default())) {
    if (from->memType == NVBUF_MEM_SYSTEM) source = stand_in(&self->from, from, gpu);
    if (to->memType == NVBUF_MEM_SYSTEM) target = stand_in(&self->to, to, gpu);
    if (!source || !target) return NvBufSurfTransformError_Execution_Error;
  }
  if (source != from && !dsbind_copy_frames(from, source, gpu, NULL))
    return NvBufSurfTransformError_Execution_Error;
  /* What the transform leaves alone stays as it is. */
  if (target != to && (params->transform_flag & NVBUFSURF_TRANSFORM_CROP_DST) &&
      !dsbind_copy_frames(to, target, gpu, NULL))
    return NvBufSurfTransformError_Execution_Error;
  dsbind_transform_session(compute, gpu);
  const NvBufSurfTransform_Error code = transform_filled(source, target, params);
  if (code == NvBufSurfTransformError_Success && target != to &&
      !dsbind_copy_frames(target, to, gpu, NULL))
    return NvBufSurfTransformError_Execution_Error;
  return code;
}

static gboolean copy_plane(const NvBufSurfaceParams *from, const NvBufSurfaceParams *to,
                           gboolean from_host, gboolean to_host, guint plane, CUstream stream,
                           GError **error) {
  const NvBufSurfacePlaneParams *a = &from->planeParams, *b = &to->planeParams;
  const char *source = (const char *)from->dataPtr + a->offset[plane];
  char *target = (char *)to->dataPtr + b->offset[plane];
  /* Odd sides are rounded up by some libraries and not by others. */
  const gsize rows = MIN(a->height[plane], b->height[plane]);
  const gsize row = MIN((gsize)a->width[plane] * a->bytesPerPix[plane],
                        (gsize)b->width[plane] * b->bytesPerPix[plane]);
  if (row > a->pitch[plane] || row > b->pitch[plane]) {
    g_set_error(error, DSBIND_CUDA_ERROR, 1, "a row of %zu bytes is longer than its pitch", row);
    return FALSE;
  }
  if (from_host && to_host) {
    for (gsize y = 0; y < rows; y++)
      memcpy(target + y * b->pitch[plane], source + y * a->pitch[plane], row);
    return TRUE;
  }
  CUDA_MEMCPY2D copy = {
      .srcMemoryType = from_host ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_UNIFIED,
      .srcHost = source,
      .srcDevice = (CUdeviceptr)(guintptr)source,
      .srcPitch = a->pitch[plane],
      .dstMemoryType = to_host ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_UNIFIED,
      .dstHost = target,
      .dstDevice = (CUdeviceptr)(guintptr)target,
      .dstPitch = b->pitch[plane],
      .WidthInBytes = row,
      .Height = rows,
  };
  return !row || !rows ||
         dsbind_cuda_check(dsbind_cuda(NULL)->Memcpy2DAsync(&copy, stream), "cuMemcpy2DAsync",
                           error);
}

gboolean dsbind_copy_frames(const NvBufSurface *from, NvBufSurface *to, guint gpu, GError **error) {
  const gboolean from_host = !dsbind_memory_is_cuda(from->memType);
  const gboolean to_host = !dsbind_memory_is_cuda(to->memType);
  const gboolean cuda = !from_host || !to_host;
  CUstream stream = NULL;
  if (from->numFilled > to->batchSize) {
    g_set_error(error, DSBIND_CUDA_ERROR, 1, "%u frames do not fit a batch of %u", from->numFilled,
                to->batchSize);
    return FALSE;
  }
  if (cuda && (!(stream = dsbind_device_stream(gpu, error)) || !dsbind_cuda_enter((int)gpu, error)))
    return FALSE;
  gboolean ok = TRUE;
  for (guint i = 0; ok && i < from->numFilled; i++) {
    const NvBufSurfaceParams *a = &from->surfaceList[i], *b = &to->surfaceList[i];
    const guint planes = MIN(MIN(a->planeParams.num_planes, b->planeParams.num_planes),
                             NVBUF_MAX_PLANES);
    for (guint p = 0; ok && p < planes; p++)
      ok = copy_plane(a, b, from_host, to_host, p, stream, error);
  }
  /* Also after a failure: what was begun reads memory of the caller's. */
  if (cuda) {
    const CUresult code = dsbind_cuda(NULL)->StreamSynchronize(stream);
    if (ok) ok = dsbind_cuda_check(code, "cuStreamSynchronize", error);
    dsbind_cuda_leave();
  }
  return ok;
}
