/* SPDX-License-Identifier: Apache-2.0 */
/* A user's parser library: boxes made of what the first output holds. */
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
