/* SPDX-License-Identifier: Apache-2.0 */
/* Boxes and how alike two of them are. */
#ifndef DSBIND_TRACKER_BOX_H
#define DSBIND_TRACKER_BOX_H

#include <algorithm>
#include <cmath>

namespace dsbind::tracker {

/* Pixels of the frame: left, top, width, height. */
struct Box {
  float x = 0, y = 0, width = 0, height = 0;

  float right() const { return x + width; }
  float bottom() const { return y + height; }
  float area() const { return width * height; }
  bool usable() const {
    return std::isfinite(x) && std::isfinite(y) && std::isfinite(width) && std::isfinite(height) &&
           width > 0 && height > 0 && std::fabs(x) < 1e6f && std::fabs(y) < 1e6f && width < 1e6f &&
           height < 1e6f;
  }
  Box moved(float dx, float dy) const { return {x + dx, y + dy, width, height}; }
};

/* Intersection over union, 0 to 1. */
inline float overlap(const Box &a, const Box &b) {
  float width = std::min(a.right(), b.right()) - std::max(a.x, b.x);
  float height = std::min(a.bottom(), b.bottom()) - std::max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  float both = width * height;
  return both / (a.area() + b.area() - both);
}

/* The smaller sides over the larger ones, 0 to 1. */
inline float size_similarity(const Box &a, const Box &b) {
  return std::min(a.width, b.width) / std::max(a.width, b.width) *
         (std::min(a.height, b.height) / std::max(a.height, b.height));
}

}  // namespace dsbind::tracker

#endif
