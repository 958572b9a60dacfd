/* SPDX-License-Identifier: Apache-2.0 */
/* A bin: frames to system memory with even sides, the software encoder, the profile asked for. */
#include "nvv4l2h264enc.h"

#include <stdio.h>

#include "convert.h"
#include "software.h"

struct _DsbindV4l2H264Enc {
  GstBin parent;
  GstElement *encoder, *profile_filter;
  DsbindEncoderSettings settings;
  gint profile, preset_level, preset_id, control_rate;
  guint idr_interval, gpu;
  gboolean insert_sps_pps, max_performance;
  char *bad_range; /* what was set and is no qp-range; told when the stream starts */
};

G_DEFINE_TYPE(DsbindV4l2H264Enc, dsbind_v4l2_h264_enc, GST_TYPE_BIN)

enum {
  PROP_0,
  PROP_BITRATE,
  PROP_PEAK_BITRATE,
  PROP_CONTROL_RATE,
  PROP_IFRAME_INTERVAL,
  PROP_IDR_INTERVAL,
  PROP_PROFILE,
  PROP_PRESET_LEVEL,
  PROP_PRESET_ID,
  PROP_VBV_SIZE,
  PROP_QP_RANGE,
  PROP_B_FRAMES,
  PROP_INSERT_SPS_PPS,
  PROP_INSERT_AUD,
  PROP_INSERT_VUI,
  PROP_MAX_PERFORMANCE,
  PROP_GPU_ID,
};

#define ENCODER_CAPS GST_VIDEO_CAPS_MAKE("{ NV12, I420 }")

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS(DSBIND_NVMM_CAPS ";" GST_VIDEO_CAPS_MAKE("{ I420, NV12 }")));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS("video/x-h264, stream-format=(string)byte-stream, alignment=(string)au"));

#define ENUM_TYPE(function, type_name, ...)                                \
  static GType function(void) {                                            \
    static gsize type;                                                     \
    static const GEnumValue values[] = {__VA_ARGS__, {0, NULL, NULL}};     \
    if (g_once_init_enter(&type))                                          \
      g_once_init_leave(&type, g_enum_register_static(type_name, values)); \
    return type;                                                           \
  }

ENUM_TYPE(profile_type, "DsbindV4l2H264EncProfile",
          {0, "Baseline", "Baseline"}, {1, "Constrained baseline", "Constrained-Baseline"},
          {2, "Main", "Main"}, {4, "High", "High"}, {7, "High 4:4:4", "High444"})
ENUM_TYPE(preset_level_type, "DsbindV4l2H264EncPresetLevel",
          {0, "Fastest", "DisablePreset"}, {1, "Very fast", "UltraFastPreset"},
          {2, "Fast", "FastPreset"}, {3, "Medium", "MediumPreset"}, {4, "Slow", "SlowPreset"})
ENUM_TYPE(control_rate_type, "DsbindV4l2H264EncControlRate",
          {0, "Variable: the rate may stray for seconds", "variable_bitrate"},
          {1, "Constant: the rate is kept within a second", "constant_bitrate"})

static const char *profile_name(gint profile) {
  switch (profile) {
    case 0: return "baseline";
    case 1: return "constrained-baseline";
    case 2: return "main";
    default: return "high";
  }
}

static void apply(DsbindV4l2H264Enc *self) {
  static const guint level_efforts[] = {0, 1, 2, 4, 5};
  static const guint id_efforts[] = {1, 1, 1, 2, 3, 4, 5, 5};
  if (!self->encoder) return;
  self->settings.constant_rate = self->control_rate == 1;
  self->settings.effort = MAX(level_efforts[self->preset_level], id_efforts[self->preset_id]);
  if (self->preset_level == 0 && self->preset_id <= 1) self->settings.effort = 0;
  dsbind_software_encoder_configure(self->encoder, &self->settings);
  GstCaps *caps = gst_caps_new_simple("video/x-h264", "stream-format", G_TYPE_STRING, "byte-stream",
                                      "alignment", G_TYPE_STRING, "au", "profile", G_TYPE_STRING,
                                      profile_name(self->profile), NULL);
  g_object_set(self->profile_filter, "caps", caps, NULL);
  gst_caps_unref(caps);
}

