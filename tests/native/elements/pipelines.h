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

/* A sanitizer makes the decoders many times slower. */
#define PATIENCE (60 * G_TIME_SPAN_SECOND)

static inline void pipeline_free(GstElement *pipeline) {
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(pipeline);
}

/* Plays to the end. Whether it came there without an error. */
#define pipeline_run(pipeline) pipeline_run_at(__FILE__, __LINE__, pipeline)

static inline gboolean pipeline_run_at(const char *file, int line, GstElement *pipeline) {
  const GstMessageType kinds = GST_MESSAGE_EOS | GST_MESSAGE_ERROR;
  GstBus *bus = gst_element_get_bus(pipeline);
  gst_element_set_state(pipeline, GST_STATE_PLAYING);
  GstMessage *message = gst_bus_timed_pop_filtered(bus, PATIENCE * GST_USECOND, kinds);
  if (!message) check_failed(file, line, "the pipeline did not end");
  const gboolean ended = GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
  gst_message_unref(message);
  gst_element_set_state(pipeline, GST_STATE_NULL);
  gst_object_unref(bus);
  return ended;
}

/* Waits until `count` has come to `least`. */
#define await_count(count, least) await_count_at(__FILE__, __LINE__, count, least)

static inline void await_count_at(const char *file, int line, gint *count, gint least) {
  const gint64 until = g_get_monotonic_time() + PATIENCE;
  while (g_atomic_int_get(count) < least) {
    if (g_get_monotonic_time() > until) check_failed(file, line, "%d came, not %d", *count, least);
    g_usleep(5000);
  }
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
