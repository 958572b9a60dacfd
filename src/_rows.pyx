# SPDX-License-Identifier: Apache-2.0
"""Pictures of Python's in a pipeline, with their rows where they are.

A GstVideoMeta tells elements where the rows of a frame lie. Those that do not know it take the rows
for GStreamer's; so downstream is asked, and who does not say yes gets a copy.
"""

from libc.stdlib cimport calloc, free

from dsbind.capi.gst cimport *
from dsbind.capi.gstvideo cimport *
from dsbind._framelayout cimport FrameLayout
from dsbind.buffer cimport buffer_over
from dsbind.tensor cimport Tensor

from dsbind.errors import ProbeError


# What downstream of a pad answered last. Only its streaming thread uses it.
cdef struct Answer:
    GstCaps *caps
    # Not held: to be compared with.
    GstPad *peer
    bint accepted


cdef GstBuffer *rows_in_place(Tensor content, FrameLayout layout) except? NULL:
    cdef Py_ssize_t height = layout.info.height
    cdef Py_ssize_t row, pitch
    cdef gsize[4] offsets
    cdef gint[4] strides
    cdef GstBuffer *buffer
    if not content.on_cpu() or not layout.raw or layout.planes() != 1 or layout.tight == 0 \
            or content.count() != <Py_ssize_t>layout.tight:
        return NULL
    row = <Py_ssize_t>layout.tight // height
    pitch = row
    if not content.contiguous():
        if content.dims[0] != height:
            return NULL
        pitch = content.steps[0]
    if pitch == layout.info.stride[0] or pitch < row or pitch >> 31:
        return NULL
    buffer = buffer_over(content, pitch * (height - 1) + row)
    offsets[0] = 0
    strides[0] = <gint>pitch
    gst_buffer_add_video_meta_full(buffer, GST_VIDEO_FRAME_FLAG_NONE,
                                   GST_VIDEO_INFO_FORMAT(&layout.info), layout.info.width,
                                   layout.info.height, 1, offsets, strides)
    return buffer


cdef int watch_rows(GstElement *source) except -1:
    cdef GstPad *pad = NULL
    cdef Answer *answer = <Answer *>calloc(1, sizeof(Answer))
    if answer == NULL:
        raise MemoryError()
    with nogil:
        pad = gst_element_get_static_pad(source, "src")
        if pad != NULL:
            gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, answer, forget)
            gst_object_unref(pad)
    if pad == NULL:
        free(answer)
        raise ProbeError("Probe failure: the appsrc has no source pad")
    return 0


cdef void forget(gpointer data) noexcept nogil:
    cdef Answer *answer = <Answer *>data
    if answer.caps != NULL:
        gst_caps_unref(answer.caps)
    free(answer)


cdef GstPadProbeReturn on_buffer(GstPad *pad, GstPadProbeInfo *info,
                                 gpointer data) noexcept nogil:
    cdef GstBuffer *buffer = <GstBuffer *>info.data
    cdef GstVideoMeta *meta = gst_buffer_get_video_meta(buffer)
    cdef GstBuffer *copy
    cdef GstVideoInfo layout
    cdef GstCaps *caps
    if meta == NULL or meta.n_planes != 1 or gst_buffer_n_memory(buffer) != 1 \
            or not gst_memory_is_type(gst_buffer_peek_memory(buffer, 0), "SystemMemory"):
        return GST_PAD_PROBE_OK
    caps = gst_pad_get_current_caps(pad)
    if caps == NULL:
        return GST_PAD_PROBE_OK
    if gst_video_info_from_caps(&layout, caps) and meta.stride[0] != layout.stride[0] \
            and not is_accepted(pad, caps, <Answer *>data):
        copy = copy_rows(buffer, &layout)
        if copy != NULL:
            gst_buffer_unref(buffer)
            info.data = copy
    gst_caps_unref(caps)
    return GST_PAD_PROBE_OK


cdef bint is_accepted(GstPad *pad, GstCaps *caps, Answer *answer) noexcept nogil:
    """Whether downstream takes rows that are told by a GstVideoMeta."""
    cdef GstPad *peer = gst_pad_get_peer(pad)
    cdef GstQuery *query
    if peer == NULL:
        return False
    gst_object_unref(peer)
    if answer.caps != caps or answer.peer != peer:
        query = gst_query_new_allocation(caps, False)
        answer.accepted = (gst_pad_peer_query(pad, query)
                           and gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, NULL))
        gst_query_unref(query)
        if answer.caps != NULL:
            gst_caps_unref(answer.caps)
        answer.caps = gst_caps_ref(caps)
        answer.peer = peer
    return answer.accepted


cdef GstBuffer *copy_rows(GstBuffer *buffer, const GstVideoInfo *layout) noexcept nogil:
    """The frame with rows as GStreamer pads them; NULL where memory is short."""
    cdef int kinds = GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS
    cdef GstBuffer *copy = gst_buffer_new_allocate(NULL, layout.size, NULL)
    cdef GstVideoFrame source
    cdef GstVideoFrame target
    cdef bint copied = False
    if copy == NULL:
        return NULL
    if gst_video_frame_map(&source, layout, buffer, GST_MAP_READ):
        if gst_video_frame_map(&target, layout, copy, GST_MAP_WRITE):
            copied = gst_video_frame_copy(&target, &source)
            gst_video_frame_unmap(&target)
        gst_video_frame_unmap(&source)
    if not copied:
        gst_buffer_unref(copy)
        return NULL
    gst_buffer_copy_into(copy, buffer, <GstBufferCopyFlags>kinds, 0, <gsize>-1)
    return copy
