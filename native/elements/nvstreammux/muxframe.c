/* SPDX-License-Identifier: Apache-2.0 */
/* Pixels and metadata of a batch: the output's geometry, frames made to fit it, and the buffer. */
#include "streammux.h"

#include <gstnvdsmeta.h>
#include <nvds_latency_meta.h>

#define GST_CAT_DEFAULT mux_debug

/* What downstream takes, as near as it can be to `preferred`. */
static gboolean negotiate(StreamMux *mux, GstVideoInfo *preferred) {
  const gchar *format = gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(preferred));
  const MuxSettings set = mux_settings(mux);
  GstCaps *allowed = gst_pad_get_allowed_caps(mux->srcpad);
  GstCaps *wanted = dsbind_nvmm_caps(preferred);
  gboolean ok = TRUE;

  if (allowed && !gst_caps_can_intersect(allowed, wanted)) {
    /* Size, if it was left to the source, and format may give way. */
    GstCaps *caps = gst_caps_copy(allowed);
    if (set.width)
      gst_caps_set_simple(caps, "width", G_TYPE_INT, (gint)set.width, "height", G_TYPE_INT,
                          (gint)set.height, NULL);
    GstCaps *both = gst_caps_intersect(caps, allowed);
    gst_caps_unref(caps);
    ok = !gst_caps_is_empty(both);
    if (ok) {
      both = gst_caps_truncate(both);
      both = gst_caps_make_writable(both);
      GstStructure *s = gst_caps_get_structure(both, 0);
      gst_structure_fixate_field_nearest_int(s, "width", preferred->width);
      gst_structure_fixate_field_nearest_int(s, "height", preferred->height);
      gst_structure_fixate_field_string(s, "format", format);
      if (preferred->fps_n > 0)
        gst_structure_fixate_field_nearest_fraction(s, "framerate", preferred->fps_n,
                                                    preferred->fps_d);
      both = gst_caps_fixate(both);
      ok = gst_video_info_from_caps(preferred, both);
    }
    gst_caps_unref(both);
  }
  if (!ok) {
    gchar *offer = gst_caps_to_string(wanted), *take = gst_caps_to_string(allowed);
    GST_ELEMENT_ERROR(mux, CORE, NEGOTIATION,
                      ("The element after %s does not take %d x %d %s frames in NVMM memory. Put "
                       "nvvideoconvert between, or set width and height.",
                       GST_ELEMENT_NAME(mux), preferred->width, preferred->height, format),
                      ("offered %s, it takes %s", offer, take));
    g_free(offer);
    g_free(take);
  }
  gst_caps_unref(wanted);
  if (allowed) gst_caps_unref(allowed);
  return ok;
}

/* The first source's format and frame rate, and its size where none is set; NV12 where the sources
 * of the first batch differ. */
gboolean mux_settle_output(StreamMux *mux, GPtrArray *frames) {
  const MuxItem *first = g_ptr_array_index(frames, 0);
  const MuxSettings set = mux_settings(mux);
  GstVideoFormat format = GST_VIDEO_INFO_FORMAT(&first->info);
  GstVideoInfo info;
  GError *error = NULL;

  if (!set.width != !set.height) {
    GST_ELEMENT_ERROR(mux, RESOURCE, SETTINGS,
                      ("%s has width=%u and height=%u: set both, or neither to take the size of "
                       "the first source.", GST_ELEMENT_NAME(mux), set.width, set.height),
                      (NULL));
    return FALSE;
  }
  for (guint i = 1; i < frames->len; i++) {
    const MuxItem *item = g_ptr_array_index(frames, i);
    if (GST_VIDEO_INFO_FORMAT(&item->info) != format) format = GST_VIDEO_FORMAT_NV12;
  }
  gst_video_info_set_format(&info, format, set.width ? set.width : (guint)first->info.width,
                            set.height ? set.height : (guint)first->info.height);
  info.fps_n = first->info.fps_n;
  info.fps_d = first->info.fps_d;
  if (format == GST_VIDEO_INFO_FORMAT(&first->info)) {
    info.colorimetry = first->info.colorimetry;
    info.chroma_site = first->info.chroma_site;
  }
  if (!negotiate(mux, &info)) return FALSE;
  if (!dsbind_check_size(info.width, info.height, &error)) {
    GST_ELEMENT_ERROR(mux, RESOURCE, SETTINGS, ("%s: %s", GST_ELEMENT_NAME(mux), error->message),
                      (NULL));
    g_error_free(error);
    return FALSE;
  }
  g_mutex_lock(&mux->lock);
  mux->out_info = info;
  mux->out_settled = TRUE;
  g_mutex_unlock(&mux->lock);
  mux->tell_caps = TRUE;
  return TRUE;
}

