/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

namespace dsbind::infer {
namespace {

constexpr float kNoConfidence = -0.1f;

void sort_best_first(Boxes *boxes) {
  const auto better = [](const Box &a, const Box &b) {
    return a.detectionConfidence > b.detectionConfidence;
  };
  /* They mostly come so. */
  if (!std::is_sorted(boxes->begin(), boxes->end(), better))
    std::stable_sort(boxes->begin(), boxes->end(), better);
}

/* A box's place in the order: numbers are sorted several times faster than boxes. */
struct Place {
  uint64_t rank;
  uint32_t index;

  bool operator<(const Place &o) const {
    return rank != o.rank ? rank < o.rank : index < o.index;
  }
};

/* By class, best first, and otherwise as they come. */
std::vector<Place> by_class(const Boxes &boxes) {
  std::vector<Place> order(boxes.size());
  for (size_t i = 0; i < boxes.size(); i++) {
    const float confidence = boxes[i].detectionConfidence + 0.f; /* -0 is 0 */
    uint32_t bits;
    std::memcpy(&bits, &confidence, sizeof bits);
    /* Floats compare as their bits do, negative ones the other way round. */
    const uint32_t ascending = bits >> 31 ? ~bits : bits | 1u << 31;
    order[i] = {uint64_t{boxes[i].classId} << 32 | static_cast<uint32_t>(~ascending),
                static_cast<uint32_t>(i)};
  }
  std::sort(order.begin(), order.end());
  return order;
}

/* Groups of boxes connected by `similar`: the label of each box, numbered from 0. */
template <class Similar>
int partition(const Boxes &boxes, Similar similar, std::vector<int> *labels) {
  std::vector<size_t> parent(boxes.size());
  std::iota(parent.begin(), parent.end(), size_t{0});
  auto root = [&](size_t i) {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
  };
  for (size_t i = 0; i < boxes.size(); i++)
    for (size_t j = 0; j < i; j++)
      if (similar(boxes[i], boxes[j])) parent[root(i)] = root(j);
  labels->assign(boxes.size(), -1);
  std::vector<int> number(boxes.size(), -1);
  int count = 0;
  for (size_t i = 0; i < boxes.size(); i++) {
    int &n = number[root(i)];
    if (n < 0) n = count++;
    (*labels)[i] = n;
  }
  return count;
}

/* Sums up the boxes of each cluster, weighted. */
struct Sum {
  double left = 0, top = 0, right = 0, bottom = 0, weight = 0, score = 0;
  int count = 0;
  float best = 0;
  unsigned class_id = 0;

