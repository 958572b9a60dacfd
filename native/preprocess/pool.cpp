/* SPDX-License-Identifier: Apache-2.0 */
#include "pool.h"

#include <new>

namespace dsbind::preprocess {

NvDsPreProcessCustomBuf *Pool::acquire() {
  std::unique_lock<std::mutex> hold(lock_);
  while (!closed_) {
    for (std::unique_ptr<Buffer> &buffer : buffers_) {
      if (buffer->taken) continue;
      buffer->taken = true;
      return &buffer->custom;
    }
    if (buffers_.size() < most_) {
      auto buffer = std::make_unique<Buffer>();
      buffer->memory.reset(new (std::nothrow) uint8_t[bytes_]());
      if (!buffer->memory) return nullptr;
      buffer->custom.memory_ptr = buffer->memory.get();
      buffer->taken = true;
      buffers_.push_back(std::move(buffer));
      return &buffers_.back()->custom;
    }
    returned_.wait(hold);
  }
  return nullptr;
}

gboolean Pool::release(NvDsPreProcessCustomBuf *custom) {
  std::lock_guard<std::mutex> hold(lock_);
  for (std::unique_ptr<Buffer> &buffer : buffers_) {
    if (&buffer->custom != custom || !buffer->taken) continue;
    buffer->taken = false;
    returned_.notify_one();
    return TRUE;
  }
  return FALSE;
}

void Pool::close() {
  std::lock_guard<std::mutex> hold(lock_);
  closed_ = true;
  returned_.notify_all();
}

void Pool::reserve(size_t buffers) {
  std::lock_guard<std::mutex> hold(lock_);
  if (buffers > most_) most_ = buffers;
}

void Pool::open() {
  std::lock_guard<std::mutex> hold(lock_);
  closed_ = false;
}

}  // namespace dsbind::preprocess
