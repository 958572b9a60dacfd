# SPDX-License-Identifier: Apache-2.0
"""What nvdsanalytics found out. Users find it in `dsbind.meta`."""

cimport cython

from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport int32_t, uint32_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy

from dsbind.capi.analytics cimport *
from dsbind.capi.glib cimport GList
from dsbind.capi.nvdsmeta cimport NvDsFrameMeta, NvDsObjectMeta
from dsbind._lease cimport CLOSED
from dsbind._strings cimport gone

cdef enum:
    COUNT_KINDS = 5
    STATUS_KINDS = 4
    # Far more than a label is long; LabelTable wants a bound.
    LABEL_BOUND = 4096


@cython.final
cdef class AnalyticsFrameMeta:
    """Wrap `NvDsAnalyticsFrameMeta`: what was counted in a frame.

    False where the user metadata is of another type; then all is empty.
    """

    def __cinit__(self):
        self.lease = CLOSED

    def __init__(self):
        raise TypeError("AnalyticsFrameMeta comes from UserMetadata.as_nvdsanalytics_frame()")

    cdef void *get(self) except? NULL:
        self.lease.check()
        return self.meta

    @property
    def oc_status(self):
        """Whether each region is overcrowded: a dict by its label."""
        return {label: bool(value) for label, value in
                counts_of(self.get(), DSBIND_COUNT_OVERCROWDED).items()}

    @property
    def obj_in_roi_cnt(self):
        """Number of objects in each region: a dict by its label."""
        return counts_of(self.get(), DSBIND_COUNT_IN_ROI)

    @property
    def obj_lc_curr_cnt(self):
        """Number of objects that cross each line in this frame: a dict by its label."""
        return counts_of(self.get(), DSBIND_COUNT_CROSSED)

    @property
    def obj_lc_cum_cnt(self):
        """Number of objects that have crossed each line so far: a dict by its label."""
        return counts_of(self.get(), DSBIND_COUNT_CROSSED_TOTAL)

    @property
    def unique_id(self):
        """Number of the element (`unique-id`)."""
        cdef void *meta = self.get()
        return 0 if meta == NULL else dsbind_frame_unique_id(meta)

    @property
    def obj_cnt(self):
        """Number of objects of each class: a dict by its id."""
        return counts_of(self.get(), DSBIND_COUNT_CLASS)

    def __bool__(self):
        return self.get() != NULL

    def __repr__(self):
        if not self.lease.open:
            return gone(self)
        if self.meta == NULL:
            return "<AnalyticsFrameMeta of something else>"
        return (f"<AnalyticsFrameMeta obj_in_roi_cnt={self.obj_in_roi_cnt} "
                f"obj_lc_cum_cnt={self.obj_lc_cum_cnt} oc_status={self.oc_status}>")


@cython.final
cdef class AnalyticsObjInfo:
    """Wrap `NvDsAnalyticsObjInfo`: where an object is and what it crosses.

    False where the user metadata is of another type; then all is empty.
    """

    def __cinit__(self):
        self.lease = CLOSED

    def __init__(self):
        raise TypeError("AnalyticsObjInfo comes from UserMetadata.as_nvdsanalytics_obj()")

    cdef void *get(self) except? NULL:
        self.lease.check()
        return self.meta

    @property
    def roi_status(self):
        """Labels of the regions it is in: a list."""
        return labels_of(self.get(), DSBIND_STATUS_ROI)

    @property
    def oc_status(self):
        """Labels of the overcrowded regions it is in: a list."""
        return labels_of(self.get(), DSBIND_STATUS_OVERCROWDED)

    @property
    def lc_status(self):
        """Labels of the lines it crosses in this frame: a list."""
        return labels_of(self.get(), DSBIND_STATUS_CROSSED)

    @property
    def dir_status(self):
        """Label of the direction it moves in; "" where it is none of the configured ones."""
        return first_of(self.get(), DSBIND_STATUS_DIRECTION)

    @property
    def unique_id(self):
        """Number of the element (`unique-id`)."""
        cdef void *meta = self.get()
        return 0 if meta == NULL else dsbind_object_unique_id(meta)

    @property
    def obj_status(self):
        """"moving" or "stationary"; "" where it has no id, and when it is seen first."""
        return first_of(self.get(), DSBIND_STATUS_OBJECT)

    def __bool__(self):
        return self.get() != NULL

    def __repr__(self):
        if not self.lease.open:
            return gone(self)
        if self.meta == NULL:
            return "<AnalyticsObjInfo of something else>"
        return (f"<AnalyticsObjInfo roi_status={self.roi_status} lc_status={self.lc_status} "
                f"oc_status={self.oc_status} dir_status={self.dir_status!r}>")


