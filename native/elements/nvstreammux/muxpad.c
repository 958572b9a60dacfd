/* SPDX-License-Identifier: Apache-2.0 */
/* One source of the mux: its caps, its place in time, and the frames that wait. */
#include "streammux.h"

#include <gst-nvevent.h>

#define GST_CAT_DEFAULT mux_debug

G_DEFINE_TYPE(DsbindStreamMuxPad, dsbind_stream_mux_pad, GST_TYPE_PAD)

void mux_item_free(MuxItem *item) {
  if (item->event) gst_event_unref(item->event);
  if (item->pixels) gst_buffer_unref(item->pixels);
  if (item->buffer) gst_buffer_unref(item->buffer);
  if (item->loans) dsbind_loans_free(item->loans);
  g_free(item);
}

void mux_pad_clear(MuxPad *pad) {
  g_queue_clear_full(&pad->items, (GDestroyNotify)mux_item_free);
  pad->frames = 0;
}

static void queue_event(MuxPad *pad, GstEvent *event) {
  MuxItem *item = g_new0(MuxItem, 1);
  item->event = event;
  item->pad_index = pad->index;
  g_queue_push_tail(&pad->items, item);
}

void mux_pad_end(MuxPad *pad) {
  if (pad->eos) return;
  pad->eos = TRUE;
  queue_event(pad, gst_nvevent_new_stream_eos(pad->index));
  g_cond_broadcast(&pad->space);
}

/* What is known of the stream goes downstream before its first frame, and again when it changes. */
static void queue_announcements(MuxPad *pad) {
  if (!pad->announced) queue_event(pad, gst_nvevent_new_pad_added(pad->index));
  if (pad->tell_start)
    queue_event(pad, gst_nvevent_new_stream_start(pad->index, pad->stream_id));
  if (pad->tell_segment)
    queue_event(pad, gst_nvevent_new_stream_segment(pad->index, &pad->segment));
  pad->announced = TRUE;
  pad->tell_start = pad->tell_segment = FALSE;
}

static GstClockTime running_time(const MuxPad *pad, GstClockTime pts) {
  if (pad->segment.format != GST_FORMAT_TIME) return pts;
  const GstClockTime time = gst_segment_to_running_time(&pad->segment, GST_FORMAT_TIME, pts);
  return GST_CLOCK_TIME_IS_VALID(time) ? time : pts;
}

/* When the frame was taken: the sender's clock where the buffer tells it, in ns since 1970. */
static guint64 ntp_timestamp(StreamMux *mux, GstBuffer *buffer) {
  static GstStaticCaps ntp = GST_STATIC_CAPS("timestamp/x-ntp");
  static GstStaticCaps unix_time = GST_STATIC_CAPS("timestamp/x-unix");
  const guint64 from_1900_to_1970 = G_GUINT64_CONSTANT(2208988800) * GST_SECOND;
  GstReferenceTimestampMeta *meta;

  if (mux_settings(mux).attach_sys_ts) return (guint64)g_get_real_time() * 1000;
  GstCaps *caps = gst_static_caps_get(&ntp);
  meta = gst_buffer_get_reference_timestamp_meta(buffer, caps);
  gst_caps_unref(caps);
  if (meta && meta->timestamp >= from_1900_to_1970) return meta->timestamp - from_1900_to_1970;
  caps = gst_static_caps_get(&unix_time);
  meta = gst_buffer_get_reference_timestamp_meta(buffer, caps);
  gst_caps_unref(caps);
  return meta ? meta->timestamp : GST_BUFFER_PTS(buffer);
}

static GstFlowReturn state_of(const StreamMux *mux, const MuxPad *pad) {
  if (pad->flushing) return GST_FLOW_FLUSHING;
  if (mux->flow != GST_FLOW_OK) return mux->flow;
  return pad->eos ? GST_FLOW_EOS : GST_FLOW_OK;
}

