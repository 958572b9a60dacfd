/* SPDX-License-Identifier: Apache-2.0 */
/* Formats, geometry and the description of frames as surfaces. */
#include "nvmm.h"

#include <dsbind_runtime.h>
#include <gstnvdsmeta.h>
#include <string.h>

gboolean dsbind_element_open_runtime(GstElement *element) {
  GError *error = NULL;
  if (dsbind_runtime_open(&error)) {
    /* NVIDIA's library looks for metadata by a tag that it makes in this call. */
    nvds_meta_api_get_type();
    return TRUE;
  }
  GST_ELEMENT_ERROR(element, LIBRARY, INIT,
                    ("%s cannot start: %s. Run `dsbind doctor` to see what is there.",
                     GST_ELEMENT_NAME(element), error->message), (NULL));
  g_error_free(error);
  return FALSE;
}

static const struct {
  GstVideoFormat video;
  NvBufSurfaceColorFormat color;
} formats[] = {
    /* The first line of a format is the one that a GstVideoFormat becomes. */
    {GST_VIDEO_FORMAT_NV12, NVBUF_COLOR_FORMAT_NV12},
    {GST_VIDEO_FORMAT_NV12, NVBUF_COLOR_FORMAT_NV12_ER},
    {GST_VIDEO_FORMAT_NV12, NVBUF_COLOR_FORMAT_NV12_709},
    {GST_VIDEO_FORMAT_NV12, NVBUF_COLOR_FORMAT_NV12_709_ER},
    {GST_VIDEO_FORMAT_NV12, NVBUF_COLOR_FORMAT_NV12_2020},
    {GST_VIDEO_FORMAT_I420, NVBUF_COLOR_FORMAT_YUV420},
    {GST_VIDEO_FORMAT_I420, NVBUF_COLOR_FORMAT_YUV420_ER},
    {GST_VIDEO_FORMAT_I420, NVBUF_COLOR_FORMAT_YUV420_709},
    {GST_VIDEO_FORMAT_I420, NVBUF_COLOR_FORMAT_YUV420_709_ER},
    {GST_VIDEO_FORMAT_I420, NVBUF_COLOR_FORMAT_YUV420_2020},
    {GST_VIDEO_FORMAT_RGBA, NVBUF_COLOR_FORMAT_RGBA},
    {GST_VIDEO_FORMAT_BGRA, NVBUF_COLOR_FORMAT_BGRA},
    {GST_VIDEO_FORMAT_RGB, NVBUF_COLOR_FORMAT_RGB},
    {GST_VIDEO_FORMAT_BGR, NVBUF_COLOR_FORMAT_BGR},
    {GST_VIDEO_FORMAT_GRAY8, NVBUF_COLOR_FORMAT_GRAY8},
    {GST_VIDEO_FORMAT_GRAY8, NVBUF_COLOR_FORMAT_GRAY8_ER},
};

NvBufSurfaceColorFormat dsbind_color_format(GstVideoFormat format) {
  for (guint i = 0; i < G_N_ELEMENTS(formats); i++)
    if (formats[i].video == format) return formats[i].color;
  return NVBUF_COLOR_FORMAT_INVALID;
}

NvBufSurfaceColorFormat dsbind_color_format_of(const GstVideoInfo *info) {
  enum { NARROW, FULL, RANGES };
  static const NvBufSurfaceColorFormat hd[][RANGES] = {
      {NVBUF_COLOR_FORMAT_NV12_709, NVBUF_COLOR_FORMAT_NV12_709_ER},
      {NVBUF_COLOR_FORMAT_YUV420_709, NVBUF_COLOR_FORMAT_YUV420_709_ER},
  };
  static const NvBufSurfaceColorFormat sd[] = {NVBUF_COLOR_FORMAT_NV12_ER,
                                               NVBUF_COLOR_FORMAT_YUV420_ER};
  static const NvBufSurfaceColorFormat uhd[] = {NVBUF_COLOR_FORMAT_NV12_2020,
                                                NVBUF_COLOR_FORMAT_YUV420_2020};
  const GstVideoFormat format = GST_VIDEO_INFO_FORMAT(info);
  const guint range = info->colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255 ? FULL : NARROW;
  const guint row = format == GST_VIDEO_FORMAT_I420;
  if (row || format == GST_VIDEO_FORMAT_NV12) {
    if (info->colorimetry.matrix == GST_VIDEO_COLOR_MATRIX_BT709) return hd[row][range];
    if (info->colorimetry.matrix == GST_VIDEO_COLOR_MATRIX_BT2020) return uhd[row];
    if (range == FULL) return sd[row];
  }
  return dsbind_color_format(format);
}

