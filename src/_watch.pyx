# SPDX-License-Identifier: Apache-2.0
"""What all probes at an element have in common, whatever sees the buffers."""

from libc.stdint cimport uint64_t

from dsbind.capi.probes cimport *
from dsbind.gst cimport orphaned

import logging

from dsbind.errors import ProbeError

cdef object log = logging.getLogger("dsbind")


cdef class Watch:
    """Watches the buffers that pass an element, until it is collected."""

    def __dealloc__(self):
        if self.hook != NULL and not orphaned:
            # The streaming thread may hold the pad's lock and want the GIL.
            with nogil:
                dsbind_hook_close(self.hook)

    cdef int begin(self, DsbindHook *hook, Element element, str pad) except -1:
        cdef bytes key = pad.encode()
        cdef const char *key_c = key
        cdef DsbindHookResult result
        self.hook = hook
        with nogil:
            result = dsbind_hook_attach(hook, element.element, key_c)
        if result == DSBIND_HOOK_SINK_PAD:
            raise ProbeError(f"Probe failure: {pad!r} of {element} is a sink pad; probes sit on "
                             "source pads: attach to the element before it")
        if result == DSBIND_HOOK_NO_PAD:
            raise ProbeError(f"Probe failure: {element} has no source pad"
                             f"{f' {pad!r}' if pad else ''}, and none will come; leave out the "
                             "tips, or attach to the element before it")
        return 0

    cdef DsbindHook *get(self) except NULL:
        # A program can make one by `__new__`.
        if self.hook == NULL:
            raise ProbeError(f"this {type(self).__name__} was made by __new__ and watches nothing; "
                             "attach a Probe to get one that does")
        return self.hook

    cdef str title(self):
        return type(self).__name__

    @property
    def enabled(self):
        """Whether buffers are looked at. False lets them pass without taking the GIL."""
        return bool(dsbind_hook_is_enabled(self.get()))

    @enabled.setter
    def enabled(self, bint on):
        cdef uint64_t skipped
        dsbind_hook_set_enabled(self.get(), on)
        if on or self.told:
            return
        skipped = dsbind_hook_skipped(self.hook)
        if skipped and not self.cost()[0]:
            self.told = True
            log.warning("%s saw nothing: none of the %d buffers at its place carried a batch. "
                        "Attach it behind nvstreammux, that is after batch() or batch_capture()",
                        self.title(), skipped)

    def is_current(self):
        """Whether the calling thread is in Python code that it called."""
        return False

    def cost(self):
        """How many buffers it was called for, and the seconds that took, the wait for the GIL
        included."""
        cdef uint64_t calls = 0
        cdef uint64_t nanoseconds = 0
        dsbind_hook_cost(self.get(), &calls, &nanoseconds)
        return calls, nanoseconds / 1e9
