/* SPDX-License-Identifier: Apache-2.0 */
/* What some libraries tell of each target beside its box, as user metadata. */
#ifndef DSBIND_NVTRACKER_TARGET_META_H
#define DSBIND_NVTRACKER_TARGET_META_H

#include "nvdsmeta.h"
#include "nvdstracker.h"

namespace dsbind::nvtracker {

/* Feature vector, visibility and feet, where the library said that it gives them. `features` are
 * those of the batch; NULL without. */
void attach_target_meta(NvDsObjectMeta *object, const NvMOTTrackedObj &target,
                        const NvMOTQuery &query, const NvDsReidTensorBatch *features);

}  // namespace dsbind::nvtracker

#endif
