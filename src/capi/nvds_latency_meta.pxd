# SPDX-License-Identifier: Apache-2.0
# What nvds_latency_meta.h declares.

from dsbind.capi.glib cimport gboolean, gdouble, guint
from dsbind.capi.gst cimport GstBuffer


cdef extern from "nvds_latency_meta.h" nogil:
    ctypedef struct NvDsFrameLatencyInfo:
        guint source_id
        guint frame_num
        gdouble comp_in_timestamp
        gdouble latency

    gboolean nvds_get_enable_latency_measurement()
    guint nvds_measure_buffer_latency(GstBuffer *buf, NvDsFrameLatencyInfo *latency_info)
