/* SPDX-License-Identifier: Apache-2.0 */
/* nvdsosd: draws what the metadata of a batch says on its frames, in place. */
#include <gst/base/gstbasetransform.h>
#include <gstnvdsmeta.h>
#include <string.h>
#include <time.h>
#include "nvmm.h"
#include "painter.h"
#include "recorder.h"

GST_DEBUG_CATEGORY_STATIC(osd_debug);
#define GST_CAT_DEFAULT osd_debug

typedef struct {
  gint component, class_id;
} BlurRule;

/* What properties say; read as a whole at the start of each buffer. */
typedef struct {
  gboolean clock, text, boxes, masks, blur;
  NvOSD_TextParams clock_text;
} Settings;

typedef struct {
  GstBaseTransform parent;
  guint gpu_id;
  gint process_mode;
  guint clock_color;
  gchar *blur_ids;
  Settings settings; /* under the object lock */
  GArray *blur_rules;
  OsdPainter *painter;
  OsdRecorder *recorder; /* once a frame of a GPU's memory came */
} DsbindOsd;

typedef struct {
  GstBaseTransformClass parent;
} DsbindOsdClass;

GType dsbind_osd_get_type(void);
G_DEFINE_TYPE(DsbindOsd, dsbind_osd, GST_TYPE_BASE_TRANSFORM)
#define OSD(object) ((DsbindOsd *)(object))

enum {
  PROP_0,
  PROP_DISPLAY_CLOCK,
  PROP_DISPLAY_TEXT,
  PROP_DISPLAY_BBOX,
  PROP_DISPLAY_MASK,
  PROP_BLUR_BBOX,
  PROP_BLUR_IDS,
  PROP_CLOCK_FONT,
  PROP_CLOCK_FONT_SIZE,
  PROP_CLOCK_X,
  PROP_CLOCK_Y,
  PROP_CLOCK_COLOR,
  PROP_PROCESS_MODE,
  PROP_GPU_ID,
};

static GType process_mode_type(void) {
  static gsize type = 0;
  static const GEnumValue values[] = {
      {MODE_CPU, "On the CPU", "CPU_MODE"},
      {MODE_GPU, "On the GPU", "GPU_MODE"},
      {0, NULL, NULL},
  };
  if (g_once_init_enter(&type))
    g_once_init_leave(&type, g_enum_register_static("DsbindOsdProcessMode", values));
  return type;
}

static gboolean is_blurred(const Settings *settings, const GArray *rules,
                                const NvDsObjectMeta *object) {
  if (!settings->blur && rules->len == 0)
    return FALSE;
  for (guint i = 0; i < rules->len; i++) {
    const BlurRule *rule = &g_array_index(rules, BlurRule, i);
    if (rule->component == object->unique_component_id && rule->class_id == object->class_id)
      return TRUE;
  }
  return settings->blur && rules->len == 0;
}

static void draw_objects(DsbindOsd *osd, const OsdCanvas *canvas, const Settings *settings,
                         const GArray *rules, const NvDsFrameMeta *frame) {
  for (const GList *l = frame->obj_meta_list; l != NULL; l = l->next) {
    const NvDsObjectMeta *object = l->data;
    if (is_blurred(settings, rules, object))
      osd_painter_blur(canvas, &object->rect_params);
    if (settings->masks)
      osd_painter_mask(osd->painter, canvas, &object->mask_params, &object->rect_params);
    if (settings->boxes)
      osd_painter_rect(osd->painter, canvas, &object->rect_params);
  }
}

static guint used(guint count) {
  return MIN(count, MAX_ELEMENTS_IN_DISPLAY_META);
}

static void draw_shapes(DsbindOsd *osd, const OsdCanvas *canvas, const NvDsDisplayMeta *display) {
  for (guint i = 0; i < used(display->num_rects); i++)
    osd_painter_rect(osd->painter, canvas, &display->rect_params[i]);
  for (guint i = 0; i < used(display->num_lines); i++)
    osd_painter_line(osd->painter, canvas, &display->line_params[i]);
  for (guint i = 0; i < used(display->num_arrows); i++)
    osd_painter_arrow(osd->painter, canvas, &display->arrow_params[i]);
  for (guint i = 0; i < used(display->num_circles); i++)
    osd_painter_circle(osd->painter, canvas, &display->circle_params[i]);
}

