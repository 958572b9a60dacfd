/* SPDX-License-Identifier: Apache-2.0 */
/* Frames in the memory of a GPU: the stream that a thread works on, transforms and copies from and
 * to system memory.
 *
 * Where frames lie is what the surface library says; nothing here asks which one it is. On a machine
 * where it keeps them in host memory no function starts CUDA. All functions are thread-safe. */
#ifndef DSBIND_DEVICE_H
#define DSBIND_DEVICE_H

#include <dsbind_cuda.h>
#include <glib.h>
#include <nvbufsurface.h>
#include <nvbufsurftransform.h>

G_BEGIN_DECLS

/* Where frames are to lie. All zero is what the surface library prefers, of the first GPU. */
typedef struct {
  guint gpu;
  NvBufSurfaceMemType type;
} DsbindPlace;

/* What NVBUF_MEM_DEFAULT stands for here. */
NvBufSurfaceMemType dsbind_memory_default(void);

/* Whether the pointers of such frames are CUDA's. */
static inline gboolean dsbind_memory_is_cuda(NvBufSurfaceMemType type) {
  return type == NVBUF_MEM_CUDA_DEVICE || type == NVBUF_MEM_CUDA_PINNED ||
         type == NVBUF_MEM_CUDA_UNIFIED;
}

/* The memory type of a surface made at that place. */
NvBufSurfaceMemType dsbind_place_type(DsbindPlace place);

/* The calling thread's own stream on that GPU, which waits for no other; it ends with the thread.
 * NULL and `error` set where there is no CUDA. */
CUstream dsbind_device_stream(guint gpu, GError **error);

/* Waits for what this thread has put on its stream. */
gboolean dsbind_device_wait(guint gpu, GError **error);

/* The filter to scale by where nobody asks for one: bilinear, but cubic on a GPU. NVIDIA's bilinear
 * filter moves the picture up and to the left, by up to half a pixel of the smaller one. */
NvBufSurfTransform_Inter dsbind_usual_filter(void);

/* NvBufSurfTransform on this thread, on the thread's stream where frames lie on a GPU. Frames of
 * one side may lie in system memory: where the library refuses these, they go by a surface of the
 * GPU that the thread keeps. */
NvBufSurfTransform_Error dsbind_transform(NvBufSurface *from, NvBufSurface *to,
                                          NvBufSurfTransformParams *params,
                                          NvBufSurfTransform_Compute compute, guint gpu);

/* The session of this thread for other calls of NvBufSurfTransform*. */
void dsbind_transform_session(NvBufSurfTransform_Compute compute, guint gpu);

/* Copies the filled frames of `from` over the first ones of `to`, of the same format and size, plane
 * by plane; either side may lie in system memory. Done when it returns. */
gboolean dsbind_copy_frames(const NvBufSurface *from, NvBufSurface *to, guint gpu, GError **error);

G_END_DECLS

#endif
