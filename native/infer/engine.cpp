/* SPDX-License-Identifier: Apache-2.0 */
#include "engine.h"

#include <algorithm>
#include <chrono>

#include "device.h"
#include "error.h"

namespace dsbind::infer {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int64_t kMaxSide = 16384;

uint64_t since(Clock::time_point start) {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count());
}

/* As it stands in the config, for messages. */
std::string dims_key(const std::vector<unsigned> &dims) {
  return "infer-dims=" + std::to_string(dims[0]) + ";" + std::to_string(dims[1]) + ";" +
         std::to_string(dims[2]);
}

/* The GPU where frames lie on one, for the model to be there too; else -1. */
int gpu_for(const Config &config) {
  return dsbind_memory_is_cuda(dsbind_memory_default()) ? static_cast<int>(config.gpu_id) : -1;
}

void interleave(const float *planes, size_t pixels, unsigned channels, float *to) {
  for (unsigned c = 0; c < channels; c++)
    for (size_t p = 0; p < pixels; p++) to[p * channels + c] = planes[c * pixels + p];
}

}  // namespace

Engine::Engine(Config config)
    : config_(std::make_shared<Config>(std::move(config))),
      session_(config_->onnx_file, gpu_for(*config_)) {
  if (!session_.refusal().empty())
    g_info("nvinfer: the model runs on the CPU, and ONNX Runtime cannot use the GPU: %s",
           session_.refusal().c_str());
  choose_input();
  prepare();
  check_output_names();
  outputs_ = make_outputs(config_.get(), network_, layers_);
  for (NvDsInferLayerInfo &layer : layers_) layer.buffer = nullptr;
}

Engine::Engine(const Engine &loaded)
    : config_(loaded.config_),
      session_(loaded.session_),
      network_(loaded.network_),
      outputs_(loaded.outputs_) {
  prepare();
  for (NvDsInferLayerInfo &layer : layers_) layer.buffer = nullptr;
}

Engine::~Engine() = default;

void Engine::prepare() {
  if (config_->channels_last)
    session_.prepare(config_->batch_size, network_.height, network_.width, network_.channels);
  else
    session_.prepare(config_->batch_size, network_.channels, network_.height, network_.width);
  session_.layers(0, &layers_);
  preprocessor_ = std::make_unique<Preprocessor>(*config_, network_, session_.batch());
  places_.resize(session_.batch());
  if (config_->channels_last)
    planes_.resize(size_t{network_.channels} * network_.width * network_.height *
                   session_.batch());
}

/* The size of the images: the model's, or infer-dims where the model leaves it open. */
void Engine::choose_input() {
  const Config &config = *config_;
  const Tensor &input = session_.input();
  std::string model = "the model '" + config.onnx_file + "' (input '" + input.name + "', " +
                      dims_text(input.dims) + ")";
  if (input.type != ort::kFloat)
    throw Error(ErrorKind::Settings, model + " does not take float32 images; export it in float32");
  if (input.dims.size() != 4)
    throw Error(ErrorKind::Settings, model +
                                         " does not take images: batch x channels x height x "
                                         "width is expected");
  const bool last = config.channels_last;
  unsigned channels = config.color_format == ColorFormat::Gray ? 1 : 3;
  int64_t size[3];
  for (size_t i = 0; i < 3; i++) {
    int64_t declared = input.dims[last ? (i == 0 ? 3 : i) : i + 1];
    size[i] = declared > 0 || i > 0 ? declared : channels;
    if (config.infer_dims.empty()) continue;
    if (declared > 0 && declared != static_cast<int64_t>(config.infer_dims[i]))
      throw Error(ErrorKind::Settings, config.path + ": " + dims_key(config.infer_dims) + " and " +
                                           model + " contradict each other");
    size[i] = config.infer_dims[i];
  }
  if (size[1] < 1 || size[2] < 1)
    throw Error(ErrorKind::Settings,
                model + " leaves the size of images open; set infer-dims=channels;height;width");
  if (size[0] != channels) {
    const bool other_way = size[last ? 1 : 2] == channels;
    throw Error(
        ErrorKind::Settings,
        config.path + ": model-color-format=" +
            std::to_string(static_cast<int>(config.color_format)) + " has " +
            std::to_string(channels) + " channel(s), " + model + " takes " +
            std::to_string(size[0]) +
            (!other_way ? ""
             : last     ? "; its channels seem to be first: leave network-input-order=1 out"
                        : "; its channels seem to be last: set network-input-order=1"));
  }
  if (size[1] > kMaxSide || size[2] > kMaxSide)
    throw Error(ErrorKind::Settings, model + " takes images larger than 16384 pixels a side");
  network_ = {static_cast<unsigned>(size[2]), static_cast<unsigned>(size[1]), channels};
}

