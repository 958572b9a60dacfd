/* SPDX-License-Identifier: Apache-2.0 */
#include "batching.h"

void bench_init(const char *first_element, ...) {
  va_list args;
  gst_init(NULL, NULL);
  va_start(args, first_element);
  for (const char *name = first_element; name; name = va_arg(args, const char *)) {
    GError *error = NULL;
    gchar *path = g_strdup_printf("%s/libgst%s.so", DSBIND_TEST_PLUGINS, name);
    GstPlugin *plugin = gst_plugin_load_file(path, &error);
    if (!plugin) check_failed(__FILE__, __LINE__, "%s: %s", path, error->message);
    gst_object_unref(plugin);
    g_free(path);
  }
  va_end(args);
}

static GstFlowReturn sink_chain(GstPad *pad, GstObject *parent, GstBuffer *buffer) {
  Bench *bench = gst_pad_get_element_private(pad);
  (void)parent;
  g_mutex_lock(&bench->lock);
  bench->waiting++;
  g_cond_broadcast(&bench->changed);
  while (bench->hold && !GST_PAD_IS_FLUSHING(pad))
    g_cond_wait_until(&bench->changed, &bench->lock, g_get_monotonic_time() + 5000);
  bench->waiting--;
  const GstFlowReturn answer = GST_PAD_IS_FLUSHING(pad) ? GST_FLOW_FLUSHING : bench->answer;
  if (answer == GST_FLOW_OK)
    g_queue_push_tail(&bench->batches, buffer);
  else
    gst_buffer_unref(buffer);
  g_cond_broadcast(&bench->changed);
  g_mutex_unlock(&bench->lock);
  return answer;
}

static gboolean sink_event(GstPad *pad, GstObject *parent, GstEvent *event) {
  Bench *bench = gst_pad_get_element_private(pad);
  (void)parent;
  g_mutex_lock(&bench->lock);
  if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) bench->eos = TRUE;
  if (GST_EVENT_TYPE(event) == GST_EVENT_FLUSH_STOP) bench->eos = FALSE;
  g_ptr_array_add(bench->events, event);
  g_cond_broadcast(&bench->changed);
  g_mutex_unlock(&bench->lock);
  return TRUE;
}

GstPad *bench_add_source(Bench *bench, guint source, const char *name) {
  GstPad *sink = name ? gst_element_request_pad_simple(bench->element, name)
                      : gst_element_get_static_pad(bench->element, "sink");
  CHECK(sink);
  GstPad *pad = bench->sources[source] = gst_pad_new(NULL, GST_PAD_SRC);
  gst_pad_set_active(pad, TRUE);
  CHECK_INT(gst_pad_link(pad, sink), GST_PAD_LINK_OK);
  gst_object_unref(sink);
  return pad;
}

void bench_remove_source(Bench *bench, guint source) {
  GstPad *pad = bench->sources[source], *sink = gst_pad_get_peer(pad);
  if (sink) {
    if (gst_pad_get_pad_template(sink)->presence == GST_PAD_REQUEST)
      gst_element_release_request_pad(bench->element, sink);
    gst_pad_unlink(pad, sink);
    gst_object_unref(sink);
  }
  gst_pad_set_active(pad, FALSE);
  gst_object_unref(pad);
  bench->sources[source] = NULL;
}

static GstStaticPadTemplate any =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

