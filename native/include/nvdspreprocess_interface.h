/* SPDX-License-Identifier: Apache-2.0 */
/* What a library of the user's that makes input tensors gets and gives. C++ only.
 *
 * It exports, as extern "C":
 *   CustomCtx *initLib(CustomInitParams)
 *   void deInitLib(CustomCtx *)
 *   NvDsPreProcessStatus CustomTensorPreparation(
 *       CustomCtx *, NvDsPreProcessBatch *, NvDsPreProcessCustomBuf *&, CustomTensorParams &,
 *       NvDsPreProcessAcquirer *)
 *   NvDsPreProcessStatus CustomTransformation(
 *       NvBufSurface *, NvBufSurface *, CustomTransformParams &)
 * The last two go by the names that the config gives.
 *
 * DeepStream 7.1 to 9.1 ABI: names, order and values are checked against native/abi/. */
#ifndef DSBIND_NVDSPREPROCESS_INTERFACE_H
#define DSBIND_NVDSPREPROCESS_INTERFACE_H

#include <gst/gst.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "nvbufsurface.h"
#include "nvbufsurftransform.h"
#include "nvds_roi_meta.h"

typedef uint64_t nvtxRangeId_t;

/* The library's own. */
typedef struct CustomCtx CustomCtx;

typedef enum {
  NVDSPREPROCESS_SUCCESS = 0,
  NVDSPREPROCESS_CONFIG_FAILED = 1,
  NVDSPREPROCESS_CUSTOM_LIB_FAILED = 2,
  NVDSPREPROCESS_CUSTOM_TRANSFORMATION_FAILED = 3,
  NVDSPREPROCESS_CUSTOM_TENSOR_FAILED = 4,
  NVDSPREPROCESS_INVALID_PARAMS = 5,
  NVDSPREPROCESS_OUTPUT_PARSING_FAILED = 6,
  NVDSPREPROCESS_CUDA_ERROR = 7,
  NVDSPREPROCESS_TENSORRT_ERROR = 8,
  NVDSPREPROCESS_RESOURCE_ERROR = 9,
  NVDSPREPROCESS_TENSOR_NOT_READY = 10,
} NvDsPreProcessStatus;

typedef enum {
  NvDsPreProcessNetworkInputOrder_kNCHW = 0,
  NvDsPreProcessNetworkInputOrder_kNHWC = 1,
  NvDsPreProcessNetworkInputOrder_CUSTOM = 2,
} NvDsPreProcessNetworkInputOrder;

typedef enum {
  NvDsPreProcessFormat_RGB = 0,
  NvDsPreProcessFormat_BGR = 1,
  NvDsPreProcessFormat_GRAY = 2,
  NvDsPreProcessFormat_RGBA = 3,
  NvDsPreProcessFormat_BGRx = 4,
  NvDsPreProcessFormat_Tensor = 5,
  NvDsPreProcessFormat_Unknown = 0xFFFFFFFF,
} NvDsPreProcessFormat;

typedef struct {
  NvBufSurfTransformConfigParams transform_config_params;
  NvBufSurfTransformParams transform_params;
  NvBufSurfTransformSyncObj_t sync_obj;
} CustomTransformParams;

typedef struct {
  NvDsPreProcessNetworkInputOrder network_input_order;
  std::vector<int> network_input_shape;
  NvDsPreProcessFormat network_color_format;
  guint64 buffer_size;
  NvDsDataType data_type;
  NvBufSurfaceMemType memory_type;
  std::string tensor_name;
} NvDsPreProcessTensorParams;

typedef struct {
  unsigned int width;
  unsigned int height;
  unsigned int channels;
} NvDsPreProcessNetworkSize;

typedef struct {
  std::vector<NvDsRoiMeta> roi_vector;
} CustomSeqProcTensorParams;

typedef struct {
  NvDsPreProcessTensorParams params;
  CustomSeqProcTensorParams seq_params;
} CustomTensorParams;

typedef struct {
  guint unique_id;
  NvDsPreProcessTensorParams tensor_params;
  std::unordered_map<std::string, std::string> user_configs;
  gchar *config_file_path;
} CustomInitParams;

/* A buffer for one tensor, from the element's pool. */
typedef struct {
  void *memory_ptr;
} NvDsPreProcessCustomBuf;

class NvDsPreProcessAcquirer {
 public:
  virtual NvDsPreProcessCustomBuf *acquire() = 0;
  virtual gboolean release(NvDsPreProcessCustomBuf *) = 0;

 protected:
  ~NvDsPreProcessAcquirer() = default; /* the SDK's class has none that is virtual */
};

/* One image that goes into the tensor. */
typedef struct {
  NvDsObjectMeta *obj_meta;
  NvDsFrameMeta *frame_meta;
  guint batch_index;
  gulong frame_num;
  NvBufSurfaceParams *input_surf_params;
  gpointer converted_frame_ptr;
  NvDsRoiMeta roi_meta;
} NvDsPreProcessUnit;

typedef struct {
  std::vector<NvDsPreProcessUnit> units;
  std::vector<NvBufSurfTransformSyncObj_t> sync_objects;
  GstBuffer *inbuf;
  gulong inbuf_batch_num;
  gboolean push_buffer;
  gboolean event_marker;
  GstBuffer *converted_buf;
  NvDsPreProcessFormat scaling_pool_format;
  NvDsBatchMeta *batch_meta;
  uint32_t pitch;
  nvtxRangeId_t nvtx_complete_buf_range;
} NvDsPreProcessBatch;

#endif
