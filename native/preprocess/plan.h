/* SPDX-License-Identifier: Apache-2.0 */
/* What an nvdspreprocess config file asks for. */
#ifndef DSBIND_PREPROCESS_PLAN_H
#define DSBIND_PREPROCESS_PLAN_H

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "nvdspreprocess_interface.h"

namespace dsbind::preprocess {

/* Pixels of the batch's frames. */
struct Roi {
  unsigned left = 0, top = 0, width = 0, height = 0;
};

/* Sources whose frames are cut up in the same way. */
struct Group {
  std::vector<unsigned> sources; /* empty: all that no other group has */
  std::string transformation;    /* name of a function of the library */
  bool on_rois = false;
  std::map<unsigned, std::vector<Roi>> rois; /* by source */
  /* Of objects, where the plan is not for frames. */
  std::vector<int> class_ids; /* empty: all */
  unsigned min_width = 0, min_height = 0, max_width = 0, max_height = 0; /* 0: any */
  bool draw = false;
  NvOSD_ColorParams color{0, 1, 0, 1};
};

struct Plan {
  std::string path;
  bool enabled = true;
  unsigned unique_id = 0;
  std::vector<guint64> targets; /* unique ids of the models that the tensors are for */
  bool on_frames = true;        /* or on the objects in them */
  int gie_id = -1;              /* whose objects; -1: anybody's */
  unsigned width = 0, height = 0;
  bool keep_aspect = false, symmetric = false;
  NvBufSurfTransform_Inter filter = NvBufSurfTransformInter_Default;
  unsigned tensor_buffers = 6, scaling_buffers = 6;
  NvDsPreProcessTensorParams tensor{};
  std::string library, tensor_function;
  std::map<std::string, std::string> user_configs;
  std::vector<Group> groups;
  std::vector<std::string> warnings;

  /* The group of a source; NULL for none. */
  const Group *group_of(unsigned source) const;
  /* Images of one tensor. */
  unsigned batch() const { return static_cast<unsigned>(tensor.network_input_shape.at(0)); }
};

/* Reads INI or YAML. Throws infer::Error, which names file, line, group and key. */
Plan load_plan(const std::string &path);

}  // namespace dsbind::preprocess

#endif
