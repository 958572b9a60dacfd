/* SPDX-License-Identifier: Apache-2.0 */
/* Puts what the analyzer found out into the metadata of a frame. */
#ifndef DSBIND_NVDSANALYTICS_ATTACH_H
#define DSBIND_NVDSANALYTICS_ATTACH_H

#include "nvds_analytics_meta.h"

namespace dsbind::analytics {

/* Both throw infer::Error where the pool cannot grow. */
void attach_frame(NvDsFrameMeta *frame, NvDsAnalyticsFrameMeta meta);
void attach_object(NvDsObjectMeta *object, NvDsAnalyticsObjInfo info);

}  // namespace dsbind::analytics

#endif
