/* SPDX-License-Identifier: Apache-2.0 */
#include "software.h"

#include <string.h>

/* Decoders whose frames do not come back to host memory by themselves, or ourselves. */
static gboolean is_unfit(GstElementFactory *factory) {
  static const char *const prefixes[] = {"nv", "va", "v4l2", "omx", "msdk", "qsv", "d3d", "vulkan"};
  const char *name = GST_OBJECT_NAME(factory);
  const char *klass = gst_element_factory_get_metadata(factory, GST_ELEMENT_METADATA_KLASS);
  if (klass && strstr(klass, "Hardware")) return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS(prefixes); i++)
    if (g_str_has_prefix(name, prefixes[i])) return TRUE;
  return FALSE;
}

GstElement *dsbind_software_decoder_new(const GstCaps *caps) {
  GList *all = gst_element_factory_list_get_elements(
      GST_ELEMENT_FACTORY_TYPE_DECODER | GST_ELEMENT_FACTORY_TYPE_MEDIA_VIDEO |
          GST_ELEMENT_FACTORY_TYPE_MEDIA_IMAGE,
      GST_RANK_MARGINAL);
  GList *fit = gst_element_factory_list_filter(all, caps, GST_PAD_SINK, TRUE);
  GstElement *decoder = NULL;
  fit = g_list_sort(fit, gst_plugin_feature_rank_compare_func);
  for (GList *item = fit; item && !decoder; item = item->next)
    if (!is_unfit(item->data)) decoder = gst_element_factory_create(item->data, "decoder");
  gst_plugin_feature_list_free(fit);
  gst_plugin_feature_list_free(all);
  return decoder;
}

const char *dsbind_software_decoder_package(const GstCaps *caps) {
  const GstStructure *structure = gst_caps_get_structure(caps, 0);
  if (gst_structure_has_name(structure, "video/x-av1")) return "gstreamer1.0-plugins-bad";
  if (gst_structure_has_name(structure, "image/jpeg")) return "gstreamer1.0-plugins-good";
  return "gstreamer1.0-libav";
}

void dsbind_software_decoder_set_low_latency(GstElement *decoder, gboolean low) {
  if (low && g_object_class_find_property(G_OBJECT_GET_CLASS(decoder), "thread-type"))
    gst_util_set_object_arg(G_OBJECT(decoder), "thread-type", "slice");
}

void dsbind_software_decoder_set_threads(GstElement *decoder, guint threads) {
  static const char *const names[] = {"max-threads", "threads", "n-threads"};
  GObjectClass *klass = G_OBJECT_GET_CLASS(decoder);
  for (guint i = 0; threads && i < G_N_ELEMENTS(names); i++)
    if (g_object_class_find_property(klass, names[i])) g_object_set(decoder, names[i], threads, NULL);
}
