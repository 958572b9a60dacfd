# SPDX-License-Identifier: Apache-2.0
"""`retrieve`: flows that end in Python code."""

from __future__ import annotations

import gc
import queue
import threading
import time
import traceback
import weakref

import numpy as np
import pytest
from growing import MEASURABLE

import dsbind
from dsbind import (
    BatchMetadataOperator,
    Buffer,
    BufferOperator,
    BufferProvider,
    BufferRetriever,
    Feeder,
    Flow,
    FlowError,
    Pipeline,
    Probe,
    Receiver,
    RenderMode,
    StaleMetadataError,
    StateError,
    StreamError,
)


class Frames(BufferRetriever):
    """Counts buffers, does something with each, and returns what it was given."""

    def __init__(self, what=None, result=1):
        self.n = 0
        self.what = what
        self.result = result

    def consume(self, buffer):
        self.n += 1
        if self.what is not None:
            self.what(buffer)
        return self.result


def pattern(pipeline, frames=-1, caps="video/x-raw, format=I420, width=64, height=48", **source):
    """A test picture, in an element "caps"."""
    pipeline.add("videotestsrc", "src", {"num-buffers": frames, **source})
    pipeline.add("capsfilter", "caps", {"caps": caps}).link("src", "caps")
    return Flow(pipeline, ["caps"])


# What is consumed


def test_every_frame_of_a_file_is_consumed_as_rgb(clip):
    shapes = set()
    times = []

    def look(buffer):
        assert buffer.batch_size == 1
        tensor = buffer.extract(0)
        assert len(tensor.shape) == 3 and tensor.dtype == np.uint8
        shapes.add(tuple(tensor.shape))
        times.append(buffer.timestamp)

    frames = Frames(look)
    flow = Flow(Pipeline("p")).batch_capture([str(clip)], width=320, height=240).retrieve(frames)
    assert flow() is None
    assert frames.n == 60 and shapes == {(240, 320, 3)} and times == sorted(times)


def test_a_batch_has_a_frame_of_each_source(clip):
    sizes = []

    def look(buffer):
        items = list(buffer.batch_meta.frame_items)
        sizes.append(len(items))
        for item in items:
            assert buffer.extract(item.batch_id).shape == (240, 320, 3)

    frames = Frames(look)
    Flow(Pipeline("p")).batch_capture([str(clip)] * 4, width=320, height=240).retrieve(frames)()
    assert sum(sizes) == 240 and max(sizes) == 4


def test_a_single_stream_is_consumed_without_a_batch(clip):
    def look(buffer):
        assert buffer.batch_size == 1 and buffer.batch_meta is None
        assert buffer.extract(0).shape == (240, 320, 3)

    frames = Frames(look)
    Flow(Pipeline("p")).capture([str(clip)]).retrieve(frames)()
    assert frames.n == 60


def test_the_pixels_are_those_of_the_picture():
    seen = []
    pipeline = Pipeline("p")
    flow = pattern(pipeline, 2, pattern="red").retrieve(Frames(lambda b: seen.append(b.extract(0))))
    flow()
    for frame in map(np.asarray, seen):
        assert frame.shape == (48, 64, 3)
        assert frame[..., 0].min() > 240 and frame[..., 1:].max() < 15


def test_an_index_out_of_the_batch_is_an_index_error():
    with pytest.raises(IndexError):
        pattern(Pipeline("p"), 2).retrieve(Frames(lambda b: b.extract(1)))()


def test_a_frame_may_be_kept_and_its_buffer_may_not():
    kept = []

    def keep(buffer):
        tensor = buffer.extract(0)
        kept.append((buffer, tensor, np.array(tensor)))

    pattern(Pipeline("p"), 30, pattern="ball").retrieve(Frames(keep))()
    gc.collect()
    assert len(kept) == 30
    for buffer, tensor, then in kept:
        assert (np.asarray(tensor) == then).all()
        with pytest.raises(StaleMetadataError):
            buffer.extract(0)
        with pytest.raises(StaleMetadataError):
            _ = buffer.timestamp


