/* SPDX-License-Identifier: Apache-2.0 */
/* Events, messages and queries about streams: what is made is what is parsed. */
#include "check.h"
#include "gst-nvevent.h"
#include "gst-nvmessage.h"
#include "gst-nvquery.h"

static void check_type(GstEvent *event, GstNvEventType type) {
  CHECK_INT(GST_EVENT_TYPE(event), type);
  CHECK(GST_EVENT_IS_DOWNSTREAM(event));
  CHECK(!GST_EVENT_IS_UPSTREAM(event));
  CHECK(GST_EVENT_IS_SERIALIZED(event));
  CHECK(GST_EVENT_IS_STICKY(event));
  printf("event 0x%x\n", GST_EVENT_TYPE(event));
}

typedef GstEvent *(*NewFunc)(guint);
typedef void (*ParseFunc)(GstEvent *, guint *);

static void check_pair(NewFunc make, ParseFunc parse, GstNvEventType type) {
  guint source = 0;
  GstEvent *event = make(7);
  check_type(event, type);
  parse(event, &source);
  CHECK_INT(source, 7);
  gst_event_unref(event);
}

static void test_events_of_a_source(void) {
  check_pair(gst_nvevent_new_pad_added, gst_nvevent_parse_pad_added, GST_NVEVENT_PAD_ADDED);
  check_pair(gst_nvevent_new_pad_deleted, gst_nvevent_parse_pad_deleted, GST_NVEVENT_PAD_DELETED);
  check_pair(gst_nvevent_new_stream_eos, gst_nvevent_parse_stream_eos, GST_NVEVENT_STREAM_EOS);
  check_pair(gst_nvevent_new_stream_reset, gst_nvevent_parse_stream_reset,
             GST_NVEVENT_STREAM_RESET);
}

static void test_segment_event(void) {
  GstSegment segment, *parsed = NULL;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.start = 5 * GST_SECOND;
  guint source = 0;
  GstEvent *event = gst_nvevent_new_stream_segment(3, &segment);
  check_type(event, GST_NVEVENT_STREAM_SEGMENT);
  gst_nvevent_parse_stream_segment(event, &source, &parsed);
  CHECK_INT(source, 3);
  CHECK(parsed != NULL && gst_segment_is_equal(parsed, &segment));
  gst_event_unref(event);
}

static void test_start_event(void) {
  guint source = 0;
  gchar *id = NULL;
  GstEvent *event = gst_nvevent_new_stream_start(4, (gchar *)"camera-4");
  check_type(event, GST_NVEVENT_STREAM_START);
  gst_nvevent_parse_stream_start(event, &source, &id);
  CHECK_INT(source, 4);
  CHECK_STR(id, "camera-4");
  gst_event_unref(event);
}

static guint received[3];

static gboolean on_event(GstPad *pad, GstObject *parent, GstEvent *event) {
  (void)pad;
  (void)parent;
  guint source = 0;
  if ((GstNvEventType)GST_EVENT_TYPE(event) == GST_NVEVENT_STREAM_EOS) {
    gst_nvevent_parse_stream_eos(event, &source);
    CHECK(source < 3);
    received[source]++;
  }
  gst_event_unref(event);
  return TRUE;
}

static GstFlowReturn on_buffer(GstPad *pad, GstObject *parent, GstBuffer *buffer) {
  (void)pad;
  (void)parent;
  gst_buffer_unref(buffer);
  return GST_FLOW_OK;
}

static void test_events_of_several_sources_all_arrive(void) {
  GstPad *src = gst_pad_new("src", GST_PAD_SRC), *sink = gst_pad_new("sink", GST_PAD_SINK);
  gst_pad_set_event_function(sink, on_event);
  gst_pad_set_chain_function(sink, on_buffer);
  gst_pad_set_active(src, TRUE);
  gst_pad_set_active(sink, TRUE);
  CHECK_INT(gst_pad_link(src, sink), GST_PAD_LINK_OK);
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  CHECK(gst_pad_push_event(src, gst_event_new_stream_start("test")));
  CHECK(gst_pad_push_event(src, gst_event_new_segment(&segment)));
  for (guint i = 0; i < 3; i++) {
    CHECK(gst_pad_push_event(src, gst_nvevent_new_stream_eos(i)));
    CHECK_INT(gst_pad_push(src, gst_buffer_new()), GST_FLOW_OK);
  }
  for (int i = 0; i < 3; i++) CHECK_INT(received[i], 1);
  gst_pad_set_active(src, FALSE);
  gst_pad_set_active(sink, FALSE);
  gst_object_unref(src);
  gst_object_unref(sink);
  printf("events of three sources: all arrived once\n");
}

static void test_message(void) {
  guint stream = 0;
  GstMessage *message = gst_nvmessage_new_stream_eos(NULL, 6);
  CHECK(gst_nvmessage_is_stream_eos(message));
  CHECK(gst_nvmessage_parse_stream_eos(message, &stream));
  CHECK_INT(stream, 6);
  gst_message_unref(message);
  message = gst_message_new_eos(NULL);
  CHECK(!gst_nvmessage_is_stream_eos(message));
  gst_message_unref(message);
  printf("message: end of stream %u\n", stream);
}

static void test_size_queries(void) {
  guint value = 0;
  GstQuery *query = gst_nvquery_batch_size_new();
  CHECK(gst_nvquery_is_batch_size(query) && !gst_nvquery_is_numStreams_size(query));
  gst_nvquery_batch_size_set(query, 16);
  CHECK(gst_nvquery_batch_size_parse(query, &value));
  CHECK_INT(value, 16);
  gst_query_unref(query);

  query = gst_nvquery_numStreams_size_new();
  CHECK(gst_nvquery_is_numStreams_size(query) && !gst_nvquery_is_batch_size(query));
  gst_nvquery_numStreams_size_set(query, 5);
  CHECK(gst_nvquery_numStreams_size_parse(query, &value));
  CHECK_INT(value, 5);
  gst_query_unref(query);

  query = gst_nvquery_preprocess_poolsize_new(9);
  CHECK(gst_nvquery_is_preprocess_poolsize(query));
  CHECK(gst_nvquery_preprocess_poolsize_gieid_parse(query, &value));
  CHECK_INT(value, 9);
  gst_nvquery_preprocess_poolsize_set(query, 3);
  CHECK(gst_nvquery_preprocess_poolsize_parse(query, &value));
  CHECK_INT(value, 3);
  gst_query_unref(query);
  printf("size queries: answered\n");
}

int main(int argc, char **argv) {
  gst_init(&argc, &argv);
  test_events_of_a_source();
  test_segment_event();
  test_start_event();
  test_events_of_several_sources_all_arrive();
  test_message();
  test_size_queries();
  gst_deinit();
  return 0;
}
