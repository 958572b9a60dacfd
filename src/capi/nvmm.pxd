# SPDX-License-Identifier: Apache-2.0
# What native/elements/common/nvmm.h declares for buffers over surfaces of one's own.

from dsbind.capi.gst cimport GstBuffer
from dsbind.capi.nvbufsurface cimport NvBufSurface, NvBufSurfaceMemType, NvBufSurfaceParams


cdef extern from "nvmm.h" nogil:
    GstBuffer *dsbind_buffer_new_batch(
        unsigned int capacity, unsigned int count, const NvBufSurfaceParams *entries,
        GstBuffer **owners, NvBufSurfaceMemType type)
    NvBufSurface *dsbind_buffer_surface(GstBuffer *buffer)
