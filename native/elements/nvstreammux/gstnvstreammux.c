/* SPDX-License-Identifier: Apache-2.0 */
/* The element: pads, states, queries. */
#include "streammux.h"

#include <gst-nvevent.h>
#include <gst-nvquery.h>

GST_DEBUG_CATEGORY(mux_debug);
#define GST_CAT_DEFAULT mux_debug
#define RAW_CAPS GST_VIDEO_CAPS_MAKE(DSBIND_NVMM_FORMATS)

G_DEFINE_TYPE(DsbindStreamMux, dsbind_stream_mux, GST_TYPE_ELEMENT)

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink_%u", GST_PAD_SINK, GST_PAD_REQUEST, GST_STATIC_CAPS(DSBIND_NVMM_CAPS ";" RAW_CAPS));
static GstStaticPadTemplate src_template =
    GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS(DSBIND_NVMM_CAPS));

/* Where a pad of that index is, or would be, in the list; under the lock. */
static guint position_of(const StreamMux *mux, guint index) {
  guint i = 0;
  while (i < mux->pads->len && ((MuxPad *)g_ptr_array_index(mux->pads, i))->index < index) i++;
  return i;
}

static gboolean is_taken(const StreamMux *mux, guint index) {
  const guint i = position_of(mux, index);
  return i < mux->pads->len && ((MuxPad *)g_ptr_array_index(mux->pads, i))->index == index;
}

/* The number in "sink_3"; FALSE for any other name. */
static gboolean parse_index(const gchar *name, guint *index) {
  guint64 value;
  if (!g_str_has_prefix(name, "sink_")) return FALSE;
  if (!g_ascii_string_to_unsigned(name + 5, 10, 0, G_MAXINT, &value, NULL)) return FALSE;
  *index = (guint)value;
  return TRUE;
}

static GstPad *request_pad(GstElement *element, GstPadTemplate *template, const gchar *wanted,
                           const GstCaps *caps) {
  StreamMux *mux = DSBIND_STREAM_MUX(element);
  guint index = 0;
  (void)caps;

  const gboolean named = wanted && strcmp(wanted, "sink_%u") != 0;
  if (named && !parse_index(wanted, &index)) {
    GST_WARNING_OBJECT(mux, "no pad \"%s\": request sink_%%u or sink_0, sink_1 ...", wanted);
    return NULL;
  }
  g_mutex_lock(&mux->lock);
  while (!named && is_taken(mux, index)) index++;
  if (is_taken(mux, index)) {
    g_mutex_unlock(&mux->lock);
    GST_WARNING_OBJECT(mux, "pad %s is in use: release it first, or request sink_%%u", wanted);
    return NULL;
  }
  gchar *name = g_strdup_printf("sink_%u", index);
  MuxPad *pad = mux_pad_new(mux, template, name, index);
  g_ptr_array_insert(mux->pads, (gint)position_of(mux, index), pad);
  g_mutex_unlock(&mux->lock);
  g_free(name);

  gst_object_ref_sink(pad); /* of the list; the element takes another */
  if (GST_STATE(mux) > GST_STATE_READY) gst_pad_set_active(GST_PAD(pad), TRUE);
  gst_element_add_pad(element, GST_PAD(pad));
  return GST_PAD(pad);
}

static void release_pad(GstElement *element, GstPad *gstpad) {
  StreamMux *mux = DSBIND_STREAM_MUX(element);
  MuxPad *pad = DSBIND_STREAM_MUX_PAD(gstpad);
  gboolean ours;

  g_mutex_lock(&mux->lock);
  if ((ours = g_ptr_array_remove(mux->pads, pad))) {
    pad->flushing = TRUE;
    mux_pad_clear(pad);
    g_cond_broadcast(&pad->space);
    if (pad->announced) g_queue_push_tail(&mux->events, gst_nvevent_new_pad_deleted(pad->index));
    g_cond_signal(&mux->ready);
  }
  g_mutex_unlock(&mux->lock);
  gst_pad_set_active(gstpad, FALSE);
  if (ours) mux_flush_without(mux, pad);
  gst_element_remove_pad(element, gstpad);
  if (ours) gst_object_unref(pad);
}

