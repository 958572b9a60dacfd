# SPDX-License-Identifier: Apache-2.0
"""Which callbacks the calling thread is in. Who would wait there for their pipeline, would hang."""

cdef extern from *:
    """
    static __thread void *dsbind_innermost;
    """
    void *innermost "dsbind_innermost"


cdef void enter(Entry *entry, object callback) noexcept:
    """The calling thread begins to run a callback."""
    global innermost
    entry.callback = <void *>callback
    entry.outer = <Entry *>innermost
    innermost = entry


cdef void leave(Entry *entry) noexcept:
    """The callback that was entered last has returned."""
    global innermost
    innermost = entry.outer


cpdef bint is_current(object callback) noexcept:
    """Whether the calling thread is in this callback."""
    cdef Entry *entry = <Entry *>innermost
    while entry != NULL:
        if entry.callback == <void *>callback:
            return True
        entry = entry.outer
    return False


def run(callback, function, *arguments):
    """Call a function as a part of this callback."""
    cdef Entry entry
    enter(&entry, callback)
    try:
        return function(*arguments)
    finally:
        leave(&entry)
