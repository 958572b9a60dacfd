/* SPDX-License-Identifier: Apache-2.0 */
#include "reload.h"

namespace dsbind::infer {

Reload::Reload(std::function<void()> load) : load_(std::move(load)) {}

Reload::~Reload() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Reload::request() {
  std::lock_guard<std::mutex> lock(mutex_);
  wanted_ = true;
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_all();
}

void Reload::settle() {
  std::unique_lock<std::mutex> lock(mutex_);
  wanted_ = false;
  /* Who is told of a load may stop the element then and there. */
  if (thread_.get_id() == std::this_thread::get_id()) return;
  changed_.wait(lock, [this] { return !loading_; });
}

void Reload::run() {
  for (;;) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return wanted_ || ending_; });
      if (ending_) return;
      wanted_ = false;
      loading_ = true;
    }
    load_();
    {
      std::lock_guard<std::mutex> lock(mutex_);
      loading_ = false;
    }
    changed_.notify_all();
  }
}

}  // namespace dsbind::infer
