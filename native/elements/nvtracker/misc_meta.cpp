/* SPDX-License-Identifier: Apache-2.0 */
#include "misc_meta.h"

#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace dsbind::nvtracker {
namespace {

constexpr unsigned kMaxFrames = 4096; /* of one trajectory */

/* Zero pages cost nothing until they are written. */
std::unique_ptr<NvDsTargetMiscDataFrame[], void (*)(void *)> allocate(size_t count) {
  auto *memory = static_cast<NvDsTargetMiscDataFrame *>(
      calloc(std::max<size_t>(count, 1), sizeof(NvDsTargetMiscDataFrame)));
  if (!memory) throw std::bad_alloc();
  return {memory, free};
}

gpointer copy_list(gpointer data, gpointer) {
  auto *batch = static_cast<NvDsTargetMiscDataBatch *>(
      static_cast<NvDsUserMeta *>(data)->user_meta_data);
  try {
    auto copy = std::make_unique<MiscBatch>(*static_cast<MiscBatch *>(batch->priv_data));
    return copy.release()->data();
  } catch (const std::bad_alloc &) {
    return nullptr;
  }
}

void release_list(gpointer data, gpointer) {
  auto *user = static_cast<NvDsUserMeta *>(data);
  if (!user->user_meta_data) return;
  auto *list = static_cast<MiscBatch *>(
      static_cast<NvDsTargetMiscDataBatch *>(user->user_meta_data)->priv_data);
  user->user_meta_data = nullptr;
  if (list->pool)
    list->pool->give_back(list);
  else
    delete list;
}

}  // namespace

MiscBatch::MiscBatch(NvDsMetaType type, unsigned streams, unsigned targets, unsigned frames)
    : type_(type),
      streams_(streams),
      objects_(size_t{streams} * targets),
      frames_(allocate(size_t{streams} * targets * frames)),
      targets_(targets),
      per_target_(frames) {
  clear();
}

void MiscBatch::clear() {
  const auto streams = static_cast<uint32_t>(streams_.size());
  data_ = {streams_.data(), streams, 0, this};
  for (uint32_t s = 0; s < streams; s++) {
    streams_[s] = {objects_.data() + size_t{s} * targets_, 0, 0, targets_, 0};
    for (uint32_t t = 0; t < targets_; t++) {
      NvDsTargetMiscDataObject &object = streams_[s].list[t];
      object.list = frames_.get() + (size_t{s} * targets_ + t) * per_target_;
      object.numObj = 0;
      object.numAllocated = per_target_;
    }
  }
}

MiscBatch::MiscBatch(const MiscBatch &other)
    : type_(other.type_), streams_(other.data_.numFilled), frames_(nullptr, free) {
  size_t objects = 0, frames = 0;
  for (uint32_t s = 0; s < other.data_.numFilled; s++) {
    objects += other.streams_[s].numFilled;
    for (uint32_t t = 0; t < other.streams_[s].numFilled; t++)
      frames += other.streams_[s].list[t].numObj;
  }
  objects_.resize(objects);
  frames_ = allocate(frames);
  NvDsTargetMiscDataObject *object = objects_.data();
  NvDsTargetMiscDataFrame *frame = frames_.get();
  const auto count = static_cast<uint32_t>(streams_.size());
  for (uint32_t s = 0; s < count; s++) {
    streams_[s] = other.streams_[s];
    streams_[s].list = object;
    streams_[s].numAllocated = streams_[s].numFilled;
    for (uint32_t t = 0; t < streams_[s].numFilled; t++, object++) {
      *object = other.streams_[s].list[t];
      std::copy_n(object->list, object->numObj, frame);
      object->list = frame;
      object->numAllocated = object->numObj;
      frame += object->numObj;
    }
  }
  data_ = {streams_.data(), count, count, this};
}

