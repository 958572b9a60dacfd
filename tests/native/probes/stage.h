/* SPDX-License-Identifier: Apache-2.0 */
/* An element between two hand-made pads, and buffers with a batch to push through it. */
#ifndef DSBIND_TESTS_STAGE_H
#define DSBIND_TESTS_STAGE_H

#include <gstnvdsmeta.h>

#include "../check.h"

typedef struct {
  GstElement *element;
  GstPad *source, *sink;
  GstBus *bus;
  guint arrived;
  GstBuffer *last;
} Stage;

static GstFlowReturn on_arrival(GstPad *pad, GstObject *parent, GstBuffer *buffer) {
  Stage *stage = gst_pad_get_element_private(pad);
  (void)parent;
  stage->arrived++;
  gst_buffer_replace(&stage->last, NULL);
  stage->last = buffer;
  return GST_FLOW_OK;
}

static inline void stage_link_sink(Stage *stage, GstPad *from) {
  stage->sink = gst_pad_new("sink", GST_PAD_SINK);
  gst_pad_set_element_private(stage->sink, stage);
  gst_pad_set_chain_function(stage->sink, on_arrival);
  gst_pad_set_active(stage->sink, TRUE);
  CHECK_INT(gst_pad_link(from, stage->sink), GST_PAD_LINK_OK);
}

static inline void stage_begin(Stage *stage) {
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  CHECK(gst_pad_push_event(stage->source, gst_event_new_stream_start("test")));
  CHECK(gst_pad_push_event(stage->source, gst_event_new_segment(&segment)));
}

/* `factory` has a pad "sink"; its pad "src" is linked where it is there. */
static inline Stage *stage_new(const char *factory) {
  Stage *stage = g_new0(Stage, 1);
  stage->element = gst_object_ref_sink(gst_element_factory_make(factory, "stage"));
  stage->bus = gst_bus_new();
  gst_element_set_bus(stage->element, stage->bus);
  stage->source = gst_pad_new("src", GST_PAD_SRC);
  gst_pad_set_active(stage->source, TRUE);
  GstPad *input = gst_element_get_static_pad(stage->element, "sink");
  CHECK_INT(gst_pad_link(stage->source, input), GST_PAD_LINK_OK);
  gst_object_unref(input);
  GstPad *output = gst_element_get_static_pad(stage->element, "src");
  if (output) {
    stage_link_sink(stage, output);
    gst_object_unref(output);
  }
  gst_element_set_state(stage->element, GST_STATE_PLAYING);
  stage_begin(stage);
  return stage;
}

static inline void stage_free(Stage *stage) {
  gst_element_set_state(stage->element, GST_STATE_NULL);
  /* Its messages hold the element. */
  gst_bus_set_flushing(stage->bus, TRUE);
  gst_object_unref(stage->element);
  gst_buffer_replace(&stage->last, NULL);
  gst_object_unref(stage->source);
  if (stage->sink) gst_object_unref(stage->sink);
  gst_object_unref(stage->bus);
  g_free(stage);
}

static inline NvDsBatchMeta *attach_batch(GstBuffer *buffer, guint frames) {
  NvDsBatchMeta *batch = nvds_create_batch_meta(frames);
  batch->max_frames_in_batch = frames;
  NvDsMeta *meta = gst_buffer_add_nvds_meta(buffer, batch, NULL, nvds_batch_meta_copy_func,
                                            nvds_batch_meta_release_func);
  meta->meta_type = NVDS_BATCH_GST_META;
  return batch;
}

static inline NvDsFrameMeta *add_frame(NvDsBatchMeta *batch, guint source, gint number) {
  NvDsFrameMeta *frame = nvds_acquire_frame_meta_from_pool(batch);
  frame->pad_index = frame->source_id = source;
  frame->frame_num = number;
  nvds_add_frame_meta_to_batch(batch, frame);
  return frame;
}

static inline NvDsObjectMeta *add_object(NvDsBatchMeta *batch, NvDsFrameMeta *frame,
                                         const char *label, gint class_id) {
  NvDsObjectMeta *object = nvds_acquire_obj_meta_from_pool(batch);
  g_strlcpy(object->obj_label, label, sizeof object->obj_label);
  object->class_id = class_id;
  object->object_id = UNTRACKED_OBJECT_ID;
  object->confidence = 0.5f;
  object->rect_params = (NvOSD_RectParams){.left = 10, .top = 20, .width = 30, .height = 40};
  nvds_add_obj_meta_to_frame(frame, object, NULL);
  return object;
}

#endif
