/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <glib.h>

#include <memory>

#include "built_in.h"
#include "config_apply.h"
#include "config_keys.h"
#include "error.h"
#include "labels.h"
#include "parser.h"
#include "value.h"

namespace dsbind::infer {
namespace {

constexpr char kAttrsPrefix[] = "class-attrs-";

/* One config file on its way to a Config: remembers the entries for messages about two of them. */
class Loader {
 public:
  Loader(const std::string &path, const Overrides &overrides) : overrides_(overrides) {
    std::unique_ptr<char, decltype(&g_free)> full(g_canonicalize_filename(path.c_str(), nullptr),
                                                  g_free);
    config_.path = full.get();
  }

  Config load() {
    entries_ = read_config_file(config_.path);
    choose_kind();
    warn_about_names();
    for (const ConfigEntry &entry : entries_)
      if (entry.group == "property" && property_use(entry.key) == KeyUse::Honoured &&
          !decides_kind(entry.key))
        apply_property(&config_, entry);
    /* Classes start from what is said for all of them, wherever that group stands. */
    for (const ConfigEntry &entry : entries_)
      if (entry.group == "class-attrs-all" && class_attr_use(entry.key) == KeyUse::Honoured)
        apply_class_attr(&config_, &config_.all_classes, entry);
    for (const ConfigEntry &entry : entries_) apply_one_class(entry);
    if (!overrides_.onnx_file.empty()) config_.onnx_file = overrides_.onnx_file;
    check_model();
    check_pairs();
    check_cluster_mode();
    check_attrs("class-attrs-all", config_.all_classes);
    for (const auto &[id, attrs] : config_.one_class)
      check_attrs(kAttrsPrefix + std::to_string(id), attrs);
    take_labels();
    /* The frames of other models have to wait for them. */
    if (config_.network_type != NetworkType::Classifier || config_.process_mode != 2)
      config_.objects.async = false;
    return std::move(config_);
  }

 private:
  const ConfigEntry *find(const std::string &group, const std::string &key) const {
    for (const ConfigEntry &entry : entries_)
      if (entry.group == group && entry.key == key) return &entry;
    return nullptr;
  }
  const ConfigEntry *property(const std::string &key) const { return find("property", key); }

  [[noreturn]] void contradiction(const ConfigEntry &a, const ConfigEntry &b,
                                  const std::string &why) const {
    throw Error(ErrorKind::Settings, entry_text(config_, a) + " and [" + b.group + "] " + b.key +
                                         "=" + b.value + " (line " + std::to_string(b.line) +
                                         ") contradict each other: " + why);
  }
  void warn(const ConfigEntry &entry, const std::string &what) {
    config_.warnings.push_back(entry_text(config_, entry) + " " + what);
  }

  static bool decides_kind(const std::string &key) {
    return key == "network-type" || key == "is-classifier" || key == "process-mode";
  }

  /* What other keys mean depends on these. */
  void choose_kind() {
    for (const char *key : {"is-classifier", "network-type", "process-mode"})
      if (const ConfigEntry *entry = property(key)) apply_property(&config_, *entry);
    if (overrides_.process_mode) config_.process_mode = *overrides_.process_mode;
    if (overrides_.network_type) config_.network_type = *overrides_.network_type;
    if (config_.network_type == NetworkType::Instances) config_.cluster_mode = ClusterMode::Nms;
  }

  void warn_about_names() {
    std::string tensorrt;
    const ConfigEntry *first = nullptr;
    for (const ConfigEntry &entry : entries_) {
      bool attrs = entry.group.rfind(kAttrsPrefix, 0) == 0;
      if (entry.group != "property" && !attrs) {
        unknown_group(entry);
        continue;
      }
      switch (attrs ? class_attr_use(entry.key) : property_use(entry.key)) {
        case KeyUse::Unknown:
          unknown_key(entry, attrs ? class_attr_names() : property_names());
          break;
        case KeyUse::TensorRt:
          tensorrt += (tensorrt.empty() ? "" : ", ") + entry.key;
          if (!first) first = &entry;
          break;
        case KeyUse::Debug: debugging_key(entry); break;
        case KeyUse::Honoured:
          if (std::string others = meant_for_others(entry.key, config_); !attrs && !others.empty())
            warn(entry, "has no effect here: it is for " + others);
          break;
        case KeyUse::Silent: break;
      }
    }
    if (first)
      config_.warnings.push_back(config_.path + ":" + std::to_string(first->line) + ": " +
                                 tensorrt +
                                 ": only for TensorRT; instead ONNX Runtime runs onnx-file as it "
                                 "was exported");
  }

