# SPDX-License-Identifier: Apache-2.0
"""All objects of a batch at once, as NumPy structured arrays: `BatchMetadata.objects` and others.

An array is a copy: it stays valid after the callback. Rows are in the order of `frame_items`, and
within a frame in that of `object_items`.
"""

cimport cython

from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer

from dsbind.capi.glib cimport GList
from dsbind.capi.nvdsmeta cimport NvDsFrameMeta
from dsbind._analyticsmeta cimport counts_array, statuses_array
from dsbind._edit cimport remove_rows, write_rows
from dsbind._lease cimport CLOSED
from dsbind._plan cimport (
    SHORT,
    Plan,
    plan_of_frames,
    plan_of_objects,
    read_frames,
    read_objects,
    rows_array,
)
from dsbind._structs cimport dtype_of
from dsbind._usercolumns cimport add_user, read_user, row_dtype

__all__ = ("frame_dtype", "object_dtype", "struct_dtype", "user_dtype")


def object_dtype(fields=None):
    """The dtype of rows of objects.

    Parameters
    ----------
    fields : list of str, optional
        Names of its fields; those of `BatchMetadata.objects` by default.

    Returns
    -------
    numpy.dtype
    """
    return plan_of_objects(fields).dtype


def frame_dtype(fields=None):
    """The dtype of rows of frames, as `object_dtype` gives that of objects."""
    return plan_of_frames(fields).dtype


def user_dtype(dtype):
    """The dtype of rows of user metadata: `frame_index`, `object_index`, and `data` of `dtype`."""
    return row_dtype(dtype)


def struct_dtype(str name not None):
    """The dtype of a C struct of the metadata, with its fields where they lie.

    For native probes in Numba: `numba.carray(batch, (1,), struct_dtype("NvDsBatchMeta"))`. Pointers
    are uint64, and the box of an object is in fields of its own.

    Parameters
    ----------
    name : str
        "NvDsBatchMeta", "NvDsFrameMeta", "NvDsObjectMeta", "NvDsUserMeta" or "GList".
    """
    return dtype_of(name)


@cython.no_gc_clear
cdef class BatchColumns:
    """What `BatchMetadata` can do with all of its objects at once."""

    def __cinit__(self):
        self.lease = CLOSED

    @property
    def objects(self):
        """All objects of all frames: a structured array of `dsbind.columns.object_dtype()`."""
        return read(self, plan_of_objects(None), None, -1, False)

    @property
    def frames(self):
        """All frames: a structured array of `dsbind.columns.frame_dtype()`."""
        return read(self, plan_of_frames(None), None, -1, True)

    @property
    def labels(self):
        """The texts that `label_index` and `classifier_label_index` count, as a tuple of str.

        Labels that further reads of this batch meet come at its end.
        """
        self.get()
        if self.label_table is None:
            read(self, plan_of_objects(("label_index",)), None, -1, False)
        return self.label_table.texts()

    @property
    def analytics_counts(self):
        """What nvdsanalytics counted in all frames: a structured array.

        Fields: `frame_index`; `kind`: 0 objects in a region, 1 a region is overcrowded (`value` 1),
        2 objects that cross a line in this frame, 3 those that have crossed it so far, 4 objects of
        a class; `label_index` in `labels`, -1 for a class; `class_id`, -1 for the others; `value`.
        """
        return counts_array(self.get(), self.lease, table_of(self))

    @property
    def analytics_statuses(self):
        """Where nvdsanalytics saw the objects: a structured array.

        Fields: `object_index`, the row in `objects`; `frame_index`; `kind`: 0 it is in a region, 1
        in an overcrowded one, 2 it crosses a line in this frame, 3 it moves in a direction;
        `label_index` in `labels`.
        """
        return statuses_array(self.get(), self.lease, table_of(self))

    def objects_array(self, fields=None, out=None, *, classifier=None):
        """Read chosen fields of all objects.

        Parameters
        ----------
        fields : list of str, optional
            Names of fields; those of `objects` by default, or those of `out`.
        out : numpy.ndarray, optional
            Array to fill, of `dsbind.columns.object_dtype(fields)`, long enough for all objects.
        classifier : int, optional
            Component whose labels the classifier fields show; each object's first by default.

        Returns
        -------
        numpy.ndarray
            A new array, or the part of `out` that was filled.
        """
        component = -1 if classifier is None else classifier
        return read(self, choose(fields, out, False), out, component, False)

    def frames_array(self, fields=None, out=None):
        """Read chosen fields of all frames, as `objects_array` does for objects."""
        return read(self, choose(fields, out, True), out, -1, True)

    def user_array(self, meta_type, dtype, out=None):
        """Read all user metadata of a type: of the batch, of its frames and of their objects.

        Parameters
        ----------
        meta_type : int
            The type.
        dtype : numpy.dtype
            The C struct that it carries, or what makes one, such as a `ctypes.Structure`. It is
            read as it lies in memory: where it is shorter than this, what comes after it is read
            too. `object` for what Python gave, texts and objects.
        out : numpy.ndarray, optional
            Array to fill, of `dsbind.columns.user_dtype(dtype)`, long enough for all of it.

        Returns
        -------
        numpy.ndarray
            A row for each that carries data: `frame_index`, -1 for the batch's own;
            `object_index`, a row of `objects`, -1 for a frame's own; and `data`. First the batch's,
            then for each frame its own and those of its objects.

        Raises
        ------
        TypeError
            It carries Python objects where a struct is asked for, or the other way round.
        ValueError
            What `add_user_array` added has another size.
        """
        return read_user(self.get(), self.lease, meta_type, dtype, out)

    def add_user_array(self, meta_type, array):
        """Add user metadata for each row.

        What carries it is a C struct: elements, native probes and `user_array` read it as such, and
        copies of the batch have copies of it.

        Parameters
        ----------
        meta_type : int
            A number of the program's own, from NVDS_START_USER_META (8193), or NVDS_USER_META (7).
        array : numpy.ndarray
            Rows of `dsbind.columns.user_dtype(dtype)`; without a field `object_index` they are for
            frames, and without `frame_index` too, for the batch.

        Raises
        ------
        ValueError
            A row cannot be added; nothing has been changed.
        """
        add_user(self.get(), self.lease, meta_type, array)

    def add_objects(self, array, labels=None):
        """Add an object for each row, to the frame that its `frame_index` says.

        What has no field is as `acquire_object_meta` gives it. Rows of a frame come before what is
        in it, in the order of the array.

        Parameters
        ----------
        array : numpy.ndarray
            Rows with `frame_index` and other fields of `dsbind.columns.object_dtype()`. Its
            `parent_index` counts rows of this array.
        labels : sequence of str, optional
            What `label_index` counts; `labels` of this batch by default.

        Raises
        ------
        ValueError
            A row cannot be added; nothing has been changed.
        """
        write(self, array, labels, True)

    def update_objects(self, array, labels=None):
        """Write rows back to the objects that they were read from.

        Parameters
        ----------
        array : numpy.ndarray
            A row for each object of the batch, as `objects_array` gives them. What depends on the
            frame, and what classifiers said, is not written.
        labels : sequence of str, optional
            What `label_index` counts; `labels` of this batch by default.

        Raises
        ------
        ValueError
            A row cannot be written; nothing has been changed.
        """
        write(self, array, labels, False)

    def remove_objects(self, mask):
        """Remove objects. Those left behind by their parent have none.

        Parameters
        ----------
        mask : numpy.ndarray
            A bool for each object of the batch: True removes it.

        Returns
        -------
        int
            How many were removed.
        """
        return remove_rows(self.get(), self.lease, mask)


