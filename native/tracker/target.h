/* SPDX-License-Identifier: Apache-2.0 */
/* One object that is followed. */
#ifndef DSBIND_TRACKER_TARGET_H
#define DSBIND_TRACKER_TARGET_H

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "box.h"
#include "filter.h"
#include "looks.h"
#include "visual.h"

namespace dsbind::tracker {

/* Tentative: seen too shortly to be told of. Inactive: not seen now (shadow tracking). */
enum class TargetState { Tentative, Active, Inactive };

/* Where a target was in one frame. */
struct Moment {
  uint32_t frame;
  Box box;
  float confidence;
  uint32_t age;
  TargetState state;
};

/* A box as it was seen, in the coordinates of now: camera motion moves it along. */
struct Observation {
  Box box;
  uint32_t age = 0;
};

struct Target {
  static constexpr uint64_t kNoId = UINT64_MAX;

  uint64_t id = kNoId; /* given when it becomes active */
  uint16_t class_id = 0;
  TargetState state = TargetState::Tentative;
  Filter filter;
  Filter filter_seen; /* as it was when the target was last detected */
  Box box;       /* in this frame, as well as known */
  Box predicted; /* for this frame, from those before */
  uint32_t age = 0;
  int shadow_age = 0;  /* frames with detections, but none for this */
  int unseen = 0;      /* frames since it was last detected */
  float presence = 1;  /* share of late frames with detections that had one for this */
  float confidence = 1;
  Appearance::Found found; /* where it looks like itself, in this frame */
  int detection = -1; /* its place among the detections of this frame */

  /* The last observations, the latest at `age`-independent place `latest`. */
  static constexpr int kObservations = 4;
  std::array<Observation, kObservations> observed;
  int observations = 0;

  std::unique_ptr<Appearance> appearance;
  Gallery gallery;
  uint32_t described = 0;         /* its age when its looks were last described */
  std::vector<Moment> untold;     /* frames that nobody was told of yet */
  std::vector<Moment> trajectory; /* all, where terminated tracks are asked for */

  bool seen_now() const { return detection >= 0; }
  const Observation &last_observation() const {
    return observed[static_cast<size_t>((observations - 1) % kObservations)];
  }
  const Observation &first_observation() const {
    int first = observations > kObservations ? observations : 0;
    return observed[static_cast<size_t>(first % kObservations)];
  }
  void observe(const Box &seen) {
    observed[static_cast<size_t>(observations % kObservations)] = {seen, age};
    observations++;
    if (observations == 1000000) observations -= 1000000 - 8 * kObservations;
  }
  void shift(float dx, float dy) {
    filter.shift(dx, dy);
    filter_seen.shift(dx, dy);
    box = box.moved(dx, dy);
    predicted = predicted.moved(dx, dy);
    for (Observation &one : observed) one.box = one.box.moved(dx, dy);
  }
};

}  // namespace dsbind::tracker

#endif
