/* SPDX-License-Identifier: Apache-2.0 */
/* The documented keys and what becomes of each here. */
#ifndef DSBIND_INFER_CONFIG_KEYS_H
#define DSBIND_INFER_CONFIG_KEYS_H

#include <string>
#include <vector>

namespace dsbind::infer {

enum class KeyUse {
  Honoured,  /* read by apply_property() or apply_class_attr() */
  Silent,    /* means nothing on the machines this runs on, and losing it changes no result */
  TensorRt,  /* only for TensorRT: warned about, once for all of them */
  OtherMode, /* only for classifiers, segmentation or process-mode=2 */
  Unknown,
};

KeyUse property_use(const std::string &key);
KeyUse class_attr_use(const std::string &key);

const std::vector<std::string> &property_names();
const std::vector<std::string> &class_attr_names();

}  // namespace dsbind::infer

#endif
