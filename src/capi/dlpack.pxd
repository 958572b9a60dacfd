# SPDX-License-Identifier: Apache-2.0
# The structs of the DLPack protocol: the old one ("dltensor") and the versioned one of 1.0.

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef enum:
    DLPACK_MAJOR = 1
    DLPACK_MINOR = 0

    DL_CPU = 1
    DL_CUDA = 2
    DL_CUDA_HOST = 3
    DL_CUDA_MANAGED = 13

    DL_INT = 0
    DL_UINT = 1
    DL_FLOAT = 2
    DL_COMPLEX = 5
    DL_BOOL = 6

    DL_READ_ONLY = 1
    DL_IS_COPIED = 2


ctypedef struct DLDevice:
    int32_t device_type
    int32_t device_id


ctypedef struct DLDataType:
    uint8_t code
    uint8_t bits
    uint16_t lanes


ctypedef struct DLTensor:
    void *data
    DLDevice device
    int32_t ndim
    DLDataType dtype
    int64_t *shape
    # In elements; NULL means that the elements lie without gaps.
    int64_t *strides
    uint64_t byte_offset


ctypedef struct DLManagedTensor:
    DLTensor tensor
    void *context
    void (*deleter)(DLManagedTensor *self) noexcept nogil


ctypedef struct DLVersion:
    uint32_t major
    uint32_t minor


ctypedef struct DLManagedTensorVersioned:
    DLVersion version
    void *context
    void (*deleter)(DLManagedTensorVersioned *self) noexcept nogil
    uint64_t flags
    DLTensor tensor
