/* SPDX-License-Identifier: Apache-2.0 */
/* Sources of nvstreammux that come, end, flush and go, and stopping at any moment. */
#include <gst-nvevent.h>
#include <gst-nvmessage.h>

#include "batching.h"

static GstBuffer *small(guint n) {
  return frame_new(GST_VIDEO_FORMAT_NV12, 64, 48, 1, n * FRAME_TIME);
}

static guint take_all(Bench *bench) {
  guint frames = 0;
  while (bench_batches(bench)) {
    GstBuffer *batch = bench_take(bench);
    frames += gst_buffer_get_nvds_batch_meta(batch)->num_frames_in_batch;
    gst_buffer_unref(batch);
  }
  return frames;
}

static void the_end_comes_when_all_sources_have_ended(void) {
  Bench *bench = bench_new("nvstreammux", 2, "batch-size", 2, NULL);
  guint source = 99, stream = 99;
  bench_start(bench, 0, NULL, 64, 48);
  bench_start(bench, 1, NULL, 64, 48);
  bench_push(bench, 0, small(0));
  bench_push(bench, 1, small(0));
  bench_eos(bench, 1);
  bench_push(bench, 0, small(1)); /* alone, it is a full batch now */
  gst_buffer_unref(bench_take(bench));
  GstBuffer *batch = bench_take(bench);
  CHECK_INT(gst_buffer_get_nvds_batch_meta(batch)->num_frames_in_batch, 1);
  gst_buffer_unref(batch);
  CHECK_INT(bench_events(bench, GST_NVEVENT_STREAM_EOS, &source), 1);
  CHECK_INT(source, 1);
  CHECK(!bench_wait_eos(bench, 30));
  bench_eos(bench, 0);
  CHECK(bench_wait_eos(bench, 2000));
  CHECK_INT(bench_events(bench, GST_NVEVENT_PAD_ADDED, NULL), 2);
  CHECK_INT(bench_events(bench, GST_NVEVENT_STREAM_START, NULL), 2);
  CHECK_INT(bench_events(bench, GST_NVEVENT_STREAM_SEGMENT, NULL), 2);
  CHECK_INT(bench_events(bench, GST_NVEVENT_STREAM_EOS, &source), 2);
  CHECK_INT(bench_events(bench, GST_EVENT_STREAM_START, NULL), 1);
  CHECK_INT(bench_events(bench, GST_EVENT_CAPS, NULL), 1);
  CHECK_INT(bench_events(bench, GST_EVENT_SEGMENT, NULL), 1);
  for (guint expected = 2; expected-- > 0;) {
    GstMessage *message = gst_bus_timed_pop_filtered(bench->bus, GST_SECOND, GST_MESSAGE_ELEMENT);
    CHECK(message && gst_nvmessage_is_stream_eos(message));
    CHECK(gst_nvmessage_parse_stream_eos(message, &stream));
    CHECK_INT(stream, expected);
    gst_message_unref(message);
  }
  bench_free(bench);
}

static void no_frame_from_anyone_is_an_end_too(void) {
  Bench *bench = bench_new("nvstreammux", 2, "batch-size", 2, NULL);
  bench_eos(bench, 0);
  bench_eos(bench, 1);
  CHECK(bench_wait_eos(bench, 2000));
  bench_free(bench);
}

/* An application ends the pad of a source that failed: no caps, another thread. */
static void the_application_may_end_a_pad(void) {
  Bench *bench = bench_new("nvstreammux", 2, "batch-size", 2, NULL);
  GstPad *pad = gst_element_get_static_pad(bench->element, "sink_1");
  bench_start(bench, 0, NULL, 64, 48);
  bench_push(bench, 0, small(0));
  g_usleep(20000);
  CHECK_INT(bench_batches(bench), 0);
  CHECK(gst_pad_send_event(pad, gst_event_new_eos()));
  gst_buffer_unref(bench_take(bench));
  bench_eos(bench, 0);
  CHECK(bench_wait_eos(bench, 2000));
  gst_object_unref(pad);
  bench_free(bench);
}

static void a_dropped_end_comes_when_it_is_allowed(void) {
  Bench *bench = bench_new("nvstreammux", 1, "drop-pipeline-eos", TRUE, NULL);
  bench_start(bench, 0, NULL, 64, 48);
  bench_push(bench, 0, small(0));
  bench_eos(bench, 0);
  gst_buffer_unref(bench_take(bench));
  CHECK(!bench_wait_eos(bench, 50));
  CHECK_INT(bench_events(bench, GST_NVEVENT_STREAM_EOS, NULL), 1);
  /* A new source may still come. */
  bench_add_source(bench, 1, "sink_%u");
  bench_start(bench, 1, NULL, 64, 48);
  CHECK_INT(bench_push(bench, 1, small(5)), GST_FLOW_OK);
  gst_buffer_unref(bench_take(bench));
  bench_eos(bench, 1);
  CHECK(!bench_wait_eos(bench, 50));
  g_object_set(bench->element, "drop-pipeline-eos", FALSE, NULL);
  CHECK(bench_wait_eos(bench, 2000));
  bench_free(bench);
}

