# SPDX-License-Identifier: Apache-2.0
# What nvbufsurftransform.h declares for one blocking transform.

from libc.stdint cimport uint32_t

from dsbind.capi.nvbufsurface cimport NvBufSurface


cdef extern from "nvbufsurftransform.h" nogil:
    ctypedef enum NvBufSurfTransform_Flip:
        NvBufSurfTransform_None

    ctypedef enum NvBufSurfTransform_Inter:
        NvBufSurfTransformInter_Default

    ctypedef enum NvBufSurfTransform_Error:
        NvBufSurfTransformError_ROI_Error
        NvBufSurfTransformError_Invalid_Params
        NvBufSurfTransformError_Execution_Error
        NvBufSurfTransformError_Unsupported
        NvBufSurfTransformError_Success

    enum:
        NVBUFSURF_TRANSFORM_CROP_SRC
        NVBUFSURF_TRANSFORM_CROP_DST
        NVBUFSURF_TRANSFORM_FILTER
        NVBUFSURF_TRANSFORM_FLIP

    ctypedef struct NvBufSurfTransformRect:
        uint32_t top
        uint32_t left
        uint32_t width
        uint32_t height

    ctypedef struct NvBufSurfTransformParams:
        uint32_t transform_flag
        NvBufSurfTransform_Flip transform_flip
        NvBufSurfTransform_Inter transform_filter
        NvBufSurfTransformRect *src_rect
        NvBufSurfTransformRect *dst_rect

    NvBufSurfTransform_Error NvBufSurfTransform(
        NvBufSurface *src, NvBufSurface *dst, NvBufSurfTransformParams *transform_params)
