/* SPDX-License-Identifier: Apache-2.0 */
#include "context.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>
#include <utility>

#include "error.h"

namespace dsbind::nvtracker {
namespace {

/* Where a library does not say how many targets there may be. */
constexpr unsigned kDefaultTargets = 150;
constexpr unsigned kMaxTargets = 65536;
constexpr unsigned kMaxFeatures = 1 << 16;

char *path_of(const std::string &config) {
  return config.empty() ? nullptr : const_cast<char *>(config.c_str());
}

uint16_t size_of(const std::string &config) {
  return config.empty() ? 0 : static_cast<uint16_t>(config.size() + 1);
}

bool finite(const NvMOTRect &box) {
  return std::isfinite(box.x) && std::isfinite(box.y) && std::isfinite(box.width) &&
         std::isfinite(box.height);
}

std::string joined(const std::vector<std::string> &texts) {
  std::string all;
  for (const std::string &text : texts) all += (all.empty() ? "" : "; ") + text;
  return all;
}

}  // namespace

NvMOTQuery Context::ask(const Library &library, const std::string &config) {
  NvMOTQuery query{};
  query.batchMode = NvMOTBatchMode_Batch;
  query.computeConfig = NVMOTCOMP_ANY;
  if (config.size() >= UINT16_MAX)
    throw Error(ErrorKind::Settings, "ll-config-file is longer than a path can be");
  if (library.query) {
    const NvMOTStatus status = library.query(size_of(config), path_of(config), &query);
    if (status != NvMOTStatus_OK) {
      const std::string why = joined(library.messages());
      throw Error(ErrorKind::Settings,
                  why.empty() ? library.path() + " refuses the config '" + config +
                                    "' (ll-config-file): NvMOT_Query returned status " +
                                    std::to_string(status)
                              : why);
    }
  }
  if (query.batchMode != NvMOTBatchMode_Batch && query.batchMode != NvMOTBatchMode_NonBatch)
    throw Error(ErrorKind::Library, library.path() + ": NvMOT_Query returned batchMode " +
                                        std::to_string(query.batchMode) +
                                        ", which is neither Batch nor NonBatch");
  if (query.numTransforms > 1)
    throw Error(ErrorKind::Library, library.path() + " asks for " +
                                        std::to_string(query.numTransforms) +
                                        " pictures of each frame; one is possible");
  if (query.numTransforms && dsbind_video_format(query.colorFormats[0]) == GST_VIDEO_FORMAT_UNKNOWN)
    throw Error(ErrorKind::Library, library.path() + " asks for color format " +
                                        std::to_string(query.colorFormats[0]) +
                                        ", which frames cannot be converted to");
  if (query.outputReidTensor && (query.reidFeatureSize < 1 || query.reidFeatureSize > kMaxFeatures))
    throw Error(ErrorKind::Library, library.path() + ": NvMOT_Query returned reidFeatureSize " +
                                        std::to_string(query.reidFeatureSize));
  if (!query.maxTargetsPerStream) query.maxTargetsPerStream = kDefaultTargets;
  query.maxTargetsPerStream = std::min(query.maxTargetsPerStream, kMaxTargets);
  return query;
}

Context::Context(const Library &library, const NvMOTQuery &query, const Properties &properties,
                 const std::string &config, unsigned max_streams)
    : library_(library),
      query_(query),
      properties_(properties),
      config_(config),
      max_streams_(max_streams) {
  open();
}

Context::~Context() {
  close();
  if (scaled_) NvBufSurfaceDestroy(scaled_);
}

void Context::open() {
  NvMOTPerTransformBatchConfig transform{};
  transform.bufferType = query_.memType;
  transform.maxWidth = properties_.width;
  transform.maxHeight = properties_.height;
  NvMOTConfig config{};
  config.computeConfig = query_.computeConfig;
  config.maxStreams = max_streams_;
  config.numTransforms = query_.numTransforms;
  config.perTransformBatchConfig = &transform;
  config.miscConfig.gpuId = properties_.gpu_id;
  config.customConfigFilePathSize = size_of(config_);
  config.customConfigFilePath = path_of(config_);
  NvMOTConfigResponse response{};
  const NvMOTStatus status = library_.init(&config, &handle_, &response);
  if (status != NvMOTStatus_OK || !handle_) {
    const std::string why = joined(library_.messages());
    throw Error(ErrorKind::Settings,
                why.empty()
                    ? library_.path() + " cannot start with the config '" + config_ +
                          "' (ll-config-file): NvMOT_Init returned status " +
                          std::to_string(status) + ", customConfigStatus " +
                          std::to_string(response.customConfigStatus)
                    : why);
  }
  for (std::string &text : library_.messages()) messages_.push_back(std::move(text));
}

void Context::close() {
  if (handle_) library_.deinit(handle_);
  handle_ = nullptr;
}

std::vector<std::string> Context::take_messages() { return std::exchange(messages_, {}); }

void Context::fail(const std::string &what) const {
  throw Error(ErrorKind::Run, library_.path() + " (config '" + config_ + "'): " + what);
}

std::string Context::words() {
  const std::string why = joined(library_.messages());
  return why.empty() ? "" : ": " + why;
}

void Context::make_room(size_t count) {
  if (frames_.size() < count) {
    frames_.resize(count);
    objects_.resize(count);
    lists_.resize(count);
    tracked_.resize(count);
    buffers_.resize(count);
  }
  for (size_t i = 0; i < count; i++)
    if (tracked_[i].size() < query_.maxTargetsPerStream)
      tracked_[i].resize(query_.maxTargetsPerStream);
}

void Context::fill(FrameIn *in, size_t index, const std::set<int> &class_ids) {
  const NvDsFrameMeta *meta = in->meta;
  in->scale_x = static_cast<float>(properties_.width) / static_cast<float>(in->surface->width);
  in->scale_y = static_cast<float>(properties_.height) / static_cast<float>(in->surface->height);
  std::vector<NvMOTObjToTrack> &objects = objects_[index];
  objects.clear();
  in->objects.clear();
  for (const GList *l = meta->obj_meta_list; l; l = l->next) {
    auto *object = static_cast<NvDsObjectMeta *>(l->data);
    if (!class_ids.empty() && !class_ids.count(object->class_id)) continue;
    const NvOSD_RectParams &rect = object->rect_params;
    NvMOTObjToTrack one{};
    one.classId = static_cast<NvMOTClassId>(object->class_id);
    one.bbox = {rect.left * in->scale_x, rect.top * in->scale_y, rect.width * in->scale_x,
                rect.height * in->scale_y};
    one.confidence = object->confidence;
    one.doTracking = true;
    one.pPreservedData = object;
    objects.push_back(one);
    in->objects.push_back(object);
  }
  NvMOTFrame &frame = frames_[index];
  frame = NvMOTFrame{};
  frame.streamID = in->stream;
  frame.seq_index = static_cast<uint32_t>(index);
  frame.frameNum = static_cast<NvMOTFrameNum>(meta->frame_num);
#if DSBIND_ABI >= 901
  frame.timeMeta.frameNum = frame.frameNum;
  frame.timeMeta.frameTimeStamp = meta->buf_pts;
  frame.timeMeta.localTimestamp = NvDsCurrentTimestampNs();
  frame.timeMeta.frameTimeValid = meta->buf_pts != GST_CLOCK_TIME_NONE;
  frame.sensorName = meta->sensorInfo_meta.sensor_name;
#else
  frame.timeStamp = static_cast<time_t>(meta->buf_pts);
  frame.timeStampValid = meta->buf_pts != GST_CLOCK_TIME_NONE;
#endif
  frame.srcFrameWidth = in->surface->width;
  frame.srcFrameHeight = in->surface->height;
  frame.doTracking = true;
  frame.reset = in->reset;
  /* Objects that a probe added were detected, too. */
  frame.objectsIn.detectionDone = meta->bInferDone || !objects.empty();
  frame.objectsIn.list = objects.data();
  frame.objectsIn.numAllocated = frame.objectsIn.numFilled = static_cast<uint32_t>(objects.size());
  /* What a library leaves out must not be of an earlier frame. */
  std::fill_n(tracked_[index].begin(),
              std::min(lists_[index].numFilled, query_.maxTargetsPerStream), NvMOTTrackedObj{});
  lists_[index] = NvMOTTrackedObjList{};
  lists_[index].list = tracked_[index].data();
  lists_[index].numAllocated = query_.maxTargetsPerStream;
}

/* All frames of the batch in one transform, to the size and format that the library asked for. */
void Context::convert(const std::vector<FrameIn> &frames, NvBufSurfaceMemType type) {
  const auto count = static_cast<guint>(frames.size());
  if (!scaled_ || scaled_->batchSize < count) {
    if (scaled_) NvBufSurfaceDestroy(scaled_);
    GstVideoInfo info;
    gst_video_info_set_format(&info, dsbind_video_format(query_.colorFormats[0]),
                              properties_.width, properties_.height);
    GError *error = nullptr;
    scaled_ = dsbind_surface_new_at(&info, count, {properties_.gpu_id, query_.memType}, &error);
    if (!scaled_) {
      const std::string why = error->message;
      g_error_free(error);
      throw Error(ErrorKind::Run, why);
    }
  }
  sources_.resize(count);
  rects_.resize(2 * size_t{count});
  for (guint i = 0; i < count; i++) {
    sources_[i] = *frames[i].surface;
    rects_[i] = rects_[count + i] = NvBufSurfTransformRect{};
    rects_[i].width = sources_[i].width;
    rects_[i].height = sources_[i].height;
    rects_[count + i].width = properties_.width;
    rects_[count + i].height = properties_.height;
  }
  NvBufSurface from{};
  from.gpuId = properties_.gpu_id;
  from.batchSize = from.numFilled = count;
  from.memType = type;
  from.surfaceList = sources_.data();
  scaled_->numFilled = count;
  NvBufSurfTransformParams params{};
  params.transform_flag =
      NVBUFSURF_TRANSFORM_CROP_SRC | NVBUFSURF_TRANSFORM_CROP_DST | NVBUFSURF_TRANSFORM_FILTER;
  params.transform_filter = NvBufSurfTransformInter_Bilinear;
  params.src_rect = rects_.data();
  params.dst_rect = rects_.data() + count;
  const NvBufSurfTransform_Error code =
      dsbind_transform(&from, scaled_, &params,
                       static_cast<NvBufSurfTransform_Compute>(properties_.compute),
                       properties_.gpu_id);
  if (code != NvBufSurfTransformError_Success)
    throw Error(ErrorKind::Run, "frames could not be scaled to " +
                                    std::to_string(properties_.width) + " x " +
                                    std::to_string(properties_.height) +
                                    " pixels for the tracker: " + dsbind_transform_error(code));
  for (guint i = 0; i < count; i++) {
    buffers_[i] = &scaled_->surfaceList[i];
    frames_[i].numBuffers = 1;
    frames_[i].bufferList = &buffers_[i];
  }
}

void Context::process(std::vector<FrameIn> *frames, NvBufSurfaceMemType type,
                      const std::set<int> &class_ids, std::vector<std::vector<Tracked>> *results) {
  const size_t count = frames->size();
  results->resize(count);
  make_room(count);
  for (size_t i = 0; i < count; i++) fill(&(*frames)[i], i, class_ids);
  if (query_.numTransforms) convert(*frames, type);
  has_features_ = false;
  for (;;) {
    NvMOTTrackedObjBatch batch{};
    batch.list = lists_.data();
    batch.numAllocated = static_cast<uint32_t>(count);
    if (query_.outputReidTensor) {
      feature_data_.resize(size_t{query_.reidFeatureSize} * query_.maxTargetsPerStream * count);
      features_ = NvDsReidTensorBatch{};
      features_.featureSize = query_.reidFeatureSize;
      features_.ptr_host = feature_data_.data();
      batch.pReidTensorBatch = &features_;
    }
    params_ = {static_cast<uint32_t>(count), frames_.data()};
    NvMOTStatus status = NvMOTStatus_Error;
    std::string thrown;
    try {
      status = library_.process(handle_, &params_, &batch);
    } catch (const std::exception &error) {
      thrown = std::string(": ") + error.what();
    } catch (...) {
      thrown = ": it threw an exception";
    }
    const std::string why = "NvMOT_Process returned status " + std::to_string(status) + thrown;
    if (status == NvMOTStatus_OK && thrown.empty()) {
      if (batch.numFilled > count)
        fail("NvMOT_Process returned " + std::to_string(batch.numFilled) + " lists for " +
             std::to_string(count) + " frames");
      for (size_t i = 0; i < count; i++) {
        (*results)[i].clear();
        if (i < batch.numFilled) check(*frames, i, &(*results)[i]);
      }
      has_features_ = query_.outputReidTensor && features_.ptr_host == feature_data_.data() &&
                      features_.featureSize == query_.reidFeatureSize &&
                      features_.numFilled <= query_.maxTargetsPerStream * count;
      failures_ = 0;
      return;
    }
    const std::string told = words();
    failures_++;
    if (properties_.recovery_trials >= 0 && failures_ > properties_.recovery_trials)
      fail(why + told);
    messages_.push_back(library_.path() + ": " + why + told + "; it is started anew");
    close();
    open();
    for (size_t i = 0; i < count; i++) lists_[i].numFilled = 0;
  }
}

/* Nothing that a library returns is believed. */
void Context::check(const std::vector<FrameIn> &frames, size_t index,
                    std::vector<Tracked> *results) {
  const FrameIn &frame = frames[index];
  const NvMOTTrackedObjList &list = lists_[index];
  const std::vector<NvMOTObjToTrack> &objects = objects_[index];
  if (!list.valid) return;
  const std::string where = "stream " + std::to_string(frame.stream >> 32) + ", frame " +
                            std::to_string(frame.meta->frame_num) + ": ";
  if (list.streamID != frame.stream)
    fail(where + "the list that came back is of stream " + std::to_string(list.streamID >> 32));
  if (list.list != tracked_[index].data() || list.numAllocated != query_.maxTargetsPerStream)
    fail(where + "the list of targets was replaced by another one");
  if (list.numFilled > list.numAllocated)
    fail(where + "numFilled is " + std::to_string(list.numFilled) + " of " +
         std::to_string(list.numAllocated) + " targets that there is room for");
  std::unordered_set<uint64_t> ids;
  std::vector<bool> taken(objects.size());
  for (uint32_t i = 0; i < list.numFilled; i++) {
    const NvMOTTrackedObj &object = list.list[i];
    const std::string who = where + "target " + std::to_string(object.trackingId);
    if (!finite(object.bbox) || !std::isfinite(object.confidence))
      fail(who + " has a box or a confidence that is no number");
    if (!ids.insert(object.trackingId).second) fail(who + " is there twice");
    Tracked tracked;
    tracked.id = object.trackingId;
    tracked.class_id = object.classId;
    tracked.confidence = object.confidence;
    tracked.raw = &object;
    if (object.associatedObjectIn) {
      const auto offset = reinterpret_cast<uintptr_t>(object.associatedObjectIn) -
                          reinterpret_cast<uintptr_t>(objects.data());
      if (objects.empty() || offset % sizeof(NvMOTObjToTrack) ||
          offset / sizeof(NvMOTObjToTrack) >= objects.size())
        fail(who + " is associated with an object that is not of this frame");
      const size_t place = offset / sizeof(NvMOTObjToTrack);
      if (taken[place]) fail(who + " is associated with an object that another target has");
      taken[place] = true;
      tracked.object = static_cast<int>(place);
    }
    if (object.bbox.width <= 0 || object.bbox.height <= 0) continue;
    tracked.box = {object.bbox.x / frame.scale_x, object.bbox.y / frame.scale_y,
                   object.bbox.width / frame.scale_x, object.bbox.height / frame.scale_y};
    results->push_back(tracked);
  }
}

void Context::remove(NvMOTStreamId stream) {
  if (library_.remove_streams) library_.remove_streams(handle_, stream);
}

std::string Context::update(const std::string &config, const std::string &text) {
  const std::string refused = config + " (ll-config-file) is not taken up while running: ";
  if (!library_.update_params) return refused + library_.path() + " has no NvMOT_UpdateParams";
  NvMOTStatus status = NvMOTStatus_Error;
  try {
    status = library_.update_params(handle_, text);
  } catch (...) { /* as a status that is not OK */
  }
  if (status != NvMOTStatus_OK)
    return refused + "NvMOT_UpdateParams returned status " + std::to_string(status) + words();
  config_ = config;
  for (std::string &told : library_.messages()) messages_.push_back(std::move(told));
  return {};
}

void Context::retrieve(MiscPools *pools, std::vector<MiscBatch *> *lists) {
  if (!library_.retrieve) return;
  const bool past = query_.supportPastFrame, ended = query_.outputTerminatedTracks,
             shadow = query_.outputShadowTracks;
  if (!past && !ended && !shadow) return;
  MiscBatch *batches[] = {past ? pools->take(NVDS_TRACKER_PAST_FRAME_META, query_) : nullptr,
                          ended ? pools->take(NVDS_TRACKER_TERMINATED_LIST_META, query_) : nullptr,
                          shadow ? pools->take(NVDS_TRACKER_SHADOW_LIST_META, query_) : nullptr};
  NvMOTTrackerMiscData data{batches[0] ? batches[0]->data() : nullptr,
                            batches[1] ? batches[1]->data() : nullptr,
                            batches[2] ? batches[2]->data() : nullptr};
  const NvMOTStatus status = library_.retrieve(handle_, &params_, &data);
  std::string wrong;
  for (MiscBatch *batch : batches) {
    if (!batch) continue;
    if (status == NvMOTStatus_OK && wrong.empty() && !(wrong = batch->check()).empty())
      batch->clear();
    if (status == NvMOTStatus_OK && wrong.empty() && batch->data()->numFilled)
      lists->push_back(batch);
    else
      pools->give_back(batch);
  }
  if (status != NvMOTStatus_OK)
    fail("NvMOT_RetrieveMiscData returned status " + std::to_string(status) + words());
  if (!wrong.empty()) fail("NvMOT_RetrieveMiscData: " + wrong);
}

}  // namespace dsbind::nvtracker
