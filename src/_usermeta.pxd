# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.nvdsmeta cimport NvDsMetaCopyFunc, NvDsMetaReleaseFunc, NvDsUserMeta
from dsbind._lease cimport Lease


cdef class UserMetadata:
    cdef Lease lease
    cdef NvDsUserMeta *meta

    cdef NvDsUserMeta *get(self) except NULL
    cdef int check_free(self, int kind) except -1
    cdef int carry(self, void *data, int kind, NvDsMetaCopyFunc copy,
                   NvDsMetaReleaseFunc release) except -1


cdef object wrap_user(void *element, Lease lease)

# Whether it carries a text or a Python object, and that. Under the GIL.
cdef bint is_python(const NvDsUserMeta *meta) noexcept nogil
cdef object python_value(const NvDsUserMeta *meta)

# Raises where a number is none of a program's own.
cdef int need_own_type(int kind) except -1
