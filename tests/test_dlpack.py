# SPDX-License-Identifier: Apache-2.0
"""The DLPack protocol, from both sides, in both versions."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
import weakref
from types import SimpleNamespace

import numpy
import pytest

import dsbind
from dsbind.errors import ArgumentTypeError, ConfigError, CudaError, UnsupportedError
from dsbind.surface import ColorFormat
from dsbind.tensor import Tensor, as_tensor


class Device(ctypes.Structure):
    _fields_ = [("device_type", ctypes.c_int32), ("device_id", ctypes.c_int32)]


class DataType(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16)]


class DLTensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device", Device),
        ("ndim", ctypes.c_int32),
        ("dtype", DataType),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


class Managed(ctypes.Structure):
    pass


class Versioned(ctypes.Structure):
    pass


Deleter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
Managed._fields_ = [("tensor", DLTensor), ("context", ctypes.c_void_p), ("deleter", Deleter)]
Versioned._fields_ = [
    ("major", ctypes.c_uint32),
    ("minor", ctypes.c_uint32),
    ("context", ctypes.c_void_p),
    ("deleter", Deleter),
    ("flags", ctypes.c_uint64),
    ("tensor", DLTensor),
]

new_capsule = ctypes.pythonapi.PyCapsule_New
new_capsule.restype = ctypes.py_object
new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
pointer_of.restype = ctypes.c_void_p
pointer_of.argtypes = [ctypes.py_object, ctypes.c_char_p]
rename = ctypes.pythonapi.PyCapsule_SetName
rename.argtypes = [ctypes.py_object, ctypes.c_char_p]


class Producer:
    """Lends 12 bytes as DLPack tells it to, and counts its deleter's calls."""

    def __init__(self, shape=(3, 4), strides=None, *, version=None, **fields):
        self.memory = (ctypes.c_uint8 * 12)(*range(12))
        self.deleted = 0
        self.asked = []
        self.version = version
        self.managed = Versioned() if version else Managed()
        if version:
            self.managed.major, self.managed.minor = version
            self.managed.flags = fields.pop("flags", 0)
        tensor = self.managed.tensor
        tensor.data = ctypes.addressof(self.memory)
        tensor.device = Device(1, 0)
        tensor.ndim = len(shape)
        tensor.dtype = DataType(1, 8, 1)
        tensor.shape = (ctypes.c_int64 * max(len(shape), 1))(*shape)
        if strides is not None:
            tensor.strides = (ctypes.c_int64 * len(strides))(*strides)
        for name, value in fields.items():
            setattr(tensor, name, value)
        self.managed.deleter = Deleter(self.delete)

    def delete(self, managed):
        self.deleted += 1

    def __dlpack__(self, **options):
        self.asked.append(options)
        name = b"dltensor_versioned" if self.version else b"dltensor"
        return new_capsule(ctypes.addressof(self.managed), name, None)

    def __dlpack_device__(self):
        return (self.managed.tensor.device.device_type, self.managed.tensor.device.device_id)


@pytest.fixture
def picture():
    """5 rows of 6 RGB pixels, cut out of 16: the rows are padded."""
    whole = numpy.arange(5 * 16 * 3, dtype=numpy.uint8).reshape(5, 16, 3)
    return whole[:, :6]


def test_the_device_is_the_true_one(picture):
    assert as_tensor(picture).__dlpack_device__() == (1, 0)
    assert Tensor().__dlpack_device__() == (1, 0)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "dltensor"),
        ({"stream": None}, "dltensor"),
        ({"stream": 1}, "dltensor"),
        ({"max_version": (0, 8)}, "dltensor"),
        ({"max_version": (1, 0)}, "dltensor_versioned"),
        ({"max_version": (1, 3)}, "dltensor_versioned"),
        ({"dl_device": (1, 0), "copy": False}, "dltensor"),
    ],
)
def test_capsules(picture, options, name):
    assert f'"{name}"' in repr(as_tensor(picture).__dlpack__(**options))


def test_the_stream_may_be_positional(picture):
    assert "dltensor" in repr(as_tensor(picture).__dlpack__(None))


def test_structs(picture):
    tensor = as_tensor(picture, "HWC")
    capsule = tensor.__dlpack__()
    managed = Managed.from_address(pointer_of(capsule, b"dltensor"))
    assert managed.tensor.data == picture.ctypes.data
    assert managed.tensor.shape[:3] == [5, 6, 3]
    assert managed.tensor.strides[:3] == [48, 3, 1]
    assert (managed.tensor.dtype.code, managed.tensor.dtype.bits) == (1, 8)
    capsule = tensor.__dlpack__(max_version=(1, 0))
    versioned = Versioned.from_address(pointer_of(capsule, b"dltensor_versioned"))
    assert (versioned.major, versioned.minor, versioned.flags) == (1, 0, 0)
    assert versioned.tensor.strides[:3] == [48, 3, 1]


