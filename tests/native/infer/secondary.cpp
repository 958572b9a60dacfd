/* SPDX-License-Identifier: Apache-2.0 */
/* nvinfer on objects, and models that are no detectors: what they attach, and when they run. */
#include <gst/gst.h>
#include <math.h>

#include "files.h"
#include "gstnvdsinfer.h"
#include "onnx_model.h"
#include "rig.h"

static Folder *folder;
static const char kScale[] = "net-scale-factor=0.00392156862745098\n";

static std::string config(const std::string &properties) {
  return folder->write("s.txt", "[property]\ngie-unique-id=7\n" + std::string(kScale) + properties);
}

/* A classifier of the mean colour: class 0 red, 1 green, 2 blue. */
static std::string classifier(const std::string &properties = "") {
  return config("onnx-file=mean.onnx\nlabelfile-path=colors.txt\nnetwork-type=1\nprocess-mode=2\n"
                "classifier-type=color\nclassifier-threshold=0.5\n" +
                properties);
}

/* The left half is red, the right one green; the second frame is blue. */
static void paint(NvBufSurface *surface) {
  for (unsigned i = 0; i < surface->numFilled; i++) {
    const NvBufSurfaceParams &frame = surface->surfaceList[i];
    for (unsigned y = 0; y < frame.height; y++) {
      auto *row = static_cast<uint8_t *>(frame.dataPtr) + y * frame.planeParams.pitch[0];
      for (unsigned x = 0; x < frame.width; x++) {
        uint8_t *pixel = row + 4 * x;
        const unsigned color = i % 2 ? 2 : x < frame.width / 2 ? 0 : 1;
        for (unsigned c = 0; c < 3; c++) pixel[c] = c == color ? 204 : 0;
        pixel[3] = 255;
      }
    }
  }
}

static NvDsFrameMeta *frame_of(GstBuffer *buffer, unsigned index) {
  NvDsBatchMeta *batch = gst_buffer_get_nvds_batch_meta(buffer);
  CHECK(batch != nullptr);
  return nvds_get_nth_frame_meta(batch->frame_meta_list, index);
}

static NvDsObjectMeta *add_object(GstBuffer *buffer, unsigned index, NvOSD_RectParams rect,
                                  int class_id = 0, guint64 id = UNTRACKED_OBJECT_ID) {
  NvDsFrameMeta *frame = frame_of(buffer, index);
  NvDsObjectMeta *object = nvds_acquire_obj_meta_from_pool(frame->base_meta.batch_meta);
  object->unique_component_id = 1;
  object->class_id = class_id;
  object->object_id = id;
  object->rect_params = rect;
  object->text_params.display_text = g_strdup("thing");
  nvds_add_obj_meta_to_frame(frame, object, nullptr);
  return object;
}

static NvOSD_RectParams rect(float left, float top, float width, float height) {
  NvOSD_RectParams r{};
  r.left = left, r.top = top, r.width = width, r.height = height;
  return r;
}

static void open_rig(Rig *rig, const std::string &path) {
  g_object_set(rig->element, "config-file-path", path.c_str(), nullptr);
  if (!rig->start("RGBA", 64, 32))
    check_failed(__FILE__, __LINE__, "%s", rig->message(GST_MESSAGE_ERROR).c_str());
}

static std::string label_of(const NvDsObjectMeta *object) {
  if (!object->classifier_meta_list) return "none";
  auto *classifier = static_cast<NvDsClassifierMeta *>(object->classifier_meta_list->data);
  CHECK_INT(classifier->unique_component_id, 7);
  CHECK_INT(classifier->num_labels, 1);
  return static_cast<NvDsLabelInfo *>(classifier->label_info_list->data)->result_label;
}

/* The objects of a frame, first added first. */
static std::vector<NvDsObjectMeta *> objects(const NvDsFrameMeta *frame) {
  std::vector<NvDsObjectMeta *> all;
  for (const GList *l = g_list_last(frame->obj_meta_list); l; l = l->prev)
    all.push_back(static_cast<NvDsObjectMeta *>(l->data));
  return all;
}