  void add(const Box &box, double w) {
    left += w * box.left;
    top += w * box.top;
    right += w * (box.left + box.width);
    bottom += w * (box.top + box.height);
    weight += w;
    score += box.detectionConfidence;
    best = count ? std::max(best, box.detectionConfidence) : box.detectionConfidence;
    class_id = box.classId;
    count++;
  }
  Box mean() const {
    Box box{};
    box.classId = class_id;
    box.left = static_cast<float>(left / weight);
    box.top = static_cast<float>(top / weight);
    box.width = static_cast<float>(right / weight) - box.left;
    box.height = static_cast<float>(bottom / weight) - box.top;
    box.detectionConfidence = best;
    return box;
  }
};

Boxes cluster_class(const Config &config, const ClassAttrs &attrs, Boxes boxes) {
  switch (config.cluster_mode) {
    case ClusterMode::GroupRectangles:
      return group_rectangles(boxes, attrs.group_threshold, attrs.eps);
    case ClusterMode::Dbscan:
      return dbscan(boxes, attrs.eps, attrs.min_boxes, attrs.dbscan_min_score, true);
    case ClusterMode::Nms: return nms(std::move(boxes), attrs.nms_iou_threshold);
    case ClusterMode::Hybrid:
      return nms(dbscan(boxes, attrs.eps, attrs.min_boxes, attrs.dbscan_min_score, false),
                 attrs.nms_iou_threshold);
    case ClusterMode::None: break;
  }
  return boxes;
}

}  // namespace

float iou(const Box &a, const Box &b) {
  float width = std::min(a.left + a.width, b.left + b.width) - std::max(a.left, b.left);
  float height = std::min(a.top + a.height, b.top + b.height) - std::max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  float both = width * height;
  return both / (a.width * a.height + b.width * b.height - both);
}

Boxes nms(Boxes boxes, float threshold) {
  sort_best_first(&boxes);
  Boxes kept;
  for (const Box &box : boxes) {
    bool free = std::none_of(kept.begin(), kept.end(),
                             [&](const Box &better) { return iou(better, box) > threshold; });
    if (free) kept.push_back(box);
  }
  return kept;
}

Boxes group_rectangles(const Boxes &boxes, int group_threshold, float eps) {
  Boxes result = boxes;
  if (group_threshold > 0 && !boxes.empty()) {
    std::vector<int> labels;
    int count = partition(
        boxes,
        [eps](const Box &a, const Box &b) {
          float delta = eps * 0.5f * (std::min(a.width, b.width) + std::min(a.height, b.height));
          return std::fabs(a.left - b.left) <= delta && std::fabs(a.top - b.top) <= delta &&
                 std::fabs(a.left + a.width - b.left - b.width) <= delta &&
                 std::fabs(a.top + a.height - b.top - b.height) <= delta;
        },
        &labels);
    std::vector<Sum> sums(static_cast<size_t>(count));
    for (size_t i = 0; i < boxes.size(); i++) sums[static_cast<size_t>(labels[i])].add(boxes[i], 1);

    result.clear();
    for (size_t i = 0; i < sums.size(); i++) {
      if (sums[i].count <= group_threshold) continue;
      Box box = sums[i].mean();
      bool inside = false;
      for (size_t j = 0; j < sums.size() && !inside; j++) {
        if (j == i || sums[j].count <= group_threshold) continue;
        Box other = sums[j].mean();
        float dx = other.width * eps, dy = other.height * eps;
        inside = box.left >= other.left - dx && box.top >= other.top - dy &&
                 box.left + box.width <= other.left + other.width + dx &&
                 box.top + box.height <= other.top + other.height + dy &&
                 (sums[j].count > std::max(3, sums[i].count) || sums[i].count < 3);
      }
      if (!inside) result.push_back(box);
    }
  }
  for (Box &box : result) box.detectionConfidence = kNoConfidence;
  return result;
}

Boxes dbscan(const Boxes &boxes, float eps, int min_boxes, float min_score, bool merge) {
  constexpr int kUnseen = -2, kNoise = -1;
  std::vector<int> labels(boxes.size(), kUnseen);
  std::vector<size_t> near, more;
  auto neighbours = [&](size_t i, std::vector<size_t> *found) {
    found->clear();
    for (size_t j = 0; j < boxes.size(); j++)
      if (j == i || 1.f - iou(boxes[i], boxes[j]) <= eps) found->push_back(j);
  };
  size_t least = static_cast<size_t>(std::max(min_boxes, 1));
  int count = 0;
  for (size_t i = 0; i < boxes.size(); i++) {
    if (labels[i] != kUnseen) continue;
    neighbours(i, &near);
    if (near.size() < least) {
      labels[i] = kNoise;
      continue;
    }
    labels[i] = count;
    for (size_t n = 0; n < near.size(); n++) {
      size_t j = near[n];
      bool unseen = labels[j] == kUnseen;
      if (!unseen && labels[j] != kNoise) continue;
      labels[j] = count;
      if (!unseen) continue;
      neighbours(j, &more);
      if (more.size() < least) continue;
      /* Only what no cluster has yet: `near` stays within twice the number of boxes. */
      for (size_t k : more)
        if (labels[k] == kUnseen || labels[k] == kNoise) near.push_back(k);
    }
    count++;
  }

  std::vector<Sum> sums(static_cast<size_t>(count));
  for (size_t i = 0; i < boxes.size(); i++)
    if (labels[i] >= 0)
      sums[static_cast<size_t>(labels[i])].add(
          boxes[i], std::max(static_cast<double>(boxes[i].detectionConfidence), 1e-6));
  Boxes result;
  if (merge) {
    for (const Sum &sum : sums)
      if (sum.score >= static_cast<double>(min_score)) result.push_back(sum.mean());
  } else {
    for (size_t i = 0; i < boxes.size(); i++)
      if (labels[i] >= 0 &&
          sums[static_cast<size_t>(labels[i])].score >= static_cast<double>(min_score))
        result.push_back(boxes[i]);
  }
  return result;
}

void cluster(const Config &config, Boxes *boxes) {
  Boxes sorted, result;
  sorted.reserve(boxes->size());
  for (const Place &place : by_class(*boxes)) sorted.push_back((*boxes)[place.index]);
  for (auto first = sorted.begin(); first != sorted.end();) {
    auto last = std::find_if(first, sorted.end(),
                             [&](const Box &box) { return box.classId != first->classId; });
    const ClassAttrs &attrs = config.attrs(first->classId);
    auto most = static_cast<std::ptrdiff_t>(kMaxBoxesPerClass);
    Boxes found = cluster_class(config, attrs, Boxes(first, first + std::min(last - first, most)));
    sort_best_first(&found);
    bool scored = config.cluster_mode != ClusterMode::GroupRectangles;
    int kept = 0;
    for (const Box &box : found) {
      if (attrs.topk >= 0 && kept >= attrs.topk) break;
      if (scored && box.detectionConfidence < attrs.post_cluster_threshold) break;
      result.push_back(box);
      kept++;
    }
    first = last;
  }
  *boxes = std::move(result);
}

std::vector<size_t> kept(const Config &config, const Boxes &boxes) {
  std::vector<size_t> order, result;
  for (const Place &place : by_class(boxes)) order.push_back(place.index);
  size_t seen = 0, first = 0; /* of the class: boxes looked at, and where its kept ones begin */
  for (size_t n = 0; n < order.size(); n++) {
    const Box &box = boxes[order[n]];
    if (n == 0 || box.classId != boxes[order[n - 1]].classId) seen = 0, first = result.size();
    const ClassAttrs &attrs = config.attrs(box.classId);
    const bool more = attrs.topk < 0 || result.size() - first < static_cast<size_t>(attrs.topk);
    if (seen++ >= kMaxBoxesPerClass || !more ||
        box.detectionConfidence < attrs.post_cluster_threshold)
      continue;
    const bool free =
        config.cluster_mode != ClusterMode::Nms ||
        std::none_of(result.begin() + static_cast<std::ptrdiff_t>(first), result.end(),
                     [&](size_t k) { return iou(boxes[k], box) > attrs.nms_iou_threshold; });
    if (free) result.push_back(order[n]);
  }
  return result;
}

}  // namespace dsbind::infer
