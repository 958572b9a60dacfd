/* SPDX-License-Identifier: Apache-2.0 */
/* nvtracker as an element: what becomes of objects, and of libraries that do not do their part. */
#include <dlfcn.h>
#include <gst-nvevent.h>
#include <gst/gst.h>
#include <gstnvdsmeta.h>
#include <nvdstracker.h>
#include <nvds_tracker_meta.h>
#include <sys/stat.h>

#include <cmath>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "check.h"
#include "infer/onnx_model.h"
#include "rig.h"

static std::string folder;

/* A config of the test's own; for the test's library its text is what the library does. */
static std::string config(const std::string &text) {
  static int number;
  const std::string path = folder + "/" + std::to_string(number++) + ".yml";
  std::ofstream(path) << text;
  return path;
}

static std::string sample(const char *name) {
  return std::string(DSBIND_SAMPLES "/config_tracker_") + name + ".yml";
}

struct Object {
  float left, top, width, height;
  float confidence = 0.9f;
  int class_id = 0;
};

/* nvtracker on batches with scripted objects. */
class Tracker : public Rig {
 public:
  explicit Tracker(const char *factory = "nvtracker") : Rig(factory) {}

  bool start() { return Rig::start("NV12", 640, 480); }
  bool start(const std::string &path, const char *library = nullptr) {
    g_object_set(element, "ll-config-file", path.c_str(), nullptr);
    if (library) g_object_set(element, "ll-lib-file", library, nullptr);
    return start();
  }
  void must_start(const std::string &path, const char *library = nullptr) {
    if (!start(path, library))
      check_failed(__FILE__, __LINE__, "%s", message(GST_MESSAGE_ERROR).c_str());
  }

  /* One frame per stream, with the objects of each; NULL for an error. `parents` makes each object
   * the parent of the next one. */
  NvDsBatchMeta *push(const std::vector<std::vector<Object>> &streams, bool inferred = true,
                      bool parents = false, bool with_meta = true) {
    GstBuffer *buffer = batch(static_cast<unsigned>(streams.size()), {}, with_meta);
    if (with_meta) {
      NvDsBatchMeta *meta = gst_buffer_get_nvds_batch_meta(buffer);
      for (unsigned i = 0; i < streams.size(); i++) {
        NvDsFrameMeta *frame = nvds_get_nth_frame_meta(meta->frame_meta_list, i);
        frame->frame_num = number_;
        frame->bInferDone = inferred;
        add(meta, frame, streams[i], parents);
      }
    }
    number_++;
    return Rig::push(buffer);
  }

 private:
  static void add(NvDsBatchMeta *batch, NvDsFrameMeta *frame, const std::vector<Object> &objects,
                  bool parents) {
    NvDsObjectMeta *parent = nullptr;
    for (const Object &one : objects) {
      NvDsObjectMeta *object = nvds_acquire_obj_meta_from_pool(batch);
      object->class_id = one.class_id;
      object->object_id = UNTRACKED_OBJECT_ID;
      object->confidence = one.confidence;
      object->unique_component_id = 3;
      object->rect_params.left = one.left;
      object->rect_params.top = one.top;
      object->rect_params.width = one.width;
      object->rect_params.height = one.height;
      object->rect_params.border_width = 5;
      strcpy(object->obj_label, "walker");
      object->text_params.display_text = g_strdup("walker");
      nvds_add_obj_meta_to_frame(frame, object, parents ? parent : nullptr);
      parent = object;
    }
  }

  int number_ = 0;
};

static std::vector<NvDsObjectMeta *> objects_of(NvDsBatchMeta *batch, unsigned stream) {
  CHECK(batch != nullptr);
  std::vector<NvDsObjectMeta *> all;
  NvDsFrameMeta *frame = nvds_get_nth_frame_meta(batch->frame_meta_list, stream);
  for (GList *l = frame->obj_meta_list; l; l = l->next)
    all.insert(all.begin(), static_cast<NvDsObjectMeta *>(l->data));
  CHECK_INT(frame->num_obj_meta, all.size());
  return all;
}

static void check_has(const std::string &text, const std::string &part) {
  if (text.find(part) == std::string::npos)
    check_failed(__FILE__, __LINE__, "\"%s\" is not in \"%s\"", part.c_str(), text.c_str());
}

static Object walker(int frame) { return {20 + 3.f * static_cast<float>(frame), 100, 40, 100}; }

