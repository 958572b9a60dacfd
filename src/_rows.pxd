# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.gst cimport GstBuffer, GstElement
from dsbind._framelayout cimport FrameLayout
from dsbind.tensor cimport Tensor


# A buffer over a picture whose rows do not lie as GStreamer's default says; a GstVideoMeta tells
# how. NULL without an exception where the rows lie so, or the picture is not of this layout.
cdef GstBuffer *rows_in_place(Tensor content, FrameLayout layout) except? NULL

# From now on, what an appsrc sends with rows of its own is copied for elements that do not take them.
cdef int watch_rows(GstElement *source) except -1
