# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.gst cimport GstBuffer, GstObject
from dsbind.capi.nvbufsurface cimport NvBufSurface
from dsbind._held cimport Held
from dsbind._lease cimport Lease
from dsbind.tensor cimport Tensor


# Either in flight: `buffer`, as long as `lease` is open. Or made by the program: `lease` is ALWAYS,
# `buffer` NULL, and `content` the bytes, or None for the end of the stream.
cdef class Buffer:
    cdef Lease lease
    cdef GstBuffer *buffer
    # Nobody else held the buffer when this view was made, so that its pixels may be changed.
    cdef bint sole
    # How a frame in plain memory lies, where whoever made this view knows it; else NULL.
    cdef NvBufSurface *plain
    # Bytes without gaps, or with gaps between the rows of a picture only. With a `color`, an
    # NvBufSurfaceColorFormat, a picture in the memory of a GPU.
    cdef Tensor content
    cdef int color
    # The element that the buffer reached, where whoever made this view knows it; else NULL.
    cdef GstObject *place
    # The `Held` of the tensors that hold the buffer, as long as there are any.
    cdef void *held
    # How often the pixels have got another place, for writing.
    cdef unsigned int moves

    cdef GstBuffer *get(self) except NULL
    cdef NvBufSurface *surface_of(self) except NULL
    cdef NvBufSurface *writable_surface(self) except NULL
    cdef Held hold(self)
    cdef object planes(self, NvBufSurface *surface, Py_ssize_t index, bint writable, bint retain)


# The view of a buffer that lives as long as `lease` is open.
cdef Buffer wrap_buffer(GstBuffer *buffer, Lease lease)

# Whether nobody but the caller has a view of `wrap_buffer`, nor anything that was got from it. Then,
# with its lease closed, it may show another buffer, under the same lease.
cdef bint is_spare_buffer(Buffer view) noexcept
cdef void reuse_buffer(Buffer view, GstBuffer *buffer) noexcept

# What to give an appsrc for a buffer: each time a new GstBuffer without timestamps, the caller's,
# over the same memory. NULL without an exception for the empty `Buffer()`, the end of the stream;
# a GstBuffer of size 0 for one without bytes, `Buffer(b"")`. What `Tensor.wrap` made has rows as
# GStreamer pads them; other content is as the program gave it, in system memory, but for gaps: a
# picture that has some is copied without them.
cdef GstBuffer *buffer_to_push(Buffer buffer) except? NULL

# A buffer over memory that a tensor keeps, of `size` bytes from its first.
cdef GstBuffer *buffer_over(Tensor content, Py_ssize_t size) except NULL
