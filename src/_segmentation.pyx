# SPDX-License-Identifier: Apache-2.0
"""Class maps of segmentation models. Users find it in `dsbind.meta`."""

cimport cython

from libc.string cimport memcpy

from dsbind.capi.dlpack cimport DL_FLOAT, DL_INT, DLDataType
from dsbind.capi.gstnvdsinfer cimport *
from dsbind.capi.nvdsmeta cimport NVDSINFER_SEGMENTATION_META
from dsbind._lease cimport CLOSED
from dsbind._numbers cimport hold
from dsbind._strings cimport gone
from dsbind.tensor cimport Tensor, empty_tensor, packed_tensor


@cython.final
cdef class SegmentationUserMetadata:
    """Wrap `NvDsInferSegmentationMeta`: the class of each pixel of the network's input.

    False where the user metadata is of another type; then it is of 0 x 0 pixels.
    """

    def __cinit__(self):
        self.lease = CLOSED

    def __init__(self):
        raise TypeError("SegmentationUserMetadata comes from UserMetadata.as_segmentation()")

    cdef NvDsInferSegmentationMeta *get(self) except? NULL:
        self.lease.check()
        return self.meta

    @property
    def unique_id(self):
        """Number of the model (`gie-unique-id`)."""
        cdef NvDsInferSegmentationMeta *meta = self.get()
        return 0 if meta == NULL else meta.unique_id

    @property
    def classes(self):
        """Number of classes."""
        cdef NvDsInferSegmentationMeta *meta = self.get()
        return 0 if meta == NULL else meta.classes

    @property
    def width(self):
        """Columns of the map."""
        cdef NvDsInferSegmentationMeta *meta = self.get()
        return 0 if meta == NULL else meta.width

    @property
    def height(self):
        """Rows of the map."""
        cdef NvDsInferSegmentationMeta *meta = self.get()
        return 0 if meta == NULL else meta.height

    @property
    def class_map(self):
        """The class of each pixel, an int32 array (H, W); -1 where there is none. May be kept."""
        return self.array(False)

    @property
    def class_probabilities_map(self):
        """How likely each class is at each pixel, a float32 array (H, W, classes). May be kept.

        It has no classes where the model tells the classes only.
        """
        return self.array(True).transpose(1, 2, 0)

    cdef object array(self, bint probabilities):
        cdef NvDsInferSegmentationMeta *meta = self.get()
        cdef Py_ssize_t[3] dims = [0, 0, 0]
        cdef void *data = NULL
        cdef object owner = None
        cdef Tensor tensor
        cdef Py_ssize_t size
        if meta != NULL:
            data = <void *>meta.class_probabilities_map if probabilities else <void *>meta.class_map
            dims = [meta.classes if data != NULL else 0, meta.height, meta.width]
            owner = hold(meta.priv_data)
        cdef int first = 0 if probabilities else 1
        cdef DLDataType kind = DLDataType(DL_FLOAT if probabilities else DL_INT, 32, 1)
        if owner is not None and data != NULL:
            tensor = packed_tensor(owner, data, 3 - first, &dims[first], kind, False)
        else:
            tensor = empty_tensor(3 - first, &dims[first], kind)
            if data != NULL:
                size = tensor.count() * 4
                self.lease.pin()
                try:
                    with nogil:
                        memcpy(tensor.data, data, size)
                finally:
                    self.lease.unpin()
        return tensor.numpy()

    def __bool__(self):
        return self.get() != NULL

    def __repr__(self):
        if not self.lease.open:
            return gone(self)
        if self.meta == NULL:
            return "<SegmentationUserMetadata of something else>"
        return (f"<SegmentationUserMetadata unique_id={self.unique_id} classes={self.classes} "
                f"{self.width}x{self.height}>")


cdef SegmentationUserMetadata wrap_segmentation(NvDsUserMeta *user, Lease lease):
    cdef SegmentationUserMetadata map = SegmentationUserMetadata.__new__(SegmentationUserMetadata)
    map.lease = lease
    if user.base_meta.meta_type == NVDSINFER_SEGMENTATION_META:
        map.meta = <NvDsInferSegmentationMeta *>user.user_meta_data
    return map
