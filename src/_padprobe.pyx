# SPDX-License-Identifier: Apache-2.0
"""Python callbacks on the buffers that pass an element."""

from cpython.exc cimport PyErr_WriteUnraisable
from cpython.ref cimport PyObject, Py_XDECREF
from libc.stdlib cimport calloc, free

from dsbind.capi.glib cimport gboolean, gpointer
from dsbind.capi.gst cimport GstBuffer, GstElement, GstObject
from dsbind.capi.nvdsmeta cimport NvDsBatchMeta
from dsbind.capi.probes cimport *
from dsbind._callbacks cimport Entry, enter, is_current, leave
from dsbind._lease cimport Lease, references
from dsbind._threads cimport keep_thread
from dsbind._watch cimport Watch
from dsbind.buffer cimport Buffer, is_spare_buffer, reuse_buffer, wrap_buffer
from dsbind.gst cimport Element
from dsbind.meta cimport BatchMetadata, wrap_batch

from dsbind.errors import ProbeError

cdef extern from "Python.h":
    # Both leave an exception set where they fail.
    PyObject *PyObject_CallFunctionObjArgs(object callable, void *argument, void *end)
    int PyObject_IsTrue(PyObject *value)
    PyObject *Py_None


# What the pads hold. It outlives the PadProbe when they do, so that neither a pad's end nor a
# callback that is just starting ever meets a dead object.
cdef struct Target:
    # The PadProbe; cleared when it goes. Read and written under the GIL only.
    void *probe


cdef class PadProbe(Watch):
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
        Whether the handler changes nothing, and its result says nothing. Else a buffer that others
        hold too is copied for it, its pixels only when they are written.
    """

    cdef object handler
    cdef object on_error
    cdef Target *target
    cdef bint reads
    # The views of the last call: those of the next, where nobody has kept them.
    cdef BatchMetadata spare_batch
    cdef Buffer spare_buffer

    def __init__(self, Element element not None, str pad not None, handler, bint batches_only,
                 on_error, bint reads=False):
        cdef int flags = ((DSBIND_HOOK_BATCHES if batches_only else 0)
                          | (DSBIND_HOOK_READS if reads else 0))
        if self.hook != NULL:
            raise ProbeError("a PadProbe cannot be initialised twice")
        self.handler = handler
        self.on_error = on_error
        self.reads = reads
        self.target = <Target *>calloc(1, sizeof(Target))
        if self.target == NULL:
            raise MemoryError()
        self.target.probe = <void *>self
        self.begin(dsbind_hook_new(on_buffer, <DsbindHookFlags>flags, self.target, free),
                   element, pad)

    def __dealloc__(self):
        if self.target != NULL:
            self.target.probe = NULL

    cdef str title(self):
        return type(getattr(self.handler, "__self__", self.handler)).__name__

    def is_current(self):
        """Whether the calling thread is in its handler."""
        return is_current(self)


cdef gboolean on_buffer(GstElement *element, GstBuffer *buffer, NvDsBatchMeta *batch,
                        gpointer data) noexcept nogil:
    keep_thread()
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
    if batch != NULL:
        show_batch(probe, batch)
        return True
    return show_buffer(probe, element, buffer)


cdef void show_batch(PadProbe probe, NvDsBatchMeta *batch) noexcept:
    # Another thread may be in the handler, with the views of its own.
    cdef BatchMetadata view = probe.spare_batch
    probe.spare_batch = None
    # The lease is that of all views made from it. Asked now and not after the last call: meanwhile
    # the garbage collector shows what it knows to any program.
    if view is None or references(<PyObject *>view) != 1 or references(<PyObject *>view.lease) != 1:
        view = wrap_batch(batch, Lease())
    else:
        view.lease.batch = batch
        view.lease.open = True
        view.meta = batch
        view.label_table = None
    Py_XDECREF(run_handler(probe, <void *>view, view.lease))
    probe.spare_batch = view


cdef bint show_buffer(PadProbe probe, GstElement *element, GstBuffer *buffer) noexcept:
    cdef Buffer view = probe.spare_buffer
    cdef bint passes = True
    cdef PyObject *result
    cdef int truth
    probe.spare_buffer = None
    if view is None or not is_spare_buffer(view):
        view = wrap_buffer(buffer, Lease())
    else:
        reuse_buffer(view, buffer)
    view.place = <GstObject *>element
    result = run_handler(probe, <void *>view, view.lease)
    if result != NULL and result != Py_None and not probe.reads:
        truth = PyObject_IsTrue(result)
        if truth < 0:
            fail(probe)
        passes = truth != 0
    Py_XDECREF(result)
    probe.spare_buffer = view
    return passes


cdef PyObject *run_handler(PadProbe probe, void *view, Lease lease) noexcept:
    """What the handler returned; NULL where it raised, which has been reported then."""
    cdef Entry entry
    cdef PyObject *result
    enter(&entry, probe)
    result = PyObject_CallFunctionObjArgs(probe.handler, view, NULL)
    if result == NULL:
        fail(probe)
    leave(&entry)
    lease.close()
    return result


cdef void fail(PadProbe probe) noexcept:
    """Report the exception that is set."""
    dsbind_hook_set_enabled(probe.hook, False)
    try:
        raise_it()
    except BaseException as error:
        try:
            probe.on_error(error)
        except BaseException:
            PyErr_WriteUnraisable(probe.handler)


cdef int raise_it() except -1:
    return -1
