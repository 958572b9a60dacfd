/* SPDX-License-Identifier: Apache-2.0 */
/* What an nvdsanalytics config file asks for. */
#ifndef DSBIND_ANALYTICS_RULES_H
#define DSBIND_ANALYTICS_RULES_H

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "geometry.h"

namespace dsbind::analytics {

/* How closely a movement must follow the direction that a rule gives. */
enum class Mode { Loose, Balanced, Strict };

/* What is the same for all kinds of rules. No class ids: all classes. */
struct Rule {
  std::string label;
  std::vector<int> class_ids;
  bool concerns(int class_id) const;
};

struct RoiRule : Rule {
  Polygon region;
  bool inverse = false; /* what is outside counts */
};

struct CrowdRule : Rule {
  Polygon region;
  unsigned threshold = 1; /* objects */
  int64_t time = 0;       /* nanoseconds that they must stay */
};

struct LineRule : Rule {
  Segment line, arrow;
  bool extended = false; /* the line goes on at both ends */
  Mode mode = Mode::Balanced;
  bool same(const LineRule &other) const;
};

struct DirectionRule : Rule {
  Segment arrow;
  Mode mode = Mode::Balanced;
};

struct StreamRules {
  std::vector<RoiRule> rois;
  std::vector<CrowdRule> crowds;
  std::vector<LineRule> lines;
  std::vector<DirectionRule> directions;

  bool needs_ids() const { return !lines.empty() || !directions.empty(); }
  /* For frames of another size. */
  StreamRules scaled(double x, double y) const;
};

enum class OsdMode { Nothing, Shapes, Counts };

struct Rules {
  std::string path;
  bool enabled = true;
  /* The size in pixels that all coordinates are for. */
  unsigned width = 1920, height = 1080;
  OsdMode osd_mode = OsdMode::Counts;
  unsigned font_size = 12;
  std::map<unsigned, StreamRules> streams; /* by source id */
  std::vector<std::string> warnings;
};

/* Reads INI or YAML. Throws infer::Error, which names file, line, group and key. */
Rules load_rules(const std::string &path);

}  // namespace dsbind::analytics

#endif
