# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.gst cimport GstElement


# Whether this process was forked from one that runs GStreamer. What it inherited is left alone:
# threads that are not here may hold its locks.
cdef bint orphaned


cdef class Element:
    cdef GstElement *element


cdef class Bin(Element):
    pass
