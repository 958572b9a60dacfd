/* SPDX-License-Identifier: Apache-2.0 */
/* A class for each output of the model: the likeliest one, where it is likely enough. */
#include <stdlib.h>

#include <algorithm>
#include <cmath>
#include <mutex>

#include "error.h"
#include "nvdsinfer_custom_impl.h"
#include "outputs.h"
#include "parser.h"

namespace dsbind::infer {
namespace {

class Classifier : public Outputs {
 public:
  Classifier(const Config &config, const Layers &layers) : config_(config) {
    for (const NvDsInferLayerInfo &layer : layers)
      if (shape_of(layer).size() > 1)
        throw Error(ErrorKind::Settings,
                    "the outputs of the model are " + layers_text(layers) +
                        "; a classifier (network-type=1) has a number per class in each. For "
                        "another model set parse-classifier-func-name and custom-lib-path");
  }

  void read(const Layers &layers, const Placement &, Found *found) const override {
    for (unsigned i = 0; i < layers.size(); i++) {
      const Values values(layers[i]);
      const auto classes = static_cast<unsigned>(values.size());
      unsigned best = 0;
      for (unsigned c = 1; c < classes; c++)
        if (values[c] > values[best] || std::isnan(values[best])) best = c;
      if (classes == 0 || !std::isfinite(values[best])) continue;
      const float confidence = likelihood(values, best);
      if (confidence < config_.classifier_threshold) continue;
      const std::string &label =
          config_.attribute_label(i, best, static_cast<unsigned>(layers.size()));
      found->attributes.push_back({i, best, classes, confidence, label});
      if (!label.empty()) found->description += (found->description.empty() ? "" : " ") + label;
    }
  }

 private:
  /* Models end with a softmax, or leave it out: what is not between 0 and 1 is a logit. */
  static float likelihood(const Values &values, unsigned which) {
    bool likelihoods = true;
    for (size_t c = 0; c < values.size(); c++)
      likelihoods = likelihoods && !(values[c] < 0) && !(values[c] > 1);
    if (likelihoods) return values[which];
    float sum = 0;
    for (size_t c = 0; c < values.size(); c++)
      if (!std::isnan(values[c])) sum += std::exp(values[c] - values[which]);
    return 1 / sum;
  }

  const Config &config_;
};

class CustomClassifier : public Outputs {
 public:
  CustomClassifier(const Config &config, const NvDsInferNetworkInfo &network)
      : config_(config),
        network_(network),
        function_(reinterpret_cast<NvDsInferClassiferParseCustomFunc>(load_parser(config))) {}

  void read(const Layers &layers, const Placement &, Found *found) const override {
    std::vector<NvDsInferAttribute> attributes;
    struct Labels {
      std::vector<NvDsInferAttribute> &of;
      ~Labels() {
        for (NvDsInferAttribute &attribute : of) free(attribute.attributeLabel);
      }
    } labels{attributes};
    call_parser(config_, &mutex_, [&] {
      return function_(layers, network_, config_.classifier_threshold, attributes,
                       found->description);
    });
    for (const NvDsInferAttribute &attribute : attributes)
      found->attributes.push_back({attribute.attributeIndex, attribute.attributeValue, 0,
                                   attribute.attributeConfidence,
                                   attribute.attributeLabel ? attribute.attributeLabel : ""});
  }

 private:
  const Config &config_;
  NvDsInferNetworkInfo network_;
  NvDsInferClassiferParseCustomFunc function_;
  mutable std::mutex mutex_;
};

}  // namespace

std::unique_ptr<Outputs> make_classifier(Config *config, const NvDsInferNetworkInfo &network,
                                         const Layers &layers) {
  if (has_custom_parser(*config)) return std::make_unique<CustomClassifier>(*config, network);
  return std::make_unique<Classifier>(*config, layers);
}

}  // namespace dsbind::infer
