/* SPDX-License-Identifier: Apache-2.0 */
#include "detector.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "error.h"

namespace dsbind::infer {
namespace {

using Clock = std::chrono::steady_clock;

uint64_t since(Clock::time_point start) {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count());
}

/* Keys that stand in the config, for messages. */
std::string dims_key(const std::vector<unsigned> &dims) {
  return "infer-dims=" + std::to_string(dims[0]) + ";" + std::to_string(dims[1]) + ";" +
         std::to_string(dims[2]);
}

}  // namespace

void to_frame(const Config &config, const Letterbox &letterbox, unsigned width, unsigned height,
              Boxes *boxes) {
  const auto w = static_cast<float>(width), h = static_cast<float>(height);
  const auto left = static_cast<float>(letterbox.left), top = static_cast<float>(letterbox.top);
  auto out = boxes->begin();
  for (Box box : *boxes) {
    float x1 = std::clamp((box.left - left) / letterbox.scale_x, 0.f, w);
    float y1 = std::clamp((box.top - top) / letterbox.scale_y, 0.f, h);
    float x2 = std::clamp((box.left + box.width - left) / letterbox.scale_x, 0.f, w);
    float y2 = std::clamp((box.top + box.height - top) / letterbox.scale_y, 0.f, h);
    box.left = x1;
    box.top = y1;
    box.width = x2 - x1;
    box.height = y2 - y1;
    const ClassAttrs &a = config.attrs(box.classId);
    bool keep = box.width > 0 && box.height > 0 && y1 >= static_cast<float>(a.roi_top_offset) &&
                y2 <= h - static_cast<float>(a.roi_bottom_offset) &&
                box.width >= static_cast<float>(a.min_width) &&
                box.height >= static_cast<float>(a.min_height) &&
                (!a.max_width || box.width <= static_cast<float>(a.max_width)) &&
                (!a.max_height || box.height <= static_cast<float>(a.max_height));
    if (keep) *out++ = box;
  }
  boxes->erase(out, boxes->end());
}

Detector::Detector(Config config)
    : config_(std::move(config)),
      session_(config_.onnx_file),
      parser_mutex_(std::make_shared<std::mutex>()) {
  if (!config_.parser_function.empty() && !config_.custom_library.empty())
    custom_ = load_parser(config_);
  choose_input();
  prepare();
}

Detector::Detector(const Detector &loaded)
    : config_(loaded.config_),
      session_(loaded.session_),
      network_(loaded.network_),
      custom_(loaded.custom_),
      parser_mutex_(loaded.parser_mutex_) {
  prepare();
}

void Detector::prepare() {
  session_.prepare(config_.batch_size, network_.channels, network_.height, network_.width);
  choose_outputs();
  preprocessor_ = std::make_unique<Preprocessor>(config_, network_, session_.batch());
  letterboxes_.resize(session_.batch());
}

/* The size of the images: the model's, or infer-dims where the model leaves it open. */
void Detector::choose_input() {
  const Tensor &input = session_.input();
  std::string model = "the model '" + config_.onnx_file + "' (input '" + input.name + "', " +
                      dims_text(input.dims) + ")";
  if (input.type != ort::kFloat)
    throw Error(ErrorKind::Settings, model + " does not take float32 images; export it in float32");
  if (input.dims.size() != 4)
    throw Error(ErrorKind::Settings, model +
                                         " does not take images: batch x channels x height x "
                                         "width is expected");
  unsigned channels = config_.color_format == ColorFormat::Gray ? 1 : 3;
  int64_t size[3];
  for (size_t i = 0; i < 3; i++) {
    int64_t declared = input.dims[i + 1];
    size[i] = declared > 0 || i > 0 ? declared : channels;
    if (config_.infer_dims.empty()) continue;
    if (declared > 0 && declared != static_cast<int64_t>(config_.infer_dims[i]))
      throw Error(ErrorKind::Settings, config_.path + ": " + dims_key(config_.infer_dims) +
                                           " and " + model + " contradict each other");
    size[i] = config_.infer_dims[i];
  }
  if (size[1] < 1 || size[2] < 1)
    throw Error(ErrorKind::Settings,
                model + " leaves the size of images open; set infer-dims=channels;height;width");
  if (size[0] != channels)
    throw Error(
        ErrorKind::Settings,
        config_.path +
            ": model-color-format=" + std::to_string(static_cast<int>(config_.color_format)) +
            " has " + std::to_string(channels) + " channel(s), " + model + " takes " +
            std::to_string(size[0]) +
            (size[2] == channels ? "; its channels seem to be last: export it as NCHW" : ""));
  if (size[1] > 16384 || size[2] > 16384)
    throw Error(ErrorKind::Settings, model + " takes images larger than 16384 pixels a side");
  network_ = {static_cast<unsigned>(size[2]), static_cast<unsigned>(size[1]), channels};
}