static void matched_unmatched_and_removed() {
  Tracker rig;
  rig.must_start(sample("NvSORT"));
  NvDsBatchMeta *batch = nullptr;
  for (int i = 0; i < 10; i++) {
    batch = rig.push({{walker(i)}});
    /* In the first frame it is on probation, so the object goes. */
    CHECK_INT(objects_of(batch, 0).size(), i > 0);
  }
  NvDsObjectMeta *object = objects_of(batch, 0)[0];
  CHECK_INT(object->object_id, 0);
  CHECK_NEAR(object->confidence, 0.9, 1e-6);
  CHECK_NEAR(object->tracker_confidence, 1, 1e-6);
  CHECK_NEAR(object->rect_params.left, walker(9).left, 2);
  CHECK_NEAR(object->tracker_bbox_info.org_bbox_coords.width, 40, 2);
  CHECK_STR(object->text_params.display_text, "walker 0");
  CHECK_INT(object->text_params.x_offset, static_cast<int>(object->rect_params.left));
  /* Missed: an object like the last one takes its place; the false one goes. */
  batch = rig.push({{{400, 50, 30, 30, 0.9f}}});
  CHECK_INT(objects_of(batch, 0).size(), 1);
  object = objects_of(batch, 0)[0];
  CHECK_INT(object->object_id, 0);
  CHECK_NEAR(object->confidence, -0.1, 1e-6);
  CHECK(object->tracker_confidence < 1 && object->tracker_confidence > 0.5);
  CHECK_NEAR(object->rect_params.left, walker(10).left, 3);
  CHECK_INT(object->rect_params.border_width, 5);
  CHECK_INT(object->unique_component_id, 3);
  CHECK_STR(object->obj_label, "walker");
  CHECK_STR(object->text_params.display_text, "walker 0");
  CHECK_NEAR(object->detector_bbox_info.org_bbox_coords.width, 0, 1e-6);
  puts("objects: matched, made up where missed, removed where nobody follows them");
}

static void boxes_are_clipped() {
  Tracker rig;
  g_object_set(rig.element, "display-tracking-id", FALSE, nullptr);
  rig.must_start(sample("NvSORT"));
  NvDsBatchMeta *batch = nullptr;
  for (int i = 0; i < 3; i++) batch = rig.push({{{-20, 400, 60, 120}}});
  NvDsObjectMeta *object = objects_of(batch, 0)[0];
  CHECK_NEAR(object->rect_params.left, 0, 1e-3);
  CHECK_NEAR(object->rect_params.width, 40, 1);
  CHECK_NEAR(object->rect_params.height, 80, 1);
  CHECK_NEAR(object->tracker_bbox_info.org_bbox_coords.left, -20, 1);
  CHECK_NEAR(object->tracker_bbox_info.org_bbox_coords.height, 120, 1);
  CHECK_STR(object->text_params.display_text, "walker");
  puts("boxes: clipped for drawing, whole as tracker_bbox_info; texts without ids");
}

static void parents_that_go_are_forgotten() {
  Tracker rig;
  g_object_set(rig.element, "operate-on-class-ids", "0", nullptr);
  rig.must_start(sample("NvSORT"));
  Object plate{30, 150, 10, 5};
  plate.class_id = 7;
  NvDsBatchMeta *batch = rig.push({{walker(0), plate}}, true, true);
  CHECK_INT(objects_of(batch, 0).size(), 1);
  CHECK_INT(objects_of(batch, 0)[0]->class_id, 7);
  CHECK(objects_of(batch, 0)[0]->parent == nullptr);
  CHECK(objects_of(batch, 0)[0]->object_id == UNTRACKED_OBJECT_ID);
  batch = rig.push({{walker(1), plate}}, true, true);
  CHECK(objects_of(batch, 0)[1]->parent == objects_of(batch, 0)[0]);
  puts("classes: others are left alone, without a parent that is gone");
}

static void intervals_and_probes() {
  Tracker rig;
  rig.must_start(sample("NvSORT"));
  for (int i = 0; i < 40; i++) {
    NvDsBatchMeta *batch =
        i % 3 ? rig.push({{}}, false) : rig.push({{walker(i)}}, i % 2 == 0);
    if (i < 6) continue;
    CHECK_INT(objects_of(batch, 0).size(), 1);
    CHECK_INT(objects_of(batch, 0)[0]->object_id, 0);
    CHECK_NEAR(objects_of(batch, 0)[0]->rect_params.left, walker(i).left, 6);
  }
  puts("intervals: one id, one object in each frame");
}

