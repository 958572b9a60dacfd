/* SPDX-License-Identifier: Apache-2.0 */
/* Boxes with masks: YOLO's, from prototypes that each box mixes; and parsers of the user's. */
#include <algorithm>
#include <cmath>
#include <mutex>

#include "detector.h"
#include "error.h"
#include "parser.h"
#include "yolo.h"

namespace dsbind::infer {
namespace {

/* A box of `part` in `whole`, as shares of it. */
struct Share {
  float left, top, right, bottom;
};

/* The part of a mask that a box still shows when it has been clipped. */
Mask cut(const Mask &mask, const Share &share) {
  auto limit = [](float at, unsigned most) {
    return static_cast<unsigned>(std::clamp(std::lround(at * static_cast<float>(most)), 0l,
                                            static_cast<long>(most)));
  };
  unsigned x0 = std::min(limit(share.left, mask.width), mask.width - 1);
  unsigned y0 = std::min(limit(share.top, mask.height), mask.height - 1);
  unsigned x1 = std::max(limit(share.right, mask.width), x0 + 1);
  unsigned y1 = std::max(limit(share.bottom, mask.height), y0 + 1);
  if (x0 == 0 && y0 == 0 && x1 == mask.width && y1 == mask.height) return mask;
  Mask part;
  part.width = x1 - x0;
  part.height = y1 - y0;
  for (unsigned y = y0; y < y1; y++) {
    const float *row = mask.values.data() + static_cast<size_t>(y) * mask.width;
    part.values.insert(part.values.end(), row + x0, row + x1);
  }
  return part;
}

/* What of a box lies within the picture, in shares of the box; the padding and what is beyond the
 * edges are not. */
Share visible(const Box &box, const Letterbox &picture) {
  const auto left = static_cast<float>(picture.left), top = static_cast<float>(picture.top);
  const float right = left + static_cast<float>(picture.width);
  const float bottom = top + static_cast<float>(picture.height);
  auto share = [](float at, float from, float length) {
    return std::clamp((at - from) / length, 0.f, 1.f);
  };
  return {share(left, box.left, box.width), share(top, box.top, box.height),
          share(right, box.left, box.width), share(bottom, box.top, box.height)};
}

/* Each candidate has coefficients; its mask is their sum of prototypes, within its box. */
class YoloMasks : public Outputs {
 public:
  YoloMasks(Config *config, const Network &network, const Layers &layers)
      : config_(*config), network_(network) {
    prototypes_ = layers.size();
    for (size_t i = 0; i < layers.size(); i++) {
      const NvDsInferDims &dims = layers[i].inferDims;
      if (dims.numDims != 3 || dims.d[1] < 2 || dims.d[2] < 2) continue;
      prototypes_ = i;
      count_ = dims.d[0], height_ = dims.d[1], width_ = dims.d[2];
    }
    if (prototypes_ == layers.size() ||
        !find_yolo_layout(layers, network, BoxFormat::Yolo, config->num_classes, count_, &layout_))
      throw Error(ErrorKind::Settings,
                  "the outputs of the model are " + layers_text(layers) +
                      "; the built-in parser for instance segmentation (network-type=3) reads "
                      "YOLO: candidates with boxes, classes and coefficients, and as many "
                      "prototypes (n x height x width). For another model set "
                      "parse-bbox-instance-mask-func-name and custom-lib-path");
    values_ = count_of(layers[layout_.layer]);
    agree_on_classes(config, layout_.classes, layers[layout_.layer].layerName);
    fill_thresholds(*config, &thresholds_);
  }

  void read(const Layers &layers, const Placement &place, Found *found) const override {
    need_size(layers[prototypes_], size_t{count_} * width_ * height_);
    need_size(layers[layout_.layer], values_);
    Boxes boxes;
    std::vector<unsigned> candidates;
    parse_yolo(layers, layout_, network_, thresholds_, &boxes, &candidates);
    const Values values(layers[layout_.layer]), prototypes(layers[prototypes_]);
    for (size_t i : kept(config_, boxes)) {
      Box box = clip(boxes[i], place.letterbox);
      Box shown = box;
      if (!(box.width > 0 && box.height > 0) || !to_frame(config_, place, &shown)) continue;
      found->boxes.push_back(shown);
      if (config_.output_instance_mask)
        found->masks.push_back(mask_of(values, prototypes, candidates[i], box));
    }
  }

 private:
  static Box clip(Box box, const Letterbox &picture) {
    Share share = visible(box, picture);
    box.left += share.left * box.width;
    box.top += share.top * box.height;
    box.width *= share.right - share.left;
    box.height *= share.bottom - share.top;
    return box;
  }