def test_flags():
    for options, flags in (({}, 1), ({"copy": True}, 2)):
        capsule = as_tensor(b"abc").__dlpack__(max_version=(1, 0), **options)
        assert Versioned.from_address(pointer_of(capsule, b"dltensor_versioned")).flags == flags


def test_a_copy_is_one(picture):
    tensor = as_tensor(picture, "HWC")
    assert not numpy.shares_memory(numpy.from_dlpack(tensor, copy=True), picture)


def test_another_device_is_refused(picture):
    with pytest.raises(BufferError, match="device"):
        as_tensor(picture).__dlpack__(dl_device=(2, 0))


@pytest.mark.parametrize("version", [None, (1, 0)])
def test_an_unused_capsule_gives_the_memory_back(version):
    array = numpy.zeros(3)
    gone = weakref.ref(array)
    capsule = as_tensor(array).__dlpack__(max_version=version)
    del array
    gc.collect()
    assert gone() is not None
    del capsule
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("version", [None, (1, 0)])
def test_a_consumer_may_finish_without_the_gil(version):
    # As PyTorch does, from a thread of its own. A CDLL call gives up the GIL.
    array = numpy.zeros(3)
    gone = weakref.ref(array)
    capsule = as_tensor(array).__dlpack__(max_version=version)
    name, struct = (b"dltensor_versioned", Versioned) if version else (b"dltensor", Managed)
    address = pointer_of(capsule, name)
    rename(capsule, b"used")
    deleter = ctypes.cast(struct.from_address(address).deleter, ctypes.c_void_p).value
    del array, capsule
    gc.collect()
    assert gone() is not None
    thread = threading.Thread(target=Deleter(deleter), args=(address,))
    thread.start()
    thread.join(10)
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("version", [None, (1, 0), (1, 7)])
def test_a_producers_deleter_runs_once(version):
    producer = Producer(version=version)
    tensor = as_tensor(producer, "HW")
    assert tensor.numpy().tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    array = numpy.asarray(tensor)
    later = numpy.from_dlpack(tensor)
    del tensor, array
    gc.collect()
    assert producer.deleted == 0
    assert later.sum() == 66
    del later
    gc.collect()
    assert producer.deleted == 1


def test_strides_and_offset():
    tensor = as_tensor(Producer((3, 2), (4, -1), byte_offset=1))
    assert tensor.strides == (4, -1)
    assert tensor.numpy().tolist() == [[1, 0], [5, 4], [9, 8]]


def test_read_only_producers():
    assert not as_tensor(Producer(version=(1, 0), flags=1)).numpy().flags.writeable


def test_producers_are_asked_for_the_new_version():
    producer = Producer()
    as_tensor(producer)
    assert producer.asked == [{"max_version": (1, 0)}]


@pytest.mark.parametrize("device", [2, 13])
def test_the_memory_of_a_gpu(device):
    producer = Producer(device=Device(device, 3))
    tensor = as_tensor(producer, "HWC")
    assert producer.asked == [{"max_version": (1, 0), "stream": 1}]
    assert (tensor.device_type, tensor.device_id) == ("GPU", 3)
    assert tensor.__dlpack_device__() == (device, 3)
    assert "GPU 3" in repr(tensor)
    assert tensor.to_gpu(3) is tensor
    assert tensor.to_gpu(SimpleNamespace(device_id=3)) is tensor
    assert tensor.to_gpu(SimpleNamespace(type="cuda", index=3)) is tensor


def test_the_cpu_does_not_reach_a_gpu():
    tensor = as_tensor(Producer((12,), device=Device(2, 3)), "HWC")
    for use in (memoryview, numpy.asarray, Tensor.numpy):
        with pytest.raises(BufferError, match="GPU 3"):
            use(tensor)
    for use in (lambda tensor: tensor.wrap(ColorFormat.RGB), dsbind.Buffer):
        with pytest.raises(UnsupportedError, match="GPU 3"):
            use(tensor)