GstVideoFormat dsbind_video_format(NvBufSurfaceColorFormat format) {
  for (guint i = 0; i < G_N_ELEMENTS(formats); i++)
    if (formats[i].color == format) return formats[i].video;
  return GST_VIDEO_FORMAT_UNKNOWN;
}

gboolean dsbind_caps_are_nvmm(const GstCaps *caps) {
  if (!caps || gst_caps_is_any(caps) || gst_caps_is_empty(caps)) return FALSE;
  return gst_caps_features_contains(gst_caps_get_features(caps, 0), DSBIND_NVMM_FEATURE);
}

GstCaps *dsbind_nvmm_caps(const GstVideoInfo *info) {
  GstCaps *caps = gst_video_info_to_caps(info);
  gst_caps_set_features_simple(caps, gst_caps_features_new(DSBIND_NVMM_FEATURE, NULL));
  return caps;
}

void dsbind_caps_tell_place(GstCaps *caps, DsbindPlace place, guint batch) {
  static const char *const names[] = {"nvbuf-mem-default", "nvbuf-mem-cuda-pinned",
                                      "nvbuf-mem-cuda-device", "nvbuf-mem-cuda-unified"};
  const NvBufSurfaceMemType type = dsbind_place_type(place);
  if (!dsbind_memory_is_cuda(type)) return;
  gst_caps_set_simple(caps, "batch-size", G_TYPE_INT, (gint)batch, "num-surfaces-per-frame",
                      G_TYPE_INT, 1, "nvbuf-memory-type", G_TYPE_STRING, names[type], "gpu-id",
                      G_TYPE_INT, (gint)place.gpu, NULL);
}

gboolean dsbind_check_size(gint width, gint height, GError **error) {
  if (width >= 1 && height >= 1 && width <= DSBIND_MAX_SIDE && height <= DSBIND_MAX_SIDE)
    return TRUE;
  g_set_error(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
              "A frame of %d x %d pixels is not possible: each side must be 1 to %d.", width,
              height, DSBIND_MAX_SIDE);
  return FALSE;
}

NvBufSurface *dsbind_surface_new(const GstVideoInfo *info, guint batch, GError **error) {
  return dsbind_surface_new_at(info, batch, (DsbindPlace){0}, error);
}

NvBufSurface *dsbind_surface_new_at(const GstVideoInfo *info, guint batch, DsbindPlace place,
                                    GError **error) {
  const gint width = GST_VIDEO_INFO_WIDTH(info), height = GST_VIDEO_INFO_HEIGHT(info);
  const NvBufSurfaceColorFormat color = dsbind_color_format_of(info);
  NvBufSurface *surface = NULL;

  if (color == NVBUF_COLOR_FORMAT_INVALID) {
    g_set_error(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
                "Frames of format %s cannot be kept in NVMM memory; it takes %s.",
                gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(info)), DSBIND_NVMM_FORMATS);
    return NULL;
  }
  if (!dsbind_check_size(width, height, error)) return NULL;
  /* The C API counts the bytes of a frame in 32 bits. */
  if ((guint64)GST_VIDEO_INFO_SIZE(info) > G_MAXUINT32 / 2 || batch < 1 || batch > 4096) {
    g_set_error(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS,
                "A batch of %u frames of %d x %d pixels is not possible: 1 to 4096 frames of "
                "less than 2 GiB each are.", batch, width, height);
    return NULL;
  }
  NvBufSurfaceCreateParams params = {
      .gpuId = place.gpu,
      .width = (guint)width,
      .height = (guint)height,
      .colorFormat = color,
      .layout = NVBUF_LAYOUT_PITCH,
      .memType = place.type,
  };
  if (NvBufSurfaceCreate(&surface, batch, &params) != 0 || !surface) {
    g_set_error(error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NO_SPACE_LEFT,
                "No memory for %u frames of %d x %d pixels, format %s. Use smaller frames, a "
                "smaller batch or fewer extra surfaces.", batch, width, height,
                gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(info)));
    return NULL;
  }
  return surface;
}

