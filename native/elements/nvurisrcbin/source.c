/* SPDX-License-Identifier: Apache-2.0 */
/* The elements inside: a source, a parser per stream of it, a decoder for the video. */
#include <dsbind_runtime.h>
#include <string.h>

#include "convert.h"
#include "crowd.h"
#include "depay.h"
#include "lending.h"
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

/* The pad of the bin, made by the first session. */
static GstPad *video_pad(DsbindUriSrcBin *self) {
  GstPad *pad = gst_element_get_static_pad(GST_ELEMENT(self), "vsrc_0");
  if (pad) return pad;
  pad = gst_ghost_pad_new_no_target_from_template(
      "vsrc_0", gst_element_class_get_pad_template(GST_ELEMENT_GET_CLASS(self), "vsrc_%u"));
  return gst_object_ref_sink(pad);
}

static void show(DsbindUriSrcBin *self, GstPad *pad) {
  if (GST_OBJECT_PARENT(pad)) return;
  gst_pad_set_active(pad, TRUE);
  gst_element_add_pad(GST_ELEMENT(self), pad);
}

static void expose(DsbindUriSrcBin *self, GstElement *last) {
  GstPad *src = gst_element_get_static_pad(last, "src");
  GstPad *pad = video_pad(self);
  gst_ghost_pad_set_target(GST_GHOST_PAD(pad), src);
  show(self, pad);
  gst_object_unref(pad);
  gst_object_unref(src);
}

