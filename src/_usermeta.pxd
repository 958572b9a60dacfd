# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.nvdsmeta cimport NvDsUserMeta
from dsbind._lease cimport Lease


cdef class UserMetadata:
    cdef Lease lease
    cdef NvDsUserMeta *meta

    cdef NvDsUserMeta *get(self) except NULL


cdef object wrap_user(void *element, Lease lease)
