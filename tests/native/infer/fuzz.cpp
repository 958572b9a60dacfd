/* SPDX-License-Identifier: Apache-2.0 */
/* Configs, label files and output tensors of strangers: whatever they hold, an Error at most.
 *
 *   test_infer_fuzz [COUNT [SEED]]
 */
#include <math.h>

#include <random>

#include "check.h"
#include "config.h"
#include "config_keys.h"
#include "detector.h"
#include "files.h"
#include "labels.h"

using namespace dsbind::infer;

namespace {

std::mt19937 dice;

size_t below(size_t count) { return std::uniform_int_distribution<size_t>(0, count - 1)(dice); }

template <class T>
const T &any_of(const std::vector<T> &values) {
  return values[below(values.size())];
}

const std::vector<std::string> kValues = {
    "0", "1", "2", "3", "100", "-1", "0.5", "1e308", "-1e999", "nan", "inf", "0x10", "", " ", ";",
    ";;;", "1;2;3", "3;368;640", "3;4294967297;1", "18446744073709551616", "-9223372036854775808",
    "m.onnx", "../../../etc/passwd", "labels.txt", "file://", "true", "False", "a=b", "[x]", "#",
    "\xff\xfe", "\xf0\x9f\x98\x80", "99999999999999999999999999999999", "1,2,3", "0;1;0;1",
    "NvDsInferParseYolo", "x.engine", "*a", "&a b", "{a: b}", "[1, 2]", "- 1", "\"", "'", "|", "!!int 3"};

std::string any_key() {
  const auto &names = below(4) ? property_names() : class_attr_names();
  std::string key = any_of(names);
  if (below(8) == 0) key[below(key.size())] = static_cast<char>(below(256));
  return key;
}

std::string any_group() {
  static const std::vector<std::string> groups = {"property", "property", "property",
                                                  "class-attrs-all", "class-attrs-0",
                                                  "class-attrs-65536", "class-attrs--1",
                                                  "class-attrs-", "", "x", "prop]erty"};
  return any_of(groups);
}

void damage(std::string *text) {
  for (size_t n = below(4); n-- > 0 && !text->empty();) {
    size_t at = below(text->size());
    switch (below(4)) {
      case 0: (*text)[at] = static_cast<char>(below(256)); break;
      case 1: text->erase(at, below(20)); break;
      case 2: text->insert(at, text->substr(below(text->size()), below(60))); break;
      default: text->insert(at, any_of(kValues));
    }
  }
}

std::string any_config(bool yaml) {
  std::string text;
  for (size_t groups = 1 + below(3); groups-- > 0;) {
    text += yaml ? any_group() + ":\n" : "[" + any_group() + "]\n";
    if (below(2)) text += yaml ? "  onnx-file: m.onnx\n" : "onnx-file=m.onnx\n";
    for (size_t keys = below(8); keys-- > 0;)
      text += (yaml ? "  " : "") + any_key() + (yaml ? ": " : "=") + any_of(kValues) + "\n";
  }
  if (below(3) == 0) damage(&text);
  return text;
}

/* How many were read, so that the rest of this is known to be reached. */
size_t configs(const Folder &folder, size_t count) {
  size_t read = 0;
  for (size_t i = 0; i < count; i++) {
    const bool yaml = below(2) == 0;
    std::string path = folder.write(yaml ? "c.yml" : "c.txt", any_config(yaml));
    try {
      load_config(path);
      read++;
    } catch (const Error &error) {
      CHECK(strlen(error.what()) > 10);
    }
  }
  return read;
}

size_t label_files(const Folder &folder, size_t count) {
  size_t read = 0;
  for (size_t i = 0; i < count; i++) {
    std::string text;
    for (size_t lines = below(6); lines-- > 0;) text += any_of(kValues) + (below(3) ? "\n" : ";");
    if (below(2)) damage(&text);
    std::string path = folder.write("l.txt", text);
    try {
      for (const auto &line : read_labels(path)) CHECK(!line.empty());
      read++;
    } catch (const Error &error) {
      CHECK(strlen(error.what()) > 10);
    }
  }
  return read;
}

float any_float() {
  static const std::vector<float> values = {0,     1,         -1,     0.5f, 0.9f, 1e30f,
                                            1e-30f, INFINITY, -INFINITY, NAN, 65535, 4e9f};
  return below(4) ? any_of(values) : std::uniform_real_distribution<float>(0, 1)(dice);
}

/* Memory of the layer's size with any numbers. */
std::vector<uint8_t> fill(NvDsInferLayerInfo *layer) {
  static const size_t sizes[] = {4, 2, 1, 4, 8, 1};
  constexpr size_t kMost = 8000;
  for (unsigned d = 0; count_of(*layer) > kMost; d++) layer->inferDims.d[d] = 1;
  const size_t elements = count_of(*layer);
  std::vector<uint8_t> memory(elements * sizes[layer->dataType]);
  layer->buffer = memory.data();
  if (layer->dataType == FLOAT)
    for (size_t e = 0; e < elements; e++) static_cast<float *>(layer->buffer)[e] = any_float();
  else
    for (uint8_t &byte : memory) byte = static_cast<uint8_t>(below(256));
  return memory;
}

/* Layers of any shape with any numbers, as parsers of any kind would get them. */
size_t outputs(size_t count) {
  static const std::vector<const char *> names = {
      "output0", "cov", "bbox", "boxes", "scores", "classes", "labels", "num_detections",
      "detection_boxes", "pred_logits", "pred_boxes", ""};
  static const std::vector<unsigned> sides = {0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 16, 42, 126};
  static const std::vector<const char *> functions = {
      "", "", "NvDsInferParseYolo", "NvDsInferParseYoloV5", "NvDsInferParseYoloX",
      "NvDsInferParseYoloV8", "NvDsInferParseYoloV10", "NvDsInferParseCustomSSD",
      "NvDsInferParseCustomDETR", "NvDsInferParseCustomDDETRTAO"};
  static const std::vector<NetworkType> types = {NetworkType::Detector, NetworkType::Detector,
                                                 NetworkType::Instances, NetworkType::Classifier,
                                                 NetworkType::Segmentation};
  size_t read = 0;
  for (size_t i = 0; i < count; i++) {
    Config config;
    config.network_type = any_of(types);
    config.num_classes = static_cast<unsigned>(below(4));
    config.cluster_mode = static_cast<ClusterMode>(below(5));
    if (config.network_type == NetworkType::Instances) config.cluster_mode = ClusterMode::Nms;
    config.output_instance_mask = true;
    config.segmentation_channels_last = below(2);
    config.all_classes.pre_cluster_threshold = below(2) ? 0.f : 0.5f;
    config.all_classes.eps = any_of(std::vector<float>{0, 0.5f, 1});
    if (config.network_type == NetworkType::Detector) config.parser_function = any_of(functions);
    std::vector<std::vector<uint8_t>> memory;
    memory.reserve(16);
    Layers layers(1 + below(4));
    for (NvDsInferLayerInfo &layer : layers) {
      layer = {};
      layer.layerName = any_of(names);
      layer.dataType = below(8) ? FLOAT : static_cast<NvDsInferDataType>(below(6));
      layer.inferDims.numDims = static_cast<unsigned>(below(5));
      for (unsigned d = 0; d < layer.inferDims.numDims; d++) layer.inferDims.d[d] = any_of(sides);
      memory.push_back(fill(&layer));
    }
    const NvDsInferNetworkInfo network{64, 32, 3};
    const Placement place{{2, 4, 200, 100},
                          fit_frame(200, 100, 64, 32, below(2) != 0, below(2) != 0)};
    try {
      Found found;
      auto outputs = make_outputs(&config, network, layers);
      outputs->read(layers, place, &found);
      for (const Box &box : found.boxes) {
        CHECK(box.classId < config.num_classes);
        CHECK(box.left >= 2 && box.top >= 4 && box.width > 0 && box.height > 0);
        CHECK(box.left + box.width <= 202.01f && box.top + box.height <= 104.01f);
      }
      for (int one : found.map.classes_of)
        CHECK(one >= -1 && one < static_cast<int>(found.map.classes));
      read++;
      /* the sizes of another run, where the model leaves them open */
      NvDsInferLayerInfo &layer = layers[below(layers.size())];
      if (layer.inferDims.numDims > 0)
        layer.inferDims.d[below(layer.inferDims.numDims)] = any_of(sides);
      memory.push_back(fill(&layer));
      found.clear();
      outputs->read(layers, place, &found);
    } catch (const Error &error) {
      CHECK(strlen(error.what()) > 10);
    }
  }
  return read;
}

}  // namespace

int main(int argc, char **argv) {
  const size_t count = argc > 1 ? strtoul(argv[1], nullptr, 10) : 2000;
  const unsigned seed = argc > 2 ? static_cast<unsigned>(strtoul(argv[2], nullptr, 10)) : 1;
  dice.seed(seed);
  const char *memory = "/dev/shm"; /* a file each */
  Folder folder(std::filesystem::exists(memory)
                    ? memory
                    : std::filesystem::temp_directory_path().string());
  folder.write("m.onnx", "x");
  folder.write("labels.txt", "a;b\nc\n");
  const size_t read = configs(folder, count), labels = label_files(folder, count);
  const size_t parsed = outputs(count);
  CHECK(read > count / 100);
  CHECK(labels > count / 10);
  CHECK(parsed > count / 10);
  printf("of %zu each: %zu configs, %zu label files and %zu outputs were read\n", count, read,
         labels, parsed);
  return 0;
}
