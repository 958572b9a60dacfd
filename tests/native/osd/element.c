/* SPDX-License-Identifier: Apache-2.0 */
/* nvdsosd on batches: which frame is drawn on, what properties change, who else sees it. */
#include <gst/gst.h>
#include <gstnvdsmeta.h>
#include <string.h>
#include "nvmm.h"

#define WIDTH 64
#define HEIGHT 48
#define LUMA 50

typedef struct {
  GstElement *osd;
  GstPad *from, *to;
  GstBuffer *out;
} Rig;

static GstFlowReturn keep_buffer(GstPad *pad, GstObject *parent G_GNUC_UNUSED, GstBuffer *buffer) {
  Rig *rig = gst_pad_get_element_private(pad);
  g_clear_pointer(&rig->out, gst_buffer_unref);
  rig->out = buffer;
  return GST_FLOW_OK;
}

static void rig_open(Rig *rig, const char *factory, const char *format) {
  memset(rig, 0, sizeof *rig);
  rig->osd = gst_element_factory_make(factory, NULL);
  g_assert_nonnull(rig->osd);
  gst_object_ref_sink(rig->osd);
  rig->from = gst_pad_new("from", GST_PAD_SRC);
  rig->to = gst_pad_new("to", GST_PAD_SINK);
  gst_pad_set_element_private(rig->to, rig);
  gst_pad_set_chain_function(rig->to, keep_buffer);
  GstPad *sink = gst_element_get_static_pad(rig->osd, "sink");
  GstPad *src = gst_element_get_static_pad(rig->osd, "src");
  g_assert_cmpint(gst_pad_link(rig->from, sink), ==, GST_PAD_LINK_OK);
  g_assert_cmpint(gst_pad_link(src, rig->to), ==, GST_PAD_LINK_OK);
  gst_object_unref(sink);
  gst_object_unref(src);
  gst_pad_set_active(rig->to, TRUE);
  gst_pad_set_active(rig->from, TRUE);
  g_assert_cmpint(gst_element_set_state(rig->osd, GST_STATE_PLAYING), !=,
                  GST_STATE_CHANGE_FAILURE);
  gst_pad_push_event(rig->from, gst_event_new_stream_start("test"));
  GstCaps *caps = gst_caps_new_simple("video/x-raw", "format", G_TYPE_STRING, format, "width",
                                      G_TYPE_INT, WIDTH, "height", G_TYPE_INT, HEIGHT, "framerate",
                                      GST_TYPE_FRACTION, 25, 1, NULL);
  gst_caps_set_features_simple(caps, gst_caps_features_new(DSBIND_NVMM_FEATURE, NULL));
  gst_pad_push_event(rig->from, gst_event_new_caps(caps));
  gst_caps_unref(caps);
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_pad_push_event(rig->from, gst_event_new_segment(&segment));
}

static void rig_close(Rig *rig) {
  gst_element_set_state(rig->osd, GST_STATE_NULL);
  gst_pad_set_active(rig->from, FALSE);
  gst_pad_set_active(rig->to, FALSE);
  g_clear_pointer(&rig->out, gst_buffer_unref);
  gst_object_unref(rig->from);
  gst_object_unref(rig->to);
  gst_object_unref(rig->osd);
}

static NvBufSurface *gray_surface(GstVideoFormat format, guint batch) {
  GstVideoInfo info;
  GError *error = NULL;
  gst_video_info_set_format(&info, format, WIDTH, HEIGHT);
  NvBufSurface *surface = dsbind_surface_new(&info, batch, &error);
  g_assert_no_error(error);
  surface->numFilled = batch;
  for (guint i = 0; i < batch; i++) {
    const NvBufSurfaceParams *frame = &surface->surfaceList[i];
    for (guint p = 0; p < frame->planeParams.num_planes; p++)
      memset((guint8 *)frame->dataPtr + frame->planeParams.offset[p], p == 0 ? LUMA : 128,
             frame->planeParams.psize[p]);
  }
  return surface;
}

static NvDsBatchMeta *attach_batch(GstBuffer *buffer, guint frames) {
  NvDsBatchMeta *batch = nvds_create_batch_meta(frames);
  batch->max_frames_in_batch = frames;
  for (guint i = 0; i < frames; i++) {
    NvDsFrameMeta *frame = nvds_acquire_frame_meta_from_pool(batch);
    frame->batch_id = i;
    nvds_add_frame_meta_to_batch(batch, frame);
  }
  NvDsMeta *meta = gst_buffer_add_nvds_meta(buffer, batch, NULL, nvds_batch_meta_copy_func,
                                            nvds_batch_meta_release_func);
  meta->meta_type = NVDS_BATCH_GST_META;
  return batch;
}

