# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.gst cimport GstStructure

# The fields that have a Python value, by name; None gives none.
cdef dict structure_fields(const GstStructure *structure)
