# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.nvdsmeta cimport NvDsFrameMeta
from dsbind._lease cimport Lease


cdef class FrameAttached:
    cdef Lease lease
    cdef NvDsFrameMeta *meta
