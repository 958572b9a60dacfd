/* SPDX-License-Identifier: Apache-2.0 */
/* Properties, states and messages of nvurisrcbin. */
#include "nvurisrcbin.h"

#include "crowd.h"

G_DEFINE_TYPE(DsbindUriSrcBin, dsbind_uri_src_bin, GST_TYPE_BIN)

enum {
  PROP_0,
  PROP_URI,
  PROP_GPU_ID,
  PROP_EXTRA_SURFACES,
  PROP_FILE_LOOP,
  PROP_DROP_INTERVAL,
  PROP_MEMORY_TYPE,
  PROP_SOURCE_ID,
  PROP_TYPE,
  PROP_RTP_PROTOCOL,
  PROP_LATENCY,
  PROP_UDP_BUFFER_SIZE,
  PROP_DISABLE_AUDIO,
  PROP_DISABLE_PASSTHROUGH,
  PROP_INTERVAL,
  PROP_FIRST_INTERVAL,
  PROP_ATTEMPTS,
  PROP_STATE,
  PROP_OUTAGES,
};

static GstStaticPadTemplate video_template = GST_STATIC_PAD_TEMPLATE(
    "vsrc_%u", GST_PAD_SRC, GST_PAD_SOMETIMES, GST_STATIC_CAPS(DSBIND_NVMM_CAPS));

#define ENUM_TYPE(function, type_name, ...)                                \
  static GType function(void) {                                            \
    static gsize type;                                                     \
    static const GEnumValue values[] = {__VA_ARGS__, {0, NULL, NULL}};     \
    if (g_once_init_enter(&type))                                          \
      g_once_init_leave(&type, g_enum_register_static(type_name, values)); \
    return type;                                                           \
  }

ENUM_TYPE(memory_type, "DsbindUriSrcBinMemory",
          {0, "Device memory", "memtype_device"},
          {1, "Pinned host memory", "memtype_pinned"},
          {2, "Unified memory", "memtype_unified"})
ENUM_TYPE(source_type, "DsbindUriSrcBinType",
          {0, "By the URI", "auto"}, {1, "URI", "uri"}, {2, "RTSP", "rtsp"})
