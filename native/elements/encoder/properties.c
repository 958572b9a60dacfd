/* SPDX-License-Identifier: Apache-2.0 */
/* The properties of our encoders, by what their codec has. */
#include <stdio.h>

#include "private.h"

enum {
  PROP_0,
  PROP_QUALITY,
  PROP_BITRATE,
  PROP_PEAK_BITRATE,
  PROP_CONTROL_RATE,
  PROP_IFRAME_INTERVAL,
  PROP_IDR_INTERVAL,
  PROP_PROFILE,
  PROP_PRESET_LEVEL,
  PROP_PRESET_ID,
  PROP_TUNING,
  PROP_VBV_SIZE,
  PROP_QP_RANGE,
  PROP_B_FRAMES,
  PROP_INSERT_SPS_PPS,
  PROP_INSERT_AUD,
  PROP_INSERT_VUI,
  PROP_MAX_PERFORMANCE,
  PROP_GPU_ID,
};

#define ULTRA_LOW_LATENCY 3
#define MOST_QP 51u

static const GEnumValue preset_levels[] = {{0, "Fastest", "DisablePreset"},
                                           {1, "Very fast", "UltraFastPreset"},
                                           {2, "Fast", "FastPreset"},
                                           {3, "Medium", "MediumPreset"},
                                           {4, "Slow", "SlowPreset"},
                                           {0, NULL, NULL}};
static const GEnumValue control_rates[] = {
    {0, "Variable: the rate may stray for seconds", "variable_bitrate"},
    {1, "Constant: the rate is kept within a second", "constant_bitrate"},
    {0, NULL, NULL}};
static const GEnumValue tunings[] = {
    {1, "As the preset says", "HighQualityTuningInfoPreset"},
    {2, "As the preset says", "LowLatencyTuningInfoPreset"},
    {ULTRA_LOW_LATENCY, "No frame waits for a later one", "UltraLowLatencyTuningInfoPreset"},
    {0, NULL, NULL}};

void dsbind_encoder_init_properties(DsbindEncoder *self) {
  self->settings = (DsbindEncoderSettings){.bitrate = 4000000, .key_interval = 30, .quality = 85};
  self->control_rate = self->preset_level = self->preset_id = 1;
  self->tuning = 2;
  self->idr_interval = 256;
}

static const char *profile_caps(const DsbindCodec *codec, gint value) {
  for (const DsbindCodecProfile *profile = codec->profiles; profile && profile->nick; profile++)
    if (profile->value == value) return profile->caps;
  return "";
}

void dsbind_encoder_apply(DsbindEncoder *self) {
  static const guint level_efforts[] = {0, 1, 2, 4, 5};
  static const guint id_efforts[] = {1, 1, 1, 2, 3, 4, 5, 5};
  const DsbindCodec *codec = DSBIND_ENCODER_CODEC(self);
  if (!self->encoder) return;
  self->settings.constant_rate = self->control_rate == 1;
  self->settings.no_delay = self->tuning == ULTRA_LOW_LATENCY;
  self->settings.effort = MAX(level_efforts[self->preset_level], id_efforts[self->preset_id]);
  if (self->preset_level == 0 && self->preset_id <= 1) self->settings.effort = 0;
  dsbind_software_encoder_configure(self->encoder, &self->settings);
  char *text = g_strconcat(codec->output, profile_caps(codec, self->profile), NULL);
  gst_util_set_object_arg(G_OBJECT(self->filter), "caps", text);
  g_free(text);
}

void dsbind_encoder_report_bad_range(DsbindEncoder *self) {
  GST_ELEMENT_ERROR(self, LIBRARY, SETTINGS,
                    ("A qp-range of \"%s\" is not possible: give the least and the largest "
                     "quantizer of P, I and B frames, each 0 to 51, such as 10,40:10,40:10,40.",
                     self->bad_range), (NULL));
}

/* MinQpP,MaxQpP:MinQpI,MaxQpI:MinQpB,MaxQpB; the encoder has one range for all frames. */
static void set_qp_range(DsbindEncoder *self, const char *text) {
  guint low[3], high[3];
  int end = 0;
  const int read = text ? sscanf(text, "%u,%u:%u,%u:%u,%u%n", &low[0], &high[0], &low[1], &high[1],
                                 &low[2], &high[2], &end) : 0;
  guint least = MOST_QP, most = 0;
  gboolean possible = read == 6 && !text[end];
  g_clear_pointer(&self->bad_range, g_free);
  for (guint i = 0; possible && i < 3; i++) {
    possible = low[i] <= high[i] && high[i] <= MOST_QP;
    least = MIN(least, low[i]);
    most = MAX(most, high[i]);
  }
  if (possible && most > 0) {
    self->settings.qp_min = least;
    self->settings.qp_max = most;
    return;
  }
  self->bad_range = g_strdup(text ? text : "");
  if (GST_STATE(self) >= GST_STATE_READY) dsbind_encoder_report_bad_range(self);
}

