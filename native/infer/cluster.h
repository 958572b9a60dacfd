/* SPDX-License-Identifier: Apache-2.0 */
/* Many overlapping boxes into one per object. Every class by itself. */
#ifndef DSBIND_INFER_CLUSTER_H
#define DSBIND_INFER_CLUSTER_H

#include <vector>

#include "config.h"
#include "nvdsinfer.h"

namespace dsbind::infer {

using Box = NvDsInferObjectDetectionInfo;
using Boxes = std::vector<Box>;

/* Boxes of one class that take part at most, those of highest confidence: clustering compares
 * pairs, and no image holds so many objects. */
constexpr size_t kMaxBoxesPerClass = 4096;

/* Area of the intersection over area of the union. */
float iou(const Box &a, const Box &b);

/* Keeps the best box and drops those that overlap it by more than `threshold`; again with the
 * rest. Best first. */
Boxes nms(Boxes boxes, float threshold);

/* The algorithm of OpenCV's groupRectangles: boxes whose edges are near, by `eps` of their mean
 * size, are averaged; groups of no more than `group_threshold` boxes, and groups within a larger
 * one, are dropped. Confidence is lost and becomes -0.1. */
Boxes group_rectangles(const Boxes &boxes, int group_threshold, float eps);

/* DBSCAN with the distance 1 - IoU. A cluster grows from boxes with `min_boxes` neighbours within
 * `eps`, themselves counted; boxes outside any, and clusters whose confidences sum to less than
 * `min_score`, are dropped. `merge` gives one box a cluster, averaged by confidence, with the
 * highest confidence; without it the boxes stay as they are. */
Boxes dbscan(const Boxes &boxes, float eps, int min_boxes, float min_score, bool merge);

/* What cluster-mode asks for, then post-cluster-threshold and topk. `boxes` are all above the
 * pre-cluster threshold; comes back by class, best first. */
void cluster(const Config &config, Boxes *boxes);

/* The same for boxes that have more to them than a Box: those that are kept, by index. Only for the
 * modes that merge none. */
std::vector<size_t> kept(const Config &config, const Boxes &boxes);

}  // namespace dsbind::infer

#endif
