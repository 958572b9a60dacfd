/* SPDX-License-Identifier: Apache-2.0 */
/* nvsegvisual: colours frames, and objects, by the class maps that segmentation models attached. */
#include <gst/base/gstbasetransform.h>
#include <gstnvdsmeta.h>
#include "nvmm.h"
#include "shade.h"

GST_DEBUG_CATEGORY_STATIC(segvisual_debug);
#define GST_CAT_DEFAULT segvisual_debug

typedef struct {
  GstBaseTransform parent;
  guint unique_id, batch_size, width, height, gpu_id;
  gint model_id;    /* whose maps; -1 is anyone's */
  ShadeStyle style; /* these two under the object lock */
  gboolean told;    /* about the size */
} DsbindSegVisual;

typedef struct {
  GstBaseTransformClass parent;
} DsbindSegVisualClass;

GType dsbind_seg_visual_get_type(void);
G_DEFINE_TYPE(DsbindSegVisual, dsbind_seg_visual, GST_TYPE_BASE_TRANSFORM)
#define SEGVISUAL(object) ((DsbindSegVisual *)(object))

#define CAPS GST_VIDEO_CAPS_MAKE_WITH_FEATURES(DSBIND_NVMM_FEATURE, "RGBA")

enum {
  PROP_0,
  PROP_UNIQUE_ID,
  PROP_BATCH_SIZE,
  PROP_WIDTH,
  PROP_HEIGHT,
  PROP_GPU_ID,
  PROP_ALPHA,
  PROP_BACKGROUND,
  PROP_MODEL_ID,
};

static void shade_maps(const GList *metas, const NvBufSurfaceParams *frame,
                       const NvOSD_RectParams *rect, gint model_id, const ShadeStyle *style) {
  for (const GList *l = metas; l != NULL; l = l->next) {
    const NvDsUserMeta *user = l->data;
    const NvDsInferSegmentationMeta *map = user->user_meta_data;
    if (user->base_meta.meta_type == NVDSINFER_SEGMENTATION_META && map != NULL &&
        (model_id < 0 || map->unique_id == model_id))
      shade_rect(frame, rect, map, style);
  }
}

static void shade_frame(const NvDsFrameMeta *frame, const NvBufSurfaceParams *pixels,
                        gint model_id, const ShadeStyle *style) {
  const NvOSD_RectParams whole = {.width = pixels->width, .height = pixels->height};
  shade_maps(frame->frame_user_meta_list, pixels, &whole, model_id, style);
  for (const GList *l = frame->obj_meta_list; l != NULL; l = l->next) {
    const NvDsObjectMeta *object = l->data;
    shade_maps(object->obj_user_meta_list, pixels, &object->rect_params, model_id, style);
  }
}

static gboolean has_map(const GList *metas) {
  for (const GList *l = metas; l != NULL; l = l->next)
    if (((NvDsUserMeta *)l->data)->base_meta.meta_type == NVDSINFER_SEGMENTATION_META)
      return TRUE;
  return FALSE;
}

static gboolean has_something_to_show(const NvDsBatchMeta *batch) {
  for (const GList *f = batch->frame_meta_list; f != NULL; f = f->next) {
    const NvDsFrameMeta *frame = f->data;
    if (has_map(frame->frame_user_meta_list))
      return TRUE;
    for (const GList *l = frame->obj_meta_list; l != NULL; l = l->next)
      if (has_map(((NvDsObjectMeta *)l->data)->obj_user_meta_list))
        return TRUE;
  }
  return FALSE;
}

static gboolean is_reached(const NvBufSurface *surface) {
  return surface->memType == NVBUF_MEM_SYSTEM || surface->memType == NVBUF_MEM_DEFAULT ||
         surface->memType == NVBUF_MEM_CUDA_PINNED || surface->memType == NVBUF_MEM_CUDA_UNIFIED;
}

