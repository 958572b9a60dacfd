/* SPDX-License-Identifier: Apache-2.0 */
#include <gst/app/app.h>
#include <gst/video/video.h>

#include "rtsp.h"
#include "server.h"
#include "viewer.h"

/* How often a key frame is asked for, at most. */
#define ASKING_TIME (500 * G_TIME_SPAN_MILLISECOND)
/* How long clients may take to leave by themselves when the stream ends. */
#define LEAVING_TIME (500 * G_TIME_SPAN_MILLISECOND)

struct _DsbindRtspFeed {
  gint references; /* the owner's, the factory's, and one for each media */
  GMutex lock;
  GCond changed;
  DsbindRtspCodec codec;
  GstCaps *caps;
  GList *viewers;
  gboolean ended, closed;
  gint64 asked;
  char *path;
  DsbindRtspServer *server;
};

static DsbindRtspFeed *feed_ref(DsbindRtspFeed *self) {
  g_atomic_int_inc(&self->references);
  return self;
}

static void feed_unref(DsbindRtspFeed *self) {
  if (!g_atomic_int_dec_and_test(&self->references)) return;
  g_clear_pointer(&self->caps, gst_caps_unref);
  g_mutex_clear(&self->lock);
  g_cond_clear(&self->changed);
  g_free(self->path);
  g_free(self);
}

/* The factory: each client's media is an appsrc and a payloader. */
#define DSBIND_TYPE_RTSP_FACTORY (dsbind_rtsp_factory_get_type())
G_DECLARE_FINAL_TYPE(DsbindRtspFactory, dsbind_rtsp_factory, DSBIND, RTSP_FACTORY,
                     GstRTSPMediaFactory)
struct _DsbindRtspFactory {
  GstRTSPMediaFactory parent;
  DsbindRtspFeed *feed;
};
G_DEFINE_TYPE(DsbindRtspFactory, dsbind_rtsp_factory, GST_TYPE_RTSP_MEDIA_FACTORY)

static GList *find_viewer(DsbindRtspFeed *feed, gconstpointer media) {
  for (GList *item = feed->viewers; item; item = item->next)
    if (((DsbindRtspViewer *)item->data)->key == media) return item;
  return NULL;
}

static void remove_viewer(DsbindRtspFeed *feed, gconstpointer media) {
  DsbindRtspViewer *viewer = NULL;
  g_mutex_lock(&feed->lock);
  GList *item = find_viewer(feed, media);
  if (item) {
    viewer = item->data;
    feed->viewers = g_list_delete_link(feed->viewers, item);
  }
  g_cond_broadcast(&feed->changed);
  g_mutex_unlock(&feed->lock);
  if (viewer) dsbind_rtsp_viewer_free(viewer);
}

static void media_unprepared(GstRTSPMedia *media, DsbindRtspFeed *feed) {
  remove_viewer(feed, media);
}

static void media_gone(gpointer data, GObject *media) {
  remove_viewer(data, media);
  feed_unref(data);
}

static void media_prepared(GstRTSPMedia *media, DsbindRtspFeed *feed) {
  g_mutex_lock(&feed->lock);
  GList *item = find_viewer(feed, media);
  if (item) ((DsbindRtspViewer *)item->data)->prepared = TRUE;
  g_mutex_unlock(&feed->lock);
}

static const char *payloader_of(DsbindRtspCodec codec) {
  return codec == DSBIND_RTSP_H265 ? "rtph265pay" : "rtph264pay";
}

/* Looked for before the first client comes, who could only be told that there is nothing. */
static gboolean check_elements(DsbindRtspCodec codec, GError **error) {
  const struct {
    const char *name, *package;
  } needed[] = {{"appsrc", "gstreamer1.0-plugins-base"},
                {payloader_of(codec), "gstreamer1.0-plugins-good"}};
  for (guint i = 0; i < G_N_ELEMENTS(needed); i++) {
    GstElement *element = gst_element_factory_make(needed[i].name, NULL);
    if (!element) {
      g_set_error(error, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN,
                  "The element %s is not installed; the RTSP server needs it. On Debian or Ubuntu: "
                  "apt-get install %s", needed[i].name, needed[i].package);
      return FALSE;
    }
    gst_object_unref(gst_object_ref_sink(element));
  }
  return TRUE;
}

static GstElement *create_element(GstRTSPMediaFactory *base, const GstRTSPUrl *url) {
  (void)url;
  DsbindRtspFeed *feed = DSBIND_RTSP_FACTORY(base)->feed;
  g_mutex_lock(&feed->lock);
  const char *name = payloader_of(feed->codec);
  g_mutex_unlock(&feed->lock);
  GstElement *source = gst_element_factory_make("appsrc", "source");
  GstElement *payloader = gst_element_factory_make(name, "pay0");
  g_object_set(source, "is-live", TRUE, "format", GST_FORMAT_TIME, "block", FALSE, "max-bytes",
               (guint64)0, NULL);
  /* The parameter sets are in the stream. From here they would come before each slice of a key
   * frame, and to some receivers every slice would then be a picture. */
  g_object_set(payloader, "pt", 96, "config-interval", 0, NULL);
  GstElement *bin = gst_bin_new(NULL);
  gst_bin_add_many(GST_BIN(bin), source, payloader, NULL);
  gst_element_link(source, payloader);
  return bin;
}

