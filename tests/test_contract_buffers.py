# SPDX-License-Identifier: Apache-2.0
"""The documented Buffer, Tensor, providers and retrievers, as programs use them."""

from __future__ import annotations

import queue
import threading

import numpy
import pytest

import dsbind
from dsbind import (
    BatchMetadataOperator,
    Buffer,
    BufferProvider,
    BufferRetriever,
    ColorFormat,
    Flow,
    Pipeline,
    Probe,
    RenderMode,
    Tensor,
    as_tensor,
)


class Call(BufferRetriever):
    """Calls a function with each buffer, and returns nothing."""

    def __init__(self, call):
        super().__init__()
        self.call = call

    def consume(self, buffer):
        self.call(buffer)


@pytest.fixture
def retrieved(clip):
    """Runs `call(buffer)` for each RGB buffer of two sources."""

    def run(call, sources=2):
        flow = Flow(Pipeline("r")).batch_capture([str(clip)] * sources, width=100, height=48)
        flow.retrieve(Call(call))()

    return run


class TestBuffer:
    def test_members(self, retrieved):
        seen = []

        def look(buffer):
            ids = [frame.batch_id for frame in buffer.batch_meta.frame_items]
            chunks = [buffer.get_chunk_id(index) for index in ids]
            sources = [frame.source_id for frame in buffer.batch_meta.frame_items]
            seen.append((buffer.timestamp, buffer.batch_size, chunks == sources))
            assert buffer.get_chunk_id(99) == -1
            assert buffer.measure_latency() == []

        retrieved(look)
        assert all(batch in (1, 2) and same for _, batch, same in seen)
        times = [time for time, _, _ in seen]
        assert times == sorted(times) and times[0] == 0

    def test_an_empty_one_and_one_of_a_list(self):
        assert Buffer().batch_size == 0 and Buffer().timestamp == 2**64 - 1
        assert Buffer([0, 128, 255]).batch_size == 1
        assert Buffer().get_chunk_id(0) == -1

    def test_a_frame_is_a_tensor_of_rows_that_are_padded(self, retrieved):
        shapes = set()

        def look(buffer):
            tensor = buffer.extract(0)
            assert len(tensor.shape) == 3 and tensor and tensor.format == "HWC"
            assert tensor.dtype == numpy.uint8 and tensor.device_type == "CPU"
            shapes.add((tensor.shape, tensor.strides[1:]))
            assert tensor.strides[0] >= 300
            assert numpy.from_dlpack(tensor).shape == tensor.shape

        retrieved(look, sources=1)
        assert shapes == {((48, 100, 3), (3, 1))}

    def test_consume_returns_nothing_or_zero_without_a_rest(self, clip):
        class Zero(BufferRetriever):
            count = 0

            def consume(self, buffer):
                self.count += 1
                return 0

        zero = Zero()
        Flow(Pipeline("p")).capture([str(clip)]).retrieve(zero)()
        assert zero.count == 60


