/* SPDX-License-Identifier: Apache-2.0 */
#include "model.h"

namespace dsbind::infer {

Model::Model(Config config, unsigned lanes) : history_(config.objects.reinfer_interval) {
  engines_.push_back(std::make_unique<Engine>(std::move(config)));
  while (engines_.size() < lanes) engines_.push_back(std::make_unique<Engine>(*engines_[0]));
}

Timing Model::timing() const {
  Timing sum;
  for (const auto &engine : engines_) {
    const Timing &each = engine->timing();
    sum.preprocess += each.preprocess;
    sum.model += each.model;
    sum.postprocess += each.postprocess;
    sum.images += each.images;
  }
  return sum;
}

bool Model::remembers() const {
  return config().process_mode == 2 && config().network_type == NetworkType::Classifier;
}

}  // namespace dsbind::infer
