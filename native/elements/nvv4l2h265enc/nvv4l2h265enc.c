/* SPDX-License-Identifier: Apache-2.0 */
#include "encoder.h"

static const char *const factories[] = {"x265enc", NULL};

static const DsbindCodecProfile profiles[] = {
    {0, "Main", "Main", ", profile=(string)main"},
    {1, "Main10", "Main with 10 bits; frames have 8", ", profile=(string)main-10"},
    {0, NULL, NULL, NULL}};

static const DsbindCodec codec = {
    .element = "nvv4l2h265enc",
    .type_name = "DsbindV4l2H265Enc",
    .codec = "H.265",
    .klass = "Codec/Encoder/Video",
    .input = GST_VIDEO_CAPS_MAKE("I420"),
    .output = "video/x-h265, stream-format=(string)byte-stream, alignment=(string)au",
    .factories = factories,
    .package = "gstreamer1.0-plugins-bad",
    .profiles = profiles,
    .min_side = 16,
    .flags = DSBIND_CODEC_VIDEO | DSBIND_CODEC_NAL | DSBIND_CODEC_DEEP,
};

static gboolean plugin_init(GstPlugin *plugin) { return dsbind_encoder_register(plugin, &codec); }

#define PACKAGE "dsbind"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nvv4l2h265enc,
                  "Encodes NVMM frames to H.265", plugin_init, DSBIND_VERSION, "Apache 2.0",
                  "dsbind", "dsbind")
