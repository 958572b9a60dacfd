# SPDX-License-Identifier: Apache-2.0
"""Python callbacks on the buffers that pass an element."""

from cpython.exc cimport PyErr_WriteUnraisable
from libc.stdint cimport uint64_t
from libc.stdlib cimport calloc, free

from dsbind.capi.glib cimport gboolean, gpointer
from dsbind.capi.gst cimport GstBuffer, GstElement, GstObject
from dsbind.capi.nvdsmeta cimport NvDsBatchMeta
from dsbind.capi.probes cimport *
from dsbind.gst cimport Element, orphaned
from dsbind._callbacks cimport enter, is_current, leave
from dsbind._lease cimport Lease
from dsbind.buffer cimport Buffer, wrap_buffer
from dsbind.meta cimport wrap_batch

import logging

from dsbind.errors import ProbeError

cdef object log = logging.getLogger("dsbind")


# What the pads hold. It outlives the PadProbe when they do, so that neither a pad's end nor a
# callback that is just starting ever meets a dead object.
cdef struct Target:
    # The PadProbe; cleared when it goes. Read and written under the GIL only.
    void *probe


cdef class PadProbe:
    """Calls `handler` for each buffer that passes a pad, until it is closed.

    Parameters
    ----------
    element
        The element to watch.
    pad
        Name of a source pad or of their template, also of one that is still to come; empty for the
        last one. An element that is a sink is watched at its sink pad.
    handler
        Gets a `BatchMetadata` (`batches_only`), called only for buffers that carry one, or a
        `Buffer`; then a false result other than None drops the buffer.
    on_error
        Gets an exception raised by the handler, on the streaming thread.
    reads
        Whether the handler changes nothing. Else a buffer that others hold too is copied for it,
        its pixels only when they are written.
    """

    cdef object handler
    cdef object on_error
    cdef Target *target
    cdef DsbindHook *hook
    cdef bint told
    cdef object __weakref__

    def __init__(self, Element element not None, str pad not None, handler, bint batches_only,
                 on_error, bint reads=False):
        cdef int flags = ((DSBIND_HOOK_BATCHES if batches_only else 0)
                          | (DSBIND_HOOK_READS if reads else 0))
        if self.hook != NULL:
            raise ProbeError("a PadProbe cannot be initialised twice")
        self.handler = handler
        self.on_error = on_error
        self.target = <Target *>calloc(1, sizeof(Target))
        if self.target == NULL:
            raise MemoryError()
        self.target.probe = <void *>self
        self.hook = dsbind_hook_new(on_buffer, <DsbindHookFlags>flags, self.target, free)
        attach_hook(self.hook, element, pad)

    def __dealloc__(self):
        if self.target != NULL:
            self.target.probe = NULL
        if self.hook != NULL and not orphaned:
            # The streaming thread may hold the pad's lock and want the GIL.
            with nogil:
                dsbind_hook_close(self.hook)

    @property
    def enabled(self):
        """Whether the handler is called. False lets buffers pass without taking the GIL."""
        return bool(dsbind_hook_is_enabled(self.hook))

    @enabled.setter
    def enabled(self, bint on):
        dsbind_hook_set_enabled(self.hook, on)
        if not on and not self.told:
            owner = getattr(self.handler, "__self__", self.handler)
            self.told = tell_of_no_batch(self.hook, type(owner).__name__)

    def is_current(self):
        """Whether the calling thread is in its handler."""
        return is_current(self)

    def cost(self):
        """How often the handler was called, and the seconds it took, with its wait for the GIL."""
        return hook_cost(self.hook)


cdef int attach_hook(DsbindHook *hook, Element element, str name) except -1:
    cdef bytes key = name.encode()
    cdef const char *key_c = key
    cdef DsbindHookResult result
    with nogil:
        result = dsbind_hook_attach(hook, element.element, key_c)
    if result == DSBIND_HOOK_SINK_PAD:
        raise ProbeError(f"Probe failure: {name!r} of {element} is a sink pad; probes sit on "
                         "source pads: attach to the element before it")
    if result == DSBIND_HOOK_NO_PAD:
        raise ProbeError(f"Probe failure: {element} has no source pad"
                         f"{f' {name!r}' if name else ''}, and none will come; leave out the tips, "
                         "or attach to the element before it")
    return 0


cdef tuple hook_cost(DsbindHook *hook):
    cdef uint64_t calls = 0
    cdef uint64_t nanoseconds = 0
    dsbind_hook_cost(hook, &calls, &nanoseconds)
    return calls, nanoseconds / 1e9


cdef bint tell_of_no_batch(DsbindHook *hook, str who) except -1:
    cdef uint64_t skipped = dsbind_hook_skipped(hook)
    if skipped == 0 or hook_cost(hook)[0]:
        return False
    log.warning("%s saw nothing: none of the %d buffers at its place carried a batch. Attach it "
                "behind nvstreammux, that is after batch() or batch_capture()", who, skipped)
    return True


cdef gboolean on_buffer(GstElement *element, GstBuffer *buffer, NvDsBatchMeta *batch,
                        gpointer data) noexcept nogil:
    return call(<Target *>data, element, buffer, batch)


cdef bint call(Target *target, GstElement *element, GstBuffer *buffer,
               NvDsBatchMeta *batch) noexcept with gil:
    cdef PadProbe probe
    if target.probe == NULL:
        return True
    probe = <PadProbe>target.probe
    # None once the garbage collector has taken the probe apart.
    if probe.handler is None:
        return True
    return run_handler(probe, element, buffer, batch)


cdef bint run_handler(PadProbe probe, GstElement *element, GstBuffer *buffer,
                      NvDsBatchMeta *batch) noexcept:
    cdef Lease lease = Lease()
    cdef Buffer view
    enter(probe)
    try:
        if batch != NULL:
            probe.handler(wrap_batch(batch, lease))
            return True
        view = wrap_buffer(buffer, lease)
        view.place = <GstObject *>element
        keep = probe.handler(view)
        return keep is None or bool(keep)
    except BaseException as error:
        dsbind_hook_set_enabled(probe.hook, False)
        try:
            probe.on_error(error)
        except BaseException:
            PyErr_WriteUnraisable(probe.handler)
        return True
    finally:
        leave()
        lease.close()
