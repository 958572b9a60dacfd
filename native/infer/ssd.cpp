/* SPDX-License-Identifier: Apache-2.0 */
/* SSD and its relatives: what is left after the model's own suppression, as rows of seven, or as
 * boxes, scores and classes in outputs of their own. */
#include <algorithm>
#include <cmath>

#include "box_parser.h"

namespace dsbind::infer {
namespace {

/* Corners from 0 to 1 are shares of the input; nothing in pixels is that small. */
constexpr float kShare = 2.f;

bool is_named(const NvDsInferLayerInfo &layer, std::initializer_list<const char *> parts) {
  std::string name = layer.layerName;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::any_of(parts.begin(), parts.end(),
                     [&](const char *part) { return name.find(part) != std::string::npos; });
}

unsigned last_of(const NvDsInferLayerInfo &layer) {
  const NvDsInferDims &dims = layer.inferDims;
  return dims.numDims ? dims.d[dims.numDims - 1] : 0;
}

void add(const Network &network, const Thresholds &thresholds, const float *corners, bool rows_first,
         bool shares, float class_value, float score, Boxes *boxes) {
  if (!(class_value >= 0 && class_value < 65536)) return;
  auto class_id = static_cast<unsigned>(class_value);
  const std::vector<float> &least = thresholds.perClassPreclusterThreshold;
  if (class_id >= least.size() || !(score >= least[class_id])) return;
  const float sx = shares ? static_cast<float>(network.width) : 1.f;
  const float sy = shares ? static_cast<float>(network.height) : 1.f;
  const int x = rows_first ? 1 : 0;
  Box box{};
  if (!box_between(corners[x] * sx, corners[1 - x] * sy, corners[2 + x] * sx, corners[3 - x] * sy,
                   network, &box))
    return;
  box.classId = class_id;
  box.detectionConfidence = score;
  boxes->push_back(box);
}

/* image, class, confidence, left, top, right, bottom */
class Sevens : public BoxParser {
 public:
  explicit Sevens(size_t layer) : layer_(layer) {}
  void parse(const Layers &layers, const Network &network, const Thresholds &thresholds,
             Boxes *boxes) const override {
    const Values values(layers[layer_]);
    for (size_t i = 0; i + 7 <= values.size(); i += 7) {
      const float *row = values.data() + i;
      if (!(row[0] >= 0)) break; /* the model had no more */
      add(network, thresholds, row + 3, false, true, row[1], row[2], boxes);
    }
  }

 private:
  size_t layer_;
};

struct Parts {
  size_t boxes, scores, classes, count;
};

class Apart : public BoxParser {
 public:
  Apart(const Parts &parts, bool rows_first, bool has_classes, bool has_count, bool background)
      : parts_(parts),
        rows_first_(rows_first),
        has_classes_(has_classes),
        has_count_(has_count),
        background_(background) {}

  void parse(const Layers &layers, const Network &network, const Thresholds &thresholds,
             Boxes *boxes) const override {
    const Values corners(layers[parts_.boxes]), scores(layers[parts_.scores]);
    const size_t rows = corners.size() / 4;
    if (rows == 0) return;
    size_t count = rows;
    if (has_count_) {
      const Values number(layers[parts_.count]);
      if (number.size() && number[0] >= 0)
        count = std::min(count, static_cast<size_t>(std::min(number[0], 1e9f)));
    }
    const bool shares = are_shares(corners);
    const size_t per_row = scores.size() / rows;
    if (has_classes_) {
      const Values classes(layers[parts_.classes]);
      count = std::min({count, scores.size(), classes.size()});
      for (size_t i = 0; i < count; i++)
        add(network, thresholds, corners.data() + 4 * i, rows_first_, shares, classes[i], scores[i],
            boxes);
      return;
    }
    for (size_t i = 0; i < count; i++) {
      const float *row = scores.data() + i * per_row;
      size_t best = background_ ? 1 : 0;
      for (size_t c = best; c < per_row; c++)
        if (row[c] > row[best] || std::isnan(row[best])) best = c;
      if (best < per_row)
        add(network, thresholds, corners.data() + 4 * i, rows_first_, shares,
            static_cast<float>(background_ ? best - 1 : best), row[best], boxes);
    }
  }

 private:
  static bool are_shares(const Values &corners) {
    for (size_t i = 0; i < corners.size(); i++)
      if (corners[i] > kShare) return false;
    return true;
  }

  Parts parts_;
  bool rows_first_, has_classes_, has_count_, background_;
};

}  // namespace

std::unique_ptr<BoxParser> ssd_parser(const Layers &layers, unsigned num_classes) {
  for (size_t i = 0; i < layers.size(); i++)
    if (last_of(layers[i]) == 7 && layers[i].inferDims.numDims >= 2)
      return std::make_unique<Sevens>(i);

  const size_t none = layers.size();
  Parts parts{none, none, none, none};
  for (size_t i = 0; i < layers.size(); i++) {
    const NvDsInferLayerInfo &layer = layers[i];
    if (parts.boxes == none && last_of(layer) == 4 && layer.inferDims.numDims >= 2 &&
        !is_named(layer, {"score", "class", "label"}))
      parts.boxes = i;
    else if (parts.count == none && is_named(layer, {"num", "count", "keep"}))
      parts.count = i;
    else if (parts.scores == none && is_named(layer, {"score", "conf", "prob"}))
      parts.scores = i;
    else if (parts.classes == none && is_named(layer, {"class", "label"}))
      parts.classes = i;
  }
  if (parts.boxes == none || parts.scores == none) return nullptr;
  const size_t rows = count_of(layers[parts.boxes]) / 4;
  const size_t scores = count_of(layers[parts.scores]);
  const bool has_classes = parts.classes != none;
  if (rows == 0 || scores % rows != 0 || (!has_classes && scores == rows && num_classes != 1))
    return nullptr;
  const bool background = !has_classes && num_classes && scores / rows == num_classes + 1;
  return std::make_unique<Apart>(parts, is_named(layers[parts.boxes], {"detection_boxes"}),
                                 has_classes, parts.count != none, background);
}

}  // namespace dsbind::infer