/* Text goes on last, so that no box lies over a label. */
static void draw_frame(DsbindOsd *osd, const OsdCanvas *canvas, const Settings *settings,
                       const GArray *rules, const NvDsFrameMeta *frame) {
  draw_objects(osd, canvas, settings, rules, frame);
  for (const GList *l = frame->display_meta_list; l != NULL; l = l->next)
    draw_shapes(osd, canvas, l->data);
  if (!settings->text)
    return;
  for (const GList *l = frame->obj_meta_list; l != NULL; l = l->next)
    osd_painter_text(osd->painter, canvas, &((NvDsObjectMeta *)l->data)->text_params);
  for (const GList *l = frame->display_meta_list; l != NULL; l = l->next) {
    const NvDsDisplayMeta *display = l->data;
    for (guint i = 0; i < used(display->num_labels); i++)
      osd_painter_text(osd->painter, canvas, &display->text_params[i]);
  }
}

static gboolean has_something_to_draw(const NvDsBatchMeta *batch) {
  for (const GList *l = batch->frame_meta_list; l != NULL; l = l->next) {
    const NvDsFrameMeta *frame = l->data;
    if (frame->obj_meta_list != NULL || frame->display_meta_list != NULL)
      return TRUE;
  }
  return FALSE;
}

/* One canvas for each filled frame; NULL and an error on the bus when they cannot be had. */
static OsdCanvas *open_canvases(DsbindOsd *osd, GstBuffer *buffer, guint *count) {
  NvBufSurface *surface = dsbind_buffer_surface_writable(buffer);
  if (surface == NULL) {
    GST_ELEMENT_ERROR(osd, RESOURCE, WRITE, ("nvdsosd cannot write to the frames it was given."),
                      ("the buffer holds no NvBufSurface, or copying a shared one failed"));
    return NULL;
  }
  if (surface->memType == NVBUF_MEM_SURFACE_ARRAY || surface->memType == NVBUF_MEM_HANDLE ||
      (int)surface->memType == 7 /* NVBUF_MEM_CUDA_ARRAY, of 9.0 and later */) {
    GST_ELEMENT_ERROR(osd, STREAM, FORMAT,
                      ("nvdsosd draws on host memory and on that of CUDA; memory type %d is "
                       "neither. Set nvbuf-memory-type=3 (CUDA unified) on the element before it.",
                       surface->memType),
                      (NULL));
    return NULL;
  }
  const gboolean on_gpu = dsbind_memory_is_cuda(surface->memType);
  if (on_gpu && osd->recorder == NULL)
    osd->recorder = osd_recorder_new(surface->gpuId);
  *count = MIN(surface->numFilled, surface->batchSize);
  OsdCanvas *canvases = g_new(OsdCanvas, *count + 1);
  for (guint i = 0; i < *count; i++) {
    const NvBufSurfaceParams *frame = &surface->surfaceList[i];
    if (!osd_canvas_init(&canvases[i], frame)) {
      GST_ELEMENT_ERROR(osd, STREAM, FORMAT,
                        ("nvdsosd cannot draw on frame %u: %ux%u of colour format %d.", i,
                         frame->width, frame->height, frame->colorFormat),
                        ("put nvvideoconvert with format NV12 or RGBA before it"));
      g_free(canvases);
      return NULL;
    }
    if (on_gpu)
      osd_recorder_take(osd->recorder, &canvases[i]);
  }
  return canvases;
}

static void draw_clock(DsbindOsd *osd, const OsdCanvas *canvas, const Settings *settings) {
  char text[64];
  time_t now = time(NULL);
  struct tm local;
  if (localtime_r(&now, &local) == NULL || strftime(text, sizeof text, "%c", &local) == 0)
    return;
  NvOSD_TextParams params = settings->clock_text;
  params.display_text = text;
  osd_painter_text(osd->painter, canvas, &params);
}

static void take_settings(DsbindOsd *osd, Settings *settings, GArray **rules) {
  GST_OBJECT_LOCK(osd);
  *settings = osd->settings;
  settings->clock_text.font_params.font_name =
      g_strdup(osd->settings.clock_text.font_params.font_name);
  *rules = g_array_ref(osd->blur_rules);
  GST_OBJECT_UNLOCK(osd);
}

