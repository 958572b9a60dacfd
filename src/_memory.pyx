# SPDX-License-Identifier: Apache-2.0
"""Memory of our own, and elements in memory with gaps."""

cimport cython

from libc.stdlib cimport free
from libc.string cimport memcpy, memset
from posix.stdlib cimport posix_memalign

from dsbind.errors import ConfigError

cdef extern from "Python.h":
    Py_ssize_t PY_SSIZE_T_MAX

# What NumPy, PyTorch and vector instructions like best.
cdef enum:
    ALIGNMENT = 64


@cython.final
cdef class Memory:
    """Memory of our own."""

    def __cinit__(self, Py_ssize_t size):
        if posix_memalign(&self.data, ALIGNMENT, max(size, 1)) != 0:
            self.data = NULL
            raise MemoryError(f"no memory for {size} bytes")

    def __dealloc__(self):
        free(self.data)


cdef int check_dims(int ndim, const Py_ssize_t *dims, Py_ssize_t itemsize) except -1:
    """Refuse what no memory can hold, before anything is computed from it."""
    cdef object size = itemsize
    cdef int i
    if not 0 <= ndim <= MOST_DIMS:
        raise ConfigError(f"a tensor of {ndim} dimensions; there are at most {MOST_DIMS}")
    for i in range(ndim):
        if dims[i] < 0:
            raise ConfigError(f"a tensor cannot have {dims[i]} elements along a dimension")
        size *= max(dims[i], 1)
    if size > PY_SSIZE_T_MAX:
        raise ConfigError(f"a tensor of {size} bytes does not fit in memory")
    return 0


cdef int packed_from(int ndim, const Py_ssize_t *dims, const Py_ssize_t *steps,
                     Py_ssize_t itemsize) noexcept nogil:
    """The first dimension from which on the elements lie without gaps; 0 when all do."""
    cdef int i
    for i in range(ndim):
        if dims[i] == 0:
            return 0
    for i in range(ndim - 1, -1, -1):
        if dims[i] != 1 and steps[i] != itemsize:
            return i + 1
        itemsize *= dims[i]
    return 0


cdef void gather(char *target, const char *source, int ndim, const Py_ssize_t *dims,
                 const Py_ssize_t *steps, Py_ssize_t block) noexcept nogil:
    """Copy blocks that lie apart next to each other. There is at least one."""
    cdef Py_ssize_t[MOST_DIMS] at
    cdef int i
    memset(at, 0, sizeof(at))
    while True:
        memcpy(target, source, block)
        target += block
        i = ndim - 1
        while i >= 0:
            at[i] += 1
            source += steps[i]
            if at[i] < dims[i]:
                break
            source -= at[i] * steps[i]
            at[i] = 0
            i -= 1
        if i < 0:
            return
