# SPDX-License-Identifier: Apache-2.0
"""Which fields a row has, and the pass that fills all rows of a batch."""

cimport cython

from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy

from dsbind.capi.glib cimport GList
from dsbind.capi.nvdsmeta cimport (
    MAX_LABEL_SIZE,
    NvDsClassifierMeta,
    NvDsFrameMeta,
    NvDsLabelInfo,
    NvDsObjectMeta,
    strnlen,
)
from dsbind.capi.nvll_osd_struct cimport rotation_of

from dsbind.errors import nearest

cdef NvDsFrameMeta *FRAME = NULL
cdef NvDsObjectMeta *OBJECT = NULL

# Name: (format, kind, offset in the struct). The first 14 are those of `BatchMetadata.objects`;
# fields that lie side by side in the struct do so here, and are copied at once.
OBJECT_FIELDS = {
    "frame_index": ("i4", INDEX, 0),
    "source_id": ("u4", FRAME_4, <size_t>&FRAME.source_id),
    "frame_number": ("i4", FRAME_4, <size_t>&FRAME.frame_num),
    "class_id": ("i4", COPY, <size_t>&OBJECT.class_id),
    "object_id": ("u8", COPY, <size_t>&OBJECT.object_id),
    "confidence": ("f4", COPY, <size_t>&OBJECT.confidence),
    "tracker_confidence": ("f4", COPY, <size_t>&OBJECT.tracker_confidence),
    "left": ("f4", COPY, <size_t>&OBJECT.rect_params.left),
    "top": ("f4", COPY, <size_t>&OBJECT.rect_params.top),
    "width": ("f4", COPY, <size_t>&OBJECT.rect_params.width),
    "height": ("f4", COPY, <size_t>&OBJECT.rect_params.height),
    "parent_index": ("i4", PARENT, <size_t>&OBJECT.parent),
    "unique_component_id": ("i4", COPY, <size_t>&OBJECT.unique_component_id),
    "label_index": ("i4", LABEL, 0),
    "border_width": ("u4", COPY, <size_t>&OBJECT.rect_params.border_width),
    "rotation_angle": ("f4", COPY, <size_t>rotation_of(&OBJECT.rect_params)),
    "classifier_label_index": ("i4", CLASSIFIER_LABEL, 0),
    "classifier_class_id": ("i4", CLASSIFIER_CLASS, 0),
    "classifier_prob": ("f4", CLASSIFIER_PROB, 0),
}
if rotation_of(&OBJECT.rect_params) == NULL:
    # Not in this version of the ABI.
    del OBJECT_FIELDS["rotation_angle"]
for whose, offset in (
    ("detector", <size_t>&OBJECT.detector_bbox_info.org_bbox_coords),
    ("tracker", <size_t>&OBJECT.tracker_bbox_info.org_bbox_coords),
):
    for place, side in enumerate(("left", "top", "width", "height")):
        OBJECT_FIELDS[f"{whose}_{side}"] = ("f4", COPY, offset + 4 * place)

FRAME_FIELDS = {
    "frame_index": ("i4", INDEX, 0),
    "pad_index": ("u4", COPY, <size_t>&FRAME.pad_index),
    "batch_id": ("u4", COPY, <size_t>&FRAME.batch_id),
    "source_id": ("u4", COPY, <size_t>&FRAME.source_id),
    "frame_number": ("i4", COPY, <size_t>&FRAME.frame_num),
    "source_width": ("u4", COPY, <size_t>&FRAME.source_frame_width),
    "source_height": ("u4", COPY, <size_t>&FRAME.source_frame_height),
    "pipeline_width": ("u4", COPY, <size_t>&FRAME.pipeline_width),
    "pipeline_height": ("u4", COPY, <size_t>&FRAME.pipeline_height),
    "n_objects": ("u4", COPY, <size_t>&FRAME.num_obj_meta),
    "buffer_pts": ("u8", COPY, <size_t>&FRAME.buf_pts),
    "ntp_timestamp": ("u8", COPY, <size_t>&FRAME.ntp_timestamp),
}

OBJECT_DEFAULT = tuple(OBJECT_FIELDS)[:14]
FRAME_DEFAULT = tuple(FRAME_FIELDS)

