# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.nvds_tracker_meta cimport NvDsObjReid
from dsbind.capi.nvdsmeta cimport NvDsUserMeta
from dsbind._lease cimport Lease


cdef class ObjectReidUserMetadata:
    cdef Lease lease
    # NULL where the user metadata is of another type.
    cdef NvDsObjReid *meta

    cdef NvDsObjReid *get(self) except? NULL


cdef ObjectReidUserMetadata wrap_reid(NvDsUserMeta *user, Lease lease)

# A list of past frames, terminated or shadow tracks as a structured array.
cdef object tracks_array(NvDsUserMeta *user, Lease lease)
