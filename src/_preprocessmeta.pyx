# SPDX-License-Identifier: Apache-2.0
"""Input tensors that were made ahead of a model. Users find it in `dsbind.meta`."""

cimport cython

from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.string cimport memcpy, memset

from dsbind.capi.dlpack cimport DL_FLOAT, DL_INT, DL_UINT, DLDataType
from dsbind.capi.gstnvdsinfer cimport *
from dsbind.capi.nvds_roi_meta cimport *
from dsbind.capi.nvdsmeta cimport (
    NVDS_PREPROCESS_BATCH_META,
    NVDSINFER_SEGMENTATION_META,
    NVDSINFER_TENSOR_OUTPUT_META,
    NvDsFrameMeta,
    NvDsObjectMeta,
)
from dsbind.capi.preprocess cimport *
from dsbind._attached cimport FrameAttached
from dsbind._classifier cimport wrap_classifier
from dsbind._items cimport snapshot
from dsbind._lease cimport CLOSED
from dsbind._objectmeta cimport wrap_object
from dsbind._shapes cimport wrap_rect
from dsbind._strings cimport encode, gone
from dsbind._threads cimport keep_thread
from dsbind._usermeta cimport UserMetadata, wrap_user
from dsbind.tensor cimport Tensor, empty_tensor, pack

from dsbind.errors import ArgumentTypeError, ConfigError

cdef extern from "Python.h" nogil:
    bint Py_IsInitialized()

# By what DLPack calls the type: its kind and bits.
TYPES = {
    (DL_FLOAT, 32): NvDsDataType_FP32,
    (DL_FLOAT, 16): NvDsDataType_FP16,
    (DL_INT, 8): NvDsDataType_INT8,
    (DL_INT, 32): NvDsDataType_INT32,
    (DL_INT, 64): NvDsDataType_INT64,
    (DL_UINT, 8): NvDsDataType_UINT8,
    (DL_UINT, 32): NvDsDataType_UINT32,
    (DL_UINT, 64): NvDsDataType_UINT64,
}