DsbindPlace mux_place(StreamMux *mux) {
  const MuxSettings set = mux_settings(mux);
  return (DsbindPlace){.gpu = set.gpu_id, .type = (NvBufSurfaceMemType)set.nvbuf_memory_type};
}

static GstBuffer *new_target(StreamMux *mux) {
  GstBuffer *buffer = NULL;
  GError *error = NULL;

  g_mutex_lock(&mux->pool_lock);
  if (!mux->pool) {
    const MuxSettings set = mux_settings(mux);
    mux->pool = dsbind_pool_new_at(&mux->out_info, set.num_surfaces_per_frame,
                                   set.buffer_pool_size, 0, mux_place(mux), &error);
  }
  GstBufferPool *pool = mux->pool ? gst_object_ref(mux->pool) : NULL;
  g_mutex_unlock(&mux->pool_lock);
  if (!pool) {
    GST_ELEMENT_ERROR(mux, RESOURCE, NO_SPACE_LEFT,
                      ("%s: %s", GST_ELEMENT_NAME(mux), error->message), (NULL));
    g_error_free(error);
    return NULL;
  }
  if (gst_buffer_pool_acquire_buffer(pool, &buffer, NULL) != GST_FLOW_OK) {
    buffer = NULL;
    GST_ELEMENT_ERROR(mux, RESOURCE, NO_SPACE_LEFT,
                      ("%s has no memory for another frame of %d x %d pixels. Use smaller frames "
                       "or a smaller batch.", GST_ELEMENT_NAME(mux), mux->out_info.width,
                       mux->out_info.height), (NULL));
  }
  gst_object_unref(pool);
  return buffer;
}

/* The largest middle part of the output that has the source's aspect; even, as chroma is. */
static NvBufSurfTransformRect letterbox(const NvBufSurfaceParams *from, const GstVideoInfo *to) {
  const guint64 width = (guint64)to->width, height = (guint64)to->height;
  NvBufSurfTransformRect rect = {.width = (guint)width, .height = (guint)height};
  if (from->width * height > from->height * width) {
    rect.height = (guint)((from->height * width + from->width / 2) / from->width);
    rect.height = MIN(MAX(GST_ROUND_UP_2(rect.height), 1), (guint)height);
  } else {
    rect.width = (guint)((from->width * height + from->height / 2) / from->height);
    rect.width = MIN(MAX(GST_ROUND_UP_2(rect.width), 1), (guint)width);
  }
  rect.left = GST_ROUND_DOWN_2(((guint)width - rect.width) / 2);
  rect.top = GST_ROUND_DOWN_2(((guint)height - rect.height) / 2);
  return rect;
}

static void fill_black(NvBufSurface *surface, const GstVideoInfo *info) {
  const gboolean yuv = GST_VIDEO_INFO_IS_YUV(info);
  const gboolean full = info->colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255;
  for (gint plane = 0; plane < (gint)GST_VIDEO_INFO_N_PLANES(info); plane++)
    NvBufSurfaceMemSet(surface, -1, plane, !yuv ? 0 : plane ? 128 : full ? 0 : 16);
}

static gboolean transform(StreamMux *mux, const MuxItem *item, NvBufSurface *from,
                          NvBufSurface *to) {
  enum { MAX_SURFACES = 4 };
  const MuxSettings set = mux_settings(mux);
  NvBufSurfTransformRect sources[MAX_SURFACES], targets[MAX_SURFACES];
  NvBufSurfTransformParams params = {
      .transform_flag = NVBUFSURF_TRANSFORM_FILTER,
      .transform_filter = set.interpolation_set
                              ? (NvBufSurfTransform_Inter)set.interpolation_method
                              : dsbind_usual_filter(),
      .src_rect = sources,
      .dst_rect = targets,
  };
  gboolean bands = FALSE;

  for (guint i = 0; set.enable_padding && i < from->numFilled; i++) {
    const NvBufSurfaceParams *entry = &from->surfaceList[i];
    sources[i] = (NvBufSurfTransformRect){.width = entry->width, .height = entry->height};
    targets[i] = letterbox(entry, &mux->out_info);
    bands |= targets[i].width != (guint)mux->out_info.width ||
             targets[i].height != (guint)mux->out_info.height;
  }
  if (bands) {
    fill_black(to, &mux->out_info);
    params.transform_flag |= NVBUFSURF_TRANSFORM_CROP_SRC | NVBUFSURF_TRANSFORM_CROP_DST;
  }
  const NvBufSurfTransform_Error code = dsbind_transform(
      from, to, &params, (NvBufSurfTransform_Compute)set.compute_hw, set.gpu_id);
  if (code == NvBufSurfTransformError_Success) return TRUE;
  GST_ELEMENT_ERROR(mux, STREAM, FORMAT,
                    ("A frame of sink_%u, %u x %u %s, could not be made %d x %d %s: %s.",
                     item->pad_index, from->surfaceList[0].width, from->surfaceList[0].height,
                     gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(&item->info)),
                     mux->out_info.width, mux->out_info.height,
                     gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(&mux->out_info)),
                     dsbind_transform_error(code)), (NULL));
  return FALSE;
}

