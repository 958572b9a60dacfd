/* SPDX-License-Identifier: Apache-2.0 */
/* What the outputs of a model mean: boxes, masks, classes of an image or of its pixels. */
#ifndef DSBIND_INFER_OUTPUTS_H
#define DSBIND_INFER_OUTPUTS_H

#include <memory>

#include "config.h"
#include "found.h"
#include "layers.h"
#include "preprocess.h"

namespace dsbind::infer {

class Outputs {
 public:
  virtual ~Outputs() = default;
  /* The layers of one image, which lies at `place`. Several threads may read at a time. Throws
   * Error. */
  virtual void read(const Layers &layers, const Placement &place, Found *found) const = 0;
};

/* By the config's network-type. Takes what the config leaves to the model, such as the number of
 * classes, from the layers. `config` must outlive the result. Throws Error naming the layers there
 * are, where they do not fit. */
std::unique_ptr<Outputs> make_outputs(Config *config, const NvDsInferNetworkInfo &network,
                                      const Layers &layers);

/* One of them each. */
std::unique_ptr<Outputs> make_detector(Config *config, const NvDsInferNetworkInfo &network,
                                       const Layers &layers);
std::unique_ptr<Outputs> make_instances(Config *config, const NvDsInferNetworkInfo &network,
                                        const Layers &layers);
std::unique_ptr<Outputs> make_classifier(Config *config, const NvDsInferNetworkInfo &network,
                                         const Layers &layers);
std::unique_ptr<Outputs> make_segmentation(Config *config, const NvDsInferNetworkInfo &network,
                                           const Layers &layers);

}  // namespace dsbind::infer

#endif
