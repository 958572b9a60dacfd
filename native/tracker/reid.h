/* SPDX-License-Identifier: Apache-2.0 */
/* The model of the ReID section, run by what runs the models of nvinfer. */
#ifndef DSBIND_TRACKER_REID_H
#define DSBIND_TRACKER_REID_H

#include <memory>

#include "config.h"
#include "looks.h"

namespace dsbind::tracker {

/* Where frames for it should lie: in the memory of a GPU where it runs on one. */
NvBufSurfaceMemType reid_memory();

class Reid : public Looks {
 public:
  /* Loads the model that the config names; frames will lie in `memory`. Throws ConfigError. */
  Reid(const Config &config, NvBufSurfaceMemType memory, unsigned gpu);
  ~Reid() override;

  void describe(const NvBufSurfaceParams &frame, const std::vector<Box> &boxes,
                Eigen::MatrixXf *vectors) override;

 private:
  struct Model;

  const bool normalise_;
  const NvBufSurfaceMemType memory_;
  const unsigned gpu_;
  std::unique_ptr<Model> model_;
};

}  // namespace dsbind::tracker

#endif
