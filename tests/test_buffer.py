# SPDX-License-Identifier: Apache-2.0
"""Buffers that programs make, and what becomes of them in a pipeline."""

from __future__ import annotations

import copy
import gc
import pickle
import time
import weakref

import numpy
import pytest
from probing import run, white

from dsbind import (
    Buffer,
    BufferProvider,
    BufferRetriever,
    ColorFormat,
    Flow,
    Pipeline,
    as_tensor,
)
from dsbind.errors import ArgumentTypeError, ConfigError, StaleMetadataError

NO_TIME = 2**64 - 1


class TestOwned:
    def test_the_empty_one_ends_the_stream(self):
        buffer = Buffer()
        assert buffer.batch_size == 0
        assert buffer.batch_meta is None
        assert buffer.timestamp == NO_TIME
        assert buffer.measure_latency() == []
        assert "ends the stream" in repr(buffer)

    @pytest.mark.parametrize(
        "data",
        [
            [1, 2, 255],
            (1, 2, 255),
            b"\x01\x02\xff",
            bytearray(b"\x01\x02\xff"),
            memoryview(b"\x01\x02\xff"),
            numpy.array([1, 2, 255], numpy.uint8),
            [numpy.uint8(1), 2, numpy.int64(255)],
            as_tensor(b"\x01\x02\xff"),
            numpy.array([255, 2, 1], numpy.uint8)[::-1],
        ],
    )
    def test_bytes(self, data):
        buffer = Buffer(data)
        assert repr(buffer) == "<Buffer of 3 bytes>"
        assert (buffer.batch_size, buffer.batch_meta, buffer.timestamp) == (1, None, NO_TIME)
        with pytest.raises(ConfigError, match="made by the program"):
            buffer.extract(0)

    def test_without_bytes_it_does_not_end_the_stream(self):
        for data in ([], b"", numpy.zeros(0, numpy.uint8)):
            assert repr(Buffer(data)) == "<Buffer of 0 bytes>"
            assert Buffer(data).batch_size == 0

    @pytest.mark.parametrize(
        ("data", "error", "text"),
        [
            ([0, 1, 256], ValueError, "256 at position 2"),
            ([-1], ValueError, "-1 at position 0"),
            ([0, 2**70], ValueError, "position 1"),
            ([0, 1.5], TypeError, "1.5 at position 1"),
            ((0, "a"), TypeError, "'a' at position 1"),
            ([0, None], TypeError, "None at position 1"),
            ("abc", TypeError, "'abc'"),
            (5, TypeError, "int"),
            (None, TypeError, "NoneType"),
            (numpy.zeros(3), TypeError, r"astype\(numpy.uint8\)"),
            (numpy.zeros(3, numpy.int8), TypeError, "int8"),
            (Buffer(), TypeError, "ends the stream"),
        ],
    )
    def test_wrong_values_are_named(self, data, error, text):
        with pytest.raises(error, match=text) as caught:
            Buffer(data)
        assert isinstance(caught.value, (ArgumentTypeError, ConfigError))

    def test_a_long_list_is_quick(self):
        pixels = [7] * (1920 * 1080 * 3)
        start = time.perf_counter()
        Buffer(pixels)
        assert time.perf_counter() - start < 2

    def test_arrays_are_held_not_copied(self):
        array = numpy.zeros(100, numpy.uint8)
        gone = weakref.ref(array)
        buffer = Buffer(array)
        del array
        gc.collect()
        assert gone() is not None
        del buffer
        gc.collect()
        assert gone() is None

    def test_arrays_with_gaps_are_copied(self):
        array = numpy.zeros((4, 100), numpy.uint8)
        gone = weakref.ref(array)
        buffer = Buffer(array[:, ::2])
        del array
        gc.collect()
        assert gone() is None
        assert repr(buffer) == "<Buffer of 200 bytes>"

    def test_it_is_made_once(self):
        buffer = Buffer(b"abc")
        with pytest.raises(TypeError, match="twice"):
            buffer.__init__(b"d")

    def test_it_does_not_travel(self):
        for send in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="pickled"):
                send(Buffer(b"abc"))


class Provider(BufferProvider):
    """Gives each of its buffers, and then the end of the stream."""

    def __init__(self, make, times, size, format="RGB", device="cpu"):
        super().__init__()
        self.make = make
        self.left = times
        self.width, self.height = size
        self.format = format
        self.framerate = 25
        self.device = device

    def generate(self, size):
        if self.left == 0:
            return Buffer()
        self.left -= 1
        return self.make(self.left)


class Collector(BufferRetriever):
    def __init__(self):
        super().__init__()
        self.frames = []
        self.times = []

    def consume(self, buffer):
        self.times.append(buffer.timestamp)
        self.frames.append(buffer.extract(0))
        return 1


def through(make, times, size, **options):
    """The frames that come out at the other end, and their times."""
    collector = Collector()
    flow = Flow(Pipeline("through")).inject([Provider(make, times, size, **options)])
    flow.retrieve(collector)()
    return collector