static void streams_are_apart() {
  for (const char *sub_batches : {"", "0,2;1,3", "2:2"}) {
    Tracker rig;
    g_object_set(rig.element, "sub-batches", sub_batches, nullptr);
    rig.must_start(sample("NvSORT"));
    std::set<guint64> ids;
    NvDsBatchMeta *batch = nullptr;
    for (int i = 0; i < 6; i++)
      batch = rig.push(std::vector<std::vector<Object>>(4, {walker(i), {500, 300, 50, 50}}));
    for (unsigned s = 0; s < 4; s++)
      for (NvDsObjectMeta *object : objects_of(batch, s)) ids.insert(object->object_id);
    CHECK_INT(ids.size(), 8);
    /* The stream begins anew under its number. */
    const guint64 before = objects_of(batch, 1)[0]->object_id;
    rig.event(gst_nvevent_new_pad_deleted(1));
    for (int i = 0; i < 3; i++)
      batch = rig.push(std::vector<std::vector<Object>>(4, {walker(i)}));
    CHECK(objects_of(batch, 1)[0]->object_id != before);
  }
  Tracker few;
  g_object_set(few.element, "sub-batches", "1:1", nullptr);
  few.must_start(sample("NvSORT"));
  CHECK(!few.push(std::vector<std::vector<Object>>(3, {walker(0)})));
  check_has(few.message(GST_MESSAGE_ERROR), "has no place for source 2");
  puts("streams: 8 ids in 4 streams, by one context or two; a removed one begins anew");
}

static void ids_begin_anew_where_asked() {
  for (int mode = 0; mode < 4; mode++) {
    Tracker rig;
    gst_util_set_object_arg(G_OBJECT(rig.element), "tracking-id-reset-mode",
                            std::to_string(mode).c_str());
    rig.must_start(sample("NvSORT"));
    auto id = [&] {
      NvDsBatchMeta *batch = nullptr;
      for (int i = 0; i < 4; i++) batch = rig.push({{{100, 100, 50, 90}}});
      return objects_of(batch, 0)[0]->object_id;
    };
    CHECK_INT(id(), 0);
    rig.event(gst_nvevent_new_stream_reset(0));
    CHECK_INT(id(), mode & 1);
    rig.event(gst_nvevent_new_stream_eos(0));
    if (mode & 2)
      CHECK_INT(id() & G_MAXUINT32, 0);
    else
      CHECK_INT(id(), mode & 1);
  }
  puts("ids: the reset modes 0 to 3");
}

static void past_frames_are_attached() {
  Tracker rig;
  g_object_set(rig.element, "user-meta-pool-size", 1, nullptr);
  CHECK(rig.start(config("TargetManagement:\n  probationAge: 3\nDataAssociator:\n"
                         "  minMatchingScore4Iou: 0.1\n")));
  NvDsBatchMeta *batch = nullptr;
  for (int i = 0; i < 4; i++) {
    batch = rig.push({{walker(i)}});
    CHECK((batch->batch_user_meta_list != nullptr) == (i == 3));
  }
  GstBuffer *copy = gst_buffer_copy(rig.out);
  GstBuffer *held = gst_buffer_ref(rig.out);
  for (GstBuffer *buffer : {rig.out, copy}) {
    batch = gst_buffer_get_nvds_batch_meta(buffer);
    auto *user = static_cast<NvDsUserMeta *>(batch->batch_user_meta_list->data);
    CHECK_INT(user->base_meta.meta_type, NVDS_TRACKER_PAST_FRAME_META);
    auto *past = static_cast<NvDsTargetMiscDataBatch *>(user->user_meta_data);
    CHECK_INT(past->numFilled, 1);
    CHECK_INT(past->list[0].numFilled, 1);
    CHECK_INT(past->list[0].list[0].numObj, 3);
    CHECK_INT(past->list[0].list[0].list[2].frameNum, 2);
    CHECK_NEAR(past->list[0].list[0].list[2].tBbox.left, walker(2).left, 1);
    CHECK_NEAR(past->list[0].list[0].list[2].tBbox.height, 100, 1);
    CHECK_INT(past->list[0].list[0].list[2].trackerState, TENTATIVE);
  }
  /* The only list is out: what would be next is left out, and told once. */
  for (int i = 0; i < 8; i++) CHECK(rig.push({{walker(i + 4), {400, 300, 60, 60}}}) != nullptr);
  check_has(rig.message(GST_MESSAGE_WARNING), "user-meta-pool-size=1");
  gst_buffer_unref(held);
  rig.stop();
  gst_buffer_unref(copy); /* outlives the element */
  puts("past frames: attached, copied, bounded by the pool");
}

