# SPDX-License-Identifier: Apache-2.0
"""What is asked of a CUDA driver, and when: by one whose memory is the CPU's.

For machines without a GPU; the tests of tests/gpu run on a real one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent

pytestmark = pytest.mark.skipif(os.path.exists("/dev/nvidiactl"), reason="there is a GPU")


@pytest.fixture(scope="session")
def driver(tmp_path_factory) -> Path:
    """The folder of a libcuda."""
    folder = tmp_path_factory.mktemp("driver")
    flags = subprocess.run(
        ["pkg-config", "--cflags", "glib-2.0"], check=True, capture_output=True, text=True
    ).stdout.split()
    source = HERE / "cuda/host_driver.c"
    command = ["cc", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f"-I{ROOT}/native/runtime"]
    command += [*flags, str(source), "-o", str(folder / "libcuda.so.1")]
    subprocess.run(command, check=True, timeout=60)
    return folder


@pytest.fixture
def run_with(driver, run_program):
    def run(source, **environment):
        # The driver prints, too: what Python prints must not wait in a buffer meanwhile.
        environment |= {"LD_LIBRARY_PATH": str(driver), "PYTHONUNBUFFERED": "1"}
        done = run_program(source, env=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_it_has_every_function_that_is_used(driver):
    header = (ROOT / "native/runtime/dsbind_cuda.h").read_text()
    wanted = set(re.findall(r'"(cu[A-Z]\w+)"', header))
    listed = subprocess.run(
        ["nm", "-D", "--defined-only", str(driver / "libcuda.so.1")],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert wanted <= {line.split()[-1] for line in listed.splitlines()}


def test_nothing_opens_it_before_it_is_needed(run_with):
    out = run_with(
        """
        import dsbind, numpy
        from dsbind import buffer, gst, meta, runtime, surface, tensor

        def is_open():
            with open("/proc/self/maps") as maps:
                return "libcuda.so" in maps.read()

        runtime.open()
        gst.init()
        with surface.Surface.create(64, 48) as frames:
            frames.plane()
        picture = tensor.as_tensor(numpy.zeros((4, 4, 3), numpy.uint8), "HWC")
        picture.clone().wrap(dsbind.ColorFormat.RGB)
        numpy.from_dlpack(picture)
        print(is_open())
        picture.to_gpu()
        print(is_open())
        """
    )
    assert out.split() == ["False", "True"]


def test_a_driver_without_a_gpu_is_named_with_its_error(run_with):
    out = run_with(
        """
        from dsbind import CudaError, as_tensor
        try:
            as_tensor(b"abc").to_gpu()
        except CudaError as error:
            print(error)
        """,
        HOST_DRIVER_INIT="100",
    )
    assert out.startswith(
        "cuInit failed: CUDA error 100, CUDA_ERROR_NO_DEVICE (as the driver says it): nvidia-smi"
    )
    assert "DSBIND_RUNTIME=bundled" in out


def test_an_error_that_the_driver_does_not_know(run_with):
    out = run_with(
        """
        from dsbind import CudaError, as_tensor
        try:
            as_tensor(b"abc").to_gpu()
        except CudaError as error:
            print(error)
        """,
        HOST_DRIVER_INIT="4711",
    )
    assert out.startswith("cuInit failed: CUDA error 4711, unknown (as the driver says it)")


def test_streams_are_ordered_after_the_default_one(run_with):
    out = run_with(
        """
        from dsbind import as_tensor

        class Stream:
            def __cuda_stream__(self):
                return 0, 0x30

        there = as_tensor(b"abc").to_gpu()
        print("lend to 0x20")
        there.__dlpack__(stream=0x20)
        print("lend to the default one, and to nobody")
        for stream in (None, 1, -1):
            there.__dlpack__(stream=stream)
        print("clone on 0x30")
        there.clone(stream=Stream())
        print("end")
        """,
        HOST_DRIVER_TELL="1",
    )
    _, lent, nobody, clone = re.split(r"lend.*\n|clone.*\n", out)
    assert lent.split("\n")[:2] == ["record 0x1", "wait 0x20"]
    assert nobody == ""
    assert clone.split("\n")[:3] == ["record 0x1", "wait 0x30", "synchronize 0x30"]


def test_from_one_gpu_to_another(run_with):
    out = run_with(
        """
        import numpy
        from dsbind import as_tensor

        array = numpy.arange(60, dtype=numpy.uint16).reshape(5, 12)[:, :7]
        one = as_tensor(array).to_gpu(1)
        print(one.__dlpack_device__(), one.to_gpu(0).__dlpack_device__())
        print((one.to_gpu(0).cpu().numpy() == array).all())
        """
    )
    assert out == "(2, 1) (2, 0)\nTrue\n"


def test_a_program_of_tensors_runs_on_the_cpu_too(run_with):
    """Frames go where the caps say: here all elements work on the CPU."""
    out = run_with(
        """
        import numpy
        from dsbind import *

        class Give(BufferProvider):
            width, height, format, framerate, device = 64, 48, "RGB", 30, "gpu"
            left = 3

            def generate(self, size):
                self.left -= 1
                if self.left < 0:
                    return Buffer()
                picture = numpy.full((48, 64, 3), (200, 30, 40), numpy.uint8)
                return as_tensor(picture, "HWC").to_gpu().wrap(ColorFormat.RGB)

        class Take(BufferRetriever):
            def consume(self, buffer):
                pixels = buffer.extract(0).numpy().astype(int)
                print(pixels.shape, abs(pixels - (200, 30, 40)).max() < 8)

        Flow(Pipeline("p")).inject([Give()]).retrieve(Take())()
        """
    )
    assert out == "(48, 64, 3) True\n" * 3


def test_surfaces_over_tensors(run_with):
    """Between an appsrc and an appsink of NVMM caps: the memory stays where it is."""
    out = run_with(
        """
        import gc, weakref
        import numpy
        from dsbind import *

        class Give(BufferProvider):
            format, framerate, device = "RGB", 30, "gpu"

            def __init__(self, *pictures):
                self.pictures = list(pictures)

            def generate(self, size):
                return self.pictures.pop(0) if self.pictures else Buffer()

        class Take(BufferRetriever):
            def consume(self, buffer):
                frame = buffer.extract(0)
                where.append(frame.__cuda_array_interface__["data"][0])
                print(frame.__dlpack_device__(), frame.strides, int(frame.cpu().numpy().sum()))

        array = numpy.ones((48, 64, 3), numpy.uint8)
        there = as_tensor(array, "HWC").to_gpu()
        where = [there.__cuda_array_interface__["data"][0]]
        caps = "video/x-raw(memory:NVMM), format=RGB, width=64, height=48, framerate=30/1"
        pipeline = Pipeline("p")
        pipeline.add("appsrc", "src", {"caps": caps, "do-timestamp": True})
        pipeline.add("appsink", "sink", {"sync": False, "emit-signals": True})
        pipeline.link("src", "sink")
        # A tensor of the GPU; and one of the CPU, which is copied there.
        give = Give(there.wrap(ColorFormat.RGB), array)
        pipeline.attach("src", Feeder("feeder", give), tips="need-data/enough-data")
        pipeline.attach("sink", Receiver("receiver", Take()), tips="new-sample")
        pipeline.start().wait()
        print(where[0] == where[1], where[0] == where[2])
        """
    )
    assert out == f"(2, 0) (192, 3, 1) {48 * 64 * 3}\n" * 2 + "True False\n"


@pytest.mark.parametrize(
    ("use", "waits"),
    [
        ("frame.shape", []),
        ("frame.__dlpack__(stream=1)", ["synchronize 0x1"]),
        ("as_tensor(frame).__dlpack__(stream=1)", ["synchronize 0x1"]),
        ("frame.__dlpack__(stream=0x20)", ["synchronize all (nil)"]),
        ("frame.__cuda_array_interface__", ["synchronize all (nil)"]),
        ("frame.__dlpack__(stream=-1)", []),
    ],
)
def test_a_surface_goes_back_when_it_has_been_read(run_with, use, waits):
    """Who lets go of memory of a GPU may have work under way that reads it."""
    out = run_with(
        f"""
        import numpy
        from dsbind import *

        class Give(BufferProvider):
            format, framerate, device, left = "RGB", 30, "gpu", 1

            def generate(self, size):
                self.left -= 1
                return there.wrap(ColorFormat.RGB) if self.left >= 0 else Buffer()

        class Take(BufferRetriever):
            def consume(self, buffer):
                frame = buffer.extract(0)
                {use}
                print("taken", flush=True)
                del frame

        there = as_tensor(numpy.ones((48, 64, 3), numpy.uint8), "HWC").to_gpu()
        caps = "video/x-raw(memory:NVMM), format=RGB, width=64, height=48, framerate=30/1"
        pipeline = Pipeline("p")
        pipeline.add("appsrc", "src", {{"caps": caps, "do-timestamp": True}})
        pipeline.add("appsink", "sink", {{"sync": False, "emit-signals": True}})
        pipeline.link("src", "sink")
        pipeline.attach("src", Feeder("feeder", Give()), tips="need-data/enough-data")
        pipeline.attach("sink", Receiver("receiver", Take()), tips="new-sample")
        pipeline.start().wait()
        """,
        HOST_DRIVER_TELL="1",
    )
    lines = out.splitlines()
    assert lines[lines.index("taken") + 1 :] == waits


def test_the_copies_of_the_gpu_tests(driver):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        + [str(HERE / "gpu/test_gpu_tensors.py"), "-k", "TestCopies and not large and not more"],
        cwd=ROOT,
        env={**os.environ, "LD_LIBRARY_PATH": str(driver)},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout
    assert "20 passed" in done.stdout or "21 passed" in done.stdout, done.stdout


def test_a_copy_that_fails_waits_for_those_before_it(run_with):
    out = run_with(
        """
        from dsbind import CudaError, as_tensor

        try:
            as_tensor(b"abc").to_gpu()
        except CudaError as error:
            print(error)
        """,
        HOST_DRIVER_TELL="1",
        HOST_DRIVER_GOOD_COPIES="0",
    )
    waited, error = out.splitlines()
    assert waited == "synchronize 0x1"
    assert error.startswith("cuMemcpy2DAsync failed")
