/* SPDX-License-Identifier: Apache-2.0 */
#include "nvv4l2decoder.h"

static gboolean plugin_init(GstPlugin *plugin) {
  return gst_element_register(plugin, "nvv4l2decoder", GST_RANK_NONE,
                              dsbind_v4l2_decoder_get_type());
}

#define PACKAGE "dsbind"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nvv4l2decoder,
                  "Decodes video into NVMM memory", plugin_init, DSBIND_VERSION, "Apache 2.0",
                  "dsbind", "dsbind")
