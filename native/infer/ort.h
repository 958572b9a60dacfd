/* SPDX-License-Identifier: Apache-2.0 */
/* A model in ONNX Runtime: one input tensor of float32 images, any outputs.
 *
 * A run uses the thread that calls it and no other: batches, streams and models run beside each
 * other, never one image on many threads. Tensors are allocated once and reused. */
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
  /* Loads the model. Throws Error naming the file and ONNX Runtime's own message. */
  explicit Session(const std::string &path);
  /* The model that `loaded` holds, with tensors of its own: both may run at the same time. */
  Session(const Session &loaded);
  ~Session();
  Session &operator=(const Session &) = delete;

  const Tensor &input() const { return input_; }
  const std::vector<Tensor> &outputs() const { return outputs_; }

  /* Allocates the tensors for up to `batch` images of c x h x w, in the batch the model wants,
   * and runs the model once so that the sizes of all outputs are known. */
  void prepare(unsigned batch, unsigned c, unsigned h, unsigned w);

  /* Most images of one run: the model's own batch when it is fixed. */
  unsigned batch() const { return batch_; }

  /* Planar images, one after the other; the caller writes, run() reads. */
  float *images() { return images_.data(); }

  /* Runs the first `count` images. */
  void run(unsigned count);

  /* The output layers of image `index` of the last run; pointers hold until the next one. */
  void layers(unsigned index, std::vector<NvDsInferLayerInfo> *layers) const;

  /* Bytes of one image's output in the last run. */
  size_t layer_bytes(size_t layer) const;

 private:
  struct Output;
  struct Plan;

  Plan &plan(unsigned images);
  void measure(Output &output, OrtValue *value, unsigned images);

  std::string path_;
  std::shared_ptr<OrtSession> session_;
  Tensor input_;
  std::vector<Tensor> outputs_;
  std::vector<const char *> output_names_;
  bool fixed_batch_ = false;
  unsigned batch_ = 0;
  std::vector<int64_t> image_dims_;
  std::vector<float> images_;
  std::vector<Output> memory_;
  std::vector<std::unique_ptr<Plan>> plans_;
};

}  // namespace dsbind::infer

#endif
