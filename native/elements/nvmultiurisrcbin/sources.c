/* SPDX-License-Identifier: Apache-2.0 */
/* The sources of the bin: made of uri-list, announced, and left out when they fail. */
#include "source_message.h"

#include "nvmultiurisrcbin.h"

static void clear_source(gpointer data) {
  DsbindMultiSource *source = data;
  gst_clear_object(&source->muxpad);
  gst_clear_object(&source->element);
  g_free(source->uri);
}

static void source_unref(gpointer source) { g_atomic_rc_box_release_full(source, clear_source); }

/* nvurisrcbin has its pad once it knows the stream. */
static void source_pad(GstElement *element, GstPad *pad, gpointer muxpad) {
  (void)element;
  if (!gst_pad_is_linked(muxpad)) gst_pad_link(pad, muxpad);
}

static DsbindMultiSource *source_new(DsbindMultiUriSrcBin *self, guint id, const char *uri) {
  char *name = g_strdup_printf("dsnvurisrcbin%u", id);
  GstElement *element = gst_element_factory_make("nvurisrcbin", name);
  g_free(name);
  if (!element) {
    self->missing = "nvurisrcbin";
    return NULL;
  }
  DsbindMultiSource *source = g_atomic_rc_box_new0(DsbindMultiSource);
  source->id = id;
  source->uri = g_strdup(uri);
  source->element = gst_object_ref_sink(element);
  name = g_strdup_printf("sink_%u", id);
  source->muxpad = gst_element_request_pad_simple(self->mux, name);
  g_free(name);
  dsbind_multi_properties_apply(self, element);
  g_object_set(element, "uri", uri, "source-id", (gint)id, NULL);
  g_signal_connect_object(element, "pad-added", G_CALLBACK(source_pad), source->muxpad, 0);
  gst_bin_add(GST_BIN(self), element);
  return source;
}

void dsbind_multi_sources_clear(DsbindMultiUriSrcBin *self) {
  GST_OBJECT_LOCK(self);
  GPtrArray *sources = self->sources;
  self->sources = g_ptr_array_new_with_free_func(source_unref);
  GST_OBJECT_UNLOCK(self);
  for (guint i = 0; sources && i < sources->len; i++) {
    DsbindMultiSource *source = g_ptr_array_index(sources, i);
    gst_element_set_locked_state(source->element, TRUE);
    gst_element_set_state(source->element, GST_STATE_NULL);
    gst_bin_remove(GST_BIN(self), source->element);
    gst_element_release_request_pad(self->mux, source->muxpad);
  }
  g_clear_pointer(&sources, g_ptr_array_unref);
}

void dsbind_multi_sources_make(DsbindMultiUriSrcBin *self) {
  GStrv uris = dsbind_multi_list(self, "uri-list");
  const guint count = MIN(g_strv_length(uris), DSBIND_MULTI_MOST_SOURCES);

  dsbind_multi_sources_clear(self);
  for (guint i = 0; self->mux && i < count; i++) {
    DsbindMultiSource *source = source_new(self, i, uris[i]);
    if (!source) break;
    GST_OBJECT_LOCK(self);
    g_ptr_array_add(self->sources, source);
    GST_OBJECT_UNLOCK(self);
  }
  g_strfreev(uris);
}

static const char *nth(GStrv list, guint n) {
  return n < g_strv_length(list) && *list[n] ? list[n] : NULL;
}

/* Calls `what` with what is to be told of a source. */
static void with_info(DsbindMultiUriSrcBin *self, const DsbindMultiSource *source,
                      void (*what)(DsbindMultiUriSrcBin *, const DsbindSourceInfo *, gpointer),
                      gpointer data) {
  GStrv ids = dsbind_multi_list(self, "sensor-id-list");
  GStrv names = dsbind_multi_list(self, "sensor-name-list");
  const DsbindSourceInfo info = {.id = source->id,
                                 .uri = source->uri,
                                 .sensor_id = nth(ids, source->id),
                                 .sensor_name = nth(names, source->id)};
  what(self, &info, data);
  g_strfreev(ids);
  g_strfreev(names);
}

static void tell_added(DsbindMultiUriSrcBin *self, const DsbindSourceInfo *info, gpointer data) {
  (void)data;
  dsbind_source_post(GST_ELEMENT(self), TRUE, info);
}

void dsbind_multi_sources_announce(DsbindMultiUriSrcBin *self) {
  for (guint i = 0; i < self->sources->len; i++)
    with_info(self, g_ptr_array_index(self->sources, i), tell_added, NULL);
}

void dsbind_multi_sources_restore(DsbindMultiUriSrcBin *self) {
  for (guint i = 0; i < self->sources->len; i++) {
    DsbindMultiSource *source = g_ptr_array_index(self->sources, i);
    if (!g_atomic_int_get(&source->lost)) continue;
    g_atomic_int_set(&source->lost, FALSE);
    gst_element_set_state(source->element, GST_STATE_NULL);
    gst_element_set_locked_state(source->element, FALSE);
  }
}

/* Off the thread that reported the failure, which is one of those that end here. */
static void leave_out(GstElement *element, gpointer data) {
  GstPad *muxpad = data;
  if (!gst_element_is_locked_state(element)) return; /* that run is over */
  gst_element_set_state(element, GST_STATE_NULL);
  /* A pad that never had data has not even begun a stream. */
  GstEvent *started = gst_pad_get_sticky_event(muxpad, GST_EVENT_STREAM_START, 0);
  if (!started) gst_pad_send_event(muxpad, gst_event_new_stream_start("none"));
  g_clear_pointer(&started, gst_event_unref);
  gst_pad_send_event(muxpad, gst_event_new_eos());
}

typedef struct {
  GstMessage *message;
  gboolean last;
} Loss;

static void tell_loss(DsbindMultiUriSrcBin *self, const DsbindSourceInfo *info, gpointer data) {
  const Loss *loss = data;
  dsbind_source_post_loss(GST_ELEMENT(self), loss->message, loss->last, info);
  if (!loss->last) dsbind_source_post(GST_ELEMENT(self), FALSE, info);
}

gboolean dsbind_multi_sources_take_error(DsbindMultiUriSrcBin *self, GstMessage *message) {
  DsbindMultiSource *failed = NULL;
  gboolean first = FALSE;
  guint left = 0;

  if (!dsbind_source_is_to_blame(message)) return FALSE;
  GST_OBJECT_LOCK(self);
  for (guint i = 0; i < self->sources->len; i++) {
    DsbindMultiSource *source = g_ptr_array_index(self->sources, i);
    if (GST_MESSAGE_SRC(message) == GST_OBJECT(source->element)) {
      failed = g_atomic_rc_box_acquire(source);
      first = g_atomic_int_compare_and_exchange(&source->lost, FALSE, TRUE);
    }
    left += !g_atomic_int_get(&source->lost);
  }
  GST_OBJECT_UNLOCK(self);
  if (!failed) return FALSE;
  if (first) {
    Loss loss = {.message = message, .last = left == 0};
    with_info(self, failed, tell_loss, &loss);
    if (left) {
      gst_element_set_locked_state(failed->element, TRUE);
      gst_element_call_async(failed->element, leave_out, gst_object_ref(failed->muxpad),
                             gst_object_unref);
    }
  }
  source_unref(failed);
  gst_message_unref(message);
  return TRUE;
}
