/* SPDX-License-Identifier: Apache-2.0 */
#include "camera.h"

#include <array>

namespace dsbind::tracker {
namespace {

constexpr int kCells = 24;           /* a side of the map of votes */
constexpr float kReach = 0.9f;       /* farthest shift, in median heights of a box */
constexpr float kAlike = 0.6f;       /* sizes of boxes that may be the same object */
constexpr float kNear = 0.12f;       /* what agrees, as a share of the box's height */
constexpr unsigned kLeastVotes = 4;
constexpr size_t kMostBoxes = 40;    /* more would not tell more */

}  // namespace

/* How many expected boxes have a vote for about this shift; the nearest of each counts. */
Camera::Support Camera::support(Shift around) const {
  Support found;
  float sum_x = 0, sum_y = 0, squares = 0;
  for (size_t i = 0; i < votes_.size();) {
    const size_t box = votes_[i].box;
    float best = 1;
    const Vote *chosen = nullptr;
    for (; i < votes_.size() && votes_[i].box == box; i++) {
      const float x = votes_[i].x - around.x, y = votes_[i].y - around.y;
      const float far = (x * x + y * y) / (votes_[i].near * votes_[i].near);
      if (far < best) {
        best = far;
        chosen = &votes_[i];
      }
    }
    if (!chosen) continue;
    found.count++;
    sum_x += chosen->x;
    sum_y += chosen->y;
    squares += chosen->x * chosen->x + chosen->y * chosen->y;
  }
  if (found.count) {
    const float share = 1 / static_cast<float>(found.count);
    found.mean = {sum_x * share, sum_y * share};
    const float variance = squares * share - found.mean.x * found.mean.x -
                           found.mean.y * found.mean.y;
    found.error = std::sqrt(std::max(variance, 0.f) * share);
  }
  return found;
}

/* The middle of the cells that most votes fell into. A shift may lie on the edge of a cell:
 * neighbours count. */
Shift Camera::most_voted(float reach) const {
  const float per_cell = 2 * reach / kCells;
  std::array<std::array<int, kCells>, kCells> cells{};
  for (const Vote &vote : votes_)
    cells[std::min(static_cast<int>((vote.y + reach) / per_cell), kCells - 1)]
         [std::min(static_cast<int>((vote.x + reach) / per_cell), kCells - 1)]++;
  int most = 0, row = kCells / 2, column = kCells / 2;
  for (int y = 1; y + 1 < kCells; y++) {
    for (int x = 1; x + 1 < kCells; x++) {
      int sum = 0;
      for (int dy = -1; dy <= 1; dy++)
        sum += cells[y + dy][x - 1] + cells[y + dy][x] + cells[y + dy][x + 1];
      if (sum > most) {
        most = sum;
        row = y;
        column = x;
      }
    }
  }
  return {(static_cast<float>(column) + 0.5f) * per_cell - reach,
          (static_cast<float>(row) + 0.5f) * per_cell - reach};
}

Shift Camera::shift(const std::vector<Box> &expected, const std::vector<Box> &seen) {
  const size_t count = std::min(expected.size(), kMostBoxes);
  if (count < kLeastVotes || seen.size() < kLeastVotes) return {};
  heights_.clear();
  for (size_t i = 0; i < count; i++) heights_.push_back(expected[i].height);
  auto middle = heights_.begin() + static_cast<std::ptrdiff_t>(count / 2);
  std::nth_element(heights_.begin(), middle, heights_.end());
  const float reach = kReach * *middle;

  votes_.clear();
  for (size_t i = 0; i < count; i++) {
    const Box &box = expected[i];
    const float center_x = box.x + box.width / 2, center_y = box.y + box.height / 2;
    /* A box as wide as this one, or wider, lies that far to the left at most. */
    auto first = std::lower_bound(
        seen.begin(), seen.end(), box.x - reach - box.width,
        [](const Box &one, float left) { return one.x < left; });
    for (; first != seen.end() && first->x < box.x + reach + box.width; ++first) {
      const float x = first->x + first->width / 2 - center_x;
      const float y = first->y + first->height / 2 - center_y;
      if (std::fabs(x) >= reach || std::fabs(y) >= reach) continue;
      if (size_similarity(box, *first) < kAlike) continue;
      votes_.push_back({i, x, y, kNear * box.height});
    }
  }
  if (votes_.size() < kLeastVotes) return {};
  Support best = support(most_voted(reach));
  if (best.count) best = support(best.mean);
  const Support still = support({});
  if (still.count >= best.count) best = still;
  if (best.count < kLeastVotes || best.count * 3 < count) return {};
  /* What the noise of the boxes makes by itself is no motion. */
  return std::hypot(best.mean.x, best.mean.y) > 2 * best.error ? best.mean : Shift{};
}

}  // namespace dsbind::tracker
