/* SPDX-License-Identifier: Apache-2.0 */
#include "tiler.h"

#include <gst-nvevent.h>
#include <gst-nvquery.h>

GST_DEBUG_CATEGORY_STATIC(tiler_debug);
#define GST_CAT_DEFAULT tiler_debug

G_DEFINE_TYPE(DsbindStreamTiler, dsbind_stream_tiler, GST_TYPE_BASE_TRANSFORM)

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(DSBIND_NVMM_CAPS));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(DSBIND_NVMM_CAPS));

static TilerSettings settings_of(DsbindStreamTiler *self) {
  g_mutex_lock(&self->lock);
  const TilerSettings settings = self->settings;
  g_mutex_unlock(&self->lock);
  return settings;
}

static void clear_picture(gpointer data) { gst_clear_buffer(&((TilePicture *)data)->owner); }

/* Format and frame rate stay; any size comes in, the size that is set comes out. */
static GstCaps *transform_caps(GstBaseTransform *base, GstPadDirection direction, GstCaps *caps,
                               GstCaps *filter) {
  const TilerSettings settings = settings_of(DSBIND_STREAM_TILER(base));
  GstCaps *result = gst_caps_copy(caps);

  for (guint i = 0; i < gst_caps_get_size(result); i++) {
    GstStructure *s = gst_caps_get_structure(result, i);
    /* One frame comes out, of a batch of any size. */
    if (gst_structure_has_field(s, "batch-size"))
      direction == GST_PAD_SINK ? gst_structure_set(s, "batch-size", G_TYPE_INT, 1, NULL)
                                : gst_structure_remove_field(s, "batch-size");
    if (direction == GST_PAD_SINK)
      gst_structure_set(s, "width", G_TYPE_INT, (gint)settings.width, "height", G_TYPE_INT,
                        (gint)settings.height, "pixel-aspect-ratio", GST_TYPE_FRACTION, 1, 1, NULL);
    else {
      gst_structure_set(s, "width", GST_TYPE_INT_RANGE, 1, G_MAXINT, "height",
                        GST_TYPE_INT_RANGE, 1, G_MAXINT, NULL);
      gst_structure_remove_field(s, "pixel-aspect-ratio");
    }
  }
  if (filter) {
    GstCaps *both = gst_caps_intersect_full(filter, result, GST_CAPS_INTERSECT_FIRST);
    gst_caps_unref(result);
    result = both;
  }
  return result;
}

static void drop_pool(DsbindStreamTiler *self) {
  if (self->pool) gst_buffer_pool_set_active(self->pool, FALSE);
  gst_clear_object(&self->pool);
}

static gboolean set_caps(GstBaseTransform *base, GstCaps *in, GstCaps *out) {
  DsbindStreamTiler *self = DSBIND_STREAM_TILER(base);
  GError *error = NULL;
  (void)in;
  drop_pool(self);
  if (!gst_video_info_from_caps(&self->info, out)) return FALSE;
  const TilerSettings settings = settings_of(self);
  const DsbindPlace place = {.gpu = settings.gpu_id,
                             .type = (NvBufSurfaceMemType)settings.nvbuf_memory_type};
  self->pool = dsbind_pool_new_at(&self->info, 1, settings.buffer_pool_size, 0, place, &error);
  if (self->pool) return TRUE;
  GST_ELEMENT_ERROR(self, RESOURCE, NO_SPACE_LEFT,
                    ("%s: %s", GST_ELEMENT_NAME(self), error->message), (NULL));
  g_error_free(error);
  return FALSE;
}

static gboolean get_unit_size(GstBaseTransform *base, GstCaps *caps, gsize *size) {
  (void)base, (void)caps;
  *size = sizeof(NvBufSurface);
  return TRUE;
}

/* Of what comes out; upstream would tell of what comes in. */
static gboolean query(GstBaseTransform *base, GstPadDirection direction, GstQuery *query) {
  if (direction == GST_PAD_SRC && GST_QUERY_TYPE(query) == GST_QUERY_CUSTOM &&
      gst_nvquery_is_batch_size(query)) {
    gst_nvquery_batch_size_set(query, 1);
    return TRUE;
  }
  return GST_BASE_TRANSFORM_CLASS(dsbind_stream_tiler_parent_class)->query(base, direction, query);
}

static GstFlowReturn prepare_output_buffer(GstBaseTransform *base, GstBuffer *in, GstBuffer **out) {
  DsbindStreamTiler *self = DSBIND_STREAM_TILER(base);
  if (!self->pool) return GST_FLOW_NOT_NEGOTIATED;
  const GstFlowReturn flow = gst_buffer_pool_acquire_buffer(self->pool, out, NULL);
  if (flow != GST_FLOW_OK) return flow;
  return gst_buffer_copy_into(*out, in, GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS, 0, -1)
             ? GST_FLOW_OK
             : GST_FLOW_ERROR;
}

static TilePicture *picture_of(DsbindStreamTiler *self, guint source) {
  if (self->pictures->len <= source) g_array_set_size(self->pictures, source + 1);
  return &g_array_index(self->pictures, TilePicture, source);
}

