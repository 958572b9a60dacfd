/* SPDX-License-Identifier: Apache-2.0 */
#include "nvvideoconvert.h"

static gboolean plugin_init(GstPlugin *plugin) {
  return gst_element_register(plugin, "nvvideoconvert", GST_RANK_NONE,
                              dsbind_video_convert_get_type());
}

#define PACKAGE "dsbind"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nvvideoconvert,
                  "Converts frames between NVMM and system memory", plugin_init, DSBIND_VERSION,
                  "Apache 2.0", "dsbind", "dsbind")
