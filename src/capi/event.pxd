# SPDX-License-Identifier: Apache-2.0
# What native/messaging/event declares.

from dsbind.capi.nvdsmeta cimport NvDsFrameMeta, NvDsObjectMeta, NvDsUserMeta


cdef extern from "event.h" nogil:
    ctypedef struct NvDsEventMsgMeta:
        pass

    NvDsEventMsgMeta *dsbind_event_new(const NvDsObjectMeta *object, const NvDsFrameMeta *frame,
                                       const char *sensor, const char *uri, const char *label)
    void dsbind_event_free(NvDsEventMsgMeta *event)
    void dsbind_event_carry(NvDsUserMeta *meta, NvDsEventMsgMeta *event)
    void dsbind_payload_carry(NvDsUserMeta *meta, const void *bytes, unsigned int size,
                              unsigned int component)
