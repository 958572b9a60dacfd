/* SPDX-License-Identifier: Apache-2.0 */
#include "software.h"

/* How far the rate may stray, in milliseconds of stream. */
#define CONSTANT_WINDOW 600
#define VARIABLE_WINDOW 5000
#define LARGEST_WINDOW 10000

GstElement *dsbind_software_encoder_new(void) {
  static const char *const factories[] = {"x264enc", "openh264enc"};
  for (guint i = 0; i < G_N_ELEMENTS(factories); i++) {
    GstElement *encoder = gst_element_factory_make(factories[i], "encoder");
    if (encoder) return encoder;
  }
  return NULL;
}

static void configure_x264(GstElement *encoder, const DsbindEncoderSettings *s) {
  static const char *const presets[] = {"ultrafast", "veryfast", "faster",
                                        "fast",      "medium",   "slow"};
  guint window = s->constant_rate ? CONSTANT_WINDOW : VARIABLE_WINDOW;
  if (s->vbv_size)
    window = (guint)MIN(gst_util_uint64_scale(s->vbv_size, 1000, MAX(s->bitrate, 1)),
                        LARGEST_WINDOW);
  g_object_set(encoder, "bitrate", CLAMP(s->bitrate / 1000, 1, 2048000), "key-int-max",
               MIN(s->key_interval, G_MAXINT), "bframes", MIN(s->b_frames, 16), "vbv-buf-capacity",
               window, "aud", s->insert_aud, "insert-vui", s->insert_vui, NULL);
  if (s->qp_max) g_object_set(encoder, "qp-min", s->qp_min, "qp-max", s->qp_max, NULL);
  gst_util_set_object_arg(G_OBJECT(encoder), "speed-preset",
                          presets[MIN(s->effort, G_N_ELEMENTS(presets) - 1)]);
}

static void configure_openh264(GstElement *encoder, const DsbindEncoderSettings *s) {
  g_object_set(encoder, "bitrate", s->bitrate, "gop-size", MIN(s->key_interval, G_MAXINT), NULL);
  if (s->peak_bitrate) g_object_set(encoder, "max-bitrate", s->peak_bitrate, NULL);
  if (s->qp_max) g_object_set(encoder, "qp-min", s->qp_min, "qp-max", s->qp_max, NULL);
  gst_util_set_object_arg(G_OBJECT(encoder), "rate-control", "bitrate");
  gst_util_set_object_arg(G_OBJECT(encoder), "complexity",
                          s->effort < 2 ? "low" : s->effort < 4 ? "medium" : "high");
}

void dsbind_software_encoder_configure(GstElement *encoder, const DsbindEncoderSettings *s) {
  const char *name = GST_OBJECT_NAME(gst_element_get_factory(encoder));
  if (g_str_equal(name, "x264enc"))
    configure_x264(encoder, s);
  else
    configure_openh264(encoder, s);
}
