/* SPDX-License-Identifier: Apache-2.0 */
#include "software.h"

/* How far the rate may stray, in milliseconds of stream. */
#define CONSTANT_WINDOW 600
#define VARIABLE_WINDOW 5000
#define LARGEST_WINDOW 10000
#define MOST_EFFORT 5u

GstElement *dsbind_software_encoder_new(const char *const *factories) {
  for (; *factories; factories++) {
    GstElement *encoder = gst_element_factory_make(*factories, "encoder");
    if (encoder) return encoder;
  }
  return NULL;
}

static guint rate_window(const DsbindEncoderSettings *s) {
  if (!s->vbv_size) return s->constant_rate ? CONSTANT_WINDOW : VARIABLE_WINDOW;
  return (guint)MIN(gst_util_uint64_scale(s->vbv_size, 1000, MAX(s->bitrate, 1)), LARGEST_WINDOW);
}

static guint kilobits(guint bits, guint most) { return CLAMP(bits / 1000, 1, most); }

/* For properties that not every release of an encoder has. */
G_GNUC_PRINTF(3, 4)
static void set_text(GstElement *encoder, const char *name, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  char *text = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  gst_util_set_object_arg(G_OBJECT(encoder), name, text);
  g_free(text);
}

static void configure_x264(GstElement *encoder, const DsbindEncoderSettings *s) {
  static const char *const presets[] = {"ultrafast", "veryfast", "faster",
                                        "fast",      "medium",   "slow"};
  g_object_set(encoder, "bitrate", kilobits(s->bitrate, 2048000), "key-int-max",
               MIN(s->key_interval, G_MAXINT), "bframes", MIN(s->b_frames, 16), "vbv-buf-capacity",
               rate_window(s), "aud", s->insert_aud, "insert-vui", s->insert_vui, NULL);
  if (s->qp_max) g_object_set(encoder, "qp-min", s->qp_min, "qp-max", s->qp_max, NULL);
  gst_util_set_object_arg(G_OBJECT(encoder), "speed-preset", presets[MIN(s->effort, MOST_EFFORT)]);
  gst_util_set_object_arg(G_OBJECT(encoder), "tune", s->no_delay ? "zerolatency" : "0");
}

static void configure_openh264(GstElement *encoder, const DsbindEncoderSettings *s) {
  g_object_set(encoder, "bitrate", s->bitrate, "gop-size", MIN(s->key_interval, G_MAXINT), NULL);
  if (s->peak_bitrate) g_object_set(encoder, "max-bitrate", s->peak_bitrate, NULL);
  if (s->qp_max) g_object_set(encoder, "qp-min", s->qp_min, "qp-max", s->qp_max, NULL);
  gst_util_set_object_arg(G_OBJECT(encoder), "rate-control", "bitrate");
  gst_util_set_object_arg(G_OBJECT(encoder), "complexity",
                          s->effort < 2 ? "low" : s->effort < 4 ? "medium" : "high");
}

static void configure_x265(GstElement *encoder, const DsbindEncoderSettings *s) {
  static const char *const presets[] = {"ultrafast", "superfast", "veryfast",
                                        "faster",    "fast",      "medium"};
  const guint rate = kilobits(s->bitrate, 102400);
  /* Closed GOPs with their headers: a stream can be joined and cut at every key frame. Without
   * look-ahead and B frames, frames leave in the order and at the pace they came. */
  GString *options = g_string_new("open-gop=0:repeat-headers=1:rc-lookahead=0:scenecut=0");
  g_string_append_printf(options, ":bframes=%u:aud=%d:vbv-maxrate=%u:vbv-bufsize=%u",
                         MIN(s->b_frames, 16), s->insert_aud,
                         s->peak_bitrate > s->bitrate ? kilobits(s->peak_bitrate, 102400) : rate,
                         (guint)MAX((guint64)rate * rate_window(s) / 1000, 1));
  if (s->qp_max) g_string_append_printf(options, ":qpmin=%u:qpmax=%u", s->qp_min, s->qp_max);
  g_object_set(encoder, "bitrate", rate, "key-int-max", MIN(s->key_interval, G_MAXINT),
               "option-string", options->str, NULL);
  gst_util_set_object_arg(G_OBJECT(encoder), "speed-preset", presets[MIN(s->effort, MOST_EFFORT)]);
  gst_util_set_object_arg(G_OBJECT(encoder), "tune", s->no_delay ? "zerolatency" : "0");
  g_string_free(options, TRUE);
}

static void configure_aom(GstElement *encoder, const DsbindEncoderSettings *s) {
  static const guint speeds[] = {10, 9, 8, 7, 6, 5};
  const guint window = rate_window(s);
  g_object_set(encoder, "target-bitrate", kilobits(s->bitrate, G_MAXUINT), "keyframe-max-dist",
               MIN(s->key_interval, G_MAXINT), "lag-in-frames", 0, "buf-sz", window,
               "buf-initial-sz", window / 2, "buf-optimal-sz", window * 2 / 3, "threads",
               MIN(g_get_num_processors(), 16), NULL);
  /* The plugin's own 0 to 0 leaves no quantizer to choose from; libaom aborts over that. */
  g_object_set(encoder, "min-quantizer", 2, "max-quantizer", 63, NULL);
  gst_util_set_object_arg(G_OBJECT(encoder), "end-usage", s->constant_rate ? "cbr" : "vbr");
  /* 0: as the profile does, which for real time is the fastest. */
  set_text(encoder, "usage-profile", "realtime");
  set_text(encoder, "cpu-used", "%u", speeds[MIN(s->effort, MOST_EFFORT)]);
  set_text(encoder, "tile-columns", "%u", g_get_num_processors() > 2 ? 2 : 1);
}

static void configure_svt(GstElement *encoder, const DsbindEncoderSettings *s) {
  static const guint presets[] = {12, 11, 10, 9, 8, 6};
  set_text(encoder, "target-bitrate", "%u", kilobits(s->bitrate, 100000));
  set_text(encoder, "preset", "%u", presets[MIN(s->effort, MOST_EFFORT)]);
  set_text(encoder, "intra-period-length", "%u", s->key_interval ? s->key_interval - 1 : 0);
  /* Low delay: frames leave in the order they came. */
  set_text(encoder, "parameters-string", "pred-struct=1:rc=%d", s->constant_rate ? 2 : 1);
}

static void configure_jpeg(GstElement *encoder, const DsbindEncoderSettings *s) {
  g_object_set(encoder, "quality", (gint)MIN(s->quality, 100), NULL);
}

void dsbind_software_encoder_configure(GstElement *encoder, const DsbindEncoderSettings *s) {
  static const struct {
    const char *factory;
    void (*configure)(GstElement *, const DsbindEncoderSettings *);
  } table[] = {{"x264enc", configure_x264},  {"openh264enc", configure_openh264},
               {"x265enc", configure_x265},  {"av1enc", configure_aom},
               {"svtav1enc", configure_svt}, {"jpegenc", configure_jpeg}};
  const char *name = GST_OBJECT_NAME(gst_element_get_factory(encoder));
  for (guint i = 0; i < G_N_ELEMENTS(table); i++)
    if (g_str_equal(name, table[i].factory)) table[i].configure(encoder, s);
}
