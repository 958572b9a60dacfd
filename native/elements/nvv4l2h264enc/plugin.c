/* SPDX-License-Identifier: Apache-2.0 */
#include "nvv4l2h264enc.h"

static gboolean plugin_init(GstPlugin *plugin) {
  return gst_element_register(plugin, "nvv4l2h264enc", GST_RANK_NONE,
                              dsbind_v4l2_h264_enc_get_type());
}

#define PACKAGE "dsbind"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nvv4l2h264enc,
                  "Encodes NVMM frames to H.264", plugin_init, DSBIND_VERSION, "Apache 2.0",
                  "dsbind", "dsbind")
