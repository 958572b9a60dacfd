# SPDX-License-Identifier: Apache-2.0
"""Python callbacks on the buffers that reach an appsink."""

from cpython.exc cimport PyErr_WriteUnraisable
from libc.stdlib cimport calloc, free
from libc.string cimport memset

from dsbind.capi.gst cimport *
from dsbind.capi.gstapp cimport *
from dsbind.gst cimport Element, orphaned
from dsbind._callbacks cimport Entry, enter, is_current, leave
from dsbind._framelayout cimport PlainFrame, describe_plain
from dsbind._lease cimport Lease
from dsbind._threads cimport keep_thread
from dsbind.buffer cimport Buffer, is_spare_buffer, reuse_buffer, wrap_buffer

from dsbind.errors import ProbeError


# What the appsink and the AppSink hold; whoever goes last frees it.
cdef struct Hook:
    # The AppSink; cleared when it goes. Read and written under the GIL only.
    void *receiver
    int enabled
    int users


cdef class AppSink:
    """Calls `handler` with each `Buffer` that reaches an appsink, on its streaming thread.

    Parameters
    ----------
    element
        The appsink. It need not emit signals.
    handler
        Gets the buffer; its result is not looked at.
    on_error
        Gets an exception raised by the handler, on the streaming thread. What comes afterwards is
        dropped, so that the stream can still end.
    """

    cdef object handler
    cdef object on_error
    cdef GstAppSink *sink
    cdef Hook *hook
    # The view of the last call: that of the next, where nobody has kept it.
    cdef Buffer spare

    def __init__(self, Element element not None, handler, on_error):
        cdef GstAppSinkCallbacks callbacks
        if self.sink != NULL:
            raise ProbeError("an AppSink cannot be initialised twice")
        if not g_type_is_a(G_OBJECT_TYPE(element.element), GST_TYPE_APP_SINK):
            raise ProbeError(f"Probe failure: {element} is no appsink; a Receiver sits on one")
        self.handler = handler
        self.on_error = on_error
        self.hook = <Hook *>calloc(1, sizeof(Hook))
        if self.hook == NULL:
            raise MemoryError()
        self.hook.receiver = <void *>self
        self.hook.enabled = 1
        self.hook.users = 2
        self.sink = <GstAppSink *>gst_object_ref(element.element)
        memset(&callbacks, 0, sizeof(callbacks))
        callbacks.new_sample = on_sample
        with nogil:
            gst_app_sink_set_callbacks(self.sink, &callbacks, self.hook, release)

    def __dealloc__(self):
        cdef GstAppSinkCallbacks none
        if self.hook != NULL:
            self.hook.receiver = NULL
        if self.sink != NULL and not orphaned:
            memset(&none, 0, sizeof(none))
            # The streaming thread may hold the element's lock and want the GIL.
            with nogil:
                gst_app_sink_set_callbacks(self.sink, &none, NULL, NULL)
                gst_object_unref(self.sink)
                release(self.hook)

    @property
    def enabled(self):
        """Whether the handler is called. False drops buffers without taking the GIL."""
        return bool(g_atomic_int_get(&self.hook.enabled))

    @enabled.setter
    def enabled(self, bint on):
        g_atomic_int_set(&self.hook.enabled, on)

    def is_current(self):
        """Whether the calling thread is in its handler."""
        return is_current(self)


cdef void release(gpointer data) noexcept nogil:
    if g_atomic_int_dec_and_test(&(<Hook *>data).users):
        free(data)


cdef GstFlowReturn on_sample(GstAppSink *sink, gpointer data) noexcept nogil:
    cdef Hook *hook = <Hook *>data
    cdef GstSample *sample = gst_app_sink_pull_sample(sink)
    cdef GstBuffer *buffer
    cdef PlainFrame plain
    # None at the end of the stream, or when it is flushed.
    if sample == NULL:
        return GST_FLOW_OK
    buffer = gst_sample_get_buffer(sample)
    if g_atomic_int_get(&hook.enabled) and buffer != NULL:
        keep_thread()
        if describe_plain(&plain, buffer, gst_sample_get_caps(sample)):
            call(hook, buffer, &plain)
        else:
            call(hook, buffer, NULL)
    gst_sample_unref(sample)
    return GST_FLOW_OK


cdef void call(Hook *hook, GstBuffer *buffer, PlainFrame *plain) noexcept with gil:
    cdef AppSink receiver
    if hook.receiver == NULL:
        return
    receiver = <AppSink>hook.receiver
    # None once the garbage collector has taken it apart.
    if receiver.handler is not None:
        run_handler(receiver, buffer, plain)


cdef int run_handler(AppSink receiver, GstBuffer *buffer, PlainFrame *plain) except -1:
    cdef Entry entry
    cdef Buffer view = receiver.spare
    receiver.spare = None
    if view is None or not is_spare_buffer(view):
        view = wrap_buffer(buffer, Lease())
    else:
        reuse_buffer(view, buffer)
    if plain != NULL:
        view.plain = &plain.surface
    view.place = <GstObject *>receiver.sink
    enter(&entry, receiver)
    try:
        receiver.handler(view)
    except BaseException as error:
        g_atomic_int_set(&receiver.hook.enabled, 0)
        try:
            receiver.on_error(error)
        except BaseException:
            PyErr_WriteUnraisable(receiver.handler)
    finally:
        leave(&entry)
        view.lease.close()
        receiver.spare = view
    return 0
