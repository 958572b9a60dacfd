/* SPDX-License-Identifier: Apache-2.0 */
/* A bin: an entrance, what the stream needs to become access units, and an appsink that the RTSP
 * feed taps. The middle is made when the caps are known: frames are encoded, streams only parsed. */
#include "nvmm.h"
#include "rtsp.h"

#define DSBIND_TYPE_RTSP_OUT_SINK_BIN (dsbind_rtsp_out_sink_bin_get_type())
G_DECLARE_FINAL_TYPE(DsbindRtspOutSinkBin, dsbind_rtsp_out_sink_bin, DSBIND, RTSP_OUT_SINK_BIN,
                     GstBin)

struct _DsbindRtspOutSinkBin {
  GstBin parent;
  GstElement *entrance, *sink;
  GList *middle; /* of the bin, first to last */
  GstElement *encoder; /* of the middle; under the object lock */
  DsbindRtspFeed *feed;
  char *address, *path;
  guint port, bitrate, key_interval, udp_port, udp_buffer, gpu;
  gint codec, profile, encoder_type;
};

G_DEFINE_TYPE(DsbindRtspOutSinkBin, dsbind_rtsp_out_sink_bin, GST_TYPE_BIN)

enum {
  PROP_0,
  PROP_PORT,
  PROP_MOUNT_POINT,
  PROP_ADDRESS,
  PROP_CODEC,
  PROP_BITRATE,
  PROP_PROFILE,
  PROP_IFRAME_INTERVAL,
  PROP_SYNC,
  PROP_ASYNC,
  PROP_ENC_TYPE,
  PROP_UDP_PORT,
  PROP_UDP_BUFFER_SIZE,
  PROP_GPU_ID,
};

#define DEFAULT_ADDRESS "127.0.0.1"
#define DEFAULT_MOUNT_POINT "/ds-test"

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS(DSBIND_NVMM_CAPS "; video/x-raw; video/x-h264; video/x-h265"));

static GType codec_type(void) {
  static gsize type;
  static const GEnumValue values[] = {{DSBIND_RTSP_H264, "H.264", "h264"},
                                      {DSBIND_RTSP_H265, "H.265", "h265"},
                                      {0, NULL, NULL}};
  if (g_once_init_enter(&type))
    g_once_init_leave(&type, g_enum_register_static("DsbindRtspOutSinkBinCodec", values));
  return type;
}

/* On any thread, while the encoder may come or go. */
static void apply(DsbindRtspOutSinkBin *self) {
  GST_OBJECT_LOCK(self);
  GstElement *encoder = self->encoder ? gst_object_ref(self->encoder) : NULL;
  const guint bitrate = self->bitrate, key_interval = self->key_interval;
  GST_OBJECT_UNLOCK(self);
  if (!encoder) return;
  g_object_set(encoder, "bitrate", bitrate, "iframeinterval", key_interval, NULL);
  gst_object_unref(encoder);
}

static void set_encoder(DsbindRtspOutSinkBin *self, GstElement *encoder) {
  GST_OBJECT_LOCK(self);
  self->encoder = encoder;
  GST_OBJECT_UNLOCK(self);
}