static void report_bad_range(DsbindV4l2H264Enc *self) {
  GST_ELEMENT_ERROR(self, LIBRARY, SETTINGS,
                    ("A qp-range of \"%s\" is not possible: give the least and the largest "
                     "quantizer of P, I and B frames, each 0 to 51, such as 10,40:10,40:10,40.",
                     self->bad_range), (NULL));
}

/* MinQpP,MaxQpP:MinQpI,MaxQpI:MinQpB,MaxQpB; the encoder has one range for all frames. */
static void set_qp_range(DsbindV4l2H264Enc *self, const char *text) {
  guint low[3], high[3];
  int end = 0;
  const int read = text ? sscanf(text, "%u,%u:%u,%u:%u,%u%n", &low[0], &high[0], &low[1], &high[1],
                                 &low[2], &high[2], &end) : 0;
  guint least = 51, most = 0;
  g_clear_pointer(&self->bad_range, g_free);
  for (guint i = 0; read == 6 && i < 3; i++) {
    least = MIN(least, low[i]);
    most = MAX(most, high[i]);
  }
  if (read == 6 && !text[end] && most <= 51 && most > 0 && least <= most) {
    self->settings.qp_min = least;
    self->settings.qp_max = most;
    return;
  }
  self->bad_range = g_strdup(text ? text : "");
  if (GST_STATE(self) >= GST_STATE_READY) report_bad_range(self);
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  DsbindV4l2H264Enc *self = DSBIND_V4L2_H264_ENC(object);
  DsbindEncoderSettings *s = &self->settings;
  switch (id) {
    case PROP_BITRATE: s->bitrate = g_value_get_uint(value); break;
    case PROP_PEAK_BITRATE: s->peak_bitrate = g_value_get_uint(value); break;
    case PROP_CONTROL_RATE: self->control_rate = g_value_get_enum(value); break;
    case PROP_IFRAME_INTERVAL: s->key_interval = g_value_get_uint(value); break;
    case PROP_IDR_INTERVAL: self->idr_interval = g_value_get_uint(value); break;
    case PROP_PROFILE: self->profile = g_value_get_enum(value); break;
    case PROP_PRESET_LEVEL: self->preset_level = g_value_get_enum(value); break;
    case PROP_PRESET_ID: self->preset_id = (gint)g_value_get_uint(value); break;
    case PROP_VBV_SIZE: s->vbv_size = g_value_get_uint(value); break;
    case PROP_QP_RANGE: set_qp_range(self, g_value_get_string(value)); break;
    case PROP_B_FRAMES: s->b_frames = g_value_get_uint(value); break;
    case PROP_INSERT_SPS_PPS: self->insert_sps_pps = g_value_get_boolean(value); break;
    case PROP_INSERT_AUD: s->insert_aud = g_value_get_boolean(value); break;
    case PROP_INSERT_VUI: s->insert_vui = g_value_get_boolean(value); break;
    case PROP_MAX_PERFORMANCE: self->max_performance = g_value_get_boolean(value); break;
    case PROP_GPU_ID: self->gpu = g_value_get_uint(value); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec); return;
  }
  apply(self);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  DsbindV4l2H264Enc *self = DSBIND_V4L2_H264_ENC(object);
  const DsbindEncoderSettings *s = &self->settings;
  switch (id) {
    case PROP_BITRATE: g_value_set_uint(value, s->bitrate); break;
    case PROP_PEAK_BITRATE: g_value_set_uint(value, s->peak_bitrate); break;
    case PROP_CONTROL_RATE: g_value_set_enum(value, self->control_rate); break;
    case PROP_IFRAME_INTERVAL: g_value_set_uint(value, s->key_interval); break;
    case PROP_IDR_INTERVAL: g_value_set_uint(value, self->idr_interval); break;
    case PROP_PROFILE: g_value_set_enum(value, self->profile); break;
    case PROP_PRESET_LEVEL: g_value_set_enum(value, self->preset_level); break;
    case PROP_PRESET_ID: g_value_set_uint(value, (guint)self->preset_id); break;
    case PROP_VBV_SIZE: g_value_set_uint(value, s->vbv_size); break;
    case PROP_QP_RANGE:
      g_value_take_string(value, g_strdup_printf("%u,%u:%u,%u:%u,%u", s->qp_min, s->qp_max,
                                                 s->qp_min, s->qp_max, s->qp_min, s->qp_max));
      break;
    case PROP_B_FRAMES: g_value_set_uint(value, s->b_frames); break;
    case PROP_INSERT_SPS_PPS: g_value_set_boolean(value, self->insert_sps_pps); break;
    case PROP_INSERT_AUD: g_value_set_boolean(value, s->insert_aud); break;
    case PROP_INSERT_VUI: g_value_set_boolean(value, s->insert_vui); break;
    case PROP_MAX_PERFORMANCE: g_value_set_boolean(value, self->max_performance); break;
    case PROP_GPU_ID: g_value_set_uint(value, self->gpu); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

static gboolean check_size(DsbindV4l2H264Enc *self, GstEvent *event) {
  GstCaps *caps;
  gint width = 2, height = 2;
  gst_event_parse_caps(event, &caps);
  const GstStructure *structure = gst_caps_get_structure(caps, 0);
  gst_structure_get_int(structure, "width", &width);
  gst_structure_get_int(structure, "height", &height);
  if (width >= 2 && height >= 2 && width <= DSBIND_MAX_SIDE && height <= DSBIND_MAX_SIDE)
    return TRUE;
  GST_ELEMENT_ERROR(self, STREAM, FORMAT,
                    ("Frames of %d x %d pixels cannot be encoded to H.264: each side must be 2 to "
                     "%d. Scale them first, with nvvideoconvert or the size of the muxer.", width,
                     height, DSBIND_MAX_SIDE), (NULL));
  return FALSE;
}

static gboolean sink_event(GstPad *pad, GstObject *parent, GstEvent *event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS &&
      !check_size(DSBIND_V4L2_H264_ENC(parent), event)) {
    gst_event_unref(event);
    return FALSE;
  }
  return gst_pad_event_default(pad, parent, event);
}

