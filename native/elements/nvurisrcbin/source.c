/* SPDX-License-Identifier: Apache-2.0 */
/* The elements inside: a source, a parser per stream of it, a decoder for the video. */
#include "convert.h"
#include "nvurisrcbin.h"

static void missing_element(DsbindUriSrcBin *self, const char *name, const char *package) {
  dsbind_uri_fail_later(
      self, g_error_new(GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
                        "%s cannot be played: GStreamer's element %s is missing. On Debian or "
                        "Ubuntu: apt-get install %s", self->location.shown, name, package));
}

/* Adds an element to the bin and brings it to the bin's state. NULL when it does not exist. */
static GstElement *add(DsbindUriSrcBin *self, const char *factory, const char *package) {
  GstElement *element = gst_element_factory_make(factory, NULL);
  if (element)
    gst_bin_add(GST_BIN(self), element);
  else
    missing_element(self, factory, package);
  return element;
}

static gboolean link_to(GstPad *pad, GstElement *element) {
  GstPad *sink = gst_element_get_static_pad(element, "sink");
  const gboolean linked = sink && GST_PAD_LINK_SUCCESSFUL(gst_pad_link(pad, sink));
  gst_clear_object(&sink);
  return linked;
}

static void expose(DsbindUriSrcBin *self, GstElement *last) {
  GstPad *src = gst_element_get_static_pad(last, "src");
  GstPad *pad = gst_ghost_pad_new_from_template(
      "vsrc_0", src, gst_element_class_get_pad_template(GST_ELEMENT_GET_CLASS(self), "vsrc_%u"));
  gst_pad_set_active(pad, TRUE);
  gst_element_add_pad(GST_ELEMENT(self), pad);
  gst_object_unref(src);
}

/* Any decoded stream of a decodebin goes to the element given. */
static void decoded_pad(GstElement *decodebin, GstPad *pad, gpointer next) {
  GstPad *sink = gst_element_get_static_pad(next, "sink");
  (void)decodebin;
  if (!gst_pad_is_linked(sink)) gst_pad_link(pad, sink);
  gst_object_unref(sink);
}

/* What nvv4l2decoder does not take (PNG, Theora, raw video...) goes through decodebin. */
static GstElement *add_other_decoder(DsbindUriSrcBin *self, GstPad *pad) {
  GstElement *decodebin = add(self, "decodebin", "gstreamer1.0-plugins-base");
  if (!decodebin) return NULL;
  GstElement *convert = GST_ELEMENT(dsbind_convert_new("convert", DSBIND_NVMM_CAPS, FALSE));
  gst_bin_add(GST_BIN(self), convert);
  g_signal_connect_object(decodebin, "pad-added", G_CALLBACK(decoded_pad), convert, 0);
  link_to(pad, decodebin);
  gst_element_sync_state_with_parent(convert);
  gst_element_sync_state_with_parent(decodebin);
  return convert;
}

static GstElement *add_decoder(DsbindUriSrcBin *self, GstPad *pad, GstCaps *caps) {
  GstElement *decoder = add(self, "nvv4l2decoder", "the plugins of dsbind again");
  if (!decoder) return NULL;
  GstCaps *accepted = gst_pad_template_get_caps(
      gst_element_class_get_pad_template(GST_ELEMENT_GET_CLASS(decoder), "sink"));
  const gboolean fits = gst_caps_can_intersect(caps, accepted);
  gst_caps_unref(accepted);
  if (!fits) {
    gst_bin_remove(GST_BIN(self), decoder);
    return add_other_decoder(self, pad);
  }
  g_object_set(decoder, "gpu-id", self->gpu, "num-extra-surfaces", self->extra_surfaces,
               "drop-frame-interval", self->drop_interval, NULL);
  gst_util_set_object_arg(G_OBJECT(decoder), "cudadec-memtype",
                          self->memory_type == 1 ? "memtype_pinned"
                          : self->memory_type == 2 ? "memtype_unified" : "memtype_device");
  link_to(pad, decoder);
  gst_element_sync_state_with_parent(decoder);
  return decoder;
}

