/* SPDX-License-Identifier: Apache-2.0 */
#include "nvmultiurisrcbin.h"

static gboolean plugin_init(GstPlugin *plugin) {
  return gst_element_register(plugin, "nvmultiurisrcbin", GST_RANK_NONE,
                              dsbind_multi_uri_src_bin_get_type());
}

#define PACKAGE "dsbind"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nvmultiurisrcbin,
                  "Batches of the frames of many files or streams", plugin_init, DSBIND_VERSION,
                  "Apache 2.0", "dsbind", "dsbind")
