# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.nvdsmeta cimport NvDsFrameMeta, NvDsObjectMeta
from dsbind._lease cimport Lease


cdef class FrameAttached:
    cdef Lease lease
    cdef NvDsFrameMeta *meta


cdef class ObjectAttached:
    cdef Lease lease
    cdef NvDsObjectMeta *meta
