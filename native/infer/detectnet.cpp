/* SPDX-License-Identifier: Apache-2.0 */
#include "detectnet.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace dsbind::infer {
namespace {

/* The network tells distances in units of this many pixels, from a cell's centre. */
constexpr float kUnit = 35.f;
constexpr float kCellOffset = 0.5f;

}  // namespace

bool find_detectnet_layers(const Layers &layers, DetectNetLayers *found) {
  const size_t none = layers.size();
  DetectNetLayers which{none, none, 0};
  for (size_t i = 0; i < layers.size(); i++) {
    std::string name = layers[i].layerName;
    bool grid = layers[i].inferDims.numDims == 3 && layers[i].dataType == FLOAT;
    if (!grid) continue;
    if (which.coverage == none && name.find("cov") != std::string::npos) which.coverage = i;
    if (which.boxes == none && name.find("bbox") != std::string::npos) which.boxes = i;
  }
  if (which.coverage == none || which.boxes == none) return false;
  const NvDsInferDims &cov = layers[which.coverage].inferDims;
  const NvDsInferDims &box = layers[which.boxes].inferDims;
  which.classes = cov.d[0];
  *found = which;
  return cov.d[0] > 0 && box.d[0] == 4 * cov.d[0] && box.d[1] == cov.d[1] && box.d[2] == cov.d[2] &&
         cov.d[1] > 0 && cov.d[2] > 0;
}

void parse_detectnet(const Layers &layers, const DetectNetLayers &which,
                     const Network &network, const Thresholds &params, Boxes *boxes) {
  const NvDsInferDims &dims = layers[which.coverage].inferDims;
  const unsigned rows = dims.d[1], columns = dims.d[2];
  const size_t cells = static_cast<size_t>(rows) * columns;
  const auto *coverage = static_cast<const float *>(layers[which.coverage].buffer);
  const auto *distance = static_cast<const float *>(layers[which.boxes].buffer);
  const auto stride_x = static_cast<float>((network.width + columns - 1) / columns);
  const auto stride_y = static_cast<float>((network.height + rows - 1) / rows);
  const auto width = static_cast<float>(network.width), height = static_cast<float>(network.height);
  const unsigned classes = std::min(which.classes, params.numClassesConfigured);

  for (unsigned c = 0; c < classes; c++) {
    const float threshold = params.perClassPreclusterThreshold[c];
    const float *scores = coverage + c * cells;
    const float *o = distance + 4 * c * cells;
    for (size_t cell = 0; cell < cells; cell++) {
      if (!(scores[cell] >= threshold)) continue; /* NaN is no object either */
      const float cx = (static_cast<float>(cell % columns) * stride_x + kCellOffset) / kUnit;
      const float cy = (static_cast<float>(cell / columns) * stride_y + kCellOffset) / kUnit;
      const float x1 = std::clamp((o[cell] - cx) * -kUnit, 0.f, width);
      const float y1 = std::clamp((o[cells + cell] - cy) * -kUnit, 0.f, height);
      const float x2 = std::clamp((o[2 * cells + cell] + cx) * kUnit, 0.f, width);
      const float y2 = std::clamp((o[3 * cells + cell] + cy) * kUnit, 0.f, height);
      if (!(x2 - x1 > 0) || !(y2 - y1 > 0)) continue;
      Box box{};
      box.classId = c;
      box.left = x1;
      box.top = y1;
      box.width = x2 - x1;
      box.height = y2 - y1;
      box.detectionConfidence = scores[cell];
      boxes->push_back(box);
    }
  }
}

namespace {

class DetectNet : public BoxParser {
 public:
  DetectNet(const DetectNetLayers &which, const NvDsInferLayerInfo &coverage)
      : which_(which),
        layer_(coverage.layerName),
        cells_(count_of(coverage) / which.classes) {}
  unsigned classes() const override { return which_.classes; }
  std::string classes_from() const override { return layer_; }
  void parse(const Layers &layers, const Network &network, const Thresholds &thresholds,
             Boxes *boxes) const override {
    need_size(layers[which_.coverage], cells_ * which_.classes);
    need_size(layers[which_.boxes], 4 * cells_ * which_.classes);
    parse_detectnet(layers, which_, network, thresholds, boxes);
  }

 private:
  DetectNetLayers which_;
  std::string layer_;
  size_t cells_;
};

}  // namespace

std::unique_ptr<BoxParser> detectnet_parser(const Layers &layers) {
  DetectNetLayers which{};
  if (!find_detectnet_layers(layers, &which)) return nullptr;
  return std::make_unique<DetectNet>(which, layers[which.coverage]);
}

}  // namespace dsbind::infer
