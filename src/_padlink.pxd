# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.gst cimport GstElement

# The names of the two pads; the source's is None while the pad is still to come.
cdef tuple link_elements(GstElement *source, str source_name, str source_hint,
                         GstElement *target, str target_name, str target_hint)
