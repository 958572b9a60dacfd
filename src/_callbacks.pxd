# SPDX-License-Identifier: Apache-2.0

# A callback that a thread is in: on the stack of whoever calls it, from `enter` to `leave`.
cdef struct Entry:
    # The object that answers `is_current`; alive meanwhile.
    void *callback
    Entry *outer

cdef void enter(Entry *entry, object callback) noexcept
cdef void leave(Entry *entry) noexcept
cpdef bint is_current(object callback) noexcept
