/* SPDX-License-Identifier: Apache-2.0 */
/* What the properties of nvtracker ask for. */
#ifndef DSBIND_NVTRACKER_SETTINGS_H
#define DSBIND_NVTRACKER_SETTINGS_H

#include <set>
#include <string>
#include <vector>

namespace dsbind::nvtracker {

/* When the ids of a stream begin anew; bits. */
enum ResetMode { kResetNever = 0, kResetOnRestart = 1, kResetOnEos = 2, kResetOnBoth = 3 };

struct Properties {
  unsigned width = 960, height = 544;
  unsigned gpu_id = 0;
  std::string library, config;
  unsigned surface_type = 0;
  bool display_id = true;
  unsigned reset_mode = kResetNever;
  bool input_tensor_meta = false;
  unsigned tensor_meta_gie_id = 0;
  unsigned compute = 0;
  unsigned pool_size = 16;
  std::string sub_batches;
  int recovery_trials = 0;
  std::string class_ids;
};

/* The sources that one context of the library follows. */
struct SubBatch {
  std::set<unsigned> sources; /* empty: any, until `capacity` are taken */
  unsigned capacity = 0;      /* 0: no limit */
  std::string config;
};

/* From sub-batches and ll-config-file: "0,1;2,3" are sources, "2:2" are sizes; one config for all,
 * or one for each, between ';'. Without sub-batches there is one. Throws Error. */
std::vector<SubBatch> parse_sub_batches(const std::string &text, const std::string &configs);

/* Class ids between ';' or ',', or nothing for all. Throws Error. */
std::set<int> parse_class_ids(const std::string &text);

}  // namespace dsbind::nvtracker

#endif
