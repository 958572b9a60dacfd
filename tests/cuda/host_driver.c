/* SPDX-License-Identifier: Apache-2.0 */
/* A CUDA driver of two GPUs whose memory is the CPU's, for machines that have none: what dsbind asks
 * of a driver can be seen, and that it keeps to the rules. It computes nothing. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dsbind_cuda.h"

enum { GPUS = 2, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_DEVICE = 101, NOT_FOUND = 500 };

/* Each call needs a current context, and whoever makes one current ends that. */
static __thread int depth;

static void *pointer(CUdeviceptr address) { return (void *)(uintptr_t)address; }

static void need_context(const char *call) {
  if (depth > 0) return;
  fprintf(stderr, "%s without a context\n", call);
  abort();
}

CUresult cuInit(unsigned flags) {
  const char *told = getenv("HOST_DRIVER_INIT");
  (void)flags;
  return told ? atoi(told) : 0;
}

CUresult cuGetErrorName(CUresult code, const char **name) {
  *name = code == 100              ? "CUDA_ERROR_NO_DEVICE"
          : code == OUT_OF_MEMORY  ? "CUDA_ERROR_OUT_OF_MEMORY"
          : code == INVALID_DEVICE ? "CUDA_ERROR_INVALID_DEVICE"
                                   : NULL;
  return *name ? 0 : INVALID_VALUE;
}

CUresult cuGetErrorString(CUresult code, const char **text) {
  *text = "as the driver says it";
  (void)code;
  return 0;
}

CUresult cuDriverGetVersion(int *version) { return *version = 13000, 0; }
CUresult cuDeviceGetCount(int *count) { return *count = GPUS, 0; }

CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  if (ordinal < 0 || ordinal >= GPUS) return INVALID_DEVICE;
  return *device = ordinal, 0;
}

CUresult cuDeviceGetName(char *name, int size, CUdevice device) {
  return snprintf(name, (size_t)size, "Host %d", device), 0;
}

CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice device) {
  (void)attribute, (void)device;
  return *value = 0, 0;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
  return *context = (CUcontext)(uintptr_t)(device + 1), 0;
}

CUresult cuCtxPushCurrent_v2(CUcontext context) { return depth++, context ? 0 : INVALID_VALUE; }

CUresult cuCtxPopCurrent_v2(CUcontext *context) {
  need_context("cuCtxPopCurrent");
  return depth--, *context = NULL, 0;
}

CUresult cuCtxGetCurrent(CUcontext *context) { return *context = NULL, 0; }

CUresult cuMemAlloc_v2(CUdeviceptr *memory, size_t size) {
  need_context("cuMemAlloc");
  if (size == 0) return INVALID_VALUE;
  if (size > (size_t)1 << 32) return OUT_OF_MEMORY;
  *memory = (CUdeviceptr)(uintptr_t)malloc(size);
  return *memory ? 0 : OUT_OF_MEMORY;
}

CUresult cuMemFree_v2(CUdeviceptr memory) {
  need_context("cuMemFree");
  return free(pointer(memory)), 0;
}

CUresult cuMemAllocHost_v2(void **memory, size_t size) { return *memory = malloc(size), 0; }
CUresult cuMemFreeHost(void *memory) { return free(memory), 0; }

CUresult cuMemcpyAsync(CUdeviceptr target, CUdeviceptr source, size_t size, CUstream stream) {
  need_context("cuMemcpyAsync");
  (void)stream;
  return memcpy(pointer(target), pointer(source), size), 0;
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr target, const void *source, size_t size, CUstream stream) {
  return cuMemcpyAsync(target, (CUdeviceptr)(uintptr_t)source, size, stream);
}

CUresult cuMemcpyDtoHAsync_v2(void *target, CUdeviceptr source, size_t size, CUstream stream) {
  return cuMemcpyAsync((CUdeviceptr)(uintptr_t)target, source, size, stream);
}

CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *copy, CUstream stream) {
  static int copies;
  const char *good = getenv("HOST_DRIVER_GOOD_COPIES");
  const char *source =
      copy->srcMemoryType == CU_MEMORYTYPE_HOST ? copy->srcHost : pointer(copy->srcDevice);
  char *target =
      copy->dstMemoryType == CU_MEMORYTYPE_HOST ? copy->dstHost : pointer(copy->dstDevice);
  need_context("cuMemcpy2DAsync");
  (void)stream;
  if (good && copies++ >= atoi(good)) return INVALID_VALUE;
  if (copy->srcPitch < copy->WidthInBytes || copy->dstPitch < copy->WidthInBytes)
    return INVALID_VALUE;
  for (size_t row = 0; row < copy->Height; row++)
    memcpy(target + row * copy->dstPitch, source + row * copy->srcPitch, copy->WidthInBytes);
  return 0;
}

CUresult cuMemsetD8Async(CUdeviceptr memory, unsigned char value, size_t size, CUstream stream) {
  (void)stream;
  return memset(pointer(memory), value, size), 0;
}

CUresult cuStreamCreate(CUstream *stream, unsigned flags) {
  (void)flags;
  return *stream = (CUstream)(uintptr_t)16, 0;
}

CUresult cuEventCreate(CUevent *event, unsigned flags) {
  (void)flags;
  need_context("cuEventCreate");
  return *event = malloc(1), *event ? 0 : OUT_OF_MEMORY;
}

CUresult cuEventDestroy_v2(CUevent event) { return free(event), 0; }

/* What is asked of streams, for a test to read. */
static CUresult tell(const char *call, const void *stream) {
  need_context(call);
  if (getenv("HOST_DRIVER_TELL")) printf("%s %p\n", call, stream), fflush(stdout);
  return 0;
}

CUresult cuEventRecord(CUevent event, CUstream stream) {
  return (void)event, tell("record", stream);
}
CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned flags) {
  return (void)event, (void)flags, tell("wait", stream);
}
CUresult cuCtxSynchronize(void) { return tell("synchronize all", NULL); }
CUresult cuStreamSynchronize(CUstream stream) { return tell("synchronize", stream); }
/* There is always something under way. */
CUresult cuStreamQuery(CUstream stream) { return (void)stream, 600; }
CUresult cuStreamDestroy_v2(CUstream stream) { return (void)stream, 0; }
CUresult cuEventQuery(CUevent event) { return (void)event, 0; }
CUresult cuEventSynchronize(CUevent event) { return (void)event, 0; }

CUresult cuPointerGetAttribute(void *value, int attribute, CUdeviceptr memory) {
  (void)value, (void)attribute, (void)memory;
  return INVALID_VALUE;
}

CUresult cuModuleLoadData(CUmodule *module, const void *image) {
  (void)module, (void)image;
  return NOT_FOUND;
}
CUresult cuModuleUnload(CUmodule module) { return (void)module, 0; }
CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
  (void)function, (void)module, (void)name;
  return NOT_FOUND;
}
CUresult cuLaunchKernel(void) { return NOT_FOUND; }