static gboolean fits(StreamMux *mux, const NvBufSurface *surface) {
  const DsbindPlace place = mux_place(mux);
  const NvBufSurfaceMemType type = dsbind_place_type(place);
  if (dsbind_memory_is_cuda(type) && (surface->memType != type || surface->gpuId != place.gpu))
    return FALSE;
  for (guint i = 0; i < surface->numFilled; i++) {
    const NvBufSurfaceParams *entry = &surface->surfaceList[i];
    if (entry->width != (guint)mux->out_info.width ||
        entry->height != (guint)mux->out_info.height ||
        dsbind_video_format(entry->colorFormat) != GST_VIDEO_INFO_FORMAT(&mux->out_info))
      return FALSE;
  }
  return TRUE;
}

static gboolean copy_to_target(StreamMux *mux, MuxItem *item, NvBufSurface *from) {
  GstBuffer *target = new_target(mux);
  if (!target) return FALSE;
  NvBufSurface *to = dsbind_buffer_surface(target);
  /* num-surfaces-per-frame may have been set after the pool was made. */
  from->numFilled = MIN(from->numFilled, to->batchSize);
  to->numFilled = from->numFilled;
  if (!transform(mux, item, from, to)) {
    gst_buffer_unref(target);
    return FALSE;
  }
  item->pixels = target;
  return TRUE;
}

static gboolean fit_nvmm(StreamMux *mux, MuxItem *item) {
  NvBufSurface *surface = dsbind_buffer_surface(item->buffer);
  if (!surface || surface->batchSize < 1 || !surface->surfaceList[0].width ||
      !surface->surfaceList[0].height) {
    GST_ELEMENT_ERROR(mux, STREAM, FORMAT,
                      ("The caps of sink_%u say memory:NVMM, but its buffer carries no "
                       "NvBufSurface. Put nvvideoconvert before the mux.", item->pad_index),
                      (NULL));
    return FALSE;
  }
  /* Some producers leave numFilled at 0. */
  NvBufSurface filled = *surface;
  filled.numFilled = CLAMP(surface->numFilled, 1, mux_settings(mux).num_surfaces_per_frame);
  if (!fits(mux, &filled)) return copy_to_target(mux, item, &filled);
  /* Frames of host memory are made as they are needed; a decoder's are numbered. */
  item->pixels = dsbind_memory_is_cuda(filled.memType)
                     ? dsbind_loans_take(item->loans, item->buffer, &filled, item->lends)
                     : gst_buffer_ref(item->buffer);
  return item->pixels || copy_to_target(mux, item, &filled);
}

static gboolean fit_system(StreamMux *mux, MuxItem *item) {
  NvBufSurface surface;
  NvBufSurfaceParams entry;
  GstVideoFrame frame;
  gboolean ok = FALSE;

  if (gst_video_frame_map(&frame, &item->info, item->buffer, GST_MAP_READ)) {
    if (dsbind_surface_wrap_frame(&surface, &entry, &frame)) {
      ok = copy_to_target(mux, item, &surface);
      gst_video_frame_unmap(&frame);
      return ok;
    }
    gst_video_frame_unmap(&frame);
  }
  GST_ELEMENT_ERROR(mux, STREAM, FORMAT,
                    ("A frame of sink_%u cannot be read as %d x %d %s. Put nvvideoconvert before "
                     "the mux.", item->pad_index, item->info.width, item->info.height,
                     gst_video_format_to_string(GST_VIDEO_INFO_FORMAT(&item->info))), (NULL));
  return ok;
}

gboolean mux_fit_frame(StreamMux *mux, MuxItem *item) {
  if (item->pixels) return TRUE;
  return item->nvmm ? fit_nvmm(mux, item) : fit_system(mux, item);
}

static void add_frame_meta(StreamMux *mux, NvDsBatchMeta *batch, const MuxItem *item,
                           guint per_frame, guint surface_index) {
  NvDsFrameMeta *frame = nvds_acquire_frame_meta_from_pool(batch);
  frame->pad_index = frame->source_id = item->pad_index;
  frame->batch_id = batch->num_frames_in_batch;
  frame->frame_num = item->frame_num;
  frame->buf_pts = GST_BUFFER_PTS(item->buffer);
  frame->ntp_timestamp = item->ntp_timestamp;
  frame->num_surfaces_per_frame = (gint)per_frame;
  frame->surface_index = surface_index;
  frame->source_frame_width = (guint)item->info.width;
  frame->source_frame_height = (guint)item->info.height;
  frame->pipeline_width = (guint)mux->out_info.width;
  frame->pipeline_height = (guint)mux->out_info.height;
  frame->bInferDone = FALSE;
  nvds_add_frame_meta_to_batch(batch, frame);
  nvds_copy_gst_meta_to_frame_meta(item->buffer, batch, frame);
}

