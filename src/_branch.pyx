# SPDX-License-Identifier: Apache-2.0
"""Guards between a tee and the queue of each branch: what fails behind one stays behind it."""

from dsbind.capi.glib cimport *
from dsbind.capi.gst cimport *
from dsbind.gst cimport Element, orphaned

from dsbind.errors import LinkError

cdef extern from "glib.h" nogil:
    gpointer g_malloc0(gsize size)
    gchar *g_strconcat(const gchar *first, ...)

cdef extern from "gst/gst.h" nogil:
    ctypedef struct GstBufferList:
        pass
    GstFlowReturn gst_pad_chain(GstPad *pad, GstBuffer *buffer)
    GstFlowReturn gst_pad_chain_list(GstPad *pad, GstBufferList *list)
    const gchar *gst_flow_get_name(GstFlowReturn flow)
    GstElement *gst_pad_get_parent_element(GstPad *pad)
    void gst_element_message_full(GstElement *element, int type, GQuark domain, gint code,
                                  gchar *text, gchar *debug, const gchar *file,
                                  const gchar *function, gint line)
    GQuark GST_STREAM_ERROR
    int GST_STREAM_ERROR_FAILED
    int GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM
    int GST_PAD_PROBE_TYPE_EVENT_UPSTREAM
    int GST_PAD_PROBE_HANDLED
    int GST_EVENT_QOS
    int GST_EVENT_FLUSH_STOP
    int GST_ELEMENT_FLAG_SINK
    gboolean GST_OBJECT_FLAG_IS_SET(gpointer object, int flag)
    gboolean gst_element_post_message(GstElement *element, GstMessage *message)
    GstMessage *gst_message_new_eos(GstObject *source)

cdef extern from * nogil:
    """
    static int dsbind_event_type(gpointer event) { return (int)GST_EVENT_TYPE(event); }
    """
    int dsbind_event_type(gpointer event)


# What the tee's pad holds; freed with its probe.
cdef struct State:
    gint closed
    # A sink has had enough. Of the streaming thread only.
    bint ended


cdef class Guard:
    """Lets buffers into a branch until it fails; then they end here and the others go on.

    An error of a branch does not get back to the tee, which would end all of them for it. Where no
    element behind it has said why, the queue does. Late sinks do not ask what is before the tee to
    skip frames either.

    Parameters
    ----------
    queue
        The first element of the branch, linked to the tee.
    """

    cdef GstPad *pad
    cdef State *state
    cdef gulong id

    def __init__(self, Element queue not None):
        cdef GstPad *sink
        cdef int kinds = (GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST
                          | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM
                          | GST_PAD_PROBE_TYPE_EVENT_UPSTREAM)
        if self.pad != NULL:
            raise LinkError("a Guard cannot be initialised twice")
        sink = gst_element_get_static_pad(queue.element, "sink")
        if sink != NULL:
            self.pad = gst_pad_get_peer(sink)
            gst_object_unref(sink)
        if self.pad == NULL:
            raise LinkError(f"{queue} is not linked to a tee")
        self.state = <State *>g_malloc0(sizeof(State))
        self.id = gst_pad_add_probe(self.pad, <GstPadProbeType>kinds, on_data, self.state, g_free)

    def __dealloc__(self):
        if self.pad != NULL and not orphaned:
            with nogil:
                if self.id != 0:
                    gst_pad_remove_probe(self.pad, self.id)
                gst_object_unref(self.pad)

    @property
    def closed(self):
        """Whether the branch gets nothing more."""
        return bool(g_atomic_int_get(&self.state.closed))

    @closed.setter
    def closed(self, bint on):
        g_atomic_int_set(&self.state.closed, on)
        if not on:
            self.state.ended = False


cdef GstPadProbeReturn on_data(GstPad *pad, GstPadProbeInfo *info, gpointer data) noexcept nogil:
    cdef State *state = <State *>data
    cdef GstFlowReturn flow
    cdef GstPad *queue
    if info.type & GST_PAD_PROBE_TYPE_EVENT_UPSTREAM:
        return (GST_PAD_PROBE_DROP if dsbind_event_type(info.data) == GST_EVENT_QOS
                else GST_PAD_PROBE_OK)
    if g_atomic_int_get(&state.closed):
        # Events too: a queue that is shut down refuses them.
        return GST_PAD_PROBE_DROP
    if info.type & GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM:
        if dsbind_event_type(info.data) == GST_EVENT_FLUSH_STOP:
            state.ended = False
        return GST_PAD_PROBE_OK
    if state.ended:
        return GST_PAD_PROBE_DROP
    queue = gst_pad_get_peer(pad)
    if queue == NULL:
        return GST_PAD_PROBE_OK
    # Handed over here, and not by letting it pass, for the sake of the answer.
    if info.type & GST_PAD_PROBE_TYPE_BUFFER_LIST:
        flow = gst_pad_chain_list(queue, <GstBufferList *>info.data)
    else:
        flow = gst_pad_chain(queue, <GstBuffer *>info.data)
    if flow == GST_FLOW_EOS:
        state.ended = True
        gst_pad_send_event(queue, gst_event_new_eos())
    elif flow < GST_FLOW_OK and flow != GST_FLOW_FLUSHING:
        g_atomic_int_set(&state.closed, True)
        tell(queue, flow)
    gst_object_unref(queue)
    return <GstPadProbeReturn>GST_PAD_PROBE_HANDLED


cdef void tell(GstPad *pad, GstFlowReturn flow) noexcept nogil:
    cdef GstElement *queue = gst_pad_get_parent_element(pad)
    cdef gchar *debug
    if queue == NULL:
        return
    debug = g_strconcat(b"branch\nstreaming stopped, reason ", gst_flow_get_name(flow), NULL)
    gst_element_message_full(queue, GST_MESSAGE_ERROR, GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED,
                             g_strdup(b"Internal data stream error."), debug, b"_branch", b"tell", 0)
    gst_object_unref(queue)


def is_sink(Element element not None):
    """Whether streams end in this element."""
    return bool(GST_OBJECT_FLAG_IS_SET(element.element, GST_ELEMENT_FLAG_SINK))


def has_streams_apart(Element element not None):
    """Whether it may have several sink pads and several source pads, as multiqueue has."""
    cdef GList *link = gst_element_get_pad_template_list(element.element)
    cdef GstPadTemplate *template
    cdef int sinks = 0
    cdef int sources = 0
    cdef int pads
    while link != NULL:
        template = <GstPadTemplate *>link.data
        link = link.next
        pads = 1 if template.presence == GST_PAD_ALWAYS else 2
        if template.direction == GST_PAD_SINK:
            sinks += pads
        else:
            sources += pads
    return sinks > 1 and sources > 1


def say_eos(Element element not None):
    """Tell the pipeline that the streams of a sink have ended, though they were cut off."""
    with nogil:
        gst_element_post_message(element.element,
                                 gst_message_new_eos(<GstObject *>element.element))