  void unknown_group(const ConfigEntry &entry) {
    if (entry.group == last_unknown_group_) return;
    last_unknown_group_ = entry.group;
    std::string near = nearest_name(entry.group, {"property", "class-attrs-all"});
    config_.warnings.push_back(config_.path + ":" + std::to_string(entry.line) + ": group [" +
                               entry.group + "] is unknown and not read" +
                               (near.empty() ? "" : "; did you mean [" + near + "]?"));
  }

  void unknown_key(const ConfigEntry &entry, const std::vector<std::string> &names) {
    std::string near = nearest_name(entry.key, names);
    warn(entry, near.empty() ? "is no key that nvinfer knows"
                             : "is no key that nvinfer knows; did you mean " + near + "?");
  }

  /* A dump less changes nothing; a tensor that is not replaced does. */
  void debugging_key(const ConfigEntry &entry) {
    if (entry.value == "0" || entry.value == "false" || entry.value == "False") return;
    if (entry.key.rfind("overwrite-", 0) == 0)
      throw Error(ErrorKind::Settings,
                  entry_text(config_, entry) +
                      " puts the numbers of a file in place of a tensor, which is not offered; " +
                      (entry.key == "overwrite-input-tensor"
                           ? "input-tensor-from-meta=1 takes tensors that a program made"
                           : "network-type=100 with output-tensor-meta=1 leaves the outputs to a "
                             "program"));
    warn(entry, "is not offered, no file is written; output-tensor-meta=1 hands out the tensors");
  }

  void apply_one_class(const ConfigEntry &entry) {
    if (entry.group.rfind(kAttrsPrefix, 0) != 0 || entry.group == "class-attrs-all") return;
    int64_t id;
    if (!parse_int(entry.group.substr(sizeof kAttrsPrefix - 1), &id) || id < 0 || id > 65535)
      throw Error(ErrorKind::Settings,
                  config_.path + ":" + std::to_string(entry.line) + ": group [" + entry.group +
                      "] is neither [class-attrs-all] nor [class-attrs-<class id>]");
    auto attrs = config_.one_class.emplace(static_cast<unsigned>(id), config_.all_classes).first;
    if (class_attr_use(entry.key) == KeyUse::Honoured)
      apply_class_attr(&config_, &attrs->second, entry);
  }

  void check_model() {
    if (config_.onnx_file.empty()) {
      for (const char *key : {"model-engine-file", "tlt-encoded-model", "uff-file", "model-file"})
        if (const ConfigEntry *entry = property(key))
          throw Error(ErrorKind::Settings,
                      entry_text(config_, *entry) +
                          " needs TensorRT and cannot be used here; export the model to ONNX and "
                          "name it by onnx-file");
      throw Error(ErrorKind::Settings,
                  config_.path + " names no model: set onnx-file in [property]");
    }
    if (g_file_test(config_.onnx_file.c_str(), G_FILE_TEST_IS_REGULAR)) return;
    const std::string what = "the model '" + config_.onnx_file + "' does not exist";
    if (!overrides_.onnx_file.empty())
      throw Error(ErrorKind::NotFound, what + "; it is the property model-engine-file");
    const ConfigEntry *entry = property("onnx-file");
    if (!entry) entry = property("model-engine-file");
    throw Error(ErrorKind::NotFound,
                what + "; " + entry_text(config_, *entry) + " is relative to the config file");
  }

  void check_pairs() {
    const ConfigEntry *offsets = property("offsets"), *mean = property("mean-file");
    if (offsets && mean) contradiction(*offsets, *mean, "both give the mean; keep one");
    const ConfigEntry *color = property("model-color-format");
    if (offsets && config_.color_format == ColorFormat::Gray && config_.offsets.size() != 1)
      contradiction(*offsets, *color, "grey images have one channel");
    if (offsets && config_.color_format != ColorFormat::Gray && config_.offsets.size() != 3)
      throw Error(ErrorKind::Settings, entry_text(config_, *offsets) +
                                           " gives one offset for three channels; set three, or "
                                           "model-color-format=2");
    const ConfigEntry *dims = property("infer-dims");
    unsigned channels = config_.color_format == ColorFormat::Gray ? 1 : 3;
    if (dims && config_.infer_dims[0] != channels) {
      if (color) contradiction(*dims, *color, "the number of channels differs");
      throw Error(ErrorKind::Settings, entry_text(config_, *dims) +
                                           " does not have the three channels of RGB; set "
                                           "model-color-format=2 for grey images");
    }
    if (config_.symmetric_padding && !config_.maintain_aspect_ratio)
      warn(*property("symmetric-padding"), "has no effect without maintain-aspect-ratio=1");
    const ConfigEntry *old_mode = property("enable-dbscan"), *mode = property("cluster-mode");
    if (old_mode && mode && trim(old_mode->value) == "1" && trim(mode->value) != "1")
      contradiction(*old_mode, *mode, "enable-dbscan=1 is cluster-mode=1; keep cluster-mode");
    const ConfigEntry *lib = property("custom-lib-path");
    const ConfigEntry *parser = property(parser_key(config_.network_type));
    if (parser && !lib && !is_built_in(config_.network_type, config_.parser_function))
      throw Error(ErrorKind::Settings,
                  entry_text(config_, *parser) +
                      " is no parser built in, so it lies in a library that custom-lib-path must "
                      "name; built in are " +
                      built_in_names(config_.network_type));
    if (lib && config_.parser_function.empty())
      warn(*lib, "is not loaded: " + std::string(parser_key(config_.network_type)) +
                     " names no function in it");
  }

