/* SPDX-License-Identifier: Apache-2.0 */
#include "encoder.h"

static const char *const factories[] = {"jpegenc", NULL};

static const DsbindCodec codec = {
    .element = "nvjpegenc",
    .type_name = "DsbindJpegEnc",
    .codec = "JPEG",
    .klass = "Codec/Encoder/Image",
    /* JPEG uses the full range of values, video does not: jpegenc minds that with RGB only. */
    .input = GST_VIDEO_CAPS_MAKE("RGB"),
    .output = "image/jpeg",
    .factories = factories,
    .package = "gstreamer1.0-plugins-good",
    .min_side = 1,
    .flags = DSBIND_CODEC_ANY_SIDE,
};

static gboolean plugin_init(GstPlugin *plugin) { return dsbind_encoder_register(plugin, &codec); }

#define PACKAGE "dsbind"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nvjpegenc,
                  "Encodes each NVMM frame as a JPEG picture", plugin_init, DSBIND_VERSION,
                  "Apache 2.0", "dsbind", "dsbind")
