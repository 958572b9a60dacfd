# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.nvdsmeta cimport NvDsBatchMeta
from dsbind._lease cimport Lease
from dsbind._plan cimport Plan

# Adds an object for each row, or writes each row to its object. `array` is contiguous and of the
# plan's dtype; all of it is checked before anything is changed.
cdef int write_rows(NvDsBatchMeta *batch, Lease lease, Plan plan, object array, object labels,
                    bint adding) except -1

# The number of objects that were removed.
cdef Py_ssize_t remove_rows(NvDsBatchMeta *batch, Lease lease, object mask) except -1