std::string MiscBatch::check() const {
  if (data_.list != streams_.data() || data_.numAllocated != streams_.size())
    return "a list of streams was replaced by another one";
  if (data_.numFilled > data_.numAllocated) return "more streams than there is room for";
  for (uint32_t s = 0; s < data_.numFilled; s++) {
    const NvDsTargetMiscDataStream &stream = streams_[s];
    if (stream.list != objects_.data() + size_t{s} * targets_)
      return "a list of targets was replaced by another one";
    if (stream.numFilled > targets_) return "more targets than there is room for";
    for (uint32_t t = 0; t < stream.numFilled; t++) {
      const NvDsTargetMiscDataObject &object = stream.list[t];
      if (object.list != frames_.get() + (size_t{s} * targets_ + t) * per_target_)
        return "a list of frames was replaced by another one";
      if (object.numObj > per_target_) return "more frames than there is room for";
      if (!memchr(object.objLabel, 0, sizeof object.objLabel)) return "a label without an end";
      for (uint32_t i = 0; i < object.numObj; i++) {
        const NvOSD_RectParams &box = object.list[i].tBbox;
        if (!std::isfinite(box.left) || !std::isfinite(box.top) || !std::isfinite(box.width) ||
            !std::isfinite(box.height))
          return "a box that is no number";
      }
    }
  }
  return {};
}

void MiscBatch::scale(float x, float y) {
  data_.priv_data = this;
  for (uint32_t s = 0; s < data_.numFilled; s++)
    for (uint32_t t = 0; t < streams_[s].numFilled; t++)
      for (uint32_t i = 0; i < streams_[s].list[t].numObj; i++) {
        NvOSD_RectParams &box = streams_[s].list[t].list[i].tBbox;
        box.left /= x;
        box.width /= x;
        box.top /= y;
        box.height /= y;
      }
}

MiscPool::MiscPool(NvDsMetaType type, unsigned size, unsigned streams, const NvMOTQuery &query)
    : type_(type), left_(size), streams_(streams), targets_(query.maxTargetsPerStream) {
  if (type == NVDS_TRACKER_TERMINATED_LIST_META)
    frames_ = query.maxTrajectoryBufferLength;
  else
    frames_ = type == NVDS_TRACKER_SHADOW_LIST_META ? 1 : query.maxShadowTrackingAge + 1;
  frames_ = std::clamp(frames_, 1u, kMaxFrames);
}

MiscBatch *MiscPool::take() {
  std::lock_guard<std::mutex> guard(mutex_);
  std::unique_ptr<MiscBatch> batch;
  if (!free_.empty()) {
    batch = std::move(free_.back());
    free_.pop_back();
  } else if (left_) {
    batch = std::make_unique<MiscBatch>(type_, streams_, targets_, frames_);
    left_--;
  } else {
    return nullptr;
  }
  batch->pool = shared_from_this();
  return batch.release();
}

void MiscPool::give_back(MiscBatch *batch) {
  /* The pool may end with its last list. */
  std::shared_ptr<MiscPool> alive = std::move(batch->pool);
  batch->clear();
  std::lock_guard<std::mutex> guard(mutex_);
  free_.emplace_back(batch);
}

MiscBatch *MiscPools::take(NvDsMetaType type, const NvMOTQuery &query) {
  std::lock_guard<std::mutex> guard(mutex_);
  for (auto &[known, pool] : pools_) {
    if (known != type) continue;
    MiscBatch *batch = pool->take();
    exhausted = exhausted || !batch;
    return batch;
  }
  pools_.emplace_back(type, std::make_shared<MiscPool>(type, size_, streams_, query));
  return pools_.back().second->take();
}

void attach_list(NvDsBatchMeta *batch, MiscBatch *list) {
  NvDsUserMeta *user = nvds_acquire_user_meta_from_pool(batch);
  if (!user) {
    list->pool->give_back(list);
    return;
  }
  user->base_meta.meta_type = list->type();
  user->base_meta.uContext = nullptr;
  user->base_meta.copy_func = copy_list;
  user->base_meta.release_func = release_list;
  user->user_meta_data = list->data();
  nvds_add_user_meta_to_batch(batch, user);
}

}  // namespace dsbind::nvtracker
