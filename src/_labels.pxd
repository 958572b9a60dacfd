# SPDX-License-Identifier: Apache-2.0
from libc.stdint cimport int32_t, uint32_t, uint64_t


cdef struct Name:
    # A text of up to seven bytes is its own key; of a longer one it is a hash.
    uint64_t key
    uint32_t size
    char *text


cdef enum:
    SHORTCUTS = 64


# The number of a text of up to 15 bytes, from 1; 0 where none was met yet.
cdef struct Shortcut:
    uint64_t[2] words
    int32_t number


cdef class LabelTable:
    cdef Shortcut[SHORTCUTS] shortcuts
    # For a label that has no shortcut.
    cdef Shortcut unshared
    cdef Name *names
    cdef int32_t *slots
    cdef int32_t count
    cdef uint32_t n_slots
    cdef tuple decoded

    # The number of a text, which is entered when it is new; -1 when there is no memory for it.
    cdef int32_t intern(self, const char *text, size_t most) noexcept nogil

    # Writes the numbers of the labels of `n` objects, `stride` bytes apart. False: no memory.
    cdef bint number_objects(self, void **objects, int n, char *target, size_t stride) \
        noexcept nogil

    cdef tuple texts(self)


# The label of an object as str. Under the GIL.
cdef str read_label(const char *label)
