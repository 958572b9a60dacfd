# SPDX-License-Identifier: Apache-2.0
"""Clicks on the window behind a tiler choose the source that it shows. No Python is run for them."""

cimport cython

from libc.math cimport ceil, sqrt
from libc.stdlib cimport calloc, free

from dsbind.capi.gst cimport *
from dsbind.capi.gstnvdsmeta cimport gst_buffer_get_nvds_batch_meta
from dsbind.capi.nvbufsurface cimport NvBufSurface
from dsbind.capi.nvdsmeta cimport NvDsBatchMeta, NvDsFrameMeta
from dsbind.gst cimport Element, orphaned
from dsbind.surface cimport find_surface

from dsbind.errors import ConfigError

cdef extern from "gst/gst.h" nogil:
    GstPadProbeType GST_PAD_PROBE_TYPE_EVENT_UPSTREAM
    GstElement *gst_pad_get_parent_element(GstPad *pad)
    GstEvent *GST_PAD_PROBE_INFO_EVENT(GstPadProbeInfo *info)
    GstBuffer *GST_PAD_PROBE_INFO_BUFFER(GstPadProbeInfo *info)
    void g_object_get(gpointer object, const gchar *name, ...)
    void g_object_set(gpointer object, const gchar *name, ...)
    void g_atomic_int_inc(int *atomic)

cdef extern from "gst/video/navigation.h" nogil:
    ctypedef enum GstNavigationEventType:
        GST_NAVIGATION_EVENT_MOUSE_BUTTON_PRESS
    GstNavigationEventType gst_navigation_event_get_type(GstEvent *event)
    gboolean gst_navigation_event_parse_mouse_button_event(GstEvent *event, gint *button,
                                                           gdouble *x, gdouble *y)

cdef enum:
    LEFT = 1
    RIGHT = 3


# What the pads hold; the last of them frees it.
cdef struct Batch:
    int users
    # How many sources share the frame.
    int sources


@cython.final
cdef class TileMouse:
    """Listens to the clicks that reach a tiler, until it is closed.

    Parameters
    ----------
    tiler
        An element with `show-source`, `rows`, `columns`, `width` and `height`.
    """

    cdef GstPad *source
    cdef GstPad *sink
    cdef gulong click
    cdef gulong frame

    def __init__(self, Element tiler not None):
        cdef Batch *batch
        if self.source != NULL:
            raise ConfigError("a TileMouse cannot be initialised twice")
        self.source = gst_element_get_static_pad(tiler.element, "src")
        self.sink = gst_element_get_static_pad(tiler.element, "sink")
        if self.source == NULL or self.sink == NULL:
            raise ConfigError(f"{tiler} is no tiler: it has not the pads sink and src")
        batch = <Batch *>calloc(1, sizeof(Batch))
        if batch == NULL:
            raise MemoryError()
        batch.users = 2
        self.frame = gst_pad_add_probe(self.sink, GST_PAD_PROBE_TYPE_BUFFER, on_frame, batch,
                                       give_up)
        self.click = gst_pad_add_probe(self.source, GST_PAD_PROBE_TYPE_EVENT_UPSTREAM, on_event,
                                       batch, give_up)

    def __dealloc__(self):
        self.let_go()

    def close(self):
        """Listen no longer. Can be called twice."""
        self.let_go()

    cdef void let_go(self) noexcept:
        cdef GstPad *source = self.source
        cdef GstPad *sink = self.sink
        self.source = self.sink = NULL
        if orphaned:
            return
        # A streaming thread may hold the lock of a pad and want the GIL.
        with nogil:
            if source != NULL:
                if self.click:
                    gst_pad_remove_probe(source, self.click)
                gst_object_unref(source)
            if sink != NULL:
                if self.frame:
                    gst_pad_remove_probe(sink, self.frame)
                gst_object_unref(sink)


cdef void give_up(gpointer data) noexcept nogil:
    if g_atomic_int_dec_and_test(&(<Batch *>data).users):
        free(data)


cdef GstPadProbeReturn on_frame(GstPad *pad, GstPadProbeInfo *info, gpointer data) noexcept nogil:
    """Count the sources as the tiler does: by the size of the batch, and by who has come."""
    cdef GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER(info)
    cdef NvBufSurface *surface = find_surface(buffer)
    cdef NvDsBatchMeta *meta = gst_buffer_get_nvds_batch_meta(buffer)
    cdef Batch *batch = <Batch *>data
    cdef int sources = 0 if surface == NULL else <int>surface.batchSize
    cdef NvDsFrameMeta *frame
    cdef GList *link = NULL if meta == NULL else meta.frame_meta_list
    if link != NULL:
        sources //= max((<NvDsFrameMeta *>link.data).num_surfaces_per_frame, 1)
    while link != NULL:
        frame = <NvDsFrameMeta *>link.data
        sources = max(sources, <int>frame.pad_index + 1)
        link = link.next
    if sources > g_atomic_int_get(&batch.sources):
        g_atomic_int_set(&batch.sources, sources)
    return GST_PAD_PROBE_OK


cdef GstPadProbeReturn on_event(GstPad *pad, GstPadProbeInfo *info, gpointer data) noexcept nogil:
    cdef GstEvent *event = GST_PAD_PROBE_INFO_EVENT(info)
    cdef GstElement *tiler
    cdef gint button = 0
    cdef gdouble x = 0
    cdef gdouble y = 0
    if gst_navigation_event_get_type(event) != GST_NAVIGATION_EVENT_MOUSE_BUTTON_PRESS \
            or not gst_navigation_event_parse_mouse_button_event(event, &button, &x, &y):
        return GST_PAD_PROBE_OK
    tiler = gst_pad_get_parent_element(pad)
    if tiler != NULL:
        choose(tiler, g_atomic_int_get(&(<Batch *>data).sources), button, x, y)
        gst_object_unref(tiler)
    return GST_PAD_PROBE_OK


cdef void choose(GstElement *tiler, int sources, gint button, double x, double y) noexcept nogil:
    """Show the source whose tile was clicked with the left button; with the right one, all."""
    cdef guint rows = 0
    cdef guint columns = 0
    cdef guint width = 0
    cdef guint height = 0
    cdef gint shown = -1
    cdef gint source
    g_object_get(tiler, "rows", &rows, "columns", &columns, "width", &width, "height", &height,
                 "show-source", &shown, NULL)
    if button == RIGHT:
        g_object_set(tiler, "show-source", -1, NULL)
    if button != LEFT or shown >= 0 or not (0 <= x < width and 0 <= y < height):
        return
    # Where it was given no grid with room for all, the tiler makes one.
    if <guint64>rows * columns < <guint64>sources:
        columns = <guint>ceil(sqrt(<double>sources))
        rows = (<guint>sources + columns - 1) // columns
    source = <gint>(<gint>(y * rows / height) * <gint>columns + <gint>(x * columns / width))
    if source < sources:
        g_object_set(tiler, "show-source", source, NULL)
