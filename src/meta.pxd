# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.nvdsmeta cimport NvDsBatchMeta, NvDsFrameMeta, NvDsObjectMeta
from dsbind._classifier cimport ClassifierMetadata, LabelInfo
from dsbind._display cimport DisplayMetadata
from dsbind._lease cimport Lease
from dsbind._usermeta cimport UserMetadata
from dsbind.columns cimport BatchColumns


cdef class BatchMetadata(BatchColumns):
    # True when made by create(): close() then destroys the batch.
    cdef bint owned


cdef class FrameMetadata:
    cdef Lease lease
    cdef NvDsFrameMeta *meta

    cdef NvDsFrameMeta *get(self) except NULL


cdef class ObjectMetadata:
    cdef Lease lease
    cdef NvDsObjectMeta *meta

    cdef NvDsObjectMeta *get(self) except NULL


# The view of a batch whose memory lives as long as `lease` is open. Whoever owns the buffer makes
# the Lease and closes it.
cdef BatchMetadata wrap_batch(NvDsBatchMeta *meta, Lease lease)

# The same of an element of it.
cdef object wrap_frame(void *element, Lease lease)
cdef object wrap_object(void *element, Lease lease)