/* The values are those of GstRTSPLowerTrans. */
ENUM_TYPE(protocol_type, "DsbindUriSrcBinProtocol",
          {0, "UDP, UDP multicast, TCP", "rtp-multi"}, {4, "TCP only", "rtp-tcp"})

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  DsbindUriSrcBin *self = DSBIND_URI_SRC_BIN(object);
  GST_OBJECT_LOCK(self);
  switch (id) {
    case PROP_URI:
      g_free(self->uri);
      self->uri = g_value_dup_string(value);
      break;
    case PROP_GPU_ID: self->gpu = g_value_get_uint(value); break;
    case PROP_EXTRA_SURFACES: self->extra_surfaces = g_value_get_uint(value); break;
    case PROP_FILE_LOOP: g_atomic_int_set(&self->file_loop, g_value_get_boolean(value)); break;
    case PROP_DROP_INTERVAL: self->drop_interval = g_value_get_uint(value); break;
    case PROP_MEMORY_TYPE: self->memory_type = g_value_get_enum(value); break;
    case PROP_SOURCE_ID: self->source_id = g_value_get_int(value); break;
    case PROP_TYPE: self->type = g_value_get_enum(value); break;
    case PROP_RTP_PROTOCOL: self->rtp_protocol = (guint)g_value_get_enum(value); break;
    case PROP_LATENCY: self->latency = g_value_get_uint(value); break;
    case PROP_UDP_BUFFER_SIZE: self->udp_buffer_size = g_value_get_uint(value); break;
    case PROP_DISABLE_AUDIO: self->disable_audio = g_value_get_boolean(value); break;
    case PROP_DISABLE_PASSTHROUGH: self->disable_passthrough = g_value_get_boolean(value); break;
    case PROP_INTERVAL:
      g_atomic_int_set(&self->reconnect.interval, (gint)g_value_get_uint(value));
      break;
    case PROP_FIRST_INTERVAL:
      g_atomic_int_set(&self->reconnect.first_interval, (gint)g_value_get_uint(value));
      break;
    case PROP_ATTEMPTS:
      g_atomic_int_set(&self->reconnect.attempts, g_value_get_int(value));
      break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
  GST_OBJECT_UNLOCK(self);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  DsbindUriSrcBin *self = DSBIND_URI_SRC_BIN(object);
  GST_OBJECT_LOCK(self);
  switch (id) {
    case PROP_URI: g_value_set_string(value, self->uri); break;
    case PROP_GPU_ID: g_value_set_uint(value, self->gpu); break;
    case PROP_EXTRA_SURFACES: g_value_set_uint(value, self->extra_surfaces); break;
    case PROP_FILE_LOOP: g_value_set_boolean(value, g_atomic_int_get(&self->file_loop)); break;
    case PROP_DROP_INTERVAL: g_value_set_uint(value, self->drop_interval); break;
    case PROP_MEMORY_TYPE: g_value_set_enum(value, self->memory_type); break;
    case PROP_SOURCE_ID: g_value_set_int(value, self->source_id); break;
    case PROP_TYPE: g_value_set_enum(value, self->type); break;
    case PROP_RTP_PROTOCOL: g_value_set_enum(value, (gint)self->rtp_protocol); break;
    case PROP_LATENCY: g_value_set_uint(value, self->latency); break;
    case PROP_UDP_BUFFER_SIZE: g_value_set_uint(value, self->udp_buffer_size); break;
    case PROP_DISABLE_AUDIO: g_value_set_boolean(value, self->disable_audio); break;
    case PROP_DISABLE_PASSTHROUGH: g_value_set_boolean(value, self->disable_passthrough); break;
    case PROP_INTERVAL:
      g_value_set_uint(value, (guint)g_atomic_int_get(&self->reconnect.interval));
      break;
    case PROP_FIRST_INTERVAL:
      g_value_set_uint(value, (guint)g_atomic_int_get(&self->reconnect.first_interval));
      break;
    case PROP_ATTEMPTS:
      g_value_set_int(value, g_atomic_int_get(&self->reconnect.attempts));
      break;
    case PROP_STATE: g_value_set_static_string(value, dsbind_reconnect_state(self)); break;
    case PROP_OUTAGES: g_value_set_uint(value, dsbind_reconnect_outages(self)); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
  GST_OBJECT_UNLOCK(self);
}

/* Reads the uri and makes the elements for it. What is wrong with the source is a message, not a
 * failed change of state: it must not stop the other sources of a pipeline. */
static void open_source(DsbindUriSrcBin *self) {
  char *why = NULL;
  GError *error = NULL;

  g_atomic_int_set(&self->failed, 0);
  g_atomic_int_set(&self->told_to_end, 0);
  g_atomic_int_set(&self->data_seen, 0);
  g_atomic_int_set(&self->said_bye, 0);
  g_atomic_int_set(&self->cut, 0);
  self->flow = GST_FLOW_OK;
  self->opened = g_get_monotonic_time();
  self->file = (DsbindMediaFile){0};
  dsbind_loop_reset(&self->loop);
  dsbind_location_clear(&self->location);
  GST_OBJECT_LOCK(self);
  char *uri = g_strdup(self->uri);
  GST_OBJECT_UNLOCK(self);
  const gboolean valid = dsbind_location_init(&self->location, uri, &why);
  g_free(uri);
  if (!valid) {
    dsbind_uri_fail_later(self, g_error_new_literal(GST_RESOURCE_ERROR,
                                                    GST_RESOURCE_ERROR_SETTINGS, why));
    g_free(why);
    return;
  }
  if (self->location.path && !dsbind_media_file_check(&self->file, self->location.path,
                                                      self->location.shown, &error)) {
    dsbind_uri_fail_later(self, error);
    return;
  }
  dsbind_reconnect_start(self);
  dsbind_uri_source_build(self);
}

static gboolean upwards(GstStateChange transition) {
  return GST_STATE_TRANSITION_NEXT(transition) > GST_STATE_TRANSITION_CURRENT(transition);
}

static GstStateChangeReturn change_state(GstElement *element, GstStateChange transition) {
  DsbindUriSrcBin *self = DSBIND_URI_SRC_BIN(element);
  GstElementClass *bin = GST_ELEMENT_CLASS(dsbind_uri_src_bin_parent_class);
  GstElementClass *base = g_type_class_peek(GST_TYPE_ELEMENT);
  GstStateChangeReturn result;

  g_atomic_pointer_set(&self->changing, g_thread_self());
  if (transition == GST_STATE_CHANGE_NULL_TO_READY) dsbind_crowd_join();
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) open_source(self);
  if (transition == GST_STATE_CHANGE_PLAYING_TO_PAUSED) dsbind_reconnect_set_playing(self, FALSE);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    dsbind_reconnect_stop(self);
    dsbind_uri_source_settle(self);
  }
  if (upwards(transition) && transition != GST_STATE_CHANGE_NULL_TO_READY &&
      g_atomic_int_get(&self->failed))
    result = base->change_state(element, transition);
  else
    result = bin->change_state(element, transition);
  if (result == GST_STATE_CHANGE_FAILURE && upwards(transition)) {
    dsbind_uri_fail_later(self, g_error_new(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_FAILED,
                                            "%s cannot be opened. Check the address.",
                                            self->location.shown));
    result = base->change_state(element, transition);
  }
  g_atomic_pointer_set(&self->changing, NULL);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_PLAYING) dsbind_reconnect_set_playing(self, TRUE);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) dsbind_uri_source_clear(self);
  if (transition == GST_STATE_CHANGE_READY_TO_NULL ||
      (transition == GST_STATE_CHANGE_NULL_TO_READY && result == GST_STATE_CHANGE_FAILURE))
    dsbind_crowd_leave();
  /* Sinks preroll; a source that gets stuck must not keep a pipeline from its state. */
  return result == GST_STATE_CHANGE_ASYNC ? GST_STATE_CHANGE_SUCCESS : result;
}

