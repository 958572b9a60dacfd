# SPDX-License-Identifier: Apache-2.0
# What native/rtsp/rtsp.h declares for streams that are served again.

from dsbind.capi.glib cimport GError, guint


cdef extern from "gst/gst.h" nogil:
    int GST_RESOURCE_ERROR_SETTINGS


cdef extern from "rtsp.h" nogil:
    ctypedef struct DsbindRtspRepublish:
        pass
    DsbindRtspRepublish *dsbind_rtsp_republish_start(guint rtsp_port, guint udp_port,
                                                     guint buffer_size, GError **error)
    void dsbind_rtsp_republish_stop(DsbindRtspRepublish *republish)