static void objects_get_their_classes() {
  Rig rig;
  open_rig(&rig, classifier("batch-size=2\n"));
  GstBuffer *buffer = rig.batch(2, paint);
  add_object(buffer, 0, rect(2, 2, 20, 20));
  add_object(buffer, 0, rect(40, 4, 15, 15));
  add_object(buffer, 0, rect(60, 20, 40, 40)); /* over the edge */
  add_object(buffer, 0, rect(70, 4, 10, 10));  /* beyond it */
  add_object(buffer, 0, rect(NAN, 4, 10, 10));
  add_object(buffer, 1, rect(0, 0, 64, 32));
  CHECK(rig.push(buffer) != nullptr);
  auto first = objects(frame_of(rig.out, 0)), second = objects(frame_of(rig.out, 1));
  CHECK_INT(first.size(), 5);
  CHECK_SAME(label_of(first[0]), "red");
  CHECK_SAME(label_of(first[1]), "green");
  CHECK_SAME(label_of(first[2]), "green");
  CHECK_SAME(label_of(first[3]), "none");
  CHECK_SAME(label_of(first[4]), "none");
  CHECK_SAME(label_of(second[0]), "blue");
  CHECK_STR(first[0]->text_params.display_text, "thing red");
  auto *meta = static_cast<NvDsClassifierMeta *>(first[1]->classifier_meta_list->data);
  auto *info = static_cast<NvDsLabelInfo *>(meta->label_info_list->data);
  CHECK_STR(meta->classifier_type, "color");
  CHECK_NEAR(info->result_prob, 0.8, 1e-3);
  CHECK_INT(info->result_class_id, 1);
  CHECK_INT(info->num_classes, 3);
  CHECK_INT(info->label_id, 0);
  CHECK_INT(frame_of(rig.out, 0)->bInferDone, FALSE);
  puts("objects: red, green and blue, in batches of 2");
}

static void only_some_objects_are_looked_at() {
  Rig rig;
  g_object_set(rig.element, "infer-on-class-ids", "1:2", nullptr);
  open_rig(&rig, classifier("operate-on-gie-id=1\noperate-on-class-ids=5\n"
                            "input-object-min-width=10\ninput-object-max-height=20\n"));
  GstBuffer *buffer = rig.batch(1, paint);
  add_object(buffer, 0, rect(0, 0, 12, 12), 1);
  add_object(buffer, 0, rect(0, 0, 12, 12), 2)->unique_component_id = 3;
  add_object(buffer, 0, rect(0, 0, 8, 12), 2);
  add_object(buffer, 0, rect(0, 0, 12, 24), 2);
  add_object(buffer, 0, rect(0, 0, 12, 12), 5);
  CHECK(rig.push(buffer) != nullptr);
  auto all = objects(frame_of(rig.out, 0));
  for (size_t i = 0; i < all.size(); i++) CHECK_SAME(label_of(all[i]), i == 0 ? "red" : "none");
  CHECK(rig.push(rig.batch(1, paint)) != nullptr); /* no objects at all */
  puts("selection: component, class and size; one of five");
}

/* The label of a tracked object in frame `number`, which is where red, or where green is. */
static std::string track(Rig *rig, int number, bool right, float size = 10) {
  GstBuffer *buffer = rig->batch(1, paint);
  frame_of(buffer, 0)->frame_num = number;
  add_object(buffer, 0, rect(right ? 40 : 10, 4, size, size), 0, 42);
  CHECK(rig->push(buffer) != nullptr);
  return label_of(objects(frame_of(rig->out, 0))[0]);
}