class TestTensor:
    def test_members(self):
        tensor = as_tensor(numpy.zeros((2, 3, 3), numpy.uint8), "HWC")
        assert (tensor.shape, tensor.strides) == ((2, 3, 3), (9, 3, 1))
        assert (tensor.size(), bool(tensor), tensor.dtype) == (18, True, numpy.uint8)
        assert tensor.__dlpack_device__() == (1, 0)
        assert "dltensor" in repr(tensor.__dlpack__(stream=None))
        copy = tensor.clone()
        assert copy.shape == tensor.shape and copy is not tensor
        assert repr(tensor).startswith("Tensor(")

    def test_an_empty_one_is_false_and_has_no_clone(self):
        assert not Tensor() and Tensor().clone() is None and Tensor().device_type == "NONE"

    def test_wrap_refuses_other_layouts_with_the_documented_text(self):
        text = "Color format not compatible with tensor layout"
        for array, layout, kind in (
            (numpy.zeros((2, 3, 3), numpy.uint8), "", ColorFormat.RGB),
            (numpy.zeros((2, 3, 4), numpy.uint8), "HWC", ColorFormat.RGB),
            (numpy.zeros((2, 3, 3), numpy.float32), "HWC", ColorFormat.RGB),
        ):
            with pytest.raises(RuntimeError, match=text):
                as_tensor(array, layout).wrap(kind)

    def test_layers_are_popped_from_a_dict_and_tested(self):
        """As postprocessing code takes the outputs of a model."""
        from dsbind.postprocessing import ObjectDetectorOutputConverter, PostProcessing

        class Converter(ObjectDetectorOutputConverter):
            def __call__(self, output_layers):
                boxes, scores = output_layers.pop("boxes", None), output_layers.pop("scores", None)
                if not boxes or not scores:
                    return []
                return [
                    [0, float(score), *map(float, box)]
                    for box, score in zip(
                        numpy.from_dlpack(boxes), numpy.from_dlpack(scores), strict=True
                    )
                ][: boxes.shape[0]]

        layers = {
            "boxes": as_tensor(numpy.array([[1, 2, 3, 4]], numpy.float32)),
            "scores": as_tensor(numpy.array([0.5], numpy.float32)),
        }
        assert Converter()(layers) == [[0, 0.5, 1.0, 2.0, 3.0, 4.0]] and layers == {}
        assert Converter()({"boxes": Tensor()}) == []
        assert issubclass(ObjectDetectorOutputConverter, PostProcessing)
        with pytest.raises(TypeError):
            ObjectDetectorOutputConverter()


class TestRoundTrip:
    def test_two_pipelines_in_two_threads_as_in_the_sample(self, clip):
        """Frames of one flow are cloned into a queue; the other makes its own of them."""
        frames = queue.Queue(maxsize=1)

        class Take(BufferRetriever):
            def consume(self, buffer):
                tensor = buffer.extract(0).clone()
                frames.put(tensor)
                return 1

        class Give(BufferProvider):
            def __init__(self):
                super().__init__()
                self.format, self.width, self.height = "RGB", 100, 48
                self.framerate, self.device = 30, "gpu"

            def generate(self, size):
                try:
                    array = numpy.from_dlpack(frames.get(timeout=2))
                    return as_tensor(array, "HWC").wrap(ColorFormat.RGB)
                except queue.Empty:
                    return Buffer()

        class Count(BatchMetadataOperator):
            frames = 0

            def handle_metadata(self, batch_meta):
                self.frames += batch_meta.n_frames

        count = Count()
        one = Flow(Pipeline("one")).batch_capture([str(clip)], width=100, height=48)
        one = one.retrieve(Take())
        two = Flow(Pipeline("two")).inject([Give()]).batch(width=100, height=48)
        two = two.attach(Probe("count", count)).render(RenderMode.DISCARD)
        threads = [threading.Thread(target=flow) for flow in (one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        assert count.frames == 60

    def test_one_object_is_retriever_and_operator(self, clip):
        class Both(BufferRetriever, BatchMetadataOperator):
            def __init__(self):
                BufferRetriever.__init__(self)
                BatchMetadataOperator.__init__(self)
                self.consumed = self.handled = 0

            def consume(self, buffer):
                self.consumed += 1
                return 1

            def handle_metadata(self, batch_meta):
                self.handled += 1

        both = Both()
        flow = Flow(Pipeline("p")).batch_capture([str(clip)], width=64, height=48)
        flow.attach(Probe("both", both)).retrieve(both)()
        assert both.consumed == both.handled == 60


def test_a_buffer_is_gone_after_its_callback(retrieved):
    kept = []
    retrieved(kept.append, sources=1)
    with pytest.raises(dsbind.StaleMetadataError):
        kept[0].extract(0)
    assert "gone" in repr(kept[0])
