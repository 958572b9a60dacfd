# SPDX-License-Identifier: Apache-2.0
"""The frames of a batch as one tensor."""

from dsbind.tensor cimport MAX_DIMS, Tensor, packed_tensor


cdef Tensor stack(list tensors):
    cdef Tensor first = tensors[0]
    cdef Tensor before = first
    cdef Tensor tensor, self
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef Py_ssize_t distance = 0
    cdef int i
    if first.ndim >= MAX_DIMS:
        return None
    for tensor in tensors[1:]:
        if tensor.ndim != first.ndim or tensor.readonly != first.readonly \
                or tensor.device.device_type != first.device.device_type \
                or tensor.device.device_id != first.device.device_id:
            return None
        for i in range(first.ndim):
            if tensor.dims[i] != first.dims[i] or tensor.steps[i] != first.steps[i]:
                return None
        step = <char *>tensor.data - <char *>before.data
        if step <= 0 or distance not in (0, step):
            return None
        distance = step
        before = tensor
    dims[0] = len(tensors)
    for i in range(first.ndim):
        dims[i + 1] = first.dims[i]
    self = packed_tensor(first.owner, first.data, first.ndim + 1, dims, first.type, first.readonly)
    for i in range(first.ndim):
        self.steps[i + 1] = first.steps[i]
    self.steps[0] = distance or first.steps[0] * first.dims[0]
    self.device = first.device
    self.layout = f"N{first.layout}" if first.layout else ""
    return self
