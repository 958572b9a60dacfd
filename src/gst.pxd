# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.gst cimport GstElement


cdef class Element:
    cdef GstElement *element


cdef class Bin(Element):
    pass
