/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <unordered_map>

#include "config_file.h"
#include "error.h"
#include "value.h"

namespace dsbind::preprocess {
namespace {

using infer::ConfigEntry;
using infer::Error;
using infer::ErrorKind;

constexpr int64_t kMaxSide = 16384;
constexpr int64_t kMaxBatch = 1024;
constexpr int64_t kMaxSource = 65535;
constexpr int64_t kMaxId = std::numeric_limits<int32_t>::max();
constexpr size_t kMaxRois = 256; /* of one source */
constexpr uint64_t kMaxTensorBytes = uint64_t{1} << 32;

/* One entry of the file: reads its value, or throws with its place. */
class Value {
 public:
  Value(const std::string &path, const ConfigEntry &entry) : path_(path), entry_(entry) {}

  std::string text() const {
    return path_ + ":" + std::to_string(entry_.line) + ": [" + entry_.group + "] " + entry_.key +
           "=" + entry_.value;
  }
  [[noreturn]] void fail(const std::string &why) const {
    throw Error(ErrorKind::Settings, text() + " " + why);
  }
  int64_t integer(int64_t least, int64_t most) const { return whole(entry_.value, least, most); }
  unsigned count(int64_t least, int64_t most) const {
    return static_cast<unsigned>(integer(least, most));
  }
  bool flag() const { return integer(0, 1) == 1; }
  std::vector<int64_t> integers(int64_t least, int64_t most) const {
    std::vector<int64_t> values;
    for (const std::string &part : infer::split_list(entry_.value))
      values.push_back(whole(part, least, most));
    if (values.empty()) fail("has no value");
    return values;
  }
  NvOSD_ColorParams color() const {
    std::vector<double> v;
    for (const std::string &part : infer::split_list(entry_.value)) {
      double number;
      if (!infer::parse_float(part, &number) || number < 0 || number > 1)
        fail("has '" + part + "', which is no number from 0 to 1");
      v.push_back(number);
    }
    if (v.size() != 4) fail("should be four numbers from 0 to 1: red;green;blue;alpha");
    return {v[0], v[1], v[2], v[3]};
  }
  /* Relative to the config file. */
  std::string file() const {
    if (entry_.value.empty()) fail("names no file");
    std::unique_ptr<char, decltype(&g_free)> dir(g_path_get_dirname(path_.c_str()), g_free);
    std::unique_ptr<char, decltype(&g_free)> full(
        g_canonicalize_filename(entry_.value.c_str(), dir.get()), g_free);
    return full.get();
  }
  const std::string &raw() const { return entry_.value; }

 private:
  int64_t whole(const std::string &part, int64_t least, int64_t most) const {
    int64_t value;
    if (!infer::parse_int(part, &value)) fail("has '" + part + "', which is not a whole number");
    if (value < least || value > most)
      fail("is out of range: " + std::to_string(least) + " to " + std::to_string(most));
    return value;
  }