static void flush_begins_anew() {
  Tracker rig;
  rig.must_start(sample("NvSORT"));
  for (int i = 0; i < 5; i++) rig.push({{walker(i)}});
  rig.event(gst_event_new_flush_start());
  rig.event(gst_event_new_flush_stop(TRUE));
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  rig.event(gst_event_new_segment(&segment));
  NvDsBatchMeta *batch = rig.push({{walker(5)}});
  CHECK_INT(objects_of(batch, 0).size(), 0);
  rig.push({{walker(6)}});
  batch = rig.push({{walker(7)}});
  CHECK_INT(objects_of(batch, 0)[0]->object_id, 1);
  puts("flush: targets of before are gone");
}

/* The counters of the test's library. */
static int counter(const char *name) {
  void *library = dlopen(DSBIND_TEST_LIBRARY, RTLD_NOW | RTLD_NOLOAD);
  CHECK(library != nullptr);
  auto *function = reinterpret_cast<int (*)()>(dlsym(library, name));
  CHECK(function != nullptr);
  const int value = function();
  dlclose(library);
  return value;
}

static void other_libraries_are_used() {
  for (const char *mode : {"batch", "nonbatch", "transform", "nonbatch transform"}) {
    Tracker rig;
    g_object_set(rig.element, "tracker-width", 96, "tracker-height", 64, nullptr);
    rig.must_start(config(mode), DSBIND_TEST_LIBRARY);
    NvDsBatchMeta *batch = rig.push({{walker(0)}, {walker(1), walker(40)}});
    CHECK_INT(objects_of(batch, 1).size(), 2);
    CHECK_NEAR(objects_of(batch, 1)[1]->rect_params.left, walker(40).left, 1e-3);
    CHECK_NEAR(objects_of(batch, 1)[1]->tracker_confidence, 0.5, 1e-6);
    rig.event(gst_nvevent_new_pad_deleted(1));
    rig.stop();
    CHECK_INT(counter("test_contexts"), 0);
  }
  CHECK_INT(counter("test_removed"), 2); /* by name in batch mode, by its context in the other */
  Tracker rig;
  rig.must_start(config("reid feet past"), DSBIND_TEST_LIBRARY);
  NvDsBatchMeta *batch = rig.push({{walker(0), walker(40)}});
  GstBuffer *copy = gst_buffer_copy(rig.out);
  rig.stop();
  batch = gst_buffer_get_nvds_batch_meta(copy);
  std::set<int> kinds;
  for (GList *l = batch->batch_user_meta_list; l; l = l->next) {
    auto *user = static_cast<NvDsUserMeta *>(l->data);
    kinds.insert(user->base_meta.meta_type);
    if (user->base_meta.meta_type == NVDS_TRACKER_BATCH_REID_META) {
      auto *features = static_cast<NvDsReidTensorBatch *>(user->user_meta_data);
      CHECK_INT(features->numFilled, 2);
      CHECK_NEAR(features->ptr_host[4], 11, 1e-6);
    }
  }
  CHECK_INT(kinds.size(), 2);
  for (NvDsObjectMeta *object : objects_of(batch, 0)) {
    for (GList *l = object->obj_user_meta_list; l; l = l->next) {
      auto *user = static_cast<NvDsUserMeta *>(l->data);
      kinds.insert(user->base_meta.meta_type);
      if (user->base_meta.meta_type == NVDS_TRACKER_OBJ_REID_META) {
        auto *reid = static_cast<NvDsObjReid *>(user->user_meta_data);
        CHECK_INT(reid->featureSize, 3);
        CHECK(std::fmod(reid->ptr_host[1], 10.f) == 1);
      } else if (user->base_meta.meta_type == NVDS_OBJ_VISIBILITY) {
        CHECK_NEAR(*static_cast<float *>(user->user_meta_data), 0.25, 1e-6);
      }
    }
  }
  CHECK_INT(kinds.size(), 6);
  gst_buffer_unref(copy);
  puts("libraries: batch and per stream, with pictures, feature vectors, feet and past frames");
}

