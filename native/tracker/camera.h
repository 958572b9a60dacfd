/* SPDX-License-Identifier: Apache-2.0 */
/* How far the camera moved between two frames, told by what was seen in them. */
#ifndef DSBIND_TRACKER_CAMERA_H
#define DSBIND_TRACKER_CAMERA_H

#include <vector>

#include "box.h"

namespace dsbind::tracker {

struct Shift {
  float x = 0, y = 0;
};

/* A shaking camera moves all objects alike; where they are on their own, they do not agree. Boxes
 * of targets and of detections vote for shifts; the shift with most votes wins, where it has far
 * more than staying has. Keeps its memory between calls. */
class Camera {
 public:
  /* `expected` are boxes of reliable targets as predicted for this frame, `seen` those of the
   * detections from left to right. */
  Shift shift(const std::vector<Box> &expected, const std::vector<Box> &seen);

 private:
  /* A box seen at this distance from one expected. */
  struct Vote {
    size_t box;
    float x, y;
    float near; /* how far off one that agrees may be */
  };
  struct Support {
    unsigned count = 0;
    Shift mean;
    float error = 0; /* of the mean, standard deviation */
  };
  Support support(Shift around) const;
  Shift most_voted(float reach) const;

  std::vector<float> heights_;
  std::vector<Vote> votes_;
};

}  // namespace dsbind::tracker

#endif