static void tracked_objects_are_remembered() {
  Rig rig;
  open_rig(&rig, classifier("secondary-reinfer-interval=5\n"));
  CHECK_SAME(track(&rig, 0, false), "red");
  CHECK_SAME(track(&rig, 1, true), "red"); /* as it was said before */
  CHECK_SAME(track(&rig, 5, true), "red");
  CHECK_SAME(track(&rig, 6, true), "green");
  CHECK_SAME(track(&rig, 7, false), "green");
  CHECK_SAME(track(&rig, 8, false, 12), "red"); /* it has come closer */
  CHECK_SAME(track(&rig, 0, true, 12), "green");  /* the source began again */
  puts("tracked: asked again after 5 frames, when it grows, or when the source begins again");
}

static void frames_do_not_wait_for_async() {
  Rig rig;
  open_rig(&rig, classifier("classifier-async-mode=1\n"));
  std::string label;
  for (int i = 0; i < 500 && (label = track(&rig, i, false)) == "none"; i++) g_usleep(10000);
  CHECK_SAME(label, "red");
  puts("async: the label comes with a later frame");
}

static void whole_frames_are_classified() {
  Rig rig;
  open_rig(&rig, config("onnx-file=mean.onnx\nlabelfile-path=colors.txt\nnetwork-type=1\n"));
  GstBuffer *buffer = rig.batch(2, paint);
  frame_of(buffer, 1)->pipeline_width = 64;
  frame_of(buffer, 1)->pipeline_height = 32;
  CHECK(rig.push(buffer) != nullptr);
  auto all = objects(frame_of(rig.out, 1));
  CHECK_INT(all.size(), 1);
  CHECK_SAME(label_of(all[0]), "blue");
  CHECK_NEAR(all[0]->rect_params.width, 64, 0);
  CHECK_STR(all[0]->text_params.display_text, "blue");
  CHECK_INT(frame_of(rig.out, 1)->bInferDone, TRUE);
  puts("frames: an object as large as each");
}

/* The class map of the second frame, which is blue. */
static void pixels_are_classified() {
  Rig rig;
  open_rig(&rig, config("onnx-file=relu.onnx\nnetwork-type=2\nsegmentation-threshold=0.5\n"
                        "output-tensor-meta=1\n"));
  CHECK(rig.push(rig.batch(2, paint)) != nullptr);
  GstBuffer *copy = gst_buffer_copy(rig.out);
  rig.stop();
  for (const GList *l = frame_of(copy, 0)->frame_user_meta_list; l; l = l->next) {
    auto *user = static_cast<NvDsUserMeta *>(l->data);
    if (user->base_meta.meta_type == NVDSINFER_TENSOR_OUTPUT_META) continue;
    CHECK_INT(user->base_meta.meta_type, NVDSINFER_SEGMENTATION_META);
    auto *map = static_cast<NvDsInferSegmentationMeta *>(user->user_meta_data);
    CHECK_INT(map->unique_id, 7);
    CHECK_INT(map->classes, 3);
    CHECK_INT(map->width, 8);
    CHECK_INT(map->height, 4);
    CHECK_INT(map->class_map[0], 0);
    CHECK_INT(map->class_map[7], 1);
    CHECK_NEAR(map->class_probabilities_map[0], 0.8, 1e-5);
  }
  CHECK_INT(g_list_length(frame_of(copy, 1)->frame_user_meta_list), 2);
  gst_buffer_unref(copy);
  puts("segmentation: 8x4, with the tensors, read from a copy");
}

static std::string with_parser(const std::string &rest) {
  return "onnx-file=relu.onnx\ncustom-lib-path=" DSBIND_TEST_PARSER "\n" + rest;
}

