# SPDX-License-Identifier: Apache-2.0
"""What to draw on a frame besides its objects. Users find it in `dsbind.meta`."""

cimport cython

from dsbind.capi.nvdsmeta cimport MAX_ELEMENTS_IN_DISPLAY_META
from dsbind._lease cimport CLOSED
from dsbind.osd cimport Text, copy_text
from dsbind._shapes cimport Arrow, Circle, Line, Rect

from dsbind.errors import warn_of_config

# Of which kinds it was told already that more than fit were added: once is enough.
cdef set told = set()


@cython.final
cdef class DisplayMetadata:
    """Wrap `NvDsDisplayMeta`: up to 16 texts, boxes, lines, arrows and circles each.

    What is added is copied in. A seventeenth of a kind is ignored, and warned of once: acquire a
    second `DisplayMetadata` for it. Made by `BatchMetadata.acquire_display_meta()`.
    """

    def __cinit__(self):
        self.lease = CLOSED

    def __init__(self):
        raise TypeError("DisplayMetadata is made by BatchMetadata.acquire_display_meta()")

    cdef NvDsDisplayMeta *get(self) except NULL:
        self.lease.check()
        return self.meta

    def add_text(self, Text text not None):
        """Draw a text."""
        cdef NvDsDisplayMeta *meta = self.get()
        cdef bint full = False
        # From here on: another thread may add to the same metadata while this one waits.
        self.lease.lock()
        try:
            if meta.num_labels < MAX_ELEMENTS_IN_DISPLAY_META:
                copy_text(&meta.text_params[meta.num_labels], text.get(), self.lease)
                meta.num_labels += 1
            else:
                full = True
        finally:
            self.lease.unlock()
        if full:
            tell_of_full("text")

    def add_rect(self, Rect rect not None):
        """Draw a box."""
        cdef NvDsDisplayMeta *meta = self.get()
        if meta.num_rects < MAX_ELEMENTS_IN_DISPLAY_META:
            meta.rect_params[meta.num_rects] = rect.get()[0]
            meta.num_rects += 1
        else:
            tell_of_full("rect")

    def add_line(self, Line line not None):
        """Draw a line."""
        cdef NvDsDisplayMeta *meta = self.get()
        if meta.num_lines < MAX_ELEMENTS_IN_DISPLAY_META:
            meta.line_params[meta.num_lines] = line.params
            meta.num_lines += 1
        else:
            tell_of_full("line")

    def add_arrow(self, Arrow arrow not None):
        """Draw an arrow."""
        cdef NvDsDisplayMeta *meta = self.get()
        if meta.num_arrows < MAX_ELEMENTS_IN_DISPLAY_META:
            meta.arrow_params[meta.num_arrows] = arrow.params
            meta.num_arrows += 1
        else:
            tell_of_full("arrow")

    def add_circle(self, Circle circle not None):
        """Draw a circle."""
        cdef NvDsDisplayMeta *meta = self.get()
        if meta.num_circles < MAX_ELEMENTS_IN_DISPLAY_META:
            meta.circle_params[meta.num_circles] = circle.params
            meta.num_circles += 1
        else:
            tell_of_full("circle")

    @property
    def n_labels(self):
        """Number of texts."""
        return self.get().num_labels

    @property
    def n_rects(self):
        return self.get().num_rects

    @property
    def n_lines(self):
        return self.get().num_lines

    @property
    def n_arrows(self):
        return self.get().num_arrows

    @property
    def n_circles(self):
        return self.get().num_circles

    def __repr__(self):
        if not self.lease.open:
            return "<DisplayMetadata of a buffer that is gone>"
        return (
            f"<DisplayMetadata n_labels={self.n_labels} n_rects={self.n_rects} "
            f"n_lines={self.n_lines} n_arrows={self.n_arrows} n_circles={self.n_circles}>"
        )


cdef int tell_of_full(str kind) except -1:
    if kind in told:
        return 0
    told.add(kind)
    warn_of_config(
        f"add_{kind}() has no effect: this DisplayMetadata has {MAX_ELEMENTS_IN_DISPLAY_META} of "
        "them already, which is all it holds. Acquire another with "
        "batch_meta.acquire_display_meta() and append it to the frame, too; frame.draw() takes any "
        "number of boxes and texts"
    )
    return 0


cdef DisplayMetadata wrap_display(NvDsDisplayMeta *meta, Lease lease):
    cdef DisplayMetadata display = DisplayMetadata.__new__(DisplayMetadata)
    display.lease = lease
    display.meta = meta
    return display
