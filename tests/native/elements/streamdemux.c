/* SPDX-License-Identifier: Apache-2.0 */
/* nvstreamdemux behind a hand-made source of batches: who gets what, and pads that come and go. */
#include <gst-nvevent.h>

#include "batching.h"

#define MUXED 4 /* frames in a batch */

typedef struct {
  GstElement *demux;
  GstPad *source;
  GstBus *bus;
} Rig;

/* What a pad src_N is linked to. */
typedef struct {
  GstPad *pad, *sink;
  gint frames, ended;
  GstFlowReturn answer;
  GstBuffer *last;
} Branch;

static Rig rig_new(void) {
  Rig rig = {.demux = gst_object_ref_sink(gst_element_factory_make("nvstreamdemux", NULL)),
             .source = gst_pad_new("src", GST_PAD_SRC),
             .bus = gst_bus_new()};
  gst_element_set_bus(rig.demux, rig.bus);
  gst_pad_set_active(rig.source, TRUE);
  GstPad *sink = gst_element_get_static_pad(rig.demux, "sink");
  CHECK_INT(gst_pad_link(rig.source, sink), GST_PAD_LINK_OK);
  gst_object_unref(sink);
  CHECK(gst_element_set_state(rig.demux, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE);
  return rig;
}

static void rig_free(Rig *rig) {
  gst_element_set_state(rig->demux, GST_STATE_NULL);
  gst_bus_set_flushing(rig->bus, TRUE);
  gst_object_unref(rig->demux);
  gst_object_unref(rig->source);
  gst_object_unref(rig->bus);
}

static void begin(Rig *rig) {
  GstSegment segment;
  GstCaps *caps = gst_caps_from_string(
      "video/x-raw(memory:NVMM), format=NV12, width=64, height=48, framerate=25/1");
  gst_segment_init(&segment, GST_FORMAT_TIME);
  CHECK(gst_pad_push_event(rig->source, gst_event_new_stream_start("batches")));
  CHECK(gst_pad_push_event(rig->source, gst_event_new_caps(caps)));
  CHECK(gst_pad_push_event(rig->source, gst_event_new_segment(&segment)));
  gst_caps_unref(caps);
}

static GstFlowReturn on_frame(GstPad *pad, GstObject *parent, GstBuffer *buffer) {
  Branch *branch = gst_pad_get_element_private(pad);
  (void)parent;
  g_atomic_int_inc(&branch->frames);
  gst_buffer_replace(&branch->last, NULL);
  branch->last = buffer;
  return branch->answer;
}

static gboolean on_event(GstPad *pad, GstObject *parent, GstEvent *event) {
  Branch *branch = gst_pad_get_element_private(pad);
  if (GST_EVENT_TYPE(event) == GST_EVENT_EOS) g_atomic_int_inc(&branch->ended);
  return gst_pad_event_default(pad, parent, event);
}

static Branch *branch_new(Rig *rig, const char *name) {
  Branch *branch = g_new0(Branch, 1);
  branch->sink = gst_pad_new(NULL, GST_PAD_SINK);
  gst_pad_set_element_private(branch->sink, branch);
  gst_pad_set_chain_function(branch->sink, on_frame);
  gst_pad_set_event_function(branch->sink, on_event);
  gst_pad_set_active(branch->sink, TRUE);
  branch->pad = gst_element_request_pad_simple(rig->demux, name);
  CHECK(branch->pad);
  CHECK_INT(gst_pad_link(branch->pad, branch->sink), GST_PAD_LINK_OK);
  return branch;
}

static void branch_free(Rig *rig, Branch *branch) {
  gst_element_release_request_pad(rig->demux, branch->pad);
  gst_pad_set_active(branch->sink, FALSE);
  gst_object_unref(branch->pad);
  gst_object_unref(branch->sink);
  gst_buffer_replace(&branch->last, NULL);
  g_free(branch);
}

/* One frame of each source, with luma of 10 times its id. */
static GstBuffer *batch_new(gint number) {
  NvBufSurfaceParams entries[MUXED];
  GstBuffer *owners[MUXED];
  NvDsBatchMeta *meta = nvds_create_batch_meta(MUXED);
  for (guint i = 0; i < MUXED; i++) {
    owners[i] = frame_new(GST_VIDEO_FORMAT_NV12, 64, 48, (guint8)(10 * i), 0);
    entries[i] = dsbind_buffer_surface(owners[i])->surfaceList[0];
    NvDsFrameMeta *frame = nvds_acquire_frame_meta_from_pool(meta);
    frame->batch_id = frame->pad_index = frame->source_id = i;
    frame->frame_num = number;
    nvds_add_frame_meta_to_batch(meta, frame);
  }
  meta->base_meta.batch_meta = meta;
  meta->max_frames_in_batch = MUXED;
  GstBuffer *batch = dsbind_buffer_new_batch(MUXED, MUXED, entries, owners, NVBUF_MEM_SYSTEM);
  for (guint i = 0; i < MUXED; i++) gst_buffer_unref(owners[i]);
  NvDsMeta *carrier = gst_buffer_add_nvds_meta(batch, meta, NULL, nvds_batch_meta_copy_func,
                                               nvds_batch_meta_release_func);
  carrier->meta_type = NVDS_BATCH_GST_META;
  GST_BUFFER_PTS(batch) = (guint)number * FRAME_TIME;
  return batch;
}

static void each_pad_gets_the_frames_of_its_source(void) {
  Rig rig = rig_new();
  Branch *second = branch_new(&rig, "src_1"), *last = branch_new(&rig, "src_3");
  begin(&rig);
  for (gint i = 0; i < 3; i++) CHECK_INT(gst_pad_push(rig.source, batch_new(i)), GST_FLOW_OK);
  CHECK_INT(second->frames, 3);
  CHECK_INT(last->frames, 3);
  /* The pixels live on with the frame, without the batch. */
  CHECK_INT(pixel(dsbind_buffer_surface(second->last), 0, 0, 5, 5), 10);
  CHECK_INT(pixel(dsbind_buffer_surface(last->last), 0, 0, 5, 5), 30);
  CHECK_INT(frame_meta_at(last->last, 0)->source_id, 3);
  CHECK_INT(frame_meta_at(last->last, 0)->batch_id, 0);
  CHECK(gst_pad_push_event(rig.source, gst_nvevent_new_stream_eos(3)));
  CHECK_INT(last->ended, 1);
  CHECK_INT(second->ended, 0);
  CHECK(gst_pad_push_event(rig.source, gst_event_new_eos()));
  CHECK_INT(second->ended, 1);
  CHECK_INT(last->ended, 1);
  branch_free(&rig, second);
  branch_free(&rig, last);
  rig_free(&rig);
}

static void who_writes_to_a_frame_writes_for_itself(void) {
  Rig rig = rig_new();
  Branch *branch = branch_new(&rig, "src_2");
  GstBuffer *batch = gst_buffer_ref(batch_new(0));
  begin(&rig);
  CHECK_INT(gst_pad_push(rig.source, batch), GST_FLOW_OK);
  NvBufSurface *surface = dsbind_buffer_surface_writable(branch->last);
  CHECK(surface);
  NvBufSurfaceMemSet(surface, 0, 0, 200);
  CHECK_INT(pixel(dsbind_buffer_surface(branch->last), 0, 0, 5, 5), 200);
  CHECK_INT(pixel(dsbind_buffer_surface(batch), 2, 0, 5, 5), 20);
  gst_buffer_unref(batch);
  branch_free(&rig, branch);
  rig_free(&rig);
}

static void one_branch_that_has_enough_does_not_end_the_others(void) {
  Rig rig = rig_new();
  Branch *done = branch_new(&rig, "src_0"), *other = branch_new(&rig, "src_1");
  begin(&rig);
  done->answer = GST_FLOW_EOS;
  CHECK_INT(gst_pad_push(rig.source, batch_new(0)), GST_FLOW_OK);
  other->answer = GST_FLOW_EOS;
  CHECK_INT(gst_pad_push(rig.source, batch_new(1)), GST_FLOW_EOS);
  other->answer = GST_FLOW_ERROR;
  CHECK_INT(gst_pad_push(rig.source, batch_new(2)), GST_FLOW_ERROR);
  branch_free(&rig, done);
  branch_free(&rig, other);
  rig_free(&rig);
}

typedef struct {
  Rig *rig;
  gint stop, failed;
} Pusher;

static gpointer push_batches(gpointer data) {
  Pusher *pusher = data;
  for (gint i = 0; !g_atomic_int_get(&pusher->stop); i++)
    if (gst_pad_push(pusher->rig->source, batch_new(i)) != GST_FLOW_OK) {
      g_atomic_int_set(&pusher->failed, 1);
      break;
    }
  return NULL;
}

/* The stream goes on, whatever a program does with the other pads. */
static void pads_come_and_go_while_frames_flow(void) {
  Rig rig = rig_new();
  Branch *steady = branch_new(&rig, "src_0");
  begin(&rig);
  Pusher pusher = {.rig = &rig};
  GThread *thread = g_thread_new("batches", push_batches, &pusher);
  while (!g_atomic_int_get(&steady->frames) && !g_atomic_int_get(&pusher.failed)) g_usleep(100);
  for (gint round = 0; round < 4000 && !g_atomic_int_get(&pusher.failed); round++) {
    Branch *branch = branch_new(&rig, round % 2 ? "src_1" : "src_%u");
    if (round % 50 == 0) g_usleep(200);
    branch_free(&rig, branch);
  }
  g_atomic_int_set(&pusher.stop, 1);
  g_thread_join(thread);
  /* A pad that has just been requested is not linked yet, which is no failure either. */
  CHECK(!pusher.failed);
  branch_free(&rig, steady);
  rig_free(&rig);
}

static void what_is_no_batch_is_refused(void) {
  Rig rig = rig_new();
  Branch *branch = branch_new(&rig, "src_0");
  begin(&rig);
  CHECK_INT(gst_pad_push(rig.source, frame_new(GST_VIDEO_FORMAT_NV12, 64, 48, 0, 0)),
            GST_FLOW_ERROR);
  CHECK_INT(gst_pad_push(rig.source, gst_buffer_new_allocate(NULL, 100, NULL)), GST_FLOW_ERROR);
  CHECK_INT(branch->frames, 0);
  CHECK(!gst_element_request_pad_simple(rig.demux, "src_x"));
  branch_free(&rig, branch);
  rig_free(&rig);
}

int main(void) {
  bench_init("nvstreamdemux", NULL);
  each_pad_gets_the_frames_of_its_source();
  who_writes_to_a_frame_writes_for_itself();
  one_branch_that_has_enough_does_not_end_the_others();
  pads_come_and_go_while_frames_flow();
  what_is_no_batch_is_refused();
  puts("the demuxer keeps to its sources");
  return 0;
}