static void eos_sent_to_the_element_ends_it(void) {
  Bench *bench = bench_new("nvstreammux", 1, "drop-pipeline-eos", TRUE, NULL);
  bench_start(bench, 0, NULL, 64, 48);
  bench_push(bench, 0, small(0));
  CHECK(gst_element_send_event(bench->element, gst_event_new_eos()));
  CHECK(bench_wait_eos(bench, 2000));
  CHECK_INT(take_all(bench), 1);
  CHECK_INT(bench_push(bench, 0, small(1)), GST_FLOW_EOS);
  bench_free(bench);
}

static void pads_have_the_index_of_their_name(void) {
  Bench *bench = bench_new("nvstreammux", 1, NULL);
  bench_add_source(bench, 1, "sink_3");
  GstPad *next = gst_element_request_pad_simple(bench->element, "sink_%u");
  CHECK_STR(GST_PAD_NAME(next), "sink_1");
  gst_element_release_request_pad(bench->element, next);
  gst_object_unref(next);
  bench_eos(bench, 0);
  bench_start(bench, 1, NULL, 64, 48);
  bench_push(bench, 1, small(0));
  GstBuffer *batch = bench_take(bench);
  CHECK_INT(frame_meta_at(batch, 0)->pad_index, 3);
  CHECK_INT(frame_meta_at(batch, 0)->source_id, 3);
  gst_buffer_unref(batch);
  bench_free(bench);
}

static void a_pad_may_go_while_playing(void) {
  Bench *bench = bench_new("nvstreammux", 3, "batch-size", 3, NULL);
  guint source = 99;
  for (guint s = 0; s < 3; s++) bench_start(bench, s, NULL, 64, 48);
  for (guint s = 0; s < 3; s++) bench_push(bench, s, small(0));
  gst_buffer_unref(bench_take(bench));
  bench_push(bench, 0, small(1));
  bench_push(bench, 2, small(1));
  bench_remove_source(bench, 1); /* the two are a full batch now */
  GstBuffer *batch = bench_take(bench);
  CHECK_INT(frame_meta_at(batch, 0)->pad_index, 0);
  CHECK_INT(frame_meta_at(batch, 1)->pad_index, 2);
  gst_buffer_unref(batch);
  CHECK_INT(bench_events(bench, GST_NVEVENT_PAD_DELETED, &source), 1);
  CHECK_INT(source, 1);
  bench_add_source(bench, 1, "sink_%u");
  bench_start(bench, 1, NULL, 64, 48);
  for (guint s = 0; s < 3; s++) bench_push(bench, s, small(2));
  batch = bench_take(bench);
  CHECK_INT(frame_meta_at(batch, 1)->pad_index, 1);
  CHECK_INT(frame_meta_at(batch, 1)->frame_num, 0);
  CHECK_INT(frame_meta_at(batch, 2)->frame_num, 2);
  gst_buffer_unref(batch);
  bench_free(bench);
}

typedef struct {
  Bench *bench;
  guint source;
  GstFlowReturn last;
} Feeder;

static gpointer feed(gpointer data) {
  Feeder *feeder = data;
  feeder->last = GST_FLOW_OK;
  for (guint n = 0; feeder->last == GST_FLOW_OK; n++)
    feeder->last = bench_push(feeder->bench, feeder->source, small(n));
  return NULL;
}

/* Sources wait for room, the task waits downstream or for a source that gives nothing. */
static void stopping_lets_everyone_go(gboolean hold) {
  Bench *bench = bench_new("nvstreammux", 4, "batch-size", 4, NULL);
  Feeder feeders[4];
  GThread *threads[4];
  const guint feeding = hold ? 4 : 3;
  bench->hold = hold;
  for (guint s = 0; s < 4; s++) bench_start(bench, s, NULL, 64, 48);
  for (guint s = 0; s < feeding; s++) {
    feeders[s] = (Feeder){.bench = bench, .source = s};
    threads[s] = g_thread_new("feed", feed, &feeders[s]);
  }
  g_usleep(60000);
  const gint64 begin = g_get_monotonic_time();
  /* Sinks go first in a pipeline. */
  gst_pad_set_active(bench->sink, FALSE);
  gst_element_set_state(bench->element, GST_STATE_NULL);
  for (guint s = 0; s < feeding; s++) g_thread_join(threads[s]);
  CHECK(g_get_monotonic_time() - begin < G_TIME_SPAN_SECOND);
  for (guint s = 0; s < feeding; s++) CHECK_INT(feeders[s].last, GST_FLOW_FLUSHING);
  bench_free(bench);
}

