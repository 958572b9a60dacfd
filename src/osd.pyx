# SPDX-License-Identifier: Apache-2.0
"""What is drawn on a frame: boxes, text, lines. Pixels of the frame, colours from 0 to 1.

Objects made here own their values. Those read from metadata (`object_meta.rect_params`) refer to
it: writing to them changes what is drawn, and they go stale with their buffer.
"""

cimport cython

from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS,
    PyBuffer_Release,
    PyObject_GetBuffer,
)
from cpython.bytearray cimport PyByteArray_FromStringAndSize
from libc.string cimport memcpy, strcmp

from dsbind.capi.glib cimport g_free
from dsbind.capi.nvdsmeta cimport g_intern_string, g_strdup, g_try_malloc
from dsbind._color cimport WHITE, describe, unsigned, wrap_color
from dsbind._lease cimport ALWAYS
from dsbind._strings cimport encode

import enum

from dsbind._shapes import ArrowHead

__all__ = (
    "Arrow",
    "ArrowHead",
    "Circle",
    "Color",
    "EventHandler",
    "Font",
    "FontFamily",
    "Line",
    "Mask",
    "Rect",
    "Text",
    "TextParams",
)

# A class that is cimported is no attribute of the module by itself.
globals().update(Arrow=Arrow, Circle=Circle, Color=Color, Line=Line, Rect=Rect)


def __getattr__(name):
    # On demand: it brings GStreamer with it, which who only draws needs not.
    if name == "EventHandler":
        from dsbind.events import EventHandler

        return EventHandler
    raise AttributeError(f"module 'dsbind.osd' has no attribute {name!r}")


class FontFamily(str, enum.Enum):
    """Families a font can be named by; any other family is given as a string."""

    Serif = "Serif"


@cython.final
cdef class Font:
    """Wrap `NvOSD_FontParams`."""

    def __cinit__(self):
        self.lease = ALWAYS
        self.params = &self.own
        set_font_defaults(&self.own)

    def __init__(self, name=FontFamily.Serif, size=11, Color color=None):
        self.name = name
        self.size = size
        if color is not None:
            self.color = color

    cdef NvOSD_FontParams *get(self) except NULL:
        self.lease.check()
        return self.params

    @property
    def name(self):
        """Family: a `FontFamily`, or the name of any other as a string."""
        cdef NvOSD_FontParams *params = self.get()
        if params.font_name == NULL or strcmp(params.font_name, "Serif") == 0:
            return FontFamily.Serif
        return params.font_name.decode("utf-8", "replace")

    @name.setter
    def name(self, value):
        # The C API borrows the name for as long as any copy of the metadata lives.
        cdef bytes name = encode(value)
        self.get().font_name = <char *>g_intern_string(name)

    @property
    def size(self):
        return self.get().font_size

    @size.setter
    def size(self, value):
        self.get().font_size = unsigned("size", value)

    @property
    def color(self):
        return wrap_color(&self.get().font_color, self.lease, self)

    @color.setter
    def color(self, Color value not None):
        self.get().font_color = value.get()[0]

    def __repr__(self):
        return describe(self, self.lease, ("name", "size", "color"))


cdef class TextBase:
    """What `Text` and `TextParams` share."""

    def __cinit__(self):
        self.lease = ALWAYS
        self.params = &self.own
        set_font_defaults(&self.own.font_params)

    def __dealloc__(self):
        g_free(self.own.display_text)

    cdef NvOSD_TextParams *get(self) except NULL:
        self.lease.check()
        return self.params

    @property
    def display_text(self):
        """The text, as str; str or bytes (UTF-8) can be assigned."""
        cdef NvOSD_TextParams *params = self.get()
        if params.display_text == NULL:
            return ""
        return params.display_text.decode("utf-8", "replace")

    @display_text.setter
    def display_text(self, value):
        cdef bytes text = encode(value)
        cdef NvOSD_TextParams *params = self.get()
        self.lease.lock()
        g_free(params.display_text)
        params.display_text = g_strdup(text)
        self.lease.unlock()

    @property
    def x_offset(self):
        return self.get().x_offset

    @x_offset.setter
    def x_offset(self, value):
        self.get().x_offset = unsigned("x_offset", value)

    @property
    def y_offset(self):
        return self.get().y_offset

    @y_offset.setter
    def y_offset(self, value):
        self.get().y_offset = unsigned("y_offset", value)

    def copy(self):
        """Return a text of its own, which outlives the buffer."""
        cdef TextBase copy = type(self)()
        copy_text(&copy.own, self.get(), ALWAYS)
        return copy


@cython.final
cdef class Text(TextBase):
    """A text to draw, with a font and an optional background (`NvOSD_TextParams`)."""

    @property
    def font(self):
        return wrap_font(&self.get().font_params, self.lease, self)

    @font.setter
    def font(self, Font value not None):
        self.get().font_params = value.get()[0]

    @property
    def set_bg_color(self):
        """Whether the background is filled."""
        return self.get().set_bg_clr != 0

    @set_bg_color.setter
    def set_bg_color(self, bint value):
        self.get().set_bg_clr = value

    @property
    def bg_color(self):
        return wrap_color(&self.get().text_bg_clr, self.lease, self)

    @bg_color.setter
    def bg_color(self, Color value not None):
        self.get().text_bg_clr = value.get()[0]

    def __repr__(self):
        return describe(self, self.lease, (
            "display_text", "x_offset", "y_offset", "font", "set_bg_color", "bg_color"))


