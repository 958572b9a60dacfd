/* SPDX-License-Identifier: Apache-2.0 */
/* From frames to what a model finds in them: the whole of what nvinfer does to a batch, without
 * GStreamer. */
#ifndef DSBIND_INFER_ENGINE_H
#define DSBIND_INFER_ENGINE_H

#include <memory>
#include <vector>

#include "config.h"
#include "found.h"
#include "ort.h"
#include "outputs.h"
#include "preprocess.h"

namespace dsbind::infer {

/* Nanoseconds spent, summed over images. */
struct Timing {
  uint64_t preprocess = 0, model = 0, postprocess = 0, images = 0;
};

class Engine {
 public:
  /* Loads everything the config names, and runs the model once. Throws Error. */
  explicit Engine(Config config);
  /* Another with the model of `loaded`; both may infer at the same time. */
  Engine(const Engine &loaded);
  ~Engine();

  const Config &config() const { return *config_; }
  const NvDsInferNetworkInfo &network() const { return network_; }
  const std::string &input_name() const { return session_.input().name; }
  const Timing &timing() const { return timing_; }

  /* Infers regions[i] of `batch` into (*found)[i]. Throws Error. */
  void infer(const NvBufSurface &batch, const std::vector<Region> &regions,
             std::vector<Found> *found);

  /* The same with images that are there already, in the layout that the model reads; (*found)[i]
   * is what is in images[i]. */
  void infer_images(const std::vector<const float *> &images, const std::vector<Placement> &places,
                    std::vector<Found> *found);

  /* The two halves of it, for who lets go of the frames in between: takes the pixels of up to
   * `most()` regions, then infers those. */
  unsigned most() const;
  void take(const NvBufSurface &batch, const Region *regions, unsigned count);
  void run(Found *found);

  /* The output layers, `buffer` null; strings live as long as the engine. */
  const Layers &layers() const { return layers_; }

 private:
  void prepare();
  void choose_input();
  void check_output_names() const;

  std::shared_ptr<Config> config_;
  Session session_;
  NvDsInferNetworkInfo network_{};
  std::shared_ptr<const Outputs> outputs_;
  std::unique_ptr<Preprocessor> preprocessor_;
  std::vector<Placement> places_;
  std::vector<float> planes_; /* where the model wants channels last, first here */
  unsigned taken_ = 0;
  Layers layers_, current_;
  Timing timing_;
};

}  // namespace dsbind::infer

#endif