static NvDsObjectMeta *add_object(NvDsBatchMeta *batch, guint frame, float left) {
  NvDsObjectMeta *object = nvds_acquire_obj_meta_from_pool(batch);
  object->rect_params = (NvOSD_RectParams){.left = left, .top = 16, .width = 16, .height = 16,
                                           .border_width = 2, .border_color = {1, 1, 1, 1}};
  object->text_params.display_text = g_strdup("car");
  object->text_params.x_offset = (guint)left;
  object->text_params.font_params.font_color = (NvOSD_ColorParams){1, 1, 1, 1};
  object->text_params.set_bg_clr = 1;
  object->text_params.text_bg_clr = (NvOSD_ColorParams){0, 0, 0, 1};
  nvds_add_obj_meta_to_frame(nvds_get_nth_frame_meta(batch->frame_meta_list, frame), object, NULL);
  return object;
}

static const guint8 *luma(GstBuffer *buffer, guint frame) {
  const NvBufSurface *surface = dsbind_buffer_surface(buffer);
  g_assert_nonnull(surface);
  return (guint8 *)surface->surfaceList[frame].dataPtr +
         surface->surfaceList[frame].planeParams.offset[0];
}

static guint8 luma_at(GstBuffer *buffer, guint frame, guint x, guint y) {
  const NvBufSurface *surface = dsbind_buffer_surface(buffer);
  return luma(buffer, frame)[y * surface->surfaceList[frame].planeParams.pitch[0] + x];
}

static gboolean is_gray(GstBuffer *buffer, guint frame) {
  for (guint y = 0; y < HEIGHT; y++) {
    for (guint x = 0; x < WIDTH; x++) {
      if (luma_at(buffer, frame, x, y) != LUMA)
        return FALSE;
    }
  }
  return TRUE;
}

static void every_frame_of_a_batch_gets_its_own_objects(void) {
  static const GstVideoFormat formats[] = {GST_VIDEO_FORMAT_NV12, GST_VIDEO_FORMAT_I420,
                                           GST_VIDEO_FORMAT_GRAY8};
  for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
    Rig rig;
    rig_open(&rig, "nvdsosd", gst_video_format_to_string(formats[i]));
    GstBuffer *buffer = dsbind_buffer_new_surface(gray_surface(formats[i], 3));
    NvDsBatchMeta *batch = attach_batch(buffer, 3);
    add_object(batch, 0, 8);
    add_object(batch, 2, 32);
    const guint8 *before = luma(buffer, 0);
    g_assert_cmpint(gst_pad_push(rig.from, buffer), ==, GST_FLOW_OK);
    g_assert_true(before == luma(rig.out, 0)); /* in place */
    g_assert_cmpint(luma_at(rig.out, 0, 8, 24), ==, 235);
    g_assert_cmpint(luma_at(rig.out, 0, 16, 24), ==, LUMA);
    g_assert_cmpint(luma_at(rig.out, 0, 32, 24), ==, LUMA);
    g_assert_true(is_gray(rig.out, 1));
    g_assert_cmpint(luma_at(rig.out, 2, 32, 24), ==, 235);
    g_assert_cmpint(luma_at(rig.out, 2, 8, 24), ==, LUMA);
    rig_close(&rig);
  }
}

static void frames_tiled_into_one_surface_are_all_drawn_on_it(void) {
  Rig rig;
  rig_open(&rig, "nvdsosd", "NV12");
  GstBuffer *buffer = dsbind_buffer_new_surface(gray_surface(GST_VIDEO_FORMAT_NV12, 1));
  NvDsBatchMeta *batch = attach_batch(buffer, 4);
  add_object(batch, 0, 8);
  add_object(batch, 3, 32);
  g_assert_cmpint(gst_pad_push(rig.from, buffer), ==, GST_FLOW_OK);
  g_assert_cmpint(luma_at(rig.out, 0, 8, 24), ==, 235);
  g_assert_cmpint(luma_at(rig.out, 0, 32, 24), ==, 235);
  rig_close(&rig);
}

