# SPDX-License-Identifier: Apache-2.0
"""GStreamer's structures as dictionaries."""

from dsbind.capi.glib cimport GValue
from dsbind.capi.gst cimport GstStructure
from dsbind._properties cimport to_python

cdef extern from "gst/gst.h" nogil:
    int gst_structure_n_fields(const GstStructure *structure)
    const char *gst_structure_nth_field_name(const GstStructure *structure, unsigned int index)
    const GValue *gst_structure_get_value(const GstStructure *structure, const char *field)


cdef dict structure_fields(const GstStructure *structure):
    cdef dict fields = {}
    cdef const char *name
    cdef int i
    if structure == NULL:
        return fields
    for i in range(gst_structure_n_fields(structure)):
        name = gst_structure_nth_field_name(structure, i)
        value = to_python(<GValue *>gst_structure_get_value(structure, name))
        if value is not None:
            fields[name.decode("utf-8", "replace")] = value
    return fields
