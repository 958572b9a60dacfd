/* SPDX-License-Identifier: Apache-2.0 */
#include "preprocess_view.h"

#include <algorithm>
#include <exception>

#include "payload.h"

namespace {

const GstNvDsPreProcessBatchMeta &meta_of(const void *batch_meta) {
  return *static_cast<const GstNvDsPreProcessBatchMeta *>(batch_meta);
}

}  // namespace

size_t dsbind_preprocess_rois(const void *batch_meta) {
  return meta_of(batch_meta).roi_vector.size();
}

NvDsRoiMeta *dsbind_preprocess_roi(void *batch_meta, size_t index) {
  return &static_cast<GstNvDsPreProcessBatchMeta *>(batch_meta)->roi_vector.at(index);
}

void dsbind_preprocess_tensor(const void *batch_meta, DsbindTensorView *view) {
  const NvDsPreProcessTensorMeta *tensor = meta_of(batch_meta).tensor_meta;
  *view = {};
  if (!tensor) return;
  view->name = tensor->tensor_name.c_str();
  view->meta_id = tensor->meta_id;
  view->data_type = tensor->data_type;
  view->data = tensor->raw_tensor_buffer;
  view->size = tensor->buffer_size;
  view->n_dims =
      static_cast<unsigned>(std::min<size_t>(tensor->tensor_shape.size(), DSBIND_TENSOR_DIMS));
  std::copy_n(tensor->tensor_shape.begin(), view->n_dims, view->dims);
}

gboolean dsbind_preprocess_carry(NvDsUserMeta *user, const DsbindTensorView *view, guint64 target,
                                 void (*release)(void *owner), void *owner) {
  try {
    std::shared_ptr<void> memory(owner, release);
    auto tensor = std::make_shared<dsbind::preprocess::Tensor>();
    NvDsPreProcessTensorMeta &meta = tensor->meta;
    meta.raw_tensor_buffer = view->data;
    meta.buffer_size = view->size;
    meta.tensor_shape.assign(view->dims, view->dims + view->n_dims);
    meta.data_type = view->data_type;
    meta.tensor_name = view->name;
    meta.meta_id = view->meta_id;
    meta.private_data = owner;
    std::vector<guint64> targets{target};
    tensor->memory = std::move(memory);
    dsbind::preprocess::carry(user, std::move(tensor), std::move(targets), {});
    return TRUE;
  } catch (const std::exception &) {
    return FALSE;
  }
}
