/* SPDX-License-Identifier: Apache-2.0 */
/* nveglglessink: a window for NVMM frames, through whichever video sink works on this display. */
#include <gst/base/gstbasesink.h>
#include <gst/gst.h>
#include "nvmm.h"

typedef struct {
  GstBin parent;
  GstElement *convert, *scale, *filter, *window; /* owned by the bin; window from READY on */
  const char *missing;
  gboolean sync, async, qos, force_aspect_ratio;
  gint64 max_lateness;
  guint gpu_id, x, y, width, height;
} DsbindWindowSink;

typedef struct {
  GstBinClass parent;
} DsbindWindowSinkClass;

GType dsbind_window_sink_get_type(void);
G_DEFINE_TYPE(DsbindWindowSink, dsbind_window_sink, GST_TYPE_BIN)
#define SINK(object) ((DsbindWindowSink *)(object))

enum {
  PROP_0,
  PROP_SYNC,
  PROP_ASYNC,
  PROP_QOS,
  PROP_MAX_LATENESS,
  PROP_FORCE_ASPECT_RATIO,
  PROP_GPU_ID,
  PROP_X,
  PROP_Y,
  PROP_WIDTH,
  PROP_HEIGHT,
};

static gboolean is_set(const char *variable) {
  const char *value = g_getenv(variable);
  return value != NULL && value[0] != '\0';
}

static void set_if_there(GstElement *element, const char *name, gboolean value) {
  if (g_object_class_find_property(G_OBJECT_GET_CLASS(element), name) != NULL)
    g_object_set(element, name, value, NULL);
}

/* The first sink that can open its display. Tried outside the bin: what the others say of their
 * failure is no error of ours. */
static GstElement *open_window(void) {
  const char *wayland[] = {"waylandsink", "glimagesink", NULL};
  const char *x11[] = {"xvimagesink", "ximagesink", NULL};
  const char *const *lists[] = {is_set("WAYLAND_DISPLAY") ? wayland : NULL,
                                is_set("DISPLAY") ? x11 : NULL};
  for (guint i = 0; i < G_N_ELEMENTS(lists); i++) {
    for (const char *const *name = lists[i]; name != NULL && *name != NULL; name++) {
      GstElement *window = gst_element_factory_make(*name, "window");
      if (window == NULL)
        continue;
      if (gst_element_set_state(window, GST_STATE_READY) == GST_STATE_CHANGE_SUCCESS) {
        gst_element_set_state(window, GST_STATE_NULL);
        return window;
      }
      gst_element_set_state(window, GST_STATE_NULL);
      gst_object_unref(gst_object_ref_sink(window));
    }
  }
  return NULL;
}

static void configure_window(DsbindWindowSink *sink) {
  g_object_set(sink->window, "sync", sink->sync, "async", sink->async, "qos", sink->qos,
               "max-lateness", sink->max_lateness, NULL);
  set_if_there(sink->window, "force-aspect-ratio", sink->force_aspect_ratio);
  if (sink->width > 0 && sink->height > 0) {
    GstCaps *caps = gst_caps_new_simple("video/x-raw", "width", G_TYPE_INT, (gint)sink->width,
                                        "height", G_TYPE_INT, (gint)sink->height, NULL);
    g_object_set(sink->filter, "caps", caps, NULL);
    gst_caps_unref(caps);
  }
}

static gboolean add_window(DsbindWindowSink *sink) {
  if (sink->missing != NULL) {
    GST_ELEMENT_ERROR(sink, CORE, MISSING_PLUGIN,
                      ("nveglglessink needs the element %s, which is not there.", sink->missing),
                      ("GST_PLUGIN_PATH must name the folder of dsbind's plugins"));
    return FALSE;
  }
  if (sink->window != NULL)
    return TRUE;
  sink->window = open_window();
  if (sink->window == NULL) {
    GST_ELEMENT_ERROR(sink, RESOURCE, NOT_FOUND,
                      ("no display (WAYLAND_DISPLAY is %s, DISPLAY is %s): use "
                       "render(RenderMode.DISCARD) or encode(...)",
                       is_set("WAYLAND_DISPLAY") ? g_getenv("WAYLAND_DISPLAY") : "not set",
                       is_set("DISPLAY") ? g_getenv("DISPLAY") : "not set"),
                      (NULL));
    return FALSE;
  }
  configure_window(sink);
  gst_bin_add(GST_BIN(sink), sink->window);
  if (gst_element_link(sink->filter, sink->window))
    return TRUE;
  GST_ELEMENT_ERROR(sink, CORE, PAD, ("nveglglessink cannot use the video sink %s that works on "
                                      "this display: it takes no raw video.",
                                      GST_OBJECT_NAME(gst_element_get_factory(sink->window))),
                    (NULL));
  return FALSE;
}

