# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.gstnvdsinfer cimport NvDsInferTensorMeta
from dsbind.capi.nvdsmeta cimport NvDsUserMeta
from dsbind._lease cimport Lease


cdef class TensorOutputUserMetadata:
    cdef Lease lease
    # NULL where the user metadata is of another type.
    cdef NvDsInferTensorMeta *meta

    cdef NvDsInferTensorMeta *get(self) except? NULL


cdef TensorOutputUserMetadata wrap_tensors(NvDsUserMeta *user, Lease lease)
