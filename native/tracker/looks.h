/* SPDX-License-Identifier: Apache-2.0 */
/* What objects look like, as vectors in which the same object lies near to itself. */
#ifndef DSBIND_TRACKER_LOOKS_H
#define DSBIND_TRACKER_LOOKS_H

#include <Eigen/Core>
#include <vector>

#include "box.h"
#include "nvbufsurface.h"

namespace dsbind::tracker {

/* Makes such vectors. */
class Looks {
 public:
  virtual ~Looks() = default;
  /* One column per box. The boxes lie within the frame, and have an area there. */
  virtual void describe(const NvBufSurfaceParams &frame, const std::vector<Box> &boxes,
                        Eigen::MatrixXf *vectors) = 0;
};

/* The latest vectors of one target. */
class Gallery {
 public:
  using Vector = Eigen::Ref<const Eigen::VectorXf>;

  bool empty() const { return count_ == 0; }
  /* Keeps at most `most`, the latest. */
  void add(const Vector &vector, int most);
  /* The cosine of the nearest one, -1 to 1; 0 of none. */
  float similarity(const Vector &vector) const;
  /* The mean over those of another target. */
  float similarity(const Gallery &other) const;
  /* Takes up those of another target as later ones. */
  void append(const Gallery &other, int most);

 private:
  Eigen::MatrixXf vectors_; /* columns of length 1 */
  Eigen::Index count_ = 0, next_ = 0;
};

}  // namespace dsbind::tracker

#endif
