/* SPDX-License-Identifier: Apache-2.0 */
/* Buffers for tensors: a fixed number, that come back. */
#ifndef DSBIND_PREPROCESS_POOL_H
#define DSBIND_PREPROCESS_POOL_H

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "nvdspreprocess_interface.h"

namespace dsbind::preprocess {

class Pool : public NvDsPreProcessAcquirer {
 public:
  Pool(unsigned buffers, size_t bytes) : most_(buffers), bytes_(bytes) {}
  ~Pool() = default;

  /* Waits for a buffer; NULL once the pool is closed, or where there is no memory. */
  NvDsPreProcessCustomBuf *acquire() override;
  gboolean release(NvDsPreProcessCustomBuf *buffer) override;

  /* Nobody waits any more; open() undoes it. */
  void close();
  void open();

  /* From now on there are at least so many. */
  void reserve(size_t buffers);

 private:
  struct Buffer {
    NvDsPreProcessCustomBuf custom; /* first */
    std::unique_ptr<uint8_t[]> memory;
    bool taken = false;
  };

  size_t most_;
  const size_t bytes_;
  std::mutex lock_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Buffer>> buffers_;
  bool closed_ = false;
};

}  // namespace dsbind::preprocess

#endif
