# SPDX-License-Identifier: Apache-2.0
"""Which callbacks the calling thread is in. Who would wait there for their pipeline, would hang."""

import threading

# By thread: (callback, what it was in before it, or None). Only the thread itself reads and writes
# its entry.
cdef dict running = {}
cdef object get_ident = threading.get_ident


cpdef object enter(object callback):
    """The calling thread begins to run a callback."""
    thread = get_ident()
    running[thread] = (callback, running.get(thread))


cpdef object leave():
    """The callback that was entered last has returned."""
    thread = get_ident()
    before = running.pop(thread)[1]
    if before is not None:
        running[thread] = before


cpdef bint is_current(object callback):
    """Whether the calling thread is in this callback."""
    entry = running.get(get_ident())
    while entry is not None:
        if entry[0] is callback:
            return True
        entry = entry[1]
    return False
