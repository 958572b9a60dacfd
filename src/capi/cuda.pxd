# SPDX-License-Identifier: Apache-2.0
# What native/runtime/dsbind_cuda.h declares: the driver API, as far as tensors need it.

from libc.stdint cimport uint64_t

from dsbind.capi.glib cimport GError


cdef extern from "dsbind_cuda.h" nogil:
    ctypedef int CUresult
    ctypedef unsigned long long CUdeviceptr
    ctypedef struct CUstream_st:
        pass
    ctypedef struct CUevent_st:
        pass
    ctypedef CUstream_st *CUstream
    ctypedef CUevent_st *CUevent

    enum:
        CU_MEMORYTYPE_HOST
        CU_MEMORYTYPE_UNIFIED
        CU_EVENT_DISABLE_TIMING

    CUstream CU_STREAM_LEGACY

    ctypedef struct CUDA_MEMCPY2D:
        unsigned int srcMemoryType
        const void *srcHost
        CUdeviceptr srcDevice
        size_t srcPitch
        unsigned int dstMemoryType
        void *dstHost
        CUdeviceptr dstDevice
        size_t dstPitch
        size_t WidthInBytes
        size_t Height

    ctypedef struct DsbindCuda:
        CUresult (*CtxSynchronize)() noexcept nogil
        CUresult (*MemAlloc)(CUdeviceptr *memory, size_t size) noexcept nogil
        CUresult (*MemFree)(CUdeviceptr memory) noexcept nogil
        CUresult (*Memcpy2DAsync)(const CUDA_MEMCPY2D *copy, CUstream stream) noexcept nogil
        CUresult (*MemcpyAsync)(
            CUdeviceptr target, CUdeviceptr source, size_t size, CUstream stream) noexcept nogil
        CUresult (*StreamQuery)(CUstream stream) noexcept nogil
        CUresult (*StreamSynchronize)(CUstream stream) noexcept nogil
        CUresult (*StreamWaitEvent)(
            CUstream stream, CUevent event, unsigned int flags) noexcept nogil
        CUresult (*EventCreate)(CUevent *event, unsigned int flags) noexcept nogil
        CUresult (*EventDestroy)(CUevent event) noexcept nogil
        CUresult (*EventRecord)(CUevent event, CUstream stream) noexcept nogil

    const DsbindCuda *dsbind_cuda(GError **error)
    bint dsbind_cuda_check(CUresult code, const char *call, GError **error)
    bint dsbind_cuda_enter(int gpu, GError **error)
    void dsbind_cuda_leave()
