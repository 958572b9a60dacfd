/* SPDX-License-Identifier: Apache-2.0 */
#include "config_apply.h"

#include <glib.h>

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <unordered_map>

#include "error.h"
#include "nvbufsurftransform.h"
#include "value.h"

namespace dsbind::infer {
namespace {

constexpr int64_t kMaxPixels = 16384; /* a side of a frame */
constexpr int64_t kMaxBatch = 1024;

/* One entry and the config it goes to: reads its value or throws. */
class Value {
 public:
  Value(Config *config, const ConfigEntry &entry) : config_(config), entry_(entry) {}

  [[noreturn]] void fail(const std::string &why) const {
    throw Error(ErrorKind::Settings, entry_text(*config_, entry_) + " " + why);
  }
  void warn(const std::string &why) const {
    config_->warnings.push_back(entry_text(*config_, entry_) + " " + why);
  }
  const std::string &text() const { return entry_.value; }
  std::string where() const { return entry_text(*config_, entry_); }

  int64_t integer(int64_t least, int64_t most) const {
    int64_t value;
    if (!parse_int(text(), &value)) fail("is not a whole number");
    if (value < least || value > most)
      fail("is out of range: " + std::to_string(least) + " to " + std::to_string(most));
    return value;
  }
  unsigned count(int64_t least, int64_t most) const {
    return static_cast<unsigned>(integer(least, most));
  }
  double number() const { return number_in(text(), ""); }
  float ratio() const {
    double value = number();
    if (value < 0 || value > 1) fail("is out of range: 0 to 1");
    return static_cast<float>(value);
  }
  float positive() const {
    double value = number();
    if (value < 0) fail("is out of range: 0 or more");
    return static_cast<float>(value);
  }
  bool flag() const {
    const std::string &t = text();
    if (t == "1" || t == "true" || t == "True") return true;
    if (t == "0" || t == "false" || t == "False") return false;
    fail("is neither 0 nor 1");
  }
  bool names_onnx() const { return text().size() > 5 && text().rfind(".onnx") == text().size() - 5; }
  std::vector<float> numbers(const char *what, std::initializer_list<size_t> lengths) const {
    std::vector<float> values;
    for (const std::string &part : split_list(text()))
      values.push_back(static_cast<float>(number_in(part, "has '" + part + "', which ")));
    for (size_t length : lengths)
      if (values.size() == length) return values;
    fail(std::string("should be ") + what);
  }
  Color color() const {
    std::vector<float> v = numbers("four numbers from 0 to 1: red;green;blue;alpha", {4});
    for (float part : v)
      if (part < 0 || part > 1) fail("has a part outside 0 to 1: red;green;blue;alpha");
    return {v[0], v[1], v[2], v[3]};
  }
  /* Relative to the config file. */
  std::string path() const {
    if (text().empty()) fail("names no file");
    std::string name = text();
    if (name.rfind("file://", 0) == 0) name = name.substr(7);
    std::unique_ptr<char, decltype(&g_free)> dir(g_path_get_dirname(config_->path.c_str()), g_free);
    std::unique_ptr<char, decltype(&g_free)> full(g_canonicalize_filename(name.c_str(), dir.get()),
                                                  g_free);
    return full.get();
  }

 private:
  /* That a float can hold, too. */
  double number_in(const std::string &part, const std::string &which) const {
    double value;
    if (!parse_float(part, &value)) fail(which + "is not a number");
    if (std::fabs(value) > static_cast<double>(std::numeric_limits<float>::max()))
      fail(which + "is out of range: numbers up to 3.4e38");
    return value;
  }