/* A config can be changed on disk between a question and a start: more than was asked for must not
 * be written. */
static void vectors_stay_within_their_room(const std::string &path) {
  void *library = dlopen(DSBIND_TEST_PLUGINS "/../lib/libnvds_nvmultiobjecttracker.so", RTLD_NOW);
  CHECK(library != nullptr);
  const auto init = reinterpret_cast<decltype(&NvMOT_Init)>(dlsym(library, "NvMOT_Init"));
  const auto process = reinterpret_cast<decltype(&NvMOT_Process)>(dlsym(library, "NvMOT_Process"));
  const auto end = reinterpret_cast<decltype(&NvMOT_DeInit)>(dlsym(library, "NvMOT_DeInit"));
  NvMOTConfig with{};
  with.customConfigFilePath = const_cast<char *>(path.c_str());
  NvMOTConfigResponse response{};
  NvMOTContextHandle context = nullptr;
  CHECK_INT(init(&with, &context, &response), NvMOTStatus_OK);

  NvBufSurfaceCreateParams create{};
  create.width = create.height = 64;
  create.colorFormat = NVBUF_COLOR_FORMAT_RGBA;
  create.layout = NVBUF_LAYOUT_PITCH;
  create.memType = NVBUF_MEM_SYSTEM;
  NvBufSurface *surface = nullptr;
  CHECK_INT(NvBufSurfaceCreate(&surface, 1, &create), 0);
  NvBufSurfaceParams *picture = surface->surfaceList;
  NvMOTObjToTrack object{};
  object.bbox = {8, 8, 40, 40};
  object.confidence = 1;
  object.doTracking = true;
  NvMOTFrame frame{};
  frame.doTracking = true;
  frame.srcFrameWidth = frame.srcFrameHeight = 64;
  frame.numBuffers = 1;
  frame.bufferList = &picture;
  frame.objectsIn.detectionDone = true;
  frame.objectsIn.list = &object;
  frame.objectsIn.numFilled = frame.objectsIn.numAllocated = 1;
  NvMOTProcessParams params{1, &frame};
  for (const unsigned room : {3u, 2u}) {
    std::vector<float> numbers(room);
    NvDsReidTensorBatch vectors{};
    vectors.featureSize = room;
    vectors.ptr_host = numbers.data();
    NvMOTStatus status = NvMOTStatus_OK;
    for (int i = 0; i < 8 && status == NvMOTStatus_OK; i++) {
      NvMOTTrackedObj target{};
      NvMOTTrackedObjList list{};
      list.list = &target;
      list.numAllocated = 1;
      NvMOTTrackedObjBatch out{};
      out.list = &list;
      out.numAllocated = 1;
      out.pReidTensorBatch = &vectors;
      frame.frameNum++;
      status = process(context, &params, &out);
    }
    CHECK_INT(status, room == 3 ? NvMOTStatus_OK : NvMOTStatus_Error);
    CHECK_INT(vectors.numFilled, room == 3 ? 1 : 0);
  }
  const auto word = reinterpret_cast<const char *(*)()>(dlsym(library, "dsbind_tracker_message"));
  check_has(word(), "room for vectors of 2");
  end(context);
  NvBufSurfaceDestroy(surface);
  dlclose(library);
}

