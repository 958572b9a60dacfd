/* SPDX-License-Identifier: Apache-2.0 */
/* What our libnvdsgst_meta, libnvdsgst_helper and libnvds_utils promise beyond DeepStream's. */
#include "check.h"
#include "gst-nvevent.h"
#include "gst-nvquery.h"
#include "gstnvdsmeta.h"
#include "nvds_latency_meta.h"
#include "nvds_version.h"

static int criticals;

static void count_log(const gchar *domain, GLogLevelFlags level, const gchar *text, gpointer data) {
  (void)domain;
  (void)text;
  (void)data;
  if (level & G_LOG_LEVEL_CRITICAL) criticals++;
}

static void test_looking_for_a_batch_before_any_was_attached(void) {
  GstBuffer *buffer = gst_buffer_new();
  GstCaps *clock = gst_caps_new_empty_simple("timestamp/x-test");
  gst_buffer_add_reference_timestamp_meta(buffer, clock, 1, 1);
  gst_caps_unref(clock);
  CHECK(gst_buffer_get_nvds_batch_meta(buffer) == NULL);
  CHECK_INT(criticals, 0);
  gst_buffer_unref(buffer);
}

static void test_a_meta_without_copy_function_stays_behind(void) {
  GstBuffer *buffer = gst_buffer_new();
  gst_buffer_add_nvds_meta(buffer, &criticals, NULL, NULL, NULL)->meta_type = NVDS_DECODER_GST_META;
  GstBuffer *copy = gst_buffer_copy(buffer);
  CHECK(gst_buffer_get_nvds_meta(buffer) != NULL);
  CHECK(gst_buffer_get_nvds_meta(copy) == NULL);

  NvDsBatchMeta *batch = nvds_create_batch_meta(1);
  NvDsFrameMeta *frame = nvds_acquire_frame_meta_from_pool(batch);
  nvds_copy_gst_meta_to_frame_meta(buffer, batch, frame);
  CHECK(frame->frame_user_meta_list == NULL);
  CHECK(nvds_destroy_batch_meta(batch));
  gst_buffer_unref(buffer);
  gst_buffer_unref(copy);
}

static void test_latency_is_off_by_default(void) {
  GstBuffer *buffer = gst_buffer_new();
  NvDsBatchMeta *batch = nvds_create_batch_meta(1);
  NvDsMeta *meta = gst_buffer_add_nvds_meta(buffer, batch, NULL, nvds_batch_meta_copy_func,
                                            nvds_batch_meta_release_func);
  meta->meta_type = NVDS_BATCH_GST_META;
  CHECK(!nvds_enable_latency_measurement);
  CHECK(nvds_set_input_system_timestamp(buffer, (gchar *)"nvinfer0") == NULL);
  CHECK(!nvds_set_output_system_timestamp(buffer, (gchar *)"nvinfer0"));
  CHECK(batch->batch_user_meta_list == NULL);
  gst_buffer_unref(buffer);
}

static void test_a_buffer_without_batch_has_no_latency(void) {
  GstBuffer *buffer = gst_buffer_new();
  NvDsFrameLatencyInfo info[1];
  CHECK_INT(nvds_measure_buffer_latency(buffer, info), 0);
  gst_buffer_unref(buffer);
}

static void test_unanswered_queries_parse_to_false(void) {
  guint value = 77;
  GstQuery *query = gst_nvquery_batch_size_new();
  CHECK(!gst_nvquery_batch_size_parse(query, &value));
  CHECK(!gst_nvquery_numStreams_size_parse(query, &value));
  CHECK_INT(value, 77);
  gst_query_unref(query);
  query = gst_nvquery_text_embedding_new("text", "model");
  CHECK(!gst_nvquery_text_embedding_parse(query, NULL, NULL, NULL, NULL));
  gst_query_unref(query);
}