static void fill_black(NvBufSurface *surface, const GstVideoInfo *info) {
  const gboolean yuv = GST_VIDEO_INFO_IS_YUV(info);
  const gboolean full = info->colorimetry.range == GST_VIDEO_COLOR_RANGE_0_255;
  for (gint plane = 0; plane < (gint)GST_VIDEO_INFO_N_PLANES(info); plane++)
    NvBufSurfaceMemSet(surface, -1, plane, !yuv ? 0 : plane ? 128 : full ? 0 : 16);
}

static void ensure_room(DsbindStreamTiler *self, guint count) {
  if (self->room >= count) return;
  self->room = count;
  self->entries = g_renew(NvBufSurfaceParams, self->entries, count);
  self->rects = g_renew(NvBufSurfTransformRect, self->rects, 2 * (gsize)count);
}

/* Draws every picture there is on its tile. */
static gboolean compose(DsbindStreamTiler *self, const TilerSettings *settings, guint sources,
                        const NvBufSurface *like, NvBufSurface *out) {
  guint count = 0;
  guint64 covered = 0;
  Tile tile;

  ensure_room(self, sources);
  NvBufSurfTransformRect *from = self->rects, *to = self->rects + self->room;
  for (guint source = 0; source < sources; source++) {
    const TilePicture *picture = picture_of(self, source);
    if (!picture->owner || !tiler_tile(settings, sources, source, &tile)) continue;
    self->entries[count] = picture->entry;
    from[count] = (NvBufSurfTransformRect){.width = picture->entry.width,
                                           .height = picture->entry.height};
    to[count] = (NvBufSurfTransformRect){
        .left = tile.left, .top = tile.top, .width = tile.width, .height = tile.height};
    covered += (guint64)tile.width * tile.height;
    count++;
  }
  out->numFilled = 1;
  if (covered < (guint64)self->info.width * (guint64)self->info.height)
    fill_black(out, &self->info);
  if (!count) return TRUE;

  NvBufSurface pictures = *like;
  pictures.surfaceList = self->entries;
  pictures.batchSize = pictures.numFilled = count;
  pictures.isContiguous = FALSE;
  NvBufSurfTransformCompositeParams params = {
      .composite_flag = NVBUFSURF_TRANSFORM_COMPOSITE | NVBUFSURF_TRANSFORM_COMPOSITE_FILTER,
      .input_buf_count = count,
      .src_comp_rect = from,
      .dst_comp_rect = to,
      .composite_filter = (NvBufSurfTransform_Inter)settings->interpolation_method,
  };
  dsbind_transform_session((NvBufSurfTransform_Compute)settings->compute_hw, settings->gpu_id);
  const NvBufSurfTransform_Error code = NvBufSurfTransformComposite(&pictures, out, &params);
  if (code == NvBufSurfTransformError_Success) return TRUE;
  GST_ELEMENT_ERROR(self, STREAM, FORMAT,
                    ("%u frames could not be put on a frame of %d x %d: %s.", count,
                     self->info.width, self->info.height, dsbind_transform_error(code)), (NULL));
  return FALSE;
}

/* Notes the pictures of this batch and moves what is drawn on them. Frames that are not shown lose
 * their metadata: what follows draws on the one frame there is. */
static void place_frames(const TilerSettings *settings, NvDsBatchMeta *batch,
                         const NvBufSurface *surface, guint sources) {
  Tile tile;
  for (GList *l = batch->frame_meta_list, *next; l; l = next) {
    NvDsFrameMeta *frame = l->data;
    next = l->next;
    if (frame->batch_id >= surface->numFilled || frame->pad_index >= sources ||
        !tiler_tile(settings, sources, frame->pad_index, &tile)) {
      nvds_remove_frame_meta_from_batch(batch, frame);
      continue;
    }
    const NvBufSurfaceParams *entry = &surface->surfaceList[frame->batch_id];
    tiler_place_frame(frame, MAX(entry->width, 1), MAX(entry->height, 1), &tile);
  }
}

static guint note_pictures(DsbindStreamTiler *self, const NvDsBatchMeta *batch,
                           const NvBufSurface *surface, GstBuffer *in) {
  /* A pad index beyond any mux would only cost memory. */
  const guint most = 4096;
  for (GList *l = batch ? batch->frame_meta_list : NULL; l; l = l->next) {
    const NvDsFrameMeta *frame = l->data;
    if (frame->batch_id >= surface->numFilled || frame->pad_index >= most) continue;
    TilePicture *picture = picture_of(self, frame->pad_index);
    gst_buffer_replace(&picture->owner, in);
    picture->entry = surface->surfaceList[frame->batch_id];
  }
  /* Without metadata the place in the batch is all that tells a source. */
  for (guint i = 0; !batch && i < MIN(surface->numFilled, most); i++) {
    TilePicture *picture = picture_of(self, i);
    gst_buffer_replace(&picture->owner, in);
    picture->entry = surface->surfaceList[i];
  }
  return self->pictures->len;
}

