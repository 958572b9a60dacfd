/* SPDX-License-Identifier: Apache-2.0 */
#include "history.h"

#include <cstdlib>

namespace dsbind::infer {
namespace {

constexpr float kGrowth = 1.2f;        /* of the area: the object shows more than it did */
constexpr int64_t kCleanEvery = 100;   /* frames */
constexpr int64_t kForgetAfter = 600;  /* frames out of sight */
constexpr size_t kMaxObjects = 16384;  /* of one source */

}  // namespace

bool History::wants(const ObjectKey &object, int64_t frame, float area) {
  std::lock_guard<std::mutex> lock(mutex_);
  Source &source = sources_[object.source];
  clean(&source, frame);
  auto found = source.objects.find(object.id);
  if (found == source.objects.end()) return true;
  Entry &entry = found->second;
  entry.seen = frame;
  /* Frames that count from the beginning again are another run of the source. */
  return frame < entry.inferred || frame - entry.inferred > static_cast<int64_t>(interval_) ||
         area > entry.area * kGrowth;
}

void History::begin(const ObjectKey &object, int64_t frame, float area) {
  std::lock_guard<std::mutex> lock(mutex_);
  Entry &entry = sources_[object.source].objects[object.id];
  entry.inferred = entry.seen = frame;
  entry.area = area;
}

void History::learn(const ObjectKey &object, const Found &found) {
  std::lock_guard<std::mutex> lock(mutex_);
  Source &source = sources_[object.source];
  auto entry = source.objects.find(object.id);
  if (entry == source.objects.end()) return; /* forgotten meanwhile */
  entry->second.has_result = true;
  entry->second.attributes = found.attributes;
  entry->second.description = found.description;
}

std::optional<Found> History::known(const ObjectKey &object) {
  std::lock_guard<std::mutex> lock(mutex_);
  Source &source = sources_[object.source];
  auto entry = source.objects.find(object.id);
  if (entry == source.objects.end() || !entry->second.has_result) return std::nullopt;
  Found found;
  found.attributes = entry->second.attributes;
  found.description = entry->second.description;
  return found;
}

void History::clean(Source *source, int64_t frame) {
  if (source->objects.size() > kMaxObjects) source->objects.clear();
  if (std::abs(frame - source->cleaned) < kCleanEvery) return;
  source->cleaned = frame;
  for (auto entry = source->objects.begin(); entry != source->objects.end();)
    if (std::abs(frame - entry->second.seen) > kForgetAfter)
      entry = source->objects.erase(entry);
    else
      ++entry;
}

}  // namespace dsbind::infer
