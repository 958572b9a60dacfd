# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.probes cimport DsbindHook
from dsbind.gst cimport Element


# What watches the buffers that pass an element: the base of all kinds of probes at it.
cdef class Watch:
    cdef DsbindHook *hook
    # Whether it has been said why nothing was seen.
    cdef bint told
    cdef object __weakref__

    # Takes over the hook. Raises where the element has no pad for it.
    cdef int begin(self, DsbindHook *hook, Element element, str pad) except -1
    # The hook, which is there.
    cdef DsbindHook *get(self) except NULL
    # What messages call it.
    cdef str title(self)
