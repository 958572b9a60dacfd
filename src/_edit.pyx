# SPDX-License-Identifier: Apache-2.0
"""Objects added, changed and removed by rows, under the lock of their batch."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from libc.math cimport isfinite
from libc.stdint cimport int32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, strlen

from dsbind.capi.glib cimport GList
from dsbind.capi.nvdsmeta cimport (
    MAX_LABEL_SIZE,
    UNTRACKED_OBJECT_ID,
    NvDsFrameMeta,
    NvDsObjectMeta,
    g_list_prepend,
    nvds_acquire_obj_meta_from_pool,
    nvds_add_obj_meta_to_frame,
    nvds_clear_meta_list,
)
from dsbind.capi.nvll_osd_struct cimport NvOSD_FontParams
from dsbind._plan cimport SHORT, Rows, free_rows, map_rows, row_of, scatter
from dsbind._strings cimport set_label
from dsbind.osd cimport set_font_defaults


# What is wrong with a row.
cdef enum Fault:
    NO_FAULT
    NO_MEMORY
    POOL_IS_FULL
    COUNT_DIFFERS
    NO_SUCH_FRAME
    OTHER_FRAME
    BAD_BOX
    NO_SUCH_PARENT
    PARENT_OF_OTHER_FRAME
    NO_SUCH_LABEL


# What one row says, read once: another thread may write to the array at any time.
cdef struct Entry:
    NvDsFrameMeta *frame
    int32_t parent
    int32_t label


cdef struct Work:
    NvDsBatchMeta *batch
    const char *rows
    Py_ssize_t n
    const char *labels
    int32_t n_labels
    Entry *entries
    void **objects
    # The row that has the fault; the number of objects where that differs from the number of rows.
    Fault fault
    Py_ssize_t row
    NvOSD_FontParams font


cdef int write_rows(NvDsBatchMeta *batch, Lease lease, Plan plan, object array, object labels,
                    bint adding) except -1:
    cdef Py_buffer view
    cdef Work work
    cdef bytearray texts
    if adding and plan.frame_index < 0:
        raise ValueError("the array has no field 'frame_index', which says where each object goes")
    texts = label_texts(labels)
    work.batch = batch
    work.n_labels = <int32_t>(len(texts) // MAX_LABEL_SIZE)
    work.labels = <char *>texts
    work.n = len(array)
    work.fault = NO_FAULT
    work.row = 0
    set_font_defaults(&work.font)
    work.entries = <Entry *>calloc(work.n + 1, sizeof(Entry))
    work.objects = <void **>calloc(work.n + 1, sizeof(void *))
    try:
        if work.entries == NULL or work.objects == NULL:
            raise MemoryError(f"no memory for {work.n} rows")
        PyObject_GetBuffer(array, &view, PyBUF_SIMPLE)
        try:
            work.rows = <const char *>view.buf
            lease.lock()
            if work.n < SHORT:
                run(plan, &work, adding)
            else:
                lease.pins += 1
                with nogil:
                    run(plan, &work, adding)
                lease.pins -= 1
            lease.unlock()
        finally:
            PyBuffer_Release(&view)
    finally:
        free(work.entries)
        free(work.objects)
    if work.fault != NO_FAULT:
        complain(&work, array)
    return 0


cdef bytearray label_texts(object labels):
    """All of them side by side, MAX_LABEL_SIZE bytes each."""
    cdef bytearray texts
    cdef char *target
    if isinstance(labels, (str, bytes)):
        raise TypeError(f"labels is {labels!r}; it takes a list of texts")
    labels = tuple(labels)
    texts = bytearray(MAX_LABEL_SIZE * len(labels))
    target = texts
    for label in labels:
        set_label(target, label)
        target += MAX_LABEL_SIZE
    return texts


cdef void run(Plan plan, Work *work, bint adding) noexcept nogil:
    cdef Py_ssize_t i
    if adding:
        find_frames(plan, work)
    else:
        find_objects(plan, work)
    if work.fault == NO_FAULT:
        check(plan, work, adding)
    if work.fault == NO_FAULT and adding:
        acquire(work)
    if work.fault != NO_FAULT:
        return
    scatter(plan, work.objects, work.n, work.rows)
    for i in range(work.n):
        finish(plan, work, i)
    if not adding:
        return
    # Each goes to the front of its frame: the last row first keeps their order.
    for i in range(work.n - 1, -1, -1):
        nvds_add_obj_meta_to_frame(work.entries[i].frame, <NvDsObjectMeta *>work.objects[i],
                                   (<NvDsObjectMeta *>work.objects[i]).parent)


cdef void blame(Work *work, Fault fault, Py_ssize_t row) noexcept nogil:
    if work.fault == NO_FAULT:
        work.fault = fault
        work.row = row


cdef inline int32_t number_at(const char *row, int offset) noexcept nogil:
    cdef int32_t number
    memcpy(&number, row + offset, 4)
    return number


cdef inline float value_at(const char *row, int offset) noexcept nogil:
    cdef float value = 0
    if offset >= 0:
        memcpy(&value, row + offset, 4)
    return value


cdef void find_frames(Plan plan, Work *work) noexcept nogil:
    """The frame that each row is for."""
    cdef GList *link = work.batch.frame_meta_list
    cdef NvDsFrameMeta **frames
    cdef int32_t count = 0
    cdef int32_t number
    cdef Py_ssize_t i
    while link != NULL:
        count += 1
        link = link.next
    frames = <NvDsFrameMeta **>calloc(count + 1, sizeof(void *))
    if frames == NULL:
        blame(work, NO_MEMORY, 0)
        return
    link = work.batch.frame_meta_list
    count = 0
    while link != NULL:
        frames[count] = <NvDsFrameMeta *>link.data
        count += 1
        link = link.next
    for i in range(work.n):
        number = number_at(work.rows + i * plan.row_size, plan.frame_index)
        if not 0 <= number < count:
            blame(work, NO_SUCH_FRAME, i)
            break
        work.entries[i].frame = frames[number]
    free(frames)


cdef void find_objects(Plan plan, Work *work) noexcept nogil:
    """The object that each row is of."""
    cdef GList *frames = work.batch.frame_meta_list
    cdef GList *link
    cdef Py_ssize_t count = 0
    cdef int32_t index = 0
    while frames != NULL:
        link = (<NvDsFrameMeta *>frames.data).obj_meta_list
        while link != NULL:
            if count < work.n:
                work.entries[count].frame = <NvDsFrameMeta *>frames.data
                work.objects[count] = link.data
                if plan.frame_index >= 0 and index != number_at(
                        work.rows + count * plan.row_size, plan.frame_index):
                    blame(work, OTHER_FRAME, count)
            count += 1
            link = link.next
        frames = frames.next
        index += 1
    if count != work.n:
        work.fault = COUNT_DIFFERS
        work.row = count


cdef void check(Plan plan, Work *work, bint adding) noexcept nogil:
    cdef const char *row = work.rows
    cdef Entry *entry
    cdef float width, height
    cdef Py_ssize_t i
    for i in range(work.n):
        entry = &work.entries[i]
        width = value_at(row, plan.width)
        height = value_at(row, plan.height)
        if not (isfinite(value_at(row, plan.left)) and isfinite(value_at(row, plan.top))
                and isfinite(width) and isfinite(height) and width >= 0 and height >= 0):
            blame(work, BAD_BOX, i)
            return
        entry.label = number_at(row, plan.label) if plan.label >= 0 else -1
        if not -1 <= entry.label < work.n_labels:
            blame(work, NO_SUCH_LABEL, i)
            return
        entry.parent = number_at(row, plan.parent) if plan.parent >= 0 else -1
        if not -1 <= entry.parent < work.n or entry.parent == i:
            blame(work, NO_SUCH_PARENT, i)
            return
        if entry.parent >= 0 and work.entries[entry.parent].frame != entry.frame:
            blame(work, PARENT_OF_OTHER_FRAME, i)
            return
        row += plan.row_size


cdef void acquire(Work *work) noexcept nogil:
    """An object from the pool for each row, or none."""
    cdef NvDsObjectMeta *item
    cdef GList *taken = NULL
    cdef Py_ssize_t i
    for i in range(work.n):
        item = nvds_acquire_obj_meta_from_pool(work.batch)
        if item == NULL:
            blame(work, POOL_IS_FULL, i)
            break
        item.object_id = UNTRACKED_OBJECT_ID
        item.text_params.font_params = work.font
        work.objects[i] = item
    if work.fault == NO_FAULT:
        return
    for i in range(work.row):
        taken = g_list_prepend(taken, work.objects[i])
    nvds_clear_meta_list(work.batch, taken, work.batch.obj_meta_pool)


cdef void finish(Plan plan, Work *work, Py_ssize_t i) noexcept nogil:
    """What is not copied as it stands."""
    cdef NvDsObjectMeta *item = <NvDsObjectMeta *>work.objects[i]
    cdef const Entry *entry = &work.entries[i]
    cdef const char *text
    if plan.parent >= 0:
        item.parent = <NvDsObjectMeta *>work.objects[entry.parent] if entry.parent >= 0 else NULL
    if plan.label >= 0:
        if entry.label < 0:
            item.obj_label[0] = 0
            return
        text = work.labels + <size_t>entry.label * MAX_LABEL_SIZE
        memcpy(item.obj_label, text, strlen(text) + 1)


cdef int complain(const Work *work, object array) except -1:
    cdef Py_ssize_t row = work.row
    cdef Fault fault = work.fault
    if fault == NO_MEMORY:
        raise MemoryError("no memory for the frames of this batch")
    if fault == POOL_IS_FULL:
        raise MemoryError(f"the pool of this batch cannot grow; it has room for {row} more objects")
    if fault == COUNT_DIFFERS:
        raise ValueError(f"the array has {work.n} rows, the batch has {row} objects: update rows "
                         "before objects are added or removed, or read them again")
    at = f"row {row}:"
    if fault == NO_SUCH_FRAME:
        frames = work.batch.num_frames_in_batch
        raise ValueError(f"{at} frame_index is {array['frame_index'][row]}; the batch has {frames} "
                         "frames, counted from 0")
    if fault == OTHER_FRAME:
        raise ValueError(f"{at} frame_index is {array['frame_index'][row]}, but that object is in "
                         "another frame; remove it and add it there")
    if fault == BAD_BOX:
        box = ", ".join(f"{side} {array[side][row]:g}" for side in (
            "left", "top", "width", "height") if side in array.dtype.names)
        raise ValueError(f"{at} the box is {box}; it takes finite numbers, and a width and height "
                         "from 0")
    if fault == NO_SUCH_LABEL:
        most = work.n_labels - 1
        raise ValueError(f"{at} label_index is {array['label_index'][row]}; it goes from -1 (no "
                         f"label) to {most}")
    parent = array["parent_index"][row]
    if fault == PARENT_OF_OTHER_FRAME:
        raise ValueError(f"{at} parent_index is {parent}, a row of another frame")
    raise ValueError(f"{at} parent_index is {parent}; it goes from -1 (no parent) to {work.n - 1}, "
                     "and is another row")


cdef Py_ssize_t remove_rows(NvDsBatchMeta *batch, Lease lease, object mask) except -1:
    cdef GList *removed = NULL
    cdef Py_ssize_t n, count
    cdef bytes flags
    import numpy

    mask = numpy.asarray(mask)
    if mask.dtype != numpy.bool_ or mask.ndim != 1:
        raise TypeError(f"mask has the dtype {mask.dtype} and shape {mask.shape}; it takes one "
                        "bool for each object")
    flags = mask.tobytes()
    n = len(flags)
    cdef const char *chosen = flags
    lease.lock()
    lease.pins += 1
    try:
        with nogil:
            count = unlink(batch, chosen, n, &removed)
    finally:
        lease.unlock()
    # Not under the lock: what is released can be a program's own data.
    with nogil:
        nvds_clear_meta_list(batch, removed, batch.obj_meta_pool)
    lease.pins -= 1
    if count == -1:
        raise MemoryError(f"no memory for a list of {n} objects")
    if count < -1:
        raise ValueError(f"the mask has {n} values, the batch has {-2 - count} objects")
    return count


cdef Py_ssize_t unlink(NvDsBatchMeta *batch, const char *mask, Py_ssize_t n, GList **removed) \
        noexcept nogil:
    """Take objects out of their frames. -1: no memory; -2 - count: the mask is not as long."""
    cdef GList *frames = batch.frame_meta_list
    cdef GList *link
    cdef GList *following
    cdef NvDsFrameMeta *frame
    cdef Rows map
    cdef Py_ssize_t row = 0
    cdef Py_ssize_t count = 0
    cdef bint parents = False
    while frames != NULL:
        link = (<NvDsFrameMeta *>frames.data).obj_meta_list
        while link != NULL:
            if (<NvDsObjectMeta *>link.data).parent != NULL:
                parents = True
            row += 1
            link = link.next
        frames = frames.next
    if row != n:
        return -2 - row
    if parents:
        if not map_rows(batch, n, &map):
            return -1
        orphan(batch, mask, &map)
        free_rows(&map)
    row = 0
    frames = batch.frame_meta_list
    while frames != NULL:
        frame = <NvDsFrameMeta *>frames.data
        link = frame.obj_meta_list
        while link != NULL:
            following = link.next
            if mask[row]:
                if link.prev != NULL:
                    link.prev.next = following
                else:
                    frame.obj_meta_list = following
                if following != NULL:
                    following.prev = link.prev
                frame.num_obj_meta -= 1
                link.prev = NULL
                link.next = removed[0]
                if removed[0] != NULL:
                    removed[0].prev = link
                removed[0] = link
                count += 1
            row += 1
            link = following
        frames = frames.next
    return count


cdef void orphan(NvDsBatchMeta *batch, const char *mask, const Rows *map) noexcept nogil:
    cdef GList *frames = batch.frame_meta_list
    cdef GList *link
    cdef NvDsObjectMeta *item
    cdef int32_t parent
    while frames != NULL:
        link = (<NvDsFrameMeta *>frames.data).obj_meta_list
        while link != NULL:
            item = <NvDsObjectMeta *>link.data
            parent = row_of(map, item.parent)
            if parent >= 0 and mask[parent]:
                item.parent = NULL
            link = link.next
        frames = frames.next