  Config *config_;
  const ConfigEntry &entry_;
};

using PropertySetter = std::function<void(Config *, const Value &)>;
using AttrSetter = std::function<void(ClassAttrs *, const Value &)>;

const std::unordered_map<std::string, PropertySetter> kProperties = {
    {"onnx-file", [](Config *c, const Value &v) { c->onnx_file = v.path(); }},
    {"labelfile-path", [](Config *c, const Value &v) { c->label_file = v.path(); }},
    {"mean-file", [](Config *c, const Value &v) { c->mean_file = v.path(); }},
    {"custom-lib-path", [](Config *c, const Value &v) { c->custom_library = v.path(); }},
    {"parse-bbox-func-name",
     [](Config *c, const Value &v) {
       if (c->network_type == NetworkType::Detector) c->parser_function = v.text();
     }},
    {"parse-classifier-func-name",
     [](Config *c, const Value &v) {
       if (c->network_type == NetworkType::Classifier) c->parser_function = v.text();
     }},
    {"parse-segmentation-func-name",
     [](Config *c, const Value &v) {
       if (c->network_type == NetworkType::Segmentation) c->parser_function = v.text();
     }},
    {"parse-bbox-instance-mask-func-name",
     [](Config *c, const Value &v) {
       if (c->network_type == NetworkType::Instances) c->parser_function = v.text();
     }},
    {"model-engine-file",
     [](Config *c, const Value &v) {
       if (v.names_onnx()) {
         if (c->onnx_file.empty()) c->onnx_file = v.path();
         return;
       }
       v.warn(
           "is a TensorRT engine, which cannot be used here; the model of onnx-file runs "
           "instead");
     }},
    {"gie-unique-id",
     [](Config *c, const Value &v) {
       c->unique_id = v.count(0, std::numeric_limits<int32_t>::max());
     }},
    {"gpu-id", [](Config *c, const Value &v) { c->gpu_id = v.count(0, 63); }},
    {"batch-size", [](Config *c, const Value &v) { c->batch_size = v.count(1, kMaxBatch); }},
    {"interval",
     [](Config *c, const Value &v) {
       c->interval = v.count(0, std::numeric_limits<int32_t>::max() - 1);
     }},
    {"process-mode", [](Config *c, const Value &v) { c->process_mode = v.count(1, 2); }},
    {"network-type",
     [](Config *c, const Value &v) {
       const auto type = network_type_of(v.integer(0, 100));
       if (!type) v.fail(kNetworkTypes);
       c->network_type = *type;
     }},
    {"is-classifier", /* how network-type=1 was spelt before there were others */
     [](Config *c, const Value &v) {
       if (v.flag()) c->network_type = NetworkType::Classifier;
     }},
    {"network-mode",
     [](Config *, const Value &v) {
       int64_t mode = v.integer(0, 3);
       const char *names[] = {"", "int8", "fp16", "the best precision"};
       if (mode == 1 || mode == 2)
         v.warn(std::string("asks TensorRT for ") + names[mode] +
                "; the model runs in the precision it was exported with");
     }},
    {"network-input-order",
     [](Config *c, const Value &v) { c->channels_last = v.integer(0, 1) == 1; }},
    {"input-tensor-from-meta", [](Config *c, const Value &v) { c->input_from_meta = v.flag(); }},
    {"net-scale-factor",
     [](Config *c, const Value &v) {
       c->scale_factor = v.number();
       /* The smallest positive float, so that pixels are not all made 0. */
       if (c->scale_factor < static_cast<double>(std::numeric_limits<float>::min()))
         v.fail("is out of range: more than 0");
     }},
    {"offsets",
     [](Config *c, const Value &v) {
       c->offsets = v.numbers("one number per channel, such as 123.7;116.8;103.9", {1, 3});
     }},
    {"model-color-format",
     [](Config *c, const Value &v) {
       c->color_format = static_cast<ColorFormat>(v.integer(0, 2));
     }},
    {"maintain-aspect-ratio",
     [](Config *c, const Value &v) { c->maintain_aspect_ratio = v.flag(); }},
    {"symmetric-padding", [](Config *c, const Value &v) { c->symmetric_padding = v.flag(); }},
    {"scaling-filter",
     [](Config *c, const Value &v) {
       c->scaling_filter_set = true;
       c->scaling_filter = static_cast<int>(
           v.integer(NvBufSurfTransformInter_Nearest, NvBufSurfTransformInter_Default));
     }},
    {"infer-dims",
     [](Config *c, const Value &v) {
       c->infer_dims.clear();
       for (const std::string &part : split_list(v.text())) {
         int64_t side;
         if (!parse_int(part, &side)) v.fail("has '" + part + "', which is not a whole number");
         if (side < 1 || side > kMaxPixels)
           v.fail("has '" + part + "', which is out of range: 1 to " + std::to_string(kMaxPixels));
         c->infer_dims.push_back(static_cast<unsigned>(side));
       }
       if (c->infer_dims.size() != 3) v.fail("should be channels;height;width");
     }},
    {"output-blob-names",
     [](Config *c, const Value &v) { c->output_names = split_list(v.text()); }},
    {"output-tensor-meta", [](Config *c, const Value &v) { c->output_tensor_meta = v.flag(); }},
    {"cluster-mode",
     [](Config *c, const Value &v) {
       c->cluster_mode = static_cast<ClusterMode>(v.integer(0, 4));
     }},
    {"enable-dbscan", /* how cluster-mode=1 was spelt before there were others */
     [](Config *c, const Value &v) {
       if (v.flag()) c->cluster_mode = ClusterMode::Dbscan;
     }},
    {"num-detected-classes",
     [](Config *c, const Value &v) { c->num_classes = v.count(1, kMaxClasses); }},
    {"filter-out-class-ids",
     [](Config *c, const Value &v) {
       c->filter_out_class_ids = parse_class_ids(v.text(), v.where());
     }},
    {"operate-on-gie-id",
     [](Config *c, const Value &v) {
       c->objects.gie_id =
           static_cast<int>(v.integer(-1, std::numeric_limits<int32_t>::max()));
     }},
    {"operate-on-class-ids",
     [](Config *c, const Value &v) {
       c->objects.class_ids = parse_class_ids(v.text(), v.where());
     }},
    {"input-object-min-width",
     [](Config *c, const Value &v) { c->objects.min_width = v.count(0, kMaxPixels); }},
    {"input-object-min-height",
     [](Config *c, const Value &v) { c->objects.min_height = v.count(0, kMaxPixels); }},
    {"input-object-max-width",
     [](Config *c, const Value &v) { c->objects.max_width = v.count(0, kMaxPixels); }},
    {"input-object-max-height",
     [](Config *c, const Value &v) { c->objects.max_height = v.count(0, kMaxPixels); }},
    {"secondary-reinfer-interval",
     [](Config *c, const Value &v) {
       c->objects.reinfer_interval = v.count(0, std::numeric_limits<int32_t>::max());
     }},
    {"classifier-async-mode", [](Config *c, const Value &v) { c->objects.async = v.flag(); }},
    {"classifier-threshold",
     [](Config *c, const Value &v) { c->classifier_threshold = v.ratio(); }},
    {"classifier-type", [](Config *c, const Value &v) { c->classifier_type = v.text(); }},
    {"segmentation-threshold",
     [](Config *c, const Value &v) { c->segmentation_threshold = v.ratio(); }},
    {"segmentation-output-order",
     [](Config *c, const Value &v) { c->segmentation_channels_last = v.integer(0, 1) == 1; }},
    {"output-instance-mask",
     [](Config *c, const Value &v) { c->output_instance_mask = v.flag(); }},
};

const std::unordered_map<std::string, AttrSetter> kClassAttrs = {
    {"threshold", [](ClassAttrs *a, const Value &v) { a->pre_cluster_threshold = v.ratio(); }},
    {"pre-cluster-threshold",
     [](ClassAttrs *a, const Value &v) { a->pre_cluster_threshold = v.ratio(); }},
    {"post-cluster-threshold",
     [](ClassAttrs *a, const Value &v) { a->post_cluster_threshold = v.ratio(); }},
    {"eps", [](ClassAttrs *a, const Value &v) { a->eps = v.positive(); }},
    {"group-threshold",
     [](ClassAttrs *a, const Value &v) {
       a->group_threshold = static_cast<int>(v.integer(0, std::numeric_limits<int32_t>::max()));
     }},
    {"minBoxes",
     [](ClassAttrs *a, const Value &v) {
       a->min_boxes = static_cast<int>(v.integer(0, std::numeric_limits<int32_t>::max()));
     }},
    {"dbscan-min-score", [](ClassAttrs *a, const Value &v) { a->dbscan_min_score = v.positive(); }},
    {"nms-iou-threshold", [](ClassAttrs *a, const Value &v) { a->nms_iou_threshold = v.ratio(); }},
    {"topk",
     [](ClassAttrs *a, const Value &v) {
       a->topk = static_cast<int>(v.integer(-1, std::numeric_limits<int32_t>::max()));
     }},
    {"roi-top-offset",
     [](ClassAttrs *a, const Value &v) { a->roi_top_offset = v.count(0, kMaxPixels); }},
    {"roi-bottom-offset",
     [](ClassAttrs *a, const Value &v) { a->roi_bottom_offset = v.count(0, kMaxPixels); }},
    {"detected-min-w",
     [](ClassAttrs *a, const Value &v) { a->min_width = v.count(0, kMaxPixels); }},
    {"detected-min-h",
     [](ClassAttrs *a, const Value &v) { a->min_height = v.count(0, kMaxPixels); }},
    {"detected-max-w",
     [](ClassAttrs *a, const Value &v) { a->max_width = v.count(0, kMaxPixels); }},
    {"detected-max-h",
     [](ClassAttrs *a, const Value &v) { a->max_height = v.count(0, kMaxPixels); }},
    {"border-color", [](ClassAttrs *a, const Value &v) { a->border = v.color(); }},
    {"bg-color", [](ClassAttrs *a, const Value &v) { a->background = v.color(); }},
};

}  // namespace

std::string entry_text(const Config &config, const ConfigEntry &entry) {
  return config.path + ":" + std::to_string(entry.line) + ": [" + entry.group + "] " + entry.key +
         "=" + entry.value;
}

void apply_property(Config *config, const ConfigEntry &entry) {
  kProperties.at(entry.key)(config, Value(config, entry));
}

void apply_class_attr(Config *config, ClassAttrs *attrs, const ConfigEntry &entry) {
  kClassAttrs.at(entry.key)(attrs, Value(config, entry));
}

const char kNetworkTypes[] =
    "is none of 0 (detector), 1 (classifier), 2 (segmentation), 3 (instance segmentation) and 100 "
    "(other)";

std::optional<NetworkType> network_type_of(int64_t value) {
  if ((value < 0 || value > 3) && value != 100) return std::nullopt;
  return static_cast<NetworkType>(value);
}

std::vector<int> parse_class_ids(const std::string &value, const std::string &where) {
  std::vector<int> ids;
  for (const std::string &part : split_list(value)) {
    int64_t id;
    if (!parse_int(part, &id) || id < 0 || id >= kMaxClasses)
      throw Error(ErrorKind::Settings, where + " has '" + part + "', which is no class id");
    ids.push_back(static_cast<int>(id));
  }
  return ids;
}

}  // namespace dsbind::infer
