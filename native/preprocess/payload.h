/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors as user metadata of a batch. */
#ifndef DSBIND_PREPROCESS_PAYLOAD_H
#define DSBIND_PREPROCESS_PAYLOAD_H

#include <memory>
#include <vector>

#include "nvdspreprocess_meta.h"

namespace dsbind::preprocess {

/* A tensor with what its memory belongs to; shared by the copies of the metadata. */
struct Tensor {
  NvDsPreProcessTensorMeta meta{};
  std::shared_ptr<void> memory, images;
};

/* Makes `user` carry a tensor. A copy of the batch shares the tensor; its regions know no frame and
 * no object, and nothing was found in them yet. */
void carry(NvDsUserMeta *user, std::shared_ptr<Tensor> tensor, std::vector<guint64> targets,
           std::vector<NvDsRoiMeta> rois);

}  // namespace dsbind::preprocess

#endif
