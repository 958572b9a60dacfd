/* SPDX-License-Identifier: Apache-2.0 */
/* nvinfer as an element: what it attaches, when it infers, and what it says when it cannot. */
#include "files.h"
#include "gstnvdsinfer.h"
#include "onnx_model.h"
#include "rig.h"

static Folder *folder;

/* The parser's box has the frame's grey as confidence: 4x3 at 1,2 of 8x4, so 8x4 at 2,4 of 16x8. */
static std::string config(const std::string &properties = "", const std::string &groups = "") {
  return folder->write(
      "c.txt",
      "[property]\nonnx-file=any.onnx\nlabelfile-path=labels.txt\ncluster-mode=4\ngie-unique-id=5\n"
      "net-scale-factor=0.00392156862745098\nparse-bbox-func-name=test_parse_first\n"
      "custom-lib-path=" DSBIND_TEST_PARSER "\n" +
          properties +
          "[class-attrs-1]\n"
          "border-color=0;0.5;1;1\nbg-color=1;1;0;0.25\n" +
          groups);
}

static void paint_grey(NvBufSurface *surface) {
  for (unsigned i = 0; i < surface->numFilled; i++)
    NvBufSurfaceMemSet(surface, static_cast<int>(i), 0, static_cast<uint8_t>(20 * (i + 5)));
}

static NvDsFrameMeta *frame(NvDsBatchMeta *batch, unsigned index) {
  CHECK(batch != nullptr);
  return nvds_get_nth_frame_meta(batch->frame_meta_list, index);
}

static void open_rig(Rig *rig, const std::string &path) {
  g_object_set(rig->element, "config-file-path", path.c_str(), nullptr);
  if (!rig->start("RGBA", 16, 8))
    check_failed(__FILE__, __LINE__, "%s", rig->message(GST_MESSAGE_ERROR).c_str());
}

static void objects_carry_everything() {
  Rig rig;
  open_rig(&rig, config("batch-size=2\n"));
  NvDsBatchMeta *batch = rig.push(rig.batch(3, paint_grey));
  for (unsigned i = 0; i < 3; i++) {
    CHECK_INT(frame(batch, i)->num_obj_meta, 1);
    CHECK_INT(frame(batch, i)->bInferDone, TRUE);
    auto *object = static_cast<NvDsObjectMeta *>(frame(batch, i)->obj_meta_list->data);
    CHECK_NEAR(object->confidence, 20 * (i + 5) / 255.0, 1e-5);
    CHECK_INT(object->unique_component_id, 5);
    CHECK_INT(object->class_id, 1);
    CHECK(object->object_id == UNTRACKED_OBJECT_ID);
    CHECK(object->parent == nullptr);
    CHECK_NEAR(object->rect_params.left, 2, 1e-5);
    CHECK_NEAR(object->rect_params.top, 4, 1e-5);
    CHECK_NEAR(object->rect_params.width, 8, 1e-5);
    CHECK_NEAR(object->rect_params.height, 4, 1e-5);
    CHECK_NEAR(object->detector_bbox_info.org_bbox_coords.width, 8, 1e-5);
    CHECK_INT(object->rect_params.border_width, 3);
    CHECK_NEAR(object->rect_params.border_color.green, 0.5, 1e-6);
    CHECK_INT(object->rect_params.has_bg_color, 1);
    CHECK_NEAR(object->rect_params.bg_color.alpha, 0.25, 1e-6);
    CHECK_STR(object->obj_label, "caf\xc3\xa9");
    CHECK_STR(object->text_params.display_text, "caf\xc3\xa9");
    CHECK_STR(object->text_params.font_params.font_name, "Serif");
    CHECK_INT(object->text_params.font_params.font_size, 11);
    CHECK_INT(object->text_params.x_offset, 2);
    CHECK_INT(object->text_params.y_offset, 0); /* 4 - 10, not below 0 */
  }
  /* the pixels are as they came */
  const NvBufSurface *surface = dsbind_buffer_surface(rig.out);
  CHECK_INT(static_cast<uint8_t *>(surface->surfaceList[2].dataPtr)[0], 140);
  CHECK_SAME(rig.message(GST_MESSAGE_WARNING), "no message");
  puts("objects: 3 frames, one box each, all fields");
}

static void interval_and_id_change_live() {
  Rig rig;
  open_rig(&rig, config("interval=2\n"));
  guint interval = 0;
  g_object_get(rig.element, "interval", &interval, nullptr);
  CHECK_INT(interval, 2);
  for (int i = 0; i < 7; i++) {
    NvDsBatchMeta *batch = rig.push(rig.batch(1, paint_grey));
    CHECK_INT(frame(batch, 0)->bInferDone, i % 3 == 0);
    CHECK_INT(frame(batch, 0)->num_obj_meta, i % 3 == 0);
  }
  g_object_set(rig.element, "interval", 0, "unique-id", 9, nullptr);
  NvDsBatchMeta *batch = rig.push(rig.batch(1, paint_grey));
  CHECK_INT(frame(batch, 0)->num_obj_meta, 1);
  auto *object = static_cast<NvDsObjectMeta *>(frame(batch, 0)->obj_meta_list->data);
  CHECK_INT(object->unique_component_id, 9);
  puts("interval 2: batches 0, 3, 6; then every one, with id 9");
}