static void ensure_room(StreamMux *mux, guint capacity) {
  if (mux->room >= capacity) return;
  mux->room = capacity;
  mux->entries = g_renew(NvBufSurfaceParams, mux->entries, capacity);
  mux->owners = g_renew(GstBuffer *, mux->owners, capacity);
}

static void stamp(StreamMux *mux, GstBuffer *batch, const MuxItem *first, guint64 told) {
  GstClockTime pts = first->running_time;
  /* Batches of one moment differ by a nanosecond: encoders lose frames of equal time. */
  if (GST_CLOCK_TIME_IS_VALID(mux->last_pts) && GST_CLOCK_TIME_IS_VALID(pts))
    pts = MAX(pts, mux->last_pts + 1);
  if (GST_CLOCK_TIME_IS_VALID(pts)) mux->last_pts = pts;
  GST_BUFFER_PTS(batch) = pts;
  GST_BUFFER_DURATION(batch) = GST_BUFFER_DURATION(first->buffer);
  if (!GST_BUFFER_DURATION_IS_VALID(batch) && told && told < G_MAXUINT64 / GST_MSECOND)
    GST_BUFFER_DURATION(batch) = told * GST_MSECOND;
}

/* What measures latency counts from when a frame came to the mux. */
static void note_arrivals(StreamMux *mux, GstBuffer *batch, GPtrArray *frames) {
  gchar name[MAX_COMPONENT_LEN];
  g_snprintf(name, sizeof name, "nvstreammux-%s", GST_ELEMENT_NAME(mux));
  for (guint i = 0; i < frames->len; i++) {
    const MuxItem *item = g_ptr_array_index(frames, i);
    NvDsUserMeta *user_meta = nvds_set_input_system_timestamp(batch, name);
    if (!user_meta) return;
    NvDsMetaCompLatency *latency = user_meta->user_meta_data;
    latency->out_system_timestamp = latency->in_system_timestamp;
    latency->in_system_timestamp = (double)item->arrived / 1000.0;
    latency->source_id = latency->pad_index = item->pad_index;
    latency->frame_num = (guint)item->frame_num;
  }
}

GstBuffer *mux_build_batch(StreamMux *mux, GPtrArray *frames) {
  const MuxSettings set = mux_settings(mux);
  const guint per_frame = set.num_surfaces_per_frame;
  const guint capacity = MAX(set.batch_size, frames->len) * per_frame;
  NvBufSurfaceMemType type = NVBUF_MEM_DEFAULT;
  guint count = 0, gpu = 0;

  ensure_room(mux, capacity);
  NvDsBatchMeta *meta = nvds_create_batch_meta(capacity);
  if (!meta) {
    GST_ELEMENT_ERROR(mux, RESOURCE, NO_SPACE_LEFT,
                      ("%s has no memory for the metadata of a batch of %u frames. Use a smaller "
                       "batch-size.", GST_ELEMENT_NAME(mux), capacity), (NULL));
    return NULL;
  }
  meta->base_meta.batch_meta = meta;
  meta->max_frames_in_batch = capacity;
  for (guint i = 0; i < frames->len; i++) {
    MuxItem *item = g_ptr_array_index(frames, i);
    const NvBufSurface *surface = dsbind_buffer_surface(item->pixels);
    const guint filled = CLAMP(surface->numFilled, 1, per_frame);
    type = surface->memType;
    gpu = surface->gpuId;
    for (guint k = 0; k < filled; k++, count++) {
      mux->entries[count] = surface->surfaceList[k];
      mux->owners[count] = k == 0 ? item->pixels : NULL;
      add_frame_meta(mux, meta, item, per_frame, k);
    }
  }
  GstBuffer *buffer = dsbind_buffer_new_batch(capacity, count, mux->entries, mux->owners, type);
  dsbind_buffer_surface(buffer)->gpuId = gpu;
  NvDsMeta *carrier = gst_buffer_add_nvds_meta(buffer, meta, NULL, nvds_batch_meta_copy_func,
                                               nvds_batch_meta_release_func);
  carrier->meta_type = NVDS_BATCH_GST_META;
  if (nvds_get_enable_latency_measurement()) note_arrivals(mux, buffer, frames);
  stamp(mux, buffer, g_ptr_array_index(frames, 0), set.frame_duration);
  return buffer;
}
