/* SPDX-License-Identifier: Apache-2.0 */
/* What an nvinfer config file says, checked. */
#ifndef DSBIND_INFER_CONFIG_H
#define DSBIND_INFER_CONFIG_H

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config_file.h"

namespace dsbind::infer {

enum class ColorFormat { Rgb = 0, Bgr = 1, Gray = 2 };
enum class NetworkType { Detector = 0, Classifier = 1, Segmentation = 2, Instances = 3, Other = 100 };
enum class ClusterMode { GroupRectangles = 0, Dbscan = 1, Nms = 2, Hybrid = 3, None = 4 };

/* Of a model. */
constexpr unsigned kMaxClasses = 65536;

/* From 0 to 1. */
struct Color {
  double red = 0, green = 0, blue = 0, alpha = 0;
};

/* [class-attrs-all] and [class-attrs-<id>]: how the boxes of one class are filtered, merged and
 * drawn. Sizes and offsets are pixels of the frame; 0 is no limit. */
struct ClassAttrs {
  float pre_cluster_threshold = 0.2f;
  float post_cluster_threshold = 0.f;
  float eps = 0.f;
  int group_threshold = 0;
  int min_boxes = 0;
  float dbscan_min_score = 0.f;
  float nms_iou_threshold = 0.3f;
  int topk = -1; /* -1 keeps all */
  unsigned roi_top_offset = 0, roi_bottom_offset = 0;
  unsigned min_width = 0, min_height = 0, max_width = 0, max_height = 0;
  Color border{1, 0, 0, 1};
  std::optional<Color> background;
};

/* Which objects a model runs on, process-mode=2. */
struct Selection {
  int gie_id = -1;            /* whose objects; -1 is anyone's */
  std::vector<int> class_ids; /* empty is any */
  unsigned min_width = 0, min_height = 0, max_width = 0, max_height = 0; /* 0 is no limit */
  unsigned reinfer_interval = 90; /* frames after which a tracked object is classified anew */
  bool async = false;             /* frames do not wait for their objects' classes */
};

struct Config {
  std::string path; /* of the config file, absolute */
  std::string onnx_file;
  std::string label_file;
  std::string mean_file;
  std::string custom_library;
  std::string parser_function; /* of the network type */

  NetworkType network_type = NetworkType::Detector;
  unsigned unique_id = 15;
  unsigned batch_size = 1;
  unsigned gpu_id = 0;
  unsigned interval = 0;
  unsigned process_mode = 1;
  Selection objects;
  double scale_factor = 1.0;
  std::vector<float> offsets;
  ColorFormat color_format = ColorFormat::Rgb;
  bool maintain_aspect_ratio = false;
  bool symmetric_padding = false;
  int scaling_filter = 1;           /* NvBufSurfTransform_Inter */
  bool scaling_filter_set = false;
  std::vector<unsigned> infer_dims; /* c, h, w or empty */
  bool channels_last = false;       /* of the input */
  std::vector<std::string> output_names;
  bool output_tensor_meta = false;
  bool input_from_meta = false; /* tensors that nvdspreprocess made, instead of frames */
  ClusterMode cluster_mode = ClusterMode::GroupRectangles;
  unsigned num_classes = 0; /* 0: as many as the labels, or the model, say */
  std::vector<int> filter_out_class_ids;
  float classifier_threshold = 0.f;
  std::string classifier_type;
  std::optional<float> segmentation_threshold;
  bool segmentation_channels_last = false;
  bool output_instance_mask = false;

  std::vector<std::string> labels;
  std::vector<std::vector<std::string>> attribute_labels; /* a classifier's, by line of the file */
  ClassAttrs all_classes;
  std::map<unsigned, ClassAttrs> one_class;

  std::vector<std::string> warnings;

  const ClassAttrs &attrs(unsigned class_id) const;
  /* The label, or an empty string. */
  const std::string &label(unsigned class_id) const;
  /* Of class `value` of attribute `index`, of `count` attributes; or an empty string. */
  const std::string &attribute_label(unsigned index, unsigned value, unsigned count) const;
  /* The above, or what a program without a config would get. */
  float mask_threshold() const { return segmentation_threshold.value_or(0.5f); }
};

/* What properties of the element say, over the file. */
struct Overrides {
  std::optional<unsigned> process_mode;
  std::optional<NetworkType> network_type;
  std::string onnx_file;
};

/* Reads and checks a file and the label file it names. Throws Error; what can be lived with is in
 * `warnings`. A model that is missing is noticed here. */
Config load_config(const std::string &path, const Overrides &overrides = {});

/* Checks ids against the number of classes; called again when the model has told that number. */
void check_class_ids(const Config &config, unsigned num_classes, const std::string &source);

/* The kind that a value of network-type stands for; nothing where it is none. */
std::optional<NetworkType> network_type_of(int64_t value);
extern const char kNetworkTypes[]; /* "is none of 0 (detector), ...", for messages */

/* Integers of a list such as "0;2;3"; `where` names it in errors. */
std::vector<int> parse_class_ids(const std::string &value, const std::string &where);

}  // namespace dsbind::infer

#endif
