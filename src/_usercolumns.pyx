# SPDX-License-Identifier: Apache-2.0
"""Data of a program's own, read from all of a batch and added to it by rows."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport int32_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy

from dsbind.capi.glib cimport GList, g_free
from dsbind.capi.nvdsmeta cimport (
    NvDsFrameMeta,
    NvDsMetaType,
    NvDsObjectMeta,
    NvDsUserMeta,
    g_list_prepend,
    nvds_acquire_user_meta_from_pool,
    nvds_add_user_meta_to_batch,
    nvds_add_user_meta_to_frame,
    nvds_add_user_meta_to_obj,
    nvds_clear_meta_list,
)
from dsbind._plan cimport SHORT
from dsbind._usermeta cimport is_python, need_own_type, python_value

cdef extern from "glib.h" nogil:
    void *g_try_malloc(size_t size)

cdef enum:
    # Before a struct that was added here: its size, and what aligns it as malloc does.
    HEADER = 16


# One that was found: in which frame and on which object, -1 for none, and in `new` on which.
cdef struct Found:
    NvDsUserMeta *meta
    int32_t frame
    int32_t object


# Reading

cdef object row_dtype(object dtype):
    import numpy

    data = numpy.dtype(dtype)
    if data.hasobject and data != numpy.dtype(object):
        raise TypeError(f"the dtype {data} has Python objects in it, a C struct has none; `object` "
                        "alone is for data that Python gave")
    if data.itemsize == 0:
        raise TypeError(f"the dtype {data} has no size")
    return numpy.dtype([("frame_index", "i4"), ("object_index", "i4"), ("data", data)], align=True)


cdef object read_user(NvDsBatchMeta *batch, Lease lease, int kind, object dtype, object out):
    import numpy

    cdef object rows = row_dtype(dtype)
    cdef bint plain = not rows.hasobject
    cdef Found *found = NULL
    cdef Py_ssize_t count, capacity
    cdef list values = []
    if out is not None:
        if not isinstance(out, numpy.ndarray) or out.ndim != 1 or out.dtype != rows:
            raise TypeError("out takes an array with one dimension, of dsbind.columns.user_dtype() "
                            "of this dtype")
        if not (out.flags.c_contiguous and out.flags.writeable):
            raise ValueError("out has gaps, or is read-only")
    lease.lock()
    capacity = find(batch, kind, NULL, 0)
    lease.unlock()
    while True:
        # Without the lock: making arrays can run other Python code.
        array = numpy.empty(capacity, rows) if out is None else out
        capacity = len(array)
        found = <Found *>malloc((capacity + 1) * sizeof(Found))
        if found == NULL:
            raise MemoryError(f"no memory for {capacity} rows")
        try:
            if plain:
                count = read_structs(batch, lease, kind, found, array)
            else:
                count = read_objects(batch, lease, kind, found, capacity, values)
                place_objects(found, min(count, capacity), array, values)
        finally:
            free(found)
        if count <= capacity:
            return array if count == capacity else array[:count]
        if out is not None:
            raise ValueError(f"out has {capacity} rows, the batch needs {count}")
        capacity = count


cdef Py_ssize_t read_structs(NvDsBatchMeta *batch, Lease lease, int kind, Found *found,
                             object array) except -1:
    import numpy

    cdef Py_ssize_t capacity = len(array)
    cdef Py_ssize_t row_size = array.dtype.itemsize
    cdef Py_ssize_t offset = array.dtype.fields["data"][1]
    cdef Py_ssize_t size = array.dtype.fields["data"][0].itemsize
    cdef Py_ssize_t count
    cdef Py_ssize_t bad = -1
    cdef Py_ssize_t real = 0
    cdef bint python = False
    cdef Py_buffer view
    # As bytes: not every dtype speaks the buffer protocol.
    PyObject_GetBuffer(array.view(numpy.uint8), &view, PyBUF_WRITABLE)
    try:
        lease.lock()
        lease.pins += 1
        with nogil:
            count = find(batch, kind, found, capacity)
            bad = copy_structs(found, min(count, capacity), <char *>view.buf, row_size, offset,
                               size)
            if bad >= 0:
                python = is_python(found[bad].meta)
                real = 0 if python else size_of(found[bad].meta)
        lease.pins -= 1
        lease.unlock()
    finally:
        PyBuffer_Release(&view)
    if bad >= 0 and python:
        raise TypeError(f"user metadata of type {kind} carries texts or Python objects: read it "
                        "with the dtype `object`")
    if bad >= 0:
        raise ValueError(f"user metadata of type {kind} carries {real} bytes; the dtype has {size}")
    return count


cdef Py_ssize_t copy_structs(const Found *found, Py_ssize_t n, char *row, Py_ssize_t row_size,
                             Py_ssize_t offset, Py_ssize_t size) noexcept nogil:
    """Fill rows. The number of one that carries something else, or -1."""
    cdef Py_ssize_t i
    for i in range(n):
        if is_python(found[i].meta) or found[i].meta.base_meta.release_func == release_struct \
                and size_of(found[i].meta) != <size_t>size:
            return i
        memcpy(row, &found[i].frame, 4)
        memcpy(row + 4, &found[i].object, 4)
        memcpy(row + offset, found[i].meta.user_meta_data, size)
        row += row_size
    return -1


cdef Py_ssize_t read_objects(NvDsBatchMeta *batch, Lease lease, int kind, Found *found,
                             Py_ssize_t capacity, list values) except -1:
    cdef Py_ssize_t count, i
    values.clear()
    lease.lock()
    try:
        count = find(batch, kind, found, capacity)
        for i in range(min(count, capacity)):
            if not is_python(found[i].meta):
                raise TypeError(f"user metadata of type {kind} carries a C struct, not a Python "
                                "object: read it with the dtype of that struct")
            values.append(python_value(found[i].meta))
    finally:
        lease.unlock()
    return count


cdef int place_objects(const Found *found, Py_ssize_t n, object array, list values) except -1:
    cdef Py_ssize_t i
    frames, objects, data = array["frame_index"], array["object_index"], array["data"]
    for i in range(n):
        frames[i] = found[i].frame
        objects[i] = found[i].object
        data[i] = values[i]
    return 0


cdef Py_ssize_t find(NvDsBatchMeta *batch, int kind, Found *found,
                     Py_ssize_t capacity) noexcept nogil:
    """How many there are; the first `capacity` of them are entered."""
    cdef GList *frames = batch.frame_meta_list
    cdef GList *link
    cdef Py_ssize_t count = 0
    cdef int32_t frame = 0
    cdef int32_t row = 0
    count = enter(batch.batch_user_meta_list, kind, -1, -1, found, capacity, count)
    while frames != NULL:
        count = enter((<NvDsFrameMeta *>frames.data).frame_user_meta_list, kind, frame, -1, found,
                      capacity, count)
        link = (<NvDsFrameMeta *>frames.data).obj_meta_list
        while link != NULL:
            count = enter((<NvDsObjectMeta *>link.data).obj_user_meta_list, kind, frame, row, found,
                          capacity, count)
            row += 1
            link = link.next
        frames = frames.next
        frame += 1
    return count


cdef inline Py_ssize_t enter(GList *link, int kind, int32_t frame, int32_t object, Found *found,
                             Py_ssize_t capacity, Py_ssize_t count) noexcept nogil:
    cdef NvDsUserMeta *meta
    while link != NULL:
        meta = <NvDsUserMeta *>link.data
        if meta.base_meta.meta_type == kind and meta.user_meta_data != NULL:
            if count < capacity:
                found[count] = Found(meta, frame, object)
            count += 1
        link = link.next
    return count


# Adding

cdef enum Fault:
    NO_FAULT
    NO_MEMORY
    NO_SUCH_FRAME
    NO_SUCH_OBJECT
    OTHER_FRAME


cdef struct Work:
    NvDsBatchMeta *batch
    int kind
    Py_ssize_t n
    const char *rows
    Py_ssize_t row_size, offset, size
    # Where these are in a row; -1 where they are not.
    Py_ssize_t frame_offset, object_offset
    NvDsFrameMeta **frames
    NvDsObjectMeta **objects
    int32_t *frame_of_object
    Py_ssize_t n_frames, n_objects
    Found *new
    Fault fault
    Py_ssize_t row


cdef int add_user(NvDsBatchMeta *batch, Lease lease, int kind, object array) except -1:
    import numpy

    cdef Py_buffer view
    cdef Work work
    need_own_type(kind)
    names = getattr(getattr(array, "dtype", None), "names", None) or ()
    if not isinstance(array, numpy.ndarray) or "data" not in names or array.ndim != 1:
        raise TypeError("rows take a structured array of dsbind.columns.user_dtype(), whose field "
                        "'data' is what they carry")
    # Checks its dtype.
    row_dtype(array.dtype["data"])
    if array.dtype["data"].hasobject:
        raise TypeError("Python objects are carried by UserMetadata.set_user_data(), one by one")
    array = numpy.ascontiguousarray(array)
    work.batch = batch
    work.kind = kind
    work.n = len(array)
    work.row_size = array.dtype.itemsize
    work.offset = array.dtype.fields["data"][1]
    work.size = array.dtype["data"].itemsize
    work.frame_offset = place_of(array.dtype, "frame_index")
    work.object_offset = place_of(array.dtype, "object_index")
    work.frames = NULL
    work.objects = NULL
    work.frame_of_object = NULL
    work.fault = NO_FAULT
    work.row = 0
    work.new = <Found *>calloc(work.n + 1, sizeof(Found))
    if work.new == NULL:
        raise MemoryError(f"no memory for {work.n} rows")
    try:
        PyObject_GetBuffer(array.view(numpy.uint8), &view, PyBUF_SIMPLE)
        try:
            work.rows = <const char *>view.buf
            lease.lock()
            lease.pins += 1
            with nogil:
                run(&work)
            lease.pins -= 1
            lease.unlock()
        finally:
            PyBuffer_Release(&view)
    finally:
        free(work.new)
        free(work.frames)
        free(work.objects)
        free(work.frame_of_object)
    if work.fault != NO_FAULT:
        complain(&work, array)
    return 0


cdef Py_ssize_t place_of(object dtype, str name) except -2:
    if name not in dtype.names:
        return -1
    if dtype[name] != "i4":
        raise TypeError(f"field {name!r} has the dtype {dtype[name]}; it takes int32")
    return dtype.fields[name][1]


cdef void run(Work *work) noexcept nogil:
    cdef GList *returned = NULL
    cdef Py_ssize_t i
    if not list_all(work):
        work.fault = NO_MEMORY
        return
    for i in range(work.n):
        work.new[i].frame = index_at(work, i, work.frame_offset)
        work.new[i].object = index_at(work, i, work.object_offset)
        work.fault = check(work, &work.new[i])
        if work.fault == NO_FAULT and not make(work, i):
            work.fault = NO_MEMORY
        if work.fault != NO_FAULT:
            work.row = i
            break
    if work.fault == NO_FAULT:
        add_all(work)
        return
    for i in range(work.row + 1):
        if work.new[i].meta != NULL:
            release_struct(work.new[i].meta, NULL)
            work.new[i].meta.base_meta.release_func = NULL
            returned = g_list_prepend(returned, work.new[i].meta)
    nvds_clear_meta_list(work.batch, returned, work.batch.user_meta_pool)


cdef bint list_all(Work *work) noexcept nogil:
    """The frames and the objects of the batch by number."""
    cdef GList *frames = work.batch.frame_meta_list
    cdef GList *link
    cdef Py_ssize_t n
    work.n_frames = 0
    work.n_objects = 0
    while frames != NULL:
        link = (<NvDsFrameMeta *>frames.data).obj_meta_list
        while link != NULL:
            work.n_objects += 1
            link = link.next
        work.n_frames += 1
        frames = frames.next
    work.frames = <NvDsFrameMeta **>calloc(work.n_frames + 1, sizeof(void *))
    work.objects = <NvDsObjectMeta **>calloc(work.n_objects + 1, sizeof(void *))
    work.frame_of_object = <int32_t *>calloc(work.n_objects + 1, sizeof(int32_t))
    if work.frames == NULL or work.objects == NULL or work.frame_of_object == NULL:
        return False
    frames = work.batch.frame_meta_list
    n = 0
    work.n_frames = 0
    while frames != NULL:
        work.frames[work.n_frames] = <NvDsFrameMeta *>frames.data
        link = work.frames[work.n_frames].obj_meta_list
        while link != NULL:
            work.objects[n] = <NvDsObjectMeta *>link.data
            work.frame_of_object[n] = <int32_t>work.n_frames
            n += 1
            link = link.next
        work.n_frames += 1
        frames = frames.next
    return True


cdef int32_t index_at(const Work *work, Py_ssize_t row, Py_ssize_t offset) noexcept nogil:
    cdef int32_t index = -1
    if offset >= 0:
        memcpy(&index, work.rows + row * work.row_size + offset, 4)
    return index


cdef Fault check(const Work *work, const Found *row) noexcept nogil:
    if not -1 <= row.frame < work.n_frames:
        return NO_SUCH_FRAME
    if not -1 <= row.object < work.n_objects:
        return NO_SUCH_OBJECT
    if row.object >= 0 and row.frame >= 0 and work.frame_of_object[row.object] != row.frame:
        return OTHER_FRAME
    return NO_FAULT


cdef bint make(Work *work, Py_ssize_t row) noexcept nogil:
    """User metadata with the data of a row; False where there is no memory for it."""
    cdef NvDsUserMeta *meta = nvds_acquire_user_meta_from_pool(work.batch)
    if meta == NULL:
        return False
    # The pool hands it out with all that its last user left in it.
    meta.base_meta.uContext = NULL
    meta.base_meta.meta_type = <NvDsMetaType>work.kind
    meta.base_meta.copy_func = copy_struct
    meta.base_meta.release_func = release_struct
    meta.user_meta_data = new_struct(
        work.rows + row * work.row_size + work.offset, work.size)
    work.new[row].meta = meta
    return meta.user_meta_data != NULL


cdef void add_all(const Work *work) noexcept nogil:
    """In the order of the rows: a batch takes new ones at the end, frames and objects in front."""
    cdef const Found *row
    cdef Py_ssize_t i
    for i in range(work.n):
        row = &work.new[i]
        if row.object < 0 and row.frame < 0:
            nvds_add_user_meta_to_batch(work.batch, row.meta)
    for i in range(work.n - 1, -1, -1):
        row = &work.new[i]
        if row.object >= 0:
            nvds_add_user_meta_to_obj(work.objects[row.object], row.meta)
        elif row.frame >= 0:
            nvds_add_user_meta_to_frame(work.frames[row.frame], row.meta)


cdef int complain(const Work *work, object array) except -1:
    cdef str at = f"row {work.row}:"
    if work.fault == NO_MEMORY:
        raise MemoryError(f"{at} no memory, or the pool of this batch cannot grow")
    if work.fault == NO_SUCH_FRAME:
        raise ValueError(f"{at} frame_index is {array['frame_index'][work.row]}; the batch has "
                         f"{work.n_frames} frames, counted from 0, and -1 is for the batch itself")
    if work.fault == NO_SUCH_OBJECT:
        raise ValueError(f"{at} object_index is {array['object_index'][work.row]}; the batch has "
                         f"{work.n_objects} objects, counted from 0, and -1 is for none")
    raise ValueError(f"{at} frame_index is {array['frame_index'][work.row]}, but object "
                     f"{array['object_index'][work.row]} is in another frame")


# What user metadata carries that was added here: the struct, and before it its size.

cdef void *new_struct(const void *data, size_t size) noexcept nogil:
    cdef char *block = NULL
    if size <= <size_t>-1 - HEADER:
        block = <char *>g_try_malloc(HEADER + size)
    if block == NULL:
        return NULL
    (<size_t *>block)[0] = size
    memcpy(block + HEADER, data, size)
    return block + HEADER


cdef size_t size_of(const NvDsUserMeta *meta) noexcept nogil:
    return (<size_t *>(<char *>meta.user_meta_data - HEADER))[0]


cdef void *copy_struct(void *data, void *user_data) noexcept nogil:
    cdef NvDsUserMeta *meta = <NvDsUserMeta *>data
    if meta.user_meta_data == NULL:
        return NULL
    return new_struct(meta.user_meta_data, size_of(meta))


cdef void release_struct(void *data, void *user_data) noexcept nogil:
    cdef NvDsUserMeta *meta = <NvDsUserMeta *>data
    if meta.user_meta_data != NULL:
        g_free(<char *>meta.user_meta_data - HEADER)
        meta.user_meta_data = NULL