@pytest.mark.parametrize(
    "name, shapes",
    [
        ("RGB", [(48, 62, 3)]),
        ("RGBA", [(48, 62, 4)]),
        ("GRAY8", [(48, 62)]),
        ("NV12", [(48, 62), (24, 31, 2)]),
        ("I420", [(48, 62), (24, 31), (24, 31)]),
    ],
)
@pytest.mark.parametrize("memory", ["(memory:NVMM)", ""])
def test_by_hand_other_formats_have_their_true_shapes(name, shapes, memory):
    seen = []

    def look(buffer):
        planes = buffer.extract(0)
        planes = planes if isinstance(planes, tuple) else (planes,)
        seen.append([tuple(plane.shape) for plane in planes])
        if name in ("RGB", "RGBA"):
            assert np.asarray(planes[0])[..., 2].min() > 240
        else:
            assert 35 < np.asarray(planes[0]).mean() < 45
        rgb = np.asarray(buffer.extract(0, dsbind.ColorFormat.RGB))
        assert rgb.shape == (48, 62, 3) and (rgb[..., 2].min() > 235 or name == "GRAY8")

    pipeline = Pipeline("p")
    pattern(pipeline, 3, "video/x-raw, format=I420, width=62, height=48", pattern="blue")
    pipeline.add("nvvideoconvert", "convert")
    pipeline.add("capsfilter", "nvmm", {"caps": f"video/x-raw{memory}, format={name}"})
    pipeline.add("appsink", "sink", {"emit-signals": True, "sync": False})
    pipeline.link("caps", "convert", "nvmm", "sink")
    pipeline.attach("sink", Receiver("r", Frames(look)), tips="new-sample")
    pipeline.start().wait(10)
    assert seen == [shapes] * 3


def test_what_is_no_video_has_no_frame():
    pipeline = Pipeline("p").add("audiotestsrc", "src", {"num-buffers": 3}).add("appsink", "sink")
    pipeline.link("src", "sink").attach("sink", Receiver("r", Frames(lambda b: b.extract(0))))
    with pytest.raises(dsbind.ConfigError, match="NvBufSurface"):
        pipeline.start().wait(10)


# Elements


def test_elements_have_the_documented_names_and_properties(run_program):
    result = run_program("""
        from dsbind import *
        class R(BufferRetriever):
            pass
        pipeline = Pipeline("p").add("videotestsrc", "src")
        flow = Flow(pipeline, ["src"]).retrieve(R(), gpu_id=0, max_buffers=3, **{"async": False})
        print(*flow._streams, *pipeline._graph.elements)
        print(*(f"{element} {name}" for element, name in pipeline._graph.attached))
        sink = pipeline["retrieve-appsink-2"]
        print(*(sink.get(name) for name in ("emit-signals", "sync", "async", "max-buffers")))
        print(pipeline["retrieve-capsfilter-1"].get("caps"))
    """)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [
        "src retrieve-converter-0 retrieve-capsfilter-1 retrieve-appsink-2",
        "retrieve-appsink-2 retrieve-receiver-3",
        "True False False 3",
        "video/x-raw(memory:NVMM), format=(string)RGB",
    ]


def test_a_keyword_that_the_sink_does_not_know_warns():
    with pytest.warns(dsbind.UnknownPropertyWarning, match="max-buffers"):
        pattern(Pipeline("p")).retrieve(Frames(), max_bufers=3)


def test_retrieve_ends_the_flow_and_needs_one_stream(clip):
    flow = pattern(Pipeline("p")).retrieve(Frames())
    with pytest.raises(FlowError, match="Upstream error: multiple streams must be batched"):
        flow.render(RenderMode.DISCARD)
    two = Flow(Pipeline("p")).capture([str(clip)] * 2)
    with pytest.raises(Exception, match="Upstream error: multiple streams must be batched"):
        two.retrieve(Frames())


@pytest.mark.parametrize("given", [None, object(), Frames, print])
def test_what_is_no_retriever_is_a_type_error(given):
    pipeline = Pipeline("p")
    flow = pattern(pipeline)
    with pytest.raises(TypeError, match="BufferRetriever"):
        flow.retrieve(given)
    assert list(pipeline._graph.elements) == ["src", "caps"]
    with pytest.raises(TypeError, match="BufferRetriever"):
        Receiver("r", given)


# What consume returns


@pytest.mark.parametrize("result", [1, 100, 0, None, True, np.int64(1)])
def test_consume_goes_on_without_a_rest(result):
    frames = Frames(result=result)
    start = time.monotonic()
    pattern(Pipeline("p"), 50).retrieve(frames)()
    assert frames.n == 50 and time.monotonic() - start < 3


def test_a_negative_result_is_a_stream_error():
    frames = Frames(result=-1)
    with pytest.raises(StreamError, match=r"consume\(\) of Frames returned -1"):
        pattern(Pipeline("p")).retrieve(frames)()
    assert frames.n == 1


@pytest.mark.parametrize("result", ["1", 1.5, []])
def test_a_result_that_is_no_number_is_a_type_error(result):
    with pytest.raises(TypeError):
        pattern(Pipeline("p")).retrieve(Frames(result=result))()


