# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.nvdsmeta cimport NvDsBatchMeta, NvDsUserMeta
from dsbind._labels cimport LabelTable
from dsbind._lease cimport Lease


cdef class AnalyticsFrameMeta:
    cdef Lease lease
    # An NvDsAnalyticsFrameMeta; NULL where the user metadata is of another type.
    cdef void *meta

    cdef void *get(self) except? NULL


cdef class AnalyticsObjInfo:
    cdef Lease lease
    # An NvDsAnalyticsObjInfo; NULL where the user metadata is of another type.
    cdef void *meta

    cdef void *get(self) except? NULL


cdef AnalyticsFrameMeta wrap_analytics_frame(NvDsUserMeta *user, Lease lease)
cdef AnalyticsObjInfo wrap_analytics_object(NvDsUserMeta *user, Lease lease)

# All of a batch as structured arrays.
cdef object counts_array(NvDsBatchMeta *batch, Lease lease, LabelTable labels)
cdef object statuses_array(NvDsBatchMeta *batch, Lease lease, LabelTable labels)