  float coefficient(const Values &values, unsigned candidate, unsigned which) const {
    const unsigned before =
        layout_.classes +
        (layout_.kind == YoloLayout::Rows || layout_.kind == YoloLayout::GridRows ? 5 : 4);
    if (layout_.kind == YoloLayout::Columns)
      return values[static_cast<size_t>(before + which) * layout_.candidates + candidate];
    return values[static_cast<size_t>(candidate) * (before + count_) + before + which];
  }

  Mask mask_of(const Values &values, const Values &prototypes, unsigned candidate,
               const Box &box) const {
    const float sx = static_cast<float>(width_) / static_cast<float>(network_.width);
    const float sy = static_cast<float>(height_) / static_cast<float>(network_.height);
    const auto x0 = std::min(static_cast<unsigned>(box.left * sx), width_ - 1);
    const auto y0 = std::min(static_cast<unsigned>(box.top * sy), height_ - 1);
    const auto right = static_cast<unsigned>(std::ceil((box.left + box.width) * sx));
    const auto bottom = static_cast<unsigned>(std::ceil((box.top + box.height) * sy));
    Mask mask;
    mask.width = std::clamp(right, x0 + 1, width_) - x0;
    mask.height = std::clamp(bottom, y0 + 1, height_) - y0;
    mask.values.assign(static_cast<size_t>(mask.width) * mask.height, 0.f);
    for (unsigned n = 0; n < count_; n++) {
      const float weight = coefficient(values, candidate, n);
      const float *plane = prototypes.data() + static_cast<size_t>(n) * width_ * height_;
      for (unsigned y = 0; y < mask.height; y++) {
        const float *from = plane + static_cast<size_t>(y0 + y) * width_ + x0;
        float *to = mask.values.data() + static_cast<size_t>(y) * mask.width;
        for (unsigned x = 0; x < mask.width; x++) to[x] += weight * from[x];
      }
    }
    for (float &value : mask.values) value = 1 / (1 + std::exp(-value));
    return mask;
  }

  const Config &config_;
  Network network_;
  YoloLayout layout_;
  size_t prototypes_, values_ = 0;
  unsigned count_ = 0, width_ = 0, height_ = 0;
  Thresholds thresholds_;
};

class CustomMasks : public Outputs {
 public:
  CustomMasks(Config *config, const Network &network)
      : config_(*config),
        network_(network),
        function_(reinterpret_cast<NvDsInferInstanceMaskParseCustomFunc>(load_parser(*config))) {
    agree_on_classes(config, 0, "");
    fill_thresholds(*config, &thresholds_);
  }

  void read(const Layers &layers, const Placement &place, Found *found) const override {
    struct Instances {
      std::vector<NvDsInferInstanceMaskInfo> all;
      ~Instances() {
        for (NvDsInferInstanceMaskInfo &one : all) delete[] one.mask;
      }
    } instances;
    call_parser(config_, &mutex_,
                [&] { return function_(layers, network_, thresholds_, instances.all); });
    Boxes boxes;
    std::vector<size_t> which;
    for (size_t i = 0; i < instances.all.size(); i++) {
      const NvDsInferInstanceMaskInfo &one = instances.all[i];
      Box box{};
      box.classId = one.classId;
      box.left = one.left, box.top = one.top, box.width = one.width, box.height = one.height;
      box.detectionConfidence = one.detectionConfidence;
      if (!is_sound(box, thresholds_)) continue;
      boxes.push_back(box);
      which.push_back(i);
    }
    for (size_t i : kept(config_, boxes)) {
      Box shown = boxes[i];
      if (!to_frame(config_, place, &shown)) continue;
      found->boxes.push_back(shown);
      if (config_.output_instance_mask)
        found->masks.push_back(mask_of(instances.all[which[i]], boxes[i], place));
    }
  }

 private:
  static Mask mask_of(const NvDsInferInstanceMaskInfo &one, const Box &box,
                      const Placement &place) {
    Mask mask;
    const uint64_t count = uint64_t{one.mask_width} * one.mask_height;
    if (!one.mask || count == 0 || count > one.mask_size / sizeof(float)) return mask;
    mask.width = one.mask_width;
    mask.height = one.mask_height;
    mask.values.assign(one.mask, one.mask + count);
    return cut(mask, visible(box, place.letterbox));
  }

  const Config &config_;
  Network network_;
  NvDsInferInstanceMaskParseCustomFunc function_;
  Thresholds thresholds_;
  mutable std::mutex mutex_;
};

}  // namespace

std::unique_ptr<Outputs> make_instances(Config *config, const NvDsInferNetworkInfo &network,
                                        const Layers &layers) {
  if (has_custom_parser(*config)) return std::make_unique<CustomMasks>(config, network);
  return std::make_unique<YoloMasks>(config, network, layers);
}

}  // namespace dsbind::infer
