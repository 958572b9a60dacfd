# SPDX-License-Identifier: Apache-2.0
"""Boxes, lines, arrows and circles. Users find them in `dsbind.osd`."""

cimport cython

from dsbind.capi.nvll_osd_struct cimport BOTH_HEAD, END_HEAD, START_HEAD, rotation_of
from dsbind._color cimport WHITE, Color, describe, unsigned, wrap_color
from dsbind._lease cimport ALWAYS

import enum

from dsbind.errors import UnsupportedError


class ArrowHead(enum.IntEnum):
    """Which ends of an arrow have a head (`NvOSD_Arrow_Head_Direction`)."""

    Start = START_HEAD
    End = END_HEAD
    Both = BOTH_HEAD


@cython.final
@cython.no_gc
@cython.freelist(64)
cdef class Rect:
    """Wrap `NvOSD_RectParams`: a box, its border and an optional fill. Border width 0 hides it."""

    def __cinit__(self):
        self.lease = ALWAYS
        self.params = &self.own

    def __init__(self, left=0.0, top=0.0, width=0.0, height=0.0):
        self.own.border_width = 1
        self.own.border_color = WHITE
        self.own.left = left
        self.own.top = top
        self.own.width = width
        self.own.height = height

    cdef NvOSD_RectParams *get(self) except NULL:
        self.lease.check()
        return self.params

    @property
    def left(self):
        return self.get().left

    @left.setter
    def left(self, float value):
        self.get().left = value

    @property
    def top(self):
        return self.get().top

    @top.setter
    def top(self, float value):
        self.get().top = value

    @property
    def width(self):
        return self.get().width

    @width.setter
    def width(self, float value):
        self.get().width = value

    @property
    def height(self):
        return self.get().height

    @height.setter
    def height(self, float value):
        self.get().height = value

    @property
    def rotation_angle(self):
        """Clockwise rotation in degrees about the centre."""
        cdef float *angle = rotation_of(self.get())
        return 0.0 if angle == NULL else angle[0]

    @rotation_angle.setter
    def rotation_angle(self, float value):
        cdef float *angle = rotation_of(self.get())
        if angle != NULL:
            angle[0] = value
        elif value:
            raise UnsupportedError("the rectangles of this version of DeepStream have no angle; "
                                   "those of 9.0 and later do")

    @property
    def border_width(self):
        return self.get().border_width

    @border_width.setter
    def border_width(self, value):
        self.get().border_width = unsigned("border_width", value)

    @property
    def border_color(self):
        return wrap_color(&self.get().border_color, self.lease, self)

    @border_color.setter
    def border_color(self, Color value not None):
        self.get().border_color = value.get()[0]

    @property
    def has_bg_color(self):
        """Whether the box is filled with `bg_color`."""
        return self.get().has_bg_color != 0

    @has_bg_color.setter
    def has_bg_color(self, bint value):
        self.get().has_bg_color = value

    @property
    def bg_color(self):
        return wrap_color(&self.get().bg_color, self.lease, self)

    @bg_color.setter
    def bg_color(self, Color value not None):
        self.get().bg_color = value.get()[0]

    def copy(self):
        """Return a rectangle of its own, which outlives the buffer."""
        cdef Rect copy = Rect.__new__(Rect)
        copy.own = self.get()[0]
        return copy

    def __repr__(self):
        return describe(self, self.lease, ("left", "top", "width", "height", "border_width"))


@cython.final
cdef class Line:
    """Wrap `NvOSD_LineParams`."""

    def __init__(self, x1=0, y1=0, x2=0, y2=0, width=1, Color color=None):
        self.x1, self.y1, self.x2, self.y2, self.width = x1, y1, x2, y2, width
        self.params.line_color = WHITE if color is None else color.get()[0]

    @property
    def x1(self):
        return self.params.x1

    @x1.setter
    def x1(self, value):
        self.params.x1 = unsigned("x1", value)

    @property
    def y1(self):
        return self.params.y1

    @y1.setter
    def y1(self, value):
        self.params.y1 = unsigned("y1", value)

    @property
    def x2(self):
        return self.params.x2

    @x2.setter
    def x2(self, value):
        self.params.x2 = unsigned("x2", value)

    @property
    def y2(self):
        return self.params.y2

    @y2.setter
    def y2(self, value):
        self.params.y2 = unsigned("y2", value)

    @property
    def width(self):
        return self.params.line_width

    @width.setter
    def width(self, value):
        self.params.line_width = unsigned("width", value)

    @property
    def color(self):
        return wrap_color(&self.params.line_color, ALWAYS, self)

    @color.setter
    def color(self, Color value not None):
        self.params.line_color = value.get()[0]

    def __repr__(self):
        return describe(self, ALWAYS, ("x1", "y1", "x2", "y2", "width", "color"))