void dsbind_encoder_set_property(GObject *object, guint id, const GValue *value,
                                 GParamSpec *spec) {
  DsbindEncoder *self = DSBIND_ENCODER(object);
  DsbindEncoderSettings *s = &self->settings;
  switch (id) {
    case PROP_QUALITY: s->quality = (guint)g_value_get_int(value); break;
    case PROP_BITRATE: s->bitrate = g_value_get_uint(value); break;
    case PROP_PEAK_BITRATE: s->peak_bitrate = g_value_get_uint(value); break;
    case PROP_CONTROL_RATE: self->control_rate = g_value_get_enum(value); break;
    case PROP_IFRAME_INTERVAL: s->key_interval = g_value_get_uint(value); break;
    case PROP_IDR_INTERVAL: self->idr_interval = g_value_get_uint(value); break;
    case PROP_PROFILE: self->profile = g_value_get_enum(value); break;
    case PROP_PRESET_LEVEL: self->preset_level = g_value_get_enum(value); break;
    case PROP_PRESET_ID: self->preset_id = (gint)g_value_get_uint(value); break;
    case PROP_TUNING: self->tuning = g_value_get_enum(value); break;
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
  dsbind_encoder_apply(self);
}

void dsbind_encoder_get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  DsbindEncoder *self = DSBIND_ENCODER(object);
  const DsbindEncoderSettings *s = &self->settings;
  switch (id) {
    case PROP_QUALITY: g_value_set_int(value, (gint)s->quality); break;
    case PROP_BITRATE: g_value_set_uint(value, s->bitrate); break;
    case PROP_PEAK_BITRATE: g_value_set_uint(value, s->peak_bitrate); break;
    case PROP_CONTROL_RATE: g_value_set_enum(value, self->control_rate); break;
    case PROP_IFRAME_INTERVAL: g_value_set_uint(value, s->key_interval); break;
    case PROP_IDR_INTERVAL: g_value_set_uint(value, self->idr_interval); break;
    case PROP_PROFILE: g_value_set_enum(value, self->profile); break;
    case PROP_PRESET_LEVEL: g_value_set_enum(value, self->preset_level); break;
    case PROP_PRESET_ID: g_value_set_uint(value, (guint)self->preset_id); break;
    case PROP_TUNING: g_value_set_enum(value, self->tuning); break;
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

/* Each plugin has enumerations of its own: a name of a GType exists once in a process. */
static void install_enum(GObjectClass *object, guint id, const char *name, const char *nick,
                         const char *blurb, const char *suffix, const GEnumValue *values,
                         gint value) {
  char *type_name = g_strconcat(G_OBJECT_CLASS_NAME(object), suffix, NULL);
  const GType type = g_enum_register_static(type_name, values);
  g_free(type_name);
  g_object_class_install_property(
      object, id, g_param_spec_enum(name, nick, blurb, type, value,
                                    G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS));
}

static void install_profile(GObjectClass *object, const DsbindCodec *codec) {
  guint count = 0;
  while (codec->profiles[count].nick) count++;
  GEnumValue *values = g_new0(GEnumValue, count + 1); /* a GType keeps its values for ever */
  for (guint i = 0; i < count; i++) {
    const DsbindCodecProfile *profile = &codec->profiles[i];
    values[i] = (GEnumValue){profile->value, profile->name, profile->nick};
  }
  install_enum(object, PROP_PROFILE, "profile", "Profile", "Profile of the stream", "Profile",
               values, values[0].value);
}

static void install_video(GObjectClass *object, const DsbindCodec *codec) {
  install_uint(object, PROP_BITRATE, "bitrate", "Bitrate", "Bits per second", G_MAXUINT, 4000000);
  install_uint(object, PROP_PEAK_BITRATE, "peak-bitrate", "Peak bitrate",
               "Largest bits per second where the encoder has such a limit; 0 is none", G_MAXUINT,
               0);
  install_enum(object, PROP_CONTROL_RATE, "control-rate", "Control rate", "How the rate is kept",
               "ControlRate", control_rates, 1);
  install_uint(object, PROP_IFRAME_INTERVAL, "iframeinterval", "I frame interval",
               "Frames from one key frame to the next", G_MAXINT, 30);
  install_uint(object, PROP_IDR_INTERVAL, "idrinterval", "IDR interval",
               "Without effect: every key frame is an IDR frame", G_MAXINT, 256);
  install_profile(object, codec);
  install_enum(object, PROP_PRESET_LEVEL, "preset-level", "Preset level",
               "Speed against size of the stream", "PresetLevel", preset_levels, 1);
  install_uint(object, PROP_PRESET_ID, "preset-id", "Preset id",
               "Speed against size of the stream: 1 fastest to 7 smallest", 7, 1);
  install_enum(object, PROP_TUNING, "tuning-info-id", "Tuning", "Delay against size of the stream",
               "TuningInfo", tunings, 2);
  install_uint(object, PROP_VBV_SIZE, "vbv-size", "VBV size",
               "Buffer of the rate control in bits; 0 follows control-rate", G_MAXUINT, 0);
}

static void install_nal(GObjectClass *object) {
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
}

void dsbind_encoder_install_properties(GObjectClass *object, const DsbindCodec *codec) {
  if (codec->flags & DSBIND_CODEC_VIDEO) {
    install_video(object, codec);
  } else {
    g_object_class_install_property(
        object, PROP_QUALITY,
        g_param_spec_int("quality", "Quality", "0 smallest to 100 best", 0, 100, 85,
                         G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING));
  }
  if (codec->flags & DSBIND_CODEC_NAL) install_nal(object);
  install_switch(object, PROP_MAX_PERFORMANCE,
                 codec->flags & DSBIND_CODEC_VIDEO ? "maxperf-enable" : "Enableperf",
                 "Maximum performance", "Without effect in software", FALSE);
  install_uint(object, PROP_GPU_ID, "gpu-id", "GPU id", "Without effect in software", G_MAXUINT, 0);
}
