# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.nvdsmeta cimport NvDsBatchMeta
from dsbind._labels cimport LabelTable
from dsbind._lease cimport Lease


# What `BatchMetadata` can do with all of its objects at once.
cdef class BatchColumns:
    cdef Lease lease
    cdef NvDsBatchMeta *meta
    # None until a pass met labels.
    cdef LabelTable label_table

    cdef inline NvDsBatchMeta *get(self) except NULL:
        self.lease.check()
        return self.meta
