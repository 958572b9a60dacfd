/* SPDX-License-Identifier: Apache-2.0 */
#include "nvurisrcbin.h"

static gboolean plugin_init(GstPlugin *plugin) {
  return gst_element_register(plugin, "nvurisrcbin", GST_RANK_NONE, dsbind_uri_src_bin_get_type());
}

#define PACKAGE "dsbind"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nvurisrcbin,
                  "Decodes a URI into NVMM memory", plugin_init, DSBIND_VERSION, "Apache 2.0",
                  "dsbind", "dsbind")