static void another_holder_of_the_frames_sees_no_drawing(void) {
  Rig rig;
  rig_open(&rig, "nvdsosd", "NV12");
  GstBuffer *buffer = dsbind_buffer_new_surface(gray_surface(GST_VIDEO_FORMAT_NV12, 1));
  add_object(attach_batch(buffer, 1), 0, 8);
  g_assert_cmpint(gst_pad_push(rig.from, gst_buffer_ref(buffer)), ==, GST_FLOW_OK);
  g_assert_true(is_gray(buffer, 0));
  g_assert_cmpint(luma_at(rig.out, 0, 8, 24), ==, 235);
  gst_buffer_unref(buffer);
  rig_close(&rig);
}

static void the_owner_of_batched_frames_sees_no_drawing(void) {
  Rig rig;
  rig_open(&rig, "nvdsosd", "NV12");
  GstBuffer *decoded = dsbind_buffer_new_surface(gray_surface(GST_VIDEO_FORMAT_NV12, 1));
  GstBuffer *buffer = dsbind_buffer_new_batch(
      1, 1, dsbind_buffer_surface(decoded)->surfaceList, &decoded, NVBUF_MEM_SYSTEM);
  add_object(attach_batch(buffer, 1), 0, 8);
  g_assert_cmpint(gst_pad_push(rig.from, buffer), ==, GST_FLOW_OK);
  g_assert_true(is_gray(decoded, 0));
  g_assert_cmpint(luma_at(rig.out, 0, 8, 24), ==, 235);
  gst_buffer_unref(decoded);
  rig_close(&rig);
}

static void nothing_to_draw_leaves_the_frames_where_they_are(void) {
  Rig rig;
  rig_open(&rig, "nvdsosd", "NV12");
  GstBuffer *plain = dsbind_buffer_new_surface(gray_surface(GST_VIDEO_FORMAT_NV12, 1));
  g_assert_cmpint(gst_pad_push(rig.from, plain), ==, GST_FLOW_OK);
  g_assert_true(is_gray(rig.out, 0));
  GstBuffer *empty = dsbind_buffer_new_surface(gray_surface(GST_VIDEO_FORMAT_NV12, 1));
  attach_batch(empty, 1);
  g_assert_cmpint(gst_pad_push(rig.from, gst_buffer_ref(empty)), ==, GST_FLOW_OK);
  g_assert_true(luma(empty, 0) == luma(rig.out, 0));
  gst_buffer_unref(empty);
  rig_close(&rig);
}

static GstBuffer *push_one(Rig *rig, NvDsDisplayMeta *(*display)(NvDsBatchMeta *)) {
  GstBuffer *buffer = dsbind_buffer_new_surface(gray_surface(GST_VIDEO_FORMAT_NV12, 1));
  NvDsBatchMeta *batch = attach_batch(buffer, 1);
  if (display != NULL)
    nvds_add_display_meta_to_frame(batch->frame_meta_list->data, display(batch));
  else
    add_object(batch, 0, 8);
  g_assert_cmpint(gst_pad_push(rig->from, buffer), ==, GST_FLOW_OK);
  return rig->out;
}

static void properties_choose_what_is_drawn(void) {
  Rig rig;
  rig_open(&rig, "nvdsosd", "NV12");
  push_one(&rig, NULL);
  g_assert_cmpint(luma_at(rig.out, 0, 8, 24), ==, 235);
  g_assert_cmpint(luma_at(rig.out, 0, 8, 1), ==, 16); /* background of the label */
  g_object_set(rig.osd, "display-bbox", FALSE, NULL);
  push_one(&rig, NULL);
  g_assert_cmpint(luma_at(rig.out, 0, 8, 24), ==, LUMA);
  g_assert_cmpint(luma_at(rig.out, 0, 8, 1), ==, 16);
  g_object_set(rig.osd, "display-text", FALSE, NULL);
  push_one(&rig, NULL);
  g_assert_true(is_gray(rig.out, 0));
  g_object_set(rig.osd, "display-clock", TRUE, "clock-color", 0xffffffffu, "clock-font-size", 20,
               NULL);
  push_one(&rig, NULL);
  g_assert_false(is_gray(rig.out, 0));
  rig_close(&rig);
}

