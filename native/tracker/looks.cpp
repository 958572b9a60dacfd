/* SPDX-License-Identifier: Apache-2.0 */
#include "looks.h"

#include <algorithm>
#include <cmath>

namespace dsbind::tracker {
namespace {

/* A model that says nothing of a box gives zeros; of a length beyond measure there is no cosine. */
constexpr float kLeastNorm = 1e-12f;

bool says_something(float norm) { return norm > kLeastNorm && std::isfinite(norm); }

}  // namespace

void Gallery::add(const Vector &vector, int most) {
  const float norm = vector.norm();
  if (!says_something(norm)) return;
  if (vectors_.rows() != vector.size()) {
    count_ = next_ = 0;
    vectors_.resize(vector.size(), 0);
  }
  if (next_ >= most) next_ = 0;
  if (next_ >= vectors_.cols())
    vectors_.conservativeResize(Eigen::NoChange, std::min<Eigen::Index>(2 * next_ + 4, most));
  vectors_.col(next_) = vector / norm;
  next_++;
  count_ = std::min<Eigen::Index>(std::max(count_, next_), most);
}

float Gallery::similarity(const Vector &vector) const {
  const float norm = vector.norm();
  if (empty() || vector.size() != vectors_.rows() || !says_something(norm)) return 0;
  return (vectors_.leftCols(count_).transpose() * vector).maxCoeff() / norm;
}

float Gallery::similarity(const Gallery &other) const {
  if (empty() || other.empty()) return 0;
  float sum = 0;
  for (Eigen::Index i = 0; i < other.count_; i++) sum += similarity(other.vectors_.col(i));
  return sum / static_cast<float>(other.count_);
}

void Gallery::append(const Gallery &other, int most) {
  /* The oldest first: where the ring is full, that is the next to be replaced. */
  for (Eigen::Index i = 0; i < other.count_; i++)
    add(other.vectors_.col((other.next_ + i) % other.count_), most);
}

}  // namespace dsbind::tracker
