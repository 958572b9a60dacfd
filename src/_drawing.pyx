# SPDX-License-Identifier: Apache-2.0
"""Many boxes and texts drawn at once."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdlib cimport calloc, free

from dsbind.capi.glib cimport GList, g_list_free, g_strdup
from dsbind.capi.nvdsmeta cimport (
    MAX_ELEMENTS_IN_DISPLAY_META,
    NvDsBatchMeta,
    NvDsDisplayMeta,
    g_list_prepend,
    nvds_acquire_display_meta_from_pool,
    nvds_add_display_meta_to_frame,
    nvds_clear_meta_list,
)
from dsbind.capi.nvll_osd_struct cimport NvOSD_RectParams, NvOSD_TextParams
from dsbind._strings cimport encode

SIDES = ("left", "top", "width", "height")

cdef enum:
    # Pixels between the top of a text and that of its box, as nvinfer puts it.
    TEXT_ABOVE = 10


cdef int draw_items(NvDsFrameMeta *frame, Lease lease, object boxes, object texts, Rect rect,
                    Text text) except -1:
    cdef NvOSD_RectParams box_style
    cdef NvOSD_TextParams text_style
    cdef NvDsDisplayMeta **displays = NULL
    cdef const char **words = NULL
    cdef Py_ssize_t n, n_displays, row
    cdef Py_buffer view
    cdef bint drawn
    cdef list kept = []
    array = corners(boxes)
    n = len(array)
    n_displays = (n + MAX_ELEMENTS_IN_DISPLAY_META - 1) // MAX_ELEMENTS_IN_DISPLAY_META
    if texts is not None:
        if isinstance(texts, (str, bytes)):
            raise TypeError(f"texts is {texts!r}; it takes a list with a text for each box")
        kept = [encode("" if item is None else item) for item in texts]
        if len(kept) != n:
            raise ValueError(f"there are {len(kept)} texts for {n} boxes")
    if rect is None:
        rect = Rect()
    if text is None:
        text = readable()
    box_style = rect.get()[0]
    text_style = text.get()[0]
    PyObject_GetBuffer(array, &view, PyBUF_SIMPLE)
    try:
        displays = <NvDsDisplayMeta **>calloc(n_displays + 1, sizeof(void *))
        words = <const char **>calloc(n + 1, sizeof(char *))
        if displays == NULL or words == NULL:
            raise MemoryError(f"no memory for {n} boxes")
        for row in range(len(kept)):
            # Borrowed from `kept`.
            words[row] = <char *><bytes>kept[row]
        lease.lock()
        lease.pins += 1
        with nogil:
            drawn = acquire(frame.base_meta.batch_meta, displays, n_displays)
            if drawn:
                fill(frame, displays, n, <const float *>view.buf, words, &box_style, &text_style)
        lease.pins -= 1
        lease.unlock()
    finally:
        free(displays)
        free(words)
        PyBuffer_Release(&view)
    if not drawn:
        raise MemoryError(f"the pool of this batch has no room for {n} boxes")
    return 0


cdef object readable():
    """White on black, as nvinfer's texts are."""
    text = Text()
    text.set_bg_color = True
    text.own.text_bg_clr.alpha = 1
    return text


cdef object corners(object boxes):
    """A float32 array (N, 4) that nobody else has."""
    import numpy

    names = getattr(getattr(boxes, "dtype", None), "names", None)
    if names is not None:
        missing = [side for side in SIDES if side not in names]
        if missing:
            raise ValueError(f"boxes has no field {missing[0]!r}")
        boxes = numpy.stack([boxes[side] for side in SIDES], axis=-1)
    array = numpy.array(boxes, numpy.float32, order="C")
    if array.size == 0:
        array = array.reshape(0, 4)
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"boxes has the shape {array.shape}; it takes (N, 4): left, top, width "
                         "and height in pixels")
    wrong = ~numpy.isfinite(array).all(axis=1) | (array[:, 2:] < 0).any(axis=1)
    if wrong.any():
        row = int(wrong.argmax())
        raise ValueError(f"row {row}: the box is {array[row].tolist()}; it takes finite numbers, "
                         "and a width and height from 0")
    return array


cdef bint acquire(NvDsBatchMeta *batch, NvDsDisplayMeta **displays, Py_ssize_t n) noexcept nogil:
    """All of them, or none."""
    cdef GList *taken = NULL
    cdef Py_ssize_t i
    for i in range(n):
        displays[i] = nvds_acquire_display_meta_from_pool(batch)
        if displays[i] == NULL:
            nvds_clear_meta_list(batch, taken, batch.display_meta_pool)
            return False
        # Only for the way back.
        taken = g_list_prepend(taken, displays[i])
    g_list_free(taken)
    return True


cdef void fill(NvDsFrameMeta *frame, NvDsDisplayMeta **displays, Py_ssize_t n, const float *boxes,
               const char **words, const NvOSD_RectParams *box_style,
               const NvOSD_TextParams *text_style) noexcept nogil:
    cdef NvDsDisplayMeta *display
    cdef NvOSD_RectParams *rect
    cdef NvOSD_TextParams *text
    cdef const float *box
    cdef Py_ssize_t i
    for i in range(n):
        display = displays[i // MAX_ELEMENTS_IN_DISPLAY_META]
        box = boxes + 4 * i
        rect = &display.rect_params[display.num_rects]
        rect[0] = box_style[0]
        rect.left = box[0]
        rect.top = box[1]
        rect.width = box[2]
        rect.height = box[3]
        display.num_rects += 1
        if words[i] != NULL and words[i][0] != 0:
            text = &display.text_params[display.num_labels]
            text[0] = text_style[0]
            text.display_text = g_strdup(words[i])
            text.x_offset = pixel(box[0])
            text.y_offset = pixel(box[1] - TEXT_ABOVE)
            display.num_labels += 1
        if display.num_rects == MAX_ELEMENTS_IN_DISPLAY_META or i == n - 1:
            nvds_add_display_meta_to_frame(frame, display)


cdef inline unsigned int pixel(float place) noexcept nogil:
    return 0 if place < 0 else <unsigned int>place if place < 1e9 else 1000000000
