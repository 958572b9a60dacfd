/* SPDX-License-Identifier: Apache-2.0 */
/* From the frames of a batch to tensors in its metadata. */
#ifndef DSBIND_NVDSPREPROCESS_MAKER_H
#define DSBIND_NVDSPREPROCESS_MAKER_H

#include <memory>
#include <vector>

#include "library.h"
#include "plan.h"
#include "pool.h"
#include "units.h"

namespace dsbind::preprocess {

class Maker {
 public:
  /* Loads the library of the plan. Throws infer::Error. */
  explicit Maker(Plan plan);
  ~Maker();
  Maker(const Maker &) = delete;
  Maker &operator=(const Maker &) = delete;

  const Plan &plan() const { return plan_; }
  /* Makes who waits for a buffer give up; open() undoes it. */
  void close() { pool_->close(); }
  void open() { pool_->open(); }

  /* Attaches the tensors of a batch; the buffer is writable. False when the pool was closed. Throws
   * infer::Error. */
  bool make(GstBuffer *buffer, NvDsBatchMeta *batch, NvBufSurface *surface);

 private:
  std::shared_ptr<GstBuffer> scale(const Image *images, unsigned count, const NvBufSurface &from);
  bool prepare(GstBuffer *buffer, NvDsBatchMeta *batch, const NvBufSurface &surface,
               const Image *images, unsigned count, bool last);

  Plan plan_;
  std::shared_ptr<Library> library_;
  std::shared_ptr<Pool> pool_;
  GstBufferPool *scaled_ = nullptr;
  gulong batches_ = 0;
};

}  // namespace dsbind::preprocess

#endif