@cython.final
cdef class PreprocessBatchUserMetadata:
    """Wrap `GstNvDsPreProcessBatchMeta`: a tensor for a model, and the regions that it shows.

    False where the user metadata is of another type, or has no tensor yet.
    """

    def __cinit__(self):
        self.lease = CLOSED

    def __init__(self):
        raise TypeError("PreprocessBatchUserMetadata comes from BatchMetadata."
                        "preprocess_batch_items or BatchMetadata.acquire_preprocess_batch_meta()")

    cdef void *get(self) except? NULL:
        self.lease.check()
        if self.user == NULL or self.user.base_meta.meta_type != NVDS_PREPROCESS_BATCH_META:
            return NULL
        return self.user.user_meta_data

    @property
    def rois(self):
        """The regions, in the order of the tensor's images: a list of `RoiMetadata`."""
        cdef void *meta = self.get()
        cdef list rois = []
        cdef RoiMetadata roi
        cdef size_t i
        if meta == NULL:
            return rois
        for i in range(dsbind_preprocess_rois(meta)):
            roi = RoiMetadata.__new__(RoiMetadata)
            roi.lease = self.lease
            roi.meta = dsbind_preprocess_roi(meta, i)
            rois.append(roi)
        return rois

    @property
    def preprocess_tensor_meta(self):
        """The tensor, as `PreprocessTensorMetadata`; None where there is none yet."""
        cdef PreprocessTensorMetadata tensor
        if self.get() == NULL:
            return None
        tensor = PreprocessTensorMetadata.__new__(PreprocessTensorMetadata)
        tensor.batch = self
        return tensor

    def set_preprocessed_tensor(self, name, meta_id, unique_id, tensor):
        """Carry a tensor, without a copy where it has no gaps.

        Parameters
        ----------
        name : str
            Of the model's input.
        meta_id : int
            A number that tells tensors of one batch apart.
        unique_id : int
            Of the model that it is for (`gie-unique-id`).
        tensor : Tensor or array
            In the memory of the CPU; (N, C, H, W) of float32 for `nvinfer`. Image i shows frame i.
        """
        from dsbind.tensor import as_tensor

        cdef Tensor content
        cdef DsbindTensorView view
        cdef bytes text = encode(name)
        cdef int i
        self.lease.check()
        if self.user == NULL or self.get() != NULL:
            raise ValueError("this metadata carries data already; acquire new one by "
                             "acquire_preprocess_batch_meta()")
        content = tensor if isinstance(tensor, Tensor) else as_tensor(tensor)
        content.need_cpu("a tensor for nvinfer")
        content = pack(content.kept())
        kind = TYPES.get((content.type.code, content.type.bits))
        if kind is None or content.type.lanes != 1:
            raise ArgumentTypeError(f"a tensor of {content.dtype} cannot be given to a model; use "
                                    "float32")
        if content.ndim > DSBIND_TENSOR_DIMS:
            raise ConfigError(f"the tensor has {content.ndim} dimensions; it takes 8 at most")
        memset(&view, 0, sizeof(view))
        view.name = text
        view.meta_id = meta_id
        view.data_type = <NvDsDataType><int>kind
        view.data = content.data
        view.size = content.count() * (content.type.bits // 8)
        view.n_dims = content.ndim
        for i in range(content.ndim):
            if content.dims[i] > 0x7FFFFFFF:
                raise ConfigError(f"the tensor has a side of {content.dims[i]}")
            view.dims[i] = <int>content.dims[i]
        Py_INCREF(content)
        if not dsbind_preprocess_carry(self.user, &view, unique_id, let_go, <void *>content):
            raise MemoryError("no memory for the metadata of a tensor")

    def extract(self, max_items):
        """Copy what was found in the regions, as plain data that may be kept.

        Returns
        -------
        list of dict
            For each region, up to `max_items`: `bbox` [left, top, right, bottom] in pixels,
            `source_id` and `labels`.
        """
        found = []
        for roi in self.rois[:max_items]:
            rect, frame = roi.roi, roi.frame_meta
            found.append({
                "bbox": [rect.left, rect.top, rect.left + rect.width, rect.top + rect.height],
                "source_id": None if frame is None else frame.source_id,
                "labels": [item.get_n_label(i) for item in roi.classifier_items
                           for i in range(item.n_labels)],
            })
        return found

    def as_preprocess_batch(self):
        """Itself: programs ask items for it."""
        return self

    @property
    def _user(self):
        # What BatchMetadata.append adds.
        self.lease.check()
        if self.user == NULL:
            raise ValueError("this is user metadata of another type, and no tensor; acquire one by "
                             "acquire_preprocess_batch_meta()")
        return wrap_user(self.user, self.lease)

    def __bool__(self):
        return self.get() != NULL

    def __repr__(self):
        cdef void *meta
        if not self.lease.open:
            return gone(self)
        meta = self.get()
        if meta == NULL:
            return "<PreprocessBatchUserMetadata without a tensor>"
        return (f"<PreprocessBatchUserMetadata rois={dsbind_preprocess_rois(meta)} "
                f"tensor={self.preprocess_tensor_meta!r}>")


@cython.final
cdef class RoiMetadata:
    """Wrap `NvDsRoiMeta`: a region that an image shows, and what was found in it."""

    def __cinit__(self):
        self.lease = CLOSED

    def __init__(self):
        raise TypeError("RoiMetadata comes from PreprocessBatchUserMetadata.rois")

    cdef NvDsRoiMeta *get(self) except NULL:
        self.lease.check()
        return self.meta

    @property
    def roi(self):
        """Where it lies in its frame, as a live `osd.Rect`."""
        return wrap_rect(&self.get().roi, self.lease)

    @property
    def frame_meta(self):
        """Its frame, as `FrameMetadata`; None in a copy of the batch."""
        from dsbind.meta import FrameMetadata

        cdef NvDsFrameMeta *frame = self.get().frame_meta
        cdef FrameAttached view
        if frame == NULL:
            return None
        view = FrameMetadata.__new__(FrameMetadata)
        view.lease = self.lease
        view.meta = frame
        return view

    @property
    def object_meta(self):
        """The object that it is, as `ObjectMetadata`; None for a part of a frame."""
        cdef NvDsObjectMeta *item = self.get().object_meta
        return None if item == NULL else wrap_object(item, self.lease)

    @property
    def classifier_items(self):
        """What classifiers said about it, as a sequence of `ClassifierMetadata`."""
        return snapshot(&self.get().classifier_meta_list, wrap_classifier, self.lease)

    @property
    def tensor_items(self):
        """Outputs of models, as a sequence of `UserMetadata`; see `as_tensor_output`."""
        return snapshot(&self.get().roi_user_meta_list, wrap_user, self.lease,
                        NVDSINFER_TENSOR_OUTPUT_META)

    @property
    def segmentation_items(self):
        """Class maps, as a sequence of `UserMetadata`; see `as_segmentation`."""
        return snapshot(&self.get().roi_user_meta_list, wrap_user, self.lease,
                        NVDSINFER_SEGMENTATION_META)

    def __repr__(self):
        if not self.lease.open:
            return gone(self)
        return f"<RoiMetadata roi={self.roi!r}>"


@cython.final
cdef class PreprocessTensorMetadata:
    """Wrap `NvDsPreProcessTensorMeta`: a tensor for a model."""

    def __init__(self):
        raise TypeError("PreprocessTensorMetadata comes from PreprocessBatchUserMetadata."
                        "preprocess_tensor_meta")

    @property
    def name(self):
        """Name of the model's input."""
        cdef DsbindTensorView view
        read_tensor(self.batch, &view)
        return "" if view.name == NULL else view.name.decode("utf-8", "replace")

    @property
    def meta_id(self):
        """The number that tells tensors of one batch apart."""
        cdef DsbindTensorView view
        read_tensor(self.batch, &view)
        return view.meta_id

    @property
    def tensor(self):
        """A copy of the tensor, with the batch dimension, that may be kept."""
        cdef DsbindTensorView view
        cdef Py_ssize_t[8] dims
        cdef Tensor copied
        cdef size_t size
        cdef unsigned int i
        read_tensor(self.batch, &view)
        if view.name == NULL or view.data == NULL:
            return None
        for i in range(view.n_dims):
            dims[i] = view.dims[i]
        copied = empty_tensor(<int>view.n_dims, dims, type_of(view.data_type))
        size = copied.count() * (copied.type.bits // 8)
        if size > view.size:
            raise ConfigError(f"the tensor has only {view.size} of its {size} bytes")
        self.batch.lease.pin()
        with nogil:
            memcpy(copied.data, view.data, size)
        self.batch.lease.unpin()
        return copied

    def __repr__(self):
        cdef DsbindTensorView view
        if self.batch is None or not self.batch.lease.open:
            return gone(self)
        read_tensor(self.batch, &view)
        shape = tuple(view.dims[i] for i in range(view.n_dims))
        return f"<PreprocessTensorMetadata name={self.name!r} shape={shape}>"


@cython.no_gc_clear
cdef class BatchTensors(BatchColumns):
    """What `BatchMetadata` has of input tensors."""

    @property
    def preprocess_batch_items(self):
        """Input tensors of models, as a sequence of `PreprocessBatchUserMetadata`."""
        return snapshot(&self.get().batch_user_meta_list, wrap_preprocess, self.lease,
                        NVDS_PREPROCESS_BATCH_META)

    def acquire_preprocess_batch_meta(self):
        """Take a `PreprocessBatchUserMetadata`; give it a tensor and `append()` it."""
        return wrap_preprocess((<UserMetadata>self.acquire_user_meta()).meta, self.lease)


cdef int read_tensor(PreprocessBatchUserMetadata batch, DsbindTensorView *view) except -1:
    cdef void *meta
    if batch is None:
        raise TypeError("this metadata belongs to no batch")
    meta = batch.get()
    memset(view, 0, sizeof(view[0]))
    if meta != NULL:
        dsbind_preprocess_tensor(meta, view)
    return 0


cdef DLDataType type_of(NvDsDataType kind):
    for (code, bits), known in TYPES.items():
        if known == <int>kind:
            return DLDataType(code, bits, 1)
    return DLDataType(DL_FLOAT, 32, 1)


cdef void let_go(void *owner) noexcept nogil:
    # A batch may go after Python has ended; nobody can give up a reference then.
    if Py_IsInitialized():
        keep_thread()
        with gil:
            Py_DECREF(<object>owner)


cdef object wrap_preprocess(void *element, Lease lease):
    cdef PreprocessBatchUserMetadata view = PreprocessBatchUserMetadata.__new__(
        PreprocessBatchUserMetadata)
    view.lease = lease
    view.user = <NvDsUserMeta *>element
    return view


def view_of(UserMetadata user not None):
    """The view of user metadata, whatever it carries."""
    cdef PreprocessBatchUserMetadata view = wrap_preprocess(user.get(), user.lease)
    if user.meta.base_meta.meta_type != NVDS_PREPROCESS_BATCH_META:
        view.user = NULL
    return view
