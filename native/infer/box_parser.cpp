/* SPDX-License-Identifier: Apache-2.0 */
#include "box_parser.h"

#include <algorithm>
#include <cmath>

#include "error.h"

namespace dsbind::infer {

std::unique_ptr<BoxParser> built_in_parser(const Layers &layers, const Network &network,
                                           BoxFormat format, unsigned num_classes) {
  std::unique_ptr<BoxParser> parser;
  bool any = format == BoxFormat::ByShape;
  if (any || format == BoxFormat::DetectNet) parser = detectnet_parser(layers);
  bool yolo = format == BoxFormat::Yolo || format == BoxFormat::YoloV5 ||
              format == BoxFormat::YoloX || format == BoxFormat::YoloV8 ||
              format == BoxFormat::BoxRows;
  if (!parser && (any || yolo)) parser = yolo_parser(layers, network, format, num_classes);
  bool detr = format == BoxFormat::Detr || format == BoxFormat::DetrFocal;
  if (!parser && (any || detr)) parser = detr_parser(layers, format, num_classes);
  /* Boxes and scores apart, as the last of YOLO's formats has them too. */
  if (!parser && (any || format == BoxFormat::Ssd || format == BoxFormat::Yolo))
    parser = ssd_parser(layers, num_classes);
  if (parser) return parser;
  throw Error(ErrorKind::Settings,
              "the outputs of the model are " + layers_text(layers) +
                  (any ? "; the built-in parsers read DetectNet_v2 (outputs named *cov*, classes x "
                         "rows x columns, and *bbox*, 4 times as many channels), YOLO v5, v8, v11 "
                         "and X, SSD and DETR. For another model set parse-bbox-func-name and "
                         "custom-lib-path, or network-type=100 to read the tensors yourself"
                       : "; that is not what parse-bbox-func-name reads. Leave it out to choose by "
                         "the outputs' shapes, or set custom-lib-path to a library that has it"));
}

bool box_between(float x1, float y1, float x2, float y2, const Network &network, Box *box) {
  if (!std::isfinite(x1) || !std::isfinite(y1) || !std::isfinite(x2) || !std::isfinite(y2))
    return false;
  const auto width = static_cast<float>(network.width), height = static_cast<float>(network.height);
  box->left = std::clamp(x1, 0.f, width);
  box->top = std::clamp(y1, 0.f, height);
  box->width = std::clamp(x2, 0.f, width) - box->left;
  box->height = std::clamp(y2, 0.f, height) - box->top;
  return box->width > 0 && box->height > 0;
}

float lowest(const Thresholds &thresholds) {
  const std::vector<float> &all = thresholds.perClassPreclusterThreshold;
  return all.empty() ? 0.f : *std::min_element(all.begin(), all.end());
}

}  // namespace dsbind::infer