static gboolean src_activate(GstPad *pad, GstObject *parent, GstPadMode mode, gboolean active) {
  StreamMux *mux = DSBIND_STREAM_MUX(parent);
  if (mode != GST_PAD_MODE_PUSH) return FALSE;
  g_mutex_lock(&mux->lock);
  mux_stop_with(mux, active ? GST_FLOW_OK : GST_FLOW_FLUSHING);
  if (active) {
    mux->ended = mux->eos_pushed = mux->flushing = mux->flush_seeking = FALSE;
    mux->out_settled = mux->started = mux->tell_caps = mux->tell_segment = FALSE;
    mux->last_pts = GST_CLOCK_TIME_NONE;
    mux->cursor = 0;
  }
  g_mutex_unlock(&mux->lock);
  if (active) return gst_pad_start_task(pad, mux_task, mux, NULL);

  const gboolean ok = gst_pad_stop_task(pad);
  g_mutex_lock(&mux->lock); /* a pad may be released at the same time */
  g_queue_clear_full(&mux->events, (GDestroyNotify)gst_event_unref);
  g_mutex_unlock(&mux->lock);
  g_queue_clear_full(&mux->step_events, (GDestroyNotify)gst_event_unref);
  return ok;
}

static gboolean src_event(GstPad *pad, GstObject *parent, GstEvent *event) {
  StreamMux *mux = DSBIND_STREAM_MUX(parent);
  gboolean ok = TRUE;

  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_SEEK:
      ok = mux_seek(mux, event);
      break;
    case GST_EVENT_QOS: /* a sink that is late must not make sources skip frames of a batch */
      break;
    default:
      return gst_pad_event_default(pad, parent, event);
  }
  gst_event_unref(event);
  return ok;
}

/* The pads, with references, so that they can be asked without the lock. */
static GPtrArray *list_pads(StreamMux *mux) {
  GPtrArray *pads = g_ptr_array_new_with_free_func(gst_object_unref);
  g_mutex_lock(&mux->lock);
  for (guint i = 0; i < mux->pads->len; i++)
    g_ptr_array_add(pads, gst_object_ref(g_ptr_array_index(mux->pads, i)));
  g_mutex_unlock(&mux->lock);
  return pads;
}

static void answer_latency(StreamMux *mux, GstQuery *query) {
  GPtrArray *pads = list_pads(mux);
  GstClockTime min = 0, max = GST_CLOCK_TIME_NONE;
  const MuxSettings set = mux_settings(mux);
  gboolean live = set.live_source;

  for (guint i = 0; i < pads->len; i++) {
    GstQuery *peer = gst_query_new_latency();
    if (gst_pad_peer_query(g_ptr_array_index(pads, i), peer)) {
      gboolean peer_live;
      GstClockTime peer_min, peer_max;
      gst_query_parse_latency(peer, &peer_live, &peer_min, &peer_max);
      if (peer_live) {
        live = TRUE;
        min = MAX(min, peer_min);
        max = MIN(max, peer_max);
      }
    }
    gst_query_unref(peer);
  }
  g_ptr_array_unref(pads);
  if (live) {
    const gint timeout = set.batched_push_timeout;
    const GstClockTime own =
        (timeout > 0 ? (GstClockTime)timeout * GST_USECOND : 0) + set.max_latency;
    min += own;
    if (GST_CLOCK_TIME_IS_VALID(max)) max = MAX(max + own, min);
  }
  gst_query_set_latency(query, live, min, max);
}

/* The batches last as long as the longest source. */
static gboolean answer_duration(StreamMux *mux, GstQuery *query) {
  GPtrArray *pads = list_pads(mux);
  GstFormat format;
  gint64 longest = -1, duration;
  gst_query_parse_duration(query, &format, NULL);
  for (guint i = 0; i < pads->len; i++)
    if (gst_pad_peer_query_duration(g_ptr_array_index(pads, i), format, &duration))
      longest = MAX(longest, duration);
  g_ptr_array_unref(pads);
  if (longest >= 0) gst_query_set_duration(query, format, longest);
  return longest >= 0;
}

static gboolean src_query(GstPad *pad, GstObject *parent, GstQuery *query) {
  StreamMux *mux = DSBIND_STREAM_MUX(parent);

  switch (GST_QUERY_TYPE(query)) {
    case GST_QUERY_LATENCY:
      answer_latency(mux, query);
      return TRUE;
    case GST_QUERY_DURATION:
      return answer_duration(mux, query);
    case GST_QUERY_CUSTOM:
      if (gst_nvquery_is_batch_size(query)) {
        gst_nvquery_batch_size_set(query, mux_settings(mux).batch_size);
        return TRUE;
      }
      if (gst_nvquery_is_numStreams_size(query)) {
        g_mutex_lock(&mux->lock);
        gst_nvquery_numStreams_size_set(query, mux->pads->len);
        g_mutex_unlock(&mux->lock);
        return TRUE;
      }
      return gst_pad_query_default(pad, parent, query);
    default:
      return gst_pad_query_default(pad, parent, query);
  }
}