/* Sources that are still to come have their tiles from the start. */
static guint count_sources(const NvBufSurface *surface, const NvDsBatchMeta *batch, guint seen) {
  guint per_frame = 1;
  if (batch && batch->frame_meta_list) {
    const NvDsFrameMeta *frame = batch->frame_meta_list->data;
    per_frame = (guint)MAX(frame->num_surfaces_per_frame, 1);
  }
  return MAX(seen, surface->batchSize / per_frame);
}

static GstFlowReturn transform(GstBaseTransform *base, GstBuffer *in, GstBuffer *out) {
  DsbindStreamTiler *self = DSBIND_STREAM_TILER(base);
  TilerSettings settings = settings_of(self);
  const NvBufSurface *surface = dsbind_buffer_surface(in);
  NvBufSurface *target = dsbind_buffer_surface(out);

  if (!surface || !target) {
    GST_ELEMENT_ERROR(self, STREAM, FORMAT,
                      ("A buffer for %s carries no NvBufSurface. Put nvstreammux before it.",
                       GST_ELEMENT_NAME(self)), (NULL));
    return GST_FLOW_ERROR;
  }
  /* What was negotiated holds until a new size has been. */
  settings.width = (guint)self->info.width;
  settings.height = (guint)self->info.height;
  NvDsBatchMeta *batch = tiler_take_meta(in, out);
  const guint seen = note_pictures(self, batch, surface, in);
  const guint sources = count_sources(surface, batch, seen);
  if (!compose(self, &settings, sources, surface, target)) return GST_FLOW_ERROR;
  if (batch) place_frames(&settings, batch, surface, sources);
  return GST_FLOW_OK;
}

/* All metadata of the batch is moved in transform(); what describes its memory is of no use. */
static gboolean transform_meta(GstBaseTransform *base, GstBuffer *out, GstMeta *meta,
                               GstBuffer *in) {
  (void)base, (void)out, (void)meta, (void)in;
  return FALSE;
}

static gboolean start(GstBaseTransform *base) {
  return dsbind_element_open_runtime(GST_ELEMENT(base));
}

static gboolean stop(GstBaseTransform *base) {
  DsbindStreamTiler *self = DSBIND_STREAM_TILER(base);
  drop_pool(self);
  g_array_set_size(self->pictures, 0);
  return TRUE;
}

static gboolean sink_event(GstBaseTransform *base, GstEvent *event) {
  DsbindStreamTiler *self = DSBIND_STREAM_TILER(base);
  /* Pictures from before a seek have no place after it. */
  if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) g_array_set_size(self->pictures, 0);
  if ((guint)GST_EVENT_TYPE(event) == GST_NVEVENT_PAD_DELETED) {
    guint source;
    gst_nvevent_parse_pad_deleted(event, &source);
    if (source < self->pictures->len) gst_clear_buffer(&picture_of(self, source)->owner);
  }
  return GST_BASE_TRANSFORM_CLASS(dsbind_stream_tiler_parent_class)->sink_event(base, event);
}

static void finalize(GObject *object) {
  DsbindStreamTiler *self = DSBIND_STREAM_TILER(object);
  g_array_unref(self->pictures);
  g_free(self->entries);
  g_free(self->rects);
  g_mutex_clear(&self->lock);
  G_OBJECT_CLASS(dsbind_stream_tiler_parent_class)->finalize(object);
}

static void dsbind_stream_tiler_class_init(DsbindStreamTilerClass *klass) {
  GObjectClass *object = G_OBJECT_CLASS(klass);
  GstElementClass *element = GST_ELEMENT_CLASS(klass);
  GstBaseTransformClass *base = GST_BASE_TRANSFORM_CLASS(klass);
  object->finalize = finalize;
  tiler_properties_install(object);
  gst_element_class_add_static_pad_template(element, &sink_template);
  gst_element_class_add_static_pad_template(element, &src_template);
  gst_element_class_set_static_metadata(element, "Stream tiler", "Generic/Video",
                                        "Puts the frames of a batch side by side on one frame",
                                        "dsbind");
  base->passthrough_on_same_caps = FALSE;
  base->transform_caps = transform_caps;
  base->set_caps = set_caps;
  base->get_unit_size = get_unit_size;
  base->query = query;
  base->prepare_output_buffer = prepare_output_buffer;
  base->transform = transform;
  base->transform_meta = transform_meta;
  base->sink_event = sink_event;
  base->start = start;
  base->stop = stop;
}

static void dsbind_stream_tiler_init(DsbindStreamTiler *self) {
  g_mutex_init(&self->lock);
  gst_video_info_init(&self->info);
  tiler_settings_init(&self->settings);
  self->pictures = g_array_new(FALSE, TRUE, sizeof(TilePicture));
  g_array_set_clear_func(self->pictures, clear_picture);
}

static gboolean plugin_init(GstPlugin *plugin) {
  GST_DEBUG_CATEGORY_INIT(tiler_debug, "nvmultistreamtiler", 0, "stream tiler");
  return gst_element_register(plugin, "nvmultistreamtiler", GST_RANK_NONE,
                              DSBIND_TYPE_STREAM_TILER);
}

#define PACKAGE "dsbind"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nvmultistreamtiler, "Stream tiler",
                  plugin_init, DSBIND_VERSION, "Apache 2.0", "dsbind", "dsbind")
