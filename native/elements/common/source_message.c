/* SPDX-License-Identifier: Apache-2.0 */
#include "source_message.h"

static const char *or_none(const char *text) { return text ? text : "N/A"; }

static GstStructure *describe(const char *name, const DsbindSourceInfo *source) {
  return gst_structure_new(name, "source-id", G_TYPE_UINT, source->id, "sensor-id", G_TYPE_STRING,
                           or_none(source->sensor_id), "sensor-name", G_TYPE_STRING,
                           or_none(source->sensor_name), "uri", G_TYPE_STRING,
                           or_none(source->uri), NULL);
}

void dsbind_source_post(GstElement *bin, gboolean added, const DsbindSourceInfo *source) {
  GstStructure *details = describe(added ? "stream-add" : "stream-remove", source);
  gst_element_post_message(bin, gst_message_new_element(GST_OBJECT(bin), details));
}

gboolean dsbind_source_is_to_blame(GstMessage *error) {
  const GstStructure *details = NULL;
  gint flow = GST_FLOW_OK;
  gst_message_parse_error_details(error, &details);
  if (details) gst_structure_get_int(details, "flow-return", &flow);
  return flow == GST_FLOW_OK || flow == GST_FLOW_FLUSHING || flow == GST_FLOW_EOS;
}

void dsbind_source_post_loss(GstElement *bin, GstMessage *error, gboolean last,
                             const DsbindSourceInfo *source) {
  GstStructure *details = describe("stream-lost", source);
  GstObject *origin = GST_MESSAGE_SRC(error);
  GError *reason = NULL;
  char *debug = NULL;
  gst_message_parse_error(error, &reason, &debug);
  /* Posted by the bin: what the source itself posts comes here. */
  gst_element_post_message(
      bin, last ? gst_message_new_error_with_details(origin, reason, debug, details)
                : gst_message_new_warning_with_details(origin, reason, debug, details));
  g_error_free(reason);
  g_free(debug);
}
