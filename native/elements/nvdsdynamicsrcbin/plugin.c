/* SPDX-License-Identifier: Apache-2.0 */
#include "nvdsdynamicsrcbin.h"

static gboolean plugin_init(GstPlugin *plugin) {
  return gst_element_register(plugin, "nvdsdynamicsrcbin", GST_RANK_NONE,
                              dsbind_dynamic_src_bin_get_type());
}

#define PACKAGE "dsbind"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nvdsdynamicsrcbin,
                  "Files or streams that come and go", plugin_init, DSBIND_VERSION,
                  "Apache 2.0", "dsbind", "dsbind")