static void properties_override_keys() {
  Rig rig;
  g_object_set(rig.element, "interval", 1, "filter-out-class-ids", "1", "batch-size", 4, nullptr);
  open_rig(&rig, config("interval=0\n"));
  NvDsBatchMeta *batch = rig.push(rig.batch(2, paint_grey));
  CHECK_INT(frame(batch, 0)->num_obj_meta, 0);
  CHECK_INT(frame(batch, 0)->bInferDone, TRUE);
  CHECK_INT(frame(rig.push(rig.batch(2, paint_grey)), 0)->bInferDone, FALSE);
  puts("properties: interval and filter over the config's");
}

static void starts_again_after_stop() {
  Rig rig;
  for (int i = 0; i < 3; i++) {
    open_rig(&rig, config());
    CHECK_INT(frame(rig.push(rig.batch(1, paint_grey)), 0)->num_obj_meta, 1);
    rig.stop();
  }
  g_object_set(rig.element, "config-file-path", "/nowhere.txt", nullptr);
  CHECK(!rig.start("RGBA", 16, 8));
  rig.stop();
  open_rig(&rig, config());
  puts("restart: three times, and after a failure");
}

static void tensors_outlive_their_buffer() {
  Rig rig;
  open_rig(&rig, config("output-tensor-meta=1\n"));
  rig.push(rig.batch(2, paint_grey));
  GstBuffer *copy = gst_buffer_copy(rig.out);
  rig.stop(); /* the first buffer and the detector are gone */
  NvDsFrameMeta *second = frame(gst_buffer_get_nvds_batch_meta(copy), 1);
  CHECK(second->frame_user_meta_list != nullptr);
  auto *user = static_cast<NvDsUserMeta *>(second->frame_user_meta_list->data);
  CHECK_INT(user->base_meta.meta_type, NVDSINFER_TENSOR_OUTPUT_META);
  auto *tensor = static_cast<NvDsInferTensorMeta *>(user->user_meta_data);
  CHECK_INT(tensor->unique_id, 5);
  CHECK_INT(tensor->num_output_layers, 1);
  CHECK_STR(tensor->output_layers_info[0].layerName, "y");
  CHECK_INT(tensor->output_layers_info[0].inferDims.numDims, 3);
  CHECK_INT(tensor->output_layers_info[0].inferDims.d[2], 8);
  CHECK_INT(tensor->network_info.height, 4);
  CHECK_NEAR(static_cast<float *>(tensor->out_buf_ptrs_host[0])[95], 120 / 255.0, 1e-5);
  gst_buffer_unref(copy);
  puts("tensors: read from a copy after the element stopped");
}

/* NonZero puts out as many columns as there are numbers that are not 0. */
static void tensors_are_as_large_as_in_their_run() {
  Rig rig;
  open_rig(&rig, folder->write("n.txt", "[property]\nonnx-file=nonzero.onnx\nnetwork-type=100\n"
                                        "batch-size=4\noutput-tensor-meta=1\n"));
  for (unsigned grey : {0u, 200u, 0u}) {
    CHECK(rig.push(rig.batch(4, [&](NvBufSurface *surface) {
      for (unsigned i = 0; i < 4; i++)
        NvBufSurfaceMemSet(surface, static_cast<int>(i), 0, static_cast<uint8_t>(grey));
    })) != nullptr);
    for (unsigned i = 0; i < 4; i++) {
      auto *user = static_cast<NvDsUserMeta *>(
          frame(gst_buffer_get_nvds_batch_meta(rig.out), i)->frame_user_meta_list->data);
      auto *tensor = static_cast<NvDsInferTensorMeta *>(user->user_meta_data);
      const NvDsInferDims &dims = tensor->output_layers_info[0].inferDims;
      CHECK_INT(dims.numDims, 1);
      CHECK_INT(dims.d[0], grey ? 4 * 3 * 4 * 8 : 0);
      const auto *numbers = static_cast<const int64_t *>(tensor->out_buf_ptrs_host[0]);
      /* row i tells dimension i of each: the last row is of columns */
      if (grey && i == 3) CHECK_INT(numbers[dims.d[0] - 1], 7);
    }
  }
  puts("tensors: of 0 and 384 columns, by turns");
}

static void check_refused(const std::string &path, const std::string &part, GQuark domain,
                          int code) {
  Rig rig;
  if (!path.empty()) g_object_set(rig.element, "config-file-path", path.c_str(), nullptr);
  CHECK(!rig.start("RGBA", 16, 8));
  GQuark seen = 0;
  int number = -1;
  CHECK_HAS(rig.message(GST_MESSAGE_ERROR, &seen, &number), part);
  CHECK(seen == domain);
  CHECK_INT(number, code);
}

