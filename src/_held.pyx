# SPDX-License-Identifier: Apache-2.0
"""Buffers that Python holds beyond a callback, and how many of each pool.

Pools of the elements here grow. Others have so many buffers and no more: whoever waits for one that
Python holds, waits for ever.
"""

cimport cython

from libc.stdlib cimport calloc, free

from dsbind.capi.gst cimport *
from dsbind.capi.gstpool cimport *
from dsbind._cuda cimport wait_for_readers
from dsbind.gst cimport orphaned
from dsbind.tensor cimport Lender

import logging

cdef object log = logging.getLogger("dsbind")

cdef enum:
    # More are held by mistake, or are to be copies.
    MANY = 64
    # What a pipeline needs to go on: one that is filled, one in a queue, and the sink's last.
    SPARE = 3


@cython.final
cdef class Held(Lender):
    """A reference to a buffer, for tensors over its pixels."""

    def __dealloc__(self):
        if self.link != NULL:
            self.link[0] = NULL
        if self.account != NULL:
            self.account.held -= 1
        if self.buffer != NULL and not orphaned:
            # The last one returns it to its pool, whose lock a streaming thread may hold.
            with nogil:
                if self.on_default or self.on_others:
                    # The next owner would write while a library still reads.
                    wait_for_readers(self.gpu, self.on_others)
                gst_buffer_unref(self.buffer)
                if self.place != NULL:
                    gst_object_unref(self.place)


cdef Held hold(GstBuffer *buffer, GstObject *place):
    cdef Held self = Held.__new__(Held)
    self.account = account_of(buffer, place)
    self.buffer = gst_buffer_ref(buffer)
    if place != NULL:
        # It keeps the account, where no pool does.
        self.place = <GstObject *>gst_object_ref(place)
    if self.account != NULL:
        self.account.held += 1
        if self.account.held >= MANY and not self.account.told:
            tell(self.account, buffer, place, False)
    return self


cdef bint is_crowded(GstBuffer *buffer, GstObject *place) except -1:
    cdef Account *account = account_of(buffer, place)
    if account == NULL or account.most == 0 or account.held < account.most - SPARE:
        return False
    if account.held and not account.told:
        tell(account, buffer, place, True)
    return True


cdef Account *account_of(GstBuffer *buffer, GstObject *place) except? NULL:
    """The account of the pool of a buffer; else of the place. NULL where there is neither."""
    cdef GstBufferPool *pool = (<PooledBuffer *>buffer).pool
    cdef GObject *owner = <GObject *>pool if pool != NULL else <GObject *>place
    cdef GQuark key = g_quark_from_static_string("dsbind-held")
    cdef Account *account
    if owner == NULL:
        return NULL
    account = <Account *>g_object_get_qdata(owner, key)
    if account == NULL:
        account = <Account *>calloc(1, sizeof(Account))
        if account == NULL:
            raise MemoryError()
        # Whoever holds the lock of the pool may be freeing what Python made.
        with nogil:
            if pool != NULL:
                account.most = most_of(pool)
            g_object_set_qdata_full(owner, key, account, free)
    return account


cdef int most_of(GstBufferPool *pool) noexcept nogil:
    """How many buffers a pool makes at most; 0 where there is no bound."""
    cdef guint most = 0
    cdef GstStructure *config = gst_buffer_pool_get_config(pool)
    if config == NULL:
        return 0
    if not gst_buffer_pool_config_get_params(config, NULL, NULL, NULL, &most):
        most = 0
    gst_structure_free(config)
    return <int>min(most, <guint>0x7FFFFFFF)


cdef int tell(Account *account, GstBuffer *buffer, GstObject *place, bint bounded) except -1:
    """Warn, once for each pool."""
    cdef GstBufferPool *pool = (<PooledBuffer *>buffer).pool
    cdef str where = f" that reached {name_of(place)!r}" if place != NULL else ""
    cdef str whose = f" of the pool {name_of(<GstObject *>pool)!r}" if pool != NULL else ""
    account.told = True
    if bounded:
        log.warning("%d of the %d buffers%s%s are held by tensors and arrays of the program, and "
                    "the pipeline would stop without the others: extract() gives copies until "
                    "some are let go of", account.held, account.most, whose, where)
    else:
        log.warning("%d buffers%s%s are held by tensors and arrays of the program, and as many "
                    "more are made: clone() what is kept for long, and let go of the rest",
                    account.held, whose, where)
    return 0


cdef str name_of(GstObject *object):
    cdef gchar *name = gst_object_get_name(object)
    try:
        return "" if name == NULL else name.decode("utf-8", "replace")
    finally:
        g_free(name)
