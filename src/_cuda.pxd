# SPDX-License-Identifier: Apache-2.0
cimport cython

from dsbind.capi.cuda cimport CUdeviceptr, CUstream


# Memory of a GPU, without gaps.
@cython.final
cdef class DeviceMemory:
    cdef CUdeviceptr address
    cdef int gpu
    cdef int process


# The stream that somebody named: None, a number, or an object of cuda.core, PyTorch or CuPy.
cdef CUstream stream_of(object stream) except NULL

# The number of a GPU that somebody named.
cdef int gpu_of(object device) except -1

# Copy rows of `block` bytes, which lie apart in the source as `ndim` dims and steps say, next to each
# other. Where `on_gpu`, that side is memory of a GPU. The copy is done when this returns.
cdef int copy_rows(int gpu, void *target, bint target_on_gpu, const void *source,
                   bint source_on_gpu, int ndim, const Py_ssize_t *dims, const Py_ssize_t *steps,
                   Py_ssize_t block, CUstream stream) except -1

# Let work that is queued on a stream from now on wait for what is under way on the default stream.
cdef int order_after_default(int gpu, CUstream stream) except -1

# Wait for what is under way on the default stream, or on all: whoever was lent memory may use it yet.
cdef void wait_for_readers(int gpu, bint all_streams) noexcept nogil

# Wait for what is under way on the default stream.
cdef int wait_for_default(int gpu) except -1