gboolean dsbind_surface_wrap_frame(NvBufSurface *surface, NvBufSurfaceParams *entry,
                                   const GstVideoFrame *frame) {
  const GstVideoInfo *info = &frame->info;
  const guint planes = GST_VIDEO_FRAME_N_PLANES(frame);
  guintptr first = G_MAXSIZE, end = 0;

  memset(entry, 0, sizeof *entry);
  memset(surface, 0, sizeof *surface);
  entry->colorFormat = dsbind_color_format_of(info);
  if (entry->colorFormat == NVBUF_COLOR_FORMAT_INVALID) return FALSE;
  for (guint p = 0; p < planes; p++)
    first = MIN(first, (guintptr)GST_VIDEO_FRAME_PLANE_DATA(frame, p));
  for (guint p = 0; p < planes; p++) {
    const guintptr start = (guintptr)GST_VIDEO_FRAME_PLANE_DATA(frame, p);
    const gint stride = GST_VIDEO_FRAME_PLANE_STRIDE(frame, p);
    const guint height = (guint)GST_VIDEO_FRAME_COMP_HEIGHT(frame, p);
    const guint64 size = (guint64)stride * height;
    /* Negative strides and planes far apart have no description as a surface. */
    if (stride <= 0 || start - first + size > G_MAXUINT32) return FALSE;
    NvBufSurfacePlaneParams *plane = &entry->planeParams;
    plane->width[p] = (guint)GST_VIDEO_FRAME_COMP_WIDTH(frame, p);
    plane->height[p] = height;
    plane->pitch[p] = (guint)stride;
    plane->offset[p] = (guint)(start - first);
    plane->psize[p] = (guint)size;
    plane->bytesPerPix[p] = (guint)GST_VIDEO_FRAME_COMP_PSTRIDE(frame, p);
    end = MAX(end, start + size);
  }
  entry->planeParams.num_planes = planes;
  entry->width = (guint)GST_VIDEO_FRAME_WIDTH(frame);
  entry->height = (guint)GST_VIDEO_FRAME_HEIGHT(frame);
  entry->pitch = entry->planeParams.pitch[0];
  entry->layout = NVBUF_LAYOUT_PITCH;
  entry->dataPtr = (void *)first;
  entry->dataSize = (guint)(end - first);
  surface->batchSize = surface->numFilled = 1;
  surface->memType = NVBUF_MEM_SYSTEM;
  surface->surfaceList = entry;
  return TRUE;
}

void dsbind_buffer_copy_info(GstBuffer *to, GstBuffer *from) {
  static gsize memory;
  GstMetaTransformCopy whole = {.region = FALSE, .offset = 0, .size = (gsize)-1};
  gpointer state = NULL;

  if (g_once_init_enter(&memory))
    g_once_init_leave(&memory, g_quark_from_static_string(GST_META_TAG_MEMORY_STR));
  gst_buffer_copy_into(to, from, GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS, 0, -1);
  for (GstMeta *meta; (meta = gst_buffer_iterate_meta(from, &state));) {
    /* What describes the old memory (GstVideoMeta) is wrong for the new one. */
    if (gst_meta_api_type_has_tag(meta->info->api, (GQuark)memory)) continue;
    if (!meta->info->transform_func) continue;
    meta->info->transform_func(to, meta, from, _gst_meta_transform_copy, &whole);
  }
}

const char *dsbind_transform_error(NvBufSurfTransform_Error code) {
  switch (code) {
    case NvBufSurfTransformError_Success: return "success";
    case NvBufSurfTransformError_ROI_Error: return "a rectangle lies outside its frame";
    case NvBufSurfTransformError_Invalid_Params: return "invalid parameters";
    case NvBufSurfTransformError_Execution_Error: return "execution failed";
    case NvBufSurfTransformError_Unsupported: return "formats or memory not supported";
    default: return "unknown error";
  }
}
