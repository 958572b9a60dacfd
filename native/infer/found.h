/* SPDX-License-Identifier: Apache-2.0 */
/* What a model found in one image. */
#ifndef DSBIND_INFER_FOUND_H
#define DSBIND_INFER_FOUND_H

#include <cstdint>
#include <string>
#include <vector>

#include "cluster.h"

namespace dsbind::infer {

/* How strongly each part of a box belongs to the object. Stretched over the box. */
struct Mask {
  std::vector<float> values;
  unsigned width = 0, height = 0;
};

/* One thing that a classifier says: `value` is the class, of `classes` there are. */
struct Attribute {
  unsigned index = 0, value = 0, classes = 0;
  float confidence = 0;
  std::string label;
};

/* The class of each pixel of the network's input, -1 where there is none. */
struct ClassMap {
  unsigned classes = 0, width = 0, height = 0;
  std::vector<int> classes_of;
  std::vector<float> probabilities; /* class by class, or empty */
};

/* One output layer of one image, as large as it was in that run. */
struct OutputTensor {
  NvDsInferDims dims{};
  std::vector<uint8_t> bytes;
};

struct Found {
  Boxes boxes;             /* in pixels of the frame, within the region */
  std::vector<Mask> masks; /* one per box, or none */
  std::vector<Attribute> attributes;
  std::string description; /* the attributes' labels, as text to show */
  ClassMap map;
  std::vector<OutputTensor> tensors; /* one per output layer, when asked for */

  void clear() {
    boxes.clear();
    masks.clear();
    attributes.clear();
    description.clear();
    map = {};
    tensors.clear();
  }
};

}  // namespace dsbind::infer

#endif
