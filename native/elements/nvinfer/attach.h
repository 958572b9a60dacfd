/* SPDX-License-Identifier: Apache-2.0 */
/* Objects and their classes into NvDs metadata. */
#ifndef DSBIND_NVINFER_ATTACH_H
#define DSBIND_NVINFER_ATTACH_H

#include "config.h"
#include "found.h"
#include "nvdsmeta.h"

namespace dsbind::infer {

/* One NvDsObjectMeta per box, with its mask if there is one. `parent` is the object that they were
 * found in, or NULL. The caller holds the lock of the batch. */
void attach_objects(NvDsFrameMeta *frame, NvDsObjectMeta *parent, const Config &config,
                    unsigned unique_id, const Found &found);

/* The attributes as classifier metadata of the object, and in its text; where that is NULL, of a new
 * object as large as the frame; of the region `roi` where there is one. Nothing without
 * attributes. Likewise. */
void attach_classes(NvDsFrameMeta *frame, NvDsObjectMeta *object, const Config &config,
                    unsigned unique_id, const Found &found, NvDsRoiMeta *roi = nullptr);

}  // namespace dsbind::infer

#endif