  const std::string &path_;
  const ConfigEntry &entry_;
};

using PropertySetter = std::function<void(Plan *, const Value &)>;
using GroupSetter = std::function<void(Group *, const Value &)>;

const std::unordered_map<std::string, PropertySetter> kProperties = {
    {"enable", [](Plan *p, const Value &v) { p->enabled = v.flag(); }},
    {"unique-id", [](Plan *p, const Value &v) { p->unique_id = v.count(0, kMaxId); }},
    {"target-unique-ids",
     [](Plan *p, const Value &v) {
       for (int64_t id : v.integers(0, kMaxId)) p->targets.push_back(static_cast<guint64>(id));
     }},
    {"operate-on-gie-id",
     [](Plan *p, const Value &v) { p->gie_id = static_cast<int>(v.integer(-1, kMaxId)); }},
    {"process-on-frame", [](Plan *p, const Value &v) { p->on_frames = v.flag(); }},
    {"processing-width", [](Plan *p, const Value &v) { p->width = v.count(2, kMaxSide); }},
    {"processing-height", [](Plan *p, const Value &v) { p->height = v.count(2, kMaxSide); }},
    {"maintain-aspect-ratio", [](Plan *p, const Value &v) { p->keep_aspect = v.flag(); }},
    {"symmetric-padding", [](Plan *p, const Value &v) { p->symmetric = v.flag(); }},
    {"scaling-filter",
     [](Plan *p, const Value &v) {
       p->filter = static_cast<NvBufSurfTransform_Inter>(
           v.integer(NvBufSurfTransformInter_Nearest, NvBufSurfTransformInter_Default));
     }},
    {"tensor-buf-pool-size", [](Plan *p, const Value &v) { p->tensor_buffers = v.count(1, 256); }},
    {"scaling-buf-pool-size",
     [](Plan *p, const Value &v) { p->scaling_buffers = v.count(1, 256); }},
    {"network-input-order",
     [](Plan *p, const Value &v) {
       p->tensor.network_input_order =
           static_cast<NvDsPreProcessNetworkInputOrder>(v.integer(0, 2));
     }},
    {"network-input-shape",
     [](Plan *p, const Value &v) {
       p->tensor.network_input_shape.clear();
       for (int64_t side : v.integers(1, kMaxSide))
         p->tensor.network_input_shape.push_back(static_cast<int>(side));
       if (p->tensor.network_input_shape.size() < 2 || p->tensor.network_input_shape.size() > 8)
         v.fail("should have 2 to 8 sizes; the first one is the batch");
       if (p->tensor.network_input_shape[0] > kMaxBatch)
         v.fail("has a batch of more than " + std::to_string(kMaxBatch));
     }},
    {"network-color-format",
     [](Plan *p, const Value &v) {
       p->tensor.network_color_format = static_cast<NvDsPreProcessFormat>(v.integer(0, 2));
     }},
    {"tensor-data-type",
     [](Plan *p, const Value &v) {
       p->tensor.data_type = static_cast<NvDsDataType>(v.integer(0, 7));
     }},
    {"tensor-name", [](Plan *p, const Value &v) { p->tensor.tensor_name = v.raw(); }},
    {"custom-lib-path", [](Plan *p, const Value &v) { p->library = v.file(); }},
    {"custom-tensor-preparation-function",
     [](Plan *p, const Value &v) { p->tensor_function = v.raw(); }},
};

/* Where pixels are scaled is the surface library's choice. */
const std::vector<std::string> kSilent = {"gpu-id", "scaling-pool-memory-type",
                                          "scaling-pool-compute-hw", "scaling-buf-pool-size"};

const std::unordered_map<std::string, GroupSetter> kGroup = {
    {"src-ids",
     [](Group *g, const Value &v) {
       for (int64_t id : v.integers(-1, kMaxSource))
         if (id >= 0) g->sources.push_back(static_cast<unsigned>(id));
     }},
    {"custom-input-transformation-function",
     [](Group *g, const Value &v) { g->transformation = v.raw(); }},
    {"process-on-roi", [](Group *g, const Value &v) { g->on_rois = v.flag(); }},
    {"process-on-all-objects",
     [](Group *g, const Value &v) {
       if (v.flag()) g->class_ids.clear();
     }},
    {"operate-on-class-ids",
     [](Group *g, const Value &v) {
       g->class_ids.clear();
       for (int64_t id : v.integers(-1, kMaxSource))
         if (id >= 0) g->class_ids.push_back(static_cast<int>(id));
     }},
    {"input-object-min-width", [](Group *g, const Value &v) { g->min_width = v.count(0, kMaxSide); }},
    {"input-object-min-height",
     [](Group *g, const Value &v) { g->min_height = v.count(0, kMaxSide); }},
    {"input-object-max-width", [](Group *g, const Value &v) { g->max_width = v.count(0, kMaxSide); }},
    {"input-object-max-height",
     [](Group *g, const Value &v) { g->max_height = v.count(0, kMaxSide); }},
    {"draw-roi", [](Group *g, const Value &v) { g->draw = v.flag(); }},
    {"roi-color", [](Group *g, const Value &v) { g->color = v.color(); }},
};

const std::string kRois = "roi-params-src-";
const std::string kGroups = "group-";

bool starts_with(const std::string &text, const std::string &prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

template <class Table>
std::vector<std::string> names_of(const Table &table) {
  std::vector<std::string> names;
  for (const auto &item : table) names.push_back(item.first);
  std::sort(names.begin(), names.end());
  return names;
}

uint64_t bytes_of(NvDsDataType type) {
  switch (type) {
    case NvDsDataType_UINT8:
    case NvDsDataType_INT8: return 1;
    case NvDsDataType_FP16: return 2;
#if DSBIND_ABI >= 800
    case NvDsDataType_INT64:
    case NvDsDataType_UINT64: return 8;
#endif
    default: return 4;
  }
}

class Loader {
 public:
  explicit Loader(const std::string &path) {
    std::unique_ptr<char, decltype(&g_free)> full(g_canonicalize_filename(path.c_str(), nullptr),
                                                  g_free);
    plan_.path = full.get();
  }

  Plan load() {
    entries_ = infer::read_config_file(plan_.path);
    std::map<unsigned, Group> groups;
    for (const ConfigEntry &entry : entries_) {
      if (entry.group == "property") {
        property(entry);
      } else if (entry.group == "user-configs") {
        plan_.user_configs[entry.key] = entry.value;
      } else if (starts_with(entry.group, kGroups)) {
        int64_t number;
        if (!infer::parse_int(entry.group.substr(kGroups.size()), &number) || number < 0 ||
            number > kMaxSource)
          throw Error(ErrorKind::Settings, plan_.path + ":" + std::to_string(entry.line) +
                                               ": group [" + entry.group +
                                               "] should end in a number: [group-0]");
        in_group(&groups[static_cast<unsigned>(number)], entry);
      } else {
        unknown_group(entry);
      }
    }
    for (auto &[number, group] : groups) plan_.groups.push_back(std::move(group));
    check();
    return std::move(plan_);
  }

 private:
  Value value(const ConfigEntry &entry) const { return {plan_.path, entry}; }

  void property(const ConfigEntry &entry) {
    auto setter = kProperties.find(entry.key);
    if (setter != kProperties.end())
      setter->second(&plan_, value(entry));
    else if (std::find(kSilent.begin(), kSilent.end(), entry.key) == kSilent.end())
      unknown_key(entry, names_of(kProperties));
  }

  void in_group(Group *group, const ConfigEntry &entry) {
    auto setter = kGroup.find(entry.key);
    if (setter != kGroup.end()) {
      setter->second(group, value(entry));
      return;
    }
    int64_t source;
    if (!starts_with(entry.key, kRois)) {
      unknown_key(entry, names_of(kGroup));
      return;
    }
    const Value v = value(entry);
    if (!infer::parse_int(entry.key.substr(kRois.size()), &source) || source < 0 ||
        source > kMaxSource)
      v.fail("should name the number of a source: " + kRois + "0");
    std::vector<int64_t> sides = v.integers(0, kMaxSide);
    if (sides.size() % 4 != 0 || sides.size() > 4 * kMaxRois)
      v.fail("should be left;top;width;height of up to 256 regions");
    std::vector<Roi> &rois = group->rois[static_cast<unsigned>(source)];
    rois.clear();
    for (size_t i = 0; i < sides.size(); i += 4) {
      Roi roi{static_cast<unsigned>(sides[i]), static_cast<unsigned>(sides[i + 1]),
              static_cast<unsigned>(sides[i + 2]), static_cast<unsigned>(sides[i + 3])};
      if (roi.width < 2 || roi.height < 2) v.fail("has a region smaller than 2 x 2 pixels");
      rois.push_back(roi);
    }
  }

  void unknown_key(const ConfigEntry &entry, const std::vector<std::string> &known) {
    std::string near = infer::nearest_name(entry.key, known);
    plan_.warnings.push_back(value(entry).text() + " is no key that nvdspreprocess knows" +
                             (near.empty() ? "" : "; did you mean " + near + "?"));
  }

  void unknown_group(const ConfigEntry &entry) {
    if (entry.group == last_unknown_) return;
    last_unknown_ = entry.group;
    std::string near =
        infer::nearest_name(entry.group, {"property", "user-configs", "group-0"});
    plan_.warnings.push_back(plan_.path + ":" + std::to_string(entry.line) + ": group [" +
                             entry.group + "] is unknown and not read" +
                             (near.empty() ? "" : "; did you mean [" + near + "]?"));
  }

  [[noreturn]] void fail(const std::string &why) const {
    throw Error(ErrorKind::Settings, plan_.path + ": " + why);
  }

  void check() {
    NvDsPreProcessTensorParams &tensor = plan_.tensor;
    const std::vector<int> &shape = tensor.network_input_shape;
    if (shape.empty()) fail("[property] has no network-input-shape, such as 4;3;368;640");
    const bool last = tensor.network_input_order == NvDsPreProcessNetworkInputOrder_kNHWC;
    if (tensor.network_input_order != NvDsPreProcessNetworkInputOrder_CUSTOM) {
      if (shape.size() != 4)
        fail("network-input-shape should be batch and the sizes of an image, " +
             std::string(last ? "N;H;W;C" : "N;C;H;W") + ", unless network-input-order is 2");
      const int channels = tensor.network_color_format == NvDsPreProcessFormat_GRAY ? 1 : 3;
      if (shape[last ? 3 : 1] != channels)
        fail("network-input-shape has " + std::to_string(shape[last ? 3 : 1]) +
             " channel(s) where network-color-format has " + std::to_string(channels) +
             "; see network-input-order, too");
      if (plan_.width == 0) plan_.width = static_cast<unsigned>(shape[last ? 2 : 3]);
      if (plan_.height == 0) plan_.height = static_cast<unsigned>(shape[last ? 1 : 2]);
      if (plan_.width != static_cast<unsigned>(shape[last ? 2 : 3]) ||
          plan_.height != static_cast<unsigned>(shape[last ? 1 : 2]))
        fail("processing-width=" + std::to_string(plan_.width) + " and processing-height=" +
             std::to_string(plan_.height) + " are not the size that network-input-shape has");
    }
    if (plan_.width == 0 || plan_.height == 0)
      fail("[property] has no processing-width and processing-height");
    uint64_t bytes = bytes_of(tensor.data_type);
    for (int side : shape) {
      bytes *= static_cast<uint64_t>(side);
      if (bytes > kMaxTensorBytes) fail("network-input-shape asks for a tensor of over 4 GiB");
    }
    tensor.buffer_size = bytes;
    tensor.memory_type = NVBUF_MEM_SYSTEM;
    if (plan_.groups.empty()) fail("there is no group of sources: add [group-0] with src-ids");
    for (const Group &group : plan_.groups)
      if (plan_.on_frames && group.on_rois && group.rois.empty())
        fail("a group has process-on-roi=1 and no " + kRois + "N");
  }

  Plan plan_;
  std::vector<ConfigEntry> entries_;
  std::string last_unknown_;
};

}  // namespace

const Group *Plan::group_of(unsigned source) const {
  const Group *any = nullptr;
  for (const Group &group : groups) {
    if (group.sources.empty() && !any) any = &group;
    if (std::find(group.sources.begin(), group.sources.end(), source) != group.sources.end())
      return &group;
  }
  return any;
}

Plan load_plan(const std::string &path) { return Loader(path).load(); }

}  // namespace dsbind::preprocess