# By dtype or names. Programs use a handful; one that makes up new ones all the time starts over.
cdef dict object_plans = {}
cdef dict frame_plans = {}
cdef enum:
    MOST_PLANS = 256


cdef Plan plan_of_objects(object fields):
    return find_plan(object_plans, OBJECT_FIELDS, OBJECT_DEFAULT, fields)


cdef Plan plan_of_frames(object fields):
    return find_plan(frame_plans, FRAME_FIELDS, FRAME_DEFAULT, fields)


cdef Plan find_plan(dict plans, dict known, tuple default, object fields):
    """The plan of names, of a dtype, or of the fields that there are by default."""
    cdef Plan plan
    cdef object key = fields
    if isinstance(fields, str):
        raise TypeError(f"fields is {fields!r}; it takes a list of names, as [{fields!r}]")
    if isinstance(fields, list):
        key = tuple(fields)
    plan = plans.get(key)
    if plan is None:
        plan = make_plan(known, make_dtype(known, default if fields is None else fields))
        if len(plans) >= MOST_PLANS:
            plans.clear()
        plans[key] = plan
    return plan


cdef object make_dtype(dict known, object fields):
    import numpy  # 15 MiB that programs without columns never need

    if isinstance(fields, numpy.dtype):
        if fields.names is None:
            raise TypeError(f"the array has the dtype {fields}; it takes one with named fields: "
                            "dsbind.columns.object_dtype()")
        for name in fields.names:
            check_name(known, name)
            wanted = numpy.dtype(known[name][0])
            if fields[name] != wanted:
                raise TypeError(f"field {name!r} has the dtype {fields[name]}; it takes {wanted}")
        return fields
    names = tuple(fields)
    if not names:
        raise ValueError(f"no fields: choose from {', '.join(known)}")
    for name in names:
        check_name(known, name)
        if names.count(name) > 1:
            raise ValueError(f"field {name!r} is named twice")
    return numpy.dtype([(name, known[name][0]) for name in names], align=True)


cdef int check_name(dict known, object name) except -1:
    if name in known:
        return 0
    meant = nearest(name, known) if isinstance(name, str) else None
    if meant:
        meant = meant.replace("-", "_")
    hint = f"did you mean {meant!r}?" if meant else f"choose from {', '.join(known)}"
    raise ValueError(f"there is no field {name!r}; {hint}")


cdef Plan make_plan(dict known, object dtype):
    cdef Plan plan = Plan.__new__(Plan)
    cdef list runs = []
    cdef int kind, source, target, size
    plan.dtype = dtype
    plan.row_size = dtype.itemsize
    for name in sorted(dtype.names, key=lambda name: dtype.fields[name][1]):
        kind, source = known[name][1:]
        target = dtype.fields[name][1]
        size = dtype.fields[name][0].itemsize
        if kind != COPY:
            add_step(plan, <Kind>kind, source, target)
        elif runs and runs[-1][0] + runs[-1][2] == source and runs[-1][1] + runs[-1][2] == target:
            runs[-1][2] += size
        else:
            runs.append([source, target, size])
        if kind == LABEL or kind == CLASSIFIER_LABEL:
            plan.has_labels = True
    for source, target, size in runs:
        while size > 0:
            step = 16 if size >= 16 else 8 if size >= 8 else 4
            add_step(plan, COPY_16 if step == 16 else COPY_8 if step == 8 else COPY_4, source,
                     target)
            source, target, size = source + step, target + step, size - step
    plan.frame_index = place_of(dtype, "frame_index")
    plan.parent = place_of(dtype, "parent_index")
    plan.label = place_of(dtype, "label_index")
    plan.left = place_of(dtype, "left")
    plan.top = place_of(dtype, "top")
    plan.width = place_of(dtype, "width")
    plan.height = place_of(dtype, "height")
    return plan


cdef int add_step(Plan plan, Kind kind, int source, int target) except -1:
    # There are fewer fields than steps, and each name is in a dtype once.
    assert plan.n_steps < MAX_STEPS
    plan.steps[plan.n_steps] = Step(kind, source, target)
    plan.n_steps += 1
    return 0


cdef int place_of(object dtype, str name):
    return dtype.fields[name][1] if name in dtype.names else -1


cdef object empty = None


