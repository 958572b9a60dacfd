# SPDX-License-Identifier: Apache-2.0
# What native/analytics/analytics_view.h declares.

from libc.stdint cimport uint64_t


cdef extern from "analytics_view.h" nogil:
    ctypedef enum DsbindCountKind:
        DSBIND_COUNT_IN_ROI
        DSBIND_COUNT_OVERCROWDED
        DSBIND_COUNT_CROSSED
        DSBIND_COUNT_CROSSED_TOTAL
        DSBIND_COUNT_CLASS

    ctypedef enum DsbindStatusKind:
        DSBIND_STATUS_ROI
        DSBIND_STATUS_OVERCROWDED
        DSBIND_STATUS_CROSSED
        DSBIND_STATUS_DIRECTION
        DSBIND_STATUS_OBJECT

    ctypedef struct DsbindCount:
        const char *label
        int class_id
        uint64_t value

    int dsbind_frame_analytics_type()
    int dsbind_object_analytics_type()
    size_t dsbind_frame_counts(
        const void *frame_meta, DsbindCountKind kind, DsbindCount *counts, size_t capacity)
    unsigned int dsbind_frame_unique_id(const void *frame_meta)
    const char *dsbind_object_status(
        const void *object_info, DsbindStatusKind kind, size_t index)
    unsigned int dsbind_object_unique_id(const void *object_info)
