# SPDX-License-Identifier: Apache-2.0
# What native/capi/dsbind.h declares.

from dsbind.capi.gst cimport GstBuffer, GstElement
from dsbind.capi.nvbufsurface cimport NvBufSurface
from dsbind.capi.nvdsmeta cimport NvDsBatchMeta, NvDsFrameMeta, NvDsObjectMeta


cdef extern from "dsbind.h":
    int DSBIND_PROBE_KEEP
    int DSBIND_PROBE_DROP
    unsigned int DSBIND_PROBE_READS_ONLY
    unsigned int DSBIND_PROBE_ALL_BUFFERS
    const char *DSBIND_PROBE_CAPSULE

    ctypedef int (*DsbindProbeFunction)(NvDsBatchMeta *batch, void *user) noexcept nogil

    unsigned int DSBIND_API_VERSION
    const char *DSBIND_API_CAPSULE

    ctypedef struct DsbindApi:
        unsigned int version
        unsigned int size
        object (*lease_new)()
        int (*lease_close)(object lease) except -1
        object (*wrap_batch)(NvDsBatchMeta *batch, object lease)
        object (*wrap_frame)(NvDsFrameMeta *frame, object lease)
        object (*wrap_object)(NvDsObjectMeta *object, object lease)
        object (*wrap_buffer)(GstBuffer *buffer, object lease)
        object (*wrap_surface)(NvBufSurface *surface)
        NvDsBatchMeta *(*unwrap_batch)(object view) except NULL
        NvDsFrameMeta *(*unwrap_frame)(object view) except NULL
        NvDsObjectMeta *(*unwrap_object)(object view) except NULL
        GstBuffer *(*unwrap_buffer)(object view) except NULL
        NvBufSurface *(*unwrap_surface)(object view) except NULL
        GstElement *(*unwrap_element)(object pipeline, const char *name) except NULL
        object (*probe_new)(const char *name, DsbindProbeFunction probe, void *user,
                            void (*destroy)(void *) noexcept nogil, unsigned int flags)
        int (*probe_attach)(object target, const char *element, object probe) except -1
        int (*probe_register)(const char *factory, DsbindProbeFunction probe, void *user,
                              void (*destroy)(void *) noexcept nogil,
                              unsigned int flags) except -1
        void *(*symbol)(const char *name) except NULL
