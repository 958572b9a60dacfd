/* SPDX-License-Identifier: Apache-2.0 */
/* nvosdbin: queue, converter and nvdsosd as one element with nvdsosd's properties. */
#include <gst/gst.h>
#include "nvmm.h"

typedef struct {
  GstBin parent;
  GstElement *osd; /* owned by the bin; NULL when nvdsosd is not to be had */
  const char *missing;
} DsbindOsdBin;

typedef struct {
  GstBinClass parent;
} DsbindOsdBinClass;

GType dsbind_osd_bin_get_type(void);
G_DEFINE_TYPE(DsbindOsdBin, dsbind_osd_bin, GST_TYPE_BIN)
#define OSD_BIN(object) ((DsbindOsdBin *)(object))

/* Ids are positions in the table of install_properties(); all are passed on by name. */
static void dsbind_osd_bin_set_property(GObject *object, guint id G_GNUC_UNUSED,
                                        const GValue *value, GParamSpec *pspec) {
  if (OSD_BIN(object)->osd != NULL)
    g_object_set_property(G_OBJECT(OSD_BIN(object)->osd), pspec->name, value);
}

static void dsbind_osd_bin_get_property(GObject *object, guint id G_GNUC_UNUSED, GValue *value,
                                        GParamSpec *pspec) {
  if (OSD_BIN(object)->osd != NULL)
    g_object_get_property(G_OBJECT(OSD_BIN(object)->osd), pspec->name, value);
}

static void install_properties(GObjectClass *object) {
  const GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING;
  GParamSpec *specs[] = {
      g_param_spec_boolean("display-clock", "", "Show the time of day", FALSE, flags),
      g_param_spec_boolean("display-text", "", "Draw labels and other text", TRUE, flags),
      g_param_spec_boolean("display-bbox", "", "Draw the boxes of objects", TRUE, flags),
      g_param_spec_boolean("display-mask", "", "Shade the masks of objects", FALSE, flags),
      g_param_spec_boolean("blur-bbox", "", "Make what is inside the boxes unrecognisable", FALSE,
                           flags),
      g_param_spec_string("blur-on-gie-class-ids", "",
                          "Blur only objects of these detectors and classes: "
                          "COMPONENT:CLASS;COMPONENT:CLASS",
                          NULL, flags),
      g_param_spec_string("clock-font", "", "Font family of the clock", "Serif", flags),
      g_param_spec_uint("clock-font-size", "", "Size of the clock in points", 0, 60, 12, flags),
      g_param_spec_uint("x-clock-offset", "", "Left of the clock in pixels", 0, G_MAXINT, 0,
                        flags),
      g_param_spec_uint("y-clock-offset", "", "Top of the clock in pixels", 0, G_MAXINT, 0, flags),
      g_param_spec_uint("clock-color", "", "Colour of the clock, 0xRRGGBBAA", 0, G_MAXUINT,
                        0xff0000ffu, flags),
      g_param_spec_int("process-mode", "", "Where to draw: 0 on the CPU, 1 on the GPU", 0, 1, 1,
                       flags),
      g_param_spec_uint("gpu-id", "", "GPU whose memory the frames are in", 0, G_MAXUINT, 0,
                        flags),
  };
  for (guint i = 0; i < G_N_ELEMENTS(specs); i++)
    g_object_class_install_property(object, i + 1, specs[i]);
}

static GstStateChangeReturn dsbind_osd_bin_change_state(GstElement *element,
                                                        GstStateChange transition) {
  DsbindOsdBin *bin = OSD_BIN(element);
  if (transition == GST_STATE_CHANGE_NULL_TO_READY && bin->missing != NULL) {
    GST_ELEMENT_ERROR(bin, CORE, MISSING_PLUGIN,
                      ("nvosdbin needs the element %s, which is not there.", bin->missing),
                      ("GST_PLUGIN_PATH must name the folder of dsbind's plugins"));
    return GST_STATE_CHANGE_FAILURE;
  }
  return GST_ELEMENT_CLASS(dsbind_osd_bin_parent_class)->change_state(element, transition);
}

static void dsbind_osd_bin_class_init(DsbindOsdBinClass *klass) {
  GObjectClass *object = G_OBJECT_CLASS(klass);
  GstElementClass *element = GST_ELEMENT_CLASS(klass);
  object->set_property = dsbind_osd_bin_set_property;
  object->get_property = dsbind_osd_bin_get_property;
  element->change_state = dsbind_osd_bin_change_state;
  install_properties(object);
  GstCaps *caps = gst_caps_from_string(DSBIND_NVMM_CAPS);
  gst_element_class_add_pad_template(
      element, gst_pad_template_new("sink", GST_PAD_SINK, GST_PAD_ALWAYS, caps));
  gst_element_class_add_pad_template(
      element, gst_pad_template_new("src", GST_PAD_SRC, GST_PAD_ALWAYS, caps));
  gst_caps_unref(caps);
  gst_element_class_set_static_metadata(element, "On-screen display bin", "Filter/Editor/Video",
                                        "Converts frames and draws batch metadata on them",
                                        "dsbind");
}

static void add_ghost(GstElement *bin, const char *name, GstElement *child) {
  GstPad *target = gst_element_get_static_pad(child, name);
  GstPadTemplate *template = gst_element_get_pad_template(bin, name);
  gst_element_add_pad(bin, gst_ghost_pad_new_from_template(name, target, template));
  gst_object_unref(target);
}

static void dsbind_osd_bin_init(DsbindOsdBin *bin) {
  static const char *const names[] = {"queue", "nvvideoconvert", "nvdsosd"};
  GstElement *children[G_N_ELEMENTS(names)];
  GstElement *previous = NULL;
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    children[i] = gst_element_factory_make(names[i], names[i]);
    if (children[i] == NULL) {
      bin->missing = names[i];
      return;
    }
    gst_bin_add(GST_BIN(bin), children[i]);
    if (previous != NULL)
      gst_element_link(previous, children[i]);
    previous = children[i];
  }
  bin->osd = previous;
  add_ghost(GST_ELEMENT(bin), "sink", children[0]);
  add_ghost(GST_ELEMENT(bin), "src", previous);
}

static gboolean plugin_init(GstPlugin *plugin) {
  return gst_element_register(plugin, "nvosdbin", GST_RANK_NONE, dsbind_osd_bin_get_type());
}

#define PACKAGE "dsbind"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nvosdbin, "On-screen display bin",
                  plugin_init, DSBIND_VERSION, "Apache 2.0", "dsbind", "dsbind")
