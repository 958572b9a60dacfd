# SPDX-License-Identifier: Apache-2.0
"""Labels by number: each distinct text of a batch is kept, and decoded, once."""

cimport cython

from cpython.ref cimport Py_INCREF, Py_XDECREF, PyObject
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memcmp, memcpy

from dsbind.capi.nvdsmeta cimport MAX_LABEL_SIZE, NvDsObjectMeta, strnlen

cdef enum:
    FIRST_SLOTS = 64


# The str of a label of up to 15 bytes; NULL where none was read yet.
cdef struct Read:
    uint64_t[2] words
    PyObject *text


# A model has few classes, and their names are read over and over.
cdef Read[SHORTCUTS] met


@cython.final
@cython.no_gc
cdef class LabelTable:
    """Numbers from 0 for the texts met so far."""

    def __cinit__(self):
        self.decoded = ()

    def __dealloc__(self):
        cdef int32_t i
        for i in range(self.count):
            free(self.names[i].text)
        free(self.names)
        free(self.slots)

    cdef int32_t intern(self, const char *text, size_t most) noexcept nogil:
        cdef Name name
        cdef uint32_t slot
        cdef int32_t number
        read_name(&name, text, most)
        if self.n_slots == 0 and not grow(self):
            return -1
        slot = first_slot(&name, self.n_slots)
        while True:
            number = self.slots[slot] - 1
            if number < 0:
                return enter(self, &name)
            if self.names[number].key == name.key and self.names[number].size == name.size \
                    and (name.size < 8 or memcmp(self.names[number].text, text, name.size) == 0):
                return number
            slot = (slot + 1) & (self.n_slots - 1)

    cdef bint number_objects(self, void **objects, int n, char *target, size_t stride) \
            noexcept nogil:
        cdef const char *text
        cdef Shortcut *shortcut
        cdef uint64_t[2] words
        cdef uint64_t first, second
        cdef int32_t number
        cdef int i
        for i in range(n):
            text = (<NvDsObjectMeta *>objects[i]).obj_label
            memcpy(words, text, 16)
            first = zeros_in(words[0])
            second = zeros_in(words[1])
            words[0] &= below(first)
            words[1] &= below(second) if first == 0 else 0
            # Most labels are short, and met before: two loads and a multiplication then.
            shortcut = &self.shortcuts[place_of(words[0], words[1])]
            if (first | second) == 0 or shortcut.number == 0 \
                    or ((shortcut.words[0] ^ words[0]) | (shortcut.words[1] ^ words[1])) != 0:
                if (first | second) == 0:
                    shortcut = &self.unshared
                number = self.intern(text, MAX_LABEL_SIZE)
                if number < 0:
                    return False
                shortcut.words[0] = words[0]
                shortcut.words[1] = words[1]
                shortcut.number = number + 1
            number = shortcut.number - 1
            memcpy(target + i * stride, &number, 4)
        return True

    cdef tuple texts(self):
        cdef list new
        cdef Name *name
        cdef int32_t i
        if len(self.decoded) < self.count:
            new = []
            for i in range(len(self.decoded), self.count):
                name = &self.names[i]
                text = <char *>&name.key if name.size < 8 else name.text
                new.append(text[:name.size].decode("utf-8", "replace"))
            self.decoded += tuple(new)
        return self.decoded


cdef str read_label(const char *label):
    cdef uint64_t[2] words
    cdef uint64_t first, second
    cdef Read *read
    cdef str text
    memcpy(words, label, 16)
    first = zeros_in(words[0])
    second = zeros_in(words[1])
    if (first | second) == 0:
        # A plugin may have filled it to the last byte.
        return label[:strnlen(label, MAX_LABEL_SIZE)].decode("utf-8", "replace")
    words[0] &= below(first)
    words[1] &= below(second) if first == 0 else 0
    read = &met[place_of(words[0], words[1])]
    if read.text == NULL or ((read.words[0] ^ words[0]) | (read.words[1] ^ words[1])) != 0:
        text = (<char *>words).decode("utf-8", "replace")
        Py_INCREF(text)
        Py_XDECREF(read.text)
        read.text = <PyObject *>text
        memcpy(read.words, words, 16)
    return <str>read.text


cdef inline uint64_t zeros_in(uint64_t word) noexcept nogil:
    # The lowest bit that is set is the top one of the first zero byte.
    return (word - 0x0101010101010101U) & ~word & 0x8080808080808080U


cdef inline uint64_t below(uint64_t zeros) noexcept nogil:
    # Everything below the first zero byte.
    return ((zeros & (~zeros + 1)) >> 7) - 1


cdef inline uint32_t place_of(uint64_t first, uint64_t second) noexcept nogil:
    return <uint32_t>(((first ^ (second * 31)) * 0x9E3779B97F4A7C15U) >> 58)


cdef void read_name(Name *name, const char *text, size_t most) noexcept nogil:
    # `text` has room for 8 bytes. Bytes are in the order of every machine that has DeepStream.
    cdef uint64_t word, zeros
    cdef size_t i, size
    memcpy(&word, text, 8)
    zeros = zeros_in(word)
    name.text = <char *>text
    if zeros != 0:
        name.key = word & below(zeros)
        name.size = size_of(below(zeros))
        return
    size = strnlen(text, most)
    name.size = <uint32_t>size
    name.key = size
    for i in range(0, size - 7, 8):
        memcpy(&word, text + i, 8)
        name.key = mixed(name.key ^ word)
    memcpy(&word, text + size - 8, 8)
    name.key = mixed(name.key ^ word)


cdef inline uint64_t mixed(uint64_t key) noexcept nogil:
    key *= 0x9E3779B97F4A7C15U
    return key ^ (key >> 32)


cdef inline uint32_t size_of(uint64_t mask) noexcept nogil:
    # Each whole byte of the mask counts as one in the top byte of the product.
    return <uint32_t>(((mask & 0x0101010101010101U) * 0x0101010101010101U) >> 56)


cdef inline uint32_t first_slot(const Name *name, uint32_t n_slots) noexcept nogil:
    return <uint32_t>mixed(name.key) & (n_slots - 1)


cdef int32_t enter(LabelTable self, Name *name) noexcept nogil:
    cdef char *text = NULL
    if <uint32_t>self.count * 2 >= self.n_slots and not grow(self):
        return -1
    if name.size >= 8:
        text = <char *>malloc(name.size)
        if text == NULL:
            return -1
        memcpy(text, name.text, name.size)
    self.names[self.count] = name[0]
    self.names[self.count].text = text
    place(self, self.count)
    self.count += 1
    return self.count - 1


cdef void place(LabelTable self, int32_t number) noexcept nogil:
    cdef uint32_t slot = first_slot(&self.names[number], self.n_slots)
    while self.slots[slot] != 0:
        slot = (slot + 1) & (self.n_slots - 1)
    self.slots[slot] = number + 1


# Half of the slots at most are taken.
cdef bint grow(LabelTable self) noexcept nogil:
    cdef uint32_t n_slots = self.n_slots * 2 if self.n_slots else FIRST_SLOTS
    cdef int32_t *slots = <int32_t *>calloc(n_slots, sizeof(int32_t))
    cdef Name *names = <Name *>realloc(self.names, n_slots // 2 * sizeof(Name))
    cdef int32_t i
    if names != NULL:
        self.names = names
    if names == NULL or slots == NULL:
        free(slots)
        return False
    free(self.slots)
    self.slots = slots
    self.n_slots = n_slots
    for i in range(self.count):
        place(self, i)
    return True
