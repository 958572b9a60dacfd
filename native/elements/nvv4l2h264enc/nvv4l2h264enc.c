/* SPDX-License-Identifier: Apache-2.0 */
#include "encoder.h"

static const char *const factories[] = {"x264enc", "openh264enc", NULL};

static const DsbindCodecProfile profiles[] = {
    {0, "Baseline", "Baseline", ", profile=(string)baseline"},
    {1, "Constrained-Baseline", "Constrained baseline", ", profile=(string)constrained-baseline"},
    {2, "Main", "Main", ", profile=(string)main"},
    {4, "High", "High", ", profile=(string)high"},
    {7, "High444", "High 4:4:4; frames are 4:2:0, which is High", ", profile=(string)high"},
    {0, NULL, NULL, NULL}};

static const DsbindCodec codec = {
    .element = "nvv4l2h264enc",
    .type_name = "DsbindV4l2H264Enc",
    .codec = "H.264",
    .klass = "Codec/Encoder/Video",
    .input = GST_VIDEO_CAPS_MAKE("{ NV12, I420 }"),
    .output = "video/x-h264, stream-format=(string)byte-stream, alignment=(string)au",
    .factories = factories,
    .package = "gstreamer1.0-plugins-ugly",
    .profiles = profiles,
    .min_side = 2,
    .flags = DSBIND_CODEC_VIDEO | DSBIND_CODEC_NAL,
};

static gboolean plugin_init(GstPlugin *plugin) { return dsbind_encoder_register(plugin, &codec); }

#define PACKAGE "dsbind"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nvv4l2h264enc,
                  "Encodes NVMM frames to H.264", plugin_init, DSBIND_VERSION, "Apache 2.0",
                  "dsbind", "dsbind")
