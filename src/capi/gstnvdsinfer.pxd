# SPDX-License-Identifier: Apache-2.0
# What gstnvdsinfer.h and nvdsinfer.h declare.

cdef extern from "gstnvdsinfer.h" nogil:
    enum:
        NVDSINFER_MAX_DIMS

    ctypedef enum NvDsInferDataType:
        FLOAT
        HALF
        INT8
        INT32
        INT64
        UINT8

    ctypedef struct NvDsInferDims:
        unsigned int numDims
        unsigned int d[8]

    ctypedef struct NvDsInferLayerInfo:
        NvDsInferDataType dataType
        NvDsInferDims inferDims
        const char *layerName

    ctypedef struct NvDsInferTensorMeta:
        unsigned int unique_id
        unsigned int num_output_layers
        NvDsInferLayerInfo *output_layers_info
        void **out_buf_ptrs_host
