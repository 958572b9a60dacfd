/* SPDX-License-Identifier: Apache-2.0 */
/* Follows the objects of one stream through its regions and across its lines. */
#ifndef DSBIND_ANALYTICS_ANALYZER_H
#define DSBIND_ANALYTICS_ANALYZER_H

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "nvds_analytics_meta.h"
#include "rules.h"

namespace dsbind::analytics {

/* An object in one frame. It stands where the bottom of its box has its middle. */
struct Seen {
  uint64_t id = 0;
  bool tracked = false; /* `id` is the same in every frame */
  int class_id = 0;
  Point foot;
  double height = 0; /* of its box, pixels */
};

class Analyzer {
 public:
  /* Rules in the pixels of the frames. */
  explicit Analyzer(StreamRules rules);

  const StreamRules &rules() const { return rules_; }

  /* The next frame, at a time in nanoseconds. `infos` gets one entry for each object. */
  void update(int64_t time, const std::vector<Seen> &objects,
              std::vector<NvDsAnalyticsObjInfo> *infos, NvDsAnalyticsFrameMeta *frame);

  /* Takes over what another analyzer knows: where the objects are and, of the lines that are the
   * same, how often they were crossed. */
  void adopt(const Analyzer &other);

  /* The stream starts over: objects are forgotten, counts stay. */
  void restart();

  size_t tracks() const { return tracks_.size(); }

 private:
  struct Sample {
    int64_t time;
    Point foot;
  };
  /* Where an object is with regard to one line. */
  struct LineState {
    int side = 0;         /* it was last seen clear of the line on; 0 before that */
    int64_t since = 0;    /* when it was first seen there */
    bool touched = false; /* its way met the line since it was last seen clear of it */
  };
  struct Track {
    int64_t last_seen = 0;
    std::deque<Sample> trail; /* of about a second */
    std::vector<LineState> lines;
  };

  Track &follow(int64_t time, const Seen &object, bool *is_new, Point *previous);
  static bool crosses(const LineRule &rule, const Track &track, LineState *state,
                      const Seen &object, Point previous);
  void judge_movement(const Seen &object, Point movement, NvDsAnalyticsObjInfo *info) const;
  void count_regions(int64_t time, const std::vector<Seen> &objects,
                     std::vector<NvDsAnalyticsObjInfo> *infos, NvDsAnalyticsFrameMeta *frame);
  void forget(int64_t time);

  StreamRules rules_;
  std::vector<uint64_t> crossed_;       /* of each line, since the start */
  std::vector<int64_t> crowded_since_;  /* of each crowd rule; kNever */
  std::unordered_map<uint64_t, Track> tracks_;
  int64_t now_ = 0, next_sweep_ = 0;
  bool started_ = false;
};

}  // namespace dsbind::analytics

#endif