static void bad_settings_stop_before_any_frame() {
  const GQuark resource = GST_RESOURCE_ERROR;
  check_refused("", "set config-file-path", resource, GST_RESOURCE_ERROR_NOT_FOUND);
  check_refused("/no/such.txt", "'/no/such.txt' does not exist", resource,
                GST_RESOURCE_ERROR_NOT_FOUND);
  check_refused(config("net-scale-factor=0.5x\n"), "net-scale-factor=0.5x is not a number",
                resource, GST_RESOURCE_ERROR_SETTINGS);
  folder->write("bad.onnx", "this is no model");
  check_refused(config("onnx-file=bad.onnx\n"), "bad.onnx' cannot be loaded by ONNX Runtime",
                resource, GST_RESOURCE_ERROR_SETTINGS);
  check_refused(config("parse-bbox-func-name=nothing\n"), "has no function 'nothing'",
                GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS);
  Rig rig;
  g_object_set(rig.element, "network-type", 4, "config-file-path", config().c_str(), nullptr);
  CHECK(!rig.start("RGBA", 16, 8));
  CHECK_HAS(rig.message(GST_MESSAGE_ERROR),
            "the property network-type=4 is none of 0 (detector), 1 (classifier)");
  puts("bad settings: refused between READY and PAUSED, with their codes");
}

static void warnings_are_posted() {
  Rig rig;
  open_rig(&rig, config("net-scale-facto=1\n"));
  CHECK_HAS(rig.message(GST_MESSAGE_WARNING), "did you mean net-scale-factor?");
  puts("warnings: on the bus");
}

static void tensors_that_never_come_are_told_once() {
  Rig rig;
  g_object_set(rig.element, "input-tensor-meta", TRUE, nullptr);
  open_rig(&rig, config());
  for (int i = 0; i < 29; i++) CHECK(rig.push(rig.batch(1, paint_grey)) != nullptr);
  CHECK_INT(rig.count(GST_MESSAGE_WARNING), 0);
  CHECK(rig.push(rig.batch(1, paint_grey)) != nullptr);
  CHECK_HAS(rig.message(GST_MESSAGE_WARNING),
            "put nvdspreprocess with target-unique-ids=5 before nvinfer");
  for (int i = 0; i < 40; i++) CHECK(rig.push(rig.batch(1, paint_grey)) != nullptr);
  CHECK_INT(rig.count(GST_MESSAGE_WARNING), 0);
  puts("input tensors: missed after 30 batches");
}

static void bad_buffers_are_named() {
  {
    Rig rig;
    open_rig(&rig, config());
    CHECK(rig.push(rig.batch(1, paint_grey, false)) == nullptr);
    CHECK_HAS(rig.message(GST_MESSAGE_ERROR), "put nvstreammux upstream");
  }
  {
    Rig rig;
    open_rig(&rig, config());
    GstBuffer *buffer = rig.batch(1, paint_grey);
    frame(gst_buffer_get_nvds_batch_meta(buffer), 0)->batch_id = 7;
    CHECK(rig.push(buffer) == nullptr);
    CHECK_HAS(rig.message(GST_MESSAGE_ERROR), "batch_id 7, but the batch has 1 frames");
  }
  {
    Rig rig;
    open_rig(&rig, config("parse-bbox-func-name=test_parse_throws\n"));
    CHECK(rig.push(rig.batch(1, paint_grey)) == nullptr);
    CHECK_HAS(rig.message(GST_MESSAGE_ERROR), "failed: out of cheese");
  }
  {
    Rig rig;
    g_object_set(rig.element, "parallel-batches", 4, nullptr);
    open_rig(&rig, config("parse-bbox-func-name=test_parse_throws\n"));
    for (int i = 0; i < 8; i++) rig.send(rig.batch(1, paint_grey));
    rig.stop();
    CHECK_INT(rig.count(GST_MESSAGE_ERROR), 1);
  }
  puts("bad buffers: no metadata, wrong index, throwing parser; told once");
}

int main(int argc, char **argv) {
  gst_init(&argc, &argv);
  Folder own;
  folder = &own;
  own.write("any.onnx", relu_model({-1, 3, 4, 8}));
  own.write("nonzero.onnx", nonzero_model({4, 3, 4, 8}));
  own.write("labels.txt", "car\ncaf\xc3\xa9\n");
  setenv("DSBIND_LIBRARY_PATH", std::filesystem::path(DSBIND_TEST_PARSER).parent_path().c_str(), 1);
  {
    Rig rig;
    g_object_set(rig.element, "config-file-path", config().c_str(), nullptr);
    if (!rig.start("RGBA", 16, 8)) {
      std::string why = rig.message(GST_MESSAGE_ERROR);
      CHECK_HAS(why, "pip install onnxruntime");
      printf("skipped: %s\n", why.c_str());
      return 77;
    }
  }
  objects_carry_everything();
  interval_and_id_change_live();
  properties_override_keys();
  starts_again_after_stop();
  tensors_outlive_their_buffer();
  tensors_are_as_large_as_in_their_run();
  tensors_that_never_come_are_told_once();
  bad_settings_stop_before_any_frame();
  warnings_are_posted();
  bad_buffers_are_named();
  return 0;
}
