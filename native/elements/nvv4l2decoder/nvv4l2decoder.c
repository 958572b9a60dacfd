/* SPDX-License-Identifier: Apache-2.0 */
/* A bin: the best software decoder for what arrives, then a copy into pooled NVMM surfaces. The
 * decoder is made when the caps are known. */
#include "nvv4l2decoder.h"

#include "convert.h"
#include "skip.h"
#include "software.h"

struct _DsbindV4l2Decoder {
  GstBin parent;
  GstPad *sink;
  GstElement *decoder;
  DsbindConvert *convert;
  DsbindSkipStream stream; /* streaming thread only */
  guint64 frames;          /* decoded so far; streaming thread only */
  /* Properties; the numbers that streaming threads read are atomic. */
  guint drop_interval, skip, extra_surfaces, gpu, max_threads;
  gint memory_type;
  gboolean low_latency, max_performance, error_check, disable_dpb, frame_type_reporting;
  char *device;
};

G_DEFINE_TYPE(DsbindV4l2Decoder, dsbind_v4l2_decoder, GST_TYPE_BIN)

GST_DEBUG_CATEGORY_STATIC(decoder_debug);
#define GST_CAT_DEFAULT decoder_debug

enum {
  PROP_0,
  PROP_DEVICE,
  PROP_GPU_ID,
  PROP_EXTRA_SURFACES,
  PROP_DROP_INTERVAL,
  PROP_SKIP_FRAMES,
  PROP_MEMORY_TYPE,
  PROP_LOW_LATENCY,
  PROP_MAX_PERFORMANCE,
  PROP_ERROR_CHECK,
  PROP_DISABLE_DPB,
  PROP_FRAME_TYPE_REPORTING,
  PROP_MAX_THREADS,
};

#define DEFAULT_DEVICE "/dev/nvidia0"
#define DEFAULT_EXTRA_SURFACES 1
/* Surfaces that are on their way downstream even when nobody keeps one. */
#define BASE_SURFACES 2

#define SINK_CAPS \
  "video/x-h264, stream-format=(string){ avc, avc3, byte-stream }, alignment=(string)au;" \
  "video/x-h265, stream-format=(string){ hvc1, hev1, byte-stream }, alignment=(string)au;" \
  "video/mpeg, mpegversion=(int){ 1, 2, 4 }, systemstream=(boolean)false;" \
  "video/x-divx, divxversion=(int)[ 4, 5 ];" \
  "video/x-vp8; video/x-vp9; video/x-av1; image/jpeg"

static GstStaticPadTemplate sink_template =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(SINK_CAPS));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(DSBIND_NVMM_CAPS));

static GType skip_type(void) {
  static gsize type;
  static const GEnumValue values[] = {
      {DSBIND_SKIP_NONE, "Decode all frames", "decode_all"},
      {DSBIND_SKIP_NON_REF, "Skip frames that no other frame needs", "decode_non_ref"},
      {DSBIND_SKIP_NON_KEY, "Decode key frames", "decode_key"},
      {0, NULL, NULL},
  };
  if (g_once_init_enter(&type))
    g_once_init_leave(&type, g_enum_register_static("DsbindV4l2DecoderSkip", values));
  return type;
}

static GType memory_type(void) {
  static gsize type;
  static const GEnumValue values[] = {
      {0, "Device memory", "memtype_device"},
      {1, "Pinned host memory", "memtype_pinned"},
      {2, "Unified memory", "memtype_unified"},
      {0, NULL, NULL},
  };
  if (g_once_init_enter(&type))
    g_once_init_leave(&type, g_enum_register_static("DsbindV4l2DecoderMemory", values));
  return type;
}