/* The frames of the rig are not painted, so what counts is that each has its vector. */
static void looks_are_told() {
  std::ofstream(folder + "/mean.onnx") << mean_model(32, 16);
  const std::string keys =
      "ReID:\n  reidType: 3\n  onnxFile: mean.onnx\n  reidFeatureSize: 3\n  outputReidTensor: 1\n"
      "  offsets: [300, 0, 0]\n  batchSize: 2\nTrajectoryManagement:\n  enableReAssoc: 1\n"
      "DataAssociator:\n  matchingScoreWeight4ReidSimilarity: 1\n  thresholdMahalanobis: 9\n"
      "  usePrediction4Assoc: 1\nStateEstimator:\n  stateEstimatorType: 2\n";
  vectors_stay_within_their_room(config(keys));
  for (const char *visual : {"", "VisualTracker:\n  visualTrackerType: 1\n"}) {
    Tracker rig;
    rig.must_start(config(keys + visual));
    NvDsBatchMeta *batch = nullptr;
    for (int i = 0; i < 8; i++)
      batch = rig.push({{walker(i), {300, 40, 50, 90}, {630, 470, 90, 90}}, {walker(i)}});
    unsigned vectors = 0;
    for (unsigned stream : {0u, 1u})
      for (NvDsObjectMeta *object : objects_of(batch, stream))
        for (NvDsUserMetaList *l = object->obj_user_meta_list; l; l = l->next) {
          auto *user = static_cast<NvDsUserMeta *>(l->data);
          if (user->base_meta.meta_type != NVDS_TRACKER_OBJ_REID_META) continue;
          auto *reid = static_cast<NvDsObjReid *>(user->user_meta_data);
          CHECK_INT(reid->featureSize, 3);
          CHECK(reid->ptr_host[0] < -40 && reid->ptr_host[1] >= 0);
          vectors++;
        }
    CHECK_INT(vectors, 4);
    NvDsUserMetaList *all = batch->batch_user_meta_list;
    while (all && static_cast<NvDsUserMeta *>(all->data)->base_meta.meta_type !=
                      NVDS_TRACKER_BATCH_REID_META)
      all = all->next;
    CHECK(all != nullptr);
    const auto *tensor = static_cast<NvDsReidTensorBatch *>(
        static_cast<NvDsUserMeta *>(all->data)->user_meta_data);
    CHECK_INT(tensor->numFilled, 4);
    /* Another config while it runs: thresholds change, the model does not. */
    g_object_set(rig.element, "ll-config-file",
                 config("BaseConfig:\n  minDetectorConfidence: 1\n").c_str(), nullptr);
    for (int i = 0; i < 40; i++) batch = rig.push({{walker(8)}, {}});
    CHECK_INT(objects_of(batch, 0).size(), 0);
    g_object_set(rig.element, "ll-config-file", config("ReID:\n  reidType: 0\n").c_str(), nullptr);
    CHECK(rig.push({{walker(8)}, {}}) != nullptr);
    check_has(rig.message(GST_MESSAGE_WARNING), "cannot change while running");
    /* Nobody writes to it: frames do not wait for that. */
    CHECK_INT(mkfifo((folder + "/pipe" + *visual).c_str(), 0600), 0);
    g_object_set(rig.element, "ll-config-file", (folder + "/pipe" + *visual).c_str(), nullptr);
    CHECK(rig.push({{walker(8)}, {}}) != nullptr);
  }
  puts("looks: a vector for each object; thresholds change while it runs, the model stays");
}

static void garbage_is_an_error() {
  struct {
    const char *mode, *error;
  } cases[] = {
      {"fails", "NvMOT_Process returned status 1"},
      {"throws", "it threw an exception"},
      {"twice", "target 100 is there twice"},
      {"nan", "that is no number"},
      {"infinite", "that is no number"},
      {"toomany", "numFilled is 4000000000 of 8"},
      {"stranger", "an object that is not of this frame"},
      {"between", "an object that is not of this frame"},
      {"shared", "an object that another target has"},
      {"otherstream", "of stream 256"},
      {"replaced", "was replaced"},
      {"morelists", "2 lists for 1 frames"},
      {"past pastfails", "NvMOT_RetrieveMiscData returned status 1"},
      {"past pastmany", "more streams than there is room for"},
      {"past pastbox", "a box that is no number"},
  };
  for (const auto &each : cases) {
    Tracker rig;
    rig.must_start(config(each.mode), DSBIND_TEST_LIBRARY);
    bool failed = false;
    for (int i = 0; i < 3 && !failed; i++) failed = !rig.push({{walker(0), walker(40)}});
    CHECK(failed);
    const std::string text = rig.message(GST_MESSAGE_ERROR);
    check_has(text, each.error);
    check_has(text, DSBIND_TEST_LIBRARY);
  }
  Tracker rig;
  g_object_set(rig.element, "sub-batch-err-recovery-trial-cnt", 1, nullptr);
  rig.must_start(config("fails"), DSBIND_TEST_LIBRARY);
  for (int i = 0; i < 6; i++) CHECK(rig.push({{walker(0)}}) != nullptr);
  check_has(rig.message(GST_MESSAGE_WARNING), "it is started anew");
  puts("garbage: fifteen kinds are errors that name the library; one is recovered from");
}

