/* SPDX-License-Identifier: Apache-2.0 */
/* The pixel loops, letterbox geometry, and DetectNet_v2 on tensors made by hand. */
#include <cmath>

#include "check.h"
#include "detectnet.h"
#include "detector.h"
#include "files.h"
#include "preprocess.h"

using namespace dsbind::infer;

static void letterbox_geometry() {
  Letterbox full = fit_frame(640, 272, 640, 368, false, false);
  CHECK_INT(full.width, 640);
  CHECK_INT(full.height, 368);
  CHECK_NEAR(full.scale_y, 368.0 / 272.0, 1e-6);

  Letterbox wide = fit_frame(1920, 1080, 640, 368, true, false);
  CHECK_INT(wide.width, 640);
  CHECK_INT(wide.height, 360);
  CHECK_INT(wide.top, 0);
  CHECK_NEAR(wide.scale_x, 1.0 / 3, 1e-6);
  CHECK_INT(fit_frame(1920, 1080, 640, 368, true, true).top, 4);

  Letterbox tall = fit_frame(100, 400, 640, 368, true, true);
  CHECK_INT(tall.height, 368);
  CHECK_INT(tall.width, 92);
  CHECK_INT(tall.left, 274);

  Letterbox line = fit_frame(16384, 1, 640, 368, true, true);
  CHECK_INT(line.height, 1);
  puts("letterbox: 1920x1080 is 640x360 at 0 or 4, 100x400 is 92x368 at 274");
}

static void boxes_return_through_the_letterbox() {
  Config config;
  Letterbox box = fit_frame(1920, 1080, 640, 368, true, true);
  Boxes boxes = {{0, 100, 4, 50, 36, 0.9f, 0}, {0, -20, 350, 60, 40, 0.8f, 0}};
  to_frame(config, {{0, 0, 1920, 1080}, box}, &boxes);
  CHECK_INT(boxes.size(), 2);
  CHECK_NEAR(boxes[0].left, 300, 0.01);
  CHECK_NEAR(boxes[0].top, 0, 0.01);
  CHECK_NEAR(boxes[0].width, 150, 0.01);
  CHECK_NEAR(boxes[0].height, 108, 0.01);
  CHECK_NEAR(boxes[1].left, 0, 0); /* clipped to the frame */
  CHECK_NEAR(boxes[1].width, 120, 0.01);
  CHECK_NEAR(boxes[1].top + boxes[1].height, 1080, 0);

  config.all_classes.min_height = 60;
  config.all_classes.roi_bottom_offset = 10;
  boxes = {
      {0, 100, 4, 50, 36, 0.9f, 0}, {0, 100, 4, 50, 10, 0.9f, 0}, {0, 0, 350, 60, 40, 0.8f, 0}};
  to_frame(config, {{0, 0, 1920, 1080}, box}, &boxes);
  CHECK_INT(boxes.size(), 1); /* one too low, one in the bottom stripe */
  /* of an object at 500,200 of 192 x 108, looked at as a whole */
  boxes = {{0, 100, 4, 50, 36, 0.9f, 0}};
  config = Config();
  to_frame(config, {{500, 200, 192, 108}, fit_frame(192, 108, 640, 368, true, true)}, &boxes);
  CHECK_NEAR(boxes[0].left, 500 + 30, 0.01);
  CHECK_NEAR(boxes[0].top, 200, 0.01);
  CHECK_NEAR(boxes[0].height, 10.8, 0.01);
  puts("to_frame: scaled by 3, clipped, filtered");
}

static void pixels_become_planes() {
  const uint8_t rgba[2 * 3 * 4] = {10, 20, 30, 255, 40, 50, 60, 255, 70, 80, 90, 255,
                                   1,  2,  3,  255, 4,  5,  6,  255, 7,  8,  9,  255};
  Normalization norm;
  norm.scale = 0.5f;
  norm.mean[0] = 10, norm.mean[1] = 20, norm.mean[2] = 30;
  float planes[18];
  planar_from_rgba(rgba, 12, 3, 2, false, norm, planes);
  CHECK_NEAR(planes[0], 0, 0);
  CHECK_NEAR(planes[1], 15, 0);
  CHECK_NEAR(planes[3], -4.5, 0);
  CHECK_NEAR(planes[6 + 2], 30, 0);
  CHECK_NEAR(planes[12 + 5], -10.5, 0);
  planar_from_rgba(rgba, 12, 3, 2, true, norm, planes);
  CHECK_NEAR(planes[0], (30 - 10) * 0.5, 0); /* blue first, with the first offset */
  CHECK_NEAR(planes[12], (10 - 30) * 0.5, 0);
  norm.image.assign(18, 1);
  planar_from_rgba(rgba, 12, 3, 2, false, norm, planes);
  CHECK_NEAR(planes[17], 4, 0);
  norm.image.clear();
  planar_from_gray(rgba, 12, 3, 2, norm, planes);
  CHECK_NEAR(planes[3], -4.5, 0);
  puts("planes: RGB, BGR, mean image, grey");
}