static gboolean finish_on_gpu(DsbindOsd *osd) {
  GError *error = NULL;
  if (osd->recorder == NULL || osd_recorder_run(osd->recorder, &error))
    return TRUE;
  GST_ELEMENT_ERROR(osd, RESOURCE, WRITE, ("nvdsosd cannot draw on the GPU: %s", error->message),
                    (NULL));
  g_error_free(error);
  return FALSE;
}

static GstFlowReturn dsbind_osd_transform_ip(GstBaseTransform *base, GstBuffer *buffer) {
  DsbindOsd *osd = OSD(base);
  NvDsBatchMeta *batch = gst_buffer_get_nvds_batch_meta(buffer);
  Settings settings;
  GArray *rules;
  GstFlowReturn result = GST_FLOW_OK;
  take_settings(osd, &settings, &rules);
  if (batch != NULL && (settings.clock || has_something_to_draw(batch))) {
    guint count = 0;
    OsdCanvas *canvases = open_canvases(osd, buffer, &count);
    result = canvases != NULL ? GST_FLOW_OK : GST_FLOW_ERROR;
    if (count > 0) {
      /* After a tiler several frames share the one surface. */
      for (const GList *l = batch->frame_meta_list; l != NULL; l = l->next) {
        const NvDsFrameMeta *frame = l->data;
        draw_frame(osd, &canvases[MIN(frame->batch_id, count - 1)], &settings, rules, frame);
      }
      for (guint i = 0; settings.clock && i < count; i++)
        draw_clock(osd, &canvases[i], &settings);
      if (!finish_on_gpu(osd))
        result = GST_FLOW_ERROR;
    }
    g_free(canvases);
  }
  g_array_unref(rules);
  g_free(settings.clock_text.font_params.font_name);
  return result;
}

static gboolean dsbind_osd_start(GstBaseTransform *base) {
  if (!dsbind_element_open_runtime(GST_ELEMENT(base)))
    return FALSE;
  OSD(base)->painter = osd_painter_new();
  return TRUE;
}

static gboolean dsbind_osd_stop(GstBaseTransform *base) {
  g_clear_pointer(&OSD(base)->painter, osd_painter_free);
  g_clear_pointer(&OSD(base)->recorder, osd_recorder_free);
  return TRUE;
}

/* "component:class;component:class"; entries that are not of this form are named and left out. */
static GArray *parse_blur_rules(DsbindOsd *osd, const gchar *text) {
  GArray *rules = g_array_new(FALSE, FALSE, sizeof(BlurRule));
  gchar **entries = g_strsplit_set(text != NULL ? text : "", ";,", -1);
  for (gchar **entry = entries; *entry != NULL; entry++) {
    char *end;
    if (*g_strstrip(*entry) == '\0')
      continue;
    BlurRule rule = {.component = (gint)g_ascii_strtoll(*entry, &end, 10)};
    char *second = end + 1;
    if (end > *entry && *end == ':')
      rule.class_id = (gint)g_ascii_strtoll(second, &end, 10);
    if (end > second && *end == '\0')
      g_array_append_val(rules, rule);
    else
      GST_WARNING_OBJECT(osd, "blur-on-gie-class-ids: '%s' is not COMPONENT:CLASS", *entry);
  }
  g_strfreev(entries);
  return rules;
}

static void set_clock_color(DsbindOsd *osd, guint color) {
  NvOSD_ColorParams *to = &osd->settings.clock_text.font_params.font_color;
  osd->clock_color = color;
  to->red = (color >> 24 & 255) / 255.0;
  to->green = (color >> 16 & 255) / 255.0;
  to->blue = (color >> 8 & 255) / 255.0;
  to->alpha = (color & 255) / 255.0;
}