static void what_cannot_start_says_why() {
  struct {
    std::string config;
    const char *library, *error;
  } cases[] = {
      {"/no/such/config.yml", nullptr, "'/no/such/config.yml' cannot be read"},
      {config("TargetManagement:\n  probationAge: many\n"), nullptr, "probationAge: many"},
      {config(""), "/no/such/lib.so", "does not exist"},
      {config(""), "/bin/true", "allow its folder by DSBIND_LIBRARY_PATH"},
      {config(""), DSBIND_TEST_NOTHING, "has no function NvMOT_Init"},
      {config("noinit"), DSBIND_TEST_LIBRARY, "customConfigStatus 3"},
      {config("noquery"), DSBIND_TEST_LIBRARY, "NvMOT_Query returned status 1"},
      {config("badbatch"), DSBIND_TEST_LIBRARY, "neither Batch nor NonBatch"},
      {config("transforms"), DSBIND_TEST_LIBRARY, "asks for 2 pictures"},
  };
  for (const auto &each : cases) {
    Tracker rig;
    CHECK(!rig.start(each.config, each.library));
    check_has(rig.message(GST_MESSAGE_ERROR), each.error);
    rig.stop();
    g_object_set(rig.element, "ll-lib-file", "", nullptr);
    rig.must_start(sample("IOU")); /* it starts again with what is right */
  }
  for (const char *wrong : {"0,1;1,2", "a", "0,1;;2", "4097:1", ":"}) {
    Tracker rig;
    g_object_set(rig.element, "sub-batches", wrong, nullptr);
    CHECK(!rig.start(sample("IOU")));
    check_has(rig.message(GST_MESSAGE_ERROR), "sub-batches=");
  }
  Tracker many;
  g_object_set(many.element, "sub-batches", "0;1;2", nullptr);
  CHECK(!many.start(sample("IOU") + ";" + sample("NvSORT")));
  check_has(many.message(GST_MESSAGE_ERROR), "names 2 files for 3 sub-batches");
  Tracker bare;
  bare.must_start(sample("IOU"));
  CHECK(!bare.push({{walker(0)}}, true, false, false));
  check_has(bare.message(GST_MESSAGE_ERROR), "put nvstreammux upstream");
  Tracker typo;
  typo.must_start(config("TargetManagement:\n  probationAg: 3\n"));
  check_has(typo.message(GST_MESSAGE_WARNING), "did you mean probationAge?");
  puts("start: every reason told, and it starts again");
}

static void bin_has_the_properties() {
  Tracker rig("nvtrackerbin");
  rig.must_start(sample("NvSORT"));
  guint width = 0;
  g_object_set(rig.element, "tracker-width", 320, nullptr);
  g_object_get(rig.element, "tracker-width", &width, nullptr);
  CHECK_INT(width, 320);
  GstElement *tracker = gst_bin_get_by_name(GST_BIN(rig.element), "nvtracker");
  guint ours = 0, theirs = 0;
  GParamSpec **specs = g_object_class_list_properties(G_OBJECT_GET_CLASS(tracker), &theirs);
  for (guint i = 0; i < theirs; i++)
    if (specs[i]->owner_type == G_OBJECT_TYPE(tracker)) {
      CHECK(g_object_class_find_property(G_OBJECT_GET_CLASS(rig.element), specs[i]->name));
      ours++;
    }
  CHECK_INT(ours, 15);
  g_free(specs);
  gst_object_unref(tracker);
  puts("bin: all 15 properties of nvtracker");
}

int main(int argc, char **argv) {
  g_setenv("GST_PLUGIN_PATH", DSBIND_TEST_PLUGINS, FALSE);
  gchar *allowed = g_path_get_dirname(DSBIND_TEST_LIBRARY);
  g_setenv("DSBIND_LIBRARY_PATH", allowed, TRUE);
  g_free(allowed);
  gst_init(&argc, &argv);
  gchar *made = g_dir_make_tmp("tracker-XXXXXX", nullptr);
  CHECK(made != nullptr);
  folder = made;
  g_free(made);
  matched_unmatched_and_removed();
  boxes_are_clipped();
  parents_that_go_are_forgotten();
  intervals_and_probes();
  streams_are_apart();
  ids_begin_anew_where_asked();
  past_frames_are_attached();
  flush_begins_anew();
  other_libraries_are_used();
  /* Without it here: test_native_tracker.py runs this with ONNX Runtime. */
  if (g_getenv("DSBIND_ONNXRUNTIME")) looks_are_told();
  garbage_is_an_error();
  what_cannot_start_says_why();
  bin_has_the_properties();
  const std::string clean = "rm -r '" + folder + "'";
  return system(clean.c_str());
}