  /* A merged box has no mask. */
  void check_cluster_mode() {
    if (config_.network_type != NetworkType::Instances ||
        config_.cluster_mode == ClusterMode::Nms || config_.cluster_mode == ClusterMode::None)
      return;
    const ConfigEntry *entry = property("cluster-mode");
    if (!entry) entry = property("enable-dbscan");
    throw Error(ErrorKind::Settings, entry_text(config_, *entry) +
                                         " merges boxes, but masks cannot be merged; set 2 (NMS) "
                                         "or 4 (none) for instance segmentation");
  }

  void check_attrs(const std::string &group, const ClassAttrs &attrs) {
    auto both = [&](const char *a, const char *b, const std::string &why) {
      const ConfigEntry *first = find(group, a), *second = find(group, b);
      if (!first) first = find("class-attrs-all", a);
      if (!second) second = find("class-attrs-all", b);
      if (first && second) contradiction(*first, *second, why);
    };
    if (attrs.max_width && attrs.min_width > attrs.max_width)
      both("detected-min-w", "detected-max-w", "no box can be that wide");
    if (attrs.max_height && attrs.min_height > attrs.max_height)
      both("detected-min-h", "detected-max-h", "no box can be that high");
    const ConfigEntry *old_name = find(group, "threshold");
    const ConfigEntry *new_name = find(group, "pre-cluster-threshold");
    if (old_name && new_name && old_name->value != new_name->value)
      contradiction(*old_name, *new_name, "they are two names of one setting");
  }

  void take_labels() {
    const ConfigEntry *file = property("labelfile-path"), *count = property("num-detected-classes");
    bool classifier = config_.network_type == NetworkType::Classifier;
    if (file) {
      config_.attribute_labels = read_labels(config_.label_file);
      for (const auto &line : config_.attribute_labels) config_.labels.push_back(line.front());
    }
    if (classifier) return;
    if (file) {
      if (count && config_.labels.size() != config_.num_classes)
        contradiction(*count, *file,
                      "the label file has " + std::to_string(config_.labels.size()) + " labels");
      config_.num_classes = static_cast<unsigned>(config_.labels.size());
    }
    if (config_.num_classes)
      check_class_ids(
          config_, config_.num_classes,
          count ? "num-detected-classes=" + count->value : "labelfile-path=" + file->value);
  }

  const Overrides &overrides_;
  Config config_;
  std::vector<ConfigEntry> entries_;
  std::string last_unknown_group_;
};

}  // namespace

const ClassAttrs &Config::attrs(unsigned class_id) const {
  auto found = one_class.find(class_id);
  return found == one_class.end() ? all_classes : found->second;
}

const std::string &Config::label(unsigned class_id) const {
  static const std::string none;
  return class_id < labels.size() ? labels[class_id] : none;
}

const std::string &Config::attribute_label(unsigned index, unsigned value, unsigned count) const {
  static const std::string none;
  /* One attribute may have its labels on a line each, too. */
  if (count == 1 && attribute_labels.size() > 1) return label(value);
  if (index >= attribute_labels.size() || value >= attribute_labels[index].size()) return none;
  return attribute_labels[index][value];
}

void check_class_ids(const Config &config, unsigned num_classes, const std::string &source) {
  std::string range = "; class ids are 0 to " + std::to_string(num_classes - 1);
  for (const auto &one : config.one_class)
    if (one.first >= num_classes)
      throw Error(ErrorKind::Settings, config.path + ": [class-attrs-" + std::to_string(one.first) +
                                           "] and " + source + " contradict each other" + range);
  for (int id : config.filter_out_class_ids)
    if (static_cast<unsigned>(id) >= num_classes)
      throw Error(ErrorKind::Settings, config.path + ": filter-out-class-ids has " +
                                           std::to_string(id) + " and " + source +
                                           " contradict each other" + range);
}

Config load_config(const std::string &path, const Overrides &overrides) {
  return Loader(path, overrides).load();
}

}  // namespace dsbind::infer
