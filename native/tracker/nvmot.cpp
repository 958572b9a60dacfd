/* SPDX-License-Identifier: Apache-2.0 */
/* The NvMOT API: contexts of streams, frames in, targets out. No exception leaves it. */
#include <exception>
#include <map>
#include <memory>
#include <random>

#include "messages.h"
#include "misc.h"
#include "nvdstracker.h"
#include "picture.h"
#include "reid.h"
#include "stream.h"

#define EXPORT extern "C" __attribute__((visibility("default")))

using namespace dsbind::tracker;

namespace {

/* Frames of a trajectory that terminated tracks tell of. */
constexpr uint32_t kTrajectoryLength = 256;

std::string path_of(uint16_t size, const char *path) {
  if (!path) return {};
  return size ? std::string(path, strnlen(path, size)) : std::string(path);
}


}  // namespace

struct NvMOTContext {
  Config config;
  std::unique_ptr<VisualModel> visual;
  std::unique_ptr<Looks> looks;
  float width = 0, height = 0; /* of the pictures that boxes refer to; 0: the source's */
  std::map<NvMOTStreamId, Stream> streams;
  uint64_t next_id = 0;

  Stream &stream(NvMOTStreamId id) {
    auto found = streams.find(id);
    if (found != streams.end()) return found->second;
    uint64_t upper = 0;
    if (config.reassociation.unique_id) upper = uint64_t{std::random_device{}()} << 32;
    auto next = [this, upper] { return upper | (next_id++ & (upper ? UINT32_MAX : UINT64_MAX)); };
    return streams.try_emplace(id, &config, visual.get(), next, looks.get()).first->second;
  }

  std::vector<Detection> detections(const NvMOTObjToTrackList &objects) const;
  Scene scene_of(const NvMOTFrame &frame, Picture *picture) const;
  void process(const NvMOTFrame &frame, NvMOTTrackedObjList *out, NvDsReidTensorBatch *vectors);
};

namespace {

/* Tells one more vector; the caller made room for one of each target. */
NvDsObjReid tell_vector(const Eigen::MatrixXf &all, int column, NvDsReidTensorBatch *vectors) {
  const auto size = static_cast<uint32_t>(all.rows());
  float *place = vectors->ptr_host + size_t{vectors->numFilled++} * size;
  std::copy_n(all.col(column).data(), size, place);
  return {size, place, nullptr};
}

}  // namespace

Scene NvMOTContext::scene_of(const NvMOTFrame &frame, Picture *picture) const {
  Scene scene;
  scene.number = frame.frameNum;
  scene.width = width > 0 ? width : static_cast<float>(frame.srcFrameWidth);
  scene.height = height > 0 ? height : static_cast<float>(frame.srcFrameHeight);
  scene.detected = frame.objectsIn.detectionDone;
  if (frame.numBuffers && frame.bufferList && frame.bufferList[0] &&
      picture->open(*frame.bufferList[0]))
    scene.picture = picture;
  if (frame.numBuffers && frame.bufferList) scene.surface = frame.bufferList[0];
  return scene;
}

std::vector<Detection> NvMOTContext::detections(const NvMOTObjToTrackList &objects) const {
  std::vector<Detection> found;
  if (!objects.detectionDone || !objects.list) return found;
  found.reserve(objects.numFilled);
  for (uint32_t i = 0; i < objects.numFilled; i++) {
    const NvMOTObjToTrack &object = objects.list[i];
    const Box box{object.bbox.x, object.bbox.y, object.bbox.width, object.bbox.height};
    /* Detectors without a confidence report a negative one. */
    const float confidence = object.confidence < 0 ? 1 : object.confidence;
    if (!object.doTracking || !box.usable() || !(confidence >= config.min_detector_confidence))
      continue;
    found.push_back({box, confidence, object.classId, i});
  }
  return found;
}

