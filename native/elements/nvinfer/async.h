/* SPDX-License-Identifier: Apache-2.0 */
/* Classifies objects beside the stream (classifier-async-mode): frames do not wait for results,
 * which go to the later frames of the same tracked objects. */
#ifndef DSBIND_NVINFER_ASYNC_H
#define DSBIND_NVINFER_ASYNC_H

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "job.h"

namespace dsbind::infer {

class Async {
 public:
  /* Called on the thread when a model has failed. */
  using Fail = std::function<void(const std::exception &error)>;

  explicit Async(Fail fail);
  /* Waits for the model's run that is under way. */
  ~Async();
  Async(const Async &) = delete;
  Async &operator=(const Async &) = delete;

  /* Takes the pixels of as many of the job's objects as fit into one run, when none is under way;
   * the others are asked for again by the next frame. Throws Error. */
  void offer(const Job &job, const NvBufSurface &surface);

 private:
  void run();

  const Fail fail_;
  std::mutex mutex_; /* guards all below */
  std::condition_variable changed_;
  std::shared_ptr<Model> model_; /* of the run under way; NULL when idle */
  std::vector<ObjectKey> objects_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace dsbind::infer

#endif