static void releasing_a_pad_lets_its_source_go(void) {
  Bench *bench = bench_new("nvstreammux", 2, "batch-size", 2, NULL);
  Feeder feeder = {.bench = bench, .source = 0};
  bench_start(bench, 0, NULL, 64, 48);
  GThread *thread = g_thread_new("feed", feed, &feeder);
  g_usleep(50000);
  GstPad *pad = gst_element_get_static_pad(bench->element, "sink_0");
  gst_element_release_request_pad(bench->element, pad);
  gst_object_unref(pad);
  g_thread_join(thread);
  CHECK(feeder.last == GST_FLOW_FLUSHING || feeder.last == GST_FLOW_NOT_LINKED);
  bench_free(bench);
}

static void errors_from_downstream_reach_the_sources(void) {
  static const GstFlowReturn answers[] = {GST_FLOW_ERROR, GST_FLOW_EOS, GST_FLOW_NOT_LINKED};
  for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
    Bench *bench = bench_new("nvstreammux", 1, NULL);
    bench->answer = answers[i];
    bench_start(bench, 0, NULL, 64, 48);
    Feeder feeder = {.bench = bench};
    GThread *thread = g_thread_new("feed", feed, &feeder);
    g_thread_join(thread);
    CHECK_INT(feeder.last, answers[i]);
    bench_free(bench);
  }
}

static gboolean source_seeks(GstPad *pad, GstObject *parent, GstEvent *event) {
  GstSegment segment;
  (void)parent;
  const gboolean seek = GST_EVENT_TYPE(event) == GST_EVENT_SEEK;
  gst_event_unref(event);
  if (!seek) return TRUE;
  gst_pad_push_event(pad, gst_event_new_flush_start());
  gst_pad_push_event(pad, gst_event_new_flush_stop(TRUE));
  gst_segment_init(&segment, GST_FORMAT_TIME);
  segment.start = segment.time = GST_SECOND;
  gst_pad_push_event(pad, gst_event_new_segment(&segment));
  return TRUE;
}

static void a_seek_flushes_downstream_once(void) {
  Bench *bench = bench_new("nvstreammux", 2, "batch-size", 2, NULL);
  for (guint s = 0; s < 2; s++) {
    gst_pad_set_event_function(bench->sources[s], source_seeks);
    bench_start(bench, s, NULL, 64, 48);
    bench_push(bench, s, small(0));
  }
  gst_buffer_unref(bench_take(bench));
  bench_push(bench, 0, small(1)); /* waits for the other, and is dropped */
  bench_eos(bench, 1);
  gst_buffer_unref(bench_take(bench));
  GstPad *src = gst_element_get_static_pad(bench->element, "src");
  GstEvent *seek = gst_event_new_seek(1.0, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET,
                                      GST_SECOND, GST_SEEK_TYPE_NONE, -1);
  /* Two sinks send the same seek. */
  CHECK(gst_pad_send_event(src, gst_event_ref(seek)));
  CHECK(gst_pad_send_event(src, seek));
  gst_object_unref(src);
  CHECK_INT(bench_events(bench, GST_EVENT_FLUSH_START, NULL), 1);
  CHECK_INT(bench_events(bench, GST_EVENT_FLUSH_STOP, NULL), 1);
  for (guint s = 0; s < 2; s++) CHECK_INT(bench_push(bench, s, small(30)), GST_FLOW_OK);
  GstBuffer *batch = bench_take(bench);
  CHECK_INT(gst_buffer_get_nvds_batch_meta(batch)->num_frames_in_batch, 2);
  CHECK_INT(frame_meta_at(batch, 0)->buf_pts, 30 * FRAME_TIME);
  CHECK_INT(GST_BUFFER_PTS(batch), 30 * FRAME_TIME - GST_SECOND);
  gst_buffer_unref(batch);
  bench_free(bench);
}

static gboolean seek_to_a_second(Bench *bench) {
  GstPad *src = gst_element_get_static_pad(bench->element, "src");
  const gboolean done = gst_pad_send_event(
      src, gst_event_new_seek(1.0, GST_FORMAT_TIME, GST_SEEK_FLAG_FLUSH, GST_SEEK_TYPE_SET,
                              GST_SECOND, GST_SEEK_TYPE_NONE, -1));
  gst_object_unref(src);
  return done;
}

