# SPDX-License-Identifier: Apache-2.0
# What nvbufsurface.h declares for surfaces that the CPU can reach.

from libc.stdint cimport uint32_t, uint64_t


cdef extern from "nvbufsurface.h" nogil:
    enum:
        NVBUF_MAX_PLANES

    ctypedef enum NvBufSurfaceColorFormat:
        NVBUF_COLOR_FORMAT_INVALID
        NVBUF_COLOR_FORMAT_GRAY8
        NVBUF_COLOR_FORMAT_YUV420
        NVBUF_COLOR_FORMAT_NV12
        NVBUF_COLOR_FORMAT_RGBA
        NVBUF_COLOR_FORMAT_BGRA
        NVBUF_COLOR_FORMAT_RGB
        NVBUF_COLOR_FORMAT_BGR
        NVBUF_COLOR_FORMAT_LAST

    ctypedef enum NvBufSurfaceLayout:
        NVBUF_LAYOUT_PITCH
        NVBUF_LAYOUT_BLOCK_LINEAR

    ctypedef enum NvBufSurfaceMemType:
        NVBUF_MEM_DEFAULT
        NVBUF_MEM_CUDA_PINNED
        NVBUF_MEM_CUDA_DEVICE
        NVBUF_MEM_CUDA_UNIFIED
        NVBUF_MEM_SURFACE_ARRAY
        NVBUF_MEM_HANDLE
        NVBUF_MEM_SYSTEM
        NVBUF_MEM_CUDA_ARRAY

    ctypedef struct NvBufSurfacePlaneParams:
        uint32_t num_planes
        uint32_t width[4]
        uint32_t height[4]
        uint32_t pitch[4]
        uint32_t offset[4]
        uint32_t psize[4]
        uint32_t bytesPerPix[4]

    ctypedef struct NvBufSurfaceCreateParams:
        uint32_t gpuId
        uint32_t width
        uint32_t height
        uint32_t size
        bint isContiguous
        NvBufSurfaceColorFormat colorFormat
        NvBufSurfaceLayout layout
        NvBufSurfaceMemType memType

    ctypedef struct NvBufSurfaceParams:
        uint32_t width
        uint32_t height
        uint32_t pitch
        NvBufSurfaceColorFormat colorFormat
        NvBufSurfaceLayout layout
        uint64_t bufferDesc
        uint32_t dataSize
        void *dataPtr
        NvBufSurfacePlaneParams planeParams

    ctypedef struct NvBufSurface:
        uint32_t gpuId
        uint32_t batchSize
        uint32_t numFilled
        bint isContiguous
        NvBufSurfaceMemType memType
        NvBufSurfaceParams *surfaceList

    int NvBufSurfaceCreate(
        NvBufSurface **surf, uint32_t batchSize, NvBufSurfaceCreateParams *params)
    int NvBufSurfaceDestroy(NvBufSurface *surf)
