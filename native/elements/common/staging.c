/* SPDX-License-Identifier: Apache-2.0 */
#include "staging.h"

struct _DsbindStaging {
  GstVideoInfo info;   /* of the buffers */
  GstVideoInfo middle; /* of the frame between, of the same size */
  GstVideoConverter *converter; /* NULL when only the layout is the trouble */
  GstBuffer *between;  /* made when first needed */
  GstVideoFrame frame, between_frame;
  gboolean through_between;
  NvBufSurface surface;
  NvBufSurfaceParams entry;
};

/* A format that surfaces have, nearest to `format` for a way to or from `other`. */
static GstVideoFormat middle_format(GstVideoFormat format, GstVideoFormat other) {
  if (dsbind_color_format(format) != NVBUF_COLOR_FORMAT_INVALID) return format;
  if (dsbind_color_format(other) != NVBUF_COLOR_FORMAT_INVALID) return other;
  const GstVideoFormatInfo *a = gst_video_format_get_info(format);
  const GstVideoFormatInfo *b = gst_video_format_get_info(other);
  if (GST_VIDEO_FORMAT_INFO_IS_YUV(a) && GST_VIDEO_FORMAT_INFO_IS_YUV(b))
    return GST_VIDEO_FORMAT_I420;
  return GST_VIDEO_FORMAT_RGBA;
}

static DsbindStaging *staging_new(const GstVideoInfo *info, const GstVideoInfo *other) {
  DsbindStaging *self = g_new0(DsbindStaging, 1);
  const GstVideoFormat format =
      middle_format(GST_VIDEO_INFO_FORMAT(info), GST_VIDEO_INFO_FORMAT(other));
  self->info = *info;
  gst_video_info_set_format(&self->middle, format, (guint)info->width, (guint)info->height);
  self->middle.fps_n = info->fps_n;
  self->middle.fps_d = info->fps_d;
  if (GST_VIDEO_INFO_IS_YUV(info) == GST_VIDEO_INFO_IS_YUV(&self->middle))
    self->middle.colorimetry = info->colorimetry;
  return self;
}

DsbindStaging *dsbind_staging_new_reader(const GstVideoInfo *in, const GstVideoInfo *out) {
  DsbindStaging *self = staging_new(in, out);
  if (GST_VIDEO_INFO_FORMAT(in) != GST_VIDEO_INFO_FORMAT(&self->middle))
    self->converter = gst_video_converter_new(in, &self->middle, NULL);
  return self;
}

DsbindStaging *dsbind_staging_new_writer(const GstVideoInfo *in, const GstVideoInfo *out) {
  DsbindStaging *self = staging_new(out, in);
  if (GST_VIDEO_INFO_FORMAT(out) != GST_VIDEO_INFO_FORMAT(&self->middle))
    self->converter = gst_video_converter_new(&self->middle, out, NULL);
  return self;
}

void dsbind_staging_free(DsbindStaging *self) {
  g_clear_pointer(&self->converter, gst_video_converter_free);
  gst_clear_buffer(&self->between);
  g_free(self);
}

static gboolean map_between(DsbindStaging *self, GstMapFlags flags) {
  if (!self->between) self->between = gst_buffer_new_allocate(NULL, self->middle.size, NULL);
  return self->between &&
         gst_video_frame_map(&self->between_frame, &self->middle, self->between, flags);
}

static void convert(DsbindStaging *self, GstVideoFrame *from, GstVideoFrame *to) {
  if (self->converter)
    gst_video_converter_frame(self->converter, from, to);
  else
    gst_video_frame_copy(to, from);
}

static NvBufSurface *open_frame(DsbindStaging *self, GstBuffer *buffer, GstMapFlags flags) {
  if (!gst_video_frame_map(&self->frame, &self->info, buffer, flags)) return NULL;
  self->through_between =
      self->converter || !dsbind_surface_wrap_frame(&self->surface, &self->entry, &self->frame);
  if (!self->through_between) return &self->surface;
  if (map_between(self, GST_MAP_READWRITE)) {
    if (dsbind_surface_wrap_frame(&self->surface, &self->entry, &self->between_frame))
      return &self->surface;
    gst_video_frame_unmap(&self->between_frame);
  }
  gst_video_frame_unmap(&self->frame);
  return NULL;
}

NvBufSurface *dsbind_staging_read(DsbindStaging *self, GstBuffer *buffer) {
  NvBufSurface *surface = open_frame(self, buffer, GST_MAP_READ);
  if (surface && self->through_between) convert(self, &self->frame, &self->between_frame);
  return surface;
}

void dsbind_staging_done(DsbindStaging *self) {
  if (self->through_between) gst_video_frame_unmap(&self->between_frame);
  gst_video_frame_unmap(&self->frame);
}

NvBufSurface *dsbind_staging_begin(DsbindStaging *self, GstBuffer *buffer) {
  return open_frame(self, buffer, GST_MAP_READWRITE);
}

void dsbind_staging_finish(DsbindStaging *self) {
  if (self->through_between) convert(self, &self->between_frame, &self->frame);
  dsbind_staging_done(self);
}
