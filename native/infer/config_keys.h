/* SPDX-License-Identifier: Apache-2.0 */
/* The documented keys and what becomes of each here. */
#ifndef DSBIND_INFER_CONFIG_KEYS_H
#define DSBIND_INFER_CONFIG_KEYS_H

#include <string>
#include <vector>

#include "config.h"

namespace dsbind::infer {

enum class KeyUse {
  Honoured, /* read by apply_property() or apply_class_attr() */
  Silent,   /* means nothing on the machines this runs on, and losing it changes no result */
  TensorRt, /* only for TensorRT: warned about, once for all of them */
  Debug,    /* reads or writes tensors in files, to look for faults in TensorRT */
  Unknown,
};

KeyUse property_use(const std::string &key);
KeyUse class_attr_use(const std::string &key);

/* Which models an honoured key is for, such as "a classifier (network-type=1)", when the one of
 * `config` is none; otherwise empty. */
std::string meant_for_others(const std::string &key, const Config &config);

const std::vector<std::string> &property_names();
const std::vector<std::string> &class_attr_names();

}  // namespace dsbind::infer

#endif
