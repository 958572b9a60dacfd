/* SPDX-License-Identifier: Apache-2.0 */
#include "detector.h"

#include <algorithm>
#include <cmath>
#include <mutex>

#include "error.h"
#include "parser.h"

namespace dsbind::infer {
namespace {

/* A function of the SDK's signature in a library of the user's. */
class CustomParser : public BoxParser {
 public:
  explicit CustomParser(const Config &config)
      : config_(config), function_(reinterpret_cast<NvDsInferParseCustomFunc>(load_parser(config))) {
  }
  void parse(const Layers &layers, const Network &network, const Thresholds &thresholds,
             Boxes *boxes) const override {
    call_parser(config_, &mutex_, [&] { return function_(layers, network, thresholds, *boxes); });
    boxes->erase(std::remove_if(boxes->begin(), boxes->end(),
                                [&](const Box &box) { return !is_sound(box, thresholds); }),
                 boxes->end());
  }

 private:
  const Config &config_;
  NvDsInferParseCustomFunc function_;
  mutable std::mutex mutex_;
};

class Detector : public Outputs {
 public:
  Detector(Config *config, const Network &network, const Layers &layers)
      : config_(*config), network_(network) {
    if (has_custom_parser(*config))
      parser_ = std::make_unique<CustomParser>(config_);
    else
      parser_ = built_in_parser(layers, network, box_format(config->parser_function),
                                config->num_classes);
    agree_on_classes(config, parser_->classes(), parser_->classes_from());
    fill_thresholds(*config, &thresholds_);
  }

  void read(const Layers &layers, const Placement &place, Found *found) const override {
    parser_->parse(layers, network_, thresholds_, &found->boxes);
    cluster(config_, &found->boxes);
    to_frame(config_, place, &found->boxes);
  }

 private:
  const Config &config_;
  Network network_;
  std::unique_ptr<BoxParser> parser_;
  Thresholds thresholds_;
};

}  // namespace

bool is_sound(const Box &box, const Thresholds &thresholds) {
  return box.classId < thresholds.perClassPreclusterThreshold.size() && std::isfinite(box.left) &&
         std::isfinite(box.top) && box.width > 0 && std::isfinite(box.width) && box.height > 0 &&
         std::isfinite(box.height) &&
         box.detectionConfidence >= thresholds.perClassPreclusterThreshold[box.classId];
}

bool to_frame(const Config &config, const Placement &place, Box *box) {
  const Letterbox &letterbox = place.letterbox;
  const auto w = static_cast<float>(place.crop.width), h = static_cast<float>(place.crop.height);
  const auto left = static_cast<float>(letterbox.left), top = static_cast<float>(letterbox.top);
  const float x1 = std::clamp((box->left - left) / letterbox.scale_x, 0.f, w);
  const float y1 = std::clamp((box->top - top) / letterbox.scale_y, 0.f, h);
  const float x2 = std::clamp((box->left + box->width - left) / letterbox.scale_x, 0.f, w);
  const float y2 = std::clamp((box->top + box->height - top) / letterbox.scale_y, 0.f, h);
  box->left = x1 + static_cast<float>(place.crop.left);
  box->top = y1 + static_cast<float>(place.crop.top);
  box->width = x2 - x1;
  box->height = y2 - y1;
  const ClassAttrs &a = config.attrs(box->classId);
  return box->width > 0 && box->height > 0 && y1 >= static_cast<float>(a.roi_top_offset) &&
         y2 <= h - static_cast<float>(a.roi_bottom_offset) &&
         box->width >= static_cast<float>(a.min_width) &&
         box->height >= static_cast<float>(a.min_height) &&
         (!a.max_width || box->width <= static_cast<float>(a.max_width)) &&
         (!a.max_height || box->height <= static_cast<float>(a.max_height));
}

void to_frame(const Config &config, const Placement &place, Boxes *boxes) {
  auto out = boxes->begin();
  for (Box box : *boxes)
    if (to_frame(config, place, &box)) *out++ = box;
  boxes->erase(out, boxes->end());
}

void agree_on_classes(Config *config, unsigned classes, const std::string &layer) {
  if (classes > kMaxClasses)
    throw Error(ErrorKind::Settings, "the output '" + layer + "' of '" + config->onnx_file +
                                         "' has " + std::to_string(classes) +
                                         " classes; there are at most " +
                                         std::to_string(kMaxClasses));
  if (!config->num_classes && !classes)
    throw Error(ErrorKind::Settings,
                config->path + ": set num-detected-classes, or labelfile-path: the outputs of '" +
                    config->onnx_file + "' do not tell how many classes there are" +
                    (config->parser_function.empty()
                         ? ""
                         : ", for the parser " + config->parser_function));
  if (!config->num_classes) {
    config->num_classes = classes;
    check_class_ids(*config, classes, "the model '" + config->onnx_file + "'");
  }
  if (classes && config->num_classes != classes)
    throw Error(ErrorKind::Settings,
                config->path + ": num-detected-classes" +
                    (config->labels.empty() ? "" : " (labelfile-path)") + " is " +
                    std::to_string(config->num_classes) + ", the output '" + layer + "' of '" +
                    config->onnx_file + "' has " + std::to_string(classes) + " classes");
}

void fill_thresholds(const Config &config, Thresholds *thresholds) {
  thresholds->numClassesConfigured = config.num_classes;
  for (unsigned c = 0; c < config.num_classes; c++) {
    thresholds->perClassPreclusterThreshold.push_back(config.attrs(c).pre_cluster_threshold);
    thresholds->perClassPostclusterThreshold.push_back(config.attrs(c).post_cluster_threshold);
  }
}

std::unique_ptr<Outputs> make_detector(Config *config, const NvDsInferNetworkInfo &network,
                                       const Layers &layers) {
  return std::make_unique<Detector>(config, network, layers);
}

}  // namespace dsbind::infer
