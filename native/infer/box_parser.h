/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the boxes of a detector out of its output layers. */
#ifndef DSBIND_INFER_BOX_PARSER_H
#define DSBIND_INFER_BOX_PARSER_H

#include <memory>

#include "built_in.h"
#include "cluster.h"
#include "layers.h"
#include "nvdsinfer_custom_impl.h"

namespace dsbind::infer {

using Network = NvDsInferNetworkInfo;
using Thresholds = NvDsInferParseDetectionParams;

class BoxParser {
 public:
  virtual ~BoxParser() = default;
  /* How many classes the layers have room for; 0 where they do not tell. */
  virtual unsigned classes() const { return 0; }
  /* Which layer tells that, for messages. */
  virtual std::string classes_from() const { return {}; }
  /* Adds the boxes at or above their class's pre-cluster threshold, in pixels of the network's
   * input. Numbers in layers are never trusted: a box that is not finite is none. */
  virtual void parse(const Layers &layers, const Network &network, const Thresholds &thresholds,
                     Boxes *boxes) const = 0;
};

/* Each NULL when the layers are not of its format. `num_classes` 0 is not known. */
std::unique_ptr<BoxParser> detectnet_parser(const Layers &layers);
std::unique_ptr<BoxParser> yolo_parser(const Layers &layers, const Network &network,
                                       BoxFormat format, unsigned num_classes);
std::unique_ptr<BoxParser> ssd_parser(const Layers &layers, unsigned num_classes);
std::unique_ptr<BoxParser> detr_parser(const Layers &layers, BoxFormat format,
                                       unsigned num_classes);

/* The one that `format` names or that the shapes tell; throws Error naming the layers. */
std::unique_ptr<BoxParser> built_in_parser(const Layers &layers, const Network &network,
                                           BoxFormat format, unsigned num_classes);

/* A box between two corners, clipped to the network's input; false when nothing is left of it, or
 * a number is not finite. */
bool box_between(float x1, float y1, float x2, float y2, const Network &network, Box *box);

/* The lowest threshold of any class: what is below it is no box. */
float lowest(const Thresholds &thresholds);

}  // namespace dsbind::infer

#endif