void Engine::check_output_names() const {
  for (const std::string &name : config_->output_names) {
    bool there = std::any_of(layers_.begin(), layers_.end(), [&](const NvDsInferLayerInfo &layer) {
      /* TensorRT's names may lack the ":0" that TensorFlow's have. */
      return name == layer.layerName || name + ":0" == layer.layerName;
    });
    if (there) continue;
    std::string names;
    for (const NvDsInferLayerInfo &layer : layers_)
      names += (names.empty() ? "" : ", ") + std::string(layer.layerName);
    throw Error(ErrorKind::Settings, config_->path + ": output-blob-names has '" + name +
                                         "', the outputs of '" + config_->onnx_file + "' are " +
                                         names);
  }
}

unsigned Engine::most() const { return std::min(session_.batch(), config_->batch_size); }

void Engine::take(const NvBufSurface &batch, const Region *regions, unsigned count) {
  auto start = Clock::now();
  taken_ = std::min(count, most());
  if (session_.on_gpu()) {
    preprocessor_->run_on_gpu(batch, regions, taken_, static_cast<unsigned>(session_.gpu()),
                              session_.device_images(), config_->channels_last, places_.data());
    timing_.preprocess += since(start);
    return;
  }
  float *images = config_->channels_last ? planes_.data() : session_.images();
  preprocessor_->run(batch, regions, taken_, images, places_.data());
  if (config_->channels_last) {
    const size_t pixels = size_t{network_.width} * network_.height;
    const size_t image = pixels * network_.channels;
    for (unsigned i = 0; i < taken_; i++)
      interleave(images + i * image, pixels, network_.channels, session_.images() + i * image);
  }
  timing_.preprocess += since(start);
}

void Engine::infer_images(const std::vector<const float *> &images,
                          const std::vector<Placement> &places, std::vector<Found> *found) {
  if (session_.on_gpu())
    throw Error(ErrorKind::Run,
                "images from metadata (input-tensor-meta) go to models on the CPU only");
  if (found->size() < images.size()) found->resize(images.size());
  const size_t image = size_t{network_.channels} * network_.width * network_.height;
  for (size_t first = 0; first < images.size(); first += taken_) {
    auto start = Clock::now();
    taken_ = std::min(static_cast<unsigned>(images.size() - first), most());
    for (unsigned i = 0; i < taken_; i++) {
      std::copy_n(images[first + i], image, session_.images() + i * image);
      places_[i] = places[first + i];
    }
    timing_.preprocess += since(start);
    run(found->data() + first);
  }
}

void Engine::run(Found *found) {
  auto start = Clock::now();
  session_.run(taken_);
  timing_.model += since(start);
  start = Clock::now();
  for (unsigned i = 0; i < taken_; i++) {
    Found &result = found[i];
    result.clear();
    session_.layers(i, &current_);
    outputs_->read(current_, places_[i], &result);
    if (!config_->output_tensor_meta) continue;
    for (const NvDsInferLayerInfo &layer : current_) {
      const auto *data = static_cast<const uint8_t *>(layer.buffer);
      const size_t bytes = session_.layer_bytes(result.tensors.size());
      result.tensors.push_back({layer.inferDims, {data, data + bytes}});
    }
  }
  timing_.postprocess += since(start);
  timing_.images += taken_;
}

void Engine::infer(const NvBufSurface &batch, const std::vector<Region> &regions,
                   std::vector<Found> *found) {
  if (found->size() < regions.size()) found->resize(regions.size());
  for (size_t first = 0; first < regions.size(); first += taken_) {
    take(batch, regions.data() + first, static_cast<unsigned>(regions.size() - first));
    run(found->data() + first);
  }
}

}  // namespace dsbind::infer
