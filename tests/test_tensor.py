# SPDX-License-Identifier: Apache-2.0
"""Tensors: what they show, what they share, and how long memory lives."""

from __future__ import annotations

import copy
import ctypes
import gc
import hashlib
import io
import os
import pickle
import weakref

import numpy
import pytest
from growing import MEASURABLE

import dsbind
from dsbind.errors import ArgumentTypeError, ConfigError, CudaError
from dsbind.surface import ColorFormat, SurfaceError
from dsbind.tensor import Tensor, as_tensor


class OldProducer:
    """Speaks DLPack as before 1.0."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, stream=None):
        return self.array.__dlpack__()

    def __dlpack_device__(self):
        return (1, 0)


@pytest.fixture
def picture():
    """5 rows of 6 RGB pixels, cut out of 16: the rows are padded."""
    whole = numpy.arange(5 * 16 * 3, dtype=numpy.uint8).reshape(5, 16, 3)
    return whole[:, :6]


class TestMembers:
    def test_of_a_padded_picture(self, picture):
        tensor = as_tensor(picture, "HWC")
        assert tensor.shape == (5, 6, 3)
        assert tensor.shape[0] == 5
        assert len(tensor.shape) == 3
        assert tensor.strides == (48, 3, 1)
        assert tensor.dtype == numpy.uint8
        assert tensor.device_type == "CPU"
        assert tensor.device_id == 0
        assert tensor.format == "HWC"
        assert tensor.size() == 90
        assert tensor
        assert repr(tensor) == (
            "Tensor(shape=(5, 6, 3), strides=(48, 3, 1), dtype=uint8, device='CPU', format='HWC')"
        )

    def test_strides_are_elements(self):
        tensor = as_tensor(numpy.zeros((2, 3), numpy.float32))
        assert tensor.strides == (3, 1)
        assert as_tensor(numpy.zeros((2, 3), numpy.float32).T).strides == (1, 3)

    def test_an_empty_one_is_false(self):
        tensor = Tensor()
        assert not tensor
        assert (tensor.shape, tensor.size(), tensor.device_type) == ((0,), 0, "NONE")
        assert tensor.clone() is None
        assert repr(tensor) == "Tensor()"
        assert tensor.numpy().shape == (0,)
        assert numpy.from_dlpack(tensor).shape == (0,)
        assert not as_tensor(numpy.zeros((0, 4)))
        assert as_tensor(numpy.zeros((0, 4))).clone() is None

    def test_a_scalar_is_one_element(self):
        tensor = as_tensor(numpy.array(2.5))
        assert (tensor.shape, tensor.size(), bool(tensor)) == ((), 1, True)
        assert tensor.clone().numpy() == 2.5

    @pytest.mark.parametrize(
        "kind",
        [numpy.dtype(letter).name for letter in "?bhiqBHIQefdFD"],
    )
    @pytest.mark.parametrize("way", [lambda array: array, OldProducer])
    def test_dtypes(self, kind, way):
        array = numpy.ones((2, 2), kind)
        tensor = as_tensor(way(array))
        assert tensor.dtype == numpy.dtype(kind)
        for back in (tensor.numpy(), numpy.from_dlpack(tensor), tensor.clone().numpy()):
            assert back.dtype == numpy.dtype(kind)
            assert (back == array).all()

    def test_top_level_names(self):
        assert dsbind.as_tensor is as_tensor
        assert dsbind.Tensor is Tensor


class TestSharing:
    @pytest.mark.parametrize(
        "view",
        [
            numpy.asarray,
            numpy.from_dlpack,
            lambda tensor: tensor.numpy(),
            lambda tensor: numpy.asarray(memoryview(tensor)),
            lambda tensor: tensor.__array__(),
        ],
    )
    def test_there_is_no_copy(self, picture, view):
        array = view(as_tensor(picture, "HWC"))
        assert array.strides == picture.strides
        picture[1, 2] = (7, 8, 9)
        assert array[1, 2].tolist() == [7, 8, 9]
        assert numpy.shares_memory(array, picture)

    @pytest.mark.parametrize("view", [numpy.asarray, numpy.from_dlpack, memoryview])
    def test_a_view_keeps_the_memory(self, view):
        array = numpy.arange(6, dtype=numpy.uint8)
        gone = weakref.ref(array)
        shown = view(as_tensor(array))
        del array
        gc.collect()
        assert gone() is not None
        assert list(shown) == [0, 1, 2, 3, 4, 5]
        del shown
        gc.collect()
        assert gone() is None

    def test_writes_reach_the_other_side(self, picture):
        tensor = as_tensor(picture, "HWC")
        numpy.asarray(tensor)[0, 0] = 200
        numpy.from_dlpack(tensor)[0, 1] = 201
        assert picture[0, 0, 0] == 200
        assert picture[0, 1, 0] == 201

    @pytest.mark.parametrize("flags", [0x0, 0x8, 0x38, 0x58, 0x98])
    def test_who_wants_no_gaps_gets_none(self, flags):
        def ask(tensor):
            view = ctypes.create_string_buffer(256)  # a Py_buffer
            request = ctypes.pythonapi.PyObject_GetBuffer
            assert request(ctypes.py_object(tensor), view, ctypes.c_int(flags)) == 0
            ctypes.pythonapi.PyBuffer_Release(view)

        whole = numpy.zeros((4, 6), numpy.uint8)
        with pytest.raises(BufferError):
            ask(as_tensor(whole[:, :3]))
        with pytest.raises(BufferError):
            ask(as_tensor(whole[::-1]))
        ask(as_tensor(whole[0]))
        if flags == 0x58:  # column by column
            with pytest.raises(BufferError):
                ask(as_tensor(whole))
        else:
            ask(as_tensor(whole))

    def test_what_cannot_be_written_stays_so(self):
        tensor = as_tensor(b"abc")
        assert memoryview(tensor).readonly
        assert not numpy.asarray(tensor).flags.writeable
        assert not numpy.from_dlpack(tensor).flags.writeable
        with pytest.raises(TypeError):
            (ctypes.c_char * 3).from_buffer(tensor)
        with pytest.raises(TypeError):
            io.BytesIO(b"xyz").readinto(tensor)
        assert numpy.asarray(as_tensor(as_tensor(b"abc"))).flags.writeable is False

    def test_padded_rows_need_strides(self, picture):
        assert hashlib.md5(as_tensor(b"abc")).digest() == hashlib.md5(b"abc").digest()
        with pytest.raises(BufferError, match="padded"):
            hashlib.md5(as_tensor(picture, "HWC"))

    def test_asarray_can_copy_and_convert(self, picture):
        tensor = as_tensor(picture, "HWC")
        assert numpy.asarray(tensor, numpy.float32).dtype == numpy.float32
        assert not numpy.shares_memory(numpy.array(tensor), picture)

    def test_a_tensor_of_a_tensor_holds_the_memory(self, picture):
        again = as_tensor(as_tensor(picture, "HWC"), "CHW")
        assert again.format == "CHW"
        assert again.strides == (48, 3, 1)
        assert numpy.shares_memory(again.numpy(), picture)

    def test_an_array_of_numpys_is_given_back(self):
        array = numpy.arange(4.0)
        gone = weakref.ref(array)
        tensor = as_tensor(OldProducer(array))
        del array
        gc.collect()
        assert tensor.numpy().tolist() == [0, 1, 2, 3]
        del tensor
        gc.collect()
        assert gone() is None

    def test_the_buffer_protocol_is_enough(self):
        data = bytearray(b"abc")
        tensor = as_tensor(data)
        with pytest.raises(BufferError):
            data.append(1)
        del tensor
        data.append(1)

    @pytest.mark.parametrize("obj", [None, 5, [1, 2, 3], "abc", object()])
    def test_other_objects_are_refused(self, obj):
        with pytest.raises(ArgumentTypeError, match="DLPack") as caught:
            as_tensor(obj, "HWC")
        assert isinstance(caught.value, TypeError)

    def test_the_format_is_a_string(self, picture):
        with pytest.raises(ArgumentTypeError, match="CHW"):
            as_tensor(picture, 5)

    @pytest.mark.parametrize("kind", [">i4", "M8[s]", "O", "i4,f4"])
    def test_elements_without_a_counterpart(self, kind):
        with pytest.raises(BufferError, match="DLPack"):
            as_tensor(numpy.zeros(3, kind))


class TestClone:
    @pytest.mark.parametrize(
        "cut",
        [
            lambda a: a,
            lambda a: a[:, :2],
            lambda a: a[::-1],
            lambda a: a[..., ::-1],
            lambda a: a.transpose(2, 0, 1),
            lambda a: a[::2, ::3],
            lambda a: a[:, :1],
            lambda a: a[1:2, :, 2:3],
            lambda a: numpy.broadcast_to(a[0, 0], a.shape),
        ],
    )
    @pytest.mark.parametrize("kind", [numpy.uint8, numpy.float64])
    def test_of_any_strides(self, cut, kind):
        array = cut(numpy.arange(4 * 5 * 3, dtype=kind).reshape(4, 5, 3))
        clone = as_tensor(array, "HWC").clone()
        assert clone.format == "HWC"
        assert clone.numpy().flags.c_contiguous
        assert (clone.numpy() == array).all()
        assert not numpy.shares_memory(clone.numpy(), array)
        assert clone.numpy().flags.writeable

    def test_keeps_nothing_of_the_original(self):
        array = numpy.zeros(3, numpy.uint8)
        gone = weakref.ref(array)
        clone = as_tensor(array).clone()
        del array
        gc.collect()
        assert gone() is None
        assert clone.numpy().tolist() == [0, 0, 0]


class TestWrap:
    def test_rgb_and_rgba(self):
        for format, channels in ((ColorFormat.RGB, 3), (ColorFormat.RGBA, 4)):
            pixels = numpy.zeros((6, 8, channels), numpy.uint8)
            assert "192" in repr(as_tensor(pixels, "HWC").wrap(format)) or channels == 3
            assert as_tensor(pixels, "HWC").wrap(format).batch_size == 1

    def test_rows_are_padded_to_four(self, picture):
        assert repr(as_tensor(picture, "HWC").wrap(ColorFormat.RGB)) == "<Buffer of 100 bytes>"

    def test_one_dimension_is_an_encoded_picture(self):
        for format in ColorFormat:
            assert repr(as_tensor(b"jpeg").wrap(format)) == "<Buffer of 4 bytes>"

    @pytest.mark.parametrize(
        ("shape", "kind", "layout", "format"),
        [
            ((4, 4, 3), numpy.uint8, "HWC", ColorFormat.RGBA),
            ((4, 4, 4), numpy.uint8, "HWC", ColorFormat.RGB),
            ((4, 4, 3), numpy.uint8, "HWC", ColorFormat.I420),
            ((4, 4, 3), numpy.uint8, "CHW", ColorFormat.RGB),
            ((4, 4, 3), numpy.uint8, "", ColorFormat.RGB),
            ((4, 4, 3), numpy.float32, "HWC", ColorFormat.RGB),
            ((4, 4), numpy.uint8, "HWC", ColorFormat.RGB),
            ((12,), numpy.float32, "", ColorFormat.RGB),
            ((0, 4, 3), numpy.uint8, "HWC", ColorFormat.RGB),
        ],
    )
    def test_other_layouts_are_refused(self, shape, kind, layout, format):
        with pytest.raises(RuntimeError, match="Color format not compatible with tensor layout"):
            as_tensor(numpy.zeros(shape, kind), layout).wrap(format)

    def test_an_empty_tensor_is_refused(self):
        with pytest.raises(SurfaceError, match="not compatible"):
            Tensor().wrap(ColorFormat.RGB)

    def test_it_takes_a_color_format(self, picture):
        with pytest.raises(ArgumentTypeError, match=r"ColorFormat\.RGB"):
            as_tensor(picture, "HWC").wrap("RGB")


class TestWithoutAGpu:
    """A machine without a driver: what a program is told, and what goes on working."""

    pytestmark = pytest.mark.skipif(os.path.exists("/dev/nvidiactl"), reason="there is a GPU")

    @pytest.mark.parametrize("device", [0, 1])
    def test_what_failed_is_named_and_what_to_do(self, device):
        with pytest.raises(CudaError, match=r"cuInit failed: .*driver") as caught:
            as_tensor(b"abc").to_gpu(device)
        assert isinstance(caught.value, RuntimeError)
        assert "nvidia-smi" in str(caught.value)

    def test_the_cpu_needs_no_driver(self):
        tensor = as_tensor(b"abc")
        assert tensor.cpu() is tensor
        assert tensor.clone(stream=7).numpy().tolist() == [97, 98, 99]
        assert "dltensor" in repr(tensor.__dlpack__(stream=7))
        assert not hasattr(tensor, "__cuda_array_interface__")

    def test_an_empty_tensor_moves_without_one(self):
        assert not Tensor().to_gpu()
        assert not Tensor().cpu()


class TestNamingGpus:
    @pytest.mark.parametrize(
        ("device", "error"),
        [(-1, ConfigError), (2**31, ConfigError), ("cuda:0", ArgumentTypeError)],
    )
    def test_what_is_none(self, device, error):
        with pytest.raises(error, match="GPU"):
            as_tensor(b"abc").to_gpu(device)

    @pytest.mark.parametrize(
        ("stream", "error"),
        [(0, ConfigError), (-1, ConfigError), (2**64, ConfigError), ("1", ArgumentTypeError)],
    )
    def test_streams_that_are_none(self, stream, error):
        with pytest.raises(error, match="stream"):
            as_tensor(b"abc").to_gpu(0, stream=stream)


def test_it_does_not_travel():
    for send in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="pickled"):
            send(Tensor())


def test_memory_comes_back(run_program):
    result = run_program(
        """
        import numpy
        from dsbind import Buffer, ColorFormat, as_tensor
        from growing import allocated

        pixels = numpy.zeros((90, 161, 3), numpy.uint8)

        def work(times):
            for _ in range(times):
                tensor = as_tensor(pixels, "HWC")
                numpy.from_dlpack(tensor)
                tensor.__dlpack__()
                as_tensor(numpy.from_dlpack(tensor.clone())).wrap
                tensor.wrap(ColorFormat.RGB)
                Buffer(pixels)
                Buffer(bytes(100))
                memoryview(tensor)

        work(500)
        before = allocated()
        work(10_000)
        print((allocated() - before) // 1024)
        """,
        env=MEASURABLE,
    )
    assert result.returncode == 0, result.stderr
    # 40 KiB a picture: one in a hundred lost would be 4 MiB.
    assert int(result.stdout) < 3000
