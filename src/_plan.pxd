# SPDX-License-Identifier: Apache-2.0
from libc.stdint cimport int32_t, uint32_t

from dsbind.capi.nvdsmeta cimport NvDsBatchMeta
from dsbind._labels cimport LabelTable

cdef enum:
    MAX_STEPS = 64
    # Objects whose pointers are gathered before their fields are copied, one field at a time: what
    # is read of so many stays in the first cache.
    CHUNK = 64
    # A batch of fewer rows takes under 10 us, for which the GIL is not given up.
    SHORT = 1024


# How a field gets into its row, or from it into the struct.
cdef enum Kind:
    COPY  # of the element; becomes one of the next three
    COPY_4
    COPY_8
    COPY_16
    FRAME_4  # a value of the element's frame
    INDEX  # of the frame
    PARENT
    LABEL
    CLASSIFIER_LABEL
    CLASSIFIER_CLASS
    CLASSIFIER_PROB


cdef struct Step:
    Kind kind
    # Offsets in the struct and in the row.
    uint32_t source
    uint32_t target


# How the rows of one dtype are read from a batch and written to it.
cdef class Plan:
    cdef readonly object dtype
    cdef Py_ssize_t row_size
    cdef Step[MAX_STEPS] steps
    cdef int n_steps
    # Where these are in a row; -1 where they are not.
    cdef int frame_index, parent, label, left, top, width, height
    cdef bint has_labels


# The row of each object of a batch by its address.
cdef struct Rows:
    void **objects
    int32_t *numbers
    size_t n_slots


cdef Plan plan_of_objects(object fields)
cdef Plan plan_of_frames(object fields)
cdef object rows_array(Plan plan, Py_ssize_t n)

# Both give the number of rows; where that is above `capacity`, not all are filled. -1: no memory.
cdef Py_ssize_t read_objects(NvDsBatchMeta *batch, Plan plan, LabelTable labels, int component,
                             char *rows, Py_ssize_t capacity) noexcept nogil
cdef Py_ssize_t read_frames(NvDsBatchMeta *batch, Plan plan, LabelTable labels, char *rows,
                            Py_ssize_t capacity) noexcept nogil

# Copies what a row says straight into the structs of `n` elements.
cdef void scatter(Plan plan, void **elements, Py_ssize_t n, const char *row) noexcept nogil

cdef bint map_rows(NvDsBatchMeta *batch, size_t n, Rows *rows) noexcept nogil
cdef int32_t row_of(const Rows *rows, const void *element) noexcept nogil
cdef void free_rows(Rows *rows) noexcept nogil
