/* SPDX-License-Identifier: Apache-2.0 */
/* The session of a thread, and the objects that asynchronous calls hand out. */
#include <stdlib.h>

#include "session.h"

static const NvBufSurfTransformConfigParams DEFAULT_SESSION = {
    .compute_mode = NvBufSurfTransformCompute_Default};

static _Thread_local NvBufSurfTransformConfigParams session = {
    .compute_mode = NvBufSurfTransformCompute_Default};

/* Every mode is accepted and runs on the CPU, so that programs written for a GPU run unchanged. */
NvBufSurfTransform_Error NvBufSurfTransformSetSessionParams(
    NvBufSurfTransformConfigParams *config_params) {
  if (!config_params || config_params->compute_mode < NvBufSurfTransformCompute_Default ||
      config_params->compute_mode > NvBufSurfTransformCompute_VIC)
    return NvBufSurfTransformError_Invalid_Params;
  session = *config_params;
  return NvBufSurfTransformError_Success;
}

NvBufSurfTransform_Error NvBufSurfTransformGetSessionParams(
    NvBufSurfTransformConfigParams *config_params) {
  if (!config_params)
    return NvBufSurfTransformError_Invalid_Params;
  *config_params = session;
  return NvBufSurfTransformError_Success;
}

NvBufSurfTransform_Error NvBufSurfTransformSetDefaultSession(void) {
  session = DEFAULT_SESSION;
  return NvBufSurfTransformError_Success;
}

/* The work is done when the call returns, so an object is all there is to say. */
struct NvBufSurfTransformSyncObj {
  NvBufSurfTransform_Error result;
};

NvBufSurfTransform_Error sync_object(NvBufSurfTransform_Error result,
                                     NvBufSurfTransformSyncObj_t *out) {
  if (result != NvBufSurfTransformError_Success)
    return result;
  *out = malloc(sizeof **out);
  if (!*out)
    return NvBufSurfTransformError_Execution_Error;
  (*out)->result = result;
  return result;
}

NvBufSurfTransform_Error NvBufSurfTransformSyncObjWait(NvBufSurfTransformSyncObj_t sync_obj,
                                                       uint32_t time_out) {
  (void)time_out;
  return sync_obj ? sync_obj->result : NvBufSurfTransformError_Invalid_Params;
}

NvBufSurfTransform_Error NvBufSurfTransformSyncObjDestroy(NvBufSurfTransformSyncObj_t *sync_obj) {
  if (!sync_obj || !*sync_obj)
    return NvBufSurfTransformError_Invalid_Params;
  free(*sync_obj);
  *sync_obj = NULL;
  return NvBufSurfTransformError_Success;
}

/* Fences of the hardware's drivers arrive as files; there are none here. */
NvBufSurfTransform_Error NvBufSurfTransformSyncObjFromFile(int file,
                                                           NvBufSurfTransformSyncObj_t *sync_obj,
                                                           unsigned int *num_sync_objs) {
  (void)file;
  if (!sync_obj || !num_sync_objs)
    return NvBufSurfTransformError_Invalid_Params;
  *sync_obj = NULL;
  *num_sync_objs = 0;
  return NvBufSurfTransformError_Unsupported;
}