cdef LabelTable table_of(BatchColumns self):
    if self.label_table is None:
        read(self, plan_of_objects(("label_index",)), None, -1, False)
    return self.label_table


cdef Plan choose(object fields, object out, bint frames):
    if out is None:
        return plan_of_frames(fields) if frames else plan_of_objects(fields)
    names = getattr(getattr(out, "dtype", None), "names", None)
    if names is None or out.ndim != 1:
        raise TypeError(f"out is {type(out).__name__}; it takes an array with one dimension, of "
                        "object_dtype(fields) or frame_dtype(fields)")
    if fields is not None and names != tuple(fields):
        raise ValueError(f"out has the fields {names}, not {tuple(fields)}")
    return plan_of_frames(out.dtype) if frames else plan_of_objects(out.dtype)


cdef object write(BatchColumns self, object array, object labels, bint adding):
    import numpy

    cdef Plan plan
    self.get()
    if not isinstance(array, numpy.ndarray) or array.dtype.names is None:
        raise TypeError(f"rows are {type(array).__name__}; they must be a structured array of "
                        "dsbind.columns.object_dtype()")
    if array.ndim != 1:
        raise ValueError(f"the array has the shape {array.shape}; it takes one dimension")
    plan = plan_of_objects(array.dtype)
    if plan.label < 0:
        labels = ()
    elif labels is None:
        labels = self.labels
    write_rows(self.get(), self.lease, plan, numpy.ascontiguousarray(array), labels, adding)


cdef object read(BatchColumns self, Plan plan, object out, int component, bint frames):
    cdef NvDsBatchMeta *batch = self.get()
    cdef object array = out
    cdef Py_ssize_t count, capacity
    cdef Py_buffer view
    if plan.has_labels and self.label_table is None:
        self.label_table = LabelTable()
    self.lease.lock()
    count = batch.num_frames_in_batch if frames else estimate(batch)
    self.lease.unlock()
    while True:
        # Without the lock: making the array can run other Python code.
        if out is None:
            array = rows_array(plan, count)
        PyObject_GetBuffer(array, &view, PyBUF_WRITABLE)
        try:
            capacity = view.len // plan.row_size
            count = fill(self, plan, component, frames, <char *>view.buf, capacity)
        finally:
            PyBuffer_Release(&view)
        if count == capacity:
            return array
        if count < capacity:
            return array[:count]
        if out is not None:
            raise ValueError(f"out has {capacity} rows, the batch needs {count}")


cdef Py_ssize_t fill(BatchColumns self, Plan plan, int component, bint frames, char *rows,
                     Py_ssize_t capacity) except -1:
    cdef NvDsBatchMeta *batch = self.meta
    cdef Py_ssize_t count
    self.lease.lock()
    if frames:
        count = read_frames(batch, plan, self.label_table, rows, capacity)
    elif capacity < SHORT:
        count = read_objects(batch, plan, self.label_table, component, rows, capacity)
    else:
        self.lease.pins += 1
        with nogil:
            count = read_objects(batch, plan, self.label_table, component, rows, capacity)
        self.lease.pins -= 1
    self.lease.unlock()
    if count < 0:
        raise MemoryError("no memory for the labels or the parents of these objects")
    return count


cdef Py_ssize_t estimate(NvDsBatchMeta *batch) noexcept:
    cdef GList *frames = batch.frame_meta_list
    cdef Py_ssize_t count = 0
    while frames != NULL:
        count += (<NvDsFrameMeta *>frames.data).num_obj_meta
        frames = frames.next
    return count