static void a_seek_undoes_the_end_that_was_sent(void) {
  Bench *bench = bench_new("nvstreammux", 1, NULL);
  gst_pad_set_event_function(bench->sources[0], source_seeks);
  bench_start(bench, 0, NULL, 64, 48);
  bench_push(bench, 0, small(0));
  gst_buffer_unref(bench_take(bench));
  CHECK(gst_element_send_event(bench->element, gst_event_new_eos()));
  CHECK(bench_wait_eos(bench, 2000));
  CHECK(seek_to_a_second(bench));
  for (guint n = 30; n < 33; n++) {
    CHECK_INT(bench_push(bench, 0, small(n)), GST_FLOW_OK);
    gst_buffer_unref(bench_take(bench));
    CHECK(!bench_wait_eos(bench, 20));
  }
  bench_free(bench);
}

static gboolean source_begins_a_flush(GstPad *pad, GstObject *parent, GstEvent *event) {
  (void)parent;
  if (GST_EVENT_TYPE(event) == GST_EVENT_SEEK) gst_pad_push_event(pad, gst_event_new_flush_start());
  gst_event_unref(event);
  return TRUE;
}

static void a_source_that_goes_amid_a_flush_ends_it(void) {
  Bench *bench = bench_new("nvstreammux", 2, "batch-size", 2, NULL);
  gst_pad_set_event_function(bench->sources[0], source_seeks);
  gst_pad_set_event_function(bench->sources[1], source_begins_a_flush);
  for (guint s = 0; s < 2; s++) {
    bench_start(bench, s, NULL, 64, 48);
    bench_push(bench, s, small(0));
  }
  gst_buffer_unref(bench_take(bench));
  CHECK(seek_to_a_second(bench));
  CHECK_INT(bench_events(bench, GST_EVENT_FLUSH_STOP, NULL), 0);
  bench_remove_source(bench, 1);
  CHECK_INT(bench_events(bench, GST_EVENT_FLUSH_STOP, NULL), 1);
  CHECK_INT(bench_push(bench, 0, small(30)), GST_FLOW_OK);
  gst_buffer_unref(bench_take(bench));
  bench_free(bench);
}

static void it_plays_again_after_a_stop(void) {
  Bench *bench = bench_new("nvstreammux", 1, NULL);
  for (guint run = 0; run < 3; run++) {
    bench_start(bench, 0, NULL, 64, 48);
    bench_push(bench, 0, small(0));
    GstBuffer *batch = bench_take(bench);
    CHECK_INT(frame_meta_at(batch, 0)->frame_num, 0);
    gst_buffer_unref(batch);
    gst_element_set_state(bench->element, GST_STATE_NULL);
    CHECK_INT(gst_element_set_state(bench->element, GST_STATE_PLAYING), GST_STATE_CHANGE_SUCCESS);
  }
  bench_free(bench);
}

static long resident_kib(void) {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  CHECK(file && fscanf(file, "%*s %ld", &pages) == 1);
  fclose(file);
  return pages * 4;
}

static void ten_thousand_frames_and_a_thousand_sources_leak_nothing(void) {
  Bench *bench = bench_new("nvstreammux", 1, "width", 32, "height", 24, NULL);
  long before = 0;
  bench_start(bench, 0, NULL, 64, 48);
  for (guint n = 0; n < 10000; n++) {
    if (n == 2000) before = resident_kib();
    bench_push(bench, 0, small(n));
    gst_buffer_unref(bench_take(bench));
  }
  for (guint n = 0; n < 1000; n++) {
    bench_add_source(bench, 1, "sink_1");
    bench_start(bench, 1, NULL, 64, 48);
    bench_push(bench, 1, small(n));
    bench_eos(bench, 1);
    bench_remove_source(bench, 1);
    g_mutex_lock(&bench->lock);
    g_ptr_array_set_size(bench->events, 0);
    g_mutex_unlock(&bench->lock);
  }
#ifndef __SANITIZE_ADDRESS__ /* which keeps freed memory */
  CHECK(resident_kib() - before < 1536);
#else
  (void)before;
#endif
  bench_free(bench);
}

int main(void) {
  bench_init("nvstreammux", NULL);
  the_end_comes_when_all_sources_have_ended();
  no_frame_from_anyone_is_an_end_too();
  the_application_may_end_a_pad();
  a_dropped_end_comes_when_it_is_allowed();
  eos_sent_to_the_element_ends_it();
  pads_have_the_index_of_their_name();
  a_pad_may_go_while_playing();
  stopping_lets_everyone_go(TRUE);
  stopping_lets_everyone_go(FALSE);
  releasing_a_pad_lets_its_source_go();
  errors_from_downstream_reach_the_sources();
  a_seek_flushes_downstream_once();
  a_seek_undoes_the_end_that_was_sent();
  a_source_that_goes_amid_a_flush_ends_it();
  it_plays_again_after_a_stop();
  ten_thousand_frames_and_a_thousand_sources_leak_nothing();
  gst_deinit();
  puts("lifecycle: ok");
  return 0;
}
