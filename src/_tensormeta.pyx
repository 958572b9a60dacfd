# SPDX-License-Identifier: Apache-2.0
"""Output tensors of a model. Users find it in `dsbind.meta`."""

cimport cython

from libc.string cimport memcpy

from dsbind.capi.dlpack cimport DL_FLOAT, DL_INT, DL_UINT, DLDataType
from dsbind.capi.gstnvdsinfer cimport *
from dsbind.capi.nvdsmeta cimport NVDSINFER_TENSOR_OUTPUT_META
from dsbind._lease cimport CLOSED
from dsbind._numbers cimport hold
from dsbind._strings cimport gone
from dsbind.tensor cimport Tensor, empty_tensor, packed_tensor

from dsbind.errors import ConfigError, UnsupportedError

@cython.final
cdef class TensorOutputUserMetadata:
    """Wrap `NvDsInferTensorMeta`: what a model put out, with `output_tensor_meta` on.

    False where the user metadata is of another type; then there are no layers.
    """

    def __cinit__(self):
        self.lease = CLOSED

    def __init__(self):
        raise TypeError("TensorOutputUserMetadata comes from UserMetadata.as_tensor_output()")

    cdef NvDsInferTensorMeta *get(self) except? NULL:
        self.lease.check()
        return self.meta

    @property
    def unique_id(self):
        """Number of the model (`gie-unique-id`)."""
        cdef NvDsInferTensorMeta *meta = self.get()
        return 0 if meta == NULL else meta.unique_id

    @property
    def network_size(self):
        """Width and height of the network's input in pixels."""
        cdef NvDsInferTensorMeta *meta = self.get()
        if meta == NULL:
            return (0, 0)
        return (meta.network_info.width, meta.network_info.height)

    @property
    def maintain_aspect_ratio(self):
        """Whether pictures keep their shape in the network's input, with padding beside them."""
        cdef NvDsInferTensorMeta *meta = self.get()
        return meta != NULL and meta.maintain_aspect_ratio != 0

    @property
    def symmetric_padding(self):
        """Whether the padding is on both sides, rather than on the right or at the bottom."""
        cdef NvDsInferTensorMeta *meta = self.get()
        return meta != NULL and meta.symmetric_padding != 0

    def get_layers(self):
        """Return the output layers, each as a `Tensor` without the batch dimension.

        Returns
        -------
        dict of str to Tensor
            By the layer's name. The tensors may be kept: they share the memory that the model's
            output was put in, or own a copy where that is NVIDIA's.
        """
        cdef NvDsInferTensorMeta *meta = self.get()
        cdef dict layers = {}
        cdef unsigned int i
        cdef object owner
        if meta == NULL:
            return layers
        owner = hold(meta.priv_data)
        self.lease.pin()
        try:
            for i in range(meta.num_output_layers):
                name = meta.output_layers_info[i].layerName.decode("utf-8", "replace")
                if meta.out_buf_ptrs_host == NULL or meta.out_buf_ptrs_host[i] == NULL:
                    raise UnsupportedError(f"layer {name!r} is in the memory of a GPU only, which "
                                           "dsbind does not read")
                layers[name] = layer_tensor(&meta.output_layers_info[i], meta.out_buf_ptrs_host[i],
                                            name, owner)
        finally:
            self.lease.unpin()
        return layers

    def __bool__(self):
        return self.get() != NULL

    def __repr__(self):
        if not self.lease.open:
            return gone(self)
        if self.meta == NULL:
            return "<TensorOutputUserMetadata of something else>"
        return (f"<TensorOutputUserMetadata unique_id={self.unique_id} "
                f"layers={self.meta.num_output_layers}>")


cdef Tensor layer_tensor(NvDsInferLayerInfo *layer, void *data, str name, object owner):
    """A view where something holds the memory, otherwise a copy."""
    cdef Py_ssize_t[NVDSINFER_MAX_DIMS] dims
    cdef Tensor tensor
    cdef Py_ssize_t size
    cdef unsigned int i
    if layer.inferDims.numDims > NVDSINFER_MAX_DIMS:
        raise ConfigError(f"layer {name!r} has {layer.inferDims.numDims} dimensions")
    for i in range(layer.inferDims.numDims):
        dims[i] = layer.inferDims.d[i]
    if owner is not None:
        tensor = packed_tensor(owner, data, <int>layer.inferDims.numDims, dims,
                               type_of(layer.dataType), False)
        tensor.layout = "CHW"
        return tensor
    tensor = empty_tensor(<int>layer.inferDims.numDims, dims, type_of(layer.dataType))
    tensor.layout = "CHW"
    size = tensor.count() * (tensor.type.bits // 8)
    with nogil:
        memcpy(tensor.data, data, size)
    return tensor


cdef DLDataType type_of(NvDsInferDataType kind):
    if kind == HALF:
        return DLDataType(DL_FLOAT, 16, 1)
    if kind == INT8:
        return DLDataType(DL_INT, 8, 1)
    if kind == INT32:
        return DLDataType(DL_INT, 32, 1)
    if kind == INT64:
        return DLDataType(DL_INT, 64, 1)
    if kind == UINT8:
        return DLDataType(DL_UINT, 8, 1)
    return DLDataType(DL_FLOAT, 32, 1)


cdef TensorOutputUserMetadata wrap_tensors(NvDsUserMeta *user, Lease lease):
    cdef TensorOutputUserMetadata tensors = TensorOutputUserMetadata.__new__(
        TensorOutputUserMetadata)
    tensors.lease = lease
    if user.base_meta.meta_type == NVDSINFER_TENSOR_OUTPUT_META:
        tensors.meta = <NvDsInferTensorMeta *>user.user_meta_data
    return tensors
