/* SPDX-License-Identifier: Apache-2.0 */
/* Follows the objects of one stream from frame to frame. */
#ifndef DSBIND_TRACKER_STREAM_H
#define DSBIND_TRACKER_STREAM_H

#include <cstdint>
#include <functional>
#include <vector>

#include "assignment.h"
#include "camera.h"
#include "config.h"
#include "target.h"

namespace dsbind::tracker {

struct Detection {
  Box box;
  float confidence;
  uint16_t class_id;
  uint32_t index; /* among the caller's objects */
  int target = -1;
  int looks = -1; /* its column of Stream::looks() */
};

/* One frame of a stream. */
struct Scene {
  uint32_t number = 0;
  float width = 0, height = 0;
  bool detected = true; /* a detector ran on it */
  const Picture *picture = nullptr;
  const NvBufSurfaceParams *surface = nullptr;
};

/* A target that is no more. */
struct Ended {
  uint64_t id;
  uint16_t class_id;
  std::vector<Moment> trajectory;
};

class Stream {
 public:
  /* `visual` and `looks` are shared by streams that one thread works on; NULL without them. */
  Stream(const Config *config, VisualModel *visual, std::function<uint64_t()> next_id,
         Looks *looks = nullptr);

  /* Forgets what it tells beside the targets: past() and ended() gather until then. */
  void begin();

  /* Takes what was detected in the next frame. */
  void update(const Scene &scene, std::vector<Detection> detections);
  void reset();

  const std::vector<Target> &targets() const { return targets_; }
  /* Whether a target is told of in this frame. */
  static bool told(const Target &target) { return target.state == TargetState::Active; }
  const std::vector<Detection> &detections() const { return detections_; }
  /* How detections of this frame look, where that was asked for: a column each. */
  const Eigen::MatrixXf &looks() const { return vectors_; }

  /* Earlier frames of targets that are told of from now on. */
  struct Past {
    uint64_t id;
    uint16_t class_id;
    std::vector<Moment> moments;
  };
  const std::vector<Past> &past() const { return past_; }
  const std::vector<Ended> &ended() const { return ended_; }

 private:
  void predict(const Scene &scene);
  void follow_camera();
  void look(const Scene &scene);
  void describe(const Scene &scene, std::vector<int> detections);
  std::vector<int> everyone() const;
  std::vector<int> due() const;
  void associate(const Scene &scene);
  void match_joint(bool everyone);
  void match_last_observation();
  void match_overlap(bool tentative_detections, TargetState state, float least);
  void choose(Matcher matcher);
  void update_seen(const Scene &scene, Target *target);
  void replay(Target *target, const Box &seen);
  void learn_looks(Target *target, const Detection &detection) const;
  float follow_visually(const Scene &scene, Target *target);
  void update_unseen(const Scene &scene, Target *target);
  void reassociate(Target *target);
  void add_targets(const Scene &scene);
  void remember(const Scene &scene);
  Box unclipped(const Scene &scene, const Target &target, const Box &box) const;
  const Box &expected(const Target &target) const;
  float direction_score(const Target &target, const Box &box) const;
  bool within_gate(const Target &target, const Box &from, const Box &box) const;
  template <class Visit>
  void each_near(const Box &box, Visit visit) const;

  const Config *config_;
  VisualModel *visual_;
  std::function<uint64_t()> next_id_;
  Looks *looks_;
  Eigen::MatrixXf vectors_;
  std::vector<Target> targets_;
  std::vector<Detection> detections_;
  std::vector<int> by_left_; /* detections from left to right */
  std::vector<float> lefts_;
  float widest_ = 0;
  std::vector<Pair> pairs_;
  Assignment assignment_;
  Camera camera_;
  std::vector<Box> expected_boxes_, seen_boxes_;
  std::vector<Past> past_;
  std::vector<Ended> ended_;
};

}  // namespace dsbind::tracker

#endif
