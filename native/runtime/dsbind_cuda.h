/* SPDX-License-Identifier: Apache-2.0 */
/* The CUDA driver API, from a libcuda that is opened on the first call: nothing links it, and a
 * machine without one is as any other. All functions are thread-safe. */
#ifndef DSBIND_CUDA_H
#define DSBIND_CUDA_H

#include <glib.h>
#include <stdint.h>

G_BEGIN_DECLS

/* The driver's own types, as far as its binary interface tells them. */
typedef int CUresult; /* 0 is success */
typedef int CUdevice;
typedef unsigned long long CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef struct CUstream_st *CUstream;
typedef struct CUevent_st *CUevent;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;

enum {
  CU_MEMORYTYPE_HOST = 1,
  CU_MEMORYTYPE_DEVICE = 2,
  CU_MEMORYTYPE_UNIFIED = 4, /* the pointer tells */
  CU_STREAM_NON_BLOCKING = 1,
  CU_EVENT_DISABLE_TIMING = 2,
  CU_POINTER_ATTRIBUTE_MEMORY_TYPE = 2,
  CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL = 9,
};

/* Streams that need not be made, of the context that is current. The legacy one waits for all that
 * are not CU_STREAM_NON_BLOCKING, and they for it. */
#define CU_STREAM_LEGACY ((CUstream)(uintptr_t)1)
#define CU_STREAM_PER_THREAD ((CUstream)(uintptr_t)2)

/* Rows to copy. A side is a host pointer, a device pointer, or unified. */
typedef struct {
  size_t srcXInBytes, srcY;
  unsigned srcMemoryType;
  const void *srcHost;
  CUdeviceptr srcDevice;
  void *srcArray;
  size_t srcPitch;
  size_t dstXInBytes, dstY;
  unsigned dstMemoryType;
  void *dstHost;
  CUdeviceptr dstDevice;
  void *dstArray;
  size_t dstPitch;
  size_t WidthInBytes, Height;
} CUDA_MEMCPY2D;

/* X(field, symbol, parameters): `field` of DsbindCuda is the function `symbol` of libcuda. */
#define DSBIND_CUDA_FUNCTIONS(X)                                                                   \
  X(DriverGetVersion, "cuDriverGetVersion", (int *version))                                        \
  X(DeviceGetCount, "cuDeviceGetCount", (int *count))                                              \
  X(DeviceGet, "cuDeviceGet", (CUdevice *device, int ordinal))                                     \
  X(DeviceGetName, "cuDeviceGetName", (char *name, int size, CUdevice device))                     \
  X(DeviceGetAttribute, "cuDeviceGetAttribute", (int *value, int attribute, CUdevice device))      \
  X(DevicePrimaryCtxRetain, "cuDevicePrimaryCtxRetain", (CUcontext *context, CUdevice device))     \
  X(CtxPushCurrent, "cuCtxPushCurrent_v2", (CUcontext context))                                    \
  X(CtxPopCurrent, "cuCtxPopCurrent_v2", (CUcontext *context))                                     \
  X(CtxGetCurrent, "cuCtxGetCurrent", (CUcontext *context))                                        \
  X(CtxSynchronize, "cuCtxSynchronize", (void))                                                    \
  X(MemAlloc, "cuMemAlloc_v2", (CUdeviceptr *memory, size_t size))                                 \
  X(MemFree, "cuMemFree_v2", (CUdeviceptr memory))                                                 \
  X(MemAllocHost, "cuMemAllocHost_v2", (void **memory, size_t size))                               \
  X(MemFreeHost, "cuMemFreeHost", (void *memory))                                                  \
  X(MemcpyAsync, "cuMemcpyAsync",                                                                  \
    (CUdeviceptr target, CUdeviceptr source, size_t size, CUstream stream))                        \
  X(MemcpyHtoDAsync, "cuMemcpyHtoDAsync_v2",                                                       \
    (CUdeviceptr target, const void *source, size_t size, CUstream stream))                        \
  X(MemcpyDtoHAsync, "cuMemcpyDtoHAsync_v2",                                                       \
    (void *target, CUdeviceptr source, size_t size, CUstream stream))                              \
  X(Memcpy2DAsync, "cuMemcpy2DAsync_v2", (const CUDA_MEMCPY2D *copy, CUstream stream))             \
  X(MemsetD8Async, "cuMemsetD8Async",                                                              \
    (CUdeviceptr memory, unsigned char value, size_t size, CUstream stream))                       \
  X(PointerGetAttribute, "cuPointerGetAttribute",                                                  \
    (void *value, int attribute, CUdeviceptr memory))                                              \
  X(StreamCreate, "cuStreamCreate", (CUstream *stream, unsigned flags))                            \
  X(StreamDestroy, "cuStreamDestroy_v2", (CUstream stream))                                        \
  X(StreamQuery, "cuStreamQuery", (CUstream stream))                                               \
  X(StreamSynchronize, "cuStreamSynchronize", (CUstream stream))                                   \
  X(StreamWaitEvent, "cuStreamWaitEvent", (CUstream stream, CUevent event, unsigned flags))        \
  X(EventCreate, "cuEventCreate", (CUevent *event, unsigned flags))                                \
  X(EventDestroy, "cuEventDestroy_v2", (CUevent event))                                            \
  X(EventRecord, "cuEventRecord", (CUevent event, CUstream stream))                                \
  X(EventQuery, "cuEventQuery", (CUevent event))                                                   \
  X(EventSynchronize, "cuEventSynchronize", (CUevent event))                                       \
  X(ModuleLoadData, "cuModuleLoadData", (CUmodule *module, const void *image))                     \
  X(ModuleUnload, "cuModuleUnload", (CUmodule module))                                             \
  X(ModuleGetFunction, "cuModuleGetFunction",                                                      \
    (CUfunction *function, CUmodule module, const char *name))                                     \
  X(LaunchKernel, "cuLaunchKernel",                                                                \
    (CUfunction function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,     \
     unsigned block_y, unsigned block_z, unsigned shared, CUstream stream, void **parameters,      \
     void **extra))

typedef struct {
#define DSBIND_CUDA_FIELD(field, symbol, parameters) CUresult(*field) parameters;
  DSBIND_CUDA_FUNCTIONS(DSBIND_CUDA_FIELD)
#undef DSBIND_CUDA_FIELD
} DsbindCuda;

/* Codes are CUresult; 0 where there is no libcuda to ask. */
#define DSBIND_CUDA_ERROR (dsbind_cuda_error_quark())
GQuark dsbind_cuda_error_quark(void);

/* The driver, started by the first call. NULL and `error` set where there is none, or no GPU. */
const DsbindCuda *dsbind_cuda(GError **error);

/* TRUE for 0; else `error` names the call, the CUDA error and what it means. */
gboolean dsbind_cuda_check(CUresult code, const char *call, GError **error);

/* Makes the primary context of a GPU current to this thread, until dsbind_cuda_leave(). It is the
 * one that the CUDA runtime, PyTorch and NVIDIA's elements use. */
gboolean dsbind_cuda_enter(int gpu, GError **error);
void dsbind_cuda_leave(void);

G_END_DECLS

#endif
