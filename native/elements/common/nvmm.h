/* SPDX-License-Identifier: Apache-2.0 */
/* NVMM buffers: GstBuffers whose one memory maps to an NvBufSurface. For our elements. */
#ifndef DSBIND_NVMM_H
#define DSBIND_NVMM_H

#include <device.h>
#include <gst/gst.h>
#include <gst/video/video.h>
#include <nvbufsurface.h>
#include <nvbufsurftransform.h>

G_BEGIN_DECLS

#define DSBIND_NVMM_FEATURE "memory:NVMM"
/* Formats our elements exchange in NVMM memory. */
#define DSBIND_NVMM_FORMATS "{ NV12, I420, RGBA, BGRA, RGB, BGR, GRAY8 }"
#define DSBIND_NVMM_CAPS GST_VIDEO_CAPS_MAKE_WITH_FEATURES(DSBIND_NVMM_FEATURE, DSBIND_NVMM_FORMATS)
/* Largest side of a frame that is accepted from a file, a config or a property. */
#define DSBIND_MAX_SIDE 16384

/* Opens the NvDs libraries. Call it on the way up, before anything of theirs: later they could only
 * end the process. FALSE after an error message when none can be used here. */
gboolean dsbind_element_open_runtime(GstElement *element);

/* NVBUF_COLOR_FORMAT_INVALID / GST_VIDEO_FORMAT_UNKNOWN for what has no counterpart. */
NvBufSurfaceColorFormat dsbind_color_format(GstVideoFormat format);
/* The same with the matrix and range of `info`. */
NvBufSurfaceColorFormat dsbind_color_format_of(const GstVideoInfo *info);
GstVideoFormat dsbind_video_format(NvBufSurfaceColorFormat format);

gboolean dsbind_caps_are_nvmm(const GstCaps *caps);

/* Caps of NVMM memory for `info`. */
GstCaps *dsbind_nvmm_caps(const GstVideoInfo *info);

/* Says in caps how many frames a buffer may hold and, of frames in a GPU's memory, where they lie,
 * as NVIDIA's elements want to know. Caps of frames in host memory stay as they are. */
void dsbind_caps_tell_place(GstCaps *caps, DsbindPlace place, guint batch);

/* Whether both sides are 1 to DSBIND_MAX_SIDE; `error` says which value is not. */
gboolean dsbind_check_size(gint width, gint height, GError **error);

/* A new surface of `batch` frames of the geometry and format of `info`. NULL and `error` set
 * (GST_RESOURCE_ERROR) when it cannot be made. Pair with NvBufSurfaceDestroy(). */
NvBufSurface *dsbind_surface_new(const GstVideoInfo *info, guint batch, GError **error);
NvBufSurface *dsbind_surface_new_at(const GstVideoInfo *info, guint batch, DsbindPlace place,
                                    GError **error);

/* A buffer that owns `surface` and destroys it when its memory is freed. Copying such a memory
 * (gst_memory_copy(), or mapping a shared one for writing) copies the pixels. */
GstBuffer *dsbind_buffer_new_surface(NvBufSurface *surface);

/* A buffer over frames that belong to other buffers: entry i of its surface is a copy of
 * `entries[i]`, whose pixels `owners[i]` keeps alive. Takes one reference on each owner; an owner
 * may be NULL. `capacity` becomes batchSize, `count` numFilled. */
GstBuffer *dsbind_buffer_new_batch(guint capacity, guint count, const NvBufSurfaceParams *entries,
                                   GstBuffer *const *owners, NvBufSurfaceMemType type);

/* The surface of an NVMM buffer, valid as long as the buffer; NULL when it carries none. Its
 * size is checked. */
NvBufSurface *dsbind_buffer_surface(GstBuffer *buffer);

/* The same for writing pixels in place: the buffer must be writable; memory that is shared, or
 * whose frames other buffers hold too, is replaced by a copy first. NULL when that fails. */
NvBufSurface *dsbind_buffer_surface_writable(GstBuffer *buffer);

/* Describes a mapped system-memory frame as a surface of one entry, without a copy. FALSE when its
 * format or layout has no such description. */
gboolean dsbind_surface_wrap_frame(NvBufSurface *surface, NvBufSurfaceParams *entry,
                                   const GstVideoFrame *frame);

/* Timestamps, flags and all metadata (NvDs batch metadata as a deep copy) but what describes the
 * old memory. */
void dsbind_buffer_copy_info(GstBuffer *to, GstBuffer *from);

/* A pool of NVMM buffers, active. `max` 0 is unlimited. NULL and `error` set on failure. */
GstBufferPool *dsbind_pool_new(const GstVideoInfo *info, guint batch, guint min, guint max,
                               GError **error);
GstBufferPool *dsbind_pool_new_at(const GstVideoInfo *info, guint batch, guint min, guint max,
                                  DsbindPlace place, GError **error);

/* Words for an error code of NvBufSurfTransform. */
const char *dsbind_transform_error(NvBufSurfTransform_Error code);

G_END_DECLS

#endif
