/* SPDX-License-Identifier: Apache-2.0 */
#include "layers.h"

#include <cmath>
#include <cstdint>

#include "error.h"

namespace dsbind::infer {
namespace {

float from_half(uint16_t half) {
  int exponent = (half >> 10) & 31;
  float mantissa = static_cast<float>(half & 1023);
  float value = exponent == 0    ? std::ldexp(mantissa, -24)
                : exponent == 31 ? (mantissa == 0 ? INFINITY : NAN)
                                 : std::ldexp(mantissa + 1024, exponent - 25);
  return half & 0x8000 ? -value : value;
}

template <class T>
void convert(const void *from, size_t count, std::vector<float> *to) {
  const auto *values = static_cast<const T *>(from);
  to->resize(count);
  for (size_t i = 0; i < count; i++) (*to)[i] = static_cast<float>(values[i]);
}

}  // namespace

std::string layers_text(const Layers &layers) {
  std::string text;
  for (const NvDsInferLayerInfo &layer : layers) {
    text += (text.empty() ? "'" : ", '") + std::string(layer.layerName) + "' (";
    for (unsigned d = 0; d < layer.inferDims.numDims; d++)
      text += (d ? "x" : "") + std::to_string(layer.inferDims.d[d]);
    text += ")";
  }
  return text;
}

std::vector<unsigned> shape_of(const NvDsInferLayerInfo &layer) {
  std::vector<unsigned> shape;
  for (unsigned d = 0; d < layer.inferDims.numDims; d++)
    if (layer.inferDims.d[d] != 1) shape.push_back(layer.inferDims.d[d]);
  return shape;
}

size_t count_of(const NvDsInferLayerInfo &layer) {
  size_t count = 1;
  for (unsigned d = 0; d < layer.inferDims.numDims; d++) count *= layer.inferDims.d[d];
  return count;
}

void need_size(const NvDsInferLayerInfo &layer, size_t count) {
  if (count_of(layer) != count)
    throw Error(ErrorKind::Run, "the output '" + std::string(layer.layerName) + "' had " +
                                    std::to_string(count) + " values, and now has " +
                                    std::to_string(count_of(layer)) +
                                    "; export the model with outputs of a fixed size");
}

Values::Values(const NvDsInferLayerInfo &layer) : size_(count_of(layer)) {
  switch (layer.dataType) {
    case FLOAT: data_ = static_cast<const float *>(layer.buffer); return;
    case HALF:
      copy_.resize(size_);
      for (size_t i = 0; i < size_; i++)
        copy_[i] = from_half(static_cast<const uint16_t *>(layer.buffer)[i]);
      break;
    case INT8: convert<int8_t>(layer.buffer, size_, &copy_); break;
#if DSBIND_ABI >= 800
    case UINT8: convert<uint8_t>(layer.buffer, size_, &copy_); break;
#endif
    case INT32: convert<int32_t>(layer.buffer, size_, &copy_); break;
    case INT64: convert<int64_t>(layer.buffer, size_, &copy_); break;
  }
  data_ = copy_.data();
}

}  // namespace dsbind::infer
