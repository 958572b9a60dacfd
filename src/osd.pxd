# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.nvll_osd_struct cimport (
    NvOSD_FontParams,
    NvOSD_MaskParams,
    NvOSD_TextParams,
)
from dsbind._color cimport Color
from dsbind._lease cimport Lease
from dsbind._shapes cimport Arrow, Circle, Line, Rect


cdef class Font:
    cdef Lease lease
    cdef object owner
    cdef NvOSD_FontParams *params
    cdef NvOSD_FontParams own

    cdef NvOSD_FontParams *get(self) except NULL


cdef class TextBase:
    cdef Lease lease
    cdef NvOSD_TextParams *params
    cdef NvOSD_TextParams own

    cdef NvOSD_TextParams *get(self) except NULL


cdef class Text(TextBase):
    pass


cdef class TextParams(TextBase):
    pass


cdef class Mask:
    cdef Lease lease
    cdef NvOSD_MaskParams *params
    cdef NvOSD_MaskParams own

    cdef NvOSD_MaskParams *get(self) except NULL


cdef TextParams wrap_text(NvOSD_TextParams *params, Lease lease)
cdef Mask wrap_mask(NvOSD_MaskParams *params, Lease lease)

# Deep copies; what `target` held is freed. `lease` is that of the target.
cdef int copy_text(NvOSD_TextParams *target, NvOSD_TextParams *source, Lease lease) except -1
cdef int copy_mask(NvOSD_MaskParams *target, NvOSD_MaskParams *source, Lease lease) except -1

cdef void set_font_defaults(NvOSD_FontParams *font) noexcept
