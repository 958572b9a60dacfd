/* SPDX-License-Identifier: Apache-2.0 */
/* Events about one stream of a batch: custom, downstream, serialized, sticky. The field names are
 * private to the pairs of functions here. */
#include "gst-nvevent.h"

#define EXPORT __attribute__((visibility("default")))
#define SOURCE_ID "source-id"
#define SEGMENT "segment"
#define STREAM_ID "stream-id"

static GstEvent *new_event(GstNvEventType type, const char *name, guint source_id) {
  GstStructure *structure = gst_structure_new(name, SOURCE_ID, G_TYPE_UINT, source_id, NULL);
  return gst_event_new_custom((GstEventType)type, structure);
}

static gboolean parse_source(GstEvent *event, GstNvEventType type, guint *source_id) {
  g_return_val_if_fail(GST_IS_EVENT(event), FALSE);
  g_return_val_if_fail((GstNvEventType)GST_EVENT_TYPE(event) == type, FALSE);
  guint found = 0;
  if (!gst_structure_get_uint(gst_event_get_structure(event), SOURCE_ID, &found)) return FALSE;
  if (source_id) *source_id = found;
  return TRUE;
}

EXPORT GstEvent *gst_nvevent_new_pad_added(guint source_id) {
  return new_event(GST_NVEVENT_PAD_ADDED, "nv-pad-added", source_id);
}

EXPORT void gst_nvevent_parse_pad_added(GstEvent *event, guint *source_id) {
  parse_source(event, GST_NVEVENT_PAD_ADDED, source_id);
}

EXPORT GstEvent *gst_nvevent_new_pad_deleted(guint source_id) {
  return new_event(GST_NVEVENT_PAD_DELETED, "nv-pad-deleted", source_id);
}

EXPORT void gst_nvevent_parse_pad_deleted(GstEvent *event, guint *source_id) {
  parse_source(event, GST_NVEVENT_PAD_DELETED, source_id);
}

EXPORT GstEvent *gst_nvevent_new_stream_eos(guint source_id) {
  return new_event(GST_NVEVENT_STREAM_EOS, "nv-stream-eos", source_id);
}

EXPORT void gst_nvevent_parse_stream_eos(GstEvent *event, guint *source_id) {
  parse_source(event, GST_NVEVENT_STREAM_EOS, source_id);
}

EXPORT GstEvent *gst_nvevent_new_stream_reset(guint source_id) {
  return new_event(GST_NVEVENT_STREAM_RESET, "nv-stream-reset", source_id);
}

EXPORT void gst_nvevent_parse_stream_reset(GstEvent *event, guint *source_id) {
  parse_source(event, GST_NVEVENT_STREAM_RESET, source_id);
}

EXPORT GstEvent *gst_nvevent_new_stream_segment(guint source_id, GstSegment *segment) {
  g_return_val_if_fail(segment != NULL, NULL);
  GstEvent *event = new_event(GST_NVEVENT_STREAM_SEGMENT, "nv-stream-segment", source_id);
  gst_structure_set(gst_event_writable_structure(event), SEGMENT, GST_TYPE_SEGMENT, segment, NULL);
  return event;
}

/* The segment stays the event's, as with gst_event_parse_segment(). */
EXPORT void gst_nvevent_parse_stream_segment(
    GstEvent *event, guint *source_id, GstSegment **segment) {
  if (segment) *segment = NULL;
  if (!parse_source(event, GST_NVEVENT_STREAM_SEGMENT, source_id) || !segment) return;
  const GValue *value = gst_structure_get_value(gst_event_get_structure(event), SEGMENT);
  if (value) *segment = g_value_get_boxed(value);
}

EXPORT GstEvent *gst_nvevent_new_stream_start(guint source_id, gchar *stream_id) {
  GstEvent *event = new_event(GST_NVEVENT_STREAM_START, "nv-stream-start", source_id);
  gst_structure_set(gst_event_writable_structure(event), STREAM_ID, G_TYPE_STRING, stream_id, NULL);
  return event;
}

/* The string stays the event's, as with gst_event_parse_stream_start(). */
EXPORT void gst_nvevent_parse_stream_start(GstEvent *event, guint *source_id, gchar **stream_id) {
  if (stream_id) *stream_id = NULL;
  if (!parse_source(event, GST_NVEVENT_STREAM_START, source_id) || !stream_id) return;
  *stream_id = (gchar *)gst_structure_get_string(gst_event_get_structure(event), STREAM_ID);
}

EXPORT GstEvent *gst_nvevent_new_update_caps(
    guint pad_id, guint width_val, guint height_val, GstStructure *caps_str, gchar *stream_id_str,
    gboolean is_audio) {
  GstEvent *event = new_event(GST_NVEVENT_UPDATE_CAPS, "nv-update-caps", pad_id);
  GstStructure *structure = gst_event_writable_structure(event);
  gst_structure_set(structure, "width", G_TYPE_UINT, width_val, "height", G_TYPE_UINT, height_val,
                    STREAM_ID, G_TYPE_STRING, stream_id_str, "audio", G_TYPE_BOOLEAN, is_audio,
                    NULL);
  if (caps_str) gst_structure_set(structure, "caps", GST_TYPE_STRUCTURE, caps_str, NULL);
  return event;
}
