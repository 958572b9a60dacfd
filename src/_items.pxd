# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.glib cimport GList
from dsbind._lease cimport Lease

# Makes the view of one element of a list.
ctypedef object (*Wrap)(void *element, Lease lease)


cdef class Items:
    cdef Lease lease
    cdef Wrap wrap
    cdef void **elements
    cdef Py_ssize_t count
    # Where next() on the sequence itself stands.
    cdef Py_ssize_t position


# The elements of a list as it is now; with `meta_type`, only the user metadata of that type.
cdef Items snapshot(GList **elements, Wrap wrap, Lease lease, object meta_type=*)
