/* SPDX-License-Identifier: Apache-2.0 */
/* Detections into NvDs metadata. */
#ifndef DSBIND_NVINFER_ATTACH_H
#define DSBIND_NVINFER_ATTACH_H

#include <memory>

#include "detector.h"
#include "nvdsmeta.h"

namespace dsbind::infer {

/* One NvDsObjectMeta per box; the caller holds the lock of the batch. */
void attach_objects(NvDsFrameMeta *frame, const Config &config, unsigned unique_id,
                    const Boxes &boxes);

/* The output layers as NvDsInferTensorMeta, user metadata of the frame. Takes the tensors. */
void attach_tensors(NvDsFrameMeta *frame, const Detector &detector, unsigned unique_id,
                    std::vector<std::vector<uint8_t>> tensors);

}  // namespace dsbind::infer

#endif
