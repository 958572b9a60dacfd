# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.gst cimport GstBuffer
from dsbind.capi.nvbufsurface cimport NvBufSurface
from dsbind.tensor cimport Tensor


# Larger sides are no video, and their products would not fit the 32 bits of the C structs.
cdef enum:
    MAX_SIDE = 16384
    MAX_BATCH = 1024


cdef class Surface:
    cdef NvBufSurface *surface
    # Arrays over the pixels, and transforms that run; close() refuses while there are any.
    cdef int uses

    cdef NvBufSurface *get(self) except NULL


# The surface of a buffer, NULL when it carries none. A buffer does not tell its caps.
cdef NvBufSurface *find_surface(GstBuffer *buffer) noexcept nogil

# One plane of a frame, or a whole frame (a tensor, or a tuple of one for each plane), in memory that
# `owner` keeps. SurfaceError when the frame does not hold what it says.
cdef Tensor view_plane(NvBufSurface *surface, Py_ssize_t index, Py_ssize_t plane, object owner,
                       bint readonly)
cdef object view_frame(NvBufSurface *surface, Py_ssize_t index, object owner, bint readonly)

# The same of a copy in another ColorFormat. The caller keeps the surface.
cdef object convert_frame(NvBufSurface *surface, Py_ssize_t index, object format)
