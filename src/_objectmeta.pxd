# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.nvdsmeta cimport NvDsObjectMeta
from dsbind._lease cimport Lease


cdef class ObjectMetadata:
    cdef Lease lease
    cdef NvDsObjectMeta *meta

    cdef NvDsObjectMeta *get(self) except NULL


cdef object wrap_object(void *element, Lease lease)
