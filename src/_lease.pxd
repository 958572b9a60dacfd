# SPDX-License-Identifier: Apache-2.0
cimport cython

from cpython.ref cimport PyObject

from dsbind.capi.nvdsmeta cimport NvDsBatchMeta, NvDsMetaPool


# An element taken from a pool and not yet appended anywhere.
cdef struct Stray:
    void *element
    NvDsMetaPool *pool
    Stray *next


cdef int raise_stale() except -1


@cython.final
cdef class Lease:
    # Cleared by close(). The check before each use of a pointer is this one load.
    cdef bint open
    cdef NvDsBatchMeta *batch
    # Threads that use the memory without the GIL; close() waits for them.
    cdef int pins
    cdef Stray *strays

    cdef inline int check(self) except -1:
        if not self.open:
            raise_stale()
        return 0

    cdef int pin(self) except -1
    cdef void unpin(self) noexcept
    cdef int lock(self) except -1
    cdef void unlock(self) noexcept
    cdef int add_stray(self, void *element, NvDsMetaPool *pool) except -1
    cdef bint take_stray(self, void *element) noexcept
    cpdef object close(self)


# For pointers to objects, which Cython does not count while it looks at them.
cdef extern from "Python.h":
    Py_ssize_t references "Py_REFCNT"(PyObject *object)


# What objects that own their memory hold: a lease that nobody closes.
cdef Lease ALWAYS

# What a view holds until it is given one: a program can make an empty view by `__new__`.
cdef Lease CLOSED

# Takes a stray of `owner` for adding it, and leaves with the lock held.
cdef int take(Lease owner, Lease lease, void *element, object item) except -1