static NvDsDisplayMeta *every_kind(NvDsBatchMeta *batch) {
  NvDsDisplayMeta *display = nvds_acquire_display_meta_from_pool(batch);
  const NvOSD_ColorParams white = {1, 1, 1, 1};
  display->num_rects = display->num_lines = display->num_arrows = display->num_circles = 1;
  display->rect_params[0] = (NvOSD_RectParams){.left = 2, .top = 2, .width = 8, .height = 8,
                                               .has_bg_color = 1, .bg_color = white};
  display->line_params[0] = (NvOSD_LineParams){.x1 = 0, .y1 = 40, .x2 = 63, .y2 = 40,
                                               .line_width = 4, .line_color = white};
  display->arrow_params[0] =
      (NvOSD_ArrowParams){.x1 = 20, .y1 = 10, .x2 = 60, .y2 = 10, .arrow_width = 4,
                          .arrow_head = START_HEAD, .arrow_color = white};
  display->circle_params[0] = (NvOSD_CircleParams){.xc = 30, .yc = 28, .radius = 6,
                                                   .circle_color = white, .circle_width = 2,
                                                   .has_bg_color = 1, .bg_color = white};
  return display;
}

static NvDsDisplayMeta *too_many(NvDsBatchMeta *batch) {
  NvDsDisplayMeta *display = every_kind(batch);
  display->num_rects = display->num_labels = display->num_circles = G_MAXUINT;
  return display;
}

static void display_items_of_every_kind_are_drawn(void) {
  Rig rig;
  rig_open(&rig, "nvdsosd", "NV12");
  push_one(&rig, every_kind);
  g_assert_cmpint(luma_at(rig.out, 0, 5, 5), ==, 235);
  g_assert_cmpint(luma_at(rig.out, 0, 32, 40), ==, 235);
  g_assert_cmpint(luma_at(rig.out, 0, 50, 10), ==, 235);
  g_assert_cmpint(luma_at(rig.out, 0, 30, 28), ==, 235);
  g_assert_cmpint(luma_at(rig.out, 0, 60, 20), ==, LUMA);
  push_one(&rig, too_many);
  rig_close(&rig);
}

static void blur_follows_its_list_of_classes(void) {
  Rig rig;
  rig_open(&rig, "nvdsosd", "NV12");
  g_object_set(rig.osd, "display-bbox", FALSE, "display-text", FALSE, "blur-on-gie-class-ids",
               "1:0; 1:2;nonsense", NULL);
  for (gint class_id = 0; class_id < 3; class_id++) {
    NvBufSurface *surface = gray_surface(GST_VIDEO_FORMAT_NV12, 1);
    ((guint8 *)surface->surfaceList[0].dataPtr)[20 * surface->surfaceList[0].pitch + 12] = 255;
    GstBuffer *buffer = dsbind_buffer_new_surface(surface);
    NvDsObjectMeta *object = add_object(attach_batch(buffer, 1), 0, 8);
    object->unique_component_id = 1;
    object->class_id = class_id;
    g_assert_cmpint(gst_pad_push(rig.from, buffer), ==, GST_FLOW_OK);
    if (class_id == 1)
      g_assert_cmpint(luma_at(rig.out, 0, 12, 20), ==, 255);
    else
      g_assert_cmpint(luma_at(rig.out, 0, 12, 20), <, 64);
  }
  rig_close(&rig);
}

static void the_element_can_be_started_again(void) {
  Rig rig;
  rig_open(&rig, "nvdsosd", "NV12");
  push_one(&rig, NULL);
  rig_close(&rig);
  rig_open(&rig, "nvdsosd", "NV12");
  push_one(&rig, NULL);
  g_assert_cmpint(luma_at(rig.out, 0, 8, 24), ==, 235);
  rig_close(&rig);
}

int main(int argc, char **argv) {
  gst_init(&argc, &argv);
  g_test_init(&argc, &argv, NULL);
#define ADD(test) g_test_add_func("/nvdsosd/" #test, test)
  ADD(every_frame_of_a_batch_gets_its_own_objects);
  ADD(frames_tiled_into_one_surface_are_all_drawn_on_it);
  ADD(another_holder_of_the_frames_sees_no_drawing);
  ADD(the_owner_of_batched_frames_sees_no_drawing);
  ADD(nothing_to_draw_leaves_the_frames_where_they_are);
  ADD(properties_choose_what_is_drawn);
  ADD(display_items_of_every_kind_are_drawn);
  ADD(blur_follows_its_list_of_classes);
  ADD(the_element_can_be_started_again);
  int result = g_test_run();
  gst_deinit();
  return result;
}