static void handle_message(GstBin *bin, GstMessage *message) {
  switch (GST_MESSAGE_TYPE(message)) {
    case GST_MESSAGE_ERROR:
      dsbind_uri_translate_error(DSBIND_URI_SRC_BIN(bin), message);
      gst_message_unref(message);
      return;
    case GST_MESSAGE_WARNING:
      if (dsbind_uri_hear_of_cut(DSBIND_URI_SRC_BIN(bin), message)) {
        gst_message_unref(message);
        return;
      }
      break;
    case GST_MESSAGE_ASYNC_START:
    case GST_MESSAGE_ASYNC_DONE:
      gst_message_unref(message);
      return;
    default: break;
  }
  GST_BIN_CLASS(dsbind_uri_src_bin_parent_class)->handle_message(bin, message);
}

static void finalize(GObject *object) {
  DsbindUriSrcBin *self = DSBIND_URI_SRC_BIN(object);
  dsbind_location_clear(&self->location);
  dsbind_reconnect_clear(self);
  g_free(self->uri);
  G_OBJECT_CLASS(dsbind_uri_src_bin_parent_class)->finalize(object);
}

static void install_properties(GObjectClass *object) {
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;
  g_object_class_install_property(
      object, PROP_URI,
      g_param_spec_string("uri", "URI", "URI to play, or the absolute path of a file", NULL,
                          flags | GST_PARAM_MUTABLE_READY));
  g_object_class_install_property(
      object, PROP_GPU_ID,
      g_param_spec_uint("gpu-id", "GPU id", "GPU to use; without effect in host memory", 0,
                        G_MAXUINT, 0, flags));
  g_object_class_install_property(
      object, PROP_EXTRA_SURFACES,
      g_param_spec_uint("num-extra-surfaces", "Extra surfaces",
                        "Surfaces that the decoder makes beyond the least needed", 0, 55, 1,
                        flags));
  g_object_class_install_property(
      object, PROP_FILE_LOOP,
      g_param_spec_boolean("file-loop", "File loop",
                           "Play the source again when it ends; timestamps go on", FALSE,
                           flags | GST_PARAM_MUTABLE_PLAYING));
  g_object_class_install_property(
      object, PROP_DROP_INTERVAL,
      g_param_spec_uint("drop-frame-interval", "Drop frame interval",
                        "Hand out every n-th decoded frame; 0 is all", 0, 30, 0, flags));
  g_object_class_install_property(
      object, PROP_MEMORY_TYPE,
      g_param_spec_enum("cudadec-memtype", "Memory type", "Without effect in host memory",
                        memory_type(), 0, flags));
  g_object_class_install_property(
      object, PROP_SOURCE_ID,
      g_param_spec_int("source-id", "Source id", "A number of the application's own", -1, G_MAXINT,
                       -1, flags));
  g_object_class_install_property(
      object, PROP_TYPE,
      g_param_spec_enum("type", "Type", "Kind of source; the URI decides", source_type(), 0,
                        flags));
  g_object_class_install_property(
      object, PROP_RTP_PROTOCOL,
      g_param_spec_enum("select-rtp-protocol", "RTP protocol", "Transport of an RTSP source",
                        protocol_type(), 0, flags));
  g_object_class_install_property(
      object, PROP_LATENCY,
      g_param_spec_uint("latency", "Latency", "Jitter buffer of an RTSP source, milliseconds", 0,
                        G_MAXUINT, 100, flags));
  g_object_class_install_property(
      object, PROP_UDP_BUFFER_SIZE,
      g_param_spec_uint("udp-buffer-size", "UDP buffer size",
                        "Kernel buffer of an RTSP source over UDP, bytes", 0, G_MAXINT, 524288,
                        flags));
  g_object_class_install_property(
      object, PROP_DISABLE_AUDIO,
      g_param_spec_boolean("disable-audio", "Disable audio",
                           "Without effect: sound is always left out", TRUE, flags));
  g_object_class_install_property(
      object, PROP_DISABLE_PASSTHROUGH,
      g_param_spec_boolean("disable-passthrough", "Disable passthrough",
                           "Without effect: decoded frames are the element's own already", FALSE,
                           flags));
}