static void add_video(DsbindUriSrcBin *self, GstPad *pad, GstCaps *caps) {
  GstElement *last = add_decoder(self, pad, caps);
  if (!last) return;
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, dsbind_loop_coded_probe, self, NULL);
  GstPad *src = gst_element_get_static_pad(last, "src");
  gst_pad_add_probe(src, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM |
                             GST_PAD_PROBE_TYPE_EVENT_FLUSH, dsbind_loop_probe, self, NULL);
  gst_object_unref(src);
  expose(self, last);
}

/* Streams that nobody wants flow into nothing, and are no reason to stop. All streams of a parser
 * are there before the first one flows. */
static GstPadProbeReturn discard(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  DsbindUriSrcBin *self = data;
  (void)pad, (void)info;
  /* Of an RTSP source the next stream may be the video. */
  if (g_atomic_int_get(&self->video_pads) == 0 && self->location.kind != DSBIND_LOCATION_RTSP)
    dsbind_uri_fail(self, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE,
                    g_strdup_printf("%s has no video, only sound or data. Give a file with a video "
                                    "stream.", self->location.shown), NULL);
  return GST_PAD_PROBE_DROP;
}

static void parsed_pad(GstElement *parser, GstPad *pad, gpointer data) {
  DsbindUriSrcBin *self = data;
  if (self->location.kind == DSBIND_LOCATION_FILE) dsbind_uri_deadline_cancel(self);
  GstCaps *caps = gst_pad_get_current_caps(pad);
  if (!caps) caps = gst_pad_query_caps(pad, NULL);
  const char *name = gst_caps_is_any(caps) || gst_caps_is_empty(caps)
                         ? "" : gst_structure_get_name(gst_caps_get_structure(caps, 0));
  const gboolean video = g_str_has_prefix(name, "video/") || g_str_has_prefix(name, "image/");
  (void)parser;
  if (video && g_atomic_int_compare_and_exchange(&self->video_pads, 0, 1))
    add_video(self, pad, caps);
  else
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_DATA_DOWNSTREAM, discard, self, NULL);
  gst_caps_unref(caps);
}

static GstPadProbeReturn first_data(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  DsbindUriSrcBin *self = data;
  (void)pad, (void)info;
  g_atomic_int_set(&self->data_seen, 1);
  if (self->location.kind != DSBIND_LOCATION_FILE) dsbind_uri_deadline_cancel(self);
  return GST_PAD_PROBE_REMOVE;
}

static void source_pad(GstElement *source, GstPad *pad, gpointer data) {
  DsbindUriSrcBin *self = data;
  (void)source;
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, first_data, self, NULL);
  GstElement *parser = add(self, "parsebin", "gstreamer1.0-plugins-base");
  if (!parser) return;
  g_signal_connect(parser, "pad-added", G_CALLBACK(parsed_pad), self);
  if (!link_to(pad, parser))
    dsbind_uri_fail(self, GST_CORE_ERROR, GST_CORE_ERROR_PAD,
                    g_strdup_printf("%s cannot be played: its stream could not be linked.",
                                    self->location.shown), NULL);
  gst_element_sync_state_with_parent(parser);
}

static void set_if_there(GstElement *element, const char *name, guint value) {
  GParamSpec *spec = g_object_class_find_property(G_OBJECT_GET_CLASS(element), name);
  GValue from = G_VALUE_INIT, to = G_VALUE_INIT;
  if (!spec) return;
  g_value_init(&from, G_TYPE_UINT);
  g_value_set_uint(&from, value);
  g_value_init(&to, spec->value_type);
  if (G_IS_PARAM_SPEC_FLAGS(spec))
    g_value_set_flags(&to, value);
  else if (!g_value_transform(&from, &to))
    return;
  g_object_set_property(G_OBJECT(element), name, &to);
}

static void source_setup(GstElement *source, GstElement *inner, gpointer data) {
  DsbindUriSrcBin *self = data;
  (void)source;
  if (self->location.kind != DSBIND_LOCATION_RTSP) return;
  set_if_there(inner, "latency", self->latency);
  set_if_there(inner, "udp-buffer-size", self->udp_buffer_size);
  /* 0 leaves rtspsrc its own order of tries. */
  if (self->rtp_protocol) set_if_there(inner, "protocols", self->rtp_protocol);
}

