/* SPDX-License-Identifier: Apache-2.0 */
/* The output layers of a model, of one image, as parsers read them. */
#ifndef DSBIND_INFER_LAYERS_H
#define DSBIND_INFER_LAYERS_H

#include <string>
#include <vector>

#include "nvdsinfer.h"

namespace dsbind::infer {

using Layers = std::vector<NvDsInferLayerInfo>;

/* "'cov' (4x23x40), 'bbox' (16x23x40)", for messages. */
std::string layers_text(const Layers &layers);

/* The dimensions without those that are 1: 1x8400x84 is 8400x84. */
std::vector<unsigned> shape_of(const NvDsInferLayerInfo &layer);

size_t count_of(const NvDsInferLayerInfo &layer);

/* Throws Error when the layer has not `count` values: the sizes of outputs may change from run to
 * run, where the model leaves them open. */
void need_size(const NvDsInferLayerInfo &layer, size_t count);

/* The values as float32: the layer's own memory, or a copy where its elements are others. */
class Values {
 public:
  explicit Values(const NvDsInferLayerInfo &layer);
  const float *data() const { return data_; }
  size_t size() const { return size_; }
  float operator[](size_t index) const { return data_[index]; }

 private:
  std::vector<float> copy_;
  const float *data_;
  size_t size_;
};

}  // namespace dsbind::infer

#endif
