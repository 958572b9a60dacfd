/* SPDX-License-Identifier: Apache-2.0 */
/* Loads models beside the stream, one at a time. */
#ifndef DSBIND_NVINFER_RELOAD_H
#define DSBIND_NVINFER_RELOAD_H

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace dsbind::infer {

class Reload {
 public:
  /* `load` is called on a thread of its own, and throws nothing. */
  explicit Reload(std::function<void()> load);
  /* Waits for a load that is under way. */
  ~Reload();
  Reload(const Reload &) = delete;
  Reload &operator=(const Reload &) = delete;

  /* Asks for a load. Several requests before it begins are one. */
  void request();

  /* Forgets requests, and waits for a load that is under way. */
  void settle();

 private:
  void run();

  const std::function<void()> load_;
  std::mutex mutex_; /* guards all below */
  std::condition_variable changed_;
  bool wanted_ = false, loading_ = false, ending_ = false;
  std::thread thread_; /* from the first request on */
};

}  // namespace dsbind::infer

#endif