void Detector::choose_outputs() {
  session_.layers(0, &layers_);
  for (const std::string &name : config_.output_names) {
    bool there = std::any_of(layers_.begin(), layers_.end(), [&](const NvDsInferLayerInfo &layer) {
      /* TensorRT's names may lack the ":0" that TensorFlow's have. */
      return name == layer.layerName || name + ":0" == layer.layerName;
    });
    if (there) continue;
    std::string names;
    for (const NvDsInferLayerInfo &layer : layers_)
      names += (names.empty() ? "" : ", ") + std::string(layer.layerName);
    throw Error(ErrorKind::Settings, config_.path + ": output-blob-names has '" + name +
                                         "', the outputs of '" + config_.onnx_file + "' are " +
                                         names);
  }
  if (!custom_) {
    detectnet_ = find_detectnet_layers(layers_);
    if (!config_.num_classes) {
      config_.num_classes = detectnet_.classes;
      check_class_ids(config_, detectnet_.classes, "the model '" + config_.onnx_file + "'");
    }
    if (config_.num_classes != detectnet_.classes)
      throw Error(ErrorKind::Settings,
                  config_.path + ": num-detected-classes" +
                      (config_.labels.empty() ? "" : " (labelfile-path)") + " is " +
                      std::to_string(config_.num_classes) + ", the output '" +
                      layers_[detectnet_.coverage].layerName + "' of '" + config_.onnx_file +
                      "' has " + std::to_string(detectnet_.classes) + " classes");
  } else if (!config_.num_classes) {
    throw Error(ErrorKind::Settings, config_.path +
                                         ": set num-detected-classes, or labelfile-path, "
                                         "for the parser " +
                                         config_.parser_function);
  }
  params_.numClassesConfigured = config_.num_classes;
  for (unsigned c = 0; c < config_.num_classes; c++) {
    params_.perClassPreclusterThreshold.push_back(config_.attrs(c).pre_cluster_threshold);
    params_.perClassPostclusterThreshold.push_back(config_.attrs(c).post_cluster_threshold);
  }
  for (NvDsInferLayerInfo &layer : layers_) layer.buffer = nullptr;
}

void Detector::parse(const Letterbox &letterbox, const NvBufSurfaceParams &frame,
                     Detections *result) {
  Boxes &boxes = result->boxes;
  boxes.clear();
  if (custom_) {
    bool ok = false;
    std::string why;
    try {
      std::lock_guard<std::mutex> lock(*parser_mutex_);
      ok = custom_(current_, network_, params_, boxes);
    } catch (const std::exception &e) {
      why = std::string(": ") + e.what();
    } catch (...) {
      why = ": it threw";
    }
    if (!ok)
      throw Error(ErrorKind::Run, "the parser " + config_.parser_function + " of '" +
                                      config_.custom_library + "' failed" + why);
    boxes.erase(std::remove_if(boxes.begin(), boxes.end(),
                               [&](const Box &box) {
                                 bool sound = box.classId < config_.num_classes &&
                                              std::isfinite(box.left) && std::isfinite(box.top) &&
                                              box.width > 0 && std::isfinite(box.width) &&
                                              box.height > 0 && std::isfinite(box.height);
                                 return !sound ||
                                        !(box.detectionConfidence >=
                                          params_.perClassPreclusterThreshold[box.classId]);
                               }),
                boxes.end());
  } else {
    parse_detectnet(current_, detectnet_, network_, params_, &boxes);
  }
  cluster(config_, &boxes);
  to_frame(config_, letterbox, frame.width, frame.height, &boxes);
}

void Detector::detect(const NvBufSurface &batch, const std::vector<uint32_t> &frames,
                      std::vector<Detections> *results) {
  if (results->size() < frames.size()) results->resize(frames.size());
  const unsigned most = std::min(session_.batch(), config_.batch_size);
  for (size_t first = 0; first < frames.size(); first += most) {
    auto count = static_cast<unsigned>(std::min<size_t>(most, frames.size() - first));
    auto start = Clock::now();
    preprocessor_->run(batch, frames.data() + first, count, session_.images(), letterboxes_.data());
    timing_.preprocess += since(start);
    start = Clock::now();
    session_.run(count);
    timing_.model += since(start);
    start = Clock::now();
    for (unsigned i = 0; i < count; i++) {
      Detections &result = (*results)[first + i];
      session_.layers(i, &current_);
      parse(letterboxes_[i], batch.surfaceList[frames[first + i]], &result);
      result.tensors.clear();
      if (!config_.output_tensor_meta) continue;
      for (const NvDsInferLayerInfo &layer : current_) {
        const auto *data = static_cast<const uint8_t *>(layer.buffer);
        result.tensors.emplace_back(data, data + session_.layer_bytes(result.tensors.size()));
      }
    }
    timing_.postprocess += since(start);
    timing_.frames += count;
  }
}

}  // namespace dsbind::infer
