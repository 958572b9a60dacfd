# SPDX-License-Identifier: Apache-2.0
"""Colours, and what every object that is drawn needs. Users find it in `dsbind.osd`."""

cimport cython

from dsbind._lease cimport ALWAYS

WHITE = [1.0, 1.0, 1.0, 1.0]


@cython.final
cdef class Color:
    """Wrap `NvOSD_ColorParams`: red, green, blue and alpha, each from 0 to 1."""

    def __cinit__(self):
        self.lease = ALWAYS
        self.params = &self.own

    def __init__(self, red=0.0, green=0.0, blue=0.0, alpha=1.0):
        self.own.red = channel("red", red)
        self.own.green = channel("green", green)
        self.own.blue = channel("blue", blue)
        self.own.alpha = channel("alpha", alpha)

    cdef NvOSD_ColorParams *get(self) except NULL:
        self.lease.check()
        return self.params

    @property
    def red(self):
        return self.get().red

    @red.setter
    def red(self, value):
        self.get().red = channel("red", value)

    @property
    def green(self):
        return self.get().green

    @green.setter
    def green(self, value):
        self.get().green = channel("green", value)

    @property
    def blue(self):
        return self.get().blue

    @blue.setter
    def blue(self, value):
        self.get().blue = channel("blue", value)

    @property
    def alpha(self):
        return self.get().alpha

    @alpha.setter
    def alpha(self, value):
        self.get().alpha = channel("alpha", value)

    def copy(self):
        """Return a colour of its own, which outlives the buffer."""
        cdef Color copy = Color.__new__(Color)
        copy.own = self.get()[0]
        return copy

    def __iter__(self):
        return iter((self.red, self.green, self.blue, self.alpha))

    def __eq__(self, other):
        return isinstance(other, Color) and tuple(self) == tuple(other)

    def __repr__(self):
        return describe(self, self.lease, ("red", "green", "blue", "alpha"))


cdef Color wrap_color(NvOSD_ColorParams *params, Lease lease, object owner):
    cdef Color color = Color.__new__(Color)
    color.lease = lease
    color.owner = owner
    color.params = params
    return color


cdef double channel(str name, double value) except? -1:
    # A rounding error is no mistake; 255 is.
    if not -1e-6 <= value <= 1 + 1e-6:
        raise ValueError(f"{name} is {value:g}; colours go from 0 to 1")
    return min(max(value, 0.0), 1.0)


cdef unsigned int unsigned(str name, object value) except? 0xffffffff:
    # Boxes are floats: `text.x_offset = rect.left` is meant to work.
    cdef object whole = round(value)
    if not 0 <= whole <= 0x7fffffff:
        raise ValueError(f"{name} is {value}; it takes whole numbers from 0")
    return whole


cdef str describe(object self, Lease lease, tuple names):
    cdef str kind = type(self).__name__
    if not lease.open:
        return f"<{kind} of a buffer that is gone>"
    return f"{kind}({', '.join([f'{name}={getattr(self, name)!r}' for name in names])})"
