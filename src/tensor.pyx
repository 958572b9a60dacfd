# SPDX-License-Identifier: Apache-2.0
"""Tensors: pixels and numbers in memory, shared with NumPy, PyTorch, CuPy ... without a copy."""

cimport cython

from cpython.buffer cimport (
    PyBUF_ANY_CONTIGUOUS,
    PyBUF_C_CONTIGUOUS,
    PyBUF_F_CONTIGUOUS,
    PyBUF_FORMAT,
    PyBUF_ND,
    PyBUF_STRIDED_RO,
    PyBUF_STRIDES,
    PyBUF_WRITABLE,
    PyBuffer_Release,
    PyObject_CheckBuffer,
    PyObject_GetBuffer,
)
from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memcpy, memset

from dsbind.capi.dlpack cimport *
from dsbind._dlpack cimport Borrowed, borrow, lend, lend_versioned
from dsbind._memory cimport Memory, check_dims, gather, packed_from

from dsbind.errors import ArgumentTypeError, ConfigError, UnsupportedError

__all__ = ("Tensor", "as_tensor")

cdef extern from "Python.h":
    Py_ssize_t PY_SSIZE_T_MAX

# The flags of consumers that want no gaps, without what they have in common with the others.
cdef int GAPLESS = (PyBUF_C_CONTIGUOUS | PyBUF_F_CONTIGUOUS | PyBUF_ANY_CONTIGUOUS) & ~PyBUF_STRIDES

# DLPack's (code, bits) by the letter of the `struct` module, which the buffer protocol uses.
cdef dict LETTERS = {
    "B": (DL_UINT, 8), "b": (DL_INT, 8), "?": (DL_BOOL, 8), "c": (DL_UINT, 8),
    "H": (DL_UINT, 16), "h": (DL_INT, 16), "I": (DL_UINT, 32), "i": (DL_INT, 32),
    "Q": (DL_UINT, 64), "q": (DL_INT, 64), "L": (DL_UINT, 64), "l": (DL_INT, 64),
    "e": (DL_FLOAT, 16), "f": (DL_FLOAT, 32), "d": (DL_FLOAT, 64),
    "Zf": (DL_COMPLEX, 64), "Zd": (DL_COMPLEX, 128),
}
cdef dict FORMATS = {
    (DL_UINT, 8): b"B", (DL_INT, 8): b"b", (DL_BOOL, 8): b"?", (DL_UINT, 16): b"H",
    (DL_INT, 16): b"h", (DL_UINT, 32): b"I", (DL_INT, 32): b"i", (DL_UINT, 64): b"Q",
    (DL_INT, 64): b"q", (DL_FLOAT, 16): b"e", (DL_FLOAT, 32): b"f", (DL_FLOAT, 64): b"d",
    (DL_COMPLEX, 64): b"Zf", (DL_COMPLEX, 128): b"Zd",
}
cdef dict KINDS = {DL_INT: "int", DL_UINT: "uint", DL_FLOAT: "float", DL_COMPLEX: "complex"}


cdef class Keeper:
    """Owner of memory that is there for a while only."""

    cdef object keep(self):
        raise NotImplementedError


