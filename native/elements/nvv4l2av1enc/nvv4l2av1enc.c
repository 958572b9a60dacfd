/* SPDX-License-Identifier: Apache-2.0 */
#include "encoder.h"

static const char *const factories[] = {"av1enc", "svtav1enc", NULL};

static const DsbindCodecProfile profiles[] = {{0, "Main", "Main", ""}, {0, NULL, NULL, NULL}};

static const DsbindCodec codec = {
    .element = "nvv4l2av1enc",
    .type_name = "DsbindV4l2Av1Enc",
    .codec = "AV1",
    .klass = "Codec/Encoder/Video",
    .input = GST_VIDEO_CAPS_MAKE("I420"),
    .output = "video/x-av1",
    .factories = factories,
    .package = "gstreamer1.0-plugins-bad",
    .profiles = profiles,
    .min_side = 4,
    .flags = DSBIND_CODEC_VIDEO | DSBIND_CODEC_COUNTS,
};

static gboolean plugin_init(GstPlugin *plugin) { return dsbind_encoder_register(plugin, &codec); }

#define PACKAGE "dsbind"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nvv4l2av1enc,
                  "Encodes NVMM frames to AV1", plugin_init, DSBIND_VERSION, "Apache 2.0", "dsbind",
                  "dsbind")
