# SPDX-License-Identifier: Apache-2.0
"""Tensors over memory of others: what `as_tensor` makes."""

cimport cython

from cpython.buffer cimport (
    PyBUF_FORMAT,
    PyBUF_STRIDED_RO,
    PyBuffer_Release,
    PyObject_CheckBuffer,
    PyObject_GetBuffer,
)

from dsbind.capi.dlpack cimport *
from dsbind._dlpack cimport Borrowed, borrow
from dsbind.tensor cimport MAX_DIMS, Tensor, packed_tensor, view_of

from dsbind.errors import ArgumentTypeError, ConfigError, UnsupportedError

cdef extern from "Python.h":
    Py_ssize_t PY_SSIZE_T_MAX

# DLPack's (code, bits) by the letter of the `struct` module, which the buffer protocol uses.
cdef dict LETTERS = {
    "B": (DL_UINT, 8), "b": (DL_INT, 8), "?": (DL_BOOL, 8), "c": (DL_UINT, 8),
    "H": (DL_UINT, 16), "h": (DL_INT, 16), "I": (DL_UINT, 32), "i": (DL_INT, 32),
    "Q": (DL_UINT, 64), "q": (DL_INT, 64), "L": (DL_UINT, 64), "l": (DL_INT, 64),
    "e": (DL_FLOAT, 16), "f": (DL_FLOAT, 32), "d": (DL_FLOAT, 64),
    "Zf": (DL_COMPLEX, 64), "Zd": (DL_COMPLEX, 128),
}


def view(obj, format):
    """The tensor over an array; see `as_tensor`."""
    cdef Tensor self
    cdef Tensor given
    cdef str layout
    if not isinstance(format, str):
        raise ArgumentTypeError(f'the format of a tensor is "HWC", "CHW" or "", not {format!r}')
    layout = str(format)
    if isinstance(obj, Tensor):
        given = (<Tensor>obj).kept()
        self = view_of(given, given)
        self.layout = layout
        return self
    # NumPy lends read-only arrays by the buffer protocol alone.
    if PyObject_CheckBuffer(obj):
        self = view_exported(obj, layout)
        if self is not None:
            return self
    if hasattr(obj, "__dlpack__"):
        return view_borrowed(borrow(obj), layout)
    raise ArgumentTypeError(
        f"as_tensor() takes an array with the DLPack or the buffer protocol (NumPy, PyTorch, CuPy "
        f"...), not {type(obj).__name__}; numpy.asarray() makes one of lists and numbers"
    )


cdef Tensor view_borrowed(Borrowed owner, str layout):
    """The tensor over what a DLPack producer lent."""
    cdef DLTensor *lent = owner.tensor
    cdef Tensor self
    cdef Py_ssize_t[MAX_DIMS] dims
    cdef Py_ssize_t itemsize = lent.dtype.bits // 8
    cdef int i
    if lent.dtype.lanes != 1 or lent.dtype.bits % 8 or itemsize == 0:
        raise UnsupportedError(f"elements of {lent.dtype.lanes} x {lent.dtype.bits} bits "
                               "have no counterpart here; convert them to whole bytes first")
    if lent.device.device_type not in (DL_CPU, DL_CUDA, DL_CUDA_HOST, DL_CUDA_MANAGED):
        raise UnsupportedError(f"DLPack device type {lent.device.device_type} is neither the CPU "
                               "nor CUDA; copy the tensor to the CPU first")
    if not 0 <= lent.ndim <= MAX_DIMS:
        raise ConfigError(f"a tensor of {lent.ndim} dimensions; there are at most {MAX_DIMS}")
    for i in range(lent.ndim):
        dims[i] = lent.shape[i]
    self = packed_tensor(owner, NULL, lent.ndim, dims, lent.dtype, owner.readonly)
    if lent.strides != NULL:
        for i in range(lent.ndim):
            if abs(<object>lent.strides[i]) * max(dims[i], 1) * itemsize > PY_SSIZE_T_MAX:
                raise ConfigError(f"a stride of {lent.strides[i]} elements does not fit in memory")
            self.steps[i] = lent.strides[i] * itemsize
    if lent.data == NULL and self.count():
        raise ArgumentTypeError("a DLPack producer gave a tensor without memory")
    if lent.data != NULL:
        self.data = <char *>lent.data + lent.byte_offset
    self.device = lent.device
    self.layout = layout
    return self


@cython.final
cdef class Export:
    """A hold on the memory of an object with the buffer protocol."""

    cdef Py_buffer view
    cdef bint held

    def __cinit__(self, lender):
        PyObject_GetBuffer(lender, &self.view, PyBUF_STRIDED_RO | PyBUF_FORMAT)
        self.held = True

    def __dealloc__(self):
        if self.held:
            PyBuffer_Release(&self.view)


cdef Tensor view_exported(object lender, str layout):
    """The tensor over an object with the buffer protocol; None for elements it has no word for."""
    cdef Export owner
    cdef Py_buffer *view
    cdef Tensor self
    cdef int i
    try:
        owner = Export.__new__(Export, lender)
    except (BufferError, TypeError, ValueError):
        # NumPy cannot say every kind of element either, and CuPy's are not on the CPU.
        return None
    view = &owner.view
    cdef str letter = "B" if view.format == NULL else view.format.decode("ascii", "replace")
    cdef object kind = LETTERS.get(letter.lstrip("@=<"))
    # "L" has four bytes in the standard sizes.
    if kind is not None and letter[-1] in "lL" and view.itemsize == 4:
        kind = (kind[0], 32)
    if kind is None or kind[1] != view.itemsize * 8:
        return None
    self = packed_tensor(owner, view.buf, view.ndim, view.shape, DLDataType(kind[0], kind[1], 1),
                         view.readonly)
    for i in range(view.ndim):
        self.steps[i] = view.strides[i]
    self.layout = layout
    return self
