/* SPDX-License-Identifier: Apache-2.0 */
/* Input tensors that were made ahead of a model, as user metadata of a batch. C++ only.
 *
 * DeepStream 7.1 to 9.1 ABI: names, order and values are checked against native/abi/. */
#ifndef DSBIND_NVDSPREPROCESS_META_H
#define DSBIND_NVDSPREPROCESS_META_H

#include <string>
#include <vector>

#include "nvds_roi_meta.h"

/* A tensor; its buffer belongs to private_data. */
typedef struct {
  void *raw_tensor_buffer;
  guint64 buffer_size;
  std::vector<int> tensor_shape;
  NvDsDataType data_type;
  std::string tensor_name;
  guint gpu_id;
  void *private_data;
  guint meta_id;
  gboolean maintain_aspect_ratio;
} NvDsPreProcessTensorMeta;

/* A tensor, for which models it is, and the regions that its images show, one after the other. */
typedef struct {
  std::vector<guint64> target_unique_ids;
  NvDsPreProcessTensorMeta *tensor_meta;
  std::vector<NvDsRoiMeta> roi_vector;
  void *private_data;
} GstNvDsPreProcessBatchMeta;

#endif
