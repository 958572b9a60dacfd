# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.dlpack cimport DLDataType, DLDevice


cdef enum:
    MAX_DIMS = 8


# Owner of memory that is there for a while only. Tensors over it hold nothing; `keep` gives what
# holds the memory, for whoever uses it longer. It raises once the memory is gone.
cdef class Keeper:
    # What is used longer is to be copied: such memory is scarce.
    cdef bint scarce

    cdef object keep(self)


# Owner of memory that is used again by others once this is gone.
cdef class Lender:
    # Whether libraries that compute on a GPU were lent it, on the default stream or on another: they
    # may not be done when they let go of it.
    cdef bint on_default, on_others
    cdef int gpu


cdef class Tensor:
    # What keeps the memory; nothing else here frees it.
    cdef object owner
    cdef void *data
    cdef int ndim
    cdef Py_ssize_t[8] dims
    # In bytes.
    cdef Py_ssize_t[8] steps
    cdef DLDataType type
    cdef DLDevice device
    cdef bint readonly
    cdef str layout

    cdef Py_ssize_t count(self) noexcept
    cdef bint contiguous(self) noexcept
    cdef bint on_cpu(self) noexcept
    cdef int need_cpu(self, str what) except -1
    cdef Tensor kept(self)
    cdef Tensor copied(self, object stream)
    cdef Tensor copied_to(self, int gpu, object stream)
    cdef bint in_rows(self, int inner) noexcept
    cdef int hand_over(self, object stream) except -1
    cdef int tell_owner(self, bint on_default) except -1
    cdef object loan(self, bint versioned, bint copied)


# The view of a plane of 8-bit pixels, `pitch` bytes from row to row, that `owner` keeps: (H, W), or
# (H, W, channels) where a pixel has several bytes. `device` is one of DL_*.
cdef Tensor plane_tensor(object owner, void *data, Py_ssize_t height, Py_ssize_t width,
                         Py_ssize_t channels, Py_ssize_t pitch, bint readonly, int device,
                         int device_id)

# The view of memory without gaps that `owner` keeps; ConfigError when the dims cannot be.
cdef Tensor packed_tensor(object owner, void *data, int ndim, const Py_ssize_t *dims,
                          DLDataType type, bint readonly)

# Uninitialised memory of its own, of these dims.
cdef Tensor empty_tensor(int ndim, const Py_ssize_t *dims, DLDataType type)

# The same elements, kept by `owner`.
cdef Tensor view_of(Tensor tensor, object owner)

# The same elements without gaps: the tensor itself where it has none already.
cdef Tensor pack(Tensor tensor)

# Whether there are gaps between the rows, the first dimension, and none within them.
cdef bint is_pitched(Tensor tensor) noexcept