cdef object rows_array(Plan plan, Py_ssize_t n):
    global empty
    if empty is None:
        from numpy import empty as function

        empty = function
    return empty(n, plan.dtype)


@cython.final
cdef class Plan:
    """How rows of one dtype are read and written."""


cdef Py_ssize_t read_objects(NvDsBatchMeta *batch, Plan plan, LabelTable labels, int component,
                             char *rows, Py_ssize_t capacity) noexcept nogil:
    cdef void *objects[CHUNK]
    cdef GList *frames = batch.frame_meta_list
    cdef GList *link
    cdef Py_ssize_t count = 0
    cdef bint parents = False
    cdef int n, index = 0
    while frames != NULL:
        link = (<NvDsFrameMeta *>frames.data).obj_meta_list
        while link != NULL:
            n = 0
            while link != NULL and n < CHUNK:
                objects[n] = link.data
                link = link.next
                n += 1
            if count + n <= capacity and not gather(
                    plan, objects, n, frames.data, index, rows + count * plan.row_size, labels,
                    component, &parents):
                return -1
            count += n
        frames = frames.next
        index += 1
    if parents and count <= capacity and not link_parents(batch, plan, rows, count):
        return -1
    return count


cdef Py_ssize_t read_frames(NvDsBatchMeta *batch, Plan plan, LabelTable labels, char *rows,
                            Py_ssize_t capacity) noexcept nogil:
    cdef GList *frames = batch.frame_meta_list
    cdef Py_ssize_t count = 0
    while frames != NULL:
        if count < capacity:
            gather(plan, &frames.data, 1, NULL, <int>count, rows + count * plan.row_size, labels,
                   -1, NULL)
        frames = frames.next
        count += 1
    return count


cdef bint gather(Plan plan, void **elements, int n, void *frame, int index, char *row,
                 LabelTable labels, int component, bint *parents) noexcept nogil:
    """Fill rows with the elements, field by field. False: no memory."""
    cdef size_t size = plan.row_size
    cdef const Step *step
    cdef char *target
    cdef size_t source
    cdef int32_t none = -1
    cdef int i, s
    for s in range(plan.n_steps):
        step = &plan.steps[s]
        target = row + step.target
        source = step.source
        if step.kind == COPY_16:
            for i in range(n):
                memcpy(target + i * size, <char *>elements[i] + source, 16)
        elif step.kind == COPY_8:
            for i in range(n):
                memcpy(target + i * size, <char *>elements[i] + source, 8)
        elif step.kind == COPY_4:
            for i in range(n):
                memcpy(target + i * size, <char *>elements[i] + source, 4)
        elif step.kind == FRAME_4:
            for i in range(n):
                memcpy(target + i * size, <char *>frame + source, 4)
        elif step.kind == INDEX:
            for i in range(n):
                memcpy(target + i * size, &index, 4)
        elif step.kind == PARENT:
            for i in range(n):
                memcpy(target + i * size, &none, 4)
                if (<NvDsObjectMeta *>elements[i]).parent != NULL:
                    parents[0] = True
        elif step.kind == LABEL:
            if not labels.number_objects(elements, n, target, size):
                return False
        else:
            for i in range(n):
                if not classify(step.kind, <NvDsObjectMeta *>elements[i], component, labels,
                                target + i * size):
                    return False
    return True


cdef bint classify(Kind kind, NvDsObjectMeta *item, int component, LabelTable labels,
                   char *target) noexcept nogil:
    """What the first classifier, or the one of that component, said first."""
    cdef NvDsLabelInfo *info = NULL
    cdef GList *link = item.classifier_meta_list
    cdef int32_t number = -1
    cdef float prob = 0
    while link != NULL and component >= 0 \
            and (<NvDsClassifierMeta *>link.data).unique_component_id != component:
        link = link.next
    if link != NULL and (<NvDsClassifierMeta *>link.data).label_info_list != NULL:
        info = <NvDsLabelInfo *>(<NvDsClassifierMeta *>link.data).label_info_list.data
    if kind == CLASSIFIER_PROB:
        if info != NULL:
            prob = info.result_prob
        memcpy(target, &prob, 4)
        return True
    if kind == CLASSIFIER_CLASS:
        if info != NULL:
            number = <int32_t>info.result_class_id
    else:
        number = number_of_result(labels, info)
        if number < 0:
            return False
    memcpy(target, &number, 4)
    return True