@cython.final
cdef class Arrow:
    """Wrap `NvOSD_ArrowParams`: a line from (x1, y1) to (x2, y2) with one or two heads."""

    def __init__(self, x1=0, y1=0, x2=0, y2=0, width=1, Color color=None, head=ArrowHead.End):
        self.x1, self.y1, self.x2, self.y2, self.width = x1, y1, x2, y2, width
        self.head = head
        self.params.arrow_color = WHITE if color is None else color.get()[0]

    @property
    def x1(self):
        return self.params.x1

    @x1.setter
    def x1(self, value):
        self.params.x1 = unsigned("x1", value)

    @property
    def y1(self):
        return self.params.y1

    @y1.setter
    def y1(self, value):
        self.params.y1 = unsigned("y1", value)

    @property
    def x2(self):
        return self.params.x2

    @x2.setter
    def x2(self, value):
        self.params.x2 = unsigned("x2", value)

    @property
    def y2(self):
        return self.params.y2

    @y2.setter
    def y2(self, value):
        self.params.y2 = unsigned("y2", value)

    @property
    def width(self):
        return self.params.arrow_width

    @width.setter
    def width(self, value):
        self.params.arrow_width = unsigned("width", value)

    @property
    def color(self):
        return wrap_color(&self.params.arrow_color, ALWAYS, self)

    @color.setter
    def color(self, Color value not None):
        self.params.arrow_color = value.get()[0]

    @property
    def head(self):
        return ArrowHead(self.params.arrow_head)

    @head.setter
    def head(self, value):
        self.params.arrow_head = ArrowHead(value)

    def __repr__(self):
        return describe(self, ALWAYS, ("x1", "y1", "x2", "y2", "width", "color", "head"))


@cython.final
cdef class Circle:
    """Wrap `NvOSD_CircleParams`."""

    def __init__(self, xc=0, yc=0, radius=0, Color color=None, width=1):
        self.xc, self.yc, self.radius, self.width = xc, yc, radius, width
        self.params.circle_color = WHITE if color is None else color.get()[0]

    @property
    def xc(self):
        return self.params.xc

    @xc.setter
    def xc(self, value):
        self.params.xc = unsigned("xc", value)

    @property
    def yc(self):
        return self.params.yc

    @yc.setter
    def yc(self, value):
        self.params.yc = unsigned("yc", value)

    @property
    def radius(self):
        return self.params.radius

    @radius.setter
    def radius(self, value):
        self.params.radius = unsigned("radius", value)

    @property
    def width(self):
        return self.params.circle_width

    @width.setter
    def width(self, value):
        self.params.circle_width = unsigned("width", value)

    @property
    def color(self):
        return wrap_color(&self.params.circle_color, ALWAYS, self)

    @color.setter
    def color(self, Color value not None):
        self.params.circle_color = value.get()[0]

    @property
    def has_bg_color(self):
        """Whether the circle is filled with `bg_color`."""
        return self.params.has_bg_color != 0

    @has_bg_color.setter
    def has_bg_color(self, bint value):
        self.params.has_bg_color = value

    @property
    def bg_color(self):
        return wrap_color(&self.params.bg_color, ALWAYS, self)

    @bg_color.setter
    def bg_color(self, Color value not None):
        self.params.bg_color = value.get()[0]

    def __repr__(self):
        return describe(self, ALWAYS, ("xc", "yc", "radius", "width", "color"))


cdef Rect wrap_rect(NvOSD_RectParams *params, Lease lease):
    cdef Rect rect = Rect.__new__(Rect)
    rect.lease = lease
    rect.params = params
    return rect
