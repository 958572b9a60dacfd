# SPDX-License-Identifier: Apache-2.0
"""Functions of native code on the batches that pass an element. They run without the GIL."""

from cpython.pycapsule cimport PyCapsule_CheckExact, PyCapsule_GetName, PyCapsule_GetPointer
from cpython.ref cimport PyObject, Py_DECREF, Py_INCREF
from libc.stdint cimport uintptr_t
from libc.stdlib cimport calloc, free

from dsbind.capi.api cimport DSBIND_PROBE_DROP, DSBIND_PROBE_KEEP, DsbindProbeFunction
from dsbind.capi.glib cimport gboolean, gpointer
from dsbind.capi.gst cimport GstBuffer, GstElement
from dsbind.capi.gstnvdsmeta cimport gst_buffer_get_nvds_batch_meta
from dsbind.capi.nvdsmeta cimport NvDsBatchMeta
from dsbind.capi.probes cimport *
from dsbind._threads cimport keep_thread
from dsbind._watch cimport Watch
from dsbind.gst cimport Element

from dsbind.errors import NativeProbeError, ProbeError


# What the pads hold. It outlives the FunctionProbe when they do, and keeps what the function needs
# until none of them can call it any more.
cdef struct Call:
    DsbindProbeFunction function
    void *user
    bint all_buffers
    # Objects that own the code and the state.
    PyObject *kept
    # The FunctionProbe; cleared when it goes. Read and written under the GIL only.
    void *probe


cdef class FunctionProbe(Watch):
    """Calls a native function for each batch that passes a pad, until it is closed.

    Parameters
    ----------
    element, pad
        As for a `PadProbe`.
    name
        What an error calls it.
    function, user
        Addresses: of the function, a `DsbindProbeFunction`, and of its state.
    kept
        Kept alive as long as the function may be called.
    on_error
        Gets the exception for an error code, on the streaming thread.
    reads
        Whether it changes nothing.
    all_buffers
        Whether it is called for buffers without a batch too, with NULL.
    """

    cdef object name
    cdef object on_error
    cdef Call *call

    def __init__(self, Element element not None, str pad not None, str name not None,
                 uintptr_t function, uintptr_t user, kept, on_error, bint reads=False,
                 bint all_buffers=False):
        cdef int flags = (DSBIND_HOOK_SAMPLED
                          | (0 if all_buffers else DSBIND_HOOK_BATCHES)
                          | (DSBIND_HOOK_READS if reads else 0))
        if self.hook != NULL:
            raise ProbeError("a FunctionProbe cannot be initialised twice")
        if function == 0:
            raise ProbeError("there is no function at address 0")
        self.name = name
        self.on_error = on_error
        self.call = <Call *>calloc(1, sizeof(Call))
        if self.call == NULL:
            raise MemoryError()
        self.call.function = <DsbindProbeFunction>function
        self.call.user = <void *>user
        self.call.all_buffers = all_buffers
        self.call.probe = <void *>self
        self.call.kept = <PyObject *>kept
        Py_INCREF(kept)
        self.begin(dsbind_hook_new(on_buffer, <DsbindHookFlags>flags, self.call, let_go),
                   element, pad)

    def __dealloc__(self):
        if self.call != NULL:
            self.call.probe = NULL

    cdef str title(self):
        return f"probe {self.name!r}"


def capsule_address(capsule):
    """The name and the address in a PyCapsule; None for another object."""
    cdef const char *name
    if not PyCapsule_CheckExact(capsule):
        return None
    name = PyCapsule_GetName(capsule)
    return ("" if name == NULL else name.decode("utf-8", "replace"),
            <uintptr_t>PyCapsule_GetPointer(capsule, name))


cdef gboolean on_buffer(GstElement *element, GstBuffer *buffer, NvDsBatchMeta *batch,
                        gpointer data) noexcept nogil:
    cdef Call *call = <Call *>data
    cdef int result
    if call.all_buffers:
        batch = gst_buffer_get_nvds_batch_meta(buffer)
    result = call.function(batch, call.user)
    if result == DSBIND_PROBE_KEEP:
        return True
    if result == DSBIND_PROBE_DROP:
        return False
    keep_thread()
    fail(call, result)
    return True


cdef void fail(Call *call, int code) noexcept with gil:
    cdef FunctionProbe probe
    if call.probe == NULL:
        return
    probe = <FunctionProbe>call.probe
    dsbind_hook_set_enabled(probe.hook, False)
    # None once the garbage collector has taken the probe apart.
    if probe.on_error is not None:
        probe.on_error(NativeProbeError(probe.name, code))


cdef void let_go(gpointer data) noexcept nogil:
    drop(<Call *>data)
    free(data)


cdef void drop(Call *call) noexcept with gil:
    Py_DECREF(<object>call.kept)
