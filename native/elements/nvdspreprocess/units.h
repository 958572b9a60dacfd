/* SPDX-License-Identifier: Apache-2.0 */
/* Which parts of a batch's frames go into tensors, and where they land in them. */
#ifndef DSBIND_NVDSPREPROCESS_UNITS_H
#define DSBIND_NVDSPREPROCESS_UNITS_H

#include <vector>

#include "plan.h"

namespace dsbind::preprocess {

/* One image: a part of a frame, and the part of the processing size that it is scaled to. */
struct Image {
  NvDsFrameMeta *frame = nullptr;
  NvDsObjectMeta *object = nullptr;
  const Group *group = nullptr;
  NvBufSurfTransformRect from{}, to{};
};

/* In the order of the frames. Throws infer::Error. */
std::vector<Image> images_of(const Plan &plan, const NvDsBatchMeta *batch,
                             const NvBufSurface &surface);

/* What the metadata says about one. */
NvDsRoiMeta roi_of(const Image &image);

/* Draws the regions of groups that ask for it. Throws infer::Error. */
void draw_rois(const Plan &plan, NvDsBatchMeta *batch);

}  // namespace dsbind::preprocess

#endif
