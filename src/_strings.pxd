# SPDX-License-Identifier: Apache-2.0
# UTF-8 of a str, or the bytes themselves.
cdef bytes encode(object value)

# Writes up to 127 bytes and a NUL, ending between two characters.
cdef int set_label(char *target, object value) except -1

cdef str gone(object self)
