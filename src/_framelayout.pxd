# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.gst cimport GstBuffer, GstCaps, GstClockTime
from dsbind.capi.gstvideo cimport GstVideoFormat, GstVideoInfo
from dsbind.capi.nvbufsurface cimport (
    NvBufSurface,
    NvBufSurfaceColorFormat,
    NvBufSurfaceParams,
)


cdef class FrameLayout:
    cdef GstVideoInfo info
    # Raw video in plain memory, or in surfaces; neither for what is encoded.
    cdef bint raw
    cdef bint surfaces
    # Bytes of a frame whose rows are not padded; 0 where the format has no such rows.
    cdef size_t tight
    # Nanoseconds; 0 where the rate is unknown.
    cdef readonly GstClockTime period

    # A buffer whose frame lies as the caps say. Takes over the reference, also when it raises.
    cdef GstBuffer *fit(self, GstBuffer *buffer) except NULL
    cdef bint describes_itself(self, GstBuffer *buffer) except -1
    cdef int check_surface(self, GstBuffer *buffer) except -1
    cdef str expected(self)
    cdef int planes(self) noexcept


# The format of such frames in a surface; INVALID for none.
cdef NvBufSurfaceColorFormat color_of(GstVideoFormat format) noexcept nogil

# The layout of frames of these caps; NULL is none.
cdef FrameLayout layout_of(GstCaps *caps)


# A frame in plain memory, described as a surface.
cdef struct PlainFrame:
    NvBufSurface surface
    NvBufSurfaceParams frame

# Describe the frame of a buffer of these caps: False where it is none in plain memory.
cdef bint describe_plain(PlainFrame *plain, GstBuffer *buffer, GstCaps *caps) noexcept nogil