static void set_property(GObject *object, guint id, const GValue *value, GParamSpec *spec) {
  DsbindRtspOutSinkBin *self = DSBIND_RTSP_OUT_SINK_BIN(object);
  if (id == PROP_SYNC || id == PROP_ASYNC) {
    /* Without the lock: a child tells its parents of the change. */
    g_object_set_property(G_OBJECT(self->sink), spec->name, value);
    return;
  }
  GST_OBJECT_LOCK(self);
  switch (id) {
    case PROP_PORT: self->port = g_value_get_uint(value); break;
    case PROP_MOUNT_POINT:
      g_free(self->path);
      self->path = g_value_dup_string(value);
      break;
    case PROP_ADDRESS:
      g_free(self->address);
      self->address = g_value_dup_string(value);
      break;
    case PROP_CODEC: self->codec = g_value_get_enum(value); break;
    case PROP_BITRATE: self->bitrate = g_value_get_uint(value); break;
    case PROP_PROFILE: self->profile = g_value_get_int(value); break;
    case PROP_IFRAME_INTERVAL: self->key_interval = g_value_get_uint(value); break;
    case PROP_ENC_TYPE: self->encoder_type = g_value_get_int(value); break;
    case PROP_UDP_PORT: self->udp_port = g_value_get_uint(value); break;
    case PROP_UDP_BUFFER_SIZE: self->udp_buffer = g_value_get_uint(value); break;
    case PROP_GPU_ID: self->gpu = g_value_get_uint(value); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
  GST_OBJECT_UNLOCK(self);
  if (id == PROP_BITRATE || id == PROP_IFRAME_INTERVAL) apply(self);
}

static void get_property(GObject *object, guint id, GValue *value, GParamSpec *spec) {
  DsbindRtspOutSinkBin *self = DSBIND_RTSP_OUT_SINK_BIN(object);
  GST_OBJECT_LOCK(self);
  switch (id) {
    case PROP_PORT: g_value_set_uint(value, self->port); break;
    case PROP_MOUNT_POINT: g_value_set_string(value, self->path); break;
    case PROP_ADDRESS: g_value_set_string(value, self->address); break;
    case PROP_CODEC: g_value_set_enum(value, self->codec); break;
    case PROP_BITRATE: g_value_set_uint(value, self->bitrate); break;
    case PROP_PROFILE: g_value_set_int(value, self->profile); break;
    case PROP_IFRAME_INTERVAL: g_value_set_uint(value, self->key_interval); break;
    case PROP_SYNC: g_object_get_property(G_OBJECT(self->sink), "sync", value); break;
    case PROP_ASYNC: g_object_get_property(G_OBJECT(self->sink), "async", value); break;
    case PROP_ENC_TYPE: g_value_set_int(value, self->encoder_type); break;
    case PROP_UDP_PORT: g_value_set_uint(value, self->udp_port); break;
    case PROP_UDP_BUFFER_SIZE: g_value_set_uint(value, self->udp_buffer); break;
    case PROP_GPU_ID: g_value_set_uint(value, self->gpu); break;
    default: G_OBJECT_WARN_INVALID_PROPERTY_ID(object, id, spec);
  }
  GST_OBJECT_UNLOCK(self);
}

/* Adds an element to the middle. NULL after an error message when there is none of that name. */
static GstElement *append(DsbindRtspOutSinkBin *self, const char *factory, const char *package) {
  GstElement *element = gst_element_factory_make(factory, NULL);
  if (!element) {
    GST_ELEMENT_ERROR(self, CORE, MISSING_PLUGIN,
                      ("The element %s is not installed; the RTSP stream needs it. %s%s", factory,
                       package ? "On Debian or Ubuntu: apt-get install " : "Install dsbind again",
                       package ? package : ""), (NULL));
    return NULL;
  }
  gst_bin_add(GST_BIN(self), element);
  self->middle = g_list_append(self->middle, element);
  return element;
}

static gboolean append_encoder(DsbindRtspOutSinkBin *self) {
  const gboolean h265 = self->codec == DSBIND_RTSP_H265;
  if (!append(self, "nvvideoconvert", NULL)) return FALSE;
  GstElement *encoder = append(self, h265 ? "nvv4l2h265enc" : "nvv4l2h264enc", NULL);
  if (!encoder) return FALSE;
  gst_util_set_object_arg(G_OBJECT(encoder), "tuning-info-id", "UltraLowLatencyTuningInfoPreset");
  if (!h265) g_object_set(encoder, "profile", self->profile, NULL);
  set_encoder(self, encoder);
  apply(self);
  return TRUE;
}

/* Between the entrance and the sink, for a stream of `caps`. */
static gboolean build(DsbindRtspOutSinkBin *self, const GstCaps *caps) {
  const GstStructure *structure = gst_caps_get_structure(caps, 0);
  const gboolean raw = gst_structure_has_name(structure, "video/x-raw");
  const gboolean h265 = raw ? self->codec == DSBIND_RTSP_H265
                            : gst_structure_has_name(structure, "video/x-h265");
  if (raw && !append_encoder(self)) return FALSE;
  GstElement *parser = append(self, h265 ? "h265parse" : "h264parse", "gstreamer1.0-plugins-bad");
  GstElement *filter = append(self, "capsfilter", "libgstreamer1.0-0");
  if (!parser || !filter) return FALSE;
  g_object_set(parser, "config-interval", -1, NULL);
  char *form = g_strdup_printf("video/x-%s, stream-format=(string)byte-stream, "
                               "alignment=(string)au", h265 ? "h265" : "h264");
  gst_util_set_object_arg(G_OBJECT(filter), "caps", form);
  g_free(form);
  GstElement *last = self->sink;
  for (GList *item = g_list_last(self->middle); item; item = item->prev) {
    if (!gst_element_link(item->data, last) || !gst_element_sync_state_with_parent(item->data))
      return FALSE;
    last = item->data;
  }
  return gst_element_link(self->entrance, last);
}

static void clear_middle(DsbindRtspOutSinkBin *self) {
  set_encoder(self, NULL);
  for (GList *item = self->middle; item; item = item->next) {
    gst_element_set_state(item->data, GST_STATE_NULL);
    gst_bin_remove(GST_BIN(self), item->data);
  }
  g_clear_pointer(&self->middle, g_list_free);
}

static GstPadProbeReturn see_caps(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  (void)pad;
  DsbindRtspOutSinkBin *self = data;
  GstCaps *caps;
  if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) != GST_EVENT_CAPS || self->middle)
    return GST_PAD_PROBE_OK;
  gst_event_parse_caps(GST_PAD_PROBE_INFO_EVENT(info), &caps);
  return build(self, caps) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