class TestMemoryOfAGpu:
    """What is told of it, without touching it: there need be no GPU."""

    def test_the_interface_of_cuda_arrays(self):
        producer = Producer((2, 2, 3), (6, 3, 1), device=Device(2, 3))
        tensor = as_tensor(producer, "HWC")
        assert tensor.__cuda_array_interface__ == {
            "shape": (2, 2, 3),
            "typestr": "|u1",
            "data": (ctypes.addressof(producer.memory), False),
            "strides": None,
            "version": 3,
            "stream": 1,
        }

    def test_padded_rows_and_other_elements(self):
        floats = {"device": Device(2, 0), "dtype": DataType(2, 32, 1), "version": (1, 0)}
        tensor = as_tensor(Producer((1, 2), (2, 1), **floats))
        assert tensor.__cuda_array_interface__["typestr"] == "<f4"
        tensor = as_tensor(Producer((2, 1, 3), (6, 3, 1), device=Device(2, 0)))
        assert tensor.__cuda_array_interface__["strides"] == (6, 3, 1)

    def test_what_may_not_be_written(self):
        tensor = as_tensor(Producer(version=(1, 0), flags=1, device=Device(2, 0)))
        assert tensor.__cuda_array_interface__["data"][1] is True

    def test_there_is_none_of_the_cpu(self):
        assert not hasattr(as_tensor(Producer()), "__cuda_array_interface__")
        # bfloat16 has no name in it.
        strange = as_tensor(Producer((2,), dtype=DataType(4, 16, 1), device=Device(2, 0)))
        assert not hasattr(strange, "__cuda_array_interface__")

    @pytest.mark.parametrize("stream", [None, 1, -1])
    def test_streams_that_need_no_waiting(self, stream):
        tensor = as_tensor(Producer(device=Device(2, 0)))
        assert "dltensor" in repr(tensor.__dlpack__(stream=stream))

    def test_stream_0_is_refused(self):
        # As the array API standard says: it may be one of two.
        with pytest.raises(ValueError, match="default stream"):
            as_tensor(Producer(device=Device(2, 0))).__dlpack__(stream=0)

    def test_another_device_takes_a_copy(self):
        tensor = as_tensor(Producer(device=Device(2, 0)))
        with pytest.raises(BufferError, match="without a copy"):
            tensor.__dlpack__(dl_device=(1, 0), copy=False)
        with pytest.raises(BufferError, match=r"\(2, 1\)"):
            tensor.__dlpack__(dl_device=(2, 1))

    def test_rows_backwards_are_no_rows(self):
        tensor = as_tensor(Producer((3, 4), (-4, 1), device=Device(2, 0), byte_offset=8))
        with pytest.raises(RuntimeError, match="Misaligned strides"):
            tensor.clone()

    @pytest.mark.skipif(os.path.exists("/dev/nvidiactl"), reason="there is a GPU")
    @pytest.mark.parametrize(
        "use",
        [
            Tensor.clone,
            Tensor.cpu,
            lambda tensor: tensor.to_gpu(1),
            lambda tensor: tensor.wrap(ColorFormat.RGB),
            lambda tensor: tensor.__dlpack__(stream=2),
            lambda tensor: tensor.__dlpack__(dl_device=(1, 0)),
        ],
    )
    def test_a_copy_needs_the_driver(self, use):
        tensor = as_tensor(Producer((2, 2, 3), device=Device(2, 0)), "HWC")
        with pytest.raises(CudaError, match="cuInit failed"):
            use(tensor)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"shape": (-1, 4)}, ConfigError),
        ({"shape": (2**62, 2**62)}, ConfigError),
        ({"shape": (2, 2), "strides": (2**62, 2)}, ConfigError),
        ({"shape": (1,) * 9}, ConfigError),
        ({"dtype": DataType(1, 8, 4)}, UnsupportedError),
        ({"dtype": DataType(1, 4, 1)}, UnsupportedError),
        ({"dtype": DataType(1, 0, 1)}, UnsupportedError),
        ({"device": Device(10, 0)}, UnsupportedError),
        ({"data": None}, ArgumentTypeError),
        ({"version": (2, 0)}, UnsupportedError),
    ],
)
def test_what_cannot_be_is_refused_and_given_back(fields, error):
    producer = Producer(**fields)
    with pytest.raises(error):
        as_tensor(producer)
    gc.collect()
    assert producer.deleted == 1


def test_elements_that_numpy_does_not_know():
    tensor = as_tensor(Producer((3, 2), dtype=DataType(4, 16, 1)))
    with pytest.raises(UnsupportedError, match="16"):
        print(tensor.dtype)
    with pytest.raises(BufferError):
        memoryview(tensor)
    assert tensor.clone().shape == (3, 2)


def test_a_wrong_capsule():
    class Liar:
        def __dlpack__(self, **options):
            return None

    with pytest.raises(ArgumentTypeError, match="Liar"):
        as_tensor(Liar())


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python classes have no __buffer__")
def test_an_array_that_refuses_the_buffer_protocol_is_asked_for_dlpack():
    class OfAGpu:
        def __buffer__(self, flags):
            raise TypeError("not on the CPU")  # as CuPy's

        def __dlpack__(self, **options):
            return producer.__dlpack__(**options)

    producer = Producer()
    assert as_tensor(OfAGpu()).shape == (3, 4)


def test_an_exception_of_the_producer_passes():
    class Broken:
        def __dlpack__(self, **options):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        as_tensor(Broken())


def test_a_loan_that_outlives_python(run_program):
    result = run_program(
        """
        import ctypes, threading, numpy
        from dsbind import as_tensor

        # Nothing ends these before the interpreter does.
        kept = [numpy.from_dlpack(as_tensor(bytearray(1000))) for _ in range(10)]
        kept.append(kept)
        numpy.kept = kept
        capsule = as_tensor(bytearray(1000)).__dlpack__()
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(capsule))
        print("end")
        """
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "end\n", "")