static GstStateChangeReturn change_state(GstElement *element, GstStateChange transition) {
  DsbindV4l2H264Enc *self = DSBIND_V4L2_H264_ENC(element);
  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !self->encoder) {
    GST_ELEMENT_ERROR(self, CORE, MISSING_PLUGIN,
                      ("No H.264 encoder is installed. On Debian or Ubuntu: apt-get install "
                       "gstreamer1.0-plugins-ugly"), (NULL));
    return GST_STATE_CHANGE_FAILURE;
  }
  if (transition == GST_STATE_CHANGE_NULL_TO_READY && self->bad_range) {
    report_bad_range(self);
    return GST_STATE_CHANGE_FAILURE;
  }
  return GST_ELEMENT_CLASS(dsbind_v4l2_h264_enc_parent_class)->change_state(element, transition);
}

static void finalize(GObject *object) {
  g_free(DSBIND_V4L2_H264_ENC(object)->bad_range);
  G_OBJECT_CLASS(dsbind_v4l2_h264_enc_parent_class)->finalize(object);
}

static void install_uint(GObjectClass *object, guint id, const char *name, const char *nick,
                         const char *blurb, guint most, guint value) {
  g_object_class_install_property(
      object, id, g_param_spec_uint(name, nick, blurb, 0, most, value,
                                    G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                        GST_PARAM_MUTABLE_PLAYING));
}

