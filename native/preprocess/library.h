/* SPDX-License-Identifier: Apache-2.0 */
/* A library that makes tensors: the user's, or ours. */
#ifndef DSBIND_PREPROCESS_LIBRARY_H
#define DSBIND_PREPROCESS_LIBRARY_H

#include <string>

#include "plan.h"

namespace dsbind::preprocess {

class Library {
 public:
  /* Loads what the plan names and calls its initLib(). Throws infer::Error. */
  explicit Library(const Plan &plan);
  ~Library();
  Library(const Library &) = delete;
  Library &operator=(const Library &) = delete;

  /* Scales and converts; by NvBufSurfTransform() where the group names no function. */
  NvDsPreProcessStatus transform(const std::string &function, NvBufSurface *from, NvBufSurface *to,
                                 CustomTransformParams *params);

  /* Fills a tensor, in a buffer of the acquirer. */
  NvDsPreProcessStatus prepare(NvDsPreProcessBatch *batch, NvDsPreProcessCustomBuf **buffer,
                               CustomTensorParams *params, NvDsPreProcessAcquirer *acquirer);

  const std::string &path() const { return path_; }

 private:
  void *symbol(const std::string &name, const char *key) const;

  using Init = CustomCtx *(*)(CustomInitParams);
  using DeInit = void (*)(CustomCtx *);
  using Transform = NvDsPreProcessStatus (*)(NvBufSurface *, NvBufSurface *,
                                             CustomTransformParams &);
  using Prepare = NvDsPreProcessStatus (*)(CustomCtx *, NvDsPreProcessBatch *,
                                           NvDsPreProcessCustomBuf *&, CustomTensorParams &,
                                           NvDsPreProcessAcquirer *);

  std::string path_;
  void *handle_ = nullptr;
  Prepare prepare_ = nullptr;
  DeInit deinit_ = nullptr;
  CustomCtx *context_ = nullptr;
  std::map<std::string, Transform> transforms_;
  std::string config_path_;
};

}  // namespace dsbind::preprocess

#endif
