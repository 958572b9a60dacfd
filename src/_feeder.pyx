# SPDX-License-Identifier: Apache-2.0
"""What an appsrc asks for, and buffers pushed into it.

The element's streaming thread sets a flag and never takes the GIL; a thread of the program's waits
for the flag and pushes. The flag belongs to both, so that each may outlive the other.
"""

from libc.string cimport memset

from dsbind.capi.gst cimport *
from dsbind.capi.gstapp cimport *
from dsbind.gst cimport Element, orphaned
from dsbind._framelayout cimport FrameLayout, layout_of
from dsbind._gpubuffer cimport buffer_moved
from dsbind._rows cimport rows_in_place, watch_rows
from dsbind.buffer cimport Buffer, buffer_to_push
from dsbind.tensor cimport Tensor

import enum

from dsbind.errors import ConfigError, ProbeError


class Pushed(enum.Enum):
    """What became of a buffer."""

    #: It is on its way.
    TAKEN = 1
    #: There was nothing in it.
    EMPTY = 2
    #: The stream has ended: by this, or already.
    ENDED = 3


cdef struct Need:
    GMutex lock
    GCond changed
    int users
    # The run that goes on, 0 for none, and the last one that began.
    unsigned int run
    unsigned int last
    bint wanted
    guint size


cdef class AppSource:
    """An appsrc that is fed.

    Parameters
    ----------
    element
        The appsrc.
    """

    cdef GstAppSrc *source
    cdef Need *need
    cdef FrameLayout layout
    # Of the next frame, where its time counts by the frame rate.
    cdef GstClockTime next
    cdef bint stamped, paced

    def __cinit__(self, Element element not None):
        cdef GstAppSrcCallbacks callbacks
        if not g_type_is_a(G_OBJECT_TYPE(element.element), GST_TYPE_APP_SRC):
            raise ProbeError(f"Probe failure: {element} is no appsrc; a Feeder sits on one")
        self.need = <Need *>g_malloc0(sizeof(Need))
        g_mutex_init(&self.need.lock)
        g_cond_init(&self.need.changed)
        self.need.users = 2
        self.source = <GstAppSrc *>gst_object_ref(element.element)
        watch_rows(element.element)
        memset(&callbacks, 0, sizeof(callbacks))
        callbacks.need_data = on_need_data
        callbacks.enough_data = on_enough_data
        with nogil:
            gst_app_src_set_callbacks(self.source, &callbacks, self.need, release)

    def __dealloc__(self):
        cdef GstAppSrcCallbacks none
        if self.source != NULL and not orphaned:
            memset(&none, 0, sizeof(none))
            # The streaming thread may hold the element's lock and want the GIL.
            with nogil:
                finish(self.need)
                gst_app_src_set_callbacks(self.source, &none, NULL, NULL)
                gst_object_unref(self.source)
                release(self.need)

    def begin(self, bint asked, bint stamped, bint paced):
        """A run begins: its number, for `wait` and `push`.

        Parameters
        ----------
        asked
            Whether data is wanted at once.
        stamped
            Whether frames without a time get one: when they are pushed.
        paced
            Whether frames that come sooner than the frame rate says get the time it says.
        """
        cdef GstCaps *caps
        # Who holds the element's lock may free a buffer that Python made.
        with nogil:
            caps = gst_app_src_get_caps(self.source)
        try:
            self.layout = layout_of(caps)
        finally:
            if caps != NULL:
                gst_caps_unref(caps)
        self.next = 0
        self.stamped = stamped
        self.paced = paced
        return start(self.need, asked)

    def end(self):
        """The run has ended: whoever waits returns, and nothing is pushed any more."""
        # A thread that is not in this process may hold the lock.
        if orphaned:
            return
        with nogil:
            finish(self.need)

    def is_running(self, unsigned int run):
        """Whether a run still goes on."""
        return run == self.need.run

    def wait(self, unsigned int run):
        """Wait until data is wanted: how much, as the appsrc hints. None when the run has ended."""
        cdef guint size = 0
        cdef bint wanted
        with nogil:
            wanted = await_need(self.need, run, &size)
        return size if wanted else None

    def pause(self, unsigned int run, double seconds):
        """Wait for a time, or for the end of the run."""
        cdef gint64 time = <gint64>(seconds * 1e6)
        with nogil:
            rest(self.need, run, time)

    def push(self, unsigned int run, Buffer buffer not None):
        """Push a buffer; an empty `Buffer()` ends the stream.

        Raises
        ------
        ConfigError
            It does not hold what the caps of the appsrc say.
        """
        cdef GstBuffer *data
        cdef GstFlowReturn result
        # Held here: the next run has its own, and may begin while this copies.
        cdef FrameLayout layout = self.layout
        if run != self.need.run:
            return Pushed.ENDED
        data = NULL
        if buffer.content is not None:
            data = buffer_moved(buffer.content, buffer.color, layout)
        if data == NULL and buffer.content is not None:
            data = rows_in_place(buffer.content, layout)
        if data == NULL:
            data = buffer_to_push(buffer)
        if data == NULL:
            with nogil:
                gst_app_src_end_of_stream(self.source)
            return Pushed.ENDED
        if gst_buffer_get_size(data) == 0:
            gst_buffer_unref(data)
            return Pushed.EMPTY
        try:
            check_shape(layout, buffer.content)
        except BaseException:
            gst_buffer_unref(data)
            raise
        data = self.stamp(layout.fit(data))
        with nogil:
            result = gst_app_src_push_buffer(self.source, data)
        return Pushed.TAKEN if result == GST_FLOW_OK else Pushed.ENDED

    cdef GstBuffer *stamp(self, GstBuffer *buffer) noexcept:
        """A buffer with its time. Takes over the reference."""
        cdef GstClockTime time
        if buffer.pts != GST_CLOCK_TIME_NONE or not self.stamped:
            return buffer
        # The program may hold the same buffer, and push it again.
        buffer = gst_buffer_make_writable(buffer)
        with nogil:
            time = running_time(<GstElement *>self.source)
        buffer.pts = time if time > self.next else self.next
        # Else the appsrc sets it, on the way to PLAYING to hours; and sinks wait for it.
        buffer.dts = buffer.pts
        if self.layout.period and buffer.duration == GST_CLOCK_TIME_NONE:
            buffer.duration = self.layout.period
        # Two frames never have the same time, not even before there is a clock.
        self.next = buffer.pts + (self.layout.period if self.layout.period and self.paced
                                  else GST_MSECOND // 1000)
        return buffer


cdef int check_shape(FrameLayout layout, Tensor content) except -1:
    """Refuse a picture with other sides, which may have as many bytes."""
    if content is None or content.ndim < 2 or not layout.raw or layout.planes() != 1:
        return 0
    if content.dims[0] != layout.info.height \
            or content.ndim == 3 and content.dims[1] != layout.info.width:
        sides = " x ".join([str(content.dims[i]) for i in range(content.ndim)])
        raise ConfigError(f"an array of {sides} came where {layout.expected()} is wanted")
    return 0


cdef GstClockTime running_time(GstElement *element) noexcept nogil:
    """The pipeline's time; 0 while it does not play."""
    cdef GstState state = GST_STATE_NULL
    cdef GstClock *clock
    cdef GstClockTime base, now
    # On the way to PLAYING an element has its clock before it knows when time began.
    gst_element_get_state(element, &state, NULL, 0)
    if state != GST_STATE_PLAYING:
        return 0
    clock = gst_element_get_clock(element)
    if clock == NULL:
        return 0
    base = gst_element_get_base_time(element)
    now = gst_clock_get_time(clock)
    gst_object_unref(clock)
    return now - base if now > base else 0


cdef void on_need_data(GstAppSrc *source, guint size, gpointer data) noexcept nogil:
    cdef Need *need = <Need *>data
    g_mutex_lock(&need.lock)
    need.wanted = True
    need.size = size
    g_cond_broadcast(&need.changed)
    g_mutex_unlock(&need.lock)


cdef void on_enough_data(GstAppSrc *source, gpointer data) noexcept nogil:
    cdef Need *need = <Need *>data
    g_mutex_lock(&need.lock)
    need.wanted = False
    g_mutex_unlock(&need.lock)


cdef unsigned int start(Need *need, bint asked) noexcept nogil:
    cdef unsigned int run
    g_mutex_lock(&need.lock)
    need.last = run = need.last + 1
    need.run = run
    need.wanted = asked
    g_cond_broadcast(&need.changed)
    g_mutex_unlock(&need.lock)
    return run


cdef void finish(Need *need) noexcept nogil:
    g_mutex_lock(&need.lock)
    need.run = 0
    need.wanted = False
    g_cond_broadcast(&need.changed)
    g_mutex_unlock(&need.lock)


cdef bint await_need(Need *need, unsigned int run, guint *size) noexcept nogil:
    cdef bint wanted
    g_mutex_lock(&need.lock)
    while need.run == run and not need.wanted:
        g_cond_wait(&need.changed, &need.lock)
    wanted = need.run == run
    size[0] = need.size
    g_mutex_unlock(&need.lock)
    return wanted


cdef void rest(Need *need, unsigned int run, gint64 microseconds) noexcept nogil:
    cdef gint64 until = g_get_monotonic_time() + microseconds
    g_mutex_lock(&need.lock)
    while need.run == run and g_cond_wait_until(&need.changed, &need.lock, until):
        pass
    g_mutex_unlock(&need.lock)


cdef void release(gpointer data) noexcept nogil:
    cdef Need *need = <Need *>data
    if g_atomic_int_dec_and_test(&need.users):
        g_mutex_clear(&need.lock)
        g_cond_clear(&need.changed)
        g_free(need)
