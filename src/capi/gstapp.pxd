# SPDX-License-Identifier: Apache-2.0
# gst/app/gstappsrc.h and gstappsink.h: what the modules here use of them.
from dsbind.capi.gst cimport *

cdef extern from "gst/app/gstappsrc.h" nogil:
    ctypedef struct GstAppSrc:
        pass
    ctypedef struct GstAppSrcCallbacks:
        void (*need_data)(GstAppSrc *src, guint length, gpointer user_data) noexcept nogil
        void (*enough_data)(GstAppSrc *src, gpointer user_data) noexcept nogil
    GType GST_TYPE_APP_SRC
    void gst_app_src_set_callbacks(GstAppSrc *appsrc, GstAppSrcCallbacks *callbacks,
                                   gpointer user_data, GDestroyNotify notify)
    GstFlowReturn gst_app_src_push_buffer(GstAppSrc *appsrc, GstBuffer *buffer)
    GstFlowReturn gst_app_src_end_of_stream(GstAppSrc *appsrc)
    GstCaps *gst_app_src_get_caps(GstAppSrc *appsrc)

cdef extern from "gst/app/gstappsink.h" nogil:
    ctypedef struct GstAppSink:
        pass
    ctypedef struct GstAppSinkCallbacks:
        GstFlowReturn (*new_sample)(GstAppSink *appsink, gpointer user_data) noexcept nogil
    GType GST_TYPE_APP_SINK
    void gst_app_sink_set_callbacks(GstAppSink *appsink, GstAppSinkCallbacks *callbacks,
                                    gpointer user_data, GDestroyNotify notify)
    GstSample *gst_app_sink_pull_sample(GstAppSink *appsink)
