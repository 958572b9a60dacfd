# SPDX-License-Identifier: Apache-2.0
"""Strings in and out of C structs."""

from libc.string cimport memcpy

from dsbind.capi.nvdsmeta cimport MAX_LABEL_SIZE


cdef bytes encode(object value):
    cdef bytes text
    if isinstance(value, str):
        text = value.encode("utf-8", "replace")
    elif isinstance(value, bytes):
        text = value
    else:
        raise TypeError(f"text must be str or bytes, not {type(value).__name__}")
    if b"\0" in text:
        raise ValueError(f"text must not contain a NUL character: {value!r}")
    return text


cdef int set_label(char *target, object value) except -1:
    cdef bytes label = encode(value)
    cdef Py_ssize_t size = len(label)
    if size >= MAX_LABEL_SIZE:
        size = MAX_LABEL_SIZE - 1
        # Never half a character.
        while size > 0 and label[size] & 0xC0 == 0x80:
            size -= 1
    memcpy(target, <char *>label, size)
    target[size] = 0
    return 0


cdef str gone(object self):
    return f"<{type(self).__name__} of a buffer that is gone>"
