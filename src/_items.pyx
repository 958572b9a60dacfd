# SPDX-License-Identifier: Apache-2.0
"""Lists of metadata as Python sequences."""

cimport cython

from libc.stdlib cimport free, malloc

from dsbind.capi.nvdsmeta cimport NvDsBaseMeta
from dsbind._lease cimport CLOSED


@cython.final
@cython.no_gc
cdef class Items:
    """The elements of a metadata list, as they were when this was read.

    A sequence: it can be iterated again and has `len()` and indexing. For programs written for
    one-shot iterators it answers `next()`, too.
    """

    def __cinit__(self):
        self.lease = CLOSED

    def __init__(self):
        raise TypeError("Items are read from metadata, for example FrameMetadata.object_items")

    def __dealloc__(self):
        free(self.elements)

    def __len__(self):
        self.lease.check()
        return self.count

    def __getitem__(self, index):
        cdef Py_ssize_t i
        self.lease.check()
        if isinstance(index, slice):
            return [self.wrap(self.elements[i], self.lease)
                    for i in range(*index.indices(self.count))]
        i = index
        if i < 0:
            i += self.count
        if not 0 <= i < self.count:
            raise IndexError(f"index {index} of {self.count} items")
        return self.wrap(self.elements[i], self.lease)

    def __iter__(self):
        cdef ItemsIterator iterator = ItemsIterator.__new__(ItemsIterator)
        self.lease.check()
        iterator.items = self
        return iterator

    def __next__(self):
        self.lease.check()
        if self.position == self.count:
            raise StopIteration
        self.position += 1
        return self.wrap(self.elements[self.position - 1], self.lease)

    def __repr__(self):
        if not self.lease.open:
            return "<items of a buffer that is gone>"
        return f"<{self.count} items>"


@cython.final
@cython.no_gc
@cython.freelist(8)
cdef class ItemsIterator:
    cdef Items items
    cdef Py_ssize_t position

    def __cinit__(self):
        self.items = NOTHING

    def __iter__(self):
        return self

    def __next__(self):
        cdef Items items = self.items
        items.lease.check()
        if self.position == items.count:
            raise StopIteration
        self.position += 1
        return items.wrap(items.elements[self.position - 1], items.lease)

    def __length_hint__(self):
        return self.items.count - self.position


cdef Items NOTHING = Items.__new__(Items)


cdef Items snapshot(GList **elements, Wrap wrap, Lease lease, object meta_type=None):
    cdef Items items = Items.__new__(Items)
    cdef bint every = meta_type is None
    cdef int wanted = 0 if every else meta_type
    items.lease = lease
    items.wrap = wrap
    lease.lock()
    try:
        fill(items, elements[0], every, wanted)
    finally:
        lease.unlock()
    return items


cdef int fill(Items items, GList *elements, bint every, int wanted) except -1:
    cdef GList *link = elements
    cdef size_t count = 0
    while link != NULL:
        count += 1
        link = link.next
    if count == 0:
        return 0
    items.elements = <void **>malloc(count * sizeof(void *))
    if items.elements == NULL:
        raise MemoryError(f"no memory for a list of {count} items")
    link = elements
    while link != NULL:
        if every or (<NvDsBaseMeta *>link.data).meta_type == wanted:
            items.elements[items.count] = link.data
            items.count += 1
        link = link.next
    return 0