static void install_rtsp_properties(GObjectClass *object) {
  const GParamFlags flags = G_PARAM_STATIC_STRINGS;
  const GParamFlags live = flags | G_PARAM_READWRITE | GST_PARAM_MUTABLE_PLAYING;
  g_object_class_install_property(
      object, PROP_INTERVAL,
      g_param_spec_uint("rtsp-reconnect-interval", "RTSP reconnect interval",
                        "Seconds without data after which an RTSP source is connected to again, "
                        "and between attempts; 0 is never", 0, G_MAXINT, 0, live));
  g_object_class_install_property(
      object, PROP_FIRST_INTERVAL,
      g_param_spec_uint("init-rtsp-reconnect-interval", "First RTSP reconnect interval",
                        "The same before the first frame", 0, G_MAXINT, 0, live));
  g_object_class_install_property(
      object, PROP_ATTEMPTS,
      g_param_spec_int("rtsp-reconnect-attempts", "RTSP reconnect attempts",
                       "How often in a row it is tried to connect again; -1 is for ever", -1,
                       G_MAXINT, -1, live));
  g_object_class_install_property(
      object, PROP_STATE,
      g_param_spec_string("rtsp-state", "RTSP state",
                          "Of an RTSP source: connecting, playing, lost or reconnecting", "",
                          flags | G_PARAM_READABLE));
  g_object_class_install_property(
      object, PROP_OUTAGES,
      g_param_spec_uint("rtsp-outages", "RTSP outages", "How often it was lost in this run", 0,
                        G_MAXUINT, 0, flags | G_PARAM_READABLE));
}

static gboolean send_event(GstElement *element, GstEvent *event) {
  if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) {
    g_atomic_int_set(&DSBIND_URI_SRC_BIN(element)->told_to_end, 1);
    if (dsbind_reconnect_end(DSBIND_URI_SRC_BIN(element))) {
      gst_event_unref(event);
      return TRUE;
    }
  }
  return GST_ELEMENT_CLASS(dsbind_uri_src_bin_parent_class)->send_event(element, event);
}

static void dsbind_uri_src_bin_class_init(DsbindUriSrcBinClass *klass) {
  GObjectClass *object = G_OBJECT_CLASS(klass);
  GstElementClass *element = GST_ELEMENT_CLASS(klass);

  object->set_property = set_property;
  object->get_property = get_property;
  object->finalize = finalize;
  element->change_state = change_state;
  element->send_event = send_event;
  GST_BIN_CLASS(klass)->handle_message = handle_message;
  install_properties(object);
  install_rtsp_properties(object);
  gst_element_class_add_static_pad_template(element, &video_template);
  gst_element_class_set_static_metadata(element, "NvUriSrcBin", "Source/Bin/Video",
                                        "Decodes a file or stream, named by a URI, into NVMM "
                                        "memory", "dsbind");
}

static void dsbind_uri_src_bin_init(DsbindUriSrcBin *self) {
  self->extra_surfaces = 1;
  self->source_id = -1;
  self->latency = 100;
  self->udp_buffer_size = 524288;
  self->disable_audio = TRUE;
  dsbind_loop_reset(&self->loop);
  dsbind_reconnect_init(self);
  /* A source also between two sessions, when it has no child that is one. */
  gst_bin_set_suppressed_flags(GST_BIN(self), GST_ELEMENT_FLAG_SOURCE);
  GST_OBJECT_FLAG_SET(self, GST_ELEMENT_FLAG_SOURCE);
}
