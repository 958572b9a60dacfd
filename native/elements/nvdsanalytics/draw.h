/* SPDX-License-Identifier: Apache-2.0 */
/* Regions, lines and counts as display metadata, for nvdsosd. */
#ifndef DSBIND_NVDSANALYTICS_DRAW_H
#define DSBIND_NVDSANALYTICS_DRAW_H

#include "nvds_analytics_meta.h"
#include "rules.h"

namespace dsbind::analytics {

/* `rules` are in the pixels of the frame, which is `width` x `height`. Takes as many display metas
 * as are needed for 16 items of a kind in each. Throws infer::Error where the pool cannot grow. */
void draw(NvDsFrameMeta *frame, const StreamRules &rules, const NvDsAnalyticsFrameMeta &result,
          OsdMode mode, unsigned font_size, double width, double height);

}  // namespace dsbind::analytics

#endif
