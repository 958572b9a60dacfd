/* SPDX-License-Identifier: Apache-2.0 */
/* Whole pipelines of elements, as gst-launch-1.0 writes them. */
#ifndef DSBIND_TESTS_PIPELINES_H
#define DSBIND_TESTS_PIPELINES_H

#include "batching.h"

static inline GstElement *pipeline_new(const char *format, ...) {
  GError *error = NULL;
  va_list args;
  va_start(args, format);
  gchar *text = g_strdup_vprintf(format, args);
  va_end(args);
  GstElement *pipeline = gst_parse_launch(text, &error);
  if (!pipeline || error) check_failed(__FILE__, __LINE__, "%s: %s", text, error->message);
  g_free(text);
  return pipeline;
}

/* The first message of these kinds within ten seconds; the caller owns it. */
static inline GstMessage *pipeline_await(GstElement *pipeline, GstMessageType kinds) {
  GstBus *bus = gst_element_get_bus(pipeline);
  GstMessage *message = gst_bus_timed_pop_filtered(bus, 10 * GST_SECOND, kinds);
  gst_object_unref(bus);
  CHECK(message && "a message within ten seconds");
  return message;
}

static inline void pipeline_free(GstElement *pipeline) {
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
}

/* Plays to the end. Whether it came there without an error. */
static inline gboolean pipeline_run(GstElement *pipeline) {
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstMessage *message = pipeline_await(pipeline, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  const gboolean ended = GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
  gst_message_unref(message);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  return ended;
}

static inline gboolean has_element(const char *factory) {
  GstElementFactory *found = gst_element_factory_find(factory);
  if (found) gst_object_unref(found);
  return found != NULL;
}

/* Buffers that pass the pad "sink" of an element. */
static inline GstPadProbeReturn count_buffer(GstPad *pad, GstPadProbeInfo *info, gpointer count) {
  (void)pad, (void)info;
  g_atomic_int_inc((gint *)count);
  return GST_PAD_PROBE_OK;
}

static inline void count_buffers(GstElement *pipeline, const char *name, gint *count) {
  GstElement *element = gst_bin_get_by_name(GST_BIN(pipeline), name);
  CHECK(element);
  GstPad *pad = gst_element_get_static_pad(element, "sink");
  gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, count_buffer, count, NULL);
  gst_object_unref(pad);
  gst_object_unref(element);
}

#endif
