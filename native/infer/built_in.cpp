/* SPDX-License-Identifier: Apache-2.0 */
#include "built_in.h"

#include <utility>
#include <vector>

namespace dsbind::infer {
namespace {

const std::vector<std::pair<std::string, BoxFormat>> kBoxes = {
    {"NvDsInferParseCustomResnet", BoxFormat::DetectNet},
    {"NvDsInferParseYolo", BoxFormat::Yolo},
    {"NvDsInferParseYoloCuda", BoxFormat::Yolo},
    {"NvDsInferParseYoloE", BoxFormat::Yolo},
    {"NvDsInferParseYoloV5", BoxFormat::YoloV5},
    {"NvDsInferParseCustomYoloV5", BoxFormat::YoloV5},
    {"NvDsInferParseYoloV7", BoxFormat::YoloV5},
    {"NvDsInferParseCustomYoloV7", BoxFormat::YoloV5},
    {"NvDsInferParseYoloV8", BoxFormat::YoloV8},
    {"NvDsInferParseCustomYoloV8", BoxFormat::YoloV8},
    {"NvDsInferParseYoloV9", BoxFormat::YoloV8},
    {"NvDsInferParseYoloV11", BoxFormat::YoloV8},
    {"NvDsInferParseYoloV10", BoxFormat::BoxRows},
    {"NvDsInferParseYoloX", BoxFormat::YoloX},
    {"NvDsInferParseCustomYoloX", BoxFormat::YoloX},
    {"NvDsInferParseCustomSSD", BoxFormat::Ssd},
    {"NvDsInferParseCustomTfSSD", BoxFormat::Ssd},
    {"NvDsInferParseCustomNMSTLT", BoxFormat::Ssd},
    {"NvDsInferParseCustomBatchedNMSTLT", BoxFormat::Ssd},
    {"NvDsInferParseCustomEfficientNMS", BoxFormat::Ssd},
    {"NvDsInferParseCustomEfficientDetTAO", BoxFormat::Ssd},
    {"NvDsInferParseCustomDETR", BoxFormat::Detr},
    {"NvDsInferParseCustomDDETRTAO", BoxFormat::DetrFocal},
    {"NvDsInferParseCustomRTDETR", BoxFormat::DetrFocal},
};

const std::vector<std::string> kInstances = {"NvDsInferParseYoloSeg", "NvDsInferParseCustomYoloSeg"};

}  // namespace

BoxFormat box_format(const std::string &name) {
  if (name.empty()) return BoxFormat::ByShape;
  for (const auto &[known, format] : kBoxes)
    if (known == name) return format;
  return BoxFormat::Unknown;
}

bool is_built_in(NetworkType type, const std::string &name) {
  if (type == NetworkType::Detector) return box_format(name) != BoxFormat::Unknown;
  for (const std::string &known : kInstances)
    if (type == NetworkType::Instances && known == name) return true;
  return name.empty();
}

std::string built_in_names(NetworkType type) {
  std::string text;
  auto add = [&](const std::string &name) { text += (text.empty() ? "" : ", ") + name; };
  if (type == NetworkType::Detector)
    for (const auto &known : kBoxes) add(known.first);
  if (type == NetworkType::Instances)
    for (const std::string &known : kInstances) add(known);
  return text.empty() ? "those that are taken without the key" : text;
}

}  // namespace dsbind::infer
