# SPDX-License-Identifier: Apache-2.0
from dsbind.capi.gst cimport GstMiniObject


# A reference to what numbers of metadata lie in.
cdef class Numbers:
    cdef GstMiniObject *object


# Holds the memory behind `priv_data` of nvinfer's metadata, where that is ours, for as long as the
# result lives; None where it is not known to be countable.
cdef object hold(void *priv_data)
