# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.nvll_osd_struct cimport (
    NvOSD_ArrowParams,
    NvOSD_CircleParams,
    NvOSD_LineParams,
    NvOSD_RectParams,
)
from dsbind._lease cimport Lease


cdef class Rect:
    cdef Lease lease
    cdef NvOSD_RectParams *params
    cdef NvOSD_RectParams own

    cdef NvOSD_RectParams *get(self) except NULL


cdef class Line:
    cdef NvOSD_LineParams params


cdef class Arrow:
    cdef NvOSD_ArrowParams params


cdef class Circle:
    cdef NvOSD_CircleParams params


cdef Rect wrap_rect(NvOSD_RectParams *params, Lease lease)
