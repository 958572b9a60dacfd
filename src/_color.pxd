# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.nvll_osd_struct cimport NvOSD_ColorParams
from dsbind._lease cimport Lease


# Owns its struct, or refers to one inside metadata (`lease`) or inside another object (`owner`).
# `params` points to it in either case. Rect, Font, the texts and Mask do the same.
cdef class Color:
    cdef Lease lease
    cdef object owner
    cdef NvOSD_ColorParams *params
    cdef NvOSD_ColorParams own

    cdef NvOSD_ColorParams *get(self) except NULL


cdef NvOSD_ColorParams WHITE

cdef Color wrap_color(NvOSD_ColorParams *params, Lease lease, object owner)
cdef double channel(str name, double value) except? -1
cdef unsigned int unsigned(str name, object value) except? 0xffffffff
cdef str describe(object self, Lease lease, tuple names)
