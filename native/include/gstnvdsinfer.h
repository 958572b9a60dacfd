/* SPDX-License-Identifier: Apache-2.0 */
/* Raw tensors and segmentation maps as user metadata.
 *
 * DeepStream 9.1 ABI: names, order and values are checked against native/abi/. */
#ifndef DSBIND_GSTNVDSINFER_H
#define DSBIND_GSTNVDSINFER_H

#include <gst/gst.h>
#include "nvdsinfer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Output tensors of one batch entry; data in out_buf_ptrs_host. */
typedef struct NvDsInferTensorMeta {
  guint unique_id;
  guint num_output_layers;
  NvDsInferLayerInfo *output_layers_info;
  void **out_buf_ptrs_host;
  void **out_buf_ptrs_dev;
  gint gpu_id;
  void *priv_data;
  NvDsInferNetworkInfo network_info;
  gboolean maintain_aspect_ratio;
  gboolean symmetric_padding;
} NvDsInferTensorMeta;

typedef struct NvDsInferSegmentationMeta {
  guint classes;
  guint width;
  guint height;
  gint *class_map;
  gfloat *class_probabilities_map;
  void *priv_data;
  gint unique_id;
} NvDsInferSegmentationMeta;

typedef void (*gst_nvinfer_raw_output_generated_callback)(GstBuffer *buf, NvDsInferNetworkInfo *network_info, NvDsInferLayerInfo *layers_info, guint num_layers, guint batch_size, gpointer user_data);

#ifdef __cplusplus
}
#endif

#endif
