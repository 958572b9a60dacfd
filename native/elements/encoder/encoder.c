/* SPDX-License-Identifier: Apache-2.0 */
#include "encoder.h"

#include "convert.h"
#include "private.h"

static gpointer parent_class;

static gboolean check_size(DsbindEncoder *self, GstEvent *event) {
  const DsbindCodec *codec = DSBIND_ENCODER_CODEC(self);
  GstCaps *caps;
  gint width = codec->min_side, height = codec->min_side;
  gst_event_parse_caps(event, &caps);
  const GstStructure *structure = gst_caps_get_structure(caps, 0);
  gst_structure_get_int(structure, "width", &width);
  gst_structure_get_int(structure, "height", &height);
  if (MIN(width, height) >= codec->min_side && MAX(width, height) <= DSBIND_MAX_SIDE) return TRUE;
  GST_ELEMENT_ERROR(self, STREAM, FORMAT,
                    ("Frames of %d x %d pixels cannot be encoded to %s: each side must be %d to "
                     "%d. Scale them first, with nvvideoconvert or the size of the muxer.", width,
                     height, codec->codec, codec->min_side, DSBIND_MAX_SIDE), (NULL));
  return FALSE;
}

static gboolean sink_event(GstPad *pad, GstObject *parent, GstEvent *event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_CAPS && !check_size(DSBIND_ENCODER(parent), event)) {
    gst_event_unref(event);
    return FALSE;
  }
  return gst_pad_event_default(pad, parent, event);
}

static void force_idr(DsbindEncoder *self) {
  if (!self->encoder) return;
  GstPad *pad = gst_element_get_static_pad(self->encoder, "src");
  GstStructure *request = gst_structure_new("GstForceKeyUnit", "all-headers", G_TYPE_BOOLEAN, TRUE,
                                            NULL);
  gst_pad_send_event(pad, gst_event_new_custom(GST_EVENT_CUSTOM_UPSTREAM, request));
  gst_object_unref(pad);
}

static GstStateChangeReturn change_state(GstElement *element, GstStateChange transition) {
  DsbindEncoder *self = DSBIND_ENCODER(element);
  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !self->encoder) {
    const DsbindCodec *codec = DSBIND_ENCODER_CODEC(self);
    GST_ELEMENT_ERROR(self, CORE, MISSING_PLUGIN,
                      ("No %s encoder is installed. On Debian or Ubuntu: apt-get install %s",
                       codec->codec, codec->package), (NULL));
    return GST_STATE_CHANGE_FAILURE;
  }
  if (transition == GST_STATE_CHANGE_NULL_TO_READY && self->bad_range) {
    dsbind_encoder_report_bad_range(self);
    return GST_STATE_CHANGE_FAILURE;
  }
  return GST_ELEMENT_CLASS(parent_class)->change_state(element, transition);
}

static void finalize(GObject *object) {
  g_free(DSBIND_ENCODER(object)->bad_range);
  G_OBJECT_CLASS(parent_class)->finalize(object);
}

static void add_template(GstElementClass *element, const char *name, GstPadDirection direction,
                         const char *text) {
  GstCaps *caps = gst_caps_from_string(text);
  gst_element_class_add_pad_template(
      element, gst_pad_template_new(name, direction, GST_PAD_ALWAYS, caps));
  gst_caps_unref(caps);
}

static void class_init(gpointer klass, gpointer data) {
  const DsbindCodec *codec = data;
  GObjectClass *object = G_OBJECT_CLASS(klass);
  GstElementClass *element = GST_ELEMENT_CLASS(klass);

  parent_class = g_type_class_peek_parent(klass);
  ((DsbindEncoderClass *)klass)->codec = codec;
  object->set_property = dsbind_encoder_set_property;
  object->get_property = dsbind_encoder_get_property;
  object->finalize = finalize;
  element->change_state = change_state;
  dsbind_encoder_install_properties(object, codec);
  if (codec->flags & DSBIND_CODEC_VIDEO)
    g_signal_new_class_handler("force-IDR", G_TYPE_FROM_CLASS(klass),
                               G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION, G_CALLBACK(force_idr), NULL,
                               NULL, NULL, G_TYPE_NONE, 0);
  add_template(element, "sink", GST_PAD_SINK,
               DSBIND_NVMM_CAPS ";" GST_VIDEO_CAPS_MAKE("{ I420, NV12 }"));
  add_template(element, "src", GST_PAD_SRC, codec->output);
  char *name = g_strdup_printf("NVIDIA %s encoder (software)", codec->codec);
  char *description = g_strdup_printf(
      "Encodes NVMM frames to %s with the best software encoder installed%s", codec->codec,
      codec->flags & DSBIND_CODEC_ANY_SIDE
          ? "" : "; a frame with an odd side loses its last column or row");
  gst_element_class_set_metadata(element, name, codec->klass, description, "dsbind");
  g_free(name);
  g_free(description);
}

