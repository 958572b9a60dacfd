/* SPDX-License-Identifier: Apache-2.0 */
/* A user's parser library: boxes made of what the first output holds. */
#include <string.h>

#include <stdexcept>

#include "nvdsinfer_custom_impl.h"

#define EXPORT __attribute__((visibility("default")))

/* One box at (1, 2), 4 x 3, whose confidence is the output's first value. */
extern "C" EXPORT bool test_parse_first(std::vector<NvDsInferLayerInfo> const &layers,
                                        NvDsInferNetworkInfo const &network,
                                        NvDsInferParseDetectionParams const &params,
                                        std::vector<NvDsInferObjectDetectionInfo> &objects) {
  if (layers.size() != 1 || network.channels != 3 || params.numClassesConfigured != 2) return false;
  NvDsInferObjectDetectionInfo box{};
  box.classId = 1;
  box.left = 1;
  box.top = 2;
  box.width = 4;
  box.height = 3;
  box.detectionConfidence = static_cast<const float *>(layers[0].buffer)[0];
  objects.push_back(box);
  box.classId = 77; /* no such class: dropped */
  objects.push_back(box);
  return true;
}

extern "C" EXPORT bool test_parse_throws(std::vector<NvDsInferLayerInfo> const &,
                                         NvDsInferNetworkInfo const &,
                                         NvDsInferParseDetectionParams const &,
                                         std::vector<NvDsInferObjectDetectionInfo> &) {
  throw std::runtime_error("out of cheese");
}

CHECK_CUSTOM_PARSE_FUNC_PROTOTYPE(test_parse_first);
CHECK_CUSTOM_PARSE_FUNC_PROTOTYPE(test_parse_throws);

/* The whole input as one object, whose mask is the first channel. */
extern "C" EXPORT bool test_parse_mask(std::vector<NvDsInferLayerInfo> const &layers,
                                       NvDsInferNetworkInfo const &network,
                                       NvDsInferParseDetectionParams const &,
                                       std::vector<NvDsInferInstanceMaskInfo> &objects) {
  NvDsInferInstanceMaskInfo object{};
  object.classId = 1;
  object.left = -static_cast<float>(network.width); /* half of it is beyond the edge */
  object.width = 2 * static_cast<float>(network.width);
  object.height = static_cast<float>(network.height);
  object.detectionConfidence = 0.75f;
  object.mask_width = 2 * network.width;
  object.mask_height = network.height;
  object.mask_size = object.mask_width * object.mask_height * sizeof(float);
  object.mask = new float[object.mask_width * object.mask_height];
  const auto *channel = static_cast<const float *>(layers[0].buffer);
  for (unsigned y = 0; y < network.height; y++)
    for (unsigned x = 0; x < object.mask_width; x++)
      object.mask[y * object.mask_width + x] =
          x < network.width ? -1.f : channel[y * network.width + x - network.width];
  objects.push_back(object);
  object.mask = nullptr; /* an object without one */
  objects.push_back(object);
  return true;
}

extern "C" EXPORT bool test_parse_class(std::vector<NvDsInferLayerInfo> const &layers,
                                        NvDsInferNetworkInfo const &, float threshold,
                                        std::vector<NvDsInferAttribute> &attributes,
                                        std::string &text) {
  const float value = static_cast<const float *>(layers[0].buffer)[0];
  if (value < threshold) return true;
  attributes.push_back({2, 9, value, strdup("bright")});
  attributes.push_back({3, 1, 0.5f, nullptr});
  text = "very bright";
  return true;
}

extern "C" EXPORT bool test_parse_map(std::vector<NvDsInferLayerInfo> const &layers,
                                      NvDsInferNetworkInfo const &network, float threshold,
                                      unsigned int classes, int *map, float *&probabilities) {
  const auto *values = static_cast<const float *>(layers[0].buffer);
  for (unsigned p = 0; p < network.width * network.height; p++)
    map[p] = values[p] > threshold ? static_cast<int>(classes) - 1 : -1;
  probabilities = static_cast<float *>(layers[0].buffer);
  return true;
}

CHECK_CUSTOM_INSTANCE_MASK_PARSE_FUNC_PROTOTYPE(test_parse_mask);
CHECK_CUSTOM_CLASSIFIER_PARSE_FUNC_PROTOTYPE(test_parse_class);
CHECK_CUSTOM_SEM_SEGMENTATION_PARSE_FUNC_PROTOTYPE(test_parse_map);
