# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.gst cimport GstBuffer
from dsbind._framelayout cimport FrameLayout
from dsbind.tensor cimport Tensor


# A buffer over a (H, W, C) picture in the memory of a GPU, of this NvBufSurfaceColorFormat.
cdef GstBuffer *surface_over(Tensor picture, int color) except NULL

# A buffer of what a provider gave, brought to where the caps say that frames are: a picture on the
# CPU to the GPU, one on a GPU to the CPU. NULL without an exception where it is there already.
cdef GstBuffer *buffer_moved(Tensor content, int color, FrameLayout layout) except? NULL
