# SPDX-License-Identifier: Apache-2.0
from libc.stdint cimport uint16_t, uint32_t, uint64_t

from dsbind.capi.nvll_osd_struct cimport NvOSD_RectParams

cdef extern from "nvds_tracker_meta.h" nogil:
    ctypedef struct NvDsTargetMiscDataFrame:
        uint32_t frameNum
        NvOSD_RectParams tBbox
        float confidence
        uint32_t age
        int trackerState

    ctypedef struct NvDsTargetMiscDataObject:
        NvDsTargetMiscDataFrame *list
        uint32_t numObj
        uint64_t uniqueId
        uint16_t classId

    ctypedef struct NvDsTargetMiscDataStream:
        NvDsTargetMiscDataObject *list
        uint32_t streamID
        uint32_t numFilled

    ctypedef struct NvDsTargetMiscDataBatch:
        NvDsTargetMiscDataStream *list
        uint32_t numFilled

    ctypedef struct NvDsObjReid:
        uint32_t featureSize
        float *ptr_host
        float *ptr_dev
