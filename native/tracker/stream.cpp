/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"

#include <limits>
#include <numeric>

namespace dsbind::tracker {
namespace {

/* A target that is not detected for a frame is so much less sure to be there. */
constexpr float kConfidenceKept = 0.9f;
/* The same where no detector ran. */
constexpr float kConfidenceKeptUndetected = 0.995f;
/* How fast the share of frames with a detection follows. */
constexpr float kPresenceRate = 0.1f;
/* A box this near the border (pixels) may be cut by it. */
constexpr float kBorder = 2;
/* Trajectories are kept this long. */
constexpr size_t kMaxTrajectory = 256;
/* Of a camera's motion only targets tell that were seen so often. */
constexpr int kReliable = 3;

Box between(const Box &from, const Box &to, float part) {
  return {from.x + part * (to.x - from.x), from.y + part * (to.y - from.y),
          from.width + part * (to.width - from.width),
          from.height + part * (to.height - from.height)};
}

/* How likely a new target goes on where a lost one was going, 0 to 1. */
float tracklet_score(const ReassociationConfig &by, const Target &lost, const Target &target) {
  const Box &a = lost.predicted, &b = target.box;
  if (size_similarity(lost.last_observation().box, b) < by.min_size_similarity) return 0;
  const float speed_x = lost.filter.speed_x(), speed_y = lost.filter.speed_y();
  const float speed = std::hypot(speed_x, speed_y);
  const float new_speed = std::hypot(target.filter.speed_x(), target.filter.speed_y());
  if (by.min_speed_similarity > 0 &&
      std::min(speed, new_speed) < by.min_speed_similarity * std::max(speed, new_speed))
    return 0;
  if (by.max_angle < 180 && speed > 1e-3f && new_speed > 1e-3f) {
    const float cosine = (speed_x * target.filter.speed_x() + speed_y * target.filter.speed_y()) /
                         (speed * new_speed);
    if (cosine < std::cos(by.max_angle * static_cast<float>(M_PI) / 180)) return 0;
  }
  /* The nearest point of the way that it would have gone of late. */
  float x = b.x + b.width / 2 - a.x - a.width / 2, y = b.y + b.height / 2 - a.y - a.height / 2;
  const float range = static_cast<float>(std::min(by.time_range, lost.unseen));
  if (speed > 1e-3f) {
    const float back = std::clamp(-(x * speed_x + y * speed_y) / (speed * speed), 0.f, range);
    x += back * speed_x;
    y += back * speed_y;
  }
  const float doubt = 1 + 0.02f * static_cast<float>(lost.unseen) * by.process_noise_scale;
  const float scale = (0.25f + by.search_scale) * doubt * std::max(a.height, a.width);
  return std::exp(-(x * x + y * y) / (2 * scale * scale)) * std::sqrt(size_similarity(a, b));
}

}  // namespace

Stream::Stream(const Config *config, VisualModel *visual, std::function<uint64_t()> next_id,
               Looks *looks)
    : config_(config), visual_(visual), next_id_(std::move(next_id)), looks_(looks) {}

void Stream::begin() {
  past_.clear();
  ended_.clear();
}

void Stream::reset() {
  targets_.clear();
  past_.clear();
  ended_.clear();
}

template <class Visit>
void Stream::each_near(const Box &box, Visit visit) const {
  auto first = std::lower_bound(lefts_.begin(), lefts_.end(), box.x - widest_);
  for (size_t i = static_cast<size_t>(first - lefts_.begin());
       i < lefts_.size() && lefts_[i] < box.right(); i++)
    visit(by_left_[i]);
}

void Stream::update(const Scene &scene, std::vector<Detection> detections) {
  detections_ = std::move(detections);
  by_left_.resize(detections_.size());
  std::iota(by_left_.begin(), by_left_.end(), 0);
  std::sort(by_left_.begin(), by_left_.end(), [this](int a, int b) {
    float x = detections_[a].box.x, other = detections_[b].box.x;
    return x != other ? x < other : a < b;
  });
  lefts_.clear();
  widest_ = 0;
  for (int i : by_left_) {
    lefts_.push_back(detections_[i].box.x);
    widest_ = std::max(widest_, detections_[i].box.width);
  }
  predict(scene);
  if (scene.detected) follow_camera();
  look(scene);
  vectors_.resize(0, 0);
  if (scene.detected) {
    if (config_->reid.associates) describe(scene, everyone());
    associate(scene);
    if (!config_->reid.associates && config_->reid.reassociates) describe(scene, due());
  }
  for (Target &target : targets_)
    target.seen_now() ? update_seen(scene, &target) : update_unseen(scene, &target);
  if (scene.detected) add_targets(scene);
  remember(scene);
}

void Stream::predict(const Scene &) {
  for (Target &target : targets_) {
    target.filter.predict(config_->estimator);
    target.predicted = target.filter.box();
    target.detection = -1;
    target.age++;
  }
}

void Stream::follow_camera() {
  if (!config_->estimator.camera_motion || config_->estimator.type == StateEstimator::Dummy) return;
  expected_boxes_.clear();
  seen_boxes_.clear();
  for (const Target &target : targets_)
    if (target.unseen <= 1 && target.observations >= kReliable)
      expected_boxes_.push_back(target.predicted);
  for (int d : by_left_)
    if (detections_[d].confidence >= config_->association.tentative_confidence)
      seen_boxes_.push_back(detections_[d].box);
  Shift shift = camera_.shift(expected_boxes_, seen_boxes_);
  if (shift.x == 0 && shift.y == 0) return;
  for (Target &target : targets_) target.shift(shift.x, shift.y);
}

/* Where targets look like themselves: all of them where that decides who is who, else those that
 * have to be found without a detection. */
void Stream::look(const Scene &scene) {
  if (!visual_ || !scene.picture) return;
  for (Target &target : targets_)
    if (target.appearance && target.state != TargetState::Tentative)
      target.found = target.appearance->locate(visual_, *scene.picture, target.predicted);
}

std::vector<int> Stream::everyone() const {
  std::vector<int> all(detections_.size());
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/* Detections of targets that were not looked at for long. */
std::vector<int> Stream::due() const {
  const int interval = config_->reassociation.reid_interval;
  std::vector<int> all;
  for (const Target &target : targets_) {
    if (!target.seen_now()) continue;
    const uint32_t since = target.age - target.described;
    if (target.gallery.empty() || (interval >= 0 && since >= static_cast<uint32_t>(interval)))
      all.push_back(target.detection);
  }
  return all;
}

/* Has the model look at those of the detections that the frame shows. */
void Stream::describe(const Scene &scene, std::vector<int> detections) {
  if (!looks_ || !scene.surface) return;
  const Box frame{0, 0, static_cast<float>(scene.surface->width),
                  static_cast<float>(scene.surface->height)};
  std::vector<Box> boxes;
  size_t kept = 0;
  for (int d : detections) {
    const Box &box = detections_[d].box;
    const float x = std::max(box.x, 0.f), y = std::max(box.y, 0.f);
    const Box visible{x, y, std::min(box.right(), frame.width) - x,
                      std::min(box.bottom(), frame.height) - y};
    if (visible.width <= 0 || visible.height <= 0) continue;
    boxes.push_back(visible);
    detections[kept++] = d;
  }
  looks_->describe(*scene.surface, boxes, &vectors_);
  for (size_t i = 0; i < kept; i++)
    if (vectors_.col(static_cast<Eigen::Index>(i)).allFinite())
      detections_[detections[i]].looks = static_cast<int>(i);
}

void Stream::learn_looks(Target *target, const Detection &detection) const {
  if (detection.looks < 0) return;
  target->gallery.add(vectors_.col(detection.looks), config_->reid.history);
  target->described = target->age;
}

const Box &Stream::expected(const Target &target) const {
  return config_->association.predicted ? target.predicted : target.box;
}

/* How well a box lies in the direction in which a target went, 0 to 1. */
float Stream::direction_score(const Target &target, const Box &box) const {
  if (target.observations < 2) return 0.5f;
  const Box &from = target.first_observation().box, &to = target.last_observation().box;
  const float went_x = to.x + to.width / 2 - from.x - from.width / 2;
  const float went_y = to.y + to.height / 2 - from.y - from.height / 2;
  const float goes_x = box.x + box.width / 2 - from.x - from.width / 2;
  const float goes_y = box.y + box.height / 2 - from.y - from.height / 2;
  const float length = std::hypot(went_x, went_y) * std::hypot(goes_x, goes_y);
  if (length < 1e-3f) return 0.5f;
  return 0.5f + 0.5f * (went_x * goes_x + went_y * goes_y) / length;
}

void Stream::choose(Matcher matcher) {
  const int rows = static_cast<int>(targets_.size()), columns = static_cast<int>(detections_.size());
  const auto &chosen = matcher == Matcher::Greedy ? assignment_.greedy(&pairs_, rows, columns)
                                                  : assignment_.best(&pairs_, rows, columns);
  for (const Pair &pair : chosen) {
    targets_[pair.row].detection = pair.column;
    detections_[pair.column].target = pair.row;
  }
  pairs_.clear();
}

/* Whether a box lies no farther away than a target may have gone, where that is limited. */
bool Stream::within_gate(const Target &target, const Box &from, const Box &box) const {
  const float most = config_->association.max_mahalanobis;
  if (most <= 0) return true;
  const float x = box.x + box.width / 2 - from.x - from.width / 2;
  const float y = box.y + box.height / 2 - from.y - from.height / 2;
  return x * x / std::max(target.filter.variance_x(), 1e-3f) +
             y * y / std::max(target.filter.variance_y(), 1e-3f) <=
         most;
}

/* All similarities together: sure detections and targets that proved themselves, or everyone. */
void Stream::match_joint(bool everyone) {
  const AssociationConfig &by = config_->association;
  /* Who is known by its looks need not overlap, where something else limits the distance. */
  const bool apart = config_->reid.associates && by.weight_reid > 0 && by.min_overlap <= 0 &&
                     by.max_mahalanobis > 0;
  for (size_t t = 0; t < targets_.size(); t++) {
    const Target &target = targets_[t];
    if (!everyone && target.state == TargetState::Tentative) continue;
    const Box &box = expected(target);
    auto judge = [&](int d) {
      const Detection &detection = detections_[d];
      if (by.same_class && detection.class_id != target.class_id) return;
      if (!everyone && detection.confidence < by.tentative_confidence) return;
      const bool known = config_->reid.associates && !target.gallery.empty() && detection.looks >= 0;
      const float iou = overlap(box, detection.box);
      if ((iou <= 0 && !(apart && known)) || iou < by.min_overlap) return;
      const float size = size_similarity(box, detection.box);
      if (size < by.min_size || !within_gate(target, box, detection.box)) return;
      float score = by.weight_overlap * iou + by.weight_size * size;
      if (by.weight_direction > 0)
        score += by.weight_direction * direction_score(target, detection.box);
      if (visual_ && target.appearance && target.state != TargetState::Tentative) {
        const float alike = target.appearance->similarity(detection.box);
        /* Where it looks like itself nowhere, its looks say nothing. */
        if (alike < by.min_visual && target.found.confidence >= by.min_visual) return;
        score += by.weight_visual * alike;
      }
      if (known) {
        const float alike = target.gallery.similarity(vectors_.col(detection.looks));
        if (alike < by.min_reid) return;
        score += by.weight_reid * std::max(alike, 0.f);
      }
      if (score < by.min_overall || score <= 0) return;
      pairs_.push_back({static_cast<int>(t), d, score});
    };
    if (apart)
      for (int d : by_left_) judge(d);
    else
      each_near(box, judge);
  }
  choose(by.matcher);
}

/* Who stopped behind something comes out where it was seen last. */
void Stream::match_last_observation() {
  const AssociationConfig &by = config_->association;
  for (size_t t = 0; t < targets_.size(); t++) {
    const Target &target = targets_[t];
    if (target.seen_now() || target.state == TargetState::Tentative) continue;
    const Box &box = target.last_observation().box;
    each_near(box, [&](int d) {
      const Detection &detection = detections_[d];
      if (detection.target >= 0 || detection.confidence < by.tentative_confidence) return;
      if (by.same_class && detection.class_id != target.class_id) return;
      const float iou = overlap(box, detection.box);
      if (iou > 0 && iou >= by.min_overlap) pairs_.push_back({static_cast<int>(t), d, iou});
    });
  }
  choose(by.matcher);
}

void Stream::match_overlap(bool tentative_detections, TargetState state, float least) {
  const AssociationConfig &by = config_->association;
  for (size_t t = 0; t < targets_.size(); t++) {
    const Target &target = targets_[t];
    if (target.seen_now() || target.state != state) continue;
    const Box &box = expected(target);
    each_near(box, [&](int d) {
      const Detection &detection = detections_[d];
      if (detection.target >= 0) return;
      if ((detection.confidence < by.tentative_confidence) != tentative_detections) return;
      if (by.same_class && detection.class_id != target.class_id) return;
      const float iou = overlap(box, detection.box);
      if (iou > 0 && iou >= least) pairs_.push_back({static_cast<int>(t), d, iou});
    });
  }
  choose(by.matcher);
}

void Stream::associate(const Scene &) {
  const AssociationConfig &by = config_->association;
  if (by.matcher == Matcher::Greedy) {
    match_joint(true);
    if (by.last_observation) match_last_observation();
    return;
  }
  match_joint(false);
  match_overlap(true, TargetState::Active, by.min_tentative_overlap);
  if (by.last_observation) match_last_observation();
  match_overlap(false, TargetState::Tentative, by.min_overlap);
}

/* The border cuts boxes; a target that leaves the picture keeps its size. */
Box Stream::unclipped(const Scene &scene, const Target &target, const Box &box) const {
  if (!config_->target.unclip || config_->estimator.type == StateEstimator::Dummy) return box;
  const Box &whole = target.predicted;
  Box out = box;
  if (box.width < whole.width) {
    if (box.x <= kBorder) {
      out.x = box.right() - whole.width;
      out.width = whole.width;
    } else if (box.right() >= scene.width - kBorder) {
      out.width = whole.width;
    }
  }
  if (box.height < whole.height) {
    if (box.y <= kBorder) {
      out.y = box.bottom() - whole.height;
      out.height = whole.height;
    } else if (box.bottom() >= scene.height - kBorder) {
      out.height = whole.height;
    }
  }
  return out;
}

void Stream::update_seen(const Scene &scene, Target *target) {
  const Detection &detection = detections_[target->detection];
  const Box seen = unclipped(scene, *target, detection.box);
  if (target->unseen && config_->estimator.replay)
    replay(target, seen);
  else
    target->filter.correct(config_->estimator, seen);
  target->filter_seen = target->filter;
  target->box = target->filter.box();
  if (visual_ && scene.picture) {
    if (!target->appearance) target->appearance = std::make_unique<Appearance>();
    target->appearance->learn(visual_, *scene.picture, target->box);
  }
  target->class_id = detection.class_id;
  learn_looks(target, detection);
  target->observe(seen);
  target->unseen = 0;
  target->shadow_age = 0;
  target->presence += kPresenceRate * (1 - target->presence);
  target->confidence = 1;
  if (target->state == TargetState::Tentative &&
      target->age < static_cast<uint32_t>(config_->target.probation_age))
    return;
  if (target->state == TargetState::Tentative && target->id == Target::kNoId) {
    reassociate(target);
    if (target->id == Target::kNoId) target->id = next_id_();
  }
  target->state = TargetState::Active;
}

/* A lost target went some way to where it is found. What the filter made up meanwhile is replaced
 * by that way, in even steps, so that its speed is right from now on. */
void Stream::replay(Target *target, const Box &seen) {
  const Box from = target->last_observation().box;
  const int steps = target->unseen + 1;
  target->filter = target->filter_seen;
  for (int i = 1; i <= steps; i++) {
    const float part = static_cast<float>(i) / static_cast<float>(steps);
    target->filter.predict(config_->estimator);
    target->filter.correct(config_->estimator, between(from, seen, part));
  }
}

/* Goes where the target looks like itself, if anywhere; returns how sure that is. */
float Stream::follow_visually(const Scene &scene, Target *target) {
  const float sure = target->found.confidence;
  if (sure < config_->target.min_confidence) return 0;
  target->confidence = std::max(target->confidence, sure);
  target->filter.correct(config_->estimator, target->found.box,
                         config_->estimator.measurement_tracker /
                             config_->estimator.measurement_detector);
  target->box = target->filter.box();
  /* Without a detector nothing else tells how its looks change. What no detector sees any more may
   * be something in front of it. */
  if (!scene.detected) target->appearance->learn(visual_, *scene.picture, target->found.box);
  return scene.detected ? sure * std::min(2 * target->presence, 1.f) : sure;
}

void Stream::update_unseen(const Scene &scene, Target *target) {
  target->box = target->predicted;
  target->unseen++;
  if (!scene.detected) {
    target->confidence *= kConfidenceKeptUndetected;
  } else {
    target->shadow_age++;
    target->presence -= kPresenceRate * target->presence;
    /* Nothing tells where it went. */
    target->confidence *= config_->estimator.type == StateEstimator::Dummy ? 0 : kConfidenceKept;
  }
  float sure = scene.detected ? target->confidence * target->presence : target->confidence;
  if (visual_ && scene.picture && target->appearance && target->state != TargetState::Tentative)
    sure = std::max(sure, follow_visually(scene, target));
  const float x = target->box.x + target->box.width / 2, y = target->box.y + target->box.height / 2;
  const bool outside = scene.width > 0 && (x < 0 || y < 0 || x > scene.width || y > scene.height);
  if (target->state == TargetState::Active &&
      (outside || sure <= 0 || sure < config_->target.min_confidence))
    target->state = TargetState::Inactive;
}

/* A target that proves itself may be one that was lost: it is where that one would be by now, or
 * on its way there. */
void Stream::reassociate(Target *target) {
  const ReassociationConfig &by = config_->reassociation;
  if (!by.enabled) return;
  Target *found = nullptr;
  float best = by.min_score;
  for (Target &lost : targets_) {
    if (lost.state != TargetState::Inactive || lost.id == Target::kNoId) continue;
    if (lost.unseen <= static_cast<int>(target->age) || lost.unseen > by.projection_length)
      continue;
    if (lost.age - static_cast<uint32_t>(lost.unseen) < static_cast<uint32_t>(by.min_length))
      continue;
    if (config_->association.same_class && lost.class_id != target->class_id) continue;
    float score = tracklet_score(by, lost, *target);
    if (score < by.min_tracklet_score) continue;
    if (config_->reid.reassociates && !lost.gallery.empty() && !target->gallery.empty()) {
      const float alike = lost.gallery.similarity(target->gallery);
      if (alike < by.min_reid) continue;
      score = by.weight_tracklet * score + by.weight_reid * std::max(alike, 0.f);
    }
    if (score > best) {
      best = score;
      found = &lost;
    }
  }
  if (!found) return;
  target->id = found->id;
  target->trajectory.swap(found->trajectory);
  std::swap(target->gallery, found->gallery);
  target->gallery.append(found->gallery, config_->reid.history);
  found->id = Target::kNoId;
  found->shadow_age = std::numeric_limits<int>::max() / 2;
}

void Stream::add_targets(const Scene &scene) {
  const TargetConfig &by = config_->target;
  const size_t known = targets_.size();
  const bool cascaded = config_->association.matcher == Matcher::Cascaded;
  for (Detection &detection : detections_) {
    if (detection.target >= 0) continue;
    if (cascaded && detection.confidence < config_->association.tentative_confidence) continue;
    if (targets_.size() >= static_cast<size_t>(by.max_targets)) break;
    bool covered = false;
    for (size_t t = 0; t < known && !covered; t++)
      covered = targets_[t].state != TargetState::Inactive &&
                overlap(targets_[t].box, detection.box) >= by.new_target_overlap;
    if (covered) continue;
    detection.target = static_cast<int>(targets_.size());
    Target target;
    target.class_id = detection.class_id;
    target.filter = Filter(config_->estimator, detection.box);
    target.box = target.predicted = detection.box;
    target.detection = static_cast<int>(&detection - detections_.data());
    target.observe(detection.box);
    learn_looks(&target, detection);
    target.filter_seen = target.filter;
    if (visual_ && scene.picture) {
      target.appearance = std::make_unique<Appearance>();
      target.appearance->learn(visual_, *scene.picture, detection.box);
    }
    if (by.probation_age == 0) {
      target.state = TargetState::Active;
      target.id = next_id_();
    }
    targets_.push_back(std::move(target));
  }
}

void Stream::remember(const Scene &scene) {
  const TargetConfig &by = config_->target;
  size_t kept = 0;
  for (size_t t = 0; t < targets_.size(); t++) {
    Target &target = targets_[t];
    const bool ends = target.state == TargetState::Tentative
                          ? target.shadow_age > 0 && target.shadow_age >= by.early_termination_age
                          : target.shadow_age > by.max_shadow_age || target.id == Target::kNoId;
    if (ends) {
      if (by.output_terminated && target.id != Target::kNoId)
        ended_.push_back({target.id, target.class_id, std::move(target.trajectory)});
      continue;
    }
    const Moment now{scene.number, target.box, target.confidence, target.age, target.state};
    if (!told(target)) {
      if (target.untold.size() < kMaxTrajectory) target.untold.push_back(now);
    } else if (!target.untold.empty()) {
      past_.push_back({target.id, target.class_id, std::move(target.untold)});
      target.untold.clear();
    }
    if (by.output_terminated) {
      if (target.trajectory.size() >= kMaxTrajectory)
        target.trajectory.erase(target.trajectory.begin());
      target.trajectory.push_back(now);
    }
    if (target.detection >= 0) detections_[target.detection].target = static_cast<int>(kept);
    if (kept != t) targets_[kept] = std::move(target);
    kept++;
  }
  targets_.resize(kept);
}

}  // namespace dsbind::tracker