def test_an_exception_in_consume_is_raised_with_its_traceback():
    def fail(buffer):
        raise ZeroDivisionError("here")

    with pytest.raises(ZeroDivisionError, match="here") as caught:
        pattern(Pipeline("p")).retrieve(Frames(fail))()
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names[-2:] == ["consume", "fail"]


def test_a_retriever_without_consume_says_so():
    class Bare(BufferRetriever):
        pass

    with pytest.raises(NotImplementedError, match="Bare does not define consume"):
        pattern(Pipeline("p")).retrieve(Bare())()


# Running


def test_stop_inside_consume_and_nothing_is_consumed_after_wait():
    frames = Frames(lambda buffer: pipeline.stop() if frames.n == 5 else None)
    pipeline = Pipeline("p")
    pattern(pipeline).retrieve(frames)
    pipeline.start().wait(10)
    seen = frames.n
    assert seen >= 5
    time.sleep(0.1)
    assert frames.n == seen


def test_wait_inside_consume_is_refused_instead_of_hanging():
    pipeline = Pipeline("p")
    pattern(pipeline).retrieve(Frames(lambda buffer: pipeline.wait()))
    with pytest.raises(StateError, match="call stop"):
        pipeline.start().wait(10)


def test_a_slow_consumer_holds_up_the_pipeline():
    made = Frames()

    class Count(BufferOperator):
        def handle_buffer(self, buffer):
            made.n += 1

    def slow(buffer):
        time.sleep(0.02)
        if frames.n == 20:
            ahead.append(made.n - frames.n)
            pipeline.stop()

    ahead = []
    frames = Frames(slow)
    pipeline = Pipeline("p")
    pattern(pipeline).retrieve(frames)
    pipeline.attach("caps", Probe("made", Count()))
    pipeline.start().wait(10)
    assert ahead[0] < 20


def test_at_the_end_everything_on_its_way_has_been_consumed():
    frames = Frames(lambda buffer: time.sleep(0.01))
    pattern(Pipeline("p"), 40).retrieve(frames)()
    assert frames.n == 40


def test_a_flow_run_again_consumes_again():
    frames = Frames()
    flow = pattern(Pipeline("p"), 10).retrieve(frames)
    for n in (10, 20, 30):
        flow()
        assert frames.n == n


def test_after_a_failure_the_flow_can_be_run_again():
    def fail(buffer):
        if frames.n == 3:
            raise ValueError("once")

    frames = Frames(fail)
    flow = pattern(Pipeline("p"), 10).retrieve(frames)
    with pytest.raises(ValueError, match="once"):
        flow()
    frames.n = 100
    flow()
    assert frames.n == 110


def test_memory_and_threads_stay_flat(run_program):
    result = run_program(
        """
        import threading
        from dsbind import *
        from growing import allocated
        class R(BufferRetriever):
            n = 0
            def consume(self, buffer):
                self.n += 1
                self.last = buffer.extract(0)
        def cycle():
            pipeline = Pipeline("p").add("videotestsrc", "src", {"num-buffers": 10})
            retriever = R()
            Flow(pipeline, ["src"]).retrieve(retriever)()
            assert retriever.n == 10
        for _ in range(20):
            cycle()
        before = allocated()
        for _ in range(60):
            cycle()
        grown = allocated() - before
        print(grown < 1_000_000, threading.active_count(), grown)
    """,
        env=MEASURABLE,
        timeout=60,
    )
    assert result.stdout.startswith("True 1"), result.stdout + result.stderr


# By hand, and who keeps whom


def test_a_receiver_sits_on_an_appsink_alone_and_answers_its_signal():
    pipeline = Pipeline("p").add("appsink", "sink").add("fakesink", "fake")
    with pytest.raises(RuntimeError, match="no appsink"):
        pipeline.attach("fake", Receiver("r", Frames()), tips="new-sample")
    with pytest.raises(RuntimeError, match="need-data"):
        pipeline.attach("sink", Receiver("r", Frames()), tips="need-data")
    pipeline.attach("sink", Receiver("r", Frames()))
    with pytest.raises(RuntimeError, match="Custom Object duplicated"):
        pipeline.attach("sink", Receiver("s", Frames()))


def test_a_retriever_is_kept_by_its_receiver_alone():
    pipeline = Pipeline("p")
    counts = []

    def build():
        class Local(BufferRetriever):
            def __init__(self):  # without a call of the base's
                self.name = "local"

            def consume(self, buffer):
                counts.append(self.name)

        pattern(pipeline, 5).retrieve(Local())

    build()
    gc.collect()
    pipeline.start().wait(10)
    assert counts == ["local"] * 5


