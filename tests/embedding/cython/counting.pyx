# SPDX-License-Identifier: Apache-2.0
# An extension of another project, in Cython: it reads metadata through dsbind's own classes.
cimport dsbind.meta
from dsbind.capi.api cimport DSBIND_PROBE_KEEP
from dsbind.capi.glib cimport GList
from dsbind.capi.nvdsmeta cimport NvDsBatchMeta, NvDsFrameMeta, NvDsObjectMeta


cdef double confidence_of(NvDsBatchMeta *batch) noexcept nogil:
    cdef double total = 0
    cdef GList *frames = batch.frame_meta_list
    cdef GList *objects
    while frames != NULL:
        objects = (<NvDsFrameMeta *>frames.data).obj_meta_list
        while objects != NULL:
            total += (<NvDsObjectMeta *>objects.data).confidence
            objects = objects.next
        frames = frames.next
    return total


def total_confidence(dsbind.meta.BatchMetadata batch not None):
    cdef NvDsBatchMeta *meta = batch.get()
    cdef double total
    with nogil:
        total = confidence_of(meta)
    return total


cdef api int count(NvDsBatchMeta *batch, void *user) noexcept nogil:
    (<long long *>user)[0] += batch.num_frames_in_batch
    return DSBIND_PROBE_KEEP
