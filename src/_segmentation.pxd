# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.gstnvdsinfer cimport NvDsInferSegmentationMeta
from dsbind.capi.nvdsmeta cimport NvDsUserMeta
from dsbind._lease cimport Lease


cdef class SegmentationUserMetadata:
    cdef Lease lease
    # NULL where the user metadata is of another type.
    cdef NvDsInferSegmentationMeta *meta

    cdef NvDsInferSegmentationMeta *get(self) except? NULL
    cdef object array(self, bint probabilities)


cdef SegmentationUserMetadata wrap_segmentation(NvDsUserMeta *user, Lease lease)
