# SPDX-License-Identifier: Apache-2.0
cimport cython


cdef enum:
    MOST_DIMS = 8


# Memory of our own.
@cython.final
cdef class Memory:
    cdef void *data


# Refuse what no memory can hold, before anything is computed from it.
cdef int check_dims(int ndim, const Py_ssize_t *dims, Py_ssize_t itemsize) except -1

# The first dimension from which on the elements lie without gaps; 0 when all do.
cdef int packed_from(int ndim, const Py_ssize_t *dims, const Py_ssize_t *steps,
                     Py_ssize_t itemsize) noexcept nogil

# Copy blocks that lie apart next to each other. There is at least one.
cdef void gather(char *target, const char *source, int ndim, const Py_ssize_t *dims,
                 const Py_ssize_t *steps, Py_ssize_t block) noexcept nogil
