/* SPDX-License-Identifier: Apache-2.0 */
/* Layers, dimensions and results of an inference engine.
 *
 * DeepStream 7.1 to 9.1 ABI: names, order and values are checked against native/abi/. */
#ifndef DSBIND_NVDSINFER_H
#define DSBIND_NVDSINFER_H

#include <stdint.h>

#include <dsbind_abi.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NVDSINFER_MAX_DIMS 8

#define _DS_DEPRECATED_(STR) __attribute__((deprecated(STR)))

/* Copies the first three dimensions, channels first. */
#define getDimsCHWFromDims(dimsCHW, dims) \
  do {                                    \
    (dimsCHW).c = (dims).d[0];            \
    (dimsCHW).h = (dims).d[1];            \
    (dimsCHW).w = (dims).d[2];            \
  } while (0)

/* Copies the first three dimensions, channels last. */
#define getDimsHWCFromDims(dimsCHW, dims) \
  do {                                    \
    (dimsCHW).h = (dims).d[0];            \
    (dimsCHW).w = (dims).d[1];            \
    (dimsCHW).c = (dims).d[2];            \
  } while (0)

typedef enum {
  FLOAT = 0,
  HALF = 1,
  INT8 = 2,
  INT32 = 3,
  INT64 = 4,
#if DSBIND_ABI >= 800
  UINT8 = 5,
#endif
} NvDsInferDataType;

typedef enum {
  NVDSINFER_SUCCESS = 0,
  NVDSINFER_CONFIG_FAILED = 1,
  NVDSINFER_CUSTOM_LIB_FAILED = 2,
  NVDSINFER_INVALID_PARAMS = 3,
  NVDSINFER_OUTPUT_PARSING_FAILED = 4,
  NVDSINFER_CUDA_ERROR = 5,
  NVDSINFER_TENSORRT_ERROR = 6,
  NVDSINFER_RESOURCE_ERROR = 7,
  NVDSINFER_TRITON_ERROR = 8,
  NVDSINFER_TRTIS_ERROR = 8,
  NVDSINFER_MEM_ERROR = 9,
  NVDSINFER_UNKNOWN_ERROR = 10,
} NvDsInferStatus;

typedef enum {
  NVDSINFER_LOG_ERROR = 0,
  NVDSINFER_LOG_WARNING = 1,
  NVDSINFER_LOG_INFO = 2,
  NVDSINFER_LOG_DEBUG = 3,
} NvDsInferLogLevel;

typedef struct NvDsInferDims {
  unsigned int numDims;
  unsigned int d[NVDSINFER_MAX_DIMS];
  unsigned int numElements;
} NvDsInferDims;

typedef struct NvDsInferDimsCHW {
  unsigned int c;
  unsigned int h;
  unsigned int w;
} NvDsInferDimsCHW;

/* A layer; dimensions without the batch. */
typedef struct NvDsInferLayerInfo {
  NvDsInferDataType dataType;
  union {
    NvDsInferDims inferDims;
    NvDsInferDims dims;
  };
  int bindingIndex;
  const char *layerName;
  void *buffer;
  int isInput;
} NvDsInferLayerInfo;

typedef struct NvDsInferNetworkInfo {
  unsigned int width;
  unsigned int height;
  unsigned int channels;
} NvDsInferNetworkInfo;

/* A detection in pixels of the network's input. */
typedef struct NvDsInferObjectDetectionInfo {
  unsigned int classId;
  float left;
  float top;
  float width;
  float height;
  float detectionConfidence;
#if DSBIND_ABI >= 900
  float rotation_angle;
#endif
} NvDsInferObjectDetectionInfo;

typedef struct NvDsInferInstanceMaskInfo {
  unsigned int classId;
  float left;
  float top;
  float width;
  float height;
  float detectionConfidence;
  float *mask;
  unsigned int mask_width;
  unsigned int mask_height;
  unsigned int mask_size;
} NvDsInferInstanceMaskInfo;

typedef struct NvDsInferAttribute {
  unsigned int attributeIndex;
  unsigned int attributeValue;
  float attributeConfidence;
  char *attributeLabel;
} NvDsInferAttribute;

typedef NvDsInferObjectDetectionInfo NvDsInferParseObjectInfo;

const char *NvDsInferStatus2Str(NvDsInferStatus status);

#ifdef __cplusplus
}
#endif

#ifdef __cplusplus
/* Optimisation profiles of an engine. */
typedef enum {
  kSELECTOR_MIN = 0,
  kSELECTOR_OPT = 1,
  kSELECTOR_MAX = 2,
  kSELECTOR_SIZE = 3,
} NvDsInferProfileSelector;

struct NvDsInferBatchDims {
  int batchSize = 0;
  NvDsInferDims dims = {0, {0}, 0};
};

struct NvDsInferBatchDimsLayerInfo : NvDsInferLayerInfo {
  NvDsInferBatchDims profileDims[kSELECTOR_SIZE];
};
#endif

#endif
