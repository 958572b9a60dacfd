/* SPDX-License-Identifier: Apache-2.0 */
#include "config_keys.h"

#include <unordered_map>

namespace dsbind::infer {
namespace {

using Keys = std::vector<std::pair<KeyUse, std::vector<std::string>>>;

const Keys kProperty = {
    {KeyUse::Honoured,
     {"batch-size", "cluster-mode", "custom-lib-path", "enable-dbscan", "filter-out-class-ids",
      "gie-unique-id", "infer-dims", "input-tensor-from-meta", "interval", "labelfile-path",
      "maintain-aspect-ratio", "mean-file", "model-color-format", "model-engine-file",
      "net-scale-factor", "network-input-order", "network-mode", "network-type",
      "num-detected-classes", "offsets", "onnx-file", "output-blob-names", "output-tensor-meta",
      "parse-bbox-func-name", "process-mode", "scaling-filter", "symmetric-padding"}},
    {KeyUse::Silent, {"gpu-id", "scaling-compute-hw", "tensor-meta-pool-size"}},
    {KeyUse::TensorRt,
     {"auto-inc-mem", "custom-network-config", "disable-output-host-copy", "enable-dla",
      "engine-create-func-name", "force-implicit-batch-dim", "int8-calib-file",
      "layer-device-precision", "max-gpu-mem-per", "model-file", "output-io-formats",
      "proto-file", "strongly-typed", "tlt-encoded-model", "tlt-model-key", "uff-file",
      "uff-input-blob-name", "uff-input-dims", "uff-input-order", "use-dla-core",
      "warmup-engine", "workspace-size"}},
    {KeyUse::OtherMode,
     {"classifier-async-mode", "classifier-threshold", "classifier-type",
      "clip-object-outside-roi", "crop-objects-to-roi-boundary", "dump-input-tensor",
      "dump-output-tensor", "input-object-max-height", "input-object-max-width",
      "input-object-min-height", "input-object-min-width", "is-classifier",
      "operate-on-class-ids", "operate-on-gie-id", "output-instance-mask",
      "overwrite-input-tensor", "overwrite-output-tensor", "parse-bbox-instance-mask-func-name",
      "parse-classifier-func-name", "parse-segmentation-func-name",
      "secondary-reinfer-interval", "segmentation-output-order", "segmentation-threshold"}},
};

const Keys kClassAttrs = {
    {KeyUse::Honoured,
     {"bg-color", "border-color", "dbscan-min-score", "detected-max-h", "detected-max-w",
      "detected-min-h", "detected-min-w", "eps", "group-threshold", "minBoxes",
      "nms-iou-threshold", "post-cluster-threshold", "pre-cluster-threshold",
      "roi-bottom-offset", "roi-top-offset", "threshold", "topk"}},
};

struct Table {
  std::unordered_map<std::string, KeyUse> uses;
  std::vector<std::string> names;
  explicit Table(const Keys &keys) {
    for (const auto &[use, list] : keys)
      for (const std::string &key : list) {
        uses.emplace(key, use);
        names.push_back(key);
      }
  }
  KeyUse use(const std::string &key) const {
    auto found = uses.find(key);
    return found == uses.end() ? KeyUse::Unknown : found->second;
  }
};

const Table &properties() {
  static const Table table(kProperty);
  return table;
}

const Table &class_attrs() {
  static const Table table(kClassAttrs);
  return table;
}

}  // namespace

KeyUse property_use(const std::string &key) { return properties().use(key); }
KeyUse class_attr_use(const std::string &key) { return class_attrs().use(key); }
const std::vector<std::string> &property_names() { return properties().names; }
const std::vector<std::string> &class_attr_names() { return class_attrs().names; }

}  // namespace dsbind::infer
