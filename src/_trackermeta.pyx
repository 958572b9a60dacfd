# SPDX-License-Identifier: Apache-2.0
"""What a tracker tells beside the objects of the frame. Users find it in `dsbind.meta`."""

cimport cython

from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport int32_t, uint32_t, uint64_t
from libc.string cimport memcpy

from dsbind.capi.nvds_tracker_meta cimport *
from dsbind.capi.nvdsmeta cimport (
    NVDS_TRACKER_OBJ_REID_META,
    NVDS_TRACKER_PAST_FRAME_META,
    NVDS_TRACKER_SHADOW_LIST_META,
    NVDS_TRACKER_TERMINATED_LIST_META,
)
from dsbind._lease cimport CLOSED
from dsbind._strings cimport gone

from dsbind.errors import UnsupportedError


# A row of tracks_array(); the same layout as TRACK_FIELDS.
cdef packed struct Row:
    uint64_t object_id
    uint32_t pad_index
    int32_t class_id
    uint32_t frame_number
    float left
    float top
    float width
    float height
    float confidence
    uint32_t age
    int32_t state


TRACK_FIELDS = [
    ("object_id", "u8"), ("pad_index", "u4"), ("class_id", "i4"), ("frame_number", "u4"),
    ("left", "f4"), ("top", "f4"), ("width", "f4"), ("height", "f4"), ("confidence", "f4"),
    ("age", "u4"), ("state", "i4"),
]


@cython.final
cdef class ObjectReidUserMetadata:
    """Wrap `NvDsObjReid`: numbers that are alike for pictures of the same object.

    False where the user metadata is of another type; then there are no numbers.
    """

    def __cinit__(self):
        self.lease = CLOSED

    def __init__(self):
        raise TypeError("ObjectReidUserMetadata comes from UserMetadata.as_obj_reid()")

    cdef NvDsObjReid *get(self) except? NULL:
        self.lease.check()
        return self.meta

    @property
    def feature_size(self):
        """How many numbers there are."""
        cdef NvDsObjReid *meta = self.get()
        return 0 if meta == NULL else meta.featureSize

    @property
    def feature_vector(self):
        """The numbers, a float32 array that may be kept."""
        import numpy as np

        cdef NvDsObjReid *meta = self.get()
        vector = np.empty(0 if meta == NULL else meta.featureSize, np.float32)
        if meta == NULL or meta.featureSize == 0:
            return vector
        if meta.ptr_host == NULL:
            raise UnsupportedError("the feature vector is in the memory of a GPU only, which dsbind "
                                   "does not read")
        cdef Py_buffer view
        PyObject_GetBuffer(vector, &view, PyBUF_WRITABLE)
        memcpy(view.buf, meta.ptr_host, view.len)
        PyBuffer_Release(&view)
        return vector

    def __bool__(self):
        return self.get() != NULL

    def __repr__(self):
        if not self.lease.open:
            return gone(self)
        if self.meta == NULL:
            return "<ObjectReidUserMetadata of something else>"
        return f"<ObjectReidUserMetadata feature_size={self.feature_size}>"


cdef ObjectReidUserMetadata wrap_reid(NvDsUserMeta *user, Lease lease):
    cdef ObjectReidUserMetadata reid = ObjectReidUserMetadata.__new__(ObjectReidUserMetadata)
    reid.lease = lease
    if user.base_meta.meta_type == NVDS_TRACKER_OBJ_REID_META:
        reid.meta = <NvDsObjReid *>user.user_meta_data
    return reid


cdef object tracks_array(NvDsUserMeta *user, Lease lease):
    import numpy as np

    cdef NvDsTargetMiscDataBatch *batch = NULL
    cdef Py_buffer view
    lease.check()
    if user.base_meta.meta_type in (NVDS_TRACKER_PAST_FRAME_META, NVDS_TRACKER_SHADOW_LIST_META,
                                    NVDS_TRACKER_TERMINATED_LIST_META):
        batch = <NvDsTargetMiscDataBatch *>user.user_meta_data
    rows = np.zeros(0 if batch == NULL else count_rows(batch), TRACK_FIELDS)
    if len(rows):
        # Of bytes: buffers of records are no matter of the limited API.
        PyObject_GetBuffer(rows.view(np.uint8), &view, PyBUF_WRITABLE)
        fill_rows(batch, <Row *>view.buf)
        PyBuffer_Release(&view)
    return rows


cdef Py_ssize_t count_rows(NvDsTargetMiscDataBatch *batch) noexcept nogil:
    cdef Py_ssize_t count = 0
    cdef uint32_t s, t
    for s in range(batch.numFilled):
        for t in range(batch.list[s].numFilled):
            count += batch.list[s].list[t].numObj
    return count


cdef void fill_rows(NvDsTargetMiscDataBatch *batch, Row *row) noexcept nogil:
    cdef NvDsTargetMiscDataObject *target
    cdef NvDsTargetMiscDataFrame *frame
    cdef uint32_t s, t, i
    for s in range(batch.numFilled):
        for t in range(batch.list[s].numFilled):
            target = &batch.list[s].list[t]
            for i in range(target.numObj):
                frame = &target.list[i]
                row.object_id = target.uniqueId
                row.pad_index = batch.list[s].streamID
                row.class_id = target.classId
                row.frame_number = frame.frameNum
                row.left = frame.tBbox.left
                row.top = frame.tBbox.top
                row.width = frame.tBbox.width
                row.height = frame.tBbox.height
                row.confidence = frame.confidence
                row.age = frame.age
                row.state = frame.trackerState
                row += 1
