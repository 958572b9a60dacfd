# SPDX-License-Identifier: Apache-2.0
"""Python callbacks on the buffers that leave an element."""

from cpython.exc cimport PyErr_WriteUnraisable
from libc.stdlib cimport calloc, free

from dsbind.capi.gst cimport *
from dsbind.capi.gstnvdsmeta cimport gst_buffer_get_nvds_batch_meta
from dsbind.capi.nvdsmeta cimport NvDsBatchMeta
from dsbind.gst cimport Element, orphaned
from dsbind._lease cimport Lease
from dsbind.meta cimport wrap_batch
from dsbind.surface cimport wrap_buffer

import threading

from dsbind.errors import ProbeError


# What the pad holds. It outlives the PadProbe when the pad does, so that neither the pad's end nor
# a callback that is just starting ever meets a dead object.
cdef struct Hook:
    # The PadProbe; cleared when it goes. Read and written under the GIL only.
    void *probe
    int enabled
    bint batches_only


cdef class PadProbe:
    """Calls `handler` for each buffer that leaves a source pad, until it is closed.

    Parameters
    ----------
    element
        The element to watch.
    pad
        Name of one of its source pads; empty for the last one.
    handler
        Gets a `BatchMetadata` (`batches_only`), called only for buffers that carry one, or a
        `Buffer`; then a false result other than None drops the buffer.
    on_error
        Gets an exception raised by the handler, on the streaming thread.
    """

    cdef object handler
    cdef object on_error
    cdef GstPad *pad
    cdef gulong id
    cdef Hook *hook

    def __init__(self, Element element not None, str pad not None, handler, bint batches_only,
                 on_error):
        cdef int kinds = GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST
        if self.pad != NULL:
            raise ProbeError("a PadProbe cannot be initialised twice")
        self.handler = handler
        self.on_error = on_error
        self.pad = source_pad(element, pad)
        self.hook = <Hook *>calloc(1, sizeof(Hook))
        if self.hook == NULL:
            raise MemoryError()
        self.hook.probe = <void *>self
        self.hook.enabled = 1
        self.hook.batches_only = batches_only
        self.id = gst_pad_add_probe(self.pad, <GstPadProbeType>kinds, on_data, self.hook, free)

    def __dealloc__(self):
        if self.hook != NULL:
            self.hook.probe = NULL
        if self.pad != NULL and not orphaned:
            # The streaming thread may hold the pad's lock and want the GIL.
            with nogil:
                if self.id != 0:
                    gst_pad_remove_probe(self.pad, self.id)
                gst_object_unref(self.pad)

    @property
    def enabled(self):
        """Whether the handler is called. False lets buffers pass without taking the GIL."""
        return bool(g_atomic_int_get(&self.hook.enabled))

    @enabled.setter
    def enabled(self, bint on):
        g_atomic_int_set(&self.hook.enabled, on)

    def is_current(self):
        """Whether the calling thread is in its handler."""
        return running.get(get_ident()) is self


# By thread. Only the thread itself reads and writes its entry.
cdef dict running = {}
cdef object get_ident = threading.get_ident


cdef GstPad *source_pad(Element element, str name) except NULL:
    cdef GstPad *pad = NULL
    cdef bytes key = name.encode()
    cdef const char *key_c = key
    if name:
        pad = gst_element_get_static_pad(element.element, key_c)
        if pad != NULL and gst_pad_get_direction(pad) != GST_PAD_SRC:
            gst_object_unref(pad)
            raise ProbeError(f"Probe failure: {name!r} of {element} is a sink pad; "
                             "probes sit on source pads")
    else:
        gst_element_foreach_src_pad(element.element, keep_last, &pad)
    if pad == NULL:
        raise ProbeError(f"Probe failure: {element} has no source pad"
                         f"{f' {name!r}' if name else ''} now; attach to the element before it")
    return pad


cdef gboolean keep_last(GstElement *element, GstPad *pad, gpointer data) noexcept nogil:
    cdef GstPad **last = <GstPad **>data
    if last[0] != NULL:
        gst_object_unref(last[0])
    last[0] = <GstPad *>gst_object_ref(pad)
    return True


cdef GstPadProbeReturn on_data(GstPad *pad, GstPadProbeInfo *info,
                               gpointer data) noexcept nogil:
    cdef Hook *hook = <Hook *>data
    if info.type & GST_PAD_PROBE_TYPE_BUFFER:
        if not offer(hook, <GstBuffer *>info.data):
            return GST_PAD_PROBE_DROP
    elif hook.enabled:
        info.data = gst_buffer_list_make_writable(<GstBufferList *>info.data)
        gst_buffer_list_foreach(<GstBufferList *>info.data, on_each, hook)
    return GST_PAD_PROBE_OK


cdef gboolean on_each(GstBuffer **buffer, guint index, gpointer data) noexcept nogil:
    if not offer(<Hook *>data, buffer[0]):
        gst_buffer_unref(buffer[0])
        buffer[0] = NULL
    return True


cdef bint offer(Hook *hook, GstBuffer *buffer) noexcept nogil:
    """Hand a buffer to Python where there is something for it: whether it may pass."""
    cdef NvDsBatchMeta *batch = NULL
    if not g_atomic_int_get(&hook.enabled):
        return True
    if hook.batches_only:
        batch = gst_buffer_get_nvds_batch_meta(buffer)
        if batch == NULL:
            return True
    return call(hook, buffer, batch)


cdef bint call(Hook *hook, GstBuffer *buffer, NvDsBatchMeta *batch) noexcept with gil:
    cdef PadProbe probe
    if hook.probe == NULL:
        return True
    probe = <PadProbe>hook.probe
    # None once the garbage collector has taken the probe apart.
    if probe.handler is None:
        return True
    return run_handler(probe, buffer, batch)


cdef bint run_handler(PadProbe probe, GstBuffer *buffer, NvDsBatchMeta *batch) noexcept:
    cdef Lease lease = Lease()
    thread = get_ident()
    running[thread] = probe
    try:
        if batch != NULL:
            probe.handler(wrap_batch(batch, lease))
            return True
        keep = probe.handler(wrap_buffer(buffer, lease))
        return keep is None or bool(keep)
    except BaseException as error:
        g_atomic_int_set(&probe.hook.enabled, 0)
        try:
            probe.on_error(error)
        except BaseException:
            PyErr_WriteUnraisable(probe.handler)
        return True
    finally:
        running.pop(thread, None)
        lease.close()