static void add_pad(DsbindEncoder *self, GstElement *inner, const char *name,
                    GstPadEventFunction event) {
  GstPadTemplate *template = gst_element_class_get_pad_template(GST_ELEMENT_GET_CLASS(self), name);
  GstPad *target = gst_element_get_static_pad(inner, name);
  GstPad *pad = gst_ghost_pad_new_from_template(name, target, template);
  if (event) gst_pad_set_event_function(pad, event);
  gst_element_add_pad(GST_ELEMENT(self), pad);
  gst_object_unref(target);
}

/* 1/30 s is 33333333 ns, which av1enc takes for no time at all: the rate would double. */
static GstPadProbeReturn round_up(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  (void)pad, (void)data;
  GstBuffer *frame = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
  if (GST_BUFFER_PTS_IS_VALID(frame)) GST_BUFFER_PTS(frame)++;
  if (GST_BUFFER_DURATION_IS_VALID(frame)) GST_BUFFER_DURATION(frame)++;
  GST_PAD_PROBE_INFO_DATA(info) = frame;
  return GST_PAD_PROBE_OK;
}

static void init(GTypeInstance *instance, gpointer klass) {
  DsbindEncoder *self = DSBIND_ENCODER(instance);
  const DsbindCodec *codec = ((DsbindEncoderClass *)klass)->codec;
  DsbindConvert *convert = dsbind_convert_new("convert", codec->input, TRUE);
  DsbindConvertSettings s = dsbind_convert_get_settings(convert);
  s.crop_to_even = !(codec->flags & DSBIND_CODEC_ANY_SIDE);
  dsbind_convert_set_settings(convert, &s);

  dsbind_encoder_init_properties(self);
  self->filter = gst_element_factory_make("capsfilter", "profile");
  gst_bin_add_many(GST_BIN(self), GST_ELEMENT(convert), self->filter, NULL);
  self->encoder = dsbind_software_encoder_new(codec->factories);
  if (self->encoder) {
    GstElement *deepen = NULL;
    if (codec->flags & DSBIND_CODEC_DEEP) deepen = gst_element_factory_make("videoconvert", NULL);
    if (!deepen) deepen = gst_element_factory_make("identity", NULL);
    gst_bin_add_many(GST_BIN(self), deepen, self->encoder, NULL);
    gst_element_link_many(GST_ELEMENT(convert), deepen, self->encoder, self->filter, NULL);
    if (codec->flags & DSBIND_CODEC_COUNTS) {
      GstPad *pad = gst_element_get_static_pad(self->encoder, "sink");
      gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, round_up, NULL, NULL);
      gst_object_unref(pad);
    }
  }
  add_pad(self, GST_ELEMENT(convert), "sink", sink_event);
  add_pad(self, self->filter, "src", NULL);
  dsbind_encoder_apply(self);
}

gboolean dsbind_encoder_register(GstPlugin *plugin, const DsbindCodec *codec) {
  const GTypeInfo info = {.class_size = sizeof(DsbindEncoderClass),
                          .class_init = class_init,
                          .class_data = codec,
                          .instance_size = sizeof(DsbindEncoder),
                          .instance_init = init};
  const GType type = g_type_register_static(GST_TYPE_BIN, codec->type_name, &info, 0);
  return type && gst_element_register(plugin, codec->element, GST_RANK_NONE, type);
}
