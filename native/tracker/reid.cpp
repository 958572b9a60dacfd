/* SPDX-License-Identifier: Apache-2.0 */
#include "reid.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "device.h"
#include "engine.h"
#include "error.h"

namespace dsbind::tracker {
namespace {

/* On the CPU larger batches are no faster, and take memory. */
constexpr int kMostOnCpu = 16;

/* Relative to the config file. */
std::string resolved(const std::string &name, const std::string &config) {
  std::unique_ptr<char, decltype(&g_free)> folder(g_path_get_dirname(config.c_str()), g_free);
  std::unique_ptr<char, decltype(&g_free)> full(
      g_canonicalize_filename(name.c_str(), folder.get()), g_free);
  return full.get();
}

void replace(std::string *text, const std::string &from, const std::string &to) {
  for (size_t at = text->find(from); at != std::string::npos; at = text->find(from, at + to.size()))
    text->replace(at, from.size(), to);
}

/* The engine speaks of the keys of nvinfer's config. */
std::string in_our_words(std::string text) {
  for (auto [theirs, ours] : {std::pair{"infer-dims=channels;height;width", "inferDims"},
                              std::pair{"infer-dims", "inferDims"},
                              std::pair{"model-color-format", "colorFormat"},
                              std::pair{"network-input-order=1 out", "inputOrder: 1 out"},
                              std::pair{"network-input-order=1", "inputOrder: 1"},
                              std::pair{"nvinfer", "the tracker"}})
    replace(&text, theirs, ours);
  return text;
}

infer::Config engine_config(const Config &config, unsigned gpu) {
  const ReidConfig &reid = config.reid;
  const bool cuda = dsbind_memory_is_cuda(dsbind_memory_default());
  infer::Config engine;
  engine.path = config.path;
  engine.onnx_file = resolved(reid.model, config.path);
  engine.network_type = infer::NetworkType::Other;
  engine.output_tensor_meta = true;
  engine.batch_size = static_cast<unsigned>(cuda ? reid.batch : std::min(reid.batch, kMostOnCpu));
  engine.gpu_id = gpu;
  engine.color_format = reid.bgr ? infer::ColorFormat::Bgr : infer::ColorFormat::Rgb;
  engine.channels_last = reid.channels_last;
  engine.maintain_aspect_ratio = reid.keep_aspect;
  engine.scale_factor = static_cast<double>(reid.scale);
  engine.offsets = reid.offsets;
  if (!reid.dims.empty()) {
    engine.infer_dims.assign(reid.dims.begin(), reid.dims.end());
    /* inferDims are in the model's order, the engine's are channels first. */
    if (reid.channels_last)
      std::rotate(engine.infer_dims.begin(), engine.infer_dims.end() - 1, engine.infer_dims.end());
  }
  return engine;
}

}  // namespace

struct Reid::Model {
  infer::Engine engine;
  size_t layer = 0; /* whose values are the vector */
  Eigen::Index size = 0;
  std::vector<infer::Found> found;

  Model(const Config &config, unsigned gpu) : engine(engine_config(config, gpu)) {
    const infer::Layers &layers = engine.layers();
    size = config.reid.feature_size;
    std::string outputs;
    for (layer = 0; layer < layers.size(); layer++) {
      if (layers[layer].dataType == FLOAT &&
          layers[layer].inferDims.numElements == static_cast<unsigned>(size))
        return;
      outputs += std::string(outputs.empty() ? "" : ", ") + layers[layer].layerName + " of " +
                 std::to_string(layers[layer].inferDims.numElements);
    }
    throw infer::Error(infer::ErrorKind::Settings,
                       "reidFeatureSize: " + std::to_string(size) +
                           " is no output of the model '" + engine.config().onnx_file +
                           "' in float32; it has " + outputs);
  }
};

NvBufSurfaceMemType reid_memory() {
  return dsbind_memory_is_cuda(dsbind_memory_default()) ? NVBUF_MEM_CUDA_DEVICE : NVBUF_MEM_SYSTEM;
}

Reid::Reid(const Config &config, NvBufSurfaceMemType memory, unsigned gpu)
    : normalise_(config.reid.normalise), memory_(memory), gpu_(gpu) {
  try {
    model_ = std::make_unique<Model>(config, gpu);
  } catch (const infer::Error &error) {
    throw ConfigError(config.path + ": ReID: " + in_our_words(error.what()));
  }
}

Reid::~Reid() = default;

void Reid::describe(const NvBufSurfaceParams &frame, const std::vector<Box> &boxes,
                    Eigen::MatrixXf *vectors) {
  vectors->resize(model_->size, static_cast<Eigen::Index>(boxes.size()));
  if (boxes.empty()) return;
  NvBufSurfaceParams picture = frame;
  NvBufSurface batch{};
  batch.gpuId = gpu_;
  batch.batchSize = batch.numFilled = 1;
  batch.memType = memory_;
  batch.surfaceList = &picture;
  std::vector<infer::Region> regions;
  for (const Box &box : boxes) {
    const auto left = static_cast<unsigned>(box.x), top = static_cast<unsigned>(box.y);
    const auto right = static_cast<unsigned>(std::ceil(box.right()));
    const auto bottom = static_cast<unsigned>(std::ceil(box.bottom()));
    infer::Region region;
    region.crop = {left, top, std::clamp(right, left + 1, frame.width) - left,
                   std::clamp(bottom, top + 1, frame.height) - top};
    regions.push_back(region);
  }
  model_->engine.infer(batch, regions, &model_->found);
  for (size_t i = 0; i < boxes.size(); i++) {
    const std::vector<uint8_t> &tensor = model_->found[i].tensors[model_->layer].bytes;
    auto vector = vectors->col(static_cast<Eigen::Index>(i));
    if (tensor.size() != static_cast<size_t>(model_->size) * sizeof(float))
      throw infer::Error(infer::ErrorKind::Run, "the model '" + model_->engine.config().onnx_file +
                                                    "' gave a vector of another size");
    memcpy(vector.data(), tensor.data(), tensor.size());
    if (normalise_) vector.normalize();
  }
}

}  // namespace dsbind::tracker
