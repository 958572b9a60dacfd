# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.nvdsmeta cimport NvDsBatchMeta, NvDsFrameMeta
from dsbind._attached cimport FrameAttached
from dsbind._classifier cimport ClassifierMetadata, LabelInfo
from dsbind._display cimport DisplayMetadata
from dsbind._lease cimport Lease
from dsbind._objectmeta cimport ObjectMetadata
from dsbind._preprocessmeta cimport BatchTensors
from dsbind._usermeta cimport UserMetadata


cdef class BatchMetadata(BatchTensors):
    # True when made by create(): close() then destroys the batch.
    cdef bint owned


cdef class FrameMetadata(FrameAttached):
    cdef NvDsFrameMeta *get(self) except NULL


# The view of a batch whose memory lives as long as `lease` is open. Whoever owns the buffer makes
# the Lease and closes it.
cdef BatchMetadata wrap_batch(NvDsBatchMeta *meta, Lease lease)

# The same of a frame of it.
cdef object wrap_frame(void *element, Lease lease)
