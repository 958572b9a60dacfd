/* SPDX-License-Identifier: Apache-2.0 */
#include "filter.h"

namespace dsbind::tracker {
namespace {

constexpr float kLeastSide = 1;
/* Of the aspect ratio, which has no pixels. */
constexpr float kAspectNoise = 0.01f, kAspectSpeedNoise = 1e-5f, kAspectMeasurementNoise = 0.1f;

float square(float value) { return value * value; }

}  // namespace

Filter::Lanes Filter::lanes(const Box &box) const {
  return {box.x + box.width / 2, box.y + box.height / 2,
          aspect_ ? box.width / box.height : box.width, box.height};
}

Box Filter::box() const {
  float height = std::max(place_[3], kLeastSide);
  float width = std::max(aspect_ ? place_[2] * height : place_[2], kLeastSide);
  return {place_[0] - width / 2, place_[1] - height / 2, width, height};
}

Filter::Lanes Filter::process_location(const StateEstimatorConfig &config) const {
  if (config.type == StateEstimator::Simple)
    return {config.process_location, config.process_location, config.process_size,
            config.process_size};
  float variance = square(config.weight_location * std::max(place_[3], kLeastSide));
  return {variance, variance, aspect_ ? square(kAspectNoise) : variance, variance};
}

Filter::Lanes Filter::process_speed(const StateEstimatorConfig &config) const {
  /* The simple filter has no speed of the size. */
  if (config.type == StateEstimator::Simple)
    return {config.process_speed, config.process_speed, 0, 0};
  float variance = square(config.weight_speed * std::max(place_[3], kLeastSide));
  return {variance, variance, aspect_ ? square(kAspectSpeedNoise) : variance, variance};
}

Filter::Lanes Filter::measurement(const StateEstimatorConfig &config) const {
  if (config.type == StateEstimator::Simple) return Lanes::Constant(config.measurement_detector);
  float variance = square(config.weight_location * std::max(place_[3], kLeastSide));
  return {variance, variance, aspect_ ? square(kAspectMeasurementNoise) : variance, variance};
}

Filter::Filter(const StateEstimatorConfig &config, const Box &box) : aspect_(config.aspect_ratio) {
  if (config.type == StateEstimator::Simple) aspect_ = false;
  place_ = lanes(box);
  if (config.type == StateEstimator::Dummy) return;
  p00_ = 4 * measurement(config);
  p11_ = 100 * process_speed(config);
}

void Filter::predict(const StateEstimatorConfig &config) {
  if (config.type == StateEstimator::Dummy) return;
  place_ += speed_;
  p00_ += 2 * p01_ + p11_ + process_location(config);
  p01_ += p11_;
  p11_ += process_speed(config);
}

void Filter::correct(const StateEstimatorConfig &config, const Box &measured, float noise) {
  if (config.type == StateEstimator::Dummy) {
    place_ = lanes(measured);
    return;
  }
  Lanes innovation = lanes(measured) - place_;
  Lanes inverse = (p00_ + noise * measurement(config)).inverse();
  Lanes gain = p00_ * inverse, speed_gain = p01_ * inverse;
  place_ += gain * innovation;
  speed_ += speed_gain * innovation;
  p11_ -= speed_gain * p01_;
  p01_ -= gain * p01_;
  p00_ -= gain * p00_;
}

void Filter::shift(float dx, float dy) {
  place_[0] += dx;
  place_[1] += dy;
}

}  // namespace dsbind::tracker
