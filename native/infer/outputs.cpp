/* SPDX-License-Identifier: Apache-2.0 */
#include "outputs.h"

namespace dsbind::infer {
namespace {

/* network-type=100: the tensors are all there is. */
class Unread : public Outputs {
 public:
  void read(const Layers &, const Placement &, Found *) const override {}
};

}  // namespace

std::unique_ptr<Outputs> make_outputs(Config *config, const NvDsInferNetworkInfo &network,
                                      const Layers &layers) {
  switch (config->network_type) {
    case NetworkType::Detector: return make_detector(config, network, layers);
    case NetworkType::Classifier: return make_classifier(config, network, layers);
    case NetworkType::Segmentation: return make_segmentation(config, network, layers);
    case NetworkType::Instances: return make_instances(config, network, layers);
    case NetworkType::Other: break;
  }
  return std::make_unique<Unread>();
}

}  // namespace dsbind::infer
