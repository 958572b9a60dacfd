# SPDX-License-Identifier: Apache-2.0
"""Tensors: pixels and numbers in memory, shared with NumPy, PyTorch, CuPy ... without a copy."""

cimport cython

from cpython.buffer cimport (
    PyBUF_ANY_CONTIGUOUS,
    PyBUF_C_CONTIGUOUS,
    PyBUF_F_CONTIGUOUS,
    PyBUF_FORMAT,
    PyBUF_ND,
    PyBUF_STRIDES,
    PyBUF_WRITABLE,
)
from libc.stdint cimport int64_t, uint8_t, uintptr_t

from dsbind.capi.cuda cimport CUstream
from dsbind.capi.dlpack cimport *
from dsbind._cuda cimport DeviceMemory, copy_rows, gpu_of, order_after_default, stream_of
from dsbind._dlpack cimport lend, lend_versioned
from dsbind._memory cimport Memory, check_dims, gather, packed_from

from dsbind.errors import ArgumentTypeError, UnsupportedError

__all__ = ("Tensor", "as_tensor")

# The flags of consumers that want no gaps, without what they have in common with the others.
cdef int GAPLESS = (PyBUF_C_CONTIGUOUS | PyBUF_F_CONTIGUOUS | PyBUF_ANY_CONTIGUOUS) & ~PyBUF_STRIDES

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


