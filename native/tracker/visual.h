/* SPDX-License-Identifier: Apache-2.0 */
/* What a target looks like, as discriminative correlation filters. */
#ifndef DSBIND_TRACKER_VISUAL_H
#define DSBIND_TRACKER_VISUAL_H

#include <Eigen/Core>
#include <memory>
#include <vector>

#include "box.h"
#include "config.h"
#include "picture.h"

namespace dsbind::tracker {

/* The discrete Fourier transform of small real squares, as products of matrices: at these sizes
 * that is as quick as a fast transform. Of the spectrum, one half is kept: it tells the other. */
class Fourier {
 public:
  using Square = Eigen::MatrixXf;
  struct Spectrum {
    Eigen::ArrayXXf real, imaginary;
  };

  explicit Fourier(int side);
  int side() const { return side_; }
  Spectrum forward(const Square &square) const;
  Square inverse(const Spectrum &spectrum) const;

 private:
  int side_;
  Eigen::MatrixXf cosine_, sine_;           /* side x side */
  Eigen::MatrixXf half_cosine_, half_sine_; /* side x (side / 2 + 1) */
  Eigen::MatrixXf back_cosine_, back_sine_; /* the same, weighted for the way back */
};

/* What all filters of one config share. */
class VisualModel {
 public:
  using Channels = std::vector<Fourier::Square>;

  VisualModel(const VisualConfig &config, float padding);
  const VisualConfig &config() const { return config_; }
  const Fourier &fourier() const { return fourier_; }
  const Fourier::Spectrum &desired() const { return desired_; }
  /* The box with what is around it. */
  Box region(const Box &box) const;
  /* The features of a region of the picture, each one a square. */
  const Channels &features(const Picture &picture, const Box &region);

 private:
  void sample(const Picture &picture, const Box &region);
  void normalise(Fourier::Square *channel) const;

  VisualConfig config_;
  float padding_;
  Fourier fourier_;
  Fourier::Spectrum desired_;
  Eigen::ArrayXXf window_;
  Eigen::ArrayXXf planes_[3];
  Channels channels_;
};

/* One target's filters: one per channel, each weighted by how well it knows the target. */
class Appearance {
 public:
  struct Found {
    Box box;
    float confidence = 0; /* 0 to 1 */
  };

  /* Takes up how the target looks in that box. */
  void learn(VisualModel *model, const Picture &picture, const Box &box);
  /* Looks for the target around a box. */
  Found locate(VisualModel *model, const Picture &picture, const Box &around);
  /* How much what is in a box looks like the target, after locate(): 0 to 1. */
  float similarity(const Box &box) const;

 private:
  struct Channel {
    Fourier::Spectrum numerator;
    Eigen::ArrayXXf denominator;
    float weight = 0;
  };
  Fourier::Square respond(const VisualModel &model, const Channel &channel,
                          const Fourier::Spectrum &seen) const;

  std::vector<Channel> channels_;
  Fourier::Square response_; /* by displacement, wrapped around */
  Box region_;               /* that was looked at, */
  float center_x_ = 0, center_y_ = 0;
};

}  // namespace dsbind::tracker

#endif