class TestPushed:
    # 61 x 3 is no multiple of four.
    @pytest.fixture(params=[(64, 48), (61, 31)])
    def pixels(self, request):
        width, height = request.param
        rng = numpy.random.default_rng(1)
        small = rng.integers(0, 256, (height, width, 3), numpy.uint8)
        return small

    def check(self, frames, pixels, times):
        assert len(frames) == times
        for frame in frames:
            # To NV12 and back: the mean of each colour is what survives.
            assert frame.shape == pixels.shape
            means = frame.numpy().mean(axis=(0, 1))
            assert abs(means - pixels.mean(axis=(0, 1))).max() < 12

    @pytest.mark.parametrize(
        "make",
        [
            lambda pixels: pixels,
            lambda pixels: pixels.tobytes(),
            lambda pixels: bytearray(pixels.tobytes()),
            lambda pixels: pixels.ravel().tolist(),
            lambda pixels: as_tensor(pixels, "HWC"),
            lambda pixels: numpy.repeat(pixels, 2, axis=1)[:, ::2],
        ],
    )
    def test_pixels_arrive(self, pixels, make):
        size = (pixels.shape[1], pixels.shape[0])
        out = through(lambda i: Buffer(make(pixels)), 3, size)
        self.check(out.frames, pixels, 3)

    def test_wrapped_tensors_arrive(self, pixels):
        size = (pixels.shape[1], pixels.shape[0])
        whole = numpy.zeros((size[1], size[0] + 7, 3), numpy.uint8)
        whole[:, : size[0]] = pixels
        padded = whole[:, : size[0]]
        reverse = numpy.ascontiguousarray(pixels[..., ::-1])[..., ::-1]
        for given in (pixels, padded, reverse):
            tensor = as_tensor(given, "HWC")
            out = through(lambda i, t=tensor: t.wrap(ColorFormat.RGB), 2, size)
            self.check(out.frames, pixels, 2)

    def test_the_same_buffer_many_times(self):
        buffer = Buffer(numpy.full((48, 64, 3), 200, numpy.uint8))
        out = through(lambda i: buffer, 5, (64, 48))
        assert len(out.frames) == 5
        assert sorted(set(out.times)) == out.times

    def test_memory_is_given_back_after_the_run(self):
        kept = []

        def make(i):
            array = numpy.full((48, 64, 3), 200, numpy.uint8)
            kept.append(weakref.ref(array))
            return Buffer(array)

        through(make, 20, (64, 48))
        deadline = time.monotonic() + 10
        while any(ref() is not None for ref in kept) and time.monotonic() < deadline:
            gc.collect()
            time.sleep(0.05)
        assert len(kept) == 20
        assert all(ref() is None for ref in kept)

    def test_the_round_trip_of_the_samples(self, clip):
        # A retriever clones frames into a queue; a provider of another pipeline shows them.
        frames = []

        class Retriever(BufferRetriever):
            def consume(self, buffer):
                tensor = buffer.extract(0)
                assert len(tensor.shape) == 3
                frames.append(tensor.clone())
                return 1

        Flow(Pipeline("first")).batch_capture([str(clip)], width=320, height=240).retrieve(
            Retriever()
        )()
        assert len(frames) == 60

        def make(i):
            array = numpy.from_dlpack(frames[59 - i])
            return as_tensor(array, "HWC").wrap(ColorFormat.RGB)

        out = through(make, 60, (320, 240), device="gpu")
        assert len(out.frames) == 60
        for before, after in zip(frames, out.frames, strict=True):
            difference = before.numpy().astype(int) - after.numpy()
            assert abs(difference).mean() < 8

    def test_a_frame_may_be_pushed_on(self, clip):
        # From a probe of one pipeline into another, with the callback still running.
        pushed = []

        def forward(buffer):
            frame = buffer.extract(0, ColorFormat.RGB)
            pushed.extend(through(lambda i: frame.wrap(ColorFormat.RGB), 1, (64, 48)).frames)

        run(("mux", forward))
        assert [frame.shape for frame in pushed] == [(48, 64, 3)] * 2
        assert all(frame.numpy().min() > 245 for frame in pushed)

    def test_a_plain_buffer_in_flight_may_be_pushed(self):
        pushed = []

        def forward(buffer):
            out = through(lambda i: buffer, 2, (64, 48))
            pushed.extend(out.frames)
            assert out.times[0] < out.times[1]

        run(("caps", forward), caps=white("RGB"), frames=1)
        assert len(pushed) == 2
        assert all(frame.numpy().min() > 245 for frame in pushed)

    def test_one_that_is_gone_is_not_pushed(self):
        kept = []
        run(("caps", kept.append), caps=white("RGB"), frames=1)
        with pytest.raises(StaleMetadataError):
            through(lambda i: kept[0], 1, (64, 48))


def test_a_stream_that_runs_when_python_ends(run_program):
    result = run_program(
        """
        import threading, time, numpy
        from dsbind import Buffer, BufferProvider, Flow, Pipeline, RenderMode

        class Endless(BufferProvider):
            width, height, format, framerate, device = 64, 48, "RGB", 25, "cpu"
            given = 0
            def generate(self, size):
                Endless.given += 1
                return Buffer(numpy.zeros((48, 64, 3), numpy.uint8))

        flow = Flow(Pipeline("endless")).inject([Endless()]).render(RenderMode.DISCARD, sync=False)
        thread = threading.Thread(target=flow, daemon=True)
        thread.start()
        while Endless.given < 50:
            time.sleep(0.01)
        print("end")
        """
    )
    assert (result.returncode, result.stdout) == (0, "end\n"), result.stderr