static void mean_file_is_read() {
  Folder folder;
  std::string path = folder.write("mean.ppm", "P6\n# by hand\n2 1\n255\n\x01\x02\x03\x04\x05\x06");
  std::vector<float> mean = read_mean_file(path, 2, 1, ColorFormat::Bgr);
  CHECK_INT(mean.size(), 6);
  CHECK_NEAR(mean[0], 3, 0);
  CHECK_NEAR(mean[5], 4, 0);
  CHECK_HAS(error_of([&] { read_mean_file(path, 3, 1, ColorFormat::Rgb); }), "is 2x1");
  std::string text = folder.write("text.ppm", "hello");
  CHECK_HAS(error_of([&] { read_mean_file(text, 2, 1, ColorFormat::Rgb); }), "P6");
  puts("mean file: planar BGR, wrong size and wrong format named");
}

static NvDsInferLayerInfo layer(const char *name, unsigned c, unsigned h, unsigned w, float *data) {
  NvDsInferLayerInfo info{};
  info.dataType = FLOAT;
  info.inferDims.numDims = 3;
  info.inferDims.d[0] = c, info.inferDims.d[1] = h, info.inferDims.d[2] = w;
  info.inferDims.numElements = c * h * w;
  info.layerName = name;
  info.buffer = data;
  return info;
}

static void detectnet_boxes() {
  /* 2 classes on a grid of 2 x 3 cells of 16 pixels: the network's input is 48 x 32 */
  float cov[12] = {}, bbox[48] = {};
  std::vector<NvDsInferLayerInfo> layers = {layer("out_bbox", 8, 2, 3, bbox),
                                            layer("out_cov", 2, 2, 3, cov)};
  DetectNetLayers which{};
  CHECK(find_detectnet_layers(layers, &which));
  CHECK_INT(which.coverage, 1);
  CHECK_INT(which.classes, 2);
  NvDsInferNetworkInfo network{48, 32, 3};
  NvDsInferParseDetectionParams params;
  params.numClassesConfigured = 2;
  params.perClassPreclusterThreshold = {0.5f, 0.4f};

  const int cell = 1 * 3 + 2; /* row 1, column 2: centre at (32.5, 16.5) */
  cov[cell] = 0.6f;
  bbox[0 * 6 + cell] = 10 / 35.f; /* left: 10 pixels */
  bbox[1 * 6 + cell] = 5 / 35.f;
  bbox[2 * 6 + cell] = 7 / 35.f;
  bbox[3 * 6 + cell] = 100 / 35.f; /* beyond the edge */
  cov[6 + 0] = 0.45f;              /* class 1 has a lower threshold; no size: no box */
  cov[0] = NAN;
  Boxes boxes;
  parse_detectnet(layers, which, network, params, &boxes);
  CHECK_INT(boxes.size(), 1);
  CHECK_INT(boxes[0].classId, 0);
  CHECK_NEAR(boxes[0].left, 22.5, 1e-4);
  CHECK_NEAR(boxes[0].top, 11.5, 1e-4);
  CHECK_NEAR(boxes[0].width, 17, 1e-4);
  CHECK_NEAR(boxes[0].height, 32 - 11.5, 1e-4);
  CHECK_NEAR(boxes[0].detectionConfidence, 0.6, 1e-6);

  boxes.clear();
  for (int i = 0; i < 4; i++) bbox[24 + i * 6] = 3 / 35.f;
  parse_detectnet(layers, which, network, params, &boxes);
  CHECK_INT(boxes.size(), 2);
  CHECK_INT(boxes[1].classId, 1);
  CHECK_NEAR(boxes[1].width, 3.5, 1e-4); /* -2.5 to 3.5, clipped */

  bbox[cell] = NAN;
  boxes.clear();
  parse_detectnet(layers, which, network, params, &boxes);
  CHECK_INT(boxes.size(), 1);

  layers[1].layerName = "scores";
  CHECK(!find_detectnet_layers(layers, &which));
  CHECK_HAS(error_of([&] { built_in_parser(layers, network, BoxFormat::ByShape, 2); }),
            "'scores' (2x2x3)");
  layers[1] = layer("out_cov", 3, 2, 3, cov);
  CHECK_HAS(error_of([&] { built_in_parser(layers, network, BoxFormat::DetectNet, 3); }),
            "parse-bbox-func-name");
  puts("detectnet: 22.5,11.5 17x20.5; clipped; NaN is no object");
}

int main(void) {
  letterbox_geometry();
  boxes_return_through_the_letterbox();
  pixels_become_planes();
  mean_file_is_read();
  detectnet_boxes();
  return 0;
}
