/* SPDX-License-Identifier: Apache-2.0 */
/* The element: pads, batches, the events of a batch. */
#include "streamdemux.h"

#include <gst-nvevent.h>
#include <gstnvdsmeta.h>

GST_DEBUG_CATEGORY(demux_debug);
#define GST_CAT_DEFAULT demux_debug

G_DEFINE_TYPE(DsbindStreamDemux, dsbind_stream_demux, GST_TYPE_ELEMENT)

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE(
    "sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS(DSBIND_NVMM_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE(
    "src_%u", GST_PAD_SRC, GST_PAD_REQUEST, GST_STATIC_CAPS(DSBIND_NVMM_CAPS));

/* Under the lock. */
static DemuxPad *find_pad(const StreamDemux *demux, guint index) {
  for (guint i = 0; i < demux->pads->len; i++) {
    DemuxPad *pad = g_ptr_array_index(demux->pads, i);
    if (pad->index == index) return pad;
  }
  return NULL;
}

/* A new reference. */
static DemuxPad *pad_of(StreamDemux *demux, guint index) {
  g_mutex_lock(&demux->lock);
  DemuxPad *pad = find_pad(demux, index);
  if (pad) gst_object_ref(pad);
  g_mutex_unlock(&demux->lock);
  return pad;
}

static GPtrArray *list_pads(StreamDemux *demux) {
  GPtrArray *pads = g_ptr_array_new_with_free_func(gst_object_unref);
  g_mutex_lock(&demux->lock);
  for (guint i = 0; i < demux->pads->len; i++)
    g_ptr_array_add(pads, gst_object_ref(g_ptr_array_index(demux->pads, i)));
  g_mutex_unlock(&demux->lock);
  return pads;
}

DemuxSource demux_source(StreamDemux *demux, guint index) {
  DemuxSource copy = {0};
  g_mutex_lock(&demux->lock);
  const DemuxSource *source = g_hash_table_lookup(demux->sources, GUINT_TO_POINTER(index));
  if (source) {
    copy = *source;
    copy.stream_id = g_strdup(source->stream_id);
  }
  g_mutex_unlock(&demux->lock);
  return copy;
}

static void free_source(gpointer data) {
  DemuxSource *source = data;
  g_free(source->stream_id);
  g_free(source);
}

/* Under the lock; made when it is not there. */
static DemuxSource *source_of(StreamDemux *demux, guint index) {
  DemuxSource *source = g_hash_table_lookup(demux->sources, GUINT_TO_POINTER(index));
  if (source) return source;
  source = g_new0(DemuxSource, 1);
  g_hash_table_insert(demux->sources, GUINT_TO_POINTER(index), source);
  return source;
}

/* The number in "src_3"; FALSE for any other name. */
static gboolean parse_index(const gchar *name, guint *index) {
  guint64 value;
  if (!g_str_has_prefix(name, "src_")) return FALSE;
  if (!g_ascii_string_to_unsigned(name + 4, 10, 0, G_MAXINT, &value, NULL)) return FALSE;
  *index = (guint)value;
  return TRUE;
}

static GstPad *request_pad(GstElement *element, GstPadTemplate *template, const gchar *wanted,
                           const GstCaps *caps) {
  StreamDemux *demux = DSBIND_STREAM_DEMUX(element);
  guint index = 0;
  (void)caps;

  const gboolean named = wanted && strcmp(wanted, "src_%u") != 0;
  if (named && !parse_index(wanted, &index)) {
    GST_WARNING_OBJECT(demux, "no pad \"%s\": request src_%%u or src_0, src_1 ...", wanted);
    return NULL;
  }
  g_mutex_lock(&demux->lock);
  while (!named && find_pad(demux, index)) index++;
  if (find_pad(demux, index)) {
    g_mutex_unlock(&demux->lock);
    GST_WARNING_OBJECT(demux, "pad %s is in use: release it first, or request src_%%u", wanted);
    return NULL;
  }
  gchar *name = g_strdup_printf("src_%u", index);
  DemuxPad *pad = demux_pad_new(template, name, index);
  g_free(name);
  gst_object_ref_sink(pad); /* of the list; the element takes another */
  /* Before a frame can reach it: an inactive pad would stop the whole stream. */
  if (GST_STATE(demux) > GST_STATE_READY || GST_STATE_NEXT(demux) == GST_STATE_PAUSED)
    gst_pad_set_active(GST_PAD(pad), TRUE);
  g_ptr_array_add(demux->pads, pad);
  g_mutex_unlock(&demux->lock);

  gst_element_add_pad(element, GST_PAD(pad));
  return GST_PAD(pad);
}

