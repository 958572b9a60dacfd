/* SPDX-License-Identifier: Apache-2.0 */
/* What the outputs of models mean, on tensors made by hand. */
#include "outputs.h"

#include <math.h>

#include <algorithm>
#include <memory>

#include "box_parser.h"
#include "check.h"
#include "files.h"

using namespace dsbind::infer;

namespace {

/* Layers with memory of their own. */
class Made {
 public:
  std::vector<float> &add(const char *name, const std::vector<unsigned> &dims) {
    NvDsInferLayerInfo layer{};
    layer.dataType = FLOAT;
    layer.layerName = name;
    size_t count = 1;
    for (unsigned d : dims) {
      layer.inferDims.d[layer.inferDims.numDims++] = d;
      count *= d;
    }
    values_.push_back(std::make_unique<std::vector<float>>(count, 0.f));
    layer.buffer = values_.back()->data();
    layers.push_back(layer);
    return *values_.back();
  }
  Layers layers;

 private:
  std::vector<std::unique_ptr<std::vector<float>>> values_;
};

/* 64x32: grids of 8x4, 4x2 and 2x1 cells, 42 candidates */
constexpr Network kNetwork{64, 32, 3};
constexpr unsigned kCandidates = 32 + 8 + 2;

Thresholds thresholds(std::vector<float> values) {
  Thresholds t;
  t.numClassesConfigured = static_cast<unsigned>(values.size());
  t.perClassPreclusterThreshold = std::move(values);
  return t;
}

Boxes parse(const Made &made, BoxFormat format, unsigned classes,
            const std::vector<float> &least) {
  auto parser = built_in_parser(made.layers, kNetwork, format, classes);
  Boxes boxes;
  parser->parse(made.layers, kNetwork, thresholds(least), &boxes);
  return boxes;
}

void check_box(const Box &box, unsigned class_id, double score, double left, double top,
               double width, double height) {
  CHECK_INT(box.classId, class_id);
  CHECK_NEAR(box.detectionConfidence, score, 1e-5);
  CHECK_NEAR(box.left, left, 1e-4);
  CHECK_NEAR(box.top, top, 1e-4);
  CHECK_NEAR(box.width, width, 1e-4);
  CHECK_NEAR(box.height, height, 1e-4);
}

void yolo_columns() {
  Made made;
  std::vector<float> &v = made.add("output0", {4 + 3, kCandidates});
  auto set = [&](unsigned i, std::vector<float> numbers) {
    for (unsigned c = 0; c < 7; c++) v[c * kCandidates + i] = numbers[c];
  };
  set(5, {20, 10, 8, 4, 0.1f, 0.8f, 0.3f});
  set(6, {20, 10, 8, 4, 0.55f, 0.1f, 0.2f});       /* below class 0's threshold */
  set(7, {NAN, 10, 8, 4, 0.1f, 0.9f, 0.3f});       /* no box */
  set(8, {20, 10, 8, 4, NAN, NAN, NAN});           /* no class */
  set(41, {60, 30, 16, 16, 0.1f, 0.2f, INFINITY}); /* clipped */
  Boxes boxes = parse(made, BoxFormat::ByShape, 0, {0.6f, 0.5f, 0.5f});
  CHECK_INT(boxes.size(), 2);
  check_box(boxes[0], 1, 0.8, 16, 8, 8, 4);
  CHECK_NEAR(boxes[1].left, 52, 1e-4);
  CHECK_NEAR(boxes[1].width, 12, 1e-4);
  CHECK_NEAR(boxes[1].height, 10, 1e-4);
  CHECK_INT(built_in_parser(made.layers, kNetwork, BoxFormat::Yolo, 0)->classes(), 3);
  puts("yolo v8: 7x42, 2 boxes of 5 candidates");
}

void yolo_rows() {
  /* three anchors a cell: rows of box, objectness and classes */
  Made five;
  std::vector<float> &v = five.add("output", {1, 3 * kCandidates, 7});
  const float row[] = {20, 10, 8, 4, 0.9f, 0.5f, 0.8f};
  std::copy_n(row, 7, v.begin() + 7 * 100);
  Boxes boxes = parse(five, BoxFormat::ByShape, 2, {0.5f, 0.5f});
  CHECK_INT(boxes.size(), 1);
  check_box(boxes[0], 1, 0.72, 16, 8, 8, 4);
  CHECK_INT(parse(five, BoxFormat::YoloV5, 0, {0.5f, 0.75f}).size(), 0);

  /* one anchor a cell: on the grid; cell 3,1 of the grid with steps of 16 */
  Made x;
  std::vector<float> &g = x.add("output", {kCandidates, 7});
  const float cell[] = {0.5f, 0.25f, logf(2), logf(0.5f), 1, 0.9f, 0.2f};
  std::copy_n(cell, 7, g.begin() + 7 * (32 + 4 + 3));
  boxes = parse(x, BoxFormat::ByShape, 2, {0.5f, 0.5f});
  CHECK_INT(boxes.size(), 1);
  check_box(boxes[0], 0, 0.9, 3.5 * 16 - 16, 1.25 * 16 - 4, 24, 8); /* the right 8 are beyond */
  g[7 * (32 + 4 + 3) + 2] = 1000; /* overflows */
  CHECK_INT(parse(x, BoxFormat::YoloX, 2, {0.5f, 0.5f}).size(), 0);

  /* the same shape with as many classes as v8 has */
  boxes = parse(x, BoxFormat::ByShape, 3, {0.5f, 0.5f, 0.5f});
  CHECK_INT(boxes.size(), 0); /* the box in pixels is too small to see, 0.5,0.25 3x0 */

  Made corners;
  std::vector<float> &c = corners.add("output0", {300, 6});
  const float first[] = {4, 2, 14, 12, 0.7f, 1}, second[] = {4, 2, 14, 12, 0.7f, 77};
  const float third[] = {4, 2, 14, 12, 0.7f, -1e30f};
  std::copy_n(first, 6, c.begin());
  std::copy_n(second, 6, c.begin() + 6);
  std::copy_n(third, 6, c.begin() + 12);
  boxes = parse(corners, BoxFormat::ByShape, 2, {0.5f, 0.5f});
  CHECK_INT(boxes.size(), 1);
  check_box(boxes[0], 1, 0.7, 4, 2, 10, 10);
  puts("yolo v5 126x7, X 42x7 on its grid, v10 300x6");
}

void ssd() {
  Made rows;
  std::vector<float> &v = rows.add("NMS", {1, 100, 7});
  const float row[] = {0, 1, 0.8f, 0.25f, 0.25f, 0.75f, 0.5f};
  std::copy_n(row, 7, v.begin());
  v[7] = -1;
  Boxes boxes = parse(rows, BoxFormat::ByShape, 2, {0.5f, 0.5f});
  CHECK_INT(boxes.size(), 1);
  check_box(boxes[0], 1, 0.8, 16, 8, 32, 8);

  Made apart; /* TensorFlow's: top first, shares */
  std::vector<float> &count = apart.add("num_detections", {1});
  std::vector<float> &corners = apart.add("detection_boxes", {10, 4});
  std::vector<float> &scores = apart.add("detection_scores", {10});
  std::vector<float> &classes = apart.add("detection_classes", {10});
  count[0] = 2;
  const float box[] = {0.25f, 0.5f, 0.5f, 1.0f};
  for (int i = 0; i < 3; i++) std::copy_n(box, 4, corners.begin() + 4 * i);
  scores = {0.9f, 0.3f, 0.9f, 0, 0, 0, 0, 0, 0, 0};
  classes[0] = 1;
  boxes = parse(apart, BoxFormat::ByShape, 2, {0.5f, 0.5f});
  CHECK_INT(boxes.size(), 1); /* the second is unlikely, the third not counted */
  check_box(boxes[0], 1, 0.9, 32, 8, 32, 8);
  count[0] = 1e30f;
  CHECK_INT(parse(apart, BoxFormat::Ssd, 2, {0.5f, 0.5f}).size(), 2);
  count[0] = NAN;
  CHECK_INT(parse(apart, BoxFormat::Ssd, 2, {0.5f, 0.5f}).size(), 2);

  Made matrix; /* scores of all classes, the background first; boxes in pixels */
  std::vector<float> &pixels = matrix.add("boxes", {5, 4});
  std::vector<float> &likely = matrix.add("scores", {5, 3});
  pixels[0] = 10, pixels[1] = 10, pixels[2] = 20, pixels[3] = 30;
  likely[0] = 0.95f, likely[2] = 0.6f;
  boxes = parse(matrix, BoxFormat::ByShape, 2, {0.5f, 0.5f});
  CHECK_INT(boxes.size(), 1);
  check_box(boxes[0], 1, 0.6, 10, 10, 10, 20);
  puts("ssd: rows of seven, parts in shares and in pixels");
}

void detr() {
  Made made;
  std::vector<float> &logits = made.add("pred_logits", {100, 3});
  std::vector<float> &boxes_of = made.add("pred_boxes", {100, 4});
  for (float &value : logits) value = -20;
  for (unsigned q = 0; q < 100; q++) logits[3 * q + 2] = 5; /* nothing */
  logits[3 * 7 + 1] = 10;
  const float box[] = {0.5f, 0.5f, 0.25f, 0.5f};
  std::copy_n(box, 4, boxes_of.begin() + 4 * 7);
  Boxes boxes = parse(made, BoxFormat::ByShape, 2, {0.5f, 0.5f});
  CHECK_INT(boxes.size(), 1);
  check_box(boxes[0], 1, 1 / (1 + exp(-5.0)), 24, 8, 16, 16);
  boxes = parse(made, BoxFormat::DetrFocal, 3, {0.5f, 0.5f, 0.999f});
  CHECK_INT(boxes.size(), 1);
  CHECK_NEAR(boxes[0].detectionConfidence, 1 / (1 + exp(-10.0)), 1e-5);
  logits.assign(300, NAN);
  CHECK_INT(parse(made, BoxFormat::Detr, 2, {0, 0}).size(), 0);
  puts("detr: softmax and focal, NaN is nothing");
}

Config config_of(NetworkType type) {
  Config config;
  config.path = "c.txt";
  config.onnx_file = "m.onnx";
  config.network_type = type;
  config.cluster_mode = ClusterMode::Nms;
  return config;
}

Placement whole() { return {{0, 0, 64, 32}, fit_frame(64, 32, 64, 32, false, false)}; }

void classes_of_images() {
  Config config = config_of(NetworkType::Classifier);
  config.attribute_labels = {{"red", "green", "blue"}, {"small", "large"}};
  config.classifier_threshold = 0.5f;
  Made made;
  std::vector<float> &color = made.add("color", {3, 1, 1});
  std::vector<float> &size = made.add("size", {2});
  auto outputs = make_outputs(&config, kNetwork, made.layers);
  Found found;
  color = {0.1f, 0.7f, 0.2f};
  size = {-1, 3}; /* logits */
  outputs->read(made.layers, whole(), &found);
  CHECK_INT(found.attributes.size(), 2);
  CHECK_SAME(found.attributes[0].label, "green");
  CHECK_INT(found.attributes[0].classes, 3);
  CHECK_NEAR(found.attributes[0].confidence, 0.7, 1e-6);
  CHECK_INT(found.attributes[1].index, 1);
  CHECK_SAME(found.attributes[1].label, "large");
  CHECK_NEAR(found.attributes[1].confidence, 1 / (1 + exp(-4.0)), 1e-5);
  CHECK_SAME(found.description, "green large");

  found.clear();
  color = {0.4f, 0.3f, 0.3f}; /* not likely enough */
  size = {NAN, NAN};
  outputs->read(made.layers, whole(), &found);
  CHECK_INT(found.attributes.size(), 0);

  /* one output may have a label a line, and models may have more classes than labels */
  config.attribute_labels = {{"red"}, {"green"}};
  config.labels = {"red", "green"};
  CHECK_SAME(config.attribute_label(0, 1, 1), "green");
  CHECK_SAME(config.attribute_label(0, 2, 1), "");
  Made wide;
  wide.add("map", {3, 4, 5});
  CHECK_HAS(error_of([&] { make_outputs(&config, kNetwork, wide.layers); }),
            "'map' (3x4x5); a classifier");
  puts("classifier: green large; probabilities and logits");
}

void classes_of_pixels() {
  Config config = config_of(NetworkType::Segmentation);
  config.segmentation_threshold = 0.5f;
  Made made;
  std::vector<float> &v = made.add("y", {2, 2, 3});
  v = {0.9f, 0.2f, 0.4f, NAN, 0.6f, 0, 0.1f, 0.8f, 0.3f, 0.7f, 0.6f, 0};
  Found found;
  make_outputs(&config, kNetwork, made.layers)->read(made.layers, whole(), &found);
  CHECK_INT(found.map.classes, 2);
  CHECK_INT(found.map.width, 3);
  CHECK_INT(found.map.height, 2);
  const int expected[] = {0, 1, -1, 1, 0, -1};
  for (int i = 0; i < 6; i++) CHECK_INT(found.map.classes_of[i], expected[i]);
  CHECK_NEAR(found.map.probabilities[7], 0.8, 1e-6);

  config.segmentation_channels_last = true; /* 2 rows, 2 columns, 3 classes */
  found.clear();
  make_outputs(&config, kNetwork, made.layers)->read(made.layers, whole(), &found);
  CHECK_INT(found.map.classes, 3);
  CHECK_INT(found.map.width, 2);
  CHECK_INT(found.map.classes_of[0], 0);
  CHECK_INT(found.map.classes_of[1], 1);
  CHECK_NEAR(found.map.probabilities[5], 0.6, 1e-6); /* class 1 of pixel 1 */

  Made chosen;
  std::vector<float> &c = chosen.add("classes", {2, 3});
  std::vector<int32_t> whole_numbers = {0, 1, 2, -5, 4, 5};
  chosen.layers[0].dataType = INT32;
  chosen.layers[0].buffer = whole_numbers.data();
  c.clear();
  found.clear();
  make_outputs(&config, kNetwork, chosen.layers)->read(chosen.layers, whole(), &found);
  CHECK_INT(found.map.classes_of[5], 5);
  CHECK_INT(found.map.classes_of[3], -1);
  CHECK_INT(found.map.classes, 6); /* as many as are seen */
  CHECK_INT(found.map.probabilities.size(), 0);

  /* numbers that no class has, and that no int can hold */
  std::vector<int64_t> huge = {INT64_MAX, INT64_MIN, 2, 3, int64_t{1} << 31, 65536};
  chosen.layers[0].dataType = INT64;
  chosen.layers[0].buffer = huge.data();
  config.num_classes = 3;
  found.clear();
  make_outputs(&config, kNetwork, chosen.layers)->read(chosen.layers, whole(), &found);
  const int classes[] = {-1, -1, 2, -1, -1, -1};
  for (int i = 0; i < 6; i++) CHECK_INT(found.map.classes_of[i], classes[i]);
  CHECK_INT(found.map.classes, 3);

  Made flat;
  flat.add("y", {10});
  CHECK_HAS(error_of([&] { make_outputs(&config, kNetwork, flat.layers); }),
            "'y' (10); segmentation (network-type=2)");
  puts("segmentation: channels first and last, classes as they are");
}

void masks_of_boxes() {
  Config config = config_of(NetworkType::Instances);
  config.output_instance_mask = true;
  config.all_classes.pre_cluster_threshold = 0.5f;
  Made made;
  std::vector<float> &v = made.add("output0", {4 + 1 + 2, kCandidates});
  std::vector<float> &p = made.add("output1", {2, 8, 16}); /* a quarter of the input */
  auto set = [&](unsigned i, std::vector<float> numbers) {
    for (unsigned c = 0; c < 7; c++) v[c * kCandidates + i] = numbers[c];
  };
  set(3, {32, 16, 32, 16, 0.9f, 10, 0});
  set(4, {33, 16, 32, 16, 0.8f, 0, 10}); /* the same object, less likely */
  for (unsigned y = 0; y < 8; y++)
    for (unsigned x = 0; x < 16; x++) p[y * 16 + x] = x < 8 ? 1.f : -1.f;
  auto outputs = make_outputs(&config, kNetwork, made.layers);
  Found found;
  outputs->read(made.layers, whole(), &found);
  CHECK_INT(config.num_classes, 1);
  CHECK_INT(found.boxes.size(), 1);
  CHECK_INT(found.masks.size(), 1);
  check_box(found.boxes[0], 0, 0.9, 16, 8, 32, 16);
  CHECK_INT(found.masks[0].width, 8);
  CHECK_INT(found.masks[0].height, 4);
  CHECK_NEAR(found.masks[0].values[0], 1 / (1 + exp(-10.0)), 1e-4);
  CHECK_NEAR(found.masks[0].values[7], 1 / (1 + exp(10.0)), 1e-4);

  config.output_instance_mask = false;
  found.clear();
  outputs->read(made.layers, whole(), &found);
  CHECK_INT(found.masks.size(), 0);
  made.layers.pop_back();
  CHECK_HAS(error_of([&] { make_outputs(&config, kNetwork, made.layers); }), "reads YOLO");
  puts("instances: a mask of 8x4 from two prototypes");
}

void many_boxes() {
  /* every candidate is an object, of one class and all over each other */
  Config config = config_of(NetworkType::Detector);
  config.all_classes.pre_cluster_threshold = 0.1f;
  const Network large{640, 640, 3};
  Made made;
  std::vector<float> &v = made.add("output0", {84, 8400});
  for (float &value : v) value = 0.5f;
  for (unsigned i = 0; i < 8400; i++)
    v[i] = static_cast<float>(i % 640), v[8400 + i] = static_cast<float>(i / 14), v[16800 + i] = 40,
    v[25200 + i] = 40;
  auto outputs = make_outputs(&config, large, made.layers);
  Found found;
  outputs->read(made.layers, {{0, 0, 640, 640}, fit_frame(640, 640, 640, 640, false, false)},
                &found);
  CHECK(!found.boxes.empty());
  CHECK(found.boxes.size() < 4096);
  for (float &value : v) value = 0;
  found.clear();
  outputs->read(made.layers, whole(), &found);
  CHECK_INT(found.boxes.size(), 0);
  puts("8400 boxes, and none");
}

void halves_are_read() {
  uint16_t halves[] = {0x3c00, 0xc000, 0x0001, 0x7c00, 0x7e00, 0x3555};
  NvDsInferLayerInfo layer{};
  layer.dataType = HALF;
  layer.inferDims.numDims = 1;
  layer.inferDims.d[0] = 6;
  layer.buffer = halves;
  Values values(layer);
  CHECK_NEAR(values[0], 1, 0);
  CHECK_NEAR(values[1], -2, 0);
  CHECK_NEAR(values[2], 5.9604645e-8, 1e-12);
  CHECK(isinf(values[3]));
  CHECK(isnan(values[4]));
  CHECK_NEAR(values[5], 0.33325195, 1e-7);
  puts("halves: 1, -2, the smallest, infinity, NaN");
}

}  // namespace

int main(void) {
  yolo_columns();
  yolo_rows();
  ssd();
  detr();
  classes_of_images();
  classes_of_pixels();
  masks_of_boxes();
  many_boxes();
  halves_are_read();
  return 0;
}
