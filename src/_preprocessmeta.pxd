# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.nvds_roi_meta cimport NvDsRoiMeta
from dsbind.capi.nvdsmeta cimport NvDsUserMeta
from dsbind._lease cimport Lease
from dsbind.columns cimport BatchColumns


cdef class PreprocessBatchUserMetadata:
    cdef Lease lease
    # NULL where the user metadata is of another type.
    cdef NvDsUserMeta *user

    # The GstNvDsPreProcessBatchMeta, NULL where there is none yet.
    cdef void *get(self) except? NULL


cdef class RoiMetadata:
    cdef Lease lease
    cdef NvDsRoiMeta *meta

    cdef NvDsRoiMeta *get(self) except NULL


cdef class PreprocessTensorMetadata:
    cdef PreprocessBatchUserMetadata batch


# What a batch has of them.
cdef class BatchTensors(BatchColumns):
    pass


cdef object wrap_preprocess(void *element, Lease lease)