void NvMOTContext::process(const NvMOTFrame &frame, NvMOTTrackedObjList *out,
                           NvDsReidTensorBatch *vectors) {
  Stream &follower = stream(frame.streamID);
  if (frame.reset) follower.reset();
  Picture picture;
  if (frame.doTracking) follower.update(scene_of(frame, &picture), detections(frame.objectsIn));
  out->streamID = frame.streamID;
  out->frameNum = frame.frameNum;
  out->valid = frame.doTracking;
  out->numFilled = 0;
  if (!frame.doTracking) return;
  for (const Target &target : follower.targets()) {
    if (!Stream::told(target)) continue;
    if (out->numFilled >= out->numAllocated) break;
    NvMOTTrackedObj *object = &out->list[out->numFilled++];
    *object = NvMOTTrackedObj{};
    object->classId = target.class_id;
    object->trackingId = target.id;
    object->bbox = {target.box.x, target.box.y, target.box.width, target.box.height};
    object->confidence = target.confidence;
    object->age = target.age;
    object->visibility = 1;
    if (!target.seen_now()) continue;
    const Detection &detection = follower.detections()[target.detection];
    object->associatedObjectIn = &frame.objectsIn.list[detection.index];
    if (vectors && detection.looks >= 0)
      object->reid = tell_vector(follower.looks(), detection.looks, vectors);
  }
}

EXPORT NvMOTStatus NvMOT_Query(uint16_t size, char *path, NvMOTQuery *query) {
  if (!query) return NvMOTStatus_Error;
  try {
    const Config config = load_config(path_of(size, path));
    query->computeConfig = NVMOTCOMP_CPU;
    const bool reid = config.reid.enabled();
    query->numTransforms = config.visual.enabled || reid ? 1 : 0;
    query->colorFormats[0] =
        config.visual.colors || reid ? NVBUF_COLOR_FORMAT_RGBA : NVBUF_COLOR_FORMAT_GRAY8;
    /* Correlation filters are of the CPU. */
    query->memType = reid && !config.visual.enabled ? reid_memory() : NVBUF_MEM_SYSTEM;
    query->maxTargetsPerStream = static_cast<uint32_t>(config.target.max_targets);
    query->maxShadowTrackingAge = static_cast<uint32_t>(config.target.max_shadow_age);
    query->outputReidTensor = reid && config.reid.output;
    query->reidFeatureSize = reid ? static_cast<uint32_t>(config.reid.feature_size) : 0;
    query->outputTrajectory = query->outputVisibility = false;
    query->outputFootLocation = query->outputConvexHull = false;
    query->maxConvexHullSize = 0;
    query->supportPastFrame = true;
    query->batchMode = NvMOTBatchMode_Batch;
    query->outputTerminatedTracks = config.target.output_terminated;
    query->maxTrajectoryBufferLength = kTrajectoryLength;
    query->outputShadowTracks = config.target.output_shadow;
    return NvMOTStatus_OK;
  } catch (const std::exception &error) {
    tell(error.what());
    return NvMOTStatus_Error;
  }
}

EXPORT NvMOTStatus NvMOT_Init(NvMOTConfig *in, NvMOTContextHandle *handle,
                              NvMOTConfigResponse *response) {
  if (!in || !handle || !response) return NvMOTStatus_Error;
  *response = NvMOTConfigResponse{};
  *handle = nullptr;
  try {
    auto context = std::make_unique<NvMOTContext>();
    context->config = load_config(path_of(in->customConfigFilePathSize, in->customConfigFilePath));
    if (in->perTransformBatchConfig) {
      context->width = static_cast<float>(in->perTransformBatchConfig->maxWidth);
      context->height = static_cast<float>(in->perTransformBatchConfig->maxHeight);
    }
    if (context->config.visual.enabled)
      context->visual = std::make_unique<VisualModel>(context->config.visual,
                                                      context->config.target.search_padding);
    if (context->config.reid.enabled())
      context->looks = std::make_unique<Reid>(
          context->config,
          in->perTransformBatchConfig ? in->perTransformBatchConfig->bufferType : NVBUF_MEM_SYSTEM,
          in->miscConfig.gpuId);
    for (const std::string &warning : context->config.warnings) tell(warning);
    *handle = context.release();
    return NvMOTStatus_OK;
  } catch (const std::exception &error) {
    tell(error.what());
    response->summaryStatus = response->customConfigStatus = NvMOTConfigStatus_Invalid;
    return NvMOTStatus_Error;
  }
}