cdef int32_t number_of_result(LabelTable labels, const NvDsLabelInfo *info) noexcept nogil:
    cdef char[8] short_text
    cdef size_t size
    if info == NULL:
        return labels.intern(b"\0\0\0\0\0\0\0", 8)
    if info.pResult_label == NULL:
        return labels.intern(info.result_label, MAX_LABEL_SIZE)
    size = strnlen(info.pResult_label, 1 << 20)
    if size >= 8:
        return labels.intern(info.pResult_label, size)
    # Texts are read eight bytes at a time.
    memcpy(short_text, b"\0\0\0\0\0\0\0", 8)
    memcpy(short_text, info.pResult_label, size)
    return labels.intern(short_text, 8)


cdef bint link_parents(NvDsBatchMeta *batch, Plan plan, char *rows, size_t n) noexcept nogil:
    cdef Rows map
    cdef GList *frames = batch.frame_meta_list
    cdef GList *link
    cdef char *target = rows + plan.parent
    cdef int32_t number
    if not map_rows(batch, n, &map):
        return False
    while frames != NULL:
        link = (<NvDsFrameMeta *>frames.data).obj_meta_list
        while link != NULL:
            # A parent that is in no frame of the batch is as good as none.
            number = row_of(&map, (<NvDsObjectMeta *>link.data).parent)
            memcpy(target, &number, 4)
            target += plan.row_size
            link = link.next
        frames = frames.next
    free_rows(&map)
    return True


cdef void scatter(Plan plan, void **elements, Py_ssize_t n, const char *row) noexcept nogil:
    cdef size_t size = plan.row_size
    cdef const Step *step
    cdef const char *source
    cdef size_t target
    cdef Py_ssize_t start = 0
    cdef Py_ssize_t end, i
    cdef int s
    while start < n:
        end = min(start + CHUNK, n)
        for s in range(plan.n_steps):
            step = &plan.steps[s]
            source = row + step.target
            target = step.source
            if step.kind == COPY_16:
                for i in range(start, end):
                    memcpy(<char *>elements[i] + target, source + i * size, 16)
            elif step.kind == COPY_8:
                for i in range(start, end):
                    memcpy(<char *>elements[i] + target, source + i * size, 8)
            elif step.kind == COPY_4:
                for i in range(start, end):
                    memcpy(<char *>elements[i] + target, source + i * size, 4)
        start = end


cdef inline size_t slot_of(const void *element, size_t n_slots) noexcept nogil:
    return ((<size_t>element >> 3) * <size_t>0x9E3779B97F4A7C15U >> 32) & (n_slots - 1)


cdef bint map_rows(NvDsBatchMeta *batch, size_t n, Rows *rows) noexcept nogil:
    cdef GList *frames = batch.frame_meta_list
    cdef GList *link
    cdef size_t slot
    cdef int32_t number = 0
    rows.n_slots = 16
    while rows.n_slots < 2 * n:
        rows.n_slots *= 2
    rows.objects = <void **>calloc(rows.n_slots, sizeof(void *))
    rows.numbers = <int32_t *>malloc(rows.n_slots * sizeof(int32_t))
    if rows.objects == NULL or rows.numbers == NULL:
        free_rows(rows)
        return False
    while frames != NULL:
        link = (<NvDsFrameMeta *>frames.data).obj_meta_list
        while link != NULL:
            slot = slot_of(link.data, rows.n_slots)
            while rows.objects[slot] != NULL:
                slot = (slot + 1) & (rows.n_slots - 1)
            rows.objects[slot] = link.data
            rows.numbers[slot] = number
            number += 1
            link = link.next
        frames = frames.next
    return True


cdef int32_t row_of(const Rows *rows, const void *element) noexcept nogil:
    cdef size_t slot
    if element == NULL:
        return -1
    slot = slot_of(element, rows.n_slots)
    while rows.objects[slot] != NULL:
        if rows.objects[slot] == element:
            return rows.numbers[slot]
        slot = (slot + 1) & (rows.n_slots - 1)
    return -1


cdef void free_rows(Rows *rows) noexcept nogil:
    free(rows.objects)
    free(rows.numbers)