static gboolean make_decoder(DsbindV4l2Decoder *self, const GstCaps *caps) {
  GstElement *decoder = dsbind_software_decoder_new(caps);
  if (!decoder) {
    GST_ELEMENT_ERROR(self, CORE, MISSING_PLUGIN,
                      ("No software decoder for %s is installed. On Debian or Ubuntu: apt-get "
                       "install %s",
                       gst_structure_get_name(gst_caps_get_structure(caps, 0)),
                       dsbind_software_decoder_package(caps)),
                      ("caps: %" GST_PTR_FORMAT, caps));
    return FALSE;
  }
  dsbind_software_decoder_set_low_latency(decoder, self->low_latency);
  dsbind_software_decoder_set_threads(decoder, self->max_threads);
  gst_bin_add(GST_BIN(self), decoder);
  GstPad *pad = gst_element_get_static_pad(decoder, "sink");
  const gboolean linked =
      gst_element_link_pads(decoder, "src", GST_ELEMENT(self->convert), "sink") &&
      gst_ghost_pad_set_target(GST_GHOST_PAD(self->sink), pad) &&
      gst_element_sync_state_with_parent(decoder);
  gst_object_unref(pad);
  self->decoder = decoder;
  if (!linked)
    GST_ELEMENT_ERROR(self, CORE, FAILED, ("The software decoder %s could not be started.",
                                           G_OBJECT_TYPE_NAME(decoder)), (NULL));
  return linked;
}

static void drop_decoder(DsbindV4l2Decoder *self) {
  if (!self->decoder) return;
  gst_ghost_pad_set_target(GST_GHOST_PAD(self->sink), NULL);
  gst_element_set_state(self->decoder, GST_STATE_NULL);
  gst_bin_remove(GST_BIN(self), self->decoder);
  self->decoder = NULL;
}

static gboolean accepts(GstElement *decoder, GstCaps *caps) {
  GstPad *pad = gst_element_get_static_pad(decoder, "sink");
  const gboolean accepted = gst_pad_query_accept_caps(pad, caps);
  gst_object_unref(pad);
  return accepted;
}

static gboolean handle_caps(DsbindV4l2Decoder *self, GstEvent *event) {
  const GstStructure *structure;
  GError *error = NULL;
  GstCaps *caps;
  gint width, height;

  gst_event_parse_caps(event, &caps);
  structure = gst_caps_get_structure(caps, 0);
  if (gst_structure_get_int(structure, "width", &width) &&
      gst_structure_get_int(structure, "height", &height) &&
      !dsbind_check_size(width, height, &error)) {
    GST_ELEMENT_ERROR(self, STREAM, FORMAT, ("%s", error->message), (NULL));
    g_error_free(error);
    return FALSE;
  }
  dsbind_skip_stream_init(&self->stream, caps);
  if (self->decoder && !accepts(self->decoder, caps)) drop_decoder(self);
  return self->decoder || make_decoder(self, caps);
}

/* A stream without a frame still has to end downstream. */
static void end_empty_stream(DsbindV4l2Decoder *self, GstEvent *eos) {
  GstPad *pad = gst_element_get_static_pad(GST_ELEMENT(self->convert), "sink");
  GstEvent *start = gst_pad_get_sticky_event(self->sink, GST_EVENT_STREAM_START, 0);
  if (start) gst_pad_send_event(pad, start);
  gst_pad_send_event(pad, gst_event_ref(eos));
  gst_object_unref(pad);
}

static gboolean sink_event(GstPad *pad, GstObject *parent, GstEvent *event) {
  DsbindV4l2Decoder *self = DSBIND_V4L2_DECODER(parent);
  if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS && !handle_caps(self, event)) {
    gst_event_unref(event);
    return FALSE;
  }
  if (GST_EVENT_TYPE(event) == GST_EVENT_EOS && !self->decoder) end_empty_stream(self, event);
  return gst_pad_event_default(pad, parent, event);
}

