/* SPDX-License-Identifier: Apache-2.0 */
/* A config with its model, loaded once for each lane. */
#ifndef DSBIND_NVINFER_MODEL_H
#define DSBIND_NVINFER_MODEL_H

#include <memory>
#include <vector>

#include "engine.h"
#include "history.h"

namespace dsbind::infer {

class Model {
 public:
  /* Throws Error. */
  Model(Config config, unsigned lanes);

  const Config &config() const { return engines_[0]->config(); }
  Engine &engine(unsigned lane) { return *engines_[lane]; }
  const Engine &engine(unsigned lane) const { return *engines_[lane]; }
  Timing timing() const;

  /* Whether tracked objects keep what was said about them. */
  bool remembers() const;
  History &history() { return history_; }

 private:
  std::vector<std::unique_ptr<Engine>> engines_;
  History history_;
};

}  // namespace dsbind::infer

#endif
