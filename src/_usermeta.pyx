# SPDX-License-Identifier: Apache-2.0
"""Data of a program's own. Users find it in `dsbind.meta`."""

cimport cython

from dsbind.capi.glib cimport g_free
from dsbind.capi.nvdsmeta cimport (
    NVDS_RESERVED_META,
    NVDS_START_USER_META,
    NVDS_USER_META,
    NvDsMetaType,
    g_strdup,
)
from dsbind._lease cimport CLOSED
from dsbind._strings cimport encode, gone


@cython.final
cdef class UserMetadata:
    """Wrap `NvDsUserMeta`: data of a program's own on a batch, a frame or an object.

    True when it carries data.
    """

    def __cinit__(self):
        self.lease = CLOSED

    def __init__(self):
        raise TypeError("UserMetadata comes from user_meta_items() or "
                        "BatchMetadata.acquire_user_meta()")

    cdef NvDsUserMeta *get(self) except NULL:
        self.lease.check()
        return self.meta

    @property
    def meta_type(self):
        """What kind of data it carries (`NvDsMetaType`, or a number of the program's own)."""
        return self.get().base_meta.meta_type

    def set_user_data_json(self, data, meta_type):
        """Carry a text, such as JSON.

        Parameters
        ----------
        data : str or bytes
            The text, UTF-8.
        meta_type : int
            A number of the program's own, from NVDS_START_USER_META (8193), or NVDS_USER_META (7).

        Raises
        ------
        ValueError
            The number stands for a struct, or other data is carried already.
        """
        cdef NvDsUserMeta *meta = self.get()
        cdef int kind = meta_type
        cdef bytes text = encode(data)
        if NVDS_USER_META != kind <= NVDS_RESERVED_META:
            raise ValueError(f"meta_type {kind} stands for a C struct, as which elements would read "
                             f"the text; use a number from {<int>NVDS_START_USER_META}")
        if meta.user_meta_data != NULL and meta.base_meta.release_func != release_text_data:
            raise ValueError("this user metadata carries data of another kind; acquire a new one")
        self.lease.lock()
        g_free(meta.user_meta_data)
        meta.user_meta_data = g_strdup(text)
        meta.base_meta.meta_type = <NvDsMetaType>kind
        meta.base_meta.copy_func = copy_text_data
        meta.base_meta.release_func = release_text_data
        self.lease.unlock()

    def get_user_data_json(self):
        """Return the text that `set_user_data_json()` set; "" where there is other data or none."""
        cdef NvDsUserMeta *meta = self.get()
        if meta.user_meta_data == NULL or meta.base_meta.release_func != release_text_data:
            return ""
        return (<char *>meta.user_meta_data).decode("utf-8", "replace")

    def __bool__(self):
        return self.get().user_meta_data != NULL

    def __eq__(self, other):
        return isinstance(other, UserMetadata) and self.meta == (<UserMetadata>other).meta \
            and self.lease is (<UserMetadata>other).lease

    def __hash__(self):
        return hash(<size_t>self.meta)

    def __repr__(self):
        if not self.lease.open:
            return gone(self)
        return f"<UserMetadata meta_type={self.meta_type}>"


cdef object wrap_user(void *element, Lease lease):
    cdef UserMetadata user = UserMetadata.__new__(UserMetadata)
    user.lease = lease
    user.meta = <NvDsUserMeta *>element
    return user


cdef void *copy_text_data(void *data, void *user_data) noexcept nogil:
    return g_strdup(<char *>(<NvDsUserMeta *>data).user_meta_data)


cdef void release_text_data(void *data, void *user_data) noexcept nogil:
    g_free((<NvDsUserMeta *>data).user_meta_data)
    (<NvDsUserMeta *>data).user_meta_data = NULL