static GstFlowReturn mux_pad_chain(GstPad *gstpad, GstObject *parent, GstBuffer *buffer) {
  StreamMux *mux = DSBIND_STREAM_MUX(parent);
  MuxPad *pad = DSBIND_STREAM_MUX_PAD(gstpad);

  if (!pad->has_caps) {
    gst_buffer_unref(buffer);
    GST_ELEMENT_ERROR(mux, CORE, NEGOTIATION,
                      ("A frame came to %s before its caps. Set caps on the source, e.g. on "
                       "appsrc.", GST_PAD_NAME(pad)), (NULL));
    return GST_FLOW_NOT_NEGOTIATED;
  }
  MuxItem *item = g_new0(MuxItem, 1);
  item->buffer = buffer;
  item->info = pad->info;
  item->nvmm = pad->nvmm;
  item->lends = pad->lends;
  item->loans = g_atomic_rc_box_acquire(pad->loans);
  item->pad_index = pad->index;
  item->running_time = running_time(pad, GST_BUFFER_PTS(buffer));
  item->ntp_timestamp = ntp_timestamp(mux, buffer);
  item->arrived = g_get_real_time();

  g_mutex_lock(&mux->lock);
  const gboolean settled = mux->out_settled;
  GstFlowReturn flow = state_of(mux, pad);
  g_mutex_unlock(&mux->lock);
  /* Scaling here spreads it over the sources' threads. */
  if (flow == GST_FLOW_OK && settled && !mux_fit_frame(mux, item)) flow = GST_FLOW_ERROR;

  if (flow == GST_FLOW_OK) {
    g_mutex_lock(&mux->lock);
    while ((flow = state_of(mux, pad)) == GST_FLOW_OK && pad->frames >= MUX_QUEUE_DEPTH)
      g_cond_wait(&pad->space, &mux->lock);
    if (flow == GST_FLOW_OK) {
      item->frame_num = pad->frame_num++;
      queue_announcements(pad);
      g_queue_push_tail(&pad->items, item);
      pad->frames++;
      mux_wake(mux);
      item = NULL;
    }
    g_mutex_unlock(&mux->lock);
  }
  if (item) mux_item_free(item);
  return flow;
}

static gboolean set_caps(StreamMux *mux, MuxPad *pad, GstCaps *caps) {
  GstVideoInfo info;
  GError *error = NULL;

  if (!gst_video_info_from_caps(&info, caps)) {
    gchar *text = gst_caps_to_string(caps);
    GST_ELEMENT_ERROR(mux, STREAM, FORMAT,
                      ("%s takes raw video only, but got %s.", GST_PAD_NAME(pad), text), (NULL));
    g_free(text);
    return FALSE;
  }
  if (!dsbind_check_size(info.width, info.height, &error)) {
    GST_ELEMENT_ERROR(mux, STREAM, FORMAT, ("%s: %s", GST_PAD_NAME(pad), error->message), (NULL));
    g_error_free(error);
    return FALSE;
  }
  pad->info = info;
  pad->nvmm = dsbind_caps_are_nvmm(caps);
  pad->has_caps = TRUE;
  if (dsbind_memory_is_cuda(dsbind_memory_default()))
    pad->lends = dsbind_lending_ask(GST_PAD(pad));
  return TRUE;
}

/* A new stream on a pad that had ended begins it anew. */
static void stream_started(StreamMux *mux, MuxPad *pad, GstEvent *event) {
  const gchar *id;
  gst_event_parse_stream_start(event, &id);
  g_free(pad->stream_id);
  pad->stream_id = g_strdup(id);
  pad->tell_start = TRUE;
  g_mutex_lock(&mux->lock);
  if (pad->eos && !mux->ended) {
    pad->eos = FALSE;
    if (mux->settings.frame_num_reset_on_eos) pad->frame_num = 0;
    mux_wake(mux);
  }
  g_mutex_unlock(&mux->lock);
}

static void end_pad(StreamMux *mux, MuxPad *pad) {
  g_mutex_lock(&mux->lock);
  mux_pad_end(pad);
  mux_wake(mux);
  g_mutex_unlock(&mux->lock);
}

/* Other events keep their place between the frames of their source. */
static void forward_in_order(StreamMux *mux, MuxPad *pad, GstEvent *event) {
  g_mutex_lock(&mux->lock);
  if (pad->flushing || mux->flow != GST_FLOW_OK)
    gst_event_unref(event);
  else
    queue_event(pad, event);
  mux_wake(mux);
  g_mutex_unlock(&mux->lock);
}

