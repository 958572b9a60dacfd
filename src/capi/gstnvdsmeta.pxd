# SPDX-License-Identifier: Apache-2.0
# What gstnvdsmeta.h declares.

from dsbind.capi.gst cimport GstBuffer
from dsbind.capi.nvdsmeta cimport NvDsBatchMeta


cdef extern from "gstnvdsmeta.h" nogil:
    NvDsBatchMeta *gst_buffer_get_nvds_batch_meta(GstBuffer *buffer)