static void libraries_parse_everything() {
  {
    Rig rig;
    open_rig(&rig, config(with_parser("network-type=3\nnum-detected-classes=2\ncluster-mode=4\n"
                                      "parse-bbox-instance-mask-func-name=test_parse_mask\n"
                                      "output-instance-mask=1\nsegmentation-threshold=0.25\n")));
    CHECK(rig.push(rig.batch(1, paint)) != nullptr);
    auto all = objects(frame_of(rig.out, 0));
    CHECK_INT(all.size(), 2);
    const NvOSD_MaskParams &mask = all[0]->mask_params;
    CHECK_NEAR(all[0]->rect_params.width, 64, 1e-4);
    CHECK_INT(mask.width, 8); /* what lies beyond the edge is cut off */
    CHECK_INT(mask.height, 4);
    CHECK_INT(mask.size, 8 * 4 * 4);
    CHECK_NEAR(mask.threshold, 0.25, 1e-6);
    CHECK_NEAR(mask.data[0], 0.8, 1e-5);
    CHECK_NEAR(mask.data[7], 0, 1e-5);
    CHECK(all[1]->mask_params.data == nullptr);
  }
  {
    Rig rig;
    open_rig(&rig, config(with_parser("network-type=1\nprocess-mode=2\nclassifier-threshold=0.5\n"
                                      "parse-classifier-func-name=test_parse_class\n")));
    GstBuffer *buffer = rig.batch(1, paint);
    add_object(buffer, 0, rect(0, 0, 20, 20));
    add_object(buffer, 0, rect(40, 0, 20, 20)); /* not red: nothing is said */
    CHECK(rig.push(buffer) != nullptr);
    auto all = objects(frame_of(rig.out, 0));
    auto *meta = static_cast<NvDsClassifierMeta *>(all[0]->classifier_meta_list->data);
    CHECK_INT(meta->num_labels, 2);
    auto *info = static_cast<NvDsLabelInfo *>(meta->label_info_list->data);
    CHECK_STR(info->result_label, "bright");
    CHECK_INT(info->label_id, 2);
    CHECK_INT(info->result_class_id, 9);
    CHECK_STR(all[0]->text_params.display_text, "thing very bright");
    CHECK(all[1]->classifier_meta_list == nullptr);
  }
  {
    Rig rig;
    open_rig(&rig, config(with_parser("network-type=2\nsegmentation-threshold=0.5\n"
                                      "num-detected-classes=3\n"
                                      "parse-segmentation-func-name=test_parse_map\n")));
    CHECK(rig.push(rig.batch(1, paint)) != nullptr);
    auto *user = static_cast<NvDsUserMeta *>(frame_of(rig.out, 0)->frame_user_meta_list->data);
    auto *map = static_cast<NvDsInferSegmentationMeta *>(user->user_meta_data);
    CHECK_INT(map->class_map[0], 2);
    CHECK_INT(map->class_map[7], -1);
    CHECK_NEAR(map->class_probabilities_map[0], 0.8, 1e-5);
  }
  {
    Rig rig;
    g_object_set(rig.element, "config-file-path",
                 config(with_parser("network-type=1\nparse-classifier-func-name=none\n")).c_str(),
                 nullptr);
    CHECK(!rig.start("RGBA", 64, 32));
    CHECK_HAS(rig.message(GST_MESSAGE_ERROR), "no function 'none' (parse-classifier-func-name)");
  }
  puts("libraries: masks, classes of objects and of pixels");
}

static void detectors_look_into_objects() {
  Rig rig;
  open_rig(&rig, config(with_parser("process-mode=2\nnum-detected-classes=2\ncluster-mode=4\n"
                                    "parse-bbox-func-name=test_parse_first\n"
                                    "output-tensor-meta=1\n")));
  GstBuffer *buffer = rig.batch(1, paint);
  add_object(buffer, 0, rect(8, 4, 16, 16));
  CHECK(rig.push(buffer) != nullptr);
  auto all = objects(frame_of(rig.out, 0));
  CHECK_INT(all.size(), 2);
  /* 1,2 4x3 of 8x4 within 8,4 18x16 (on even pixels, with the one that is begun) */
  CHECK(all[1]->parent == all[0]);
  CHECK_NEAR(all[1]->rect_params.left, 8 + 16 / 8.0, 1e-4);
  CHECK_NEAR(all[1]->rect_params.top, 4 + 2 * 16 / 4.0, 1e-4);
  CHECK_NEAR(all[1]->rect_params.width, 4 * 16 / 8.0, 1e-4);
  CHECK_INT(all[1]->unique_component_id, 7);
  CHECK(all[0]->obj_user_meta_list != nullptr);
  CHECK(frame_of(rig.out, 0)->frame_user_meta_list == nullptr);
  puts("secondary detector: boxes within their parent, tensors on it");
}

