/* SPDX-License-Identifier: Apache-2.0 */
/* From frames to boxes: the whole of what nvinfer does to a batch, without GStreamer. */
#ifndef DSBIND_INFER_DETECTOR_H
#define DSBIND_INFER_DETECTOR_H

#include <memory>
#include <mutex>
#include <vector>

#include "cluster.h"
#include "config.h"
#include "detectnet.h"
#include "ort.h"
#include "parser.h"
#include "preprocess.h"

namespace dsbind::infer {

/* What was found in one frame. */
struct Detections {
  Boxes boxes;                               /* in pixels of the frame, within it */
  std::vector<std::vector<uint8_t>> tensors; /* one per output layer when asked for */
};

/* Nanoseconds spent, summed over frames. */
struct Timing {
  uint64_t preprocess = 0, model = 0, postprocess = 0, frames = 0;
};

class Detector {
 public:
  /* Loads everything the config names, and runs the model once. Throws Error. */
  explicit Detector(Config config);
  /* Another with the model of `loaded`; both may detect at the same time. */
  Detector(const Detector &loaded);

  const Config &config() const { return config_; }
  const NvDsInferNetworkInfo &network() const { return network_; }
  const Timing &timing() const { return timing_; }

  /* Infers frames[i] of `batch` into (*results)[i]. Throws Error. */
  void detect(const NvBufSurface &batch, const std::vector<uint32_t> &frames,
              std::vector<Detections> *results);

  /* The output layers, `buffer` null; strings live as long as the detector. */
  const std::vector<NvDsInferLayerInfo> &layers() const { return layers_; }

 private:
  void prepare();
  void choose_input();
  void choose_outputs();
  void parse(const Letterbox &letterbox, const NvBufSurfaceParams &frame, Detections *result);

  Config config_;
  Session session_;
  NvDsInferNetworkInfo network_{};
  NvDsInferParseDetectionParams params_;
  NvDsInferParseCustomFunc custom_ = nullptr;
  std::shared_ptr<std::mutex> parser_mutex_; /* a library's parser may keep state */
  DetectNetLayers detectnet_{};
  std::unique_ptr<Preprocessor> preprocessor_;
  std::vector<Letterbox> letterboxes_;
  std::vector<NvDsInferLayerInfo> layers_, current_;
  Timing timing_;
};

/* Boxes of the network's input into boxes of the frame, clipped to it; drops those that the
 * class's sizes and offsets leave out. */
void to_frame(const Config &config, const Letterbox &letterbox, unsigned width, unsigned height,
              Boxes *boxes);

}  // namespace dsbind::infer

#endif
