/* SPDX-License-Identifier: Apache-2.0 */
/* A model in ONNX Runtime: one input tensor of float32 images, any outputs.
 *
 * A run uses the thread that calls it and no other: batches, streams and models run beside each
 * other, never one image on many threads. Tensors are allocated once and reused. On a GPU the images
 * lie in its memory, and what comes out is in host memory all the same. */
#ifndef DSBIND_INFER_ORT_H
#define DSBIND_INFER_ORT_H

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "nvdsinfer.h"
#include "ort_api.h"

namespace dsbind::infer {

/* An input or output as the model declares it; a dimension that is not fixed is -1. */
struct Tensor {
  std::string name;
  int type = 0; /* ort::ElementType */
  std::vector<int64_t> dims;
};

/* The dimensions as text: 3x368x640. */
std::string dims_text(const std::vector<int64_t> &dims);

class Session {
 public:
  /* Loads the model, for that GPU where ONNX Runtime can use it; -1 is the CPU. Throws Error naming
   * the file and ONNX Runtime's own message. */
  explicit Session(const std::string &path, int gpu = -1);
  /* The model that `loaded` holds, with tensors of its own: both may run at the same time. */
  Session(const Session &loaded);
  ~Session();
  Session &operator=(const Session &) = delete;

  const Tensor &input() const { return input_; }
  bool on_gpu() const { return gpu_ >= 0; }
  int gpu() const { return gpu_; }
  /* Why a GPU that was asked for is not used; else empty. */
  const std::string &refusal() const { return refusal_; }
  const std::vector<Tensor> &outputs() const { return outputs_; }

  /* Allocates the tensors for up to `batch` images of c x h x w, in the batch the model wants,
   * and runs the model once so that the sizes of all outputs are known. */
  void prepare(unsigned batch, unsigned c, unsigned h, unsigned w);

  /* Most images of one run: the model's own batch when it is fixed. */
  unsigned batch() const { return batch_; }

  /* Planar images, one after the other; the caller writes, run() reads. */
  float *images() { return images_.data(); }
  /* The same on a GPU, which have been written when run() is called. */
  uint64_t device_images() const;

  /* Runs the first `count` images. */
  void run(unsigned count);

  /* The output layers of image `index` of the last run; pointers hold until the next one. */
  void layers(unsigned index, std::vector<NvDsInferLayerInfo> *layers) const;

  /* Bytes of one image's output in the last run. */
  size_t layer_bytes(size_t layer) const;

 private:
  struct Output;
  struct Plan;
  struct DeviceMemory;

  Plan &plan(unsigned images);
  void measure(Output &output, OrtValue *value, unsigned images);

  void allocate_images(size_t count);
  unsigned rounded(unsigned count) const;

  std::string path_;
  int gpu_ = -1;
  std::string refusal_;
  std::shared_ptr<OrtSession> session_;
  Tensor input_;
  std::vector<Tensor> outputs_;
  std::vector<const char *> output_names_;
  bool fixed_batch_ = false;
  unsigned batch_ = 0;
  std::vector<int64_t> image_dims_;
  std::vector<float> images_;
  std::unique_ptr<DeviceMemory> device_;
  size_t image_count_ = 0; /* floats of one image */
  std::vector<Output> memory_;
  std::vector<std::unique_ptr<Plan>> plans_;
};

}  // namespace dsbind::infer

#endif