/* FALSE after an error message. */
static gboolean open_feed(DsbindRtspOutSinkBin *self) {
  GError *error = NULL;
  self->feed = dsbind_rtsp_feed_new(self->address, self->port, self->path,
                                    (DsbindRtspCodec)self->codec, &error);
  if (self->feed) {
    dsbind_rtsp_feed_tap(self->feed, self->sink);
    return TRUE;
  }
  gst_element_message_full(GST_ELEMENT(self), GST_MESSAGE_ERROR, error->domain, error->code,
                           g_strdup_printf("%s.", error->message), NULL, __FILE__, G_STRFUNC,
                           __LINE__);
  g_error_free(error);
  return FALSE;
}

static GstStateChangeReturn change_state(GstElement *element, GstStateChange transition) {
  DsbindRtspOutSinkBin *self = DSBIND_RTSP_OUT_SINK_BIN(element);
  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !self->feed && !open_feed(self))
    return GST_STATE_CHANGE_FAILURE;
  const GstStateChangeReturn result =
      GST_ELEMENT_CLASS(dsbind_rtsp_out_sink_bin_parent_class)->change_state(element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) clear_middle(self);
  const gboolean stays = transition == GST_STATE_CHANGE_NULL_TO_READY &&
                         result == GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_READY_TO_NULL || stays)
    g_clear_pointer(&self->feed, dsbind_rtsp_feed_free);
  return result;
}

static void finalize(GObject *object) {
  DsbindRtspOutSinkBin *self = DSBIND_RTSP_OUT_SINK_BIN(object);
  g_clear_pointer(&self->feed, dsbind_rtsp_feed_free);
  g_list_free(self->middle);
  g_free(self->address);
  g_free(self->path);
  G_OBJECT_CLASS(dsbind_rtsp_out_sink_bin_parent_class)->finalize(object);
}

#define FLAGS (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS)

static void install_uint(GObjectClass *object, guint id, const char *name, const char *blurb,
                         guint value) {
  g_object_class_install_property(
      object, id, g_param_spec_uint(name, name, blurb, 0, G_MAXUINT, value, FLAGS));
}

static void install_int(GObjectClass *object, guint id, const char *name, const char *blurb,
                        gint value) {
  g_object_class_install_property(
      object, id, g_param_spec_int(name, name, blurb, 0, G_MAXINT, value, FLAGS));
}

static void install_text(GObjectClass *object, guint id, const char *name, const char *blurb,
                         const char *value) {
  g_object_class_install_property(object, id,
                                  g_param_spec_string(name, name, blurb, value, FLAGS));
}

static void install_switch(GObjectClass *object, guint id, const char *name, const char *blurb) {
  g_object_class_install_property(object, id, g_param_spec_boolean(name, name, blurb, FALSE, FLAGS));
}