Bench *bench_new(const char *factory, guint sources, const char *first_property, ...) {
  Bench *bench = g_new0(Bench, 1);
  va_list args;

  g_mutex_init(&bench->lock);
  g_cond_init(&bench->changed);
  g_queue_init(&bench->batches);
  bench->events = g_ptr_array_new_with_free_func((GDestroyNotify)gst_event_unref);
  bench->element = gst_element_factory_make(factory, NULL);
  CHECK(bench->element);
  gst_object_ref_sink(bench->element);
  va_start(args, first_property);
  if (first_property)
    g_object_set_valist(G_OBJECT(bench->element), first_property, args);
  va_end(args);
  bench->bus = gst_bus_new();
  gst_element_set_bus(bench->element, bench->bus);

  bench->sink = gst_pad_new_from_static_template(&any, "sink");
  gst_pad_set_element_private(bench->sink, bench);
  gst_pad_set_chain_function(bench->sink, sink_chain);
  gst_pad_set_event_function(bench->sink, sink_event);
  gst_pad_set_active(bench->sink, TRUE);
  GstPad *src = gst_element_get_static_pad(bench->element, "src");
  CHECK_INT(gst_pad_link(src, bench->sink), GST_PAD_LINK_OK);
  gst_object_unref(src);

  for (guint i = 0; i < sources; i++) bench_add_source(bench, i, "sink_%u");
  if (!sources) bench_add_source(bench, 0, NULL);
  CHECK(gst_element_set_state(bench->element, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE);
  return bench;
}

void bench_free(Bench *bench) {
  gst_pad_set_active(bench->sink, FALSE);
  gst_element_set_state(bench->element, GST_STATE_NULL);
  for (guint i = 0; i < MAX_SOURCES; i++)
    if (bench->sources[i]) bench_remove_source(bench, i);
  gst_element_set_bus(bench->element, NULL);
  gst_object_unref(bench->element);
  gst_object_unref(bench->sink);
  gst_object_unref(bench->bus);
  g_queue_clear_full(&bench->batches, (GDestroyNotify)gst_buffer_unref);
  g_ptr_array_unref(bench->events);
  g_mutex_clear(&bench->lock);
  g_cond_clear(&bench->changed);
  g_free(bench);
}

static void start(Bench *bench, guint source, const char *memory, const char *format, gint width,
                  gint height) {
  GstSegment segment;
  gchar *id = g_strdup_printf("source-%u", source);
  gchar *text = g_strdup_printf("video/x-raw%s, format=%s, width=%d, height=%d, framerate=25/1",
                                memory, format ? format : "NV12", width, height);
  GstCaps *caps = gst_caps_from_string(text);
  gst_pad_push_event(bench->sources[source], gst_event_new_stream_start(id));
  gst_pad_push_event(bench->sources[source], gst_event_new_caps(caps));
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_pad_push_event(bench->sources[source], gst_event_new_segment(&segment));
  gst_caps_unref(caps);
  g_free(text);
  g_free(id);
}

void bench_start(Bench *bench, guint source, const char *format, gint width, gint height) {
  start(bench, source, "(memory:NVMM)", format, width, height);
}

void bench_start_system(Bench *bench, guint source, const char *format, gint width, gint height) {
  start(bench, source, "", format, width, height);
}

GstBuffer *frame_new(GstVideoFormat format, gint width, gint height, guint8 value,
                     GstClockTime pts) {
  GstVideoInfo info;
  gst_video_info_set_format(&info, format, (guint)width, (guint)height);
  NvBufSurface *surface = dsbind_surface_new(&info, 1, NULL);
  CHECK(surface);
  surface->numFilled = 1;
  NvBufSurfaceMemSet(surface, 0, 0, value);
  for (guint plane = 1; plane < GST_VIDEO_INFO_N_PLANES(&info); plane++)
    NvBufSurfaceMemSet(surface, 0, (int)plane, 128);
  GstBuffer *buffer = dsbind_buffer_new_surface(surface);
  GST_BUFFER_PTS(buffer) = pts;
  GST_BUFFER_DURATION(buffer) = FRAME_TIME;
  return buffer;
}

GstFlowReturn bench_push(Bench *bench, guint source, GstBuffer *frame) {
  return gst_pad_push(bench->sources[source], frame);
}

void bench_eos(Bench *bench, guint source) {
  gst_pad_push_event(bench->sources[source], gst_event_new_eos());
}

GstBuffer *bench_take(Bench *bench) {
  const gint64 until = g_get_monotonic_time() + 2 * G_TIME_SPAN_SECOND;
  g_mutex_lock(&bench->lock);
  while (!bench->batches.length && g_cond_wait_until(&bench->changed, &bench->lock, until)) {
  }
  GstBuffer *batch = g_queue_pop_head(&bench->batches);
  g_mutex_unlock(&bench->lock);
  CHECK(batch && "a batch within two seconds");
  return batch;
}

gboolean bench_wait_eos(Bench *bench, gint milliseconds) {
  const gint64 until = g_get_monotonic_time() + milliseconds * 1000;
  g_mutex_lock(&bench->lock);
  while (!bench->eos && g_cond_wait_until(&bench->changed, &bench->lock, until)) {
  }
  const gboolean eos = bench->eos;
  g_mutex_unlock(&bench->lock);
  return eos;
}

guint bench_events(Bench *bench, guint type, guint *source) {
  guint count = 0;
  g_mutex_lock(&bench->lock);
  for (guint i = 0; i < bench->events->len; i++) {
    GstEvent *event = g_ptr_array_index(bench->events, i);
    if ((guint)GST_EVENT_TYPE(event) != type) continue;
    count++;
    if (source) gst_structure_get_uint(gst_event_get_structure(event), "source-id", source);
  }
  g_mutex_unlock(&bench->lock);
  return count;
}

guint bench_batches(Bench *bench) {
  g_mutex_lock(&bench->lock);
  const guint count = bench->batches.length;
  g_mutex_unlock(&bench->lock);
  return count;
}

NvDsFrameMeta *frame_meta_at(GstBuffer *batch, guint index) {
  NvDsBatchMeta *meta = gst_buffer_get_nvds_batch_meta(batch);
  CHECK(meta);
  NvDsFrameMeta *frame = nvds_get_nth_frame_meta(meta->frame_meta_list, index);
  CHECK(frame);
  return frame;
}

guint8 pixel(const NvBufSurface *surface, guint index, guint plane, guint x, guint y) {
  const NvBufSurfaceParams *entry = &surface->surfaceList[index];
  CHECK(index < surface->numFilled);
  return ((const guint8 *)entry->dataPtr)[entry->planeParams.offset[plane] +
                                          (gsize)y * entry->planeParams.pitch[plane] + x];
}