static void dsbind_osd_set_property(GObject *object, guint id, const GValue *value,
                                    GParamSpec *pspec) {
  DsbindOsd *osd = OSD(object);
  Settings *settings = &osd->settings;
  NvOSD_TextParams *clock = &settings->clock_text;
  GArray *rules = NULL;
  if (id == PROP_BLUR_IDS)
    rules = parse_blur_rules(osd, g_value_get_string(value));
  GST_OBJECT_LOCK(osd);
  switch (id) {
    case PROP_DISPLAY_CLOCK:
      settings->clock = g_value_get_boolean(value);
      break;
    case PROP_DISPLAY_TEXT:
      settings->text = g_value_get_boolean(value);
      break;
    case PROP_DISPLAY_BBOX:
      settings->boxes = g_value_get_boolean(value);
      break;
    case PROP_DISPLAY_MASK:
      settings->masks = g_value_get_boolean(value);
      break;
    case PROP_BLUR_BBOX:
      settings->blur = g_value_get_boolean(value);
      break;
    case PROP_BLUR_IDS:
      g_free(osd->blur_ids);
      osd->blur_ids = g_value_dup_string(value);
      g_array_unref(osd->blur_rules);
      osd->blur_rules = rules;
      break;
    case PROP_CLOCK_FONT:
      g_free(clock->font_params.font_name);
      clock->font_params.font_name = g_value_dup_string(value);
      break;
    case PROP_CLOCK_FONT_SIZE:
      clock->font_params.font_size = g_value_get_uint(value);
      break;
    case PROP_CLOCK_X:
      clock->x_offset = g_value_get_uint(value);
      break;
    case PROP_CLOCK_Y:
      clock->y_offset = g_value_get_uint(value);
      break;
    case PROP_CLOCK_COLOR:
      set_clock_color(osd, g_value_get_uint(value));
      break;
    case PROP_PROCESS_MODE:
      osd->process_mode = g_value_get_enum(value);
      break;
    case PROP_GPU_ID:
      osd->gpu_id = g_value_get_uint(value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
  GST_OBJECT_UNLOCK(osd);
}

static void dsbind_osd_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec) {
  DsbindOsd *osd = OSD(object);
  const Settings *settings = &osd->settings;
  const NvOSD_TextParams *clock = &settings->clock_text;
  GST_OBJECT_LOCK(osd);
  switch (id) {
    case PROP_DISPLAY_CLOCK:
      g_value_set_boolean(value, settings->clock);
      break;
    case PROP_DISPLAY_TEXT:
      g_value_set_boolean(value, settings->text);
      break;
    case PROP_DISPLAY_BBOX:
      g_value_set_boolean(value, settings->boxes);
      break;
    case PROP_DISPLAY_MASK:
      g_value_set_boolean(value, settings->masks);
      break;
    case PROP_BLUR_BBOX:
      g_value_set_boolean(value, settings->blur);
      break;
    case PROP_BLUR_IDS:
      g_value_set_string(value, osd->blur_ids);
      break;
    case PROP_CLOCK_FONT:
      g_value_set_string(value, clock->font_params.font_name);
      break;
    case PROP_CLOCK_FONT_SIZE:
      g_value_set_uint(value, clock->font_params.font_size);
      break;
    case PROP_CLOCK_X:
      g_value_set_uint(value, clock->x_offset);
      break;
    case PROP_CLOCK_Y:
      g_value_set_uint(value, clock->y_offset);
      break;
    case PROP_CLOCK_COLOR:
      g_value_set_uint(value, osd->clock_color);
      break;
    case PROP_PROCESS_MODE:
      g_value_set_enum(value, osd->process_mode);
      break;
    case PROP_GPU_ID:
      g_value_set_uint(value, osd->gpu_id);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
  GST_OBJECT_UNLOCK(osd);
}

static void dsbind_osd_finalize(GObject *object) {
  DsbindOsd *osd = OSD(object);
  g_free(osd->settings.clock_text.font_params.font_name);
  g_free(osd->blur_ids);
  g_array_unref(osd->blur_rules);
  osd_painter_free(osd->painter);
  osd_recorder_free(osd->recorder);
  G_OBJECT_CLASS(dsbind_osd_parent_class)->finalize(object);
}

static void install_properties(GObjectClass *object) {
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_CONSTRUCT |
                            GST_PARAM_MUTABLE_PLAYING;
  struct {
    guint id;
    const char *name, *blurb;
    gboolean value;
  } switches[] = {
      {PROP_DISPLAY_CLOCK, "display-clock", "Show the time of day", FALSE},
      {PROP_DISPLAY_TEXT, "display-text", "Draw labels and other text", TRUE},
      {PROP_DISPLAY_BBOX, "display-bbox", "Draw the boxes of objects", TRUE},
      {PROP_DISPLAY_MASK, "display-mask", "Shade the masks of objects", FALSE},
      {PROP_BLUR_BBOX, "blur-bbox", "Make what is inside the boxes unrecognisable", FALSE},
  };
  for (guint i = 0; i < G_N_ELEMENTS(switches); i++)
    g_object_class_install_property(
        object, switches[i].id,
        g_param_spec_boolean(switches[i].name, switches[i].name, switches[i].blurb,
                             switches[i].value, flags));
  struct {
    guint id;
    const char *name, *blurb;
    guint max, value;
  } numbers[] = {
      {PROP_CLOCK_FONT_SIZE, "clock-font-size", "Size of the clock in points", 60, 12},
      {PROP_CLOCK_X, "x-clock-offset", "Left of the clock in pixels", G_MAXINT, 0},
      {PROP_CLOCK_Y, "y-clock-offset", "Top of the clock in pixels", G_MAXINT, 0},
      {PROP_CLOCK_COLOR, "clock-color", "Colour of the clock, 0xRRGGBBAA", G_MAXUINT, 0xff0000ffu},
      {PROP_GPU_ID, "gpu-id", "GPU whose memory the frames are in", G_MAXUINT, 0},
  };
  for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
    g_object_class_install_property(
        object, numbers[i].id,
        g_param_spec_uint(numbers[i].name, numbers[i].name, numbers[i].blurb, 0, numbers[i].max,
                          numbers[i].value, flags));
  g_object_class_install_property(
      object, PROP_CLOCK_FONT,
      g_param_spec_string("clock-font", "clock-font", "Font family of the clock", "Serif", flags));
  g_object_class_install_property(
      object, PROP_BLUR_IDS,
      g_param_spec_string("blur-on-gie-class-ids", "blur-on-gie-class-ids",
                          "Blur only objects of these detectors and classes: "
                          "COMPONENT:CLASS;COMPONENT:CLASS",
                          NULL, flags));
  g_object_class_install_property(
      object, PROP_PROCESS_MODE,
      g_param_spec_enum("process-mode", "process-mode",
                        "Where to draw; frames in host memory are drawn on by the CPU",
                        process_mode_type(), MODE_GPU, flags));
}

static void dsbind_osd_class_init(DsbindOsdClass *klass) {
  GObjectClass *object = G_OBJECT_CLASS(klass);
  GstElementClass *element = GST_ELEMENT_CLASS(klass);
  GstBaseTransformClass *base = GST_BASE_TRANSFORM_CLASS(klass);
  object->set_property = dsbind_osd_set_property;
  object->get_property = dsbind_osd_get_property;
  object->finalize = dsbind_osd_finalize;
  install_properties(object);
  GstCaps *caps = gst_caps_from_string(DSBIND_NVMM_CAPS);
  gst_element_class_add_pad_template(
      element, gst_pad_template_new("sink", GST_PAD_SINK, GST_PAD_ALWAYS, caps));
  gst_element_class_add_pad_template(
      element, gst_pad_template_new("src", GST_PAD_SRC, GST_PAD_ALWAYS, caps));
  gst_caps_unref(caps);
  gst_element_class_set_static_metadata(
      element, "On-screen display", "Filter/Editor/Video",
      "Draws boxes, labels, lines, arrows, circles and masks from batch metadata", "dsbind");
  base->start = dsbind_osd_start;
  base->stop = dsbind_osd_stop;
  base->transform_ip = dsbind_osd_transform_ip;
  gst_type_mark_as_plugin_api(process_mode_type(), 0);
}

static void dsbind_osd_init(DsbindOsd *osd) {
  osd->blur_rules = g_array_new(FALSE, FALSE, sizeof(BlurRule));
  gst_base_transform_set_in_place(GST_BASE_TRANSFORM(osd), TRUE);
}

static gboolean plugin_init(GstPlugin *plugin) {
  GST_DEBUG_CATEGORY_INIT(osd_debug, "nvdsosd", 0, "on-screen display");
  return gst_element_register(plugin, "nvdsosd", GST_RANK_NONE, dsbind_osd_get_type());
}

#define PACKAGE "dsbind"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nvdsosd, "On-screen display",
                  plugin_init, DSBIND_VERSION, "Apache 2.0", "dsbind", "dsbind")