/* EOS sent to the element ends the output once what waits is out, drop-pipeline-eos or not. */
static gboolean send_event(GstElement *element, GstEvent *event) {
  StreamMux *mux = DSBIND_STREAM_MUX(element);
  if (GST_EVENT_TYPE(event) != GST_EVENT_EOS)
    return GST_ELEMENT_CLASS(dsbind_stream_mux_parent_class)->send_event(element, event);
  gst_event_unref(event);
  g_mutex_lock(&mux->lock);
  if (mux->flow != GST_FLOW_OK) {
    g_mutex_unlock(&mux->lock);
    return FALSE;
  }
  mux->ended = TRUE;
  for (guint i = 0; i < mux->pads->len; i++) mux_pad_end(g_ptr_array_index(mux->pads, i));
  g_cond_signal(&mux->ready);
  g_mutex_unlock(&mux->lock);
  return TRUE;
}

static GstStateChangeReturn change_state(GstElement *element, GstStateChange change) {
  StreamMux *mux = DSBIND_STREAM_MUX(element);
  if (change == GST_STATE_CHANGE_NULL_TO_READY && !dsbind_element_open_runtime(element))
    return GST_STATE_CHANGE_FAILURE;
  const GstStateChangeReturn ret =
      GST_ELEMENT_CLASS(dsbind_stream_mux_parent_class)->change_state(element, change);
  if (change == GST_STATE_CHANGE_PAUSED_TO_READY) {
    g_mutex_lock(&mux->pool_lock);
    if (mux->pool) gst_buffer_pool_set_active(mux->pool, FALSE);
    gst_clear_object(&mux->pool);
    g_mutex_unlock(&mux->pool_lock);
  }
  return ret;
}

static void finalize(GObject *object) {
  StreamMux *mux = DSBIND_STREAM_MUX(object);
  g_ptr_array_unref(mux->pads);
  g_ptr_array_unref(mux->step_frames);
  g_queue_clear_full(&mux->events, (GDestroyNotify)gst_event_unref);
  g_queue_clear_full(&mux->step_events, (GDestroyNotify)gst_event_unref);
  g_free(mux->entries);
  g_free(mux->owners);
  g_mutex_clear(&mux->lock);
  g_mutex_clear(&mux->pool_lock);
  g_cond_clear(&mux->ready);
  G_OBJECT_CLASS(dsbind_stream_mux_parent_class)->finalize(object);
}

static void dsbind_stream_mux_class_init(DsbindStreamMuxClass *klass) {
  GObjectClass *object = G_OBJECT_CLASS(klass);
  GstElementClass *element = GST_ELEMENT_CLASS(klass);
  object->finalize = finalize;
  mux_properties_install(object);
  gst_element_class_add_static_pad_template_with_gtype(element, &sink_template,
                                                       DSBIND_TYPE_STREAM_MUX_PAD);
  gst_element_class_add_static_pad_template(element, &src_template);
  gst_type_mark_as_plugin_api(DSBIND_TYPE_STREAM_MUX_PAD, 0);
  gst_element_class_set_static_metadata(element, "Stream multiplexer", "Generic/Video",
                                        "Forms batches of frames from many sources", "dsbind");
  element->request_new_pad = request_pad;
  element->release_pad = release_pad;
  element->change_state = change_state;
  element->send_event = send_event;
}

static void dsbind_stream_mux_init(DsbindStreamMux *mux) {
  g_mutex_init(&mux->lock);
  g_mutex_init(&mux->pool_lock);
  g_cond_init(&mux->ready);
  g_queue_init(&mux->events);
  g_queue_init(&mux->step_events);
  mux->pads = g_ptr_array_new();
  mux->step_frames = g_ptr_array_new_with_free_func((GDestroyNotify)mux_item_free);
  mux->flow = GST_FLOW_FLUSHING;
  mux->last_pts = GST_CLOCK_TIME_NONE;
  mux_settings_init(&mux->settings);

  mux->srcpad = gst_pad_new_from_static_template(&src_template, "src");
  gst_pad_set_activatemode_function(mux->srcpad, src_activate);
  gst_pad_set_event_function(mux->srcpad, src_event);
  gst_pad_set_query_function(mux->srcpad, src_query);
  gst_pad_use_fixed_caps(mux->srcpad);
  gst_element_add_pad(GST_ELEMENT(mux), mux->srcpad);
}

static gboolean plugin_init(GstPlugin *plugin) {
  GST_DEBUG_CATEGORY_INIT(mux_debug, "nvstreammux", 0, "stream multiplexer");
  return gst_element_register(plugin, "nvstreammux", GST_RANK_NONE, DSBIND_TYPE_STREAM_MUX);
}

#define PACKAGE "dsbind"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nvstreammux, "Stream multiplexer",
                  plugin_init, DSBIND_VERSION, "Apache 2.0", "dsbind", "dsbind")
