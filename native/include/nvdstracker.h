/* SPDX-License-Identifier: Apache-2.0 */
/* What a low-level tracker library (ll-lib-file) implements. C++ only; the symbols are extern "C".
 *
 * The caller asks NvMOT_Query() what the library wants, makes a context with NvMOT_Init(), and
 * hands it frames with detected objects: the library fills lists that the caller allocated. Boxes
 * are in pixels of the frames handed over.
 *
 * DeepStream 9.1 ABI: names, order and values are checked against native/abi/. */
#ifndef DSBIND_NVDSTRACKER_H
#define DSBIND_NVDSTRACKER_H

#include <stdint.h>
#include <time.h>

#include <string>

#include "nvbufsurface.h"
#include "nvds_tracker_meta.h"

#define NVMOT_MAX_TRANSFORMS 4

#define NVMOTCOMP_GPU 0x01
#define NVMOTCOMP_CPU 0x02
#define NVMOTCOMP_PVA 0x04
#define NVMOTCOMP_ANY 0xff
#define NVMOTCOMP_DEFAULT NVMOTCOMP_ANY

extern "C" {

typedef uint64_t NvMOTTimeStamp;
typedef NvMOTTimeStamp TimeStamp;
typedef uint64_t NvMOTStreamId;
typedef uint32_t NvMOTFrameNum;
typedef uint16_t NvMOTClassId;
typedef uint8_t NvMOTCompute;

/* The wall clock in nanoseconds. */
static inline TimeStamp NvDsCurrentTimestampNs() {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<TimeStamp>(now.tv_sec) * 1000000000 + static_cast<TimeStamp>(now.tv_nsec);
}

#if DSBIND_ABI >= 901
typedef struct _NvMOTTimeMeta {
  NvMOTFrameNum frameNum;
  NvMOTTimeStamp frameTimeStamp;
  TimeStamp localTimestamp;
  bool frameTimeValid;
} NvMOTTimeMeta;
#endif

/* The largest frames of one transform. */
typedef struct _NvMOTPerTransformBatchConfig {
  NvBufSurfaceMemType bufferType;
  uint32_t maxWidth;
  uint32_t maxHeight;
  uint32_t maxPitch;
  uint32_t maxSize;
} NvMOTPerTransformBatchConfig;

typedef struct _NvMOTMiscConfig {
  uint32_t gpuId;
} NvMOTMiscConfig;

typedef struct _NvMOTConfig {
  NvMOTCompute computeConfig;
  uint32_t maxStreams;
  uint32_t maxBufSurfAddrSize;
  uint8_t numTransforms;
  NvMOTPerTransformBatchConfig *perTransformBatchConfig;
  NvMOTMiscConfig miscConfig;
  uint16_t customConfigFilePathSize;
  char *customConfigFilePath;
} NvMOTConfig;

typedef enum {
  NvMOTConfigStatus_OK = 0,
  NvMOTConfigStatus_Error = 1,
  NvMOTConfigStatus_Invalid = 2,
  NvMOTConfigStatus_Unsupported = 3,
} NvMOTConfigStatus;

typedef enum {
  NvMOTBatchMode_Error = 0,
  NvMOTBatchMode_Batch = 1,
  NvMOTBatchMode_NonBatch = 2,
  NvMOTBatchMode_MaxValue = 3,
} NvMOTBatchMode;

typedef struct _NvMOTConfigResponse {
  NvMOTConfigStatus summaryStatus;
  NvMOTConfigStatus computeStatus;
  NvMOTConfigStatus transformBatchStatus;
  NvMOTConfigStatus miscConfigStatus;
  NvMOTConfigStatus customConfigStatus;
} NvMOTConfigResponse;

typedef enum {
  NvMOTStatus_OK = 0,
  NvMOTStatus_Error = 1,
  NvMOTStatus_Invalid_Path = 2,
} NvMOTStatus;

typedef struct _NvMOTRect {
  float x;
  float y;
  float width;
  float height;
} NvMOTRect;

#if DSBIND_ABI >= 800
typedef struct _NvMOTMask {
  float *data;
  uint32_t width;
  uint32_t height;
  uint32_t allocatedSize;
} NvMOTMask;
#endif

/* A detected object. */
typedef struct _NvMOTObjToTrack {
  NvMOTClassId classId;
  NvMOTRect bbox;
  float confidence;
  bool doTracking;
  void *pPreservedData;
} NvMOTObjToTrack;

/* `detectionDone` is false for frames on which no detector ran. */
typedef struct _NvMOTObjToTrackList {
  bool detectionDone;
  NvMOTObjToTrack *list;
  uint32_t numAllocated;
  uint32_t numFilled;
} NvMOTObjToTrackList;

typedef struct _NvMOTFrame {
  NvMOTStreamId streamID;
  uint32_t seq_index;
  NvMOTFrameNum frameNum;
#if DSBIND_ABI >= 901
  NvMOTTimeMeta timeMeta;
#endif
  uint32_t srcFrameWidth;
  uint32_t srcFrameHeight;
#if DSBIND_ABI < 901
  time_t timeStamp;
  bool timeStampValid;
#endif
  bool doTracking;
  bool reset;
  uint8_t numBuffers;
  NvBufSurfaceParams **bufferList;
  NvMOTObjToTrackList objectsIn;
#if DSBIND_ABI >= 901
  const char *sensorName;
#endif
} NvMOTFrame;

/* A target in the current frame, and the detected object it was matched with, if any. */
typedef struct _NvMOTTrackedObj {
  NvMOTClassId classId;
  uint64_t trackingId;
  NvMOTRect bbox;
  float confidence;
  uint32_t age;
  NvMOTObjToTrack *associatedObjectIn;
  NvDsObjReid reid;
  float visibility;
  float ptImgFeet[2];
  float ptWorldFeet[2];
  NvDsObjConvexHull convexHull;
#if DSBIND_ABI >= 800
  NvMOTMask mask;
  NvDsObj3DBbox bbox3DWorld;
  float bbox3DImg[8][2];
#endif
  uint8_t reserved[128];
} NvMOTTrackedObj;

typedef struct _NvMOTTrackedObjList {
  NvMOTStreamId streamID;
  NvMOTFrameNum frameNum;
  bool valid;
  NvMOTTrackedObj *list;
  uint32_t numAllocated;
  uint32_t numFilled;
} NvMOTTrackedObjList;

typedef struct _NvMOTTrackedObjBatch {
  NvMOTTrackedObjList *list;
  uint32_t numAllocated;
  uint32_t numFilled;
  NvDsReidTensorBatch *pReidTensorBatch;
} NvMOTTrackedObjBatch;

/* What is told beside the current frame; NULL where nobody asked. */
typedef struct _NvMOTTrackerMiscData {
  NvDsTargetMiscDataBatch *pPastFrameObjBatch;
  NvDsTargetMiscDataBatch *pTerminatedTrackBatch;
  NvDsTargetMiscDataBatch *pShadowTrackBatch;
} NvMOTTrackerMiscData;

typedef struct _NvMOTProcessParams {
  uint32_t numFrames;
  NvMOTFrame *frameList;
} NvMOTProcessParams;

struct NvMOTContext;
typedef struct NvMOTContext *NvMOTContextHandle;

typedef struct _NvMOTQuery {
  NvMOTCompute computeConfig;
  uint8_t numTransforms;
  NvBufSurfaceColorFormat colorFormats[1];
  NvBufSurfaceMemType memType;
  uint32_t maxTargetsPerStream;
  uint32_t maxShadowTrackingAge;
  bool outputReidTensor;
  uint32_t reidFeatureSize;
  bool outputTrajectory;
  bool outputVisibility;
  bool outputFootLocation;
  bool outputConvexHull;
  uint32_t maxConvexHullSize;
  bool supportPastFrame;
  NvMOTBatchMode batchMode;
  bool outputTerminatedTracks;
  uint32_t maxTrajectoryBufferLength;
  bool outputShadowTracks;
  NvMOTContextHandle contextHandle;
} NvMOTQuery;

NvMOTStatus NvMOT_Init(NvMOTConfig *pConfigIn, NvMOTContextHandle *pContextHandle,
                       NvMOTConfigResponse *pConfigResponse);
void NvMOT_DeInit(NvMOTContextHandle contextHandle);
NvMOTStatus NvMOT_Process(NvMOTContextHandle contextHandle, NvMOTProcessParams *pParams,
                          NvMOTTrackedObjBatch *pTrackedObjectsBatch);
NvMOTStatus NvMOT_RetrieveMiscData(NvMOTContextHandle contextHandle, NvMOTProcessParams *pParams,
                                   NvMOTTrackerMiscData *pTrackerMiscData);
NvMOTStatus NvMOT_Query(uint16_t customConfigFilePathSize, char *pCustomConfigFilePath,
                        NvMOTQuery *pQuery);
NvMOTStatus NvMOT_RemoveStreams(NvMOTContextHandle contextHandle, NvMOTStreamId streamIdMask);
#if DSBIND_ABI >= 800
NvMOTStatus NvMOT_UpdateParams(NvMOTContextHandle contextHandle, const std::string &configStr);
#endif

}  // extern "C"

#endif
