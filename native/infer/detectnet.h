/* SPDX-License-Identifier: Apache-2.0 */
/* The default parser: DetectNet_v2, a coverage and a box per cell of a grid. */
#ifndef DSBIND_INFER_DETECTNET_H
#define DSBIND_INFER_DETECTNET_H

#include <vector>

#include "cluster.h"
#include "nvdsinfer_custom_impl.h"

namespace dsbind::infer {

/* Indices of the coverage and the box layer. Throws Error naming the layers there are when the
 * model is no DetectNet_v2. */
struct DetectNetLayers {
  size_t coverage, boxes;
  unsigned classes;
};
DetectNetLayers find_detectnet_layers(const std::vector<NvDsInferLayerInfo> &layers);

/* Boxes at or above the class's pre-cluster threshold, clipped to the network's input. */
void parse_detectnet(const std::vector<NvDsInferLayerInfo> &layers, const DetectNetLayers &which,
                     const NvDsInferNetworkInfo &network,
                     const NvDsInferParseDetectionParams &params, Boxes *boxes);

}  // namespace dsbind::infer

#endif
