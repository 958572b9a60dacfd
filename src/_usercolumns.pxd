# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.nvdsmeta cimport NvDsBatchMeta
from dsbind._lease cimport Lease


# The dtype of a row: whose data it is, and the data.
cdef object row_dtype(object dtype)

# User metadata of a type, a row for each, as a new array or as the part of `out` that was filled.
cdef object read_user(NvDsBatchMeta *batch, Lease lease, int kind, object dtype, object out)

# New user metadata of a type for each row.
cdef int add_user(NvDsBatchMeta *batch, Lease lease, int kind, object array) except -1
