/* SPDX-License-Identifier: Apache-2.0 */
/* A region of interest within a frame or an object.
 *
 * DeepStream 7.1 to 9.1 ABI: names, order and values are checked against native/abi/. */
#ifndef DSBIND_NVDS_ROI_META_H
#define DSBIND_NVDS_ROI_META_H

#include "nvbufsurface.h"
#include "nvdsmeta.h"

#ifdef __cplusplus
extern "C" {
#endif

#define DS_MAX_POLYGON_POINTS 8

typedef enum {
  NvDsDataType_FP32 = 0,
  NvDsDataType_UINT8 = 1,
  NvDsDataType_INT8 = 2,
  NvDsDataType_UINT32 = 3,
  NvDsDataType_INT32 = 4,
#if DSBIND_ABI >= 800
  NvDsDataType_INT64 = 5,
  NvDsDataType_UINT64 = 6,
  NvDsDataType_FP16 = 7,
#else
  NvDsDataType_FP16 = 5,
#endif
} NvDsDataType;

typedef enum {
  NvDsUnitType_FullFrame = 0,
  NvDsUnitType_ROI = 1,
  NvDsUnitType_Object = 2,
} NvDsUnitType;

/* A region, the scale and offset it was converted by, and what was found in it. */
typedef struct NvDsRoiMeta {
  NvOSD_RectParams roi;
  guint roi_polygon[DS_MAX_POLYGON_POINTS][2];
  NvBufSurfaceParams *converted_buffer;
  NvDsFrameMeta *frame_meta;
  gdouble scale_ratio_x;
  gdouble scale_ratio_y;
  gdouble offset_left;
  gdouble offset_top;
  NvDsClassifierMetaList *classifier_meta_list;
  NvDsUserMetaList *roi_user_meta_list;
  NvDsObjectMeta *object_meta;
} NvDsRoiMeta;

#ifdef __cplusplus
}
#endif

#endif