static GstPadProbeReturn coded_frame(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  DsbindV4l2Decoder *self = data;
  const DsbindSkip skip = (DsbindSkip)g_atomic_int_get(&self->skip);
  (void)pad;
  return dsbind_skip_frame(&self->stream, skip, GST_PAD_PROBE_INFO_BUFFER(info))
             ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

static GstPadProbeReturn decoded_frame(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  DsbindV4l2Decoder *self = data;
  const guint interval = (guint)g_atomic_int_get(&self->drop_interval);
  (void)pad, (void)info;
  return interval > 1 && self->frames++ % interval != 0 ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

static GstStateChangeReturn change_state(GstElement *element, GstStateChange transition) {
  DsbindV4l2Decoder *self = DSBIND_V4L2_DECODER(element);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) self->frames = 0;
  const GstStateChangeReturn result =
      GST_ELEMENT_CLASS(dsbind_v4l2_decoder_parent_class)->change_state(element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) drop_decoder(self);
  return result;
}

static void apply_surfaces(DsbindV4l2Decoder *self) {
  DsbindConvertSettings s = dsbind_convert_get_settings(self->convert);
  s.surfaces = BASE_SURFACES + self->extra_surfaces;
  s.gpu = self->gpu;
  dsbind_convert_set_settings(self->convert, &s);
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  DsbindV4l2Decoder *self = DSBIND_V4L2_DECODER(object);
  switch (id) {
    case PROP_DEVICE:
      g_free(self->device);
      self->device = g_value_dup_string(value);
      break;
    case PROP_GPU_ID: self->gpu = g_value_get_uint(value); break;
    case PROP_EXTRA_SURFACES: self->extra_surfaces = g_value_get_uint(value); break;
    case PROP_DROP_INTERVAL:
      g_atomic_int_set(&self->drop_interval, g_value_get_uint(value));
      break;
    case PROP_SKIP_FRAMES: g_atomic_int_set(&self->skip, (guint)g_value_get_enum(value)); break;
    case PROP_MAX_THREADS: self->max_threads = g_value_get_uint(value); break;
    case PROP_MEMORY_TYPE: self->memory_type = g_value_get_enum(value); break;
    case PROP_LOW_LATENCY: self->low_latency = g_value_get_boolean(value); break;
    case PROP_MAX_PERFORMANCE: self->max_performance = g_value_get_boolean(value); break;
    case PROP_ERROR_CHECK: self->error_check = g_value_get_boolean(value); break;
    case PROP_DISABLE_DPB: self->disable_dpb = g_value_get_boolean(value); break;
    case PROP_FRAME_TYPE_REPORTING:
      self->frame_type_reporting = g_value_get_boolean(value);
      break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec); return;
  }
  apply_surfaces(self);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  DsbindV4l2Decoder *self = DSBIND_V4L2_DECODER(object);
  switch (id) {
    case PROP_DEVICE: g_value_set_string(value, self->device); break;
    case PROP_GPU_ID: g_value_set_uint(value, self->gpu); break;
    case PROP_EXTRA_SURFACES: g_value_set_uint(value, self->extra_surfaces); break;
    case PROP_DROP_INTERVAL:
      g_value_set_uint(value, (guint)g_atomic_int_get(&self->drop_interval));
      break;
    case PROP_SKIP_FRAMES: g_value_set_enum(value, g_atomic_int_get(&self->skip)); break;
    case PROP_MAX_THREADS: g_value_set_uint(value, self->max_threads); break;
    case PROP_MEMORY_TYPE: g_value_set_enum(value, self->memory_type); break;
    case PROP_LOW_LATENCY: g_value_set_boolean(value, self->low_latency); break;
    case PROP_MAX_PERFORMANCE: g_value_set_boolean(value, self->max_performance); break;
    case PROP_ERROR_CHECK: g_value_set_boolean(value, self->error_check); break;
    case PROP_DISABLE_DPB: g_value_set_boolean(value, self->disable_dpb); break;
    case PROP_FRAME_TYPE_REPORTING:
      g_value_set_boolean(value, self->frame_type_reporting);
      break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
}

static void finalize(GObject *object) {
  g_free(DSBIND_V4L2_DECODER(object)->device);
  G_OBJECT_CLASS(dsbind_v4l2_decoder_parent_class)->finalize(object);
}

static void install_properties(GObjectClass *object) {
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  const struct {
    guint id;
    const char *name, *nick, *blurb;
  } switches[] = {
      {PROP_LOW_LATENCY, "low-latency-mode", "Low latency mode",
       "Hand out each frame as soon as possible: decoder threads share one frame; set before "
       "the stream starts"},
      {PROP_MAX_PERFORMANCE, "enable-max-performance", "Maximum performance",
       "Without effect in host memory"},
      {PROP_ERROR_CHECK, "enable-error-check", "Error check", "Without effect in host memory"},
      {PROP_DISABLE_DPB, "disable-dpb", "Disable DPB", "Without effect in host memory"},
      {PROP_FRAME_TYPE_REPORTING, "enable-frame-type-reporting", "Frame type reporting",
       "Without effect in host memory"},
  };

  g_object_class_install_property(
      object, PROP_DEVICE,
      g_param_spec_string("device", "Device", "Without effect in host memory", DEFAULT_DEVICE,
                          flags));
  g_object_class_install_property(
      object, PROP_GPU_ID,
      g_param_spec_uint("gpu-id", "GPU id", "GPU to use; without effect in host memory", 0,
                        G_MAXUINT, 0, flags));
  g_object_class_install_property(
      object, PROP_EXTRA_SURFACES,
      g_param_spec_uint("num-extra-surfaces", "Extra surfaces",
                        "Surfaces made when the stream starts, beyond the least needed; more "
                        "are made when downstream keeps them", 0, 55, DEFAULT_EXTRA_SURFACES,
                        flags));
  g_object_class_install_property(
      object, PROP_DROP_INTERVAL,
      g_param_spec_uint("drop-frame-interval", "Drop frame interval",
                        "Hand out every n-th decoded frame; 0 is all", 0, 30, 0,
                        flags | GST_PARAM_MUTABLE_PLAYING));
  g_object_class_install_property(
      object, PROP_SKIP_FRAMES,
      g_param_spec_enum("skip-frames", "Skip frames", "Frames to leave out before decoding",
                        skip_type(), DSBIND_SKIP_NONE, flags | GST_PARAM_MUTABLE_PLAYING));
  g_object_class_install_property(
      object, PROP_MEMORY_TYPE,
      g_param_spec_enum("cudadec-memtype", "Memory type", "Without effect in host memory",
                        memory_type(), 0, flags));
  g_object_class_install_property(
      object, PROP_MAX_THREADS,
      g_param_spec_uint("max-threads", "Most threads",
                        "Threads of the software decoder, at most; 0 leaves it the choice; set "
                        "before the stream starts", 0, 64, 0, flags));
  for (guint i = 0; i < G_N_ELEMENTS(switches); i++)
    g_object_class_install_property(
        object, switches[i].id,
        g_param_spec_boolean(switches[i].name, switches[i].nick, switches[i].blurb, FALSE, flags));
}

static void dsbind_v4l2_decoder_class_init(DsbindV4l2DecoderClass *klass) {
  GObjectClass *object = G_OBJECT_CLASS(klass);
  GstElementClass *element = GST_ELEMENT_CLASS(klass);

  GST_DEBUG_CATEGORY_INIT(decoder_debug, "dsbindv4l2decoder", 0, "nvv4l2decoder");
  object->set_property = set_property;
  object->get_property = get_property;
  object->finalize = finalize;
  element->change_state = change_state;
  install_properties(object);
  gst_element_class_add_static_pad_template(element, &sink_template);
  gst_element_class_add_static_pad_template(element, &src_template);
  gst_element_class_set_static_metadata(element, "NVIDIA v4l2 video decoder (software)",
                                        "Codec/Decoder/Video",
                                        "Decodes video into NVMM memory with the best software "
                                        "decoder installed", "dsbind");
}

static void dsbind_v4l2_decoder_init(DsbindV4l2Decoder *self) {
  GstElementClass *klass = GST_ELEMENT_GET_CLASS(self);
  self->device = g_strdup(DEFAULT_DEVICE);
  self->extra_surfaces = DEFAULT_EXTRA_SURFACES;
  self->convert = dsbind_convert_new("convert", DSBIND_NVMM_CAPS, FALSE);
  gst_bin_add(GST_BIN(self), GST_ELEMENT(self->convert));
  apply_surfaces(self);

  self->sink = gst_ghost_pad_new_no_target_from_template(
      "sink", gst_element_class_get_pad_template(klass, "sink"));
  gst_pad_set_event_function(self->sink, sink_event);
  gst_pad_add_probe(self->sink, GST_PAD_PROBE_TYPE_BUFFER, coded_frame, self, NULL);
  gst_element_add_pad(GST_ELEMENT(self), self->sink);

  GstPad *decoded = gst_element_get_static_pad(GST_ELEMENT(self->convert), "sink");
  gst_pad_add_probe(decoded, GST_PAD_PROBE_TYPE_BUFFER, decoded_frame, self, NULL);
  gst_object_unref(decoded);
  GstPad *out = gst_element_get_static_pad(GST_ELEMENT(self->convert), "src");
  gst_element_add_pad(GST_ELEMENT(self), gst_ghost_pad_new_from_template(
      "src", out, gst_element_class_get_pad_template(klass, "src")));
  gst_object_unref(out);
}