void dsbind_uri_source_build(DsbindUriSrcBin *self) {
  if (self->location.kind == DSBIND_LOCATION_FILE) {
    GstElement *source = add(self, "filesrc", "libgstreamer1.0-0");
    if (!source) return;
    g_object_set(source, "location", self->location.path, NULL);
    GstPad *pad = gst_element_get_static_pad(source, "src");
    source_pad(source, pad, self);
    gst_object_unref(pad);
    /* While parsebin connects a demuxer it swallows that one's errors. */
    dsbind_uri_deadline_start(self);
    return;
  }
  char *protocol = gst_uri_get_protocol(self->location.uri);
  const gboolean known = gst_uri_protocol_is_supported(GST_URI_SRC, protocol);
  if (!known)
    dsbind_uri_fail_later(
        self, g_error_new(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ,
                          "%s cannot be opened: nothing installed reads %s:// sources. Check the "
                          "address; on Debian or Ubuntu gstreamer1.0-plugins-good reads most.",
                          self->location.shown, protocol));
  g_free(protocol);
  GstElement *source = known ? add(self, "urisourcebin", "gstreamer1.0-plugins-base") : NULL;
  if (!source) return;
  g_object_set(source, "uri", self->location.uri, "use-buffering", FALSE, NULL);
  g_signal_connect(source, "pad-added", G_CALLBACK(source_pad), self);
  g_signal_connect(source, "source-setup", G_CALLBACK(source_setup), self);
  if (self->location.kind != DSBIND_LOCATION_RTSP) dsbind_uri_deadline_start(self);
}

/* What a source needs to be looked into, at most, in microseconds; it may also send nothing. */
#define SETTLING (G_USEC_PER_SEC / 2)
#define LOOK_AGAIN (G_USEC_PER_SEC / 1000)

static void look_for_unsettled(const GValue *item, gpointer unsettled) {
  GstElement *child = g_value_get_object(item);
  GstElementFactory *factory = gst_element_get_factory(child);
  if (!factory || strcmp(GST_OBJECT_NAME(factory), "parsebin")) return;
  GST_OBJECT_LOCK(child);
  /* Its state says nothing: it can be PAUSED with all still to come. */
  if (!child->srcpads) *(gboolean *)unsettled = TRUE;
  GST_OBJECT_UNLOCK(child);
}

/* parsebin crashes or leaks when it is ended while its streaming threads build it up. */
void dsbind_uri_source_settle(DsbindUriSrcBin *self) {
  const gint64 until = g_get_monotonic_time() + SETTLING;
  if (self->location.kind != DSBIND_LOCATION_FILE && !g_atomic_int_get(&self->data_seen)) return;
  while (!g_atomic_int_get(&self->failed) && g_get_monotonic_time() < until) {
    gboolean unsettled = FALSE;
    GstIterator *children = gst_bin_iterate_elements(GST_BIN(self));
    while (gst_iterator_foreach(children, look_for_unsettled, &unsettled) == GST_ITERATOR_RESYNC)
      gst_iterator_resync(children);
    gst_iterator_free(children);
    if (!unsettled) return;
    g_usleep(LOOK_AGAIN);
  }
}

static void remove_child(const GValue *item, gpointer bin) {
  GstElement *child = g_value_get_object(item);
  gst_element_set_locked_state(child, TRUE);
  gst_element_set_state(child, GST_STATE_NULL);
  gst_bin_remove(bin, child);
}

static gboolean remove_pad(GstElement *element, GstPad *pad, gpointer data) {
  (void)data;
  gst_ghost_pad_set_target(GST_GHOST_PAD(pad), NULL);
  gst_pad_set_active(pad, FALSE);
  return gst_element_remove_pad(element, pad);
}

void dsbind_uri_source_clear(DsbindUriSrcBin *self) {
  dsbind_uri_fail_nothing(self);
  GstIterator *children = gst_bin_iterate_elements(GST_BIN(self));
  while (gst_iterator_foreach(children, remove_child, self) == GST_ITERATOR_RESYNC)
    gst_iterator_resync(children);
  gst_iterator_free(children);
  while (GST_ELEMENT(self)->srcpads)
    remove_pad(GST_ELEMENT(self), GST_ELEMENT(self)->srcpads->data, NULL);
  self->video_pads = 0;
}
