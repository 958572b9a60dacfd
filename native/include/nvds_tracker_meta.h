/* SPDX-License-Identifier: Apache-2.0 */
/* What a tracker tells beside the boxes of the current frame.
 *
 * A batch holds one list per stream, a stream one per target, a target one box per frame.
 *
 * DeepStream 9.1 ABI: names, order and values are checked against native/abi/. */
#ifndef DSBIND_NVDS_TRACKER_META_H
#define DSBIND_NVDS_TRACKER_META_H

#include <stdint.h>

#include "nvll_osd_struct.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MAX_LABEL_SIZE 128

typedef enum {
  EMPTY = 0,
  ACTIVE = 1,
  INACTIVE = 2,
  TENTATIVE = 3,
  PROJECTED = 4,
#if DSBIND_ABI >= 800
  QUASIACTIVE = 5,
#endif
} TRACKER_STATE;

/* A target in one frame. */
typedef struct _NvDsTargetMiscDataFrame {
  uint32_t frameNum;
  NvOSD_RectParams tBbox;
  float confidence;
  uint32_t age;
  TRACKER_STATE trackerState;
  float visibility;
#if DSBIND_ABI >= 900
  float ptWorldFeet[2];
#endif
} NvDsTargetMiscDataFrame;

/* One target: `numObj` boxes of the `numAllocated` there is room for. */
typedef struct _NvDsTargetMiscDataObject {
  NvDsTargetMiscDataFrame *list;
  uint32_t numObj;
  uint32_t numAllocated;
  uint64_t uniqueId;
  uint16_t classId;
  char objLabel[MAX_LABEL_SIZE];
} NvDsTargetMiscDataObject;

typedef struct _NvDsTargetMiscDataStream {
  NvDsTargetMiscDataObject *list;
  uint32_t streamID;
  uint64_t surfaceStreamID;
  uint32_t numAllocated;
  uint32_t numFilled;
} NvDsTargetMiscDataStream;

typedef struct _NvDsTargetMiscDataBatch {
  NvDsTargetMiscDataStream *list;
  uint32_t numAllocated;
  uint32_t numFilled;
  void *priv_data;
} NvDsTargetMiscDataBatch;

typedef NvDsTargetMiscDataBatch NvDsTrajectoryBatch;

/* Feature vectors of the objects of a batch, one after the other. */
typedef struct _NvDsReidTensorBatch {
  uint32_t featureSize;
  uint32_t numFilled;
  float *ptr_host;
  float *ptr_dev;
  void *priv_data;
} NvDsReidTensorBatch;

/* The outline of an object, x and y in turn. */
typedef struct _NvDsObjConvexHull {
  int *list;
  uint32_t numPointsAllocated;
  uint32_t numPoints;
} NvDsObjConvexHull;

typedef struct _NvDsObjReid {
  uint32_t featureSize;
  float *ptr_host;
  float *ptr_dev;
} NvDsObjReid;

#if DSBIND_ABI >= 800
typedef struct _NvDsObj3DBbox {
  float xCentre, yCentre, zCentre;
  float xLen, yLen, zLen;
  float xRot, yRot, zRot;
  float xVel, yVel, zVel;
} NvDsObj3DBbox;
#endif

#ifdef __cplusplus
}
#endif

#endif
