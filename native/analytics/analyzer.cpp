/* SPDX-License-Identifier: Apache-2.0 */
#include "analyzer.h"

#include <algorithm>
#include <cmath>

namespace dsbind::analytics {
namespace {

constexpr int64_t kSecond = 1000000000;
constexpr int64_t kWindow = kSecond;    /* that a movement is judged by */
constexpr int64_t kStep = kWindow / 32; /* between two points of a trail */
constexpr int64_t kLost = 8 * kSecond;  /* an object that is away longer is forgotten */
constexpr size_t kMostTracks = 8192;
constexpr int64_t kNever = INT64_MIN;

/* Boxes tremble: less than this part of their height is no movement, and not across a line. */
constexpr double kTremble = 0.05;
constexpr double kLeastMovement = 2; /* pixels */

int sign(double value) { return (value > 0) - (value < 0); }

/* The cosine of the largest angle between a movement and the direction of a rule. */
double least_cosine_across(Mode mode) { return mode == Mode::Strict ? std::sqrt(0.5) : 0; }

double least_cosine_along(Mode mode) {
  switch (mode) {
    case Mode::Loose: return 0.5;             /* 60 degrees */
    case Mode::Balanced: return std::sqrt(0.5); /* 45 */
    case Mode::Strict: break;
  }
  return 0.92387953251128674; /* 22.5 */
}

double cosine(Point a, Point b) {
  double lengths = length(a) * length(b);
  return lengths > 0 ? dot(a, b) / lengths : 0;
}

}  // namespace

Analyzer::Analyzer(StreamRules rules)
    : rules_(std::move(rules)),
      crossed_(rules_.lines.size()),
      crowded_since_(rules_.crowds.size(), kNever) {}

void Analyzer::adopt(const Analyzer &other) {
  tracks_ = other.tracks_;
  for (auto &[id, track] : tracks_) track.lines.assign(rules_.lines.size(), {});
  now_ = other.now_;
  next_sweep_ = other.next_sweep_;
  started_ = other.started_;
  for (size_t i = 0; i < rules_.lines.size(); i++)
    for (size_t j = 0; j < other.rules_.lines.size(); j++)
      if (rules_.lines[i].same(other.rules_.lines[j])) {
        crossed_[i] = other.crossed_[j];
        for (auto &[id, track] : tracks_) track.lines[i] = other.tracks_.at(id).lines[j];
      }
}

void Analyzer::restart() {
  tracks_.clear();
  std::fill(crowded_since_.begin(), crowded_since_.end(), kNever);
  started_ = false;
}

void Analyzer::update(int64_t time, const std::vector<Seen> &objects,
                      std::vector<NvDsAnalyticsObjInfo> *infos, NvDsAnalyticsFrameMeta *frame) {
  if (!started_ || time < now_) {
    restart();
    started_ = true;
    next_sweep_ = time + kSecond;
  }
  now_ = time;
  infos->clear();
  infos->resize(objects.size());
  for (const LineRule &rule : rules_.lines) frame->objLCCurrCnt[rule.label] = 0;
  for (const Seen &object : objects) frame->objCnt[object.class_id]++;
  count_regions(time, objects, infos, frame);

  for (size_t i = 0; i < objects.size(); i++) {
    const Seen &object = objects[i];
    if (!object.tracked) continue;
    NvDsAnalyticsObjInfo &info = (*infos)[i];
    bool is_new;
    Point previous;
    Track &track = follow(time, object, &is_new, &previous);
    for (size_t line = 0; line < rules_.lines.size(); line++) {
      const LineRule &rule = rules_.lines[line];
      if (!crosses(rule, track, &track.lines[line], object, previous)) continue;
      if (!rule.concerns(object.class_id)) continue;
      crossed_[line]++;
      frame->objLCCurrCnt[rule.label]++;
      info.lcStatus.push_back(rule.label);
    }
    if (!is_new) judge_movement(object, object.foot - track.trail.front().foot, &info);
  }
  for (size_t line = 0; line < rules_.lines.size(); line++)
    frame->objLCCumCnt[rules_.lines[line].label] = crossed_[line];
  if (time >= next_sweep_ || tracks_.size() > kMostTracks) forget(time);
}

Analyzer::Track &Analyzer::follow(int64_t time, const Seen &object, bool *is_new,
                                  Point *previous) {
  Track &track = tracks_[object.id];
  *is_new = track.trail.empty();
  *previous = *is_new ? object.foot : track.trail.back().foot;
  if (*is_new) track.lines.resize(rules_.lines.size());
  track.last_seen = time;
  std::deque<Sample> &trail = track.trail;
  /* Of many frames a second, some are left out; the last point is always the newest. */
  if (trail.size() > 1 && time - trail[trail.size() - 2].time < kStep) trail.pop_back();
  trail.push_back({time, object.foot});
  while (trail.size() > 2 && trail[1].time <= time - kWindow) trail.pop_front();
  return track;
}

bool Analyzer::crosses(const LineRule &rule, const Track &track, LineState *state,
                       const Seen &object, Point previous) {
  const int exact = sign(side_of(rule.line, object.foot));
  if (state->side == 0) {
    state->side = exact; /* who begins on the line has not crossed it */
    state->since = track.last_seen;
    return false;
  }
  if (rule.extended || touch(rule.line, {previous, object.foot})) state->touched = true;
  const double margin = rule.mode == Mode::Loose ? 0 : kTremble * object.height;
  if (exact == 0 || std::abs(signed_distance(rule.line, object.foot)) < margin) return false;
  const bool crossed = exact != state->side && state->touched;
  state->touched = false;
  if (exact == state->side) return false;
  /* What it did before it was on the other side says nothing about this crossing. */
  Point from = previous;
  for (const Sample &sample : track.trail) {
    if (sample.time < state->since || sample.time == track.last_seen) continue;
    from = sample.foot;
    break;
  }
  state->side = exact;
  state->since = track.last_seen;
  if (!crossed) return false;
  const Point direction = rule.arrow.b - rule.arrow.a;
  if (exact != sign(cross(rule.line.b - rule.line.a, direction))) return false;
  return rule.mode == Mode::Loose ||
         cosine(object.foot - from, direction) > least_cosine_across(rule.mode);
}

void Analyzer::judge_movement(const Seen &object, Point movement,
                              NvDsAnalyticsObjInfo *info) const {
  const double least = std::max(kLeastMovement, kTremble * object.height);
  if (length(movement) < least) {
    info->objStatus = "stationary";
    return;
  }
  info->objStatus = "moving";
  double best = -1;
  for (const DirectionRule &rule : rules_.directions) {
    double along = cosine(movement, rule.arrow.b - rule.arrow.a);
    if (!rule.concerns(object.class_id) || along < least_cosine_along(rule.mode) || along <= best)
      continue;
    best = along;
    info->dirStatus = rule.label;
  }
}

void Analyzer::count_regions(int64_t time, const std::vector<Seen> &objects,
                             std::vector<NvDsAnalyticsObjInfo> *infos,
                             NvDsAnalyticsFrameMeta *frame) {
  for (const RoiRule &rule : rules_.rois) {
    uint32_t &count = frame->objInROIcnt[rule.label];
    count = 0;
    for (size_t i = 0; i < objects.size(); i++) {
      if (!rule.concerns(objects[i].class_id)) continue;
      if (contains(rule.region, objects[i].foot) == rule.inverse) continue;
      count++;
      (*infos)[i].roiStatus.push_back(rule.label);
    }
  }
  std::vector<size_t> inside;
  for (size_t r = 0; r < rules_.crowds.size(); r++) {
    const CrowdRule &rule = rules_.crowds[r];
    inside.clear();
    for (size_t i = 0; i < objects.size(); i++)
      if (rule.concerns(objects[i].class_id) && contains(rule.region, objects[i].foot))
        inside.push_back(i);
    if (inside.size() < rule.threshold)
      crowded_since_[r] = kNever;
    else if (crowded_since_[r] == kNever)
      crowded_since_[r] = time;
    const bool crowded = crowded_since_[r] != kNever && time - crowded_since_[r] >= rule.time;
    frame->ocStatus[rule.label] = crowded;
    if (!crowded) continue;
    for (size_t i : inside) (*infos)[i].ocStatus.push_back(rule.label);
  }
}

/* Objects that were lost long ago; and of too many, the half that was not seen for longest. */
void Analyzer::forget(int64_t time) {
  next_sweep_ = time + kSecond;
  int64_t oldest = time - kLost;
  if (tracks_.size() > kMostTracks) {
    std::vector<int64_t> seen;
    for (const auto &[id, track] : tracks_) seen.push_back(track.last_seen);
    auto middle = seen.begin() + static_cast<std::ptrdiff_t>(seen.size() / 2);
    std::nth_element(seen.begin(), middle, seen.end());
    oldest = std::max(oldest, *middle);
  }
  for (auto it = tracks_.begin(); it != tracks_.end();)
    it = it->second.last_seen < oldest ? tracks_.erase(it) : std::next(it);
}

}  // namespace dsbind::analytics