void dsbind_uri_source_push_eos(DsbindUriSrcBin *self) {
  GstPad *pad = video_pad(self);
  show(self, pad);
  GstEvent *started = gst_pad_get_sticky_event(pad, GST_EVENT_STREAM_START, 0);
  if (!started) gst_pad_push_event(pad, gst_event_new_stream_start("none"));
  g_clear_pointer(&started, gst_event_unref);
  gst_pad_push_event(pad, gst_event_new_eos());
  gst_object_unref(pad);
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

/* Frames of a GPU's memory that may be on their way while the decoder goes on. They are numbered
 * there: it waits when all are away. */
#define FRAMES_TO_LEND 8

/* Puts a parser before a decoder that takes the codec, but not in this form: NVIDIA's wants H.264 as
 * a byte stream. NULL where that does not help. */
static GstElement *add_reshaper(DsbindUriSrcBin *self, const GstCaps *caps,
                                const GstCaps *accepted) {
  static const struct {
    const char *codec, *parser;
  } parsers[] = {{"video/x-h264", "h264parse"}, {"video/x-h265", "h265parse"},
                 {"video/x-av1", "av1parse"},   {"video/x-vp9", "vp9parse"}};
  const char *codec = gst_structure_get_name(gst_caps_get_structure(caps, 0));
  gboolean known = FALSE;
  for (guint i = 0; i < gst_caps_get_size(accepted); i++)
    known |= gst_structure_has_name(gst_caps_get_structure(accepted, i), codec);
  for (guint i = 0; known && i < G_N_ELEMENTS(parsers); i++)
    if (!strcmp(codec, parsers[i].codec))
      return add(self, parsers[i].parser, "gstreamer1.0-plugins-bad");
  return NULL;
}

/* Before it knows its stream, NVIDIA's decoder offers what its driver lists, which nothing takes;
 * then it fits what comes next. */
static GstPadProbeReturn offer_any(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  GstQuery *query = GST_PAD_PROBE_INFO_QUERY(info);
  GstCaps *filter, *known = gst_pad_get_current_caps(pad);
  (void)data;
  if (known) gst_caps_unref(known);
  if (known || GST_QUERY_TYPE(query) != GST_QUERY_CAPS) return GST_PAD_PROBE_OK;
  GstCaps *caps = gst_caps_from_string(DSBIND_NVMM_CAPS);
  gst_query_parse_caps(query, &filter);
  if (filter) {
    GstCaps *both = gst_caps_intersect_full(filter, caps, GST_CAPS_INTERSECT_FIRST);
    gst_caps_unref(caps);
    caps = both;
  }
  gst_query_set_caps_result(query, caps);
  gst_caps_unref(caps);
  return GST_PAD_PROBE_HANDLED;
}

/* What a decoder of a GPU needs, that hands out frames of its own memory. */
static guint prepare_decoder(GstElement *decoder, guint extra_surfaces) {
  if (!dsbind_runtime_open(NULL) || !dsbind_memory_is_cuda(dsbind_memory_default()))
    return extra_surfaces;
  GstPad *src = gst_element_get_static_pad(decoder, "src");
  gst_pad_add_probe(src, GST_PAD_PROBE_TYPE_QUERY_UPSTREAM, offer_any, NULL, NULL);
  dsbind_lending_offer(src, FRAMES_TO_LEND);
  gst_object_unref(src);
  return MIN(extra_surfaces + FRAMES_TO_LEND, 55);
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

static GstElement *add_decoder(DsbindUriSrcBin *self, GstPad *pad, GstCaps *caps) {
  GstElement *decoder = add(self, "nvv4l2decoder", "the plugins of dsbind again");
  if (!decoder) return NULL;
  GstCaps *accepted = gst_pad_template_get_caps(
      gst_element_class_get_pad_template(GST_ELEMENT_GET_CLASS(decoder), "sink"));
  const gboolean fits = gst_caps_can_intersect(caps, accepted);
  GstElement *reshaper = fits ? NULL : add_reshaper(self, caps, accepted);
  gst_caps_unref(accepted);
  if (!fits && !reshaper) {
    gst_bin_remove(GST_BIN(self), decoder);
    return add_other_decoder(self, pad);
  }
  g_object_set(decoder, "gpu-id", self->gpu, "num-extra-surfaces",
               prepare_decoder(decoder, self->extra_surfaces), "drop-frame-interval",
               self->drop_interval, NULL);
  gst_util_set_object_arg(G_OBJECT(decoder), "cudadec-memtype",
                          self->memory_type == 1 ? "memtype_pinned"
                          : self->memory_type == 2 ? "memtype_unified" : "memtype_device");
  set_if_there(decoder, "max-threads", dsbind_crowd_threads(caps));
  if (reshaper) gst_element_link(reshaper, decoder);
  link_to(pad, reshaper ? reshaper : decoder);
  gst_element_sync_state_with_parent(decoder);
  if (reshaper) gst_element_sync_state_with_parent(reshaper);
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

static void fail_of_no_video(DsbindUriSrcBin *self) {
  /* A camera may still be on its way up. */
  if (self->loop.frames && dsbind_reconnect_lose(self, g_strdup("it has no video"))) return;
  dsbind_uri_fail(self, GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE,
                  g_strdup_printf("%s has no video, only sound or data. Give a source with a video "
                                  "stream.", self->location.shown), NULL);
}

/* Streams that nobody wants flow into nothing, and are no reason to stop. All streams of a parser
 * are there before the first one flows. */
static GstPadProbeReturn discard(GstPad *pad, GstPadProbeInfo *info, gpointer data) {
  DsbindUriSrcBin *self = data;
  (void)pad, (void)info;
  /* Of an RTSP source the next stream may be the video. */
  if (g_atomic_int_get(&self->video_pads) == 0 && self->location.kind != DSBIND_LOCATION_RTSP)
    fail_of_no_video(self);
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

static GstPadProbeReturn heard_data(GstPad *pad, GstPadProbeInfo *info, gpointer bin) {
  (void)pad, (void)info;
  dsbind_reconnect_heard(bin);
  return GST_PAD_PROBE_OK;
}

static GstElement *add_parser(DsbindUriSrcBin *self) {
  GstElement *parser = add(self, "parsebin", "gstreamer1.0-plugins-base");
  if (parser) g_signal_connect(parser, "pad-added", G_CALLBACK(parsed_pad), self);
  return parser;
}

/* A parser after what makes pictures of RTP packets: the depayloader, to be linked. */
static GstElement *add_depayloader(DsbindUriSrcBin *self, const DsbindDepay *depay) {
  GstElement *first = add(self, depay->factory, "gstreamer1.0-plugins-good");
  GstElement *filter = first ? add(self, "capsfilter", "libgstreamer1.0-0") : NULL;
  GstElement *parser = filter ? add_parser(self) : NULL;
  if (!parser) return NULL;
  gst_util_set_object_arg(G_OBJECT(filter), "caps", depay->caps);
  gst_element_link_many(first, filter, parser, NULL);
  gst_element_sync_state_with_parent(parser);
  gst_element_sync_state_with_parent(filter);
  return first;
}

/* FALSE at one that may be a video. */
static gboolean is_sound(GstElement *source, GstPad *pad, gpointer data) {
  (void)source, (void)data;
  GstCaps *caps = gst_pad_get_current_caps(pad);
  if (!caps) return FALSE;
  const char *media = gst_structure_get_string(gst_caps_get_structure(caps, 0), "media");
  const gboolean sound = media && g_str_equal(media, "audio");
  gst_caps_unref(caps);
  return sound;
}

/* All streams of an RTSP source are there. */
static void no_more_pads(GstElement *source, gpointer data) {
  if (gst_element_foreach_src_pad(source, is_sound, NULL)) fail_of_no_video(data);
}

static void source_pad(GstElement *source, GstPad *pad, gpointer data) {
  DsbindUriSrcBin *self = data;
  (void)source;
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, first_data, self, NULL);
  if (self->reconnect.thread)
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, heard_data,
                      self, NULL);
  GstCaps *caps = gst_pad_get_current_caps(pad);
  if (!caps) caps = gst_pad_query_caps(pad, NULL);
  const DsbindDepay *depay = dsbind_depay_for(caps);
  gst_caps_unref(caps);
  if (depay) dsbind_depay_watch_markers(pad);
  GstElement *next = depay ? add_depayloader(self, depay) : add_parser(self);
  if (!next) return;
  if (!link_to(pad, next))
    dsbind_uri_fail(self, GST_CORE_ERROR, GST_CORE_ERROR_PAD,
                    g_strdup_printf("%s cannot be played: its stream could not be linked.",
                                    self->location.shown), NULL);
  gst_element_sync_state_with_parent(next);
}

/* A server that ends its stream says so to each receiver. */
static void said_bye(GstElement *manager, guint session, guint sender, gpointer data) {
  DsbindUriSrcBin *self = data;
  (void)manager, (void)session, (void)sender;
  g_atomic_int_set(&self->said_bye, 1);
}

static void new_manager(GstElement *inner, GstElement *manager, gpointer data) {
  (void)inner;
  if (g_signal_lookup("on-bye-ssrc", G_OBJECT_TYPE(manager)))
    g_signal_connect(manager, "on-bye-ssrc", G_CALLBACK(said_bye), data);
}

static void source_setup(GstElement *source, GstElement *inner, gpointer data) {
  DsbindUriSrcBin *self = data;
  (void)source;
  if (self->location.kind != DSBIND_LOCATION_RTSP) return;
  if (g_signal_lookup("new-manager", G_OBJECT_TYPE(inner)))
    g_signal_connect(inner, "new-manager", G_CALLBACK(new_manager), self);
  set_if_there(inner, "latency", self->latency);
  set_if_there(inner, "udp-buffer-size", self->udp_buffer_size);
  /* 0 leaves rtspsrc its own order of tries. */
  if (self->rtp_protocol) set_if_there(inner, "protocols", self->rtp_protocol);
  /* After which it goes from UDP to TCP: within what an attempt is given. */
  const guint patience = dsbind_reconnect_patience(self);
  if (patience) set_if_there(inner, "timeout", MIN(patience / 2, 5) * G_USEC_PER_SEC);
  g_signal_connect(inner, "no-more-pads", G_CALLBACK(no_more_pads), self);
}

/* Without the plugin of the depayloaders, rtspsrc crashes. */
static gboolean can_depayload(DsbindUriSrcBin *self) {
  GstElementFactory *factory = gst_element_factory_find("rtph264depay");
  if (!factory) missing_element(self, "rtph264depay", "gstreamer1.0-plugins-good");
  const gboolean can = factory != NULL;
  gst_clear_object(&factory);
  return can;
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
  if (known && self->location.kind == DSBIND_LOCATION_RTSP && !can_depayload(self)) return;
  GstElement *source = known ? add(self, "urisourcebin", "gstreamer1.0-plugins-base") : NULL;
  if (!source) return;
  self->source = gst_object_ref(source);
  g_object_set(source, "uri", self->location.uri, "use-buffering", FALSE, NULL);
  g_signal_connect(source, "pad-added", G_CALLBACK(source_pad), self);
  g_signal_connect(source, "source-setup", G_CALLBACK(source_setup), self);
  if (self->location.kind != DSBIND_LOCATION_RTSP) dsbind_uri_deadline_start(self);
}

void dsbind_uri_source_build_again(DsbindUriSrcBin *self) {
  g_atomic_int_set(&self->data_seen, 0);
  g_atomic_int_set(&self->said_bye, 0);
  g_atomic_int_set(&self->cut, 0);
  self->video_pads = 0;
  dsbind_loop_resume(&self->loop);
  dsbind_uri_source_build(self);
  if (self->source) gst_element_sync_state_with_parent(self->source);
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

static void remove_children(DsbindUriSrcBin *self) {
  GstIterator *children = gst_bin_iterate_elements(GST_BIN(self));
  while (gst_iterator_foreach(children, remove_child, self) == GST_ITERATOR_RESYNC)
    gst_iterator_resync(children);
  gst_iterator_free(children);
  gst_clear_object(&self->source);
}

void dsbind_uri_source_take_down(DsbindUriSrcBin *self) {
  GstPad *pad = gst_element_get_static_pad(GST_ELEMENT(self), "vsrc_0");
  /* First of all, so that nothing is built up meanwhile. */
  if (self->source) {
    gst_element_set_locked_state(self->source, TRUE);
    gst_element_set_state(self->source, GST_STATE_NULL);
  }
  if (pad) gst_ghost_pad_set_target(GST_GHOST_PAD(pad), NULL);
  gst_clear_object(&pad);
  remove_children(self);
}

void dsbind_uri_source_clear(DsbindUriSrcBin *self) {
  dsbind_uri_fail_nothing(self);
  remove_children(self);
  while (GST_ELEMENT(self)->srcpads)
    remove_pad(GST_ELEMENT(self), GST_ELEMENT(self)->srcpads->data, NULL);
  self->video_pads = 0;
}