static void install_switch(GObjectClass *object, guint id, const char *name, const char *nick,
                           const char *blurb, gboolean value) {
  g_object_class_install_property(
      object, id, g_param_spec_boolean(name, nick, blurb, value,
                                       G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
}

static void install_enum(GObjectClass *object, guint id, const char *name, const char *nick,
                         const char *blurb, GType type, gint value) {
  g_object_class_install_property(
      object, id, g_param_spec_enum(name, nick, blurb, type, value,
                                    G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
}

static void install_properties(GObjectClass *object) {
  install_uint(object, PROP_BITRATE, "bitrate", "Bitrate", "Bits per second", G_MAXUINT, 4000000);
  install_uint(object, PROP_PEAK_BITRATE, "peak-bitrate", "Peak bitrate",
               "Largest bits per second where the encoder has such a limit; 0 is none", G_MAXUINT,
               0);
  install_enum(object, PROP_CONTROL_RATE, "control-rate", "Control rate", "How the rate is kept",
               control_rate_type(), 1);
  install_uint(object, PROP_IFRAME_INTERVAL, "iframeinterval", "I frame interval",
               "Frames from one key frame to the next", G_MAXINT, 30);
  install_uint(object, PROP_IDR_INTERVAL, "idrinterval", "IDR interval",
               "Without effect: every key frame is an IDR frame", G_MAXINT, 256);
  install_enum(object, PROP_PROFILE, "profile", "Profile", "H.264 profile", profile_type(), 0);
  install_enum(object, PROP_PRESET_LEVEL, "preset-level", "Preset level",
               "Speed against size of the stream", preset_level_type(), 1);
  install_uint(object, PROP_PRESET_ID, "preset-id", "Preset id",
               "Speed against size of the stream: 1 fastest to 7 smallest", 7, 1);
  install_uint(object, PROP_VBV_SIZE, "vbv-size", "VBV size",
               "Buffer of the rate control in bits; 0 follows control-rate", G_MAXUINT, 0);
  g_object_class_install_property(
      object, PROP_QP_RANGE,
      g_param_spec_string("qp-range", "QP range",
                          "Least and largest quantizer: MinP,MaxP:MinI,MaxI:MinB,MaxB; the widest "
                          "range of the three is used for all frames", NULL,
                          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
  install_uint(object, PROP_B_FRAMES, "num-B-Frames", "B frames",
               "B frames between two reference frames; the profile must allow them", 16, 0);
  install_switch(object, PROP_INSERT_SPS_PPS, "insert-sps-pps", "Insert SPS and PPS",
                 "Without effect: every IDR frame has them", FALSE);
  install_switch(object, PROP_INSERT_AUD, "insert-aud", "Insert AUD",
                 "Insert access unit delimiters", FALSE);
  install_switch(object, PROP_INSERT_VUI, "insert-vui", "Insert VUI",
                 "Insert video usability information", FALSE);
  install_switch(object, PROP_MAX_PERFORMANCE, "maxperf-enable", "Maximum performance",
                 "Without effect in software", FALSE);
  install_uint(object, PROP_GPU_ID, "gpu-id", "GPU id", "Without effect in software", G_MAXUINT, 0);
}

static void dsbind_v4l2_h264_enc_class_init(DsbindV4l2H264EncClass *klass) {
  GObjectClass *object = G_OBJECT_CLASS(klass);
  GstElementClass *element = GST_ELEMENT_CLASS(klass);

  object->set_property = set_property;
  object->get_property = get_property;
  object->finalize = finalize;
  element->change_state = change_state;
  install_properties(object);
  gst_element_class_add_static_pad_template(element, &sink_template);
  gst_element_class_add_static_pad_template(element, &src_template);
  gst_element_class_set_static_metadata(
      element, "NVIDIA v4l2 H.264 encoder (software)", "Codec/Encoder/Video",
      "Encodes NVMM frames with the best software encoder installed; a frame with an odd side "
      "loses its last column or row", "dsbind");
}

static void add_pad(DsbindV4l2H264Enc *self, GstElement *inner, const char *name,
                    GstPadEventFunction event) {
  GstPadTemplate *template = gst_element_class_get_pad_template(GST_ELEMENT_GET_CLASS(self), name);
  GstPad *target = gst_element_get_static_pad(inner, name);
  GstPad *pad = gst_ghost_pad_new_from_template(name, target, template);
  if (event) gst_pad_set_event_function(pad, event);
  gst_element_add_pad(GST_ELEMENT(self), pad);
  gst_object_unref(target);
}

static void dsbind_v4l2_h264_enc_init(DsbindV4l2H264Enc *self) {
  DsbindConvert *convert = dsbind_convert_new("convert", ENCODER_CAPS, TRUE);
  DsbindConvertSettings s = dsbind_convert_get_settings(convert);
  s.crop_to_even = TRUE;
  dsbind_convert_set_settings(convert, &s);

  self->settings = (DsbindEncoderSettings){.bitrate = 4000000, .key_interval = 30};
  self->control_rate = self->preset_level = self->preset_id = 1;
  self->idr_interval = 256;
  self->profile_filter = gst_element_factory_make("capsfilter", "profile");
  gst_bin_add_many(GST_BIN(self), GST_ELEMENT(convert), self->profile_filter, NULL);
  self->encoder = dsbind_software_encoder_new();
  if (self->encoder) {
    gst_bin_add(GST_BIN(self), self->encoder);
    gst_element_link_many(GST_ELEMENT(convert), self->encoder, self->profile_filter, NULL);
  }
  add_pad(self, GST_ELEMENT(convert), "sink", sink_event);
  add_pad(self, self->profile_filter, "src", NULL);
  apply(self);
}