@cython.final
cdef class Tensor:
    """View memory as numbers in rows and columns. `Tensor()` is empty, and false.

    It holds the memory that it shows, and so does everything made from it: `numpy.asarray(tensor)`,
    `torch.from_dlpack(tensor)`, `memoryview(tensor)` share the memory and may outlive it. One that
    `Buffer.extract` gave with `retain=False` does not hold it; what is made from that does.
    """

    def __cinit__(self):
        self.layout = ""
        self.ndim = 1
        self.steps[0] = 1
        self.type = DLDataType(DL_UINT, 8, 1)
        self.device = DLDevice(0, 0)

    def __init__(self):
        pass

    cdef Py_ssize_t count(self) noexcept:
        cdef Py_ssize_t n = 1
        cdef int i
        for i in range(self.ndim):
            n *= self.dims[i]
        return n

    cdef bint contiguous(self) noexcept:
        return packed_from(self.ndim, self.dims, self.steps, self.type.bits // 8) == 0

    cdef bint on_cpu(self) noexcept:
        return self.device.device_type in (0, DL_CPU, DL_CUDA_HOST, DL_CUDA_MANAGED)

    @property
    def shape(self):
        """Number of elements along each dimension."""
        return tuple([self.dims[i] for i in range(self.ndim)])

    @property
    def strides(self):
        """Elements from one to the next along each dimension; rows of a frame may be padded."""
        return tuple([self.steps[i] // (self.type.bits // 8) for i in range(self.ndim)])

    @property
    def dtype(self):
        """Kind of the elements, a `numpy.dtype`."""
        import numpy

        if self.type.code == DL_BOOL:
            return numpy.dtype(bool)
        kind = KINDS.get(self.type.code)
        if kind is None or (self.type.code, self.type.bits) not in FORMATS:
            raise UnsupportedError(f"NumPy has no counterpart of {name_of(self.type)}")
        return numpy.dtype(f"{kind}{self.type.bits}")

    @property
    def device_type(self):
        """Where the memory is: "CPU", "GPU", or "NONE" for an empty tensor."""
        if self.device.device_type == 0:
            return "NONE"
        return "GPU" if self.device.device_type in (DL_CUDA, DL_CUDA_MANAGED) else "CPU"

    @property
    def device_id(self):
        """Number of the GPU; 0 on the CPU."""
        return self.device.device_id

    @property
    def format(self):
        """What the dimensions mean: "HWC", "CHW", "NHWC", or empty."""
        return self.layout

    def size(self):
        """Number of elements."""
        return self.count()

    def __bool__(self):
        return self.count() > 0

    def numpy(self):
        """The tensor as a `numpy.ndarray` over the same memory."""
        import numpy

        # Not of `self`: NumPy hides why an object cannot be lent.
        return numpy.asarray(memoryview(self))

    def __array__(self, dtype=None, copy=None):
        import numpy

        pixels = self.numpy()
        return numpy.array(pixels, dtype) if copy else numpy.asarray(pixels, dtype)

    def clone(self):
        """Copy the elements into memory of their own, without gaps.

        Returns
        -------
        Tensor or None
            None for an empty tensor.
        """
        cdef Tensor source
        if self.count() == 0:
            return None
        self.need_cpu("clone")
        source = self.kept()
        return source.copied()

    cdef Tensor kept(self):
        """The same elements in memory that stays; the tensor itself where they lie in such."""
        cdef object owner
        cdef Tensor same
        if not isinstance(self.owner, Keeper):
            return self
        owner = (<Keeper>self.owner).keep()
        same = view_of(self, owner)
        if (<Keeper>self.owner).scarce:
            self.need_cpu("copy")
            same = same.copied()
            same.readonly = True
        return same

    cdef Tensor copied(self):
        """A copy of the elements, of which there are some. The memory stays meanwhile."""
        cdef Tensor copy = empty_tensor(self.ndim, self.dims, self.type)
        copy.layout = self.layout
        cdef int inner = packed_from(self.ndim, self.dims, self.steps, self.type.bits // 8)
        cdef Py_ssize_t block = self.type.bits // 8
        cdef int i
        for i in range(inner, self.ndim):
            block *= self.dims[i]
        with nogil:
            gather(<char *>copy.data, <const char *>self.data, inner, self.dims, self.steps, block)
        return copy

    def to_gpu(self, device_id=0):
        """Copy the tensor to a GPU.

        Raises
        ------
        UnsupportedError
            There is none that dsbind can use.
        """
        if self.device_type == "GPU" and self.device.device_id == device_id:
            return self
        raise UnsupportedError(
            f"cannot move a tensor to GPU {device_id}: dsbind has no GPU here. Leave it on the CPU, "
            "or let the library that is to use it move it, for example torch's .cuda()"
        )

    def wrap(self, color_format):
        """Make a `Buffer` of it, to be returned from `BufferProvider.generate`.

        Parameters
        ----------
        color_format : ColorFormat
            RGB or BGR for a (H, W, 3) tensor, RGBA or BGRA for (H, W, 4), each of uint8 with the
            format "HWC". A tensor of one dimension holds an encoded picture, and may be of any.

        Raises
        ------
        SurfaceError
            The tensor is not laid out like that.
        """
        from dsbind.buffer import Buffer
        from dsbind.surface import ColorFormat, SurfaceError

        cdef object kind
        cdef Py_ssize_t channels
        cdef Tensor frame
        try:
            kind = ColorFormat(color_format)
        except ValueError:
            raise ArgumentTypeError(
                f"wrap() takes a ColorFormat such as ColorFormat.RGB, not {color_format!r}"
            ) from None
        channels = 4 if kind in (ColorFormat.RGBA, ColorFormat.BGRA) else \
            3 if kind in (ColorFormat.RGB, ColorFormat.BGR) else 0
        bytes_ = self.type.code == DL_UINT and self.type.bits == 8
        if bytes_ and self.ndim == 1 and self.count():
            self.need_cpu("wrap")
            return Buffer(self)
        if not (bytes_ and self.layout == "HWC" and self.ndim == 3 and self.count()
                and channels == self.dims[2]):
            raise SurfaceError(
                f"Color format not compatible with tensor layout: {kind.name} needs "
                f'a tensor of uint8 with the format "HWC" and the shape '
                f"(height, width, {channels or '3 or 4'}), this is {self!r}"
            )
        self.need_cpu("wrap")
        frame = self.kept()
        return Buffer(video_rows(frame))

    cdef int need_cpu(self, str what) except -1:
        if not self.on_cpu():
            raise UnsupportedError(
                f"cannot {what} a tensor in the memory of GPU {self.device.device_id}: the CPU does "
                "not reach it. Copy it to the CPU with the library that made it"
            )
        return 0

    def __dlpack__(self, stream=None, *, max_version=None, dl_device=None, copy=None):
        """Lend the memory by the DLPack protocol, as a capsule.

        Parameters
        ----------
        stream : optional
            Not used: nothing is under way when a tensor is handed out.
        max_version : tuple of int, optional
            Newest version of the protocol that the consumer knows; none stands for an old one.
        dl_device : tuple of int, optional
            Where it wants the memory; only where it is.
        copy : bool, optional
            True for memory of its own.
        """
        cdef Tensor lent
        if dl_device is not None and tuple(dl_device) != self.__dlpack_device__():
            raise BufferError(f"this tensor is on device {self.__dlpack_device__()} and cannot be "
                              f"lent on {tuple(dl_device)}")
        if copy and self.count():
            lent = self.clone()
        else:
            lent = self.kept()
            copy = False
        return lent.loan(max_version is not None and max_version[0] >= DLPACK_MAJOR, bool(copy))

    cdef object loan(self, bint versioned, bint copied):
        cdef DLTensor tensor
        cdef int64_t[MAX_DIMS] shape
        cdef int64_t[MAX_DIMS] strides
        cdef int i
        for i in range(self.ndim):
            shape[i] = self.dims[i]
            strides[i] = self.steps[i] // (self.type.bits // 8)
        tensor.data = self.data
        tensor.device = self.device
        tensor.ndim = self.ndim
        tensor.dtype = self.type
        tensor.shape = &shape[0]
        tensor.strides = &strides[0]
        tensor.byte_offset = 0
        if tensor.device.device_type == 0:
            tensor.device.device_type = DL_CPU
        if not versioned:
            return lend(self, &tensor)
        return lend_versioned(self, &tensor, (DL_READ_ONLY if self.readonly else 0)
                              | (DL_IS_COPIED if copied else 0))

    def __dlpack_device__(self):
        """Kind and number of the device, as DLPack counts them: (1, 0) is the CPU."""
        return (self.device.device_type or DL_CPU, self.device.device_id)

    def __getbuffer__(self, Py_buffer *view, int flags):
        cdef object code
        cdef Tensor lent
        if not self.on_cpu():
            raise BufferError(f"the CPU cannot reach the memory of GPU {self.device.device_id}; "
                              "copy it there with the library that made the tensor")
        if self.readonly and flags & PyBUF_WRITABLE:
            raise BufferError("this tensor is read-only: others see the same memory; clone() it")
        if (flags & PyBUF_STRIDES != PyBUF_STRIDES or flags & GAPLESS) and not self.contiguous():
            raise BufferError("the rows of this tensor are padded: ask for its strides, "
                              "or clone() it")
        if self.ndim > 1 and flags & PyBUF_F_CONTIGUOUS == PyBUF_F_CONTIGUOUS:
            raise BufferError("this tensor lies row by row, not column by column")
        code = FORMATS.get((self.type.code, self.type.bits))
        if code is None:
            raise BufferError(f"the buffer protocol has no elements of {name_of(self.type)}")
        # The view is one of what holds the memory.
        lent = self.kept()
        if lent.readonly and flags & PyBUF_WRITABLE:
            raise BufferError("the pipeline is short of buffers, and this would be a copy: "
                              "let go of some, or extract(writable=True)")
        view.buf = lent.data if lent.data != NULL else <void *>&nothing
        view.obj = lent
        view.itemsize = self.type.bits // 8
        # The bytes object lives as long as the module.
        view.format = <char *><bytes>code if flags & PyBUF_FORMAT else NULL
        view.len = self.count() * view.itemsize
        view.ndim = self.ndim
        view.readonly = lent.readonly
        view.shape = lent.dims if flags & PyBUF_ND else NULL
        view.strides = lent.steps if flags & PyBUF_STRIDES == PyBUF_STRIDES else NULL
        view.suboffsets = NULL
        view.internal = NULL

    def __releasebuffer__(self, Py_buffer *view):
        pass

    def __reduce__(self):
        raise TypeError("a Tensor cannot be pickled: it is memory of this process; send "
                        "numpy.array(tensor)")

    def __repr__(self):
        if self.device.device_type == 0:
            return "Tensor()"
        device = self.device_type if self.device_type == "CPU" else f"GPU {self.device.device_id}"
        return (f"Tensor(shape={self.shape}, strides={self.strides}, dtype={name_of(self.type)}, "
                f"device={device!r}, format={self.layout!r})")


# What an empty view points at.
cdef uint8_t nothing = 0


cdef str name_of(DLDataType type):
    if type.code == DL_BOOL and type.bits == 8:
        return "bool"
    return f"{KINDS.get(type.code, f'DLPack type {type.code}, bits ')}{type.bits}"


cdef Tensor packed_tensor(object owner, void *data, int ndim, const Py_ssize_t *dims,
                          DLDataType type, bint readonly):
    cdef Tensor self = Tensor.__new__(Tensor)
    cdef Py_ssize_t step = type.bits // 8
    cdef int i
    check_dims(ndim, dims, step)
    self.owner = owner
    self.data = data
    self.ndim = ndim
    for i in range(ndim - 1, -1, -1):
        self.dims[i] = dims[i]
        self.steps[i] = step
        step *= max(dims[i], 1)
    self.type = type
    self.device = DLDevice(DL_CPU, 0)
    self.readonly = readonly
    return self


cdef Tensor empty_tensor(int ndim, const Py_ssize_t *dims, DLDataType type):
    cdef Py_ssize_t size = type.bits // 8
    cdef Memory memory
    cdef int i
    check_dims(ndim, dims, size)
    for i in range(ndim):
        size *= dims[i]
    memory = Memory.__new__(Memory, size)
    return packed_tensor(memory, memory.data, ndim, dims, type, False)


cdef Tensor plane_tensor(object owner, void *data, Py_ssize_t height, Py_ssize_t width,
                         Py_ssize_t channels, Py_ssize_t pitch, bint readonly, int device,
                         int device_id):
    cdef Py_ssize_t[3] dims = [height, width, channels]
    cdef Tensor self = packed_tensor(owner, data, 2 if channels == 1 else 3, dims,
                                     DLDataType(DL_UINT, 8, 1), readonly)
    self.steps[0] = pitch
    self.device = DLDevice(device, device_id)
    if channels > 1:
        self.layout = "HWC"
    return self


cdef Tensor pack(Tensor tensor):
    if tensor.contiguous():
        return tensor
    return tensor.clone()


cdef bint is_pitched(Tensor tensor) noexcept:
    cdef Py_ssize_t row = tensor.type.bits // 8
    cdef int i
    for i in range(1, tensor.ndim):
        row *= tensor.dims[i]
    return (tensor.ndim > 1 and row > 0 and tensor.steps[0] >= row
            and packed_from(tensor.ndim, tensor.dims, tensor.steps, tensor.type.bits // 8) <= 1)


cdef Tensor view_of(Tensor tensor, object owner):
    """The same elements, kept by `owner`."""
    cdef Tensor self = packed_tensor(owner, tensor.data, tensor.ndim, tensor.dims, tensor.type,
                                     tensor.readonly)
    cdef int i
    for i in range(tensor.ndim):
        self.steps[i] = tensor.steps[i]
    self.device = tensor.device
    self.layout = tensor.layout
    return self


cdef Tensor video_rows(Tensor frame):
    """The bytes of a (H, W, C) frame, of whole words in each row as GStreamer wants: H rows.

    Rows that are whole words already stay where they are.
    """
    cdef Tensor tight = frame
    cdef Py_ssize_t row = frame.dims[1] * frame.dims[2]
    cdef Py_ssize_t pitch = (row + 3) // 4 * 4
    cdef Py_ssize_t[2] dims = [frame.dims[0], pitch]
    cdef Py_ssize_t i
    cdef Tensor rows
    if packed_from(3, frame.dims, frame.steps, 1) > 1:
        # Pixels apart from each other, for example channels in reverse.
        tight = frame.clone()
    if pitch == row and (tight.contiguous() or is_pitched(tight)):
        rows = packed_tensor(tight, tight.data, 2, dims, tight.type, True)
        if not tight.contiguous():
            rows.steps[0] = tight.steps[0]
        return rows
    rows = empty_tensor(2, dims, tight.type)
    with nogil:
        for i in range(tight.dims[0]):
            memcpy(<char *>rows.data + i * pitch, <char *>tight.data + i * tight.steps[0], row)
            memset(<char *>rows.data + i * pitch + row, 0, pitch - row)
    return rows


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
    except (BufferError, ValueError):
        # NumPy cannot say every kind of element either.
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


def as_tensor(obj, format=""):
    """View the memory of an array as a `Tensor`, without a copy.

    Parameters
    ----------
    obj
        Anything with the DLPack protocol (NumPy, PyTorch, CuPy, JAX ...) or the buffer protocol.
        The tensor holds it.
    format : str
        What its dimensions mean: "HWC", "CHW", or empty.

    Raises
    ------
    ArgumentTypeError
        The object has neither protocol.
    """
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
