# SPDX-License-Identifier: Apache-2.0
"""Data of a program's own. Users find it in `dsbind.meta`."""

cimport cython
from cpython.ref cimport Py_DECREF, Py_INCREF

from dsbind.capi.glib cimport g_free
from dsbind.capi.nvdsmeta cimport (
    NVDS_RESERVED_META,
    NVDS_START_USER_META,
    NVDS_USER_META,
    NvDsMetaCopyFunc,
    NvDsMetaReleaseFunc,
    NvDsMetaType,
    g_strdup,
)
from dsbind._analyticsmeta cimport wrap_analytics_frame, wrap_analytics_object
from dsbind._lease cimport CLOSED
from dsbind._segmentation cimport wrap_segmentation
from dsbind._strings cimport encode, gone
from dsbind._tensormeta cimport wrap_tensors
from dsbind._trackermeta cimport tracks_array, wrap_reid
from dsbind._threads cimport keep_thread

cdef extern from "Python.h" nogil:
    bint Py_IsInitialized()


@cython.final
cdef class UserMetadata:
    """Wrap `NvDsUserMeta`: data of a program's own on a batch, a frame or an object."""

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
        cdef bytes text = encode(data)
        self.check_free(meta_type)
        self.carry(g_strdup(text), meta_type, copy_text_data, release_text_data)

    def get_user_data_json(self):
        """Return the text that `set_user_data_json()` set; "" where there is other data or none."""
        cdef NvDsUserMeta *meta = self.get()
        if meta.user_meta_data == NULL or meta.base_meta.release_func != release_text_data:
            return ""
        return python_value(meta)

    def set_user_data(self, data, meta_type):
        """Carry a Python object.

        The batch keeps it alive, and so does each copy of the batch: it is shared, not copied.

        Parameters
        ----------
        data : object
            Anything but None.
        meta_type : int
            As for `set_user_data_json`.

        Raises
        ------
        ValueError
            The number stands for a struct, or other data is carried already.
        """
        if data is None:
            raise ValueError("user metadata carries an object; None stands for no data")
        self.check_free(meta_type)
        Py_INCREF(data)
        self.carry(<void *>data, meta_type, copy_object, release_object)

    def get_user_data(self):
        """Return the object that `set_user_data()` set; None where there is other data or none."""
        cdef NvDsUserMeta *meta = self.get()
        if meta.user_meta_data == NULL or meta.base_meta.release_func != release_object:
            return None
        return python_value(meta)

    def as_tensor_output(self):
        """Read it as output tensors of a model; the result is false where it is something else."""
        return wrap_tensors(self.get(), self.lease)

    def as_segmentation(self):
        """Read it as the class map of a model; the result is false where it is something else."""
        return wrap_segmentation(self.get(), self.lease)

    def as_obj_reid(self):
        """Read it as an `ObjectReidUserMetadata`; the result is false where it is something else.
        """
        return wrap_reid(self.get(), self.lease)

    def as_tracks(self):
        """Copy what a tracker tells of other frames: of a batch's `user_meta_items()` of type 15
        (past frames), 18 (terminated tracks) or 19 (shadow tracks).

        Returns
        -------
        numpy.ndarray
            A structured array with a row for each box: `object_id`, `pad_index`, `class_id`,
            `frame_number`, `left`, `top`, `width`, `height`, `confidence`, `age`, `state`. It has
            no rows where this is something else.
        """
        return tracks_array(self.get(), self.lease)

    def as_preprocess_batch(self):
        """Read it as a tensor for a model; the result is false where it is something else."""
        # Here, for that module needs this one.
        from dsbind._preprocessmeta import view_of

        return view_of(self)

    def as_nvdsanalytics_frame(self):
        """Read it as an `AnalyticsFrameMeta`; the result is false where it is something else."""
        return wrap_analytics_frame(self.get(), self.lease)

    def as_nvdsanalytics_obj(self):
        """Read it as an `AnalyticsObjInfo`; the result is false where it is something else."""
        return wrap_analytics_object(self.get(), self.lease)

    cdef int check_free(self, int kind) except -1:
        """Raise where this cannot carry data of a program's own, under this number."""
        cdef NvDsUserMeta *meta = self.get()
        need_own_type(kind)
        if meta.user_meta_data != NULL and not is_python(meta):
            raise ValueError("this user metadata carries data of another kind; acquire a new one")
        return 0

    cdef int carry(self, void *data, int kind, NvDsMetaCopyFunc copy,
                   NvDsMetaReleaseFunc release) except -1:
        """Carry new data instead of the old."""
        cdef NvDsUserMeta *meta = self.meta
        cdef NvDsUserMeta old
        old.user_meta_data = data
        try:
            self.lease.lock()
        except BaseException:
            release(&old, NULL)
            raise
        old = meta[0]
        meta.user_meta_data = data
        meta.base_meta.meta_type = <NvDsMetaType>kind
        meta.base_meta.copy_func = copy
        meta.base_meta.release_func = release
        self.lease.unlock()
        # Last: the end of an object can run any code.
        if old.user_meta_data != NULL:
            old.base_meta.release_func(&old, NULL)
        return 0

    def __bool__(self):
        # Programs test what they acquired before they give it data.
        self.get()
        return True

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


cdef bint is_python(const NvDsUserMeta *meta) noexcept nogil:
    return meta.base_meta.release_func == release_text_data \
        or meta.base_meta.release_func == release_object


cdef object python_value(const NvDsUserMeta *meta):
    if meta.base_meta.release_func == release_object:
        return <object>meta.user_meta_data
    return (<char *>meta.user_meta_data).decode("utf-8", "replace")


cdef int need_own_type(int kind) except -1:
    if NVDS_USER_META != kind <= NVDS_RESERVED_META:
        raise ValueError(f"meta_type {kind} stands for a C struct, as which elements would read "
                         f"the data; use a number from {<int>NVDS_START_USER_META}")
    return 0


cdef void *copy_text_data(void *data, void *user_data) noexcept nogil:
    return g_strdup(<char *>(<NvDsUserMeta *>data).user_meta_data)


cdef void release_text_data(void *data, void *user_data) noexcept nogil:
    g_free((<NvDsUserMeta *>data).user_meta_data)
    (<NvDsUserMeta *>data).user_meta_data = NULL


cdef void *copy_object(void *data, void *user_data) noexcept nogil:
    cdef void *held = (<NvDsUserMeta *>data).user_meta_data
    if held == NULL or not Py_IsInitialized():
        return NULL
    keep_thread()
    with gil:
        Py_INCREF(<object>held)
    return held


cdef void release_object(void *data, void *user_data) noexcept nogil:
    cdef void *held = (<NvDsUserMeta *>data).user_meta_data
    (<NvDsUserMeta *>data).user_meta_data = NULL
    # A batch may go after Python has ended; nobody can give up a reference then.
    if held != NULL and Py_IsInitialized():
        keep_thread()
        with gil:
            Py_DECREF(<object>held)