cdef class Lender:
    """Owner of memory that is used again by others once this is gone."""


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

    def clone(self, stream=None):
        """Copy the elements into memory of their own on the same device, without gaps.

        Parameters
        ----------
        stream : optional
            On a GPU: the stream that copies, a number or one of cuda.core, PyTorch or CuPy; by
            default the default stream. The copy is done when this returns.

        Returns
        -------
        Tensor or None
            None for an empty tensor.

        Raises
        ------
        CudaError
            A call of the CUDA driver failed.
        """
        cdef Tensor source
        if self.count() == 0:
            return None
        source = self.kept()
        return source.copied(stream)

    cdef Tensor kept(self):
        """The same elements in memory that stays; the tensor itself where they lie in such."""
        cdef object owner
        cdef Tensor same
        if not isinstance(self.owner, Keeper):
            return self
        owner = (<Keeper>self.owner).keep()
        same = view_of(self, owner)
        if (<Keeper>self.owner).scarce:
            same = same.copied(None)
            same.readonly = True
        return same

    cdef Tensor copied(self, object stream):
        """A copy of the elements, of which there are some. The memory stays meanwhile."""
        cdef Tensor copy
        if not self.on_cpu():
            return self.copied_to(self.device.device_id, stream)
        copy = empty_tensor(self.ndim, self.dims, self.type)
        copy.layout = self.layout
        cdef int inner = packed_from(self.ndim, self.dims, self.steps, self.type.bits // 8)
        cdef Py_ssize_t block = self.type.bits // 8
        cdef int i
        for i in range(inner, self.ndim):
            block *= self.dims[i]
        with nogil:
            gather(<char *>copy.data, <const char *>self.data, inner, self.dims, self.steps, block)
        return copy

    cdef Tensor copied_to(self, int gpu, object stream):
        """A copy on a GPU, or on the CPU for -1. There are elements; the memory stays meanwhile."""
        from dsbind.surface import SurfaceError

        cdef Tensor packed = self
        cdef Tensor copy
        cdef CUstream queue = stream_of(stream)
        cdef Py_ssize_t block = self.type.bits // 8
        cdef int inner = packed_from(self.ndim, self.dims, self.steps, block)
        cdef bint here = self.on_cpu()
        cdef bint other = gpu >= 0 and self.device.device_id != gpu
        cdef int runs_on = gpu if here else self.device.device_id
        cdef int i
        if inner and (here or other):
            # Rows that lie apart are gathered where they are.
            packed = self.copied(stream)
            inner = 0
        if inner and not self.in_rows(inner):
            raise SurfaceError(f"Misaligned strides: the GPU copies rows, and the elements of "
                               f"{self!r} do not lie in rows; make it contiguous with the library "
                               "that made it")
        copy = empty_tensor(self.ndim, self.dims, self.type) if gpu < 0 \
            else gpu_tensor(self.ndim, self.dims, self.type, gpu)
        copy.layout = self.layout
        for i in range(inner, self.ndim):
            block *= self.dims[i]
        if not here and queue != stream_of(None):
            order_after_default(runs_on, queue)
        copy_rows(runs_on, copy.data, gpu >= 0, packed.data, not here, inner, packed.dims,
                  packed.steps, block, queue)
        return copy

    cdef bint in_rows(self, int inner) noexcept:
        """Whether blocks along the innermost dimension with gaps follow each other."""
        cdef Py_ssize_t block = self.type.bits // 8
        cdef int i
        for i in range(inner, self.ndim):
            block *= self.dims[i]
        return self.steps[inner - 1] >= block or self.dims[inner - 1] == 1

    def to_gpu(self, device_id=0, stream=None):
        """Copy the tensor to a GPU, without gaps. One that is there already is given as it is.

        Parameters
        ----------
        device_id : int, optional
            Number of the GPU, or a device of cuda.core, PyTorch or CuPy.
        stream : optional
            The stream that copies, as for `clone`.

        Raises
        ------
        CudaError
            There is no GPU, or a call of the CUDA driver failed; the text names both.
        """
        cdef Tensor source
        cdef int gpu = gpu_of(device_id)
        if self.device_type == "GPU" and self.device.device_id == gpu:
            return self
        if self.count() == 0:
            return Tensor()
        source = self.kept()
        return source.copied_to(gpu, stream)

    def cpu(self, stream=None):
        """Copy the tensor to the CPU, without gaps. One that is there already is given as it is.

        Parameters
        ----------
        stream : optional
            The stream that copies, as for `clone`.
        """
        cdef Tensor source
        if self.on_cpu() or self.count() == 0:
            return self
        source = self.kept()
        return source.copied_to(-1, stream)

    def wrap(self, color_format):
        """Make a `Buffer` of it, to be returned from `BufferProvider.generate`.

        Parameters
        ----------
        color_format : ColorFormat
            RGB or BGR for a (H, W, 3) tensor, RGBA or BGRA for (H, W, 4), each of uint8 with the
            format "HWC". A tensor of one dimension holds an encoded picture, and may be of any.
            One on a GPU becomes a surface over the same memory, for a provider whose `device` is
            "gpu".

        Raises
        ------
        SurfaceError
            The tensor is not laid out like that.
        """
        from dsbind.buffer import Buffer, _of_picture
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
        frame = self.kept()
        return _of_picture(frame, int(kind))

    cdef int need_cpu(self, str what) except -1:
        if not self.on_cpu():
            raise UnsupportedError(
                f"cannot {what} a tensor in the memory of GPU {self.device.device_id}: the CPU does "
                "not reach it; cpu() copies it"
            )
        return 0

    def __dlpack__(self, stream=None, *, max_version=None, dl_device=None, copy=None):
        """Lend the memory by the DLPack protocol, as a capsule.

        Parameters
        ----------
        stream : optional
            Where the consumer will use memory of a GPU, as the array API standard counts them: work
            on it waits for what is under way on the default stream. -1 for no waiting. Not used on
            the CPU.
        max_version : tuple of int, optional
            Newest version of the protocol that the consumer knows; none stands for an old one.
        dl_device : tuple of int, optional
            Where it wants the memory: where it is, or on the CPU, which takes a copy.
        copy : bool, optional
            True for memory of its own, False for an error where it would need some.
        """
        cdef Tensor lent
        cdef bint moved = dl_device is not None and tuple(dl_device) != self.__dlpack_device__()
        if moved and (copy is False or tuple(dl_device) != (DL_CPU, 0)):
            raise BufferError(f"this tensor is on device {self.__dlpack_device__()} and cannot be "
                              f"lent on {tuple(dl_device)} without a copy")
        if moved and self.count():
            lent = self.cpu()
            copy = True
        elif copy and self.count():
            lent = self.clone()
        else:
            lent = self.kept()
            copy = False
            lent.hand_over(stream)
        return lent.loan(max_version is not None and max_version[0] >= DLPACK_MAJOR, bool(copy))

    cdef int hand_over(self, object stream) except -1:
        """Let a consumer's stream wait for what may be under way on the memory."""
        cdef CUstream consumer
        if self.on_cpu() or isinstance(stream, int) and stream == -1:
            return 0
        consumer = stream_of(stream)
        if consumer != stream_of(None):
            order_after_default(self.device.device_id, consumer)
        return self.tell_owner(consumer == stream_of(None))

    cdef int tell_owner(self, bint on_default) except -1:
        """Note which streams use the memory from now on."""
        cdef object owner = self.owner
        cdef Lender lender
        while isinstance(owner, Tensor):
            owner = (<Tensor>owner).owner
        if isinstance(owner, Lender):
            lender = owner
            lender.gpu = self.device.device_id
            lender.on_default = lender.on_default or on_default
            lender.on_others = lender.on_others or not on_default
        return 0

    @property
    def __cuda_array_interface__(self):
        """The memory for Numba, CuPy and others that speak this protocol (version 3)."""
        cdef Tensor lent
        if self.on_cpu() or (self.type.code, self.type.bits) not in FORMATS:
            # As without the attribute, so that consumers try another way.
            raise AttributeError("this tensor is not in the memory of a GPU")
        lent = self.kept()
        if lent.data != self.data:
            raise BufferError("the pipeline is short of buffers, and this would be a copy: let go "
                              "of some, or clone() it")
        # Consumers hold the tensor, so that it holds the memory from now on.
        self.owner = lent.owner
        self.tell_owner(False)
        return {
            "shape": self.shape,
            "strides": None if self.contiguous() else
            tuple([self.steps[i] for i in range(self.ndim)]),
            "typestr": self.dtype.str,
            "data": (<uintptr_t>self.data, self.readonly),
            "version": 3,
            # The default one: see `__dlpack__`.
            "stream": 1,
        }

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
                              "cpu() copies it")
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


cdef Tensor gpu_tensor(int ndim, const Py_ssize_t *dims, DLDataType type, int gpu):
    """Uninitialised memory of a GPU, of these dims."""
    cdef Py_ssize_t size = type.bits // 8
    cdef DeviceMemory memory
    cdef Tensor self
    cdef int i
    check_dims(ndim, dims, size)
    for i in range(ndim):
        size *= dims[i]
    memory = DeviceMemory.__new__(DeviceMemory, gpu, size)
    self = packed_tensor(memory, <void *><uintptr_t>memory.address, ndim, dims, type, False)
    self.device = DLDevice(DL_CUDA, gpu)
    return self


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


# What makes tensors of others' memory needs this module to be complete.
cdef object view = None


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
    global view
    if view is None:
        from dsbind._views import view
    return view(obj, format)