static void test_embedding_queries(void) {
  const gchar *id = NULL, *model = NULL, *text = NULL;
  guint64 created = 0;
  GstQuery *query = gst_nvquery_text_embedding_new("a red car", "clip");
  CHECK(gst_nvquery_is_text_embedding(query) && !gst_nvquery_is_image_embedding(query));
  CHECK(gst_nvquery_text_embedding_parse_request(query, &text, &model));
  CHECK_STR(text, "a red car");
  CHECK_STR(model, "clip");
  GValue data = G_VALUE_INIT;
  const GValue *parsed = NULL;
  g_value_init(&data, G_TYPE_DOUBLE);
  g_value_set_double(&data, 0.5);
  gst_nvquery_text_embedding_set(query, "e-1", 1234, "clip-2", &data);
  CHECK(gst_nvquery_text_embedding_parse(query, &id, &created, &model, &parsed));
  CHECK_STR(id, "e-1");
  CHECK_INT(created, 1234);
  CHECK_STR(model, "clip-2");
  CHECK(parsed != NULL && G_VALUE_HOLDS_DOUBLE(parsed));
  CHECK_NEAR(g_value_get_double(parsed), 0.5, 0);
  gst_query_unref(query);

  gboolean has_bbox = FALSE;
  double box[4] = {0};
  query = gst_nvquery_image_embedding_new("a.png", "clip", TRUE, 1, 2, 3, 4);
  CHECK(gst_nvquery_is_image_embedding(query));
  CHECK(gst_nvquery_image_embedding_parse_request(query, &text, &model, &has_bbox, &box[0], &box[1],
                                                  &box[2], &box[3]));
  CHECK_STR(text, "a.png");
  CHECK_INT(has_bbox, TRUE);
  for (int i = 0; i < 4; i++) CHECK_NEAR(box[i], i + 1, 0);
  gst_nvquery_image_embedding_set(query, "e-2", 5, "clip", &data);
  CHECK(gst_nvquery_image_embedding_parse(query, &id, &created, &model, &parsed));
  CHECK_STR(id, "e-2");
  CHECK_INT(created, 5);
  gst_query_unref(query);
}

static guint asked_stream;
static int asked_numerator;

static gboolean on_query(GstPad *pad, GstObject *parent, GstQuery *query) {
  (void)pad;
  (void)parent;
  GValue rate = G_VALUE_INIT;
  if (!gst_nvquery_is_update_caps(query)) return FALSE;
  gst_nvquery_parse_update_caps(query, &asked_stream, &rate);
  asked_numerator = gst_value_get_fraction_numerator(&rate);
  g_value_unset(&rate);
  return TRUE;
}

static void test_update_caps_asks_the_peer(void) {
  GstPad *src = gst_pad_new("src", GST_PAD_SRC), *sink = gst_pad_new("sink", GST_PAD_SINK);
  gst_pad_set_query_function(sink, on_query);
  gst_pad_set_active(src, TRUE);
  gst_pad_set_active(sink, TRUE);
  CHECK_INT(gst_pad_link(src, sink), GST_PAD_LINK_OK);
  CHECK(gst_nvquery_update_caps_peer_query(
      src, gst_structure_new("any", "stream-id", G_TYPE_UINT, 3, "frame-rate", GST_TYPE_FRACTION,
                             25, 1, NULL)));
  CHECK_INT(asked_stream, 3);
  CHECK_INT(asked_numerator, 25);
  gst_object_unref(src);
  gst_object_unref(sink);
}

static void test_update_caps_event(void) {
  GstStructure *caps = gst_structure_new_empty("video/x-raw");
  GstEvent *event = gst_nvevent_new_update_caps(1, 640, 360, caps, (gchar *)"camera", FALSE);
  CHECK_INT(GST_EVENT_TYPE(event), GST_NVEVENT_UPDATE_CAPS);
  gst_event_unref(event);
  gst_structure_free(caps);
}

static void test_version(void) {
  unsigned major = 0, minor = 0;
  nvds_version(&major, &minor);
  CHECK_INT(major, NVDS_VERSION_MAJOR);
  CHECK_INT(minor, NVDS_VERSION_MINOR);
  nvds_version_print();
  nvds_dependencies_version_print();
}

int main(int argc, char **argv) {
  g_unsetenv("NVDS_ENABLE_LATENCY_MEASUREMENT");
  gst_init(&argc, &argv);
  g_log_set_default_handler(count_log, NULL);
  test_looking_for_a_batch_before_any_was_attached();
  test_a_meta_without_copy_function_stays_behind();
  test_latency_is_off_by_default();
  test_a_buffer_without_batch_has_no_latency();
  test_unanswered_queries_parse_to_false();
  test_embedding_queries();
  test_update_caps_asks_the_peer();
  test_update_caps_event();
  test_version();
  CHECK_INT(criticals, 0);
  gst_deinit();
  return 0;
}