static void release_pad(GstElement *element, GstPad *pad) {
  StreamDemux *demux = DSBIND_STREAM_DEMUX(element);
  g_mutex_lock(&demux->lock);
  const gboolean ours = g_ptr_array_remove(demux->pads, pad);
  g_mutex_unlock(&demux->lock);
  gst_pad_set_active(pad, FALSE);
  gst_element_remove_pad(element, pad);
  if (ours) gst_object_unref(pad);
}

/* One branch that wants no more does not end the others; one that fails does. */
static GstFlowReturn combined_flow(StreamDemux *demux) {
  GPtrArray *pads = list_pads(demux);
  GstFlowReturn flow = GST_FLOW_NOT_LINKED;
  for (guint i = 0; i < pads->len; i++) {
    const DemuxPad *pad = g_ptr_array_index(pads, i);
    if (pad->flow < GST_FLOW_EOS || pad->flow == GST_FLOW_FLUSHING) {
      flow = pad->flow;
      break;
    }
    if (pad->flow == GST_FLOW_OK || (pad->flow == GST_FLOW_EOS && flow == GST_FLOW_NOT_LINKED))
      flow = pad->flow;
  }
  g_ptr_array_unref(pads);
  if (flow == GST_FLOW_NOT_LINKED)
    GST_ELEMENT_ERROR(demux, STREAM, FAILED,
                      ("No output of %s is linked. Link a pad src_N, N being a source's id, to the "
                       "element that takes its frames.", GST_ELEMENT_NAME(demux)), (NULL));
  return flow == GST_FLOW_NOT_LINKED ? GST_FLOW_ERROR : flow;
}

static GstFlowReturn refuse(StreamDemux *demux, GstBuffer *buffer, const gchar *lacks) {
  gst_buffer_unref(buffer);
  GST_ELEMENT_ERROR(demux, STREAM, FORMAT,
                    ("A buffer that came to %s has no %s. Put nvstreammux before it.",
                     GST_ELEMENT_NAME(demux), lacks), (NULL));
  return GST_FLOW_ERROR;
}

static GstFlowReturn chain(GstPad *sinkpad, GstObject *parent, GstBuffer *buffer) {
  StreamDemux *demux = DSBIND_STREAM_DEMUX(parent);
  NvBufSurface *surface = dsbind_buffer_surface(buffer);
  NvDsBatchMeta *batch = gst_buffer_get_nvds_batch_meta(buffer);
  (void)sinkpad;

  if (!surface || !demux->has_caps) return refuse(demux, buffer, "frames in NVMM memory");
  if (!batch) return refuse(demux, buffer, "metadata of a batch");
  for (GList *link = batch->frame_meta_list; link; link = link->next) {
    NvDsFrameMeta *frame = link->data;
    if (frame->batch_id >= surface->numFilled) {
      GST_WARNING_OBJECT(demux, "frame %u of a batch of %u: left out", frame->batch_id,
                         surface->numFilled);
      continue;
    }
    DemuxPad *pad = pad_of(demux, frame->pad_index);
    if (!pad) continue;
    if (!pad->ended) demux_pad_push(demux, pad, buffer, surface, frame);
    gst_object_unref(pad);
  }
  gst_buffer_unref(buffer);
  return combined_flow(demux);
}

static void end_source(StreamDemux *demux, guint index) {
  DemuxPad *pad = pad_of(demux, index);
  if (!pad) return;
  demux_pad_end(demux, pad);
  gst_object_unref(pad);
}

