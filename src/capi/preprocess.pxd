# SPDX-License-Identifier: Apache-2.0
# What native/preprocess/preprocess_view.h declares.

from libc.stdint cimport uint64_t

from dsbind.capi.nvds_roi_meta cimport NvDsDataType, NvDsRoiMeta
from dsbind.capi.nvdsmeta cimport NvDsUserMeta


cdef extern from "preprocess_view.h" nogil:
    enum:
        DSBIND_TENSOR_DIMS

    ctypedef struct DsbindTensorView:
        const char *name
        unsigned int meta_id
        NvDsDataType data_type
        void *data
        uint64_t size
        unsigned int n_dims
        int dims[8]

    size_t dsbind_preprocess_rois(const void *batch_meta)
    NvDsRoiMeta *dsbind_preprocess_roi(void *batch_meta, size_t index)
    void dsbind_preprocess_tensor(const void *batch_meta, DsbindTensorView *view)
    bint dsbind_preprocess_carry(
        NvDsUserMeta *user, const DsbindTensorView *tensor, uint64_t target,
        void (*release)(void *owner) noexcept nogil, void *owner)
