/* SPDX-License-Identifier: Apache-2.0 */
#include "payload.h"

namespace dsbind::preprocess {
namespace {

struct Payload {
  GstNvDsPreProcessBatchMeta meta{}; /* first: the payload is read as this type */
  std::shared_ptr<Tensor> tensor;
};

gpointer copy_payload(gpointer user_meta, gpointer) {
  auto *user = static_cast<NvDsUserMeta *>(user_meta);
  auto *copy = new Payload(*static_cast<Payload *>(user->user_meta_data));
  for (NvDsRoiMeta &roi : copy->meta.roi_vector) {
    roi.frame_meta = nullptr;
    roi.object_meta = nullptr;
    roi.classifier_meta_list = nullptr;
    roi.roi_user_meta_list = nullptr;
  }
  return copy;
}

/* What was found in a region goes back to the pools of the batch; where the batch itself ends, the
 * pools have taken it back already. */
void clear_roi(NvDsBatchMeta *batch, NvDsRoiMeta *roi) {
  if (batch->frame_meta_pool->num_full_elements == 0) {
    g_list_free(roi->classifier_meta_list);
    g_list_free(roi->roi_user_meta_list);
  } else {
    if (roi->classifier_meta_list)
      nvds_clear_meta_list(batch, roi->classifier_meta_list, batch->classifier_meta_pool);
    if (roi->roi_user_meta_list)
      nvds_clear_meta_list(batch, roi->roi_user_meta_list, batch->user_meta_pool);
  }
  roi->classifier_meta_list = nullptr;
  roi->roi_user_meta_list = nullptr;
}

void release_payload(gpointer user_meta, gpointer) {
  auto *user = static_cast<NvDsUserMeta *>(user_meta);
  auto *payload = static_cast<Payload *>(user->user_meta_data);
  user->user_meta_data = nullptr;
  if (!payload) return;
  for (NvDsRoiMeta &roi : payload->meta.roi_vector) clear_roi(user->base_meta.batch_meta, &roi);
  delete payload;
}

}  // namespace

void carry(NvDsUserMeta *user, std::shared_ptr<Tensor> tensor, std::vector<guint64> targets,
           std::vector<NvDsRoiMeta> rois) {
  auto payload = std::make_unique<Payload>();
  payload->meta.target_unique_ids = std::move(targets);
  payload->meta.roi_vector = std::move(rois);
  payload->meta.tensor_meta = &tensor->meta;
  payload->tensor = std::move(tensor);
  payload->meta.private_data = payload->tensor.get();
  user->base_meta.meta_type = NVDS_PREPROCESS_BATCH_META;
  user->base_meta.uContext = nullptr;
  user->base_meta.copy_func = copy_payload;
  user->base_meta.release_func = release_payload;
  user->user_meta_data = payload.release();
}

}  // namespace dsbind::preprocess