static GstFlowReturn dsbind_seg_visual_transform_ip(GstBaseTransform *base, GstBuffer *buffer) {
  DsbindSegVisual *self = SEGVISUAL(base);
  const NvDsBatchMeta *batch = gst_buffer_get_nvds_batch_meta(buffer);
  if (batch == NULL || !has_something_to_show(batch))
    return GST_FLOW_OK;
  NvBufSurface *surface = dsbind_buffer_surface_writable(buffer);
  if (surface == NULL || !is_reached(surface)) {
    GST_ELEMENT_ERROR(self, STREAM, FORMAT,
                      ("nvsegvisual cannot draw on these frames: the CPU does not reach them. Set "
                       "nvbuf-memory-type=3 (CUDA unified) on the element before it."),
                      (NULL));
    return GST_FLOW_ERROR;
  }
  GST_OBJECT_LOCK(self);
  const ShadeStyle style = self->style;
  const gint model_id = self->model_id;
  GST_OBJECT_UNLOCK(self);
  const guint count = MIN(surface->numFilled, surface->batchSize);
  for (const GList *l = batch->frame_meta_list; l != NULL && count > 0; l = l->next) {
    const NvDsFrameMeta *frame = l->data;
    /* After a tiler several frames share the one surface. */
    shade_frame(frame, &surface->surfaceList[MIN(frame->batch_id, count - 1)], model_id, &style);
  }
  return GST_FLOW_OK;
}

static gboolean dsbind_seg_visual_set_caps(GstBaseTransform *base, GstCaps *in, GstCaps *out) {
  DsbindSegVisual *self = SEGVISUAL(base);
  GstVideoInfo info;
  (void)out;
  if (gst_video_info_from_caps(&info, in) && !self->told &&
      ((self->width && self->width != (guint)info.width) ||
       (self->height && self->height != (guint)info.height))) {
    self->told = TRUE;
    GST_ELEMENT_WARNING(self, RESOURCE, SETTINGS,
                        ("nvsegvisual keeps the size of its frames, %dx%d, not %ux%u: scale them "
                         "with nvvideoconvert after it",
                         info.width, info.height, self->width, self->height),
                        (NULL));
  }
  return TRUE;
}

static gboolean dsbind_seg_visual_start(GstBaseTransform *base) {
  SEGVISUAL(base)->told = FALSE;
  return dsbind_element_open_runtime(GST_ELEMENT(base));
}

