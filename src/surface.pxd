# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.gst cimport GstBuffer
from dsbind.capi.nvbufsurface cimport NvBufSurface
from dsbind._lease cimport Lease


cdef class Buffer:
    cdef Lease lease
    cdef GstBuffer *buffer

    cdef GstBuffer *get(self) except NULL
    cdef object copy_frame(self, object batch_id)


cdef class Surface:
    cdef NvBufSurface *surface
    # Arrays over the pixels, and transforms that run; close() refuses while there are any.
    cdef int uses

    cdef NvBufSurface *get(self) except NULL


# The view of a buffer that lives as long as `lease` is open.
cdef Buffer wrap_buffer(GstBuffer *buffer, Lease lease)
