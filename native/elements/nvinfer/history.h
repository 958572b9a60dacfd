/* SPDX-License-Identifier: Apache-2.0 */
/* What a classifier has said about tracked objects, so that it need not run on every frame. */
#ifndef DSBIND_NVINFER_HISTORY_H
#define DSBIND_NVINFER_HISTORY_H

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "found.h"

namespace dsbind::infer {

/* A tracked object of one source. */
struct ObjectKey {
  uint32_t source = 0;
  uint64_t id = 0;
};

class History {
 public:
  explicit History(unsigned reinfer_interval) : interval_(reinfer_interval) {}

  /* Whether an object of `area` square pixels should be classified in frame `frame` of its source:
   * when it is new, when its interval is over, or when it has come much closer. */
  bool wants(const ObjectKey &object, int64_t frame, float area);
  /* The object is being classified. */
  void begin(const ObjectKey &object, int64_t frame, float area);
  void learn(const ObjectKey &object, const Found &found);
  /* What was said last; nothing where no result has come yet. */
  std::optional<Found> known(const ObjectKey &object);

 private:
  struct Entry {
    int64_t inferred = 0, seen = 0; /* frames */
    float area = 0;
    bool has_result = false;
    std::vector<Attribute> attributes;
    std::string description;
  };
  struct Source {
    std::unordered_map<uint64_t, Entry> objects;
    int64_t cleaned = 0;
  };

  static void clean(Source *source, int64_t frame);

  const unsigned interval_;
  std::mutex mutex_;
  std::unordered_map<uint32_t, Source> sources_;
};

}  // namespace dsbind::infer

#endif
