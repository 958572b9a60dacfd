/* SPDX-License-Identifier: Apache-2.0 */
/* A class for each pixel of the network's input. */
#include <algorithm>
#include <cmath>
#include <mutex>

#include "error.h"
#include "nvdsinfer_custom_impl.h"
#include "outputs.h"
#include "parser.h"

namespace dsbind::infer {
namespace {

/* Where the classes of a pixel lie in the output. */
struct Layout {
  size_t layer = 0;
  unsigned classes = 0, width = 0, height = 0;
  bool chosen = false; /* the model put out the class itself */
  bool last = false;   /* the classes of a pixel lie side by side */
};

[[noreturn]] void refuse(const Config &config, const Layers &layers) {
  throw Error(ErrorKind::Settings,
              "the outputs of the model '" + config.onnx_file + "' are " + layers_text(layers) +
                  "; segmentation (network-type=2) has classes x height x width, or, with "
                  "segmentation-output-order=1, height x width x classes, or one class per pixel. "
                  "For another model set parse-segmentation-func-name and custom-lib-path");
}

Layout layout_of(const Config &config, const Layers &layers) {
  for (size_t i = 0; i < layers.size(); i++) {
    const NvDsInferDims &dims = layers[i].inferDims;
    const bool whole = layers[i].dataType != FLOAT && layers[i].dataType != HALF;
    if (dims.numDims == 2 || (dims.numDims == 3 && dims.d[0] == 1 && whole)) {
      const unsigned *d = dims.d + dims.numDims - 2;
      return {i, whole ? config.num_classes : 1, d[1], d[0], whole, false};
    }
    if (dims.numDims != 3) continue;
    if (config.segmentation_channels_last) return {i, dims.d[2], dims.d[1], dims.d[0], false, true};
    return {i, dims.d[0], dims.d[2], dims.d[1], false, false};
  }
  refuse(config, layers);
}

class Segmentation : public Outputs {
 public:
  Segmentation(const Config &config, const Layers &layers)
      : threshold_(config.segmentation_threshold.value_or(0.f)),
        layout_(layout_of(config, layers)) {
    counted_ = layout_.classes > 0;
    if (!counted_) layout_.classes = 1;
    if (!layout_.width || !layout_.height) refuse(config, layers);
  }

  void read(const Layers &layers, const Placement &, Found *found) const override {
    const Values values(layers[layout_.layer]);
    const size_t numbers = layout_.chosen ? 1 : layout_.classes;
    need_size(layers[layout_.layer], numbers * layout_.width * layout_.height);
    ClassMap &map = found->map;
    map.classes = layout_.classes;
    map.width = layout_.width;
    map.height = layout_.height;
    const size_t pixels = static_cast<size_t>(map.width) * map.height;
    map.classes_of.assign(pixels, -1);
    if (layout_.chosen) {
      take(values, &map);
      return;
    }
    map.probabilities.resize(pixels * map.classes);
    if (layout_.last)
      for (unsigned c = 0; c < map.classes; c++)
        for (size_t p = 0; p < pixels; p++)
          map.probabilities[c * pixels + p] = values[p * map.classes + c];
    else
      std::copy_n(values.data(), map.probabilities.size(), map.probabilities.data());
    choose(&map, pixels);
  }

 private:
  /* A class that there is not is none. Without a number of classes there are as many as are seen. */
  void take(const Values &values, ClassMap *map) const {
    const unsigned limit = counted_ ? layout_.classes : kMaxClasses;
    int most = 0;
    for (size_t p = 0; p < map->classes_of.size(); p++) {
      if (!(values[p] >= 0 && values[p] < static_cast<float>(limit))) continue;
      map->classes_of[p] = static_cast<int>(values[p]);
      most = std::max(most, map->classes_of[p]);
    }
    if (!counted_) map->classes = static_cast<unsigned>(most) + 1;
  }

  /* Class by class: the loops over the pixels are the ones that the compiler vectorises. */
  void choose(ClassMap *map, size_t pixels) const {
    std::vector<float> best(pixels, -INFINITY);
    for (unsigned c = 0; c < map->classes; c++) {
      const float *row = map->probabilities.data() + c * pixels;
      for (size_t p = 0; p < pixels; p++) {
        const bool more = row[p] > best[p];
        best[p] = more ? row[p] : best[p];
        map->classes_of[p] = more ? static_cast<int>(c) : map->classes_of[p];
      }
    }
    for (size_t p = 0; p < pixels; p++)
      if (!(best[p] > threshold_)) map->classes_of[p] = -1;
  }

  float threshold_;
  Layout layout_;
  bool counted_ = false; /* the number of classes is known */
};

class CustomSegmentation : public Outputs {
 public:
  CustomSegmentation(const Config &config, const NvDsInferNetworkInfo &network,
                     const Layers &layers)
      : config_(config),
        network_(network),
        function_(reinterpret_cast<NvDsInferSemSegmentationParseCustomFunc>(load_parser(config))) {
    classes_ = config.num_classes;
    if (!classes_) classes_ = layout_of(config, layers).classes;
    if (!classes_)
      throw Error(ErrorKind::Settings, config.path +
                                           ": set num-detected-classes, or labelfile-path, for "
                                           "the parser " +
                                           config.parser_function);
  }

  void read(const Layers &layers, const Placement &, Found *found) const override {
    ClassMap &map = found->map;
    map.classes = classes_;
    map.width = network_.width;
    map.height = network_.height;
    const size_t pixels = static_cast<size_t>(map.width) * map.height;
    map.classes_of.assign(pixels, -1);
    float *probabilities = nullptr; /* into a layer: the parser's own memory would be lost */
    call_parser(config_, &mutex_, [&] {
      return function_(layers, network_, config_.segmentation_threshold.value_or(0.f), classes_,
                       map.classes_of.data(), probabilities);
    });
    for (const NvDsInferLayerInfo &layer : layers)
      if (probabilities && probabilities == layer.buffer && layer.dataType == FLOAT &&
          count_of(layer) == pixels * classes_)
        map.probabilities.assign(probabilities, probabilities + pixels * classes_);
  }

 private:
  const Config &config_;
  NvDsInferNetworkInfo network_;
  NvDsInferSemSegmentationParseCustomFunc function_;
  unsigned classes_;
  mutable std::mutex mutex_;
};

}  // namespace

std::unique_ptr<Outputs> make_segmentation(Config *config, const NvDsInferNetworkInfo &network,
                                           const Layers &layers) {
  if (has_custom_parser(*config))
    return std::make_unique<CustomSegmentation>(*config, network, layers);
  return std::make_unique<Segmentation>(*config, layers);
}

}  // namespace dsbind::infer