static void dsbind_rtsp_out_sink_bin_class_init(DsbindRtspOutSinkBinClass *klass) {
  GObjectClass *object = G_OBJECT_CLASS(klass);
  GstElementClass *element = GST_ELEMENT_CLASS(klass);

  object->set_property = set_property;
  object->get_property = get_property;
  object->finalize = finalize;
  element->change_state = change_state;
  install_uint(object, PROP_PORT, "rtsp-port", "TCP port of the server", 8554);
  install_text(object, PROP_MOUNT_POINT, "rtsp-mount-point", "Path of the stream on the server",
               DEFAULT_MOUNT_POINT);
  install_text(object, PROP_ADDRESS, "rtsp-address",
               "Interface to serve on; 0.0.0.0 for all, so that other machines can watch",
               DEFAULT_ADDRESS);
  g_object_class_install_property(
      object, PROP_CODEC, g_param_spec_enum("codec", "codec", "What frames are encoded to",
                                            codec_type(), DSBIND_RTSP_H264, FLAGS));
  install_uint(object, PROP_BITRATE, "bitrate", "Bits per second", 4000000);
  install_int(object, PROP_PROFILE, "profile", "Profile of H.264, as nvv4l2h264enc has them", 0);
  install_uint(object, PROP_IFRAME_INTERVAL, "iframeinterval",
               "Frames from one key frame to the next", 30);
  install_switch(object, PROP_SYNC, "sync", "Serve each frame at its time");
  install_switch(object, PROP_ASYNC, "async", "Wait for a frame before the pipeline is PAUSED");
  install_int(object, PROP_ENC_TYPE, "enc-type", "Without effect in software", 0);
  install_uint(object, PROP_UDP_PORT, "udp-port", "Without effect: frames stay in the process",
               5400);
  install_uint(object, PROP_UDP_BUFFER_SIZE, "udp-buffer-size",
               "Without effect: frames stay in the process", 524288);
  install_uint(object, PROP_GPU_ID, "gpu-id", "Without effect in software", 0);
  gst_element_class_add_static_pad_template(element, &sink_template);
  gst_element_class_set_static_metadata(
      element, "NVIDIA RTSP output sink bin", "Sink/Video/Network",
      "Encodes frames and serves them over RTSP from inside the process", "dsbind");
}

static void dsbind_rtsp_out_sink_bin_init(DsbindRtspOutSinkBin *self) {
  self->address = g_strdup(DEFAULT_ADDRESS);
  self->path = g_strdup(DEFAULT_MOUNT_POINT);
  self->port = 8554;
  self->bitrate = 4000000;
  self->key_interval = 30;
  self->udp_port = 5400;
  self->udp_buffer = 524288;
  self->codec = DSBIND_RTSP_H264;

  GstCaps *caps = gst_static_pad_template_get_caps(&sink_template);
  self->entrance = gst_element_factory_make("capsfilter", "entrance");
  self->sink = gst_element_factory_make("appsink", "out");
  g_object_set(self->entrance, "caps", caps, NULL);
  g_object_set(self->sink, "sync", FALSE, "async", FALSE, "enable-last-sample", FALSE, NULL);
  gst_caps_unref(caps);
  gst_bin_add_many(GST_BIN(self), self->entrance, self->sink, NULL);

  GstPad *out = gst_element_get_static_pad(self->entrance, "src");
  gst_pad_add_probe(out, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, see_caps, self, NULL);
  gst_object_unref(out);
  GstPad *target = gst_element_get_static_pad(self->entrance, "sink");
  GstPadTemplate *template =
      gst_element_class_get_pad_template(GST_ELEMENT_GET_CLASS(self), "sink");
  gst_element_add_pad(GST_ELEMENT(self), gst_ghost_pad_new_from_template("sink", target, template));
  gst_object_unref(target);
}

static gboolean plugin_init(GstPlugin *plugin) {
  return gst_element_register(plugin, "nvrtspoutsinkbin", GST_RANK_NONE,
                              DSBIND_TYPE_RTSP_OUT_SINK_BIN);
}

#define PACKAGE "dsbind"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nvrtspoutsinkbin,
                  "Serves video over RTSP", plugin_init, DSBIND_VERSION, "Apache 2.0", "dsbind",
                  "dsbind")
