/* SPDX-License-Identifier: Apache-2.0 */
/* The analyzer with plain C functions, for ctypes. */
#include <cstring>
#include <memory>

#include "analyzer.h"
#include "analytics_view.h"

using namespace dsbind::analytics;

namespace {

struct Bridge {
  std::unique_ptr<Analyzer> analyzer;
  std::vector<NvDsAnalyticsObjInfo> infos;
  NvDsAnalyticsFrameMeta frame;
};

Segment segment(const double *v) { return {{v[0], v[1]}, {v[2], v[3]}}; }

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT int bridge_contains(const double *xy, size_t corners, double x, double y) {
  Polygon polygon;
  for (size_t i = 0; i < corners; i++) polygon.push_back({xy[2 * i], xy[2 * i + 1]});
  return contains(polygon, {x, y});
}

EXPORT int bridge_touch(const double *s, const double *t) { return touch(segment(s), segment(t)); }

EXPORT Bridge *bridge_new(const char *config, unsigned stream, double width, double height) {
  try {
    Rules rules = load_rules(config);
    const StreamRules &of_stream = rules.streams.at(stream);
    auto bridge = std::make_unique<Bridge>();
    bridge->analyzer = std::make_unique<Analyzer>(
        of_stream.scaled(width / rules.width, height / rules.height));
    return bridge.release();
  } catch (const std::exception &) {
    return nullptr;
  }
}

EXPORT void bridge_free(Bridge *bridge) { delete bridge; }

/* feet: x, y and the height of the box of each object. */
EXPORT void bridge_update(Bridge *bridge, int64_t time, size_t objects, const uint64_t *ids,
                          const int *classes, const double *feet) {
  std::vector<Seen> seen;
  for (size_t i = 0; i < objects; i++)
    seen.push_back({ids[i], ids[i] != UNTRACKED_OBJECT_ID, classes[i],
                    {feet[3 * i], feet[3 * i + 1]}, feet[3 * i + 2]});
  bridge->frame = {};
  bridge->analyzer->update(time, seen, &bridge->infos, &bridge->frame);
}

EXPORT uint64_t bridge_count(Bridge *bridge, int kind, const char *label) {
  std::vector<DsbindCount> counts(64);
  size_t n = dsbind_frame_counts(&bridge->frame, static_cast<DsbindCountKind>(kind), counts.data(),
                                 counts.size());
  for (size_t i = 0; i < n; i++)
    if (counts[i].label && std::strcmp(counts[i].label, label) == 0) return counts[i].value;
  return UINT64_MAX;
}

EXPORT const char *bridge_status(Bridge *bridge, size_t object, int kind, size_t index) {
  return dsbind_object_status(&bridge->infos.at(object), static_cast<DsbindStatusKind>(kind),
                              index);
}

EXPORT size_t bridge_tracks(Bridge *bridge) { return bridge->analyzer->tracks(); }
