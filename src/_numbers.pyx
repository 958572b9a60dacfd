# SPDX-License-Identifier: Apache-2.0
"""Memory of tensors and class maps that nvinfer attached, which may outlive its batch."""

cimport cython

from dsbind.capi.glib cimport GType
from dsbind.capi.gst cimport GstMiniObject

cdef extern from "gst/gst.h" nogil:
    ctypedef struct Head "GstMiniObject":
        GType type
    GstMiniObject *gst_mini_object_ref(GstMiniObject *object)
    void gst_mini_object_unref(GstMiniObject *object)

cdef extern from "glib-object.h" nogil:
    GType g_type_from_name(const char *name)


@cython.final
cdef class Numbers:
    """A reference to the memory."""

    def __dealloc__(self):
        if self.object != NULL:
            with nogil:
                gst_mini_object_unref(self.object)


cdef object hold(void *priv_data):
    cdef GType ours = g_type_from_name(b"DsbindInferNumbers")
    cdef Numbers numbers
    # Whatever it points to is more than a number long.
    if priv_data == NULL or ours == 0 or (<Head *>priv_data).type != ours:
        return None
    numbers = Numbers.__new__(Numbers)
    numbers.object = gst_mini_object_ref(<GstMiniObject *>priv_data)
    return numbers
