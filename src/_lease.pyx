# SPDX-License-Identifier: Apache-2.0
"""How long a view of native memory may be used."""

cimport cython

from libc.stdlib cimport free, malloc

from dsbind.capi.nvdsmeta cimport (
    g_list_prepend,
    g_rec_mutex_trylock,
    g_usleep,
    nvds_acquire_meta_lock,
    nvds_clear_meta_list,
    nvds_release_meta_lock,
)


@cython.final
cdef class Lease:
    """The right to use the metadata and pixels of one buffer.

    Every view made from a buffer holds the same lease. While it is open the memory is there; once
    closed, each use of a view raises `StaleMetadataError`. The GIL guards all of it: a pointer is
    used either without giving up the GIL after the check, or between `pin` and `unpin`.
    """

    def __cinit__(self):
        self.open = True

    def __dealloc__(self):
        cdef Stray *stray
        while self.strays != NULL:
            stray = self.strays
            self.strays = stray.next
            free(stray)

    cdef int pin(self) except -1:
        self.check()
        self.pins += 1
        return 0

    cdef void unpin(self) noexcept:
        self.pins -= 1

    cdef int lock(self) except -1:
        """Hold the lock of the batch; nothing to hold where there is no batch."""
        self.check()
        if self.batch == NULL or g_rec_mutex_trylock(&self.batch.meta_mutex):
            return 0
        # Its holder may want the GIL.
        self.pins += 1
        with nogil:
            nvds_acquire_meta_lock(self.batch)
        self.pins -= 1
        if not self.open:
            nvds_release_meta_lock(self.batch)
            raise_stale()
        return 0

    cdef void unlock(self) noexcept:
        if self.batch != NULL:
            nvds_release_meta_lock(self.batch)

    cdef int add_stray(self, void *element, NvDsMetaPool *pool) except -1:
        cdef Stray *stray = <Stray *>malloc(sizeof(Stray))
        if stray == NULL or element == NULL:
            free(stray)
            raise MemoryError("the pool of this batch cannot grow")
        stray.element = element
        stray.pool = pool
        stray.next = self.strays
        self.strays = stray
        return 0

    cdef bint take_stray(self, void *element) noexcept:
        """Forget a stray because it is now being appended. False when it is none."""
        cdef Stray **link = &self.strays
        cdef Stray *stray
        while link[0] != NULL:
            stray = link[0]
            if stray.element == element:
                link[0] = stray.next
                free(stray)
                return True
            link = &stray.next
        return False

    cpdef object close(self):
        """End the lease. Can be called twice."""
        cdef Stray *strays = self.strays
        if not self.open:
            return
        self.open = False
        while self.pins:
            with nogil:
                g_usleep(50)
        if strays != NULL:
            self.strays = NULL
            with nogil:
                return_strays(self.batch, strays)

    def __repr__(self):
        return f"<Lease {'open' if self.open else 'closed'}>"


cdef Lease ALWAYS = Lease()
cdef Lease CLOSED = Lease()
CLOSED.open = False


cdef int take(Lease owner, Lease lease, void *element, object item) except -1:
    """Take a stray for adding it, and leave with the lock held."""
    if lease is not owner:
        lease.check()
        raise ValueError(f"{item!r} was acquired from another batch")
    owner.lock()
    if not owner.take_stray(element):
        owner.unlock()
        raise ValueError(f"{item!r} is in the batch already; acquire a new one for each append")
    return 0


cdef int raise_stale() except -1:
    from dsbind.errors import StaleMetadataError

    raise StaleMetadataError(
        "this belongs to a buffer that is gone: metadata and pixels can be used only while the "
        "callback that received them runs. Read or copy() what you need before it returns"
    )


cdef void return_strays(NvDsBatchMeta *batch, Stray *strays) noexcept nogil:
    # nvdsosd draws every element that is out of its pool, appended or not.
    cdef Stray *stray
    nvds_acquire_meta_lock(batch)
    while strays != NULL:
        stray = strays
        nvds_clear_meta_list(batch, g_list_prepend(NULL, stray.element), stray.pool)
        strays = stray.next
        free(stray)
    nvds_release_meta_lock(batch)
