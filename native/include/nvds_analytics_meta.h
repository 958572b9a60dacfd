/* SPDX-License-Identifier: Apache-2.0 */
/* What nvdsanalytics found out about a frame and about an object, as user metadata. C++ only.
 *
 * DeepStream 7.1 to 9.1 ABI: names, order and values are checked against native/abi/. */
#ifndef DSBIND_NVDS_ANALYTICS_META_H
#define DSBIND_NVDS_ANALYTICS_META_H

#include <glib.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "nvdsmeta.h"

#if DSBIND_ABI >= 800
#define NVDS_USER_FRAME_META_NVDSANALYTICS (NVDS_FRAME_META_NVDSANALYTICS)
#define NVDS_USER_OBJ_META_NVDSANALYTICS (NVDS_OBJ_META_NVDSANALYTICS)
#else
#define NVDS_USER_FRAME_META_NVDSANALYTICS \
  (nvds_get_user_meta_type((gchar *)"NVIDIA.DSANALYTICSFRAME.USER_META"))
#define NVDS_USER_OBJ_META_NVDSANALYTICS \
  (nvds_get_user_meta_type((gchar *)"NVIDIA.DSANALYTICSOBJ.USER_META"))
#endif

/* Of one object: the labels of the regions it is in and of the lines it crosses in this frame. */
typedef struct {
  std::vector<std::string> roiStatus;
  std::vector<std::string> ocStatus;
  std::vector<std::string> lcStatus;
  std::string dirStatus;
  guint unique_id;
  std::string objStatus;
} NvDsAnalyticsObjInfo;

/* Of one frame: by the label of a region or line; objCnt by class id. */
typedef struct {
  std::unordered_map<std::string, bool> ocStatus;
  std::unordered_map<std::string, uint32_t> objInROIcnt;
  std::unordered_map<std::string, uint64_t> objLCCurrCnt;
  std::unordered_map<std::string, uint64_t> objLCCumCnt;
  guint unique_id;
  std::unordered_map<int, uint32_t> objCnt;
} NvDsAnalyticsFrameMeta;

#endif