static void dsbind_seg_visual_set_property(GObject *object, guint id, const GValue *value,
                                           GParamSpec *pspec) {
  DsbindSegVisual *self = SEGVISUAL(object);
  GST_OBJECT_LOCK(self);
  switch (id) {
    case PROP_UNIQUE_ID: self->unique_id = g_value_get_uint(value); break;
    case PROP_BATCH_SIZE: self->batch_size = g_value_get_uint(value); break;
    case PROP_WIDTH: self->width = g_value_get_uint(value); break;
    case PROP_HEIGHT: self->height = g_value_get_uint(value); break;
    case PROP_GPU_ID: self->gpu_id = g_value_get_uint(value); break;
    case PROP_ALPHA: self->style.alpha = g_value_get_float(value); break;
    case PROP_BACKGROUND: self->style.background = g_value_get_boolean(value); break;
    case PROP_MODEL_ID: self->model_id = g_value_get_int(value); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
  GST_OBJECT_UNLOCK(self);
}

static void dsbind_seg_visual_get_property(GObject *object, guint id, GValue *value,
                                           GParamSpec *pspec) {
  DsbindSegVisual *self = SEGVISUAL(object);
  GST_OBJECT_LOCK(self);
  switch (id) {
    case PROP_UNIQUE_ID: g_value_set_uint(value, self->unique_id); break;
    case PROP_BATCH_SIZE: g_value_set_uint(value, self->batch_size); break;
    case PROP_WIDTH: g_value_set_uint(value, self->width); break;
    case PROP_HEIGHT: g_value_set_uint(value, self->height); break;
    case PROP_GPU_ID: g_value_set_uint(value, self->gpu_id); break;
    case PROP_ALPHA: g_value_set_float(value, (gfloat)self->style.alpha); break;
    case PROP_BACKGROUND: g_value_set_boolean(value, self->style.background); break;
    case PROP_MODEL_ID: g_value_set_int(value, self->model_id); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
  GST_OBJECT_UNLOCK(self);
}

static void install_properties(GObjectClass *object) {
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_CONSTRUCT |
                            GST_PARAM_MUTABLE_PLAYING;
  struct {
    guint id;
    const char *name, *blurb;
    guint max, value;
  } numbers[] = {
      {PROP_UNIQUE_ID, "unique-id", "Id of this element", G_MAXUINT, 0},
      {PROP_BATCH_SIZE, "batch-size", "Frames of a batch; taken from the batch", 1024, 1},
      {PROP_WIDTH, "width", "Width of the output, which is that of the frames", DSBIND_MAX_SIDE, 0},
      {PROP_HEIGHT, "height", "Height of the output, which is that of the frames", DSBIND_MAX_SIDE,
       0},
      {PROP_GPU_ID, "gpu-id", "GPU whose memory the frames are in", G_MAXUINT, 0},
  };
  for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
    g_object_class_install_property(
        object, numbers[i].id,
        g_param_spec_uint(numbers[i].name, numbers[i].name, numbers[i].blurb, 0, numbers[i].max,
                          numbers[i].value, flags));
  g_object_class_install_property(
      object, PROP_ALPHA,
      g_param_spec_float("alpha", "alpha", "How strongly the colours cover the picture", 0, 1, 1,
                         flags));
  g_object_class_install_property(
      object, PROP_BACKGROUND,
      g_param_spec_boolean("original-background", "original-background",
                           "Show the picture below the colours", FALSE, flags));
  g_object_class_install_property(
      object, PROP_MODEL_ID,
      g_param_spec_int("operate-on-seg-meta-id", "operate-on-seg-meta-id",
                       "Whose maps to show (gie-unique-id); -1 is anyone's", -1, G_MAXINT, -1,
                       flags));
}

static void dsbind_seg_visual_init(DsbindSegVisual *self) {
  gst_base_transform_set_in_place(GST_BASE_TRANSFORM(self), TRUE);
  gst_base_transform_set_qos_enabled(GST_BASE_TRANSFORM(self), FALSE);
}

static void dsbind_seg_visual_class_init(DsbindSegVisualClass *klass) {
  GObjectClass *object = G_OBJECT_CLASS(klass);
  GstElementClass *element = GST_ELEMENT_CLASS(klass);
  GstBaseTransformClass *transform = GST_BASE_TRANSFORM_CLASS(klass);
  static GstStaticPadTemplate sink =
      GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(CAPS));
  static GstStaticPadTemplate src =
      GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(CAPS));
  GST_DEBUG_CATEGORY_INIT(segvisual_debug, "nvsegvisual", 0, "class maps as colours");
  object->set_property = dsbind_seg_visual_set_property;
  object->get_property = dsbind_seg_visual_get_property;
  install_properties(object);
  transform->start = dsbind_seg_visual_start;
  transform->set_caps = dsbind_seg_visual_set_caps;
  transform->transform_ip = dsbind_seg_visual_transform_ip;
  gst_element_class_add_static_pad_template(element, &sink);
  gst_element_class_add_static_pad_template(element, &src);
  gst_element_class_set_static_metadata(element, "Segmentation visualiser", "Filter/Video",
                                        "Colours frames by the classes of their pixels", "dsbind");
}

static gboolean plugin_init(GstPlugin *plugin) {
  return gst_element_register(plugin, "nvsegvisual", GST_RANK_NONE, dsbind_seg_visual_get_type());
}

#define PACKAGE "dsbind"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nvsegvisual,
                  "Colours frames by the classes of their pixels", plugin_init, DSBIND_VERSION,
                  "Apache 2.0", "dsbind", "dsbind")
