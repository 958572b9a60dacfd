/* SPDX-License-Identifier: Apache-2.0 */
/* DetectNet_v2: a coverage and a box per cell of a grid. */
#ifndef DSBIND_INFER_DETECTNET_H
#define DSBIND_INFER_DETECTNET_H

#include "box_parser.h"

namespace dsbind::infer {

/* Indices of the coverage and the box layer. */
struct DetectNetLayers {
  size_t coverage, boxes;
  unsigned classes;
};

/* False when the model is no DetectNet_v2. */
bool find_detectnet_layers(const Layers &layers, DetectNetLayers *found);

/* Boxes at or above the class's pre-cluster threshold, clipped to the network's input. */
void parse_detectnet(const Layers &layers, const DetectNetLayers &which, const Network &network,
                     const Thresholds &thresholds, Boxes *boxes);

}  // namespace dsbind::infer

#endif
