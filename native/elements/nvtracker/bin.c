/* SPDX-License-Identifier: Apache-2.0 */
/* nvtrackerbin: a queue and nvtracker as one element with nvtracker's properties. */
#include "bin.h"

#include "nvmm.h"

typedef struct {
  GstBin parent;
  GstElement *tracker; /* owned by the bin; NULL when nvtracker is not to be had */
  const char *missing;
} DsbindTrackerBin;

typedef struct {
  GstBinClass parent;
} DsbindTrackerBinClass;

G_DEFINE_TYPE(DsbindTrackerBin, dsbind_tracker_bin, GST_TYPE_BIN)
#define TRACKER_BIN(object) ((DsbindTrackerBin *)(object))

/* Properties are passed on by name. */
static void dsbind_tracker_bin_set_property(GObject *object, guint id G_GNUC_UNUSED,
                                            const GValue *value, GParamSpec *pspec) {
  if (TRACKER_BIN(object)->tracker != NULL)
    g_object_set_property(G_OBJECT(TRACKER_BIN(object)->tracker), pspec->name, value);
}

static void dsbind_tracker_bin_get_property(GObject *object, guint id G_GNUC_UNUSED, GValue *value,
                                            GParamSpec *pspec) {
  if (TRACKER_BIN(object)->tracker != NULL)
    g_object_get_property(G_OBJECT(TRACKER_BIN(object)->tracker), pspec->name, value);
}

/* A property like one of nvtracker's; NULL for kinds that it has none of. */
static GParamSpec *like(GParamSpec *spec) {
  const char *name = spec->name, *nick = g_param_spec_get_nick(spec);
  const char *blurb = g_param_spec_get_blurb(spec);
  if (G_IS_PARAM_SPEC_UINT(spec)) {
    GParamSpecUInt *of = G_PARAM_SPEC_UINT(spec);
    return g_param_spec_uint(name, nick, blurb, of->minimum, of->maximum, of->default_value,
                             spec->flags);
  }
  if (G_IS_PARAM_SPEC_INT(spec)) {
    GParamSpecInt *of = G_PARAM_SPEC_INT(spec);
    return g_param_spec_int(name, nick, blurb, of->minimum, of->maximum, of->default_value,
                            spec->flags);
  }
  if (G_IS_PARAM_SPEC_BOOLEAN(spec))
    return g_param_spec_boolean(name, nick, blurb, G_PARAM_SPEC_BOOLEAN(spec)->default_value,
                                spec->flags);
  if (G_IS_PARAM_SPEC_STRING(spec))
    return g_param_spec_string(name, nick, blurb, G_PARAM_SPEC_STRING(spec)->default_value,
                               spec->flags);
  if (G_IS_PARAM_SPEC_ENUM(spec))
    return g_param_spec_enum(name, nick, blurb, spec->value_type,
                             G_PARAM_SPEC_ENUM(spec)->default_value, spec->flags);
  return NULL;
}

/* Those of nvtracker itself, not of the classes that it is made from. */
static void install_properties(GObjectClass *object) {
  GObjectClass *tracker = g_type_class_ref(dsbind_tracker_get_type());
  guint count = 0, id = 1;
  GParamSpec **specs = g_object_class_list_properties(tracker, &count);
  for (guint i = 0; i < count; i++) {
    GParamSpec *spec =
        specs[i]->owner_type == G_OBJECT_CLASS_TYPE(tracker) ? like(specs[i]) : NULL;
    if (spec != NULL) g_object_class_install_property(object, id++, spec);
  }
  g_free(specs);
  g_type_class_unref(tracker);
}

static GstStateChangeReturn dsbind_tracker_bin_change_state(GstElement *element,
                                                            GstStateChange transition) {
  DsbindTrackerBin *bin = TRACKER_BIN(element);
  if (transition == GST_STATE_CHANGE_NULL_TO_READY && bin->missing != NULL) {
    GST_ELEMENT_ERROR(bin, CORE, MISSING_PLUGIN,
                      ("nvtrackerbin needs the element %s, which is not there.", bin->missing),
                      ("GST_PLUGIN_PATH must name the folder of dsbind's plugins"));
    return GST_STATE_CHANGE_FAILURE;
  }
  return GST_ELEMENT_CLASS(dsbind_tracker_bin_parent_class)->change_state(element, transition);
}

static void dsbind_tracker_bin_class_init(DsbindTrackerBinClass *klass) {
  GObjectClass *object = G_OBJECT_CLASS(klass);
  GstElementClass *element = GST_ELEMENT_CLASS(klass);
  object->set_property = dsbind_tracker_bin_set_property;
  object->get_property = dsbind_tracker_bin_get_property;
  element->change_state = dsbind_tracker_bin_change_state;
  install_properties(object);
  GstCaps *caps = gst_caps_from_string(DSBIND_NVMM_CAPS);
  gst_element_class_add_pad_template(
      element, gst_pad_template_new("sink", GST_PAD_SINK, GST_PAD_ALWAYS, caps));
  gst_element_class_add_pad_template(
      element, gst_pad_template_new("src", GST_PAD_SRC, GST_PAD_ALWAYS, caps));
  gst_caps_unref(caps);
  gst_element_class_set_static_metadata(element, "Object tracker bin", "Filter/Video",
                                        "Follows objects from frame to frame, on a thread of its "
                                        "own",
                                        "dsbind");
}

static void add_ghost(GstElement *bin, const char *name, GstElement *child) {
  GstPad *target = gst_element_get_static_pad(child, name);
  GstPadTemplate *template = gst_element_get_pad_template(bin, name);
  gst_element_add_pad(bin, gst_ghost_pad_new_from_template(name, target, template));
  gst_object_unref(target);
}

static void dsbind_tracker_bin_init(DsbindTrackerBin *bin) {
  GstElement *queue = gst_element_factory_make("queue", "queue");
  GstElement *tracker = gst_element_factory_make("nvtracker", "nvtracker");
  if (queue == NULL || tracker == NULL) {
    bin->missing = queue == NULL ? "queue" : "nvtracker";
    if (queue != NULL) gst_object_unref(gst_object_ref_sink(queue));
    if (tracker != NULL) gst_object_unref(gst_object_ref_sink(tracker));
    return;
  }
  /* By batches: their bytes are the size of a description, their time that of one frame. */
  g_object_set(queue, "max-size-buffers", 3, "max-size-bytes", 0, "max-size-time", (guint64)0,
               NULL);
  gst_bin_add_many(GST_BIN(bin), queue, tracker, NULL);
  gst_element_link(queue, tracker);
  bin->tracker = tracker;
  add_ghost(GST_ELEMENT(bin), "sink", queue);
  add_ghost(GST_ELEMENT(bin), "src", tracker);
}