EXPORT void NvMOT_DeInit(NvMOTContextHandle context) { delete context; }

EXPORT NvMOTStatus NvMOT_Process(NvMOTContextHandle context, NvMOTProcessParams *params,
                                 NvMOTTrackedObjBatch *out) {
  if (!context || !params || !out || (params->numFrames && !params->frameList) ||
      out->numAllocated < params->numFrames || (params->numFrames && !out->list))
    return NvMOTStatus_Error;
  try {
    NvDsReidTensorBatch *vectors = context->config.reid.output ? out->pReidTensorBatch : nullptr;
    if (vectors) {
      if (!vectors->ptr_host) return NvMOTStatus_Error;
      const auto size = static_cast<uint32_t>(context->config.reid.feature_size);
      /* The file may have changed since the caller asked how much room to make. */
      if (vectors->featureSize && vectors->featureSize != size) {
        tell("reidFeatureSize is " + std::to_string(size) + ", and there is room for vectors of " +
             std::to_string(vectors->featureSize) + "; start again");
        return NvMOTStatus_Error;
      }
      vectors->featureSize = size;
      vectors->numFilled = 0;
    }
    for (uint32_t i = 0; i < params->numFrames; i++)
      context->stream(params->frameList[i].streamID).begin();
    for (uint32_t i = 0; i < params->numFrames; i++)
      context->process(params->frameList[i], &out->list[i], vectors);
    out->numFilled = params->numFrames;
    return NvMOTStatus_OK;
  } catch (const std::exception &error) {
    tell(error.what());
    return NvMOTStatus_Error;
  }
}

EXPORT NvMOTStatus NvMOT_RetrieveMiscData(NvMOTContextHandle context, NvMOTProcessParams *params,
                                          NvMOTTrackerMiscData *out) {
  if (!context || !params || !out) return NvMOTStatus_Error;
  MiscWriter writer(out);
  std::map<NvMOTStreamId, uint32_t> last; /* a stream may have several frames */
  for (uint32_t i = 0; i < params->numFrames; i++)
    if (params->frameList[i].doTracking)
      last[params->frameList[i].streamID] = params->frameList[i].frameNum;
  for (const auto &[id, number] : last) {
    auto found = context->streams.find(id);
    if (found != context->streams.end()) writer.write(id, number, found->second);
  }
  return NvMOTStatus_OK;
}

EXPORT NvMOTStatus NvMOT_RemoveStreams(NvMOTContextHandle context, NvMOTStreamId stream) {
  if (!context) return NvMOTStatus_Error;
  context->streams.erase(stream);
  return NvMOTStatus_OK;
}

EXPORT NvMOTStatus NvMOT_UpdateParams(NvMOTContextHandle context, const std::string &text) {
  if (!context) return NvMOTStatus_Error;
  try {
    Config config = context->config;
    config.warnings.clear();
    read_config(text, "the update", &config);
    for (const std::string &warning : config.warnings) tell(warning);
    /* What memory and models were made for stays. */
    const Config &now = context->config;
    if (config.target.max_targets != now.target.max_targets ||
        config.target.search_padding != now.target.search_padding ||
        !config.visual.same(now.visual) || !config.reid.same_model(now.reid))
      throw ConfigError(
          "maxTargetsPerStream, searchRegionPaddingScale, the section VisualTracker and the model "
          "of ReID cannot change while running");
    context->config = std::move(config);
    return NvMOTStatus_OK;
  } catch (const std::exception &error) {
    tell(error.what());
    return NvMOTStatus_Error;
  }
}