static void start_source(StreamDemux *demux, guint index, const gchar *id) {
  g_mutex_lock(&demux->lock);
  DemuxSource *source = source_of(demux, index);
  g_free(source->stream_id);
  source->stream_id = g_strdup(id);
  g_mutex_unlock(&demux->lock);
  DemuxPad *pad = pad_of(demux, index);
  if (!pad) return;
  demux_pad_reset(pad);
  gst_object_unref(pad);
}

static void set_source_segment(StreamDemux *demux, guint index, const GstSegment *segment) {
  g_mutex_lock(&demux->lock);
  DemuxSource *source = source_of(demux, index);
  source->segment = *segment;
  source->has_segment = segment->format == GST_FORMAT_TIME;
  g_mutex_unlock(&demux->lock);
  DemuxPad *pad = pad_of(demux, index);
  if (!pad) return;
  pad->tell_segment = TRUE;
  gst_object_unref(pad);
}

static void forget_source(StreamDemux *demux, guint index) {
  end_source(demux, index);
  g_mutex_lock(&demux->lock);
  g_hash_table_remove(demux->sources, GUINT_TO_POINTER(index));
  g_mutex_unlock(&demux->lock);
}

/* An event about one source of the batch: it says nothing to the branches of the others. */
static gboolean take_source_event(StreamDemux *demux, GstEvent *event) {
  guint index = 0;
  gchar *id = NULL;
  GstSegment *segment = NULL;
  switch ((guint)GST_EVENT_TYPE(event)) {
    case GST_NVEVENT_STREAM_START:
      gst_nvevent_parse_stream_start(event, &index, &id);
      start_source(demux, index, id);
      return TRUE;
    case GST_NVEVENT_STREAM_SEGMENT:
      gst_nvevent_parse_stream_segment(event, &index, &segment);
      if (segment) set_source_segment(demux, index, segment);
      return TRUE;
    case GST_NVEVENT_STREAM_EOS:
      gst_nvevent_parse_stream_eos(event, &index);
      end_source(demux, index);
      return TRUE;
    case GST_NVEVENT_PAD_DELETED:
      gst_nvevent_parse_pad_deleted(event, &index);
      forget_source(demux, index);
      return TRUE;
    case GST_NVEVENT_PAD_ADDED:
    case GST_NVEVENT_STREAM_RESET:
    case GST_NVEVENT_UPDATE_CAPS: return TRUE;
    default: return FALSE;
  }
}

static gboolean set_caps(StreamDemux *demux, GstEvent *event) {
  GstCaps *caps;
  gst_event_parse_caps(event, &caps);
  demux->has_caps = gst_video_info_from_caps(&demux->info, caps);
  return demux->has_caps;
}

static void for_each_pad(StreamDemux *demux, void (*what)(StreamDemux *, DemuxPad *)) {
  GPtrArray *pads = list_pads(demux);
  for (guint i = 0; i < pads->len; i++) what(demux, g_ptr_array_index(pads, i));
  g_ptr_array_unref(pads);
}

static void tell_segment(StreamDemux *demux, DemuxPad *pad) {
  (void)demux;
  pad->tell_segment = TRUE;
}

static void flushed(StreamDemux *demux, DemuxPad *pad) {
  (void)demux;
  pad->flow = GST_FLOW_OK;
  pad->ended = FALSE;
  pad->tell_segment = TRUE;
}

static void reset_pad(StreamDemux *demux, DemuxPad *pad) {
  (void)demux;
  demux_pad_reset(pad);
}

static gboolean sink_event(GstPad *sinkpad, GstObject *parent, GstEvent *event) {
  StreamDemux *demux = DSBIND_STREAM_DEMUX(parent);
  gboolean ok = TRUE;

  if (!take_source_event(demux, event)) {
    switch (GST_EVENT_TYPE(event)) {
      case GST_EVENT_STREAM_START: for_each_pad(demux, reset_pad); break;
      case GST_EVENT_CAPS: ok = set_caps(demux, event); break;
      case GST_EVENT_SEGMENT:
        gst_event_copy_segment(event, &demux->segment);
        for_each_pad(demux, tell_segment);
        break;
      case GST_EVENT_EOS: for_each_pad(demux, demux_pad_end); break;
      case GST_EVENT_FLUSH_STOP:
        for_each_pad(demux, flushed);
        return gst_pad_event_default(sinkpad, parent, event);
      default: return gst_pad_event_default(sinkpad, parent, event);
    }
  }
  gst_event_unref(event);
  return ok;
}

