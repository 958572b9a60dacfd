# cython: language_level=3
# The same three probes in Cython, with the declarations that dsbind installs.
from dsbind.capi.api cimport DSBIND_PROBE_KEEP
from dsbind.capi.glib cimport GList
from dsbind.capi.nvdsmeta cimport (
    UNTRACKED_OBJECT_ID,
    NvDsBatchMeta,
    NvDsFrameMeta,
    NvDsObjectMeta,
    nvds_acquire_meta_lock,
    nvds_release_meta_lock,
)
from libc.stdint cimport int64_t, uint64_t


cdef extern from "probes.h" nogil:
    enum:
        TRACKS
    ctypedef struct Track:
        uint64_t id
        float middle
        int used
    ctypedef struct State:
        float line
        float min_area
        int64_t batches
        int64_t objects
        int64_t crossings
        int64_t removed
        Track *tracks
    # dsbind's declarations are those that dsbind itself needs.
    void nvds_remove_obj_meta_from_frame(NvDsFrameMeta *frame, NvDsObjectMeta *object)


cdef api int count(NvDsBatchMeta *batch, void *user) noexcept nogil:
    cdef State *state = <State *>user
    cdef GList *frames = batch.frame_meta_list
    state.batches += 1
    while frames != NULL:
        state.objects += (<NvDsFrameMeta *>frames.data).num_obj_meta
        frames = frames.next
    return DSBIND_PROBE_KEEP


cdef Track *track_of(State *state, uint64_t id) noexcept nogil:
    cdef Track *track
    cdef int i
    for i in range(TRACKS):
        track = &state.tracks[(id + i) % TRACKS]
        if not track.used or track.id == id:
            return track
    return NULL


cdef api int count_crossings(NvDsBatchMeta *batch, void *user) noexcept nogil:
    cdef State *state = <State *>user
    cdef GList *frames = batch.frame_meta_list
    cdef GList *objects
    cdef NvDsObjectMeta *item
    cdef Track *track
    cdef float middle
    while frames != NULL:
        objects = (<NvDsFrameMeta *>frames.data).obj_meta_list
        while objects != NULL:
            item = <NvDsObjectMeta *>objects.data
            objects = objects.next
            if item.object_id == UNTRACKED_OBJECT_ID:
                continue
            track = track_of(state, item.object_id)
            if track == NULL:
                continue
            middle = item.rect_params.left + item.rect_params.width / 2
            if track.used and (track.middle > state.line) != (middle > state.line):
                state.crossings += 1
            track[0] = Track(item.object_id, middle, 1)
        frames = frames.next
    return DSBIND_PROBE_KEEP


cdef api int filter_by_area(NvDsBatchMeta *batch, void *user) noexcept nogil:
    cdef State *state = <State *>user
    cdef GList *frames = batch.frame_meta_list
    cdef GList *objects
    cdef NvDsObjectMeta *item
    nvds_acquire_meta_lock(batch)
    while frames != NULL:
        objects = (<NvDsFrameMeta *>frames.data).obj_meta_list
        while objects != NULL:
            item = <NvDsObjectMeta *>objects.data
            objects = objects.next
            if item.rect_params.width * item.rect_params.height < state.min_area:
                nvds_remove_obj_meta_from_frame(<NvDsFrameMeta *>frames.data, item)
                state.removed += 1
        frames = frames.next
    nvds_release_meta_lock(batch)
    return DSBIND_PROBE_KEEP
