/* SPDX-License-Identifier: Apache-2.0 */
/* Detection transformers: a box and a logit per class for each query, nothing to suppress. */
#include <algorithm>
#include <cmath>

#include "box_parser.h"

namespace dsbind::infer {
namespace {

class Detr : public BoxParser {
 public:
  Detr(size_t boxes, size_t logits, unsigned values, bool softmax, const std::string &layer)
      : boxes_(boxes), logits_(logits), values_(values), softmax_(softmax), layer_(layer) {}

  unsigned classes() const override { return softmax_ ? values_ - 1 : values_; }
  std::string classes_from() const override { return layer_; }
  void parse(const Layers &layers, const Network &network, const Thresholds &thresholds,
             Boxes *boxes) const override {
    const Values centres(layers[boxes_]), logits(layers[logits_]);
    const size_t queries = std::min(centres.size() / 4, logits.size() / values_);
    const unsigned count = std::min<unsigned>(
        classes(), static_cast<unsigned>(thresholds.perClassPreclusterThreshold.size()));
    const auto width = static_cast<float>(network.width);
    const auto height = static_cast<float>(network.height);
    for (size_t q = 0; q < queries; q++) {
      const float *row = logits.data() + q * values_;
      unsigned best = 0;
      for (unsigned c = 1; c < count; c++)
        if (row[c] > row[best] || std::isnan(row[best])) best = c;
      if (count == 0 || !std::isfinite(row[best])) continue;
      float score = softmax_ ? share(row, best) : 1 / (1 + std::exp(-row[best]));
      if (!(score >= thresholds.perClassPreclusterThreshold[best])) continue;
      const float *c = centres.data() + 4 * q;
      Box box{};
      if (!box_between((c[0] - c[2] / 2) * width, (c[1] - c[3] / 2) * height,
                       (c[0] + c[2] / 2) * width, (c[1] + c[3] / 2) * height, network, &box))
        continue;
      box.classId = best;
      box.detectionConfidence = score;
      boxes->push_back(box);
    }
  }

 private:
  float share(const float *row, unsigned which) const {
    float most = *std::max_element(row, row + values_), sum = 0;
    for (unsigned c = 0; c < values_; c++) sum += std::exp(row[c] - most);
    return std::exp(row[which] - most) / sum;
  }

  size_t boxes_, logits_;
  unsigned values_;
  bool softmax_;
  std::string layer_;
};

}  // namespace

std::unique_ptr<BoxParser> detr_parser(const Layers &layers, BoxFormat format,
                                       unsigned num_classes) {
  const size_t none = layers.size();
  size_t boxes = none, logits = none;
  for (size_t i = 0; i < layers.size(); i++) {
    std::string name = layers[i].layerName;
    std::vector<unsigned> shape = shape_of(layers[i]);
    if (name.find("logit") != std::string::npos && shape.size() == 2)
      logits = i;
    else if (name.find("box") != std::string::npos && shape.size() == 2 && shape[1] == 4)
      boxes = i;
  }
  if (boxes == none || logits == none) return nullptr;
  std::vector<unsigned> shape = shape_of(layers[logits]);
  if (shape[0] != shape_of(layers[boxes])[0] || shape[1] < 2) return nullptr;
  bool softmax = format == BoxFormat::Detr ||
                 (format == BoxFormat::ByShape && num_classes != shape[1]);
  return std::make_unique<Detr>(boxes, logits, shape[1], softmax, layers[logits].layerName);
}

}  // namespace dsbind::infer