def test_a_retriever_that_holds_its_pipeline_is_collected_with_it():
    frames = Frames()
    frames.flow = pattern(Pipeline("p"), 5).retrieve(frames)
    frames.flow()
    gone = weakref.ref(frames)
    del frames
    limit = time.monotonic() + 5
    while gone() is not None and time.monotonic() < limit:
        gc.collect()
        time.sleep(0.01)
    assert gone() is None


@pytest.mark.parametrize("explicit", [True, False])
def test_one_object_can_be_everything_at_once(clip, explicit):
    class All(BufferRetriever, BatchMetadataOperator, BufferOperator, BufferProvider):
        width, height, format, framerate = 64, 48, "RGB", 30

        def __init__(self):
            if explicit:
                BufferRetriever.__init__(self)
                BatchMetadataOperator.__init__(self)
                BufferOperator.__init__(self)
                BufferProvider.__init__(self)
            self.calls = dict.fromkeys(("consume", "handle_metadata", "generate"), 0)

        def consume(self, buffer):
            self.calls["consume"] += 1
            return 1

        def handle_metadata(self, batch_meta):
            self.calls["handle_metadata"] += 1

        def generate(self, size):
            self.calls["generate"] += 1
            return Buffer(bytes(9216)) if self.calls["generate"] <= 6 else Buffer()

    both = All()
    flow = Flow(Pipeline("p")).inject([both]).batch(width=64, height=48)
    flow.attach(Probe("meta", both)).retrieve(both)()
    assert both.calls == {"consume": 6, "handle_metadata": 6, "generate": 7}


def test_two_pipelines_in_two_threads_hand_frames_over(clip):
    """The documented appsrc program."""
    frames = queue.Queue()
    seen = []

    class Retriever(BufferRetriever):
        def consume(self, buffer):
            frames.put(buffer.extract(0).clone())
            return 1

    class Provider(BufferProvider):
        def __init__(self):
            super().__init__()
            self.format = "RGB"
            self.width = 320
            self.height = 240
            self.framerate = 30
            self.device = "gpu"

        def generate(self, size):
            try:
                tensor = frames.get(timeout=2)
            except queue.Empty:
                return Buffer()
            lent = np.from_dlpack(tensor)
            return dsbind.as_tensor(lent, "HWC").wrap(dsbind.ColorFormat.RGB)

    class Shown(BufferOperator):
        def handle_buffer(self, buffer):
            seen.append(buffer.timestamp)
            return True

    def capture():
        Flow(Pipeline("capturing")).batch_capture([str(clip)], width=320, height=240).retrieve(
            Retriever()
        )()

    def show():
        Flow(Pipeline("showing")).inject([Provider()]).attach(Probe("s", Shown())).render(
            RenderMode.DISCARD
        )()

    threads = [threading.Thread(target=work) for work in (capture, show)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert len(seen) == 60 and frames.empty()


def test_the_appsrc_program_by_hand(clip):
    frames = queue.Queue(maxsize=4)
    caps = "video/x-raw, format=RGB, width=320, height=240, framerate=30/1"

    class Retriever(BufferRetriever):
        def consume(self, buffer):
            frames.put(buffer.extract(0).clone())
            return 1

    class Provider(BufferProvider):
        n = 0

        def generate(self, size):
            self.n += 1
            if self.n > 60:
                return Buffer()
            return frames.get(timeout=20).wrap(dsbind.ColorFormat.RGB)

    first = Pipeline("first").add("nvurisrcbin", "src", {"uri": f"file://{clip}"})
    first.add("nvvideoconvert", "convert")
    first.add("capsfilter", "caps", {"caps": "video/x-raw(memory:NVMM), format=RGB"})
    first.add("appsink", "sink", {"emit-signals": True, "sync": False})
    first.link(("src", "convert"), ("vsrc_%u", "")).link("convert", "caps", "sink")
    first.attach("sink", Receiver("receiver", Retriever()), tips="new-sample")

    last = Frames()
    provider = Provider()
    second = Pipeline("second").add("appsrc", "src", {"caps": caps, "do-timestamp": True})
    second.add("nvvideoconvert", "convert")
    second.add("capsfilter", "caps", {"caps": "video/x-raw(memory:NVMM), format=NV12"})
    second.add("appsink", "sink", {"emit-signals": True, "sync": False})
    second.link("src", "convert", "caps", "sink")
    second.attach("src", Feeder("feeder", provider), tips="need-data/enough-data")
    second.attach("sink", Receiver("receiver", last), tips="new-sample")

    second.start()
    first.start().wait(20)
    second.wait(20)
    assert last.n == 60 and provider.n == 61