cdef dict counts_of(void *meta, DsbindCountKind kind):
    cdef DsbindCount *counts = NULL
    cdef dict found = {}
    cdef size_t i, n
    if meta == NULL:
        return found
    n = dsbind_frame_counts(meta, kind, NULL, 0)
    if n == 0:
        return found
    counts = <DsbindCount *>realloc(NULL, n * sizeof(DsbindCount))
    if counts == NULL:
        raise MemoryError(f"no memory for {n} counts")
    try:
        dsbind_frame_counts(meta, kind, counts, n)
        for i in range(n):
            key = counts[i].class_id if counts[i].label == NULL \
                else counts[i].label.decode("utf-8", "replace")
            found[key] = counts[i].value
    finally:
        free(counts)
    # The C++ map has no order.
    return {key: found[key] for key in sorted(found)}


cdef list labels_of(void *meta, DsbindStatusKind kind):
    cdef list labels = []
    cdef const char *label = NULL
    if meta == NULL:
        return labels
    label = dsbind_object_status(meta, kind, 0)
    while label != NULL:
        labels.append(label.decode("utf-8", "replace"))
        label = dsbind_object_status(meta, kind, len(labels))
    return labels


cdef str first_of(void *meta, DsbindStatusKind kind):
    cdef list labels = labels_of(meta, kind)
    return labels[0] if labels else ""


cdef AnalyticsFrameMeta wrap_analytics_frame(NvDsUserMeta *user, Lease lease):
    cdef AnalyticsFrameMeta view = AnalyticsFrameMeta.__new__(AnalyticsFrameMeta)
    view.lease = lease
    if user.base_meta.meta_type == dsbind_frame_analytics_type():
        view.meta = user.user_meta_data
    return view


cdef AnalyticsObjInfo wrap_analytics_object(NvDsUserMeta *user, Lease lease):
    cdef AnalyticsObjInfo view = AnalyticsObjInfo.__new__(AnalyticsObjInfo)
    view.lease = lease
    if user.base_meta.meta_type == dsbind_object_analytics_type():
        view.meta = user.user_meta_data
    return view


# A row of `BatchMetadata.analytics_counts`, and one of `analytics_statuses`.
cdef packed struct CountRow:
    uint64_t value
    int32_t frame_index
    int32_t kind
    int32_t label_index
    int32_t class_id


cdef packed struct StatusRow:
    int32_t object_index
    int32_t frame_index
    int32_t kind
    int32_t label_index


COUNT_FIELDS = [("value", "u8"), ("frame_index", "i4"), ("kind", "i4"), ("label_index", "i4"),
                ("class_id", "i4")]
STATUS_FIELDS = [("object_index", "i4"), ("frame_index", "i4"), ("kind", "i4"),
                 ("label_index", "i4")]


# Rows that grow; `failed` where there was no memory.
cdef struct Rows:
    char *data
    size_t count
    size_t capacity
    size_t size
    bint failed


cdef void *next_row(Rows *rows) noexcept nogil:
    cdef char *data
    if rows.count == rows.capacity:
        data = <char *>realloc(rows.data, (rows.capacity * 2 + 16) * rows.size)
        if data == NULL:
            rows.failed = True
            return NULL
        rows.data = data
        rows.capacity = rows.capacity * 2 + 16
    rows.count += 1
    return rows.data + (rows.count - 1) * rows.size


cdef void *data_of(GList *users, int kind) noexcept nogil:
    while users != NULL:
        if (<NvDsUserMeta *>users.data).base_meta.meta_type == kind:
            return (<NvDsUserMeta *>users.data).user_meta_data
        users = users.next
    return NULL


