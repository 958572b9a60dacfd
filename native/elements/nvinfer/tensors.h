/* SPDX-License-Identifier: Apache-2.0 */
/* Output tensors and class maps as user metadata. Their memory is a GstMiniObject, `priv_data` of
 * the metadata: whoever takes a reference may keep the numbers without copying them. */
#ifndef DSBIND_NVINFER_TENSORS_H
#define DSBIND_NVINFER_TENSORS_H

#include "engine.h"
#include "nvdsmeta.h"

namespace dsbind::infer {

/* The output layers as NvDsInferTensorMeta: user metadata of the region, else of the object, or of
 * the frame where both are NULL. */
void attach_tensors(NvDsFrameMeta *frame, NvDsObjectMeta *object, const Engine &engine,
                    unsigned unique_id, std::vector<OutputTensor> tensors,
                    NvDsRoiMeta *roi = nullptr);

/* A class map as NvDsInferSegmentationMeta, likewise. */
void attach_map(NvDsFrameMeta *frame, NvDsObjectMeta *object, unsigned unique_id, ClassMap map,
                NvDsRoiMeta *roi = nullptr);

}  // namespace dsbind::infer

#endif
