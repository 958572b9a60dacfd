# SPDX-License-Identifier: Apache-2.0
# What native/device/device.h declares: a transform wherever the frames lie.

from dsbind.capi.nvbufsurface cimport NvBufSurface
from dsbind.capi.nvbufsurftransform cimport NvBufSurfTransform_Error, NvBufSurfTransformParams


cdef extern from "device.h" nogil:
    ctypedef enum NvBufSurfTransform_Compute:
        NvBufSurfTransformCompute_Default

    NvBufSurfTransform_Error dsbind_transform(
        NvBufSurface *source, NvBufSurface *target, NvBufSurfTransformParams *params,
        NvBufSurfTransform_Compute compute, unsigned int gpu)
