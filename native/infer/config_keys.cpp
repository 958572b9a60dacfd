/* SPDX-License-Identifier: Apache-2.0 */
#include "config_keys.h"

#include <unordered_map>

namespace dsbind::infer {
namespace {

using Keys = std::vector<std::pair<KeyUse, std::vector<std::string>>>;

const Keys kProperty = {
    {KeyUse::Honoured,
     {"batch-size", "classifier-async-mode", "classifier-threshold", "classifier-type",
      "cluster-mode", "custom-lib-path", "enable-dbscan", "filter-out-class-ids",
      "gie-unique-id", "gpu-id", "infer-dims", "input-object-max-height", "input-object-max-width",
      "input-object-min-height", "input-object-min-width", "input-tensor-from-meta", "interval",
      "is-classifier", "labelfile-path", "maintain-aspect-ratio", "mean-file",
      "model-color-format", "model-engine-file", "net-scale-factor", "network-input-order",
      "network-mode", "network-type", "num-detected-classes", "offsets", "onnx-file",
      "operate-on-class-ids", "operate-on-gie-id", "output-blob-names", "output-instance-mask",
      "output-tensor-meta", "parse-bbox-func-name", "parse-bbox-instance-mask-func-name",
      "parse-classifier-func-name", "parse-segmentation-func-name", "process-mode",
      "scaling-filter", "secondary-reinfer-interval", "segmentation-output-order",
      "segmentation-threshold", "symmetric-padding"}},
    {KeyUse::Silent,
     {"crop-objects-to-roi-boundary", "scaling-compute-hw", "tensor-meta-pool-size"}},
    {KeyUse::TensorRt,
     {"auto-inc-mem", "clip-object-outside-roi", "custom-network-config",
      "disable-output-host-copy", "enable-dla", "engine-create-func-name",
      "force-implicit-batch-dim", "int8-calib-file", "layer-device-precision", "max-gpu-mem-per",
      "model-file", "output-io-formats", "proto-file", "strongly-typed", "tlt-encoded-model",
      "tlt-model-key", "uff-file", "uff-input-blob-name", "uff-input-dims", "uff-input-order",
      "use-dla-core", "warmup-engine", "workspace-size"}},
    {KeyUse::Debug,
     {"dump-input-tensor", "dump-output-tensor", "overwrite-input-tensor",
      "overwrite-output-tensor"}},
};

const Keys kClassAttrs = {
    {KeyUse::Honoured,
     {"bg-color", "border-color", "dbscan-min-score", "detected-max-h", "detected-max-w",
      "detected-min-h", "detected-min-w", "eps", "group-threshold", "minBoxes",
      "nms-iou-threshold", "post-cluster-threshold", "pre-cluster-threshold",
      "roi-bottom-offset", "roi-top-offset", "threshold", "topk"}},
};

enum Models : unsigned {
  kDetectors = 1,
  kClassifiers = 2,
  kSegmentation = 4,
  kInstances = 8,
  kPrimary = 16,
  kSecondary = 32,
};

/* Those that are not for all; of the types, and of the modes, one must fit. */
const std::unordered_map<std::string, unsigned> kMeantFor = {
    {"classifier-async-mode", kClassifiers | kSecondary},
    {"classifier-threshold", kClassifiers},
    {"classifier-type", kClassifiers},
    {"cluster-mode", kDetectors | kInstances},
    {"enable-dbscan", kDetectors | kInstances},
    {"filter-out-class-ids", kDetectors | kInstances},
    {"input-object-max-height", kSecondary},
    {"input-object-max-width", kSecondary},
    {"input-object-min-height", kSecondary},
    {"input-object-min-width", kSecondary},
    {"interval", kPrimary},
    {"operate-on-class-ids", kSecondary},
    {"operate-on-gie-id", kSecondary},
    {"output-instance-mask", kInstances},
    {"parse-bbox-func-name", kDetectors},
    {"parse-bbox-instance-mask-func-name", kInstances},
    {"parse-classifier-func-name", kClassifiers},
    {"parse-segmentation-func-name", kSegmentation},
    {"secondary-reinfer-interval", kClassifiers | kSecondary},
    {"segmentation-output-order", kSegmentation},
    {"segmentation-threshold", kSegmentation | kInstances},
};

unsigned models_of(const Config &config) {
  unsigned models = config.process_mode == 2 ? kSecondary : kPrimary;
  switch (config.network_type) {
    case NetworkType::Detector: return models | kDetectors;
    case NetworkType::Classifier: return models | kClassifiers;
    case NetworkType::Segmentation: return models | kSegmentation;
    case NetworkType::Instances: return models | kInstances;
    case NetworkType::Other: break;
  }
  return models;
}

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

std::string meant_for_others(const std::string &key, const Config &config) {
  constexpr unsigned kTypes = kDetectors | kClassifiers | kSegmentation | kInstances;
  constexpr unsigned kModes = kPrimary | kSecondary;
  static const std::pair<unsigned, const char *> words[] = {
      {kDetectors, "a detector (network-type=0)"},
      {kClassifiers, "a classifier (network-type=1)"},
      {kSegmentation, "segmentation (network-type=2)"},
      {kInstances, "instance segmentation (network-type=3)"},
      {kPrimary, "whole frames (process-mode=1)"},
      {kSecondary, "objects (process-mode=2)"},
  };
  auto found = kMeantFor.find(key);
  if (found == kMeantFor.end()) return {};
  unsigned wanted = found->second, have = models_of(config);
  bool fits = (!(wanted & kTypes) || (wanted & have & kTypes)) &&
              (!(wanted & kModes) || (wanted & have & kModes));
  std::string text;
  for (const auto &[bit, word] : words)
    if (!fits && (wanted & bit))
      text += (text.empty() ? "" : bit & kModes ? " on " : " or ") + std::string(word);
  return text;
}

}  // namespace dsbind::infer