@cython.final
cdef class TextParams(TextBase):
    """Wrap `NvOSD_TextParams` under the names of its members, as objects carry it."""

    @property
    def font_params(self):
        return wrap_font(&self.get().font_params, self.lease, self)

    @font_params.setter
    def font_params(self, Font value not None):
        self.get().font_params = value.get()[0]

    @property
    def set_bg_clr(self):
        """Whether the background is filled."""
        return self.get().set_bg_clr != 0

    @set_bg_clr.setter
    def set_bg_clr(self, bint value):
        self.get().set_bg_clr = value

    @property
    def text_bg_clr(self):
        return wrap_color(&self.get().text_bg_clr, self.lease, self)

    @text_bg_clr.setter
    def text_bg_clr(self, Color value not None):
        self.get().text_bg_clr = value.get()[0]

    def __repr__(self):
        return describe(self, self.lease, (
            "display_text", "x_offset", "y_offset", "font_params", "set_bg_clr", "text_bg_clr"))


@cython.final
cdef class Mask:
    """Wrap `NvOSD_MaskParams`: a mask stretched over the box of its object.

    `mask_array` is a copy, (H, W) float32; assign an array to change the mask.
    """

    def __cinit__(self):
        self.lease = ALWAYS
        self.params = &self.own

    def __dealloc__(self):
        g_free(self.own.data)

    cdef NvOSD_MaskParams *get(self) except NULL:
        self.lease.check()
        return self.params

    @property
    def threshold(self):
        """A pixel belongs to the object where the mask is above this."""
        return self.get().threshold

    @threshold.setter
    def threshold(self, float value):
        self.get().threshold = value

    @property
    def mask_array(self):
        import numpy  # 15 MiB that most programs never need; before the pointer is read

        cdef NvOSD_MaskParams *params = self.get()
        cdef size_t size = <size_t>params.width * params.height * sizeof(float)
        if params.data == NULL or size == 0 or params.size < size:
            return numpy.empty((0, 0), numpy.float32)
        height, width = params.height, params.width
        # In one step: making the array can let another thread run, which may change the mask.
        pixels = PyByteArray_FromStringAndSize(<char *>params.data, size)
        return numpy.frombuffer(pixels, numpy.float32).reshape(height, width)

    @mask_array.setter
    def mask_array(self, value):
        import numpy

        cdef NvOSD_MaskParams new
        cdef Py_buffer view
        array = numpy.ascontiguousarray(value, numpy.float32)
        if array.ndim != 2 or array.nbytes > 0xffffffff:
            raise ValueError(f"mask_array has the shape {array.shape}; it takes (height, width)")
        new.height, new.width = array.shape
        new.threshold = self.get().threshold
        PyObject_GetBuffer(array, &view, PyBUF_C_CONTIGUOUS)
        new.data = <float *>view.buf
        new.size = <unsigned int>view.len
        try:
            copy_mask(self.get(), &new, self.lease)
        finally:
            PyBuffer_Release(&view)

    def copy(self):
        """Return a mask of its own, which outlives the buffer."""
        cdef Mask copy = Mask()
        copy_mask(&copy.own, self.get(), ALWAYS)
        return copy

    def __repr__(self):
        if not self.lease.open:
            return "<Mask of a buffer that is gone>"
        return f"<Mask {self.params.height}x{self.params.width} threshold={self.threshold}>"


cdef Font wrap_font(NvOSD_FontParams *params, Lease lease, object owner):
    cdef Font font = Font.__new__(Font)
    font.lease = lease
    font.owner = owner
    font.params = params
    return font


cdef TextParams wrap_text(NvOSD_TextParams *params, Lease lease):
    cdef TextParams text = TextParams.__new__(TextParams)
    text.lease = lease
    text.params = params
    return text


cdef Mask wrap_mask(NvOSD_MaskParams *params, Lease lease):
    cdef Mask mask = Mask.__new__(Mask)
    mask.lease = lease
    mask.params = params
    return mask


cdef int copy_text(NvOSD_TextParams *target, NvOSD_TextParams *source, Lease lease) except -1:
    # Taken before the lock: the source may be gone by the time the target's lock is free.
    cdef NvOSD_TextParams new = source[0]
    if target == source:
        return 0
    new.display_text = g_strdup(source.display_text)
    try:
        lease.lock()
    except BaseException:
        g_free(new.display_text)
        raise
    g_free(target.display_text)
    target[0] = new
    lease.unlock()
    return 0


cdef int copy_mask(NvOSD_MaskParams *target, NvOSD_MaskParams *source, Lease lease) except -1:
    cdef NvOSD_MaskParams new = source[0]
    cdef float *data = NULL
    if target == source:
        return 0
    if source.data != NULL and source.size > 0:
        data = <float *>g_try_malloc(source.size)
        if data == NULL:
            raise MemoryError(f"no memory for a mask of {source.size} bytes")
        memcpy(data, source.data, source.size)
    try:
        lease.lock()
    except BaseException:
        g_free(data)
        raise
    g_free(target.data)
    target[0] = new
    target.data = data
    target.size = new.size if data != NULL else 0
    lease.unlock()
    return 0


cdef void set_font_defaults(NvOSD_FontParams *font) noexcept:
    # What nvinfer gives its texts.
    font.font_name = <char *>g_intern_string("Serif")
    font.font_size = 11
    font.font_color = WHITE
