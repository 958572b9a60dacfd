# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.nvdsmeta cimport NvDsDisplayMeta
from dsbind._lease cimport Lease


cdef class DisplayMetadata:
    cdef Lease lease
    cdef NvDsDisplayMeta *meta

    cdef NvDsDisplayMeta *get(self) except NULL


cdef DisplayMetadata wrap_display(NvDsDisplayMeta *meta, Lease lease)