/* An ended stream has no media. Answered here, since the base class would write to stderr. */
static GstRTSPMedia *construct(GstRTSPMediaFactory *base, const GstRTSPUrl *url) {
  DsbindRtspFeed *feed = DSBIND_RTSP_FACTORY(base)->feed;
  g_mutex_lock(&feed->lock);
  const gboolean over = feed->ended || feed->closed;
  g_mutex_unlock(&feed->lock);
  if (over) return NULL;
  return GST_RTSP_MEDIA_FACTORY_CLASS(dsbind_rtsp_factory_parent_class)->construct(base, url);
}

static void configure(GstRTSPMediaFactory *base, GstRTSPMedia *media) {
  DsbindRtspFeed *feed = DSBIND_RTSP_FACTORY(base)->feed;
  GST_RTSP_MEDIA_FACTORY_CLASS(dsbind_rtsp_factory_parent_class)->configure(base, media);
  GstElement *bin = gst_rtsp_media_get_element(media);
  GstElement *source = gst_bin_get_by_name(GST_BIN(bin), "source");
  g_object_weak_ref(G_OBJECT(media), media_gone, feed_ref(feed));
  g_signal_connect(media, "prepared", G_CALLBACK(media_prepared), feed);
  g_signal_connect(media, "unprepared", G_CALLBACK(media_unprepared), feed);
  g_mutex_lock(&feed->lock);
  if (feed->caps) gst_app_src_set_caps(GST_APP_SRC(source), feed->caps);
  feed->viewers = g_list_prepend(feed->viewers, dsbind_rtsp_viewer_new(media, GST_APP_SRC(source)));
  if (feed->closed || feed->ended) gst_app_src_end_of_stream(GST_APP_SRC(source));
  g_mutex_unlock(&feed->lock);
  gst_object_unref(source);
  gst_object_unref(bin);
}

static void factory_finalize(GObject *object) {
  g_clear_pointer(&DSBIND_RTSP_FACTORY(object)->feed, feed_unref);
  G_OBJECT_CLASS(dsbind_rtsp_factory_parent_class)->finalize(object);
}

static void dsbind_rtsp_factory_class_init(DsbindRtspFactoryClass *klass) {
  GstRTSPMediaFactoryClass *factory = GST_RTSP_MEDIA_FACTORY_CLASS(klass);
  factory->create_element = create_element;
  factory->construct = construct;
  factory->configure = configure;
  G_OBJECT_CLASS(klass)->finalize = factory_finalize;
}

static void dsbind_rtsp_factory_init(DsbindRtspFactory *self) {
  /* A media of its own for each client: it starts at a key frame and waits for nobody. */
  gst_rtsp_media_factory_set_shared(GST_RTSP_MEDIA_FACTORY(self), FALSE);
  gst_rtsp_media_factory_set_protocols(GST_RTSP_MEDIA_FACTORY(self),
                                       GST_RTSP_LOWER_TRANS_UDP | GST_RTSP_LOWER_TRANS_TCP);
}

DsbindRtspFeed *dsbind_rtsp_feed_new(const char *address, guint port, const char *path,
                                     DsbindRtspCodec codec, GError **error) {
  if (!check_elements(codec, error)) return NULL;
  DsbindRtspFeed *self = g_new0(DsbindRtspFeed, 1);
  self->references = 1;
  self->codec = codec;
  self->path = g_strdup(path);
  g_mutex_init(&self->lock);
  g_cond_init(&self->changed);
  DsbindRtspFactory *factory = g_object_new(DSBIND_TYPE_RTSP_FACTORY, NULL);
  factory->feed = feed_ref(self);
  self->server =
      dsbind_rtsp_server_mount(address, port, path, GST_RTSP_MEDIA_FACTORY(factory), error);
  g_object_unref(factory);
  if (self->server) return self;
  feed_unref(self);
  return NULL;
}

/* A client that waits for the first frame is told that there is none: its media fails. */
static void refuse_waiting(DsbindRtspFeed *self) {
  GList *sources = NULL;
  g_mutex_lock(&self->lock);
  for (GList *item = self->viewers; item; item = item->next) {
    DsbindRtspViewer *viewer = item->data;
    if (!viewer->prepared) sources = g_list_prepend(sources, gst_object_ref(viewer->source));
  }
  g_mutex_unlock(&self->lock);
  for (GList *item = sources; item; item = item->next)
    GST_ELEMENT_ERROR(item->data, STREAM, FAILED, ("The stream has ended."), (NULL));
  g_list_free_full(sources, gst_object_unref);
}

