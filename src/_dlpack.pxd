# SPDX-License-Identifier: Apache-2.0
from libc.stdint cimport uint64_t

from dsbind.capi.dlpack cimport DLManagedTensor, DLManagedTensorVersioned, DLTensor


cdef class Borrowed:
    cdef object producer
    cdef DLManagedTensor *managed
    cdef DLManagedTensorVersioned *versioned
    cdef DLTensor *tensor
    cdef bint readonly


# A capsule of each version of the protocol. The tensor has at most 8 dimensions, and strides; it is
# copied. `keeper` is held until the consumer is done.
cdef object lend(object keeper, const DLTensor *tensor)
cdef object lend_versioned(object keeper, const DLTensor *tensor, uint64_t flags)

# What an object with `__dlpack__` lends.
cdef Borrowed borrow(object producer)

# Give up a reference from any thread of a pipeline's, with or without the GIL. Once Python has
# ended, nobody can.
cdef void drop(void *reference) noexcept nogil
