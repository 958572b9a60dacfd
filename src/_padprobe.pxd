# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.probes cimport DsbindHook
from dsbind.gst cimport Element


# Raises where the element has no pad for it.
cdef int attach_hook(DsbindHook *hook, Element element, str name) except -1
# Calls, and seconds.
cdef tuple hook_cost(DsbindHook *hook)
# After a run: whether it had to be said that nothing was seen, for want of batches.
cdef bint tell_of_no_batch(DsbindHook *hook, str who) except -1