cdef void add_counts(const void *meta, int frame_index, LabelTable labels, Rows *rows,
                     DsbindCount **room, size_t *capacity) noexcept nogil:
    cdef DsbindCount *counts
    cdef CountRow *row
    cdef size_t i, n
    cdef int kind
    for kind in range(COUNT_KINDS):
        n = dsbind_frame_counts(meta, <DsbindCountKind>kind, NULL, 0)
        if n > capacity[0]:
            counts = <DsbindCount *>realloc(room[0], n * sizeof(DsbindCount))
            if counts == NULL:
                rows.failed = True
                return
            room[0] = counts
            capacity[0] = n
        dsbind_frame_counts(meta, <DsbindCountKind>kind, room[0], n)
        for i in range(n):
            row = <CountRow *>next_row(rows)
            if row == NULL:
                return
            row.value = room[0][i].value
            row.frame_index = frame_index
            row.kind = kind
            row.class_id = room[0][i].class_id
            row.label_index = -1
            if room[0][i].label != NULL:
                row.label_index = labels.intern(room[0][i].label, LABEL_BOUND)
                if row.label_index < 0:
                    rows.failed = True


cdef void add_statuses(const void *info, int object_index, int frame_index, LabelTable labels,
                       Rows *rows) noexcept nogil:
    cdef const char *label
    cdef StatusRow *row
    cdef size_t i
    cdef int kind
    for kind in range(STATUS_KINDS):
        i = 0
        label = dsbind_object_status(info, <DsbindStatusKind>kind, 0)
        while label != NULL:
            row = <StatusRow *>next_row(rows)
            if row == NULL:
                return
            row.object_index = object_index
            row.frame_index = frame_index
            row.kind = kind
            row.label_index = labels.intern(label, LABEL_BOUND)
            if row.label_index < 0:
                rows.failed = True
            i += 1
            label = dsbind_object_status(info, <DsbindStatusKind>kind, i)


cdef void walk(NvDsBatchMeta *batch, LabelTable labels, bint counts, Rows *rows) noexcept nogil:
    cdef GList *frames = batch.frame_meta_list
    cdef GList *objects
    cdef DsbindCount *room = NULL
    cdef size_t capacity = 0
    cdef int frame_index = 0, object_index = 0
    cdef void *data
    while frames != NULL and not rows.failed:
        if counts:
            data = data_of((<NvDsFrameMeta *>frames.data).frame_user_meta_list,
                           dsbind_frame_analytics_type())
            if data != NULL:
                add_counts(data, frame_index, labels, rows, &room, &capacity)
        else:
            objects = (<NvDsFrameMeta *>frames.data).obj_meta_list
            while objects != NULL and not rows.failed:
                data = data_of((<NvDsObjectMeta *>objects.data).obj_user_meta_list,
                               dsbind_object_analytics_type())
                if data != NULL:
                    add_statuses(data, object_index, frame_index, labels, rows)
                object_index += 1
                objects = objects.next
        frame_index += 1
        frames = frames.next
    free(room)


cdef object rows_of(NvDsBatchMeta *batch, Lease lease, LabelTable labels, bint counts):
    import numpy

    cdef Rows rows = Rows(NULL, 0, 0, sizeof(CountRow) if counts else sizeof(StatusRow), False)
    cdef Py_buffer view
    try:
        lease.lock()
        lease.pins += 1
        with nogil:
            walk(batch, labels, counts, &rows)
        lease.pins -= 1
        lease.unlock()
        if rows.failed:
            raise MemoryError("no memory for what the analytics of this batch say")
        array = numpy.empty(rows.count, COUNT_FIELDS if counts else STATUS_FIELDS)
        if rows.count:
            PyObject_GetBuffer(array, &view, PyBUF_WRITABLE)
            memcpy(view.buf, rows.data, rows.count * rows.size)
            PyBuffer_Release(&view)
        return array
    finally:
        free(rows.data)


cdef object counts_array(NvDsBatchMeta *batch, Lease lease, LabelTable labels):
    return rows_of(batch, lease, labels, True)


cdef object statuses_array(NvDsBatchMeta *batch, Lease lease, LabelTable labels):
    return rows_of(batch, lease, labels, False)
