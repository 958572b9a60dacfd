# SPDX-License-Identifier: Apache-2.0
"""Tensors in the memory of a GPU: copies, sharing with PyTorch and CuPy, and their streams."""

from __future__ import annotations

import gc
import weakref

import numpy
import pytest

from dsbind import as_tensor
from dsbind.errors import CudaError
from dsbind.tensor import Tensor


@pytest.fixture
def picture():
    """5 rows of 6 RGB pixels, cut out of 16: the rows are padded."""
    whole = numpy.arange(5 * 16 * 3, dtype=numpy.uint8).reshape(5, 16, 3)
    return whole[:, :6]


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def cupy():
    return pytest.importorskip("cupy")


def address(tensor: Tensor) -> int:
    return tensor.__cuda_array_interface__["data"][0]


class TestCopies:
    @pytest.mark.parametrize(
        "cut",
        [
            lambda a: a,
            lambda a: a[:, :2],
            lambda a: a[::-1],
            lambda a: a[..., ::-1],
            lambda a: a.transpose(2, 0, 1),
            lambda a: a[::2, ::3],
        ],
    )
    @pytest.mark.parametrize("kind", [numpy.uint8, numpy.float32, numpy.float64])
    def test_to_the_gpu_and_back(self, cut, kind):
        array = cut(numpy.arange(4 * 5 * 3, dtype=kind).reshape(4, 5, 3))
        there = as_tensor(array, "HWC").to_gpu()
        assert (there.device_type, there.device_id) == ("GPU", 0)
        assert there.__dlpack_device__() == (2, 0)
        assert (there.shape, there.format, there.dtype) == (array.shape, "HWC", array.dtype)
        back = there.cpu()
        assert back.device_type == "CPU"
        assert (back.numpy() == array).all()
        assert numpy.array_equal(there.clone().cpu().numpy(), array)

    def test_a_clone_is_memory_of_its_own(self, picture):
        there = as_tensor(picture, "HWC").to_gpu()
        assert address(there.clone()) != address(there)
        assert there.to_gpu(0) is there

    def test_numpy_copies_to_the_cpu_when_asked_to(self, picture):
        there = as_tensor(picture, "HWC").to_gpu()
        with pytest.raises(BufferError, match=r"cpu\(\)"):
            numpy.asarray(there)
        if numpy.lib.NumpyVersion(numpy.__version__) >= "2.1.0":
            assert (numpy.from_dlpack(there, device="cpu") == picture).all()

    def test_large_memory(self):
        array = numpy.random.default_rng(1).integers(0, 256, (64, 1080, 1920), numpy.uint8)
        assert (as_tensor(array).to_gpu().cpu().numpy() == array).all()

    def test_a_gpu_that_is_not_there(self, picture):
        with pytest.raises(CudaError, match="cuDeviceGet failed: CUDA error 101, CUDA_ERROR_INV"):
            as_tensor(picture).to_gpu(63)

    def test_more_than_there_is(self):
        huge = as_tensor(numpy.broadcast_to(numpy.zeros(1, numpy.uint8), (1 << 30,)))
        held = []
        with pytest.raises(CudaError, match="cuMemAlloc failed: .*CUDA_ERROR_OUT_OF_MEMORY"):
            for _ in range(400):
                held.append(held[-1].clone() if held else huge.to_gpu())
        assert held

    def test_memory_comes_back(self, torch, picture):
        def work(times):
            for _ in range(times):
                there = as_tensor(numpy.zeros((1080, 1920, 3), numpy.uint8), "HWC").to_gpu()
                torch.from_dlpack(there.clone())
                there.__dlpack__()

        work(3)
        torch.cuda.synchronize()
        before = torch.cuda.mem_get_info()[0]
        work(100)
        gc.collect()
        torch.cuda.synchronize()
        assert before - torch.cuda.mem_get_info()[0] < 64 << 20