static gboolean sink_query(GstPad *pad, GstObject *parent, GstQuery *query) {
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
    case GST_QUERY_ALLOCATION: /* downstream gets single frames, not these buffers */
      return FALSE;
    default: return gst_pad_query_default(pad, parent, query);
  }
}

static GstStateChangeReturn change_state(GstElement *element, GstStateChange change) {
  StreamDemux *demux = DSBIND_STREAM_DEMUX(element);
  if (change == GST_STATE_CHANGE_NULL_TO_READY && !dsbind_element_open_runtime(element))
    return GST_STATE_CHANGE_FAILURE;
  const GstStateChangeReturn ret =
      GST_ELEMENT_CLASS(dsbind_stream_demux_parent_class)->change_state(element, change);
  if (change == GST_STATE_CHANGE_PAUSED_TO_READY) {
    for_each_pad(demux, reset_pad);
    g_mutex_lock(&demux->lock);
    g_hash_table_remove_all(demux->sources);
    g_mutex_unlock(&demux->lock);
    demux->has_caps = FALSE;
    gst_segment_init(&demux->segment, GST_FORMAT_UNDEFINED);
  }
  return ret;
}

static void finalize(GObject *object) {
  StreamDemux *demux = DSBIND_STREAM_DEMUX(object);
  g_ptr_array_unref(demux->pads);
  g_hash_table_unref(demux->sources);
  g_mutex_clear(&demux->lock);
  G_OBJECT_CLASS(dsbind_stream_demux_parent_class)->finalize(object);
}

static void dsbind_stream_demux_class_init(DsbindStreamDemuxClass *klass) {
  GstElementClass *element = GST_ELEMENT_CLASS(klass);
  G_OBJECT_CLASS(klass)->finalize = finalize;
  gst_element_class_add_static_pad_template(element, &sink_template);
  gst_element_class_add_static_pad_template_with_gtype(element, &src_template,
                                                       DSBIND_TYPE_STREAM_DEMUX_PAD);
  gst_type_mark_as_plugin_api(DSBIND_TYPE_STREAM_DEMUX_PAD, 0);
  gst_element_class_set_static_metadata(element, "Stream demultiplexer", "Generic/Video",
                                        "Splits batches into the frames of each source", "dsbind");
  element->request_new_pad = request_pad;
  element->release_pad = release_pad;
  element->change_state = change_state;
}

static void dsbind_stream_demux_init(DsbindStreamDemux *demux) {
  g_mutex_init(&demux->lock);
  demux->pads = g_ptr_array_new();
  demux->sources = g_hash_table_new_full(NULL, NULL, NULL, free_source);
  gst_segment_init(&demux->segment, GST_FORMAT_UNDEFINED);
  demux->sinkpad = gst_pad_new_from_static_template(&sink_template, "sink");
  gst_pad_set_chain_function(demux->sinkpad, chain);
  gst_pad_set_event_function(demux->sinkpad, sink_event);
  gst_pad_set_query_function(demux->sinkpad, sink_query);
  gst_element_add_pad(GST_ELEMENT(demux), demux->sinkpad);
}

static gboolean plugin_init(GstPlugin *plugin) {
  GST_DEBUG_CATEGORY_INIT(demux_debug, "nvstreamdemux", 0, "stream demultiplexer");
  return gst_element_register(plugin, "nvstreamdemux", GST_RANK_NONE, DSBIND_TYPE_STREAM_DEMUX);
}

#define PACKAGE "dsbind"
GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, nvstreamdemux, "Stream demultiplexer",
                  plugin_init, DSBIND_VERSION, "Apache 2.0", "dsbind", "dsbind")
