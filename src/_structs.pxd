# SPDX-License-Identifier: Apache-2.0

# The dtype of a C struct, with its fields where they lie.
cdef object dtype_of(str name)