class TestTorch:
    def test_there_is_no_copy(self, torch, picture):
        tensor = as_tensor(picture, "HWC").to_gpu()
        shared = torch.from_dlpack(tensor)
        assert shared.data_ptr() == address(tensor)
        assert (shared.cpu().numpy() == picture).all()
        shared[1, 2] = torch.tensor((7, 8, 9), device="cuda", dtype=torch.uint8)
        assert tensor.cpu().numpy()[1, 2].tolist() == [7, 8, 9]

    def test_padded_rows_stay_where_they_are(self, torch, picture):
        whole = torch.arange(5 * 16 * 3, dtype=torch.uint8, device="cuda").reshape(5, 16, 3)
        tensor = as_tensor(whole[:, :6], "HWC")
        assert tensor.strides == (48, 3, 1)
        assert address(tensor) == whole.data_ptr()
        assert tensor.__cuda_array_interface__["strides"] == (48, 3, 1)
        assert (tensor.clone().cpu().numpy() == picture).all()
        assert torch.from_dlpack(tensor).stride() == (48, 3, 1)

    def test_batches_of_padded_rows(self, torch):
        whole = torch.arange(2 * 4 * 16, dtype=torch.int16, device="cuda").reshape(2, 4, 16)
        cut = whole[:, :3, :10]
        assert (as_tensor(cut).cpu().numpy() == cut.cpu().numpy()).all()

    def test_what_is_no_rows_is_refused(self, torch):
        whole = torch.zeros(4, 6, device="cuda")
        with pytest.raises(RuntimeError, match="Misaligned strides"):
            as_tensor(whole.expand(3, 4, 6).transpose(0, 1)).clone()

    def test_each_side_keeps_the_memory(self, torch):
        given = torch.full((8,), 5, dtype=torch.uint8, device="cuda")
        gone = weakref.ref(given)
        tensor = as_tensor(given)
        del given
        shared = torch.from_dlpack(tensor)
        del tensor
        gc.collect()
        assert shared.sum().item() == 40
        del shared
        gc.collect()
        # PyTorch gives its memory back to its own pool, which `given` is no longer part of.
        assert gone() is None

    def test_a_consumers_stream_waits_for_the_default_one(self, torch):
        data = torch.zeros(1 << 20, dtype=torch.uint8, device="cuda")
        tensor = as_tensor(data)
        side = torch.cuda.Stream()
        torch.cuda.synchronize()
        torch.cuda._sleep(200_000_000)
        data.fill_(7)
        with torch.cuda.stream(side):
            seen = torch.from_dlpack(tensor).sum()
        side.synchronize()
        assert seen.item() == 7 << 20

    def test_a_copy_waits_for_the_producer(self, torch):
        side = torch.cuda.Stream()
        data = torch.zeros(1 << 20, dtype=torch.uint8, device="cuda")
        torch.cuda.synchronize()
        with torch.cuda.stream(side):
            torch.cuda._sleep(200_000_000)
            data.fill_(9)
            # Asks PyTorch to let the default stream wait.
            tensor = as_tensor(data)
        assert (tensor.cpu().numpy() == 9).all()
        assert (tensor.clone(stream=torch.cuda.Stream()).cpu().numpy() == 9).all()

    def test_devices_and_streams_of_its_own(self, torch, picture):
        stream = torch.cuda.Stream()
        there = as_tensor(picture).to_gpu(torch.device("cuda"), stream=stream)
        assert (there.cpu(stream=torch.cuda.default_stream()).numpy() == picture).all()


class TestCupy:
    def test_by_both_protocols(self, cupy, picture):
        tensor = as_tensor(picture, "HWC").to_gpu()
        for shared in (cupy.from_dlpack(tensor), cupy.asarray(tensor)):
            assert shared.data.ptr == address(tensor)
            assert (shared.get() == picture).all()

    def test_arrays_of_its_own(self, cupy):
        array = cupy.arange(60, dtype=cupy.float32).reshape(5, 12)[:, :7]
        tensor = as_tensor(array)
        assert address(tensor) == array.data.ptr
        assert (tensor.cpu().numpy() == array.get()).all()

    def test_the_interface_keeps_the_memory(self, cupy):
        tensor = as_tensor(numpy.full(8, 5, numpy.uint8)).to_gpu()
        shared = cupy.asarray(tensor)
        del tensor
        gc.collect()
        other = as_tensor(numpy.zeros(8, numpy.uint8)).to_gpu()
        assert shared.sum().get() == 40
        assert other.size() == 8

    def test_devices_and_streams_of_its_own(self, cupy, picture):
        stream = cupy.cuda.Stream(non_blocking=True)
        there = as_tensor(picture).to_gpu(cupy.cuda.Device(0), stream=stream)
        assert (there.clone(stream).cpu(stream).numpy() == picture).all()


def test_streams_and_devices_of_cuda_core(picture):
    try:
        from cuda.core import Device
    except ImportError:
        core = pytest.importorskip("cuda.core.experimental")
        Device = core.Device
    device = Device(0)
    device.set_current()
    stream = device.create_stream()
    there = as_tensor(picture, "HWC").to_gpu(device, stream=stream)
    assert (there.clone(stream=stream).cpu(stream=stream).numpy() == picture).all()