static void count_updates(GstElement *, gint status, const gchar *, gpointer counts) {
  g_atomic_int_inc(static_cast<gint *>(counts) + (status != NVDSINFER_SUCCESS));
}

static void wait_for(gint *count) {
  for (int i = 0; i < 1000 && g_atomic_int_get(count) == 0; i++) g_usleep(10000);
  CHECK_INT(g_atomic_int_get(count), 1);
}

static std::string color_of_object(Rig *rig) {
  GstBuffer *buffer = rig->batch(1, paint);
  add_object(buffer, 0, rect(2, 2, 20, 20));
  CHECK(rig->push(buffer) != nullptr);
  return label_of(objects(frame_of(rig->out, 0))[0]);
}

static void models_change_while_frames_flow() {
  Rig rig;
  gint counts[2] = {0, 0};
  open_rig(&rig, classifier());
  g_signal_connect(rig.element, "model-updated", G_CALLBACK(count_updates), counts);
  CHECK_SAME(color_of_object(&rig), "red");
  std::string other = folder->write(
      "other.txt",
      "[property]\nonnx-file=mean.onnx\nlabelfile-path=farben.txt\nnetwork-type=1\n"
      "process-mode=2\ngie-unique-id=7\n" +
          std::string(kScale));
  g_object_set(rig.element, "config-file-path", other.c_str(), nullptr);
  for (int i = 0; i < 20; i++) color_of_object(&rig);
  wait_for(&counts[0]);
  CHECK_SAME(color_of_object(&rig), "rot");

  /* what cannot be loaded leaves the old one where it is */
  folder->write("broken.onnx", "no model");
  g_object_set(rig.element, "model-engine-file", folder->path("broken.onnx").c_str(), nullptr);
  wait_for(&counts[1]);
  CHECK_HAS(rig.message(GST_MESSAGE_WARNING), "the model stays as it is: the model '");
  CHECK_SAME(color_of_object(&rig), "rot");
  CHECK_SAME(rig.message(GST_MESSAGE_ERROR), "no message");

  counts[0] = 0;
  g_object_set(rig.element, "model-engine-file", folder->path("mean.onnx").c_str(), nullptr);
  wait_for(&counts[0]);
  CHECK_SAME(color_of_object(&rig), "rot");
  g_object_set(rig.element, "config-file-path", classifier().c_str(), nullptr);
  rig.stop(); /* in the middle of it, perhaps */
  puts("updates: red becomes rot, a broken model is a warning");
}

int main(int argc, char **argv) {
  gst_init(&argc, &argv);
  Folder own;
  folder = &own;
  own.write("mean.onnx", mean_model(4, 8));
  own.write("relu.onnx", relu_model({-1, 3, 4, 8}));
  own.write("colors.txt", "red;green;blue\n");
  own.write("farben.txt", "rot\ngruen\nblau\n");
  setenv("DSBIND_LIBRARY_PATH", std::filesystem::path(DSBIND_TEST_PARSER).parent_path().c_str(), 1);
  {
    Rig rig;
    g_object_set(rig.element, "config-file-path", classifier().c_str(), nullptr);
    if (!rig.start("RGBA", 64, 32)) {
      std::string why = rig.message(GST_MESSAGE_ERROR);
      CHECK_HAS(why, "pip install onnxruntime");
      printf("skipped: %s\n", why.c_str());
      return 77;
    }
  }
  objects_get_their_classes();
  only_some_objects_are_looked_at();
  tracked_objects_are_remembered();
  frames_do_not_wait_for_async();
  whole_frames_are_classified();
  pixels_are_classified();
  libraries_parse_everything();
  detectors_look_into_objects();
  models_change_while_frames_flow();
  return 0;
}