static GstStateChangeReturn dsbind_window_sink_change_state(GstElement *element,
                                                            GstStateChange transition) {
  DsbindWindowSink *sink = SINK(element);
  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !add_window(sink))
    return GST_STATE_CHANGE_FAILURE;
  GstStateChangeReturn result =
      GST_ELEMENT_CLASS(dsbind_window_sink_parent_class)->change_state(element, transition);
  if (transition == GST_STATE_CHANGE_READY_TO_NULL && sink->window != NULL) {
    gst_bin_remove(GST_BIN(sink), sink->window);
    sink->window = NULL;
  }
  return result;
}

static void dsbind_window_sink_set_property(GObject *object, guint id, const GValue *value,
                                            GParamSpec *pspec) {
  DsbindWindowSink *sink = SINK(object);
  switch (id) {
    case PROP_SYNC:
      sink->sync = g_value_get_boolean(value);
      break;
    case PROP_ASYNC:
      sink->async = g_value_get_boolean(value);
      break;
    case PROP_QOS:
      sink->qos = g_value_get_boolean(value);
      break;
    case PROP_MAX_LATENESS:
      sink->max_lateness = g_value_get_int64(value);
      break;
    case PROP_FORCE_ASPECT_RATIO:
      sink->force_aspect_ratio = g_value_get_boolean(value);
      break;
    case PROP_GPU_ID:
      sink->gpu_id = g_value_get_uint(value);
      break;
    case PROP_X:
      sink->x = g_value_get_uint(value);
      break;
    case PROP_Y:
      sink->y = g_value_get_uint(value);
      break;
    case PROP_WIDTH:
      sink->width = g_value_get_uint(value);
      break;
    case PROP_HEIGHT:
      sink->height = g_value_get_uint(value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
  if (sink->window != NULL)
    configure_window(sink);
}

static void dsbind_window_sink_get_property(GObject *object, guint id, GValue *value,
                                            GParamSpec *pspec) {
  DsbindWindowSink *sink = SINK(object);
  switch (id) {
    case PROP_SYNC:
      g_value_set_boolean(value, sink->sync);
      break;
    case PROP_ASYNC:
      g_value_set_boolean(value, sink->async);
      break;
    case PROP_QOS:
      g_value_set_boolean(value, sink->qos);
      break;
    case PROP_MAX_LATENESS:
      g_value_set_int64(value, sink->max_lateness);
      break;
    case PROP_FORCE_ASPECT_RATIO:
      g_value_set_boolean(value, sink->force_aspect_ratio);
      break;
    case PROP_GPU_ID:
      g_value_set_uint(value, sink->gpu_id);
      break;
    case PROP_X:
      g_value_set_uint(value, sink->x);
      break;
    case PROP_Y:
      g_value_set_uint(value, sink->y);
      break;
    case PROP_WIDTH:
      g_value_set_uint(value, sink->width);
      break;
    case PROP_HEIGHT:
      g_value_set_uint(value, sink->height);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, pspec);
  }
}

static void install_properties(GObjectClass *object) {
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_CONSTRUCT;
  struct {
    guint id;
    GParamSpec *spec;
  } properties[] = {
      {PROP_SYNC, g_param_spec_boolean("sync", "", "Show each frame at its time", TRUE, flags)},
      {PROP_ASYNC,
       g_param_spec_boolean("async", "", "Wait for the first frame before playing", TRUE, flags)},
      {PROP_QOS, g_param_spec_boolean("qos", "", "Tell upstream when frames are late", TRUE,
                                      flags)},
      {PROP_MAX_LATENESS,
       g_param_spec_int64("max-lateness", "", "Drop frames later than this, ns; -1 never", -1,
                          G_MAXINT64, 20 * GST_MSECOND, flags)},
      {PROP_FORCE_ASPECT_RATIO,
       g_param_spec_boolean("force-aspect-ratio", "", "Keep the shape of the frame", TRUE, flags)},
      {PROP_GPU_ID, g_param_spec_uint("gpu-id", "", "GPU whose memory the frames are in", 0,
                                      G_MAXUINT, 0, flags)},
      {PROP_X, g_param_spec_uint("window-x", "", "Left of the window, where the display lets a "
                                 "program choose", 0, G_MAXINT, 0, flags)},
      {PROP_Y, g_param_spec_uint("window-y", "", "Top of the window, where the display lets a "
                                 "program choose", 0, G_MAXINT, 0, flags)},
      {PROP_WIDTH, g_param_spec_uint("window-width", "", "Width of the window; 0 is the frame's",
                                     0, DSBIND_MAX_SIDE, 0, flags)},
      {PROP_HEIGHT, g_param_spec_uint("window-height", "", "Height of the window; 0 is the "
                                      "frame's", 0, DSBIND_MAX_SIDE, 0, flags)},
  };
  for (guint i = 0; i < G_N_ELEMENTS(properties); i++)
    g_object_class_install_property(object, properties[i].id, properties[i].spec);
}

static void dsbind_window_sink_class_init(DsbindWindowSinkClass *klass) {
  GObjectClass *object = G_OBJECT_CLASS(klass);
  GstElementClass *element = GST_ELEMENT_CLASS(klass);
  object->set_property = dsbind_window_sink_set_property;
  object->get_property = dsbind_window_sink_get_property;
  element->change_state = dsbind_window_sink_change_state;
  install_properties(object);
  GstCaps *caps = gst_caps_from_string(DSBIND_NVMM_CAPS);
  gst_element_class_add_pad_template(
      element, gst_pad_template_new("sink", GST_PAD_SINK, GST_PAD_ALWAYS, caps));
  gst_caps_unref(caps);
  gst_element_class_set_static_metadata(element, "Window for NVMM frames", "Sink/Video",
                                        "Shows frames in a window of the display", "dsbind");
}

static void dsbind_window_sink_init(DsbindWindowSink *sink) {
  struct {
    const char *factory;
    GstElement **element;
  } children[] = {
      {"nvvideoconvert", &sink->convert},
      {"videoconvert", NULL},
      {"videoscale", &sink->scale},
      {"capsfilter", &sink->filter},
  };
  GST_OBJECT_FLAG_SET(sink, GST_ELEMENT_FLAG_SINK);
  gst_bin_set_suppressed_flags(GST_BIN(sink), GST_ELEMENT_FLAG_SOURCE | GST_ELEMENT_FLAG_SINK);
  GstElement *previous = NULL;
  for (guint i = 0; i < G_N_ELEMENTS(children); i++) {
    GstElement *child = gst_element_factory_make(children[i].factory, NULL);
    if (child == NULL) {
      sink->missing = children[i].factory;
      return;
    }
    gst_bin_add(GST_BIN(sink), child);
    if (previous != NULL)
      gst_element_link(previous, child);
    if (children[i].element != NULL)
      *children[i].element = child;
    previous = child;
  }
  GstPad *target = gst_element_get_static_pad(sink->convert, "sink");
  GstPadTemplate *template = gst_element_get_pad_template(GST_ELEMENT(sink), "sink");
  gst_element_add_pad(GST_ELEMENT(sink), gst_ghost_pad_new_from_template("sink", target, template));
  gst_object_unref(target);
}

static gboolean plugin_init(GstPlugin *plugin) {
  return gst_element_register(plugin, "nveglglessink", GST_RANK_NONE,
                              dsbind_window_sink_get_type());
}

#define PACKAGE "dsbind"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nveglglessink,
                  "Window for NVMM frames", plugin_init, DSBIND_VERSION, "Apache 2.0", "dsbind",
                  "dsbind")