static void end(DsbindRtspFeed *self) {
  self->ended = TRUE;
  for (GList *item = self->viewers; item; item = item->next)
    gst_app_src_end_of_stream(((DsbindRtspViewer *)item->data)->source);
}

/* FALSE and `error` set where the stream has a codec for which there is no payloader. */
static gboolean set_caps(DsbindRtspFeed *self, GstCaps *caps, GError **error) {
  const GstStructure *structure = gst_caps_get_structure(caps, 0);
  const DsbindRtspCodec codec =
      gst_structure_has_name(structure, "video/x-h265") ? DSBIND_RTSP_H265 : DSBIND_RTSP_H264;
  /* Only the sink's thread writes it. */
  const gboolean changed = codec != self->codec;
  const gboolean servable = !changed || check_elements(codec, error);
  g_mutex_lock(&self->lock);
  const gboolean same = self->caps && gst_caps_is_equal(self->caps, caps);
  if (servable) {
    self->codec = codec;
    gst_caps_replace(&self->caps, caps);
    for (GList *item = self->viewers; item && !same; item = item->next)
      gst_app_src_set_caps(((DsbindRtspViewer *)item->data)->source, caps);
  } else {
    end(self);
  }
  g_mutex_unlock(&self->lock);
  if (changed) {
    refuse_waiting(self);
    dsbind_rtsp_server_disconnect(self->server, self->path);
  }
  return servable;
}

static void push(DsbindRtspFeed *self, GstBuffer *frame, GstClockTime time, GstPad *sink) {
  gboolean wanted = FALSE;
  const gint64 now = g_get_monotonic_time();
  g_mutex_lock(&self->lock);
  self->ended = FALSE;
  for (GList *item = self->viewers; item; item = item->next)
    wanted |= dsbind_rtsp_viewer_push(item->data, frame, time);
  wanted = wanted && now - self->asked > ASKING_TIME;
  if (wanted) self->asked = now;
  g_mutex_unlock(&self->lock);
  if (wanted)
    gst_pad_push_event(sink, gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE,
                                                                         0));
}

static GstFlowReturn refuse_stream(GstAppSink *sink, GError *error) {
  gst_element_message_full(GST_ELEMENT(sink), GST_MESSAGE_ERROR, error->domain, error->code,
                           g_strdup_printf("%s.", error->message), NULL, __FILE__, G_STRFUNC,
                           __LINE__);
  g_error_free(error);
  return GST_FLOW_ERROR;
}

static GstFlowReturn new_sample(GstAppSink *sink, gpointer data) {
  GError *error = NULL;
  GstSample *sample = gst_app_sink_pull_sample(sink);
  if (!sample) return GST_FLOW_OK; /* it ends */
  GstBuffer *frame = gst_sample_get_buffer(sample);
  GstCaps *caps = gst_sample_get_caps(sample);
  if (frame && caps) {
    GstClockTime time = gst_segment_to_running_time(gst_sample_get_segment(sample), GST_FORMAT_TIME,
                                                    GST_BUFFER_PTS(frame));
    if (set_caps(data, caps, &error)) push(data, frame, time, GST_BASE_SINK_PAD(sink));
  }
  gst_sample_unref(sample);
  return error ? refuse_stream(sink, error) : GST_FLOW_OK;
}

static void sink_ended(GstAppSink *sink, gpointer data) {
  (void)sink;
  DsbindRtspFeed *self = data;
  g_mutex_lock(&self->lock);
  end(self);
  g_mutex_unlock(&self->lock);
}

void dsbind_rtsp_feed_tap(DsbindRtspFeed *self, GstElement *appsink) {
  GstAppSinkCallbacks callbacks = {.eos = sink_ended, .new_sample = new_sample};
  gst_app_sink_set_callbacks(GST_APP_SINK(appsink), &callbacks, feed_ref(self),
                             (GDestroyNotify)feed_unref);
}

void dsbind_rtsp_feed_free(DsbindRtspFeed *self) {
  const gint64 deadline = g_get_monotonic_time() + LEAVING_TIME;
  g_mutex_lock(&self->lock);
  self->closed = TRUE;
  end(self);
  g_mutex_unlock(&self->lock);
  refuse_waiting(self);
  g_mutex_lock(&self->lock);
  while (self->viewers && g_cond_wait_until(&self->changed, &self->lock, deadline)) continue;
  g_mutex_unlock(&self->lock);
  dsbind_rtsp_server_disconnect(self->server, self->path);
  dsbind_rtsp_server_unmount(self->server, self->path);
  feed_unref(self);
}