static gboolean mux_pad_event(GstPad *gstpad, GstObject *parent, GstEvent *event) {
  StreamMux *mux = DSBIND_STREAM_MUX(parent);
  MuxPad *pad = DSBIND_STREAM_MUX_PAD(gstpad);
  gboolean ok = TRUE;

  /* Not a case of the switch: the value lies outside GstEventType. */
  if ((guint)GST_EVENT_TYPE(event) == GST_NVEVENT_STREAM_RESET) {
    if (mux_settings(mux).frame_num_reset_on_stream_reset) pad->frame_num = 0;
    gst_event_unref(event);
    forward_in_order(mux, pad, gst_nvevent_new_stream_reset(pad->index));
    return TRUE;
  }
  switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_FLUSH_START:
      mux_pad_flush_start(mux, pad, event);
      break;
    case GST_EVENT_FLUSH_STOP:
      mux_pad_flush_stop(mux, pad, event);
      break;
    case GST_EVENT_STREAM_START:
      stream_started(mux, pad, event);
      break;
    case GST_EVENT_CAPS: {
      GstCaps *caps;
      gst_event_parse_caps(event, &caps);
      ok = set_caps(mux, pad, caps);
      break;
    }
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment(event, &pad->segment);
      pad->tell_segment = TRUE;
      break;
    case GST_EVENT_EOS:
      end_pad(mux, pad);
      break;
    default:
      /* The batch has a timeline and tags of its own. */
      if (GST_EVENT_TYPE(event) < GST_EVENT_CUSTOM_UPSTREAM) break;
      if (!GST_EVENT_IS_SERIALIZED(event)) return gst_pad_push_event(mux->srcpad, event);
      forward_in_order(mux, pad, event);
      return TRUE;
  }
  gst_event_unref(event);
  return ok;
}

static gboolean mux_pad_query(GstPad *pad, GstObject *parent, GstQuery *query) {
  switch (GST_QUERY_TYPE(query)) {
    case GST_QUERY_CAPS: {
      GstCaps *filter, *caps = gst_pad_get_pad_template_caps(pad);
      gst_query_parse_caps(query, &filter);
      if (filter) {
        GstCaps *both = gst_caps_intersect_full(filter, caps, GST_CAPS_INTERSECT_FIRST);
        gst_caps_unref(caps);
        caps = both;
      }
      gst_query_set_caps_result(query, caps);
      gst_caps_unref(caps);
      return TRUE;
    }
    case GST_QUERY_ALLOCATION: /* downstream gets batches, not these buffers */
    case GST_QUERY_DRAIN:
      return FALSE;
    default:
      return gst_pad_query_default(pad, parent, query);
  }
}

/* Deactivation waits for the chain function, so that must be let go first. */
static gboolean mux_pad_activate(GstPad *gstpad, GstObject *parent, GstPadMode mode,
                                 gboolean active) {
  MuxPad *pad = DSBIND_STREAM_MUX_PAD(gstpad);
  StreamMux *mux = pad->mux; /* a new pad is activated before it has a parent */
  (void)parent;
  if (mode != GST_PAD_MODE_PUSH) return FALSE;
  g_mutex_lock(&mux->lock);
  pad->flushing = !active;
  mux_pad_clear(pad);
  /* On the way down too: the source pad, and with it the task, starts before the sink pads, and must
   * not find the end of the last run. */
  pad->eos = pad->announced = FALSE;
  pad->frame_num = 0;
  g_cond_broadcast(&pad->space);
  g_mutex_unlock(&mux->lock);
  return TRUE;
}

static void mux_pad_finalize(GObject *object) {
  MuxPad *pad = DSBIND_STREAM_MUX_PAD(object);
  mux_pad_clear(pad);
  g_cond_clear(&pad->space);
  g_free(pad->stream_id);
  dsbind_loans_free(pad->loans);
  G_OBJECT_CLASS(dsbind_stream_mux_pad_parent_class)->finalize(object);
}

static void dsbind_stream_mux_pad_class_init(DsbindStreamMuxPadClass *klass) {
  G_OBJECT_CLASS(klass)->finalize = mux_pad_finalize;
}

static void dsbind_stream_mux_pad_init(DsbindStreamMuxPad *pad) {
  g_queue_init(&pad->items);
  g_cond_init(&pad->space);
  pad->loans = dsbind_loans_new();
  gst_segment_init(&pad->segment, GST_FORMAT_UNDEFINED);
}

MuxPad *mux_pad_new(StreamMux *mux, GstPadTemplate *template, const gchar *name, guint index) {
  MuxPad *pad = g_object_new(DSBIND_TYPE_STREAM_MUX_PAD, "name", name, "direction",
                             GST_PAD_SINK, "template", template, NULL);
  pad->mux = mux;
  pad->index = index;
  gst_pad_set_chain_function(GST_PAD(pad), mux_pad_chain);
  gst_pad_set_event_function(GST_PAD(pad), mux_pad_event);
  gst_pad_set_query_function(GST_PAD(pad), mux_pad_query);
  gst_pad_set_activatemode_function(GST_PAD(pad), mux_pad_activate);
  return pad;
}
