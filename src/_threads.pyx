# SPDX-License-Identifier: Apache-2.0
"""Python's states of threads that it did not start, kept as long as these threads live.

What a callback puts into a `threading.local` is there for the next one on the same thread.
"""

from dsbind.capi.glib cimport g_atomic_int_add, g_atomic_int_get, g_atomic_int_set
from dsbind.capi.nvdsmeta cimport g_usleep

import atexit
import os

cdef extern from * nogil:
    """
    /* Of glibc: what it calls runs before thread-specific data goes, in which Python looks for the
     * state of a thread. */
    extern int __cxa_thread_atexit_impl(void (*end)(void *), void *data, void *library);
    extern void *__dso_handle;

    static __thread int dsbind_kept;
    """
    bint kept "dsbind_kept"
    void *this_library "&__dso_handle"
    int call_at_thread_end "__cxa_thread_atexit_impl"(void (*end)(void *) noexcept nogil,
                                                      void *data, void *library)

cdef extern from "Python.h" nogil:
    ctypedef struct PyThreadState:
        pass
    ctypedef struct PyInterpreterState:
        pass
    int PyGILState_Ensure()
    PyThreadState *PyGILState_GetThisThreadState()
    PyThreadState *PyEval_SaveThread()
    void PyEval_RestoreThread(PyThreadState *state)
    void PyThreadState_Clear(PyThreadState *state)
    void PyThreadState_Delete(PyThreadState *state)
    PyInterpreterState *PyInterpreterState_Get()
    long long PyInterpreterState_GetID(PyInterpreterState *interpreter)

cdef enum:
    # Microseconds between two looks, and looks, until the interpreter ends whoever is in the way.
    PAUSE = 200
    MOST_PAUSES = 25000

# Threads that are giving up their states, and whether the interpreter ends.
cdef int ending = 0
cdef int closed = 0

if PyInterpreterState_GetID(PyInterpreterState_Get()) != 0:
    # Threads that Python did not start come into the main one, whoever made the pipeline.
    raise ImportError("dsbind works in the main interpreter only: use processes instead of "
                      "subinterpreters")


cdef void keep_thread() noexcept nogil:
    global kept
    if kept or g_atomic_int_get(&closed) or PyGILState_GetThisThreadState() != NULL:
        return
    if call_at_thread_end(end_thread, NULL, this_library) == 0:
        kept = True
        # Without the Release that would destroy it.
        PyGILState_Ensure()
        PyEval_SaveThread()


cdef void end_thread(void *data) noexcept nogil:
    cdef PyThreadState *state
    g_atomic_int_add(&ending, 1)
    # Once the interpreter ends, nobody else gets the GIL any more; and it takes all states itself.
    if not g_atomic_int_get(&closed):
        state = PyGILState_GetThisThreadState()
        PyEval_RestoreThread(state)
        # This can run code of the program's, which finds the state still in use.
        PyThreadState_Clear(state)
        PyThreadState_Delete(PyEval_SaveThread())
    g_atomic_int_add(&ending, -1)


@atexit.register
def _close():
    g_atomic_int_set(&closed, 1)
    with nogil:
        wait_for_threads()


cdef void wait_for_threads() noexcept nogil:
    cdef int pauses = 0
    while g_atomic_int_get(&ending) and pauses < MOST_PAUSES:
        g_usleep(PAUSE)
        pauses += 1


def _note_fork():
    # Those that were at it are not in this process.
    g_atomic_int_set(&ending, 0)


os.register_at_fork(after_in_child=_note_fork)
