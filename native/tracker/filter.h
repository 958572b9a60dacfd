/* SPDX-License-Identifier: Apache-2.0 */
/* Kalman filters of boxes that move at a steady speed. */
#ifndef DSBIND_TRACKER_FILTER_H
#define DSBIND_TRACKER_FILTER_H

#include <Eigen/Core>

#include "box.h"
#include "config.h"

namespace dsbind::tracker {

/* Where a box is and how it moves.
 *
 * With noise that is independent along each axis, the covariance of the usual filter of eight
 * variables never leaves four blocks of two by two: centre x, centre y, width (or aspect ratio) and
 * height, each with its speed. They are kept as the four lanes of one array. */
class Filter {
 public:
  Filter() = default;
  Filter(const StateEstimatorConfig &config, const Box &box);

  void predict(const StateEstimatorConfig &config);
  /* `noise` multiplies the variance of the measurement: more than 1 for one to trust less. */
  void correct(const StateEstimatorConfig &config, const Box &measured, float noise = 1);
  void shift(float dx, float dy);

  Box box() const;
  float speed_x() const { return speed_[0]; }
  float speed_y() const { return speed_[1]; }
  /* Variance of the centre, in pixels squared. */
  float variance_x() const { return p00_[0]; }
  float variance_y() const { return p00_[1]; }

 private:
  using Lanes = Eigen::Array4f;
  Lanes process_location(const StateEstimatorConfig &config) const;
  Lanes process_speed(const StateEstimatorConfig &config) const;
  Lanes measurement(const StateEstimatorConfig &config) const;
  Lanes lanes(const Box &box) const;

  Lanes place_ = Lanes::Zero(), speed_ = Lanes::Zero();
  Lanes p00_ = Lanes::Zero(), p01_ = Lanes::Zero(), p11_ = Lanes::Zero();
  bool aspect_ = false;
};

}  // namespace dsbind::tracker

#endif
