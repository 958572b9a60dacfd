/* SPDX-License-Identifier: Apache-2.0 */
/* Every cluster mode on boxes whose result can be worked out by hand. */
#include "cluster.h"

#include "check.h"

using namespace dsbind::infer;

static Box box(float left, float top, float width, float height, float confidence,
               unsigned class_id = 0) {
  Box b{};
  b.classId = class_id;
  b.left = left;
  b.top = top;
  b.width = width;
  b.height = height;
  b.detectionConfidence = confidence;
  return b;
}

static void overlap() {
  CHECK_NEAR(iou(box(0, 0, 10, 10, 1), box(0, 0, 10, 10, 1)), 1, 1e-6);
  CHECK_NEAR(iou(box(0, 0, 10, 10, 1), box(5, 0, 10, 10, 1)), 50.0 / 150.0, 1e-6);
  CHECK_NEAR(iou(box(0, 0, 10, 10, 1), box(10, 0, 10, 10, 1)), 0, 0);
  puts("iou: same 1, half 1/3, touching 0");
}

static void nms_keeps_the_best() {
  Boxes in = {box(1, 0, 10, 10, 0.6f), box(0, 0, 10, 10, 0.9f), box(5, 0, 10, 10, 0.7f),
              box(40, 0, 10, 10, 0.5f)};
  /* 0.9 drops 0.6 (IoU 0.82) but not 0.7 (IoU 0.33) at 0.5 */
  Boxes out = nms(in, 0.5f);
  CHECK_INT(out.size(), 3);
  CHECK_NEAR(out[0].detectionConfidence, 0.9, 1e-6);
  CHECK_NEAR(out[1].detectionConfidence, 0.7, 1e-6);
  CHECK_NEAR(out[2].detectionConfidence, 0.5, 1e-6);
  CHECK_INT(nms(in, 0.3f).size(), 2);
  CHECK_INT(nms(in, 1.0f).size(), 4); /* nothing overlaps by more than all */
  CHECK_INT(nms({}, 0.5f).size(), 0);
  puts("nms: 4 boxes to 3 at 0.5, to 2 at 0.3");
}

static void group_rectangles_averages() {
  Boxes in = {box(0, 0, 10, 10, 0.9f), box(2, 0, 10, 10, 0.8f), box(1, 3, 10, 10, 0.7f),
              box(50, 50, 10, 10, 0.9f)};
  /* delta = 0.4 * (10 + 10) / 2 = 4: the first three are one group, the fourth is too few */
  Boxes out = group_rectangles(in, 1, 0.4f);
  CHECK_INT(out.size(), 1);
  CHECK_NEAR(out[0].left, 1, 1e-5);
  CHECK_NEAR(out[0].top, 1, 1e-5);
  CHECK_NEAR(out[0].width, 10, 1e-5);
  CHECK_NEAR(out[0].detectionConfidence, -0.1, 1e-6);
  CHECK_INT(group_rectangles(in, 3, 0.4f).size(), 0);
  CHECK_INT(group_rectangles(in, 0, 0.4f).size(), 4); /* 0 does not group */

  /* a pair inside a group of four is dropped, as in OpenCV */
  Boxes nested = {box(0, 0, 100, 100, 1), box(1, 0, 100, 100, 1), box(0, 1, 100, 100, 1),
                  box(1, 1, 100, 100, 1), box(40, 40, 10, 10, 1), box(41, 40, 10, 10, 1)};
  CHECK_INT(group_rectangles(nested, 1, 0.2f).size(), 1);
  puts("group rectangles: 4 boxes to 1, nested pair dropped");
}

