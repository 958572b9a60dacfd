# SPDX-License-Identifier: Apache-2.0
# What gstnvdsinfer.h and nvdsinfer.h declare.

cdef extern from *:
    """
    #include <gstnvdsinfer.h>
    #if DSBIND_ABI >= 800
    #define DSBIND_UINT8 UINT8
    #else
    #define DSBIND_UINT8 ((NvDsInferDataType)-1)
    #endif
    """

cdef extern from "gstnvdsinfer.h" nogil:
    enum:
        NVDSINFER_MAX_DIMS

    ctypedef enum NvDsInferDataType:
        FLOAT
        HALF
        INT8
        INT32
        INT64
        # In 7.1 there is none, and nothing is of it.
        UINT8 "DSBIND_UINT8"

    ctypedef struct NvDsInferDims:
        unsigned int numDims
        unsigned int d[8]

    ctypedef struct NvDsInferLayerInfo:
        NvDsInferDataType dataType
        NvDsInferDims inferDims
        const char *layerName

    ctypedef struct NvDsInferNetworkInfo:
        unsigned int width
        unsigned int height
        unsigned int channels

    ctypedef struct NvDsInferTensorMeta:
        unsigned int unique_id
        unsigned int num_output_layers
        NvDsInferLayerInfo *output_layers_info
        void **out_buf_ptrs_host
        void *priv_data
        NvDsInferNetworkInfo network_info
        int maintain_aspect_ratio
        int symmetric_padding

    ctypedef struct NvDsInferSegmentationMeta:
        unsigned int classes
        unsigned int width
        unsigned int height
        int *class_map
        float *class_probabilities_map
        void *priv_data
        int unique_id
