# SPDX-License-Identifier: Apache-2.0
cimport cython

from dsbind.capi.gst cimport GstBuffer, GstObject
from dsbind.tensor cimport Lender


# How many buffers of a pool, or of a place without one, Python holds. Used under the GIL only.
cdef struct Account:
    int held
    # Most buffers of the pool; 0 where it makes as many as are wanted.
    int most
    bint told


# A reference to a buffer, for tensors over its pixels.
@cython.final
cdef class Held(Lender):
    cdef GstBuffer *buffer
    cdef GstObject *place
    cdef Account *account
    # Where the view of the buffer points at this; NULL once either has gone.
    cdef void **link


# Hold a buffer that came by the element or pad `place`, which may be NULL.
cdef Held hold(GstBuffer *buffer, GstObject *place)

# Whether one more buffer that is held could stop the pipeline: its pool would soon have none left.
# Warns of it.
cdef bint is_crowded(GstBuffer *buffer, GstObject *place) except -1