static void dbscan_merges_dense_boxes() {
  Boxes in = {box(0, 0, 10, 10, 0.9f), box(1, 0, 10, 10, 0.6f), box(2, 0, 10, 10, 0.3f),
              box(50, 0, 10, 10, 0.9f)};
  Boxes merged = dbscan(in, 0.3f, 2, 0, true);
  CHECK_INT(merged.size(), 1);
  /* (0 * 0.9 + 1 * 0.6 + 2 * 0.3) / 1.8 */
  CHECK_NEAR(merged[0].left, 1.2 / 1.8, 1e-5);
  CHECK_NEAR(merged[0].width, 10, 1e-5);
  CHECK_NEAR(merged[0].detectionConfidence, 0.9, 1e-6);
  CHECK_INT(dbscan(in, 0.3f, 1, 0, true).size(), 2);    /* alone is dense enough */
  CHECK_INT(dbscan(in, 0.3f, 1, 1.0f, true).size(), 1); /* 0.9 is below the score, 1.8 is not */
  CHECK_INT(dbscan(in, 0.3f, 2, 0, false).size(), 3);   /* unmerged, the outlier gone */
  puts("dbscan: three dense boxes to one at 0.667, outlier dropped");
}

static Config config_of(ClusterMode mode) {
  Config config;
  config.cluster_mode = mode;
  config.num_classes = 3;
  config.all_classes.nms_iou_threshold = 0.5f;
  config.all_classes.eps = 0.3f;
  config.all_classes.min_boxes = 2;
  return config;
}

static void modes_treat_classes_apart() {
  Boxes in = {box(0, 0, 10, 10, 0.6f, 1), box(0, 0, 10, 10, 0.9f, 0), box(1, 0, 10, 10, 0.7f, 0),
              box(30, 0, 10, 10, 0.95f, 0)};
  Boxes out = in;
  cluster(config_of(ClusterMode::Nms), &out);
  CHECK_INT(out.size(), 3);
  CHECK_NEAR(out[0].detectionConfidence, 0.95, 1e-6); /* class 0 first, best first */
  CHECK_NEAR(out[1].detectionConfidence, 0.9, 1e-6);
  CHECK_INT(out[2].classId, 1);

  out = in;
  cluster(config_of(ClusterMode::Hybrid), &out); /* 0.95 and class 1 are outliers */
  CHECK_INT(out.size(), 1);
  CHECK_NEAR(out[0].left, 0, 0); /* not merged: the best box itself */
  CHECK_NEAR(out[0].detectionConfidence, 0.9, 1e-6);

  out = in;
  cluster(config_of(ClusterMode::None), &out);
  CHECK_INT(out.size(), 4);
  puts("modes: nms 3, hybrid 1, none 4");
}

static void topk_and_threshold_come_last() {
  Config config = config_of(ClusterMode::None);
  Boxes in = {box(0, 0, 10, 10, 0.6f), box(20, 0, 10, 10, 0.9f), box(40, 0, 10, 10, 0.7f)};
  config.all_classes.topk = 2;
  Boxes out = in;
  cluster(config, &out);
  CHECK_INT(out.size(), 2);
  CHECK_NEAR(out[1].detectionConfidence, 0.7, 1e-6);
  config.all_classes.post_cluster_threshold = 0.8f;
  out = in;
  cluster(config, &out);
  CHECK_INT(out.size(), 1);
  config.all_classes.topk = 0;
  out = in;
  cluster(config, &out);
  CHECK_INT(out.size(), 0);
  puts("topk 2, post-cluster 0.8 leaves 1, topk 0 leaves none");
}

static void many_boxes_stay_cheap() {
  Config config = config_of(ClusterMode::Dbscan);
  config.all_classes.eps = 1;
  Boxes in(200000, box(0, 0, 10, 10, 0.5f));
  cluster(config, &in);
  CHECK_INT(in.size(), 1);
  puts("200000 equal boxes to 1");
}

int main(void) {
  overlap();
  nms_keeps_the_best();
  group_rectangles_averages();
  dbscan_merges_dense_boxes();
  modes_treat_classes_apart();
  topk_and_threshold_come_last();
  many_boxes_stay_cheap();
  return 0;
}
