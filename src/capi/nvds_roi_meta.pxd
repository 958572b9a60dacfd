# SPDX-License-Identifier: Apache-2.0
# What nvds_roi_meta.h declares.

from dsbind.capi.glib cimport GList
from dsbind.capi.nvdsmeta cimport NvDsFrameMeta, NvDsObjectMeta
from dsbind.capi.nvll_osd_struct cimport NvOSD_RectParams


# In 7.1 there are no integers of 64 bits.
cdef extern from *:
    """
    #include <nvds_roi_meta.h>
    #if DSBIND_ABI >= 800
    #define DSBIND_INT64 NvDsDataType_INT64
    #define DSBIND_UINT64 NvDsDataType_UINT64
    #else
    #define DSBIND_INT64 ((NvDsDataType)-1)
    #define DSBIND_UINT64 ((NvDsDataType)-2)
    #endif
    """

cdef extern from "nvds_roi_meta.h" nogil:
    ctypedef enum NvDsDataType:
        NvDsDataType_FP32
        NvDsDataType_UINT8
        NvDsDataType_INT8
        NvDsDataType_UINT32
        NvDsDataType_INT32
        NvDsDataType_INT64 "DSBIND_INT64"
        NvDsDataType_UINT64 "DSBIND_UINT64"
        NvDsDataType_FP16

    ctypedef struct NvDsRoiMeta:
        NvOSD_RectParams roi
        NvDsFrameMeta *frame_meta
        GList *classifier_meta_list
        GList *roi_user_meta_list
        NvDsObjectMeta *object_meta
