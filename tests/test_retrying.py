# SPDX-License-Identifier: Apache-2.0
"""A call that failed leaves nothing in the pipeline: the program may try again on the same flow."""

from __future__ import annotations

import pytest

from dsbind import (
    BatchMetadataOperator,
    Buffer,
    BufferProvider,
    BufferRetriever,
    ConfigError,
    Error,
    Flow,
    FlowError,
    Pipeline,
    Probe,
    RenderMode,
    StateError,
)
from dsbind.media import MediaInfo


class Counter(BatchMetadataOperator):
    frames = 0

    def handle_metadata(self, batch_meta):
        self.frames += len(batch_meta.frame_items)


class Taker(BufferRetriever):
    buffers = 0

    def consume(self, buffer):
        self.buffers += 1
        return 1


class Black(BufferProvider):
    width, height, format, framerate = 64, 48, "RGB", 30
    frames = 0

    def generate(self, size):
        self.frames += 1
        return Buffer(bytes(64 * 48 * 3)) if self.frames <= 5 else Buffer()


def parts(flow):
    graph = flow.pipeline._graph
    return (
        sorted(graph.elements),
        {name: ends for name, ends in graph.links.items() if ends},
        sorted(graph.attached),
        sorted(graph.outputs),
        sorted(graph.writers),
        sorted(graph.tolerated),
        sorted(graph.branches.forks),
    )


@pytest.fixture
def starts(clip):
    """Flows to go on from."""

    def start(kind):
        flow = Flow(Pipeline("again"))
        if kind == "nothing":
            return flow
        if kind == "streams":
            return flow.capture([str(clip), str(clip)])
        flow = flow.batch_capture([str(clip)], width=320, height=240)
        return flow.fork() if kind == "fork" else flow

    return start


def wrong_calls(clip, folder):
    return {
        "capture": lambda flow: flow.capture([clip, clip], gpu_id="x"),
        "batch_capture": lambda flow: flow.batch_capture([clip, clip], file_loop="x"),
        "inject": lambda flow: flow.inject([Black(), Black()], gpu_id="x"),
        "decode": lambda flow: flow.decode(gpu_id="x"),
        "batch": lambda flow: flow.batch(width="x"),
        "attach": lambda flow: flow.attach("measure_fps_probe", "a", properties={"interval": "x"}),
        "retrieve": lambda flow: flow.retrieve(Taker(), gpu_id="x"),
        "appsink": lambda flow: flow.retrieve(Taker(), max_buffers="x"),
        "render": lambda flow: flow.render(RenderMode.DISCARD, sync="x"),
        "encode": lambda flow: flow.encode(folder / "out.mp4", gpu_id="x"),
        "sizes": lambda flow: flow.encode(folder / "out.mp4", width=-4, height=-4),
        "sync": lambda flow: flow.encode(folder / "out.mp4", sync="maybe"),
        "encoder": lambda flow: flow.encode(folder / "out.mp4", bitrate=2**40),
    }


@pytest.mark.parametrize(
    ("start", "call"),
    [
        ("nothing", "capture"),
        ("nothing", "batch_capture"),
        ("nothing", "inject"),
        ("streams", "decode"),
        ("streams", "batch"),
        ("streams", "attach"),
        ("batch", "attach"),
        ("batch", "retrieve"),
        ("batch", "appsink"),
        ("batch", "render"),
        ("batch", "encode"),
        ("batch", "encoder"),
        ("batch", "sizes"),
        ("batch", "sync"),
        ("fork", "attach"),
        ("fork", "retrieve"),
        ("fork", "render"),
        ("fork", "encode"),
    ],
)
def test_an_operation_that_failed_leaves_nothing(start, call, starts, clip, tmp_path):
    flow = starts(start)
    before = parts(flow)
    with pytest.raises(ConfigError):
        wrong_calls(str(clip), tmp_path)[call](flow)
    assert parts(flow) == before
    assert not list(tmp_path.iterdir())


def test_a_flow_goes_on_after_errors_of_all_kinds(starts, clip, tmp_path):
    flow = starts("fork")
    wrong = wrong_calls(str(clip), tmp_path)
    for call in ("attach", "retrieve", "render", "encode", "encoder"):
        with pytest.raises(ConfigError):
            wrong[call](flow)
    taker, counter = Taker(), Counter()
    flow.retrieve(taker)
    flow.attach(Probe("counter", counter)).render(RenderMode.DISCARD)
    flow.encode(tmp_path / "out.mp4", use_sw_codec=True)
    flow()
    assert (taker.buffers, counter.frames) == (60, 60)
    assert MediaInfo.discover(str(tmp_path / "out.mp4")).duration == pytest.approx(2e9, rel=0.05)


def test_a_probe_of_which_one_stream_has_none_is_attached_to_none(starts):
    flow = starts("streams")
    streams = list(flow._streams)
    Flow(flow.pipeline, [streams[1]]).attach(Probe("taken", Counter()))
    before = parts(flow)
    with pytest.raises(Error, match="duplicated"):
        flow.attach(Probe("taken", Counter()))
    assert parts(flow) == before


def test_providers_are_called_after_an_inject_that_failed():
    flow = Flow(Pipeline("again"))
    with pytest.raises(ConfigError):
        flow.inject([Black()], gpu_id="x")
    taker = Taker()
    flow.inject([Black()]).retrieve(taker)()
    assert taker.buffers == 5


def test_an_element_can_be_added_again_with_other_properties():
    pipeline = Pipeline("again")
    with pytest.raises(ConfigError):
        pipeline.add("queue", "q", {"max-size-buffers": -1})
    assert "q" not in pipeline
    pipeline.add("queue", "q", {"max-size-buffers": 3})
    assert pipeline["q"].get("max-size-buffers") == 3


def test_nothing_is_added_while_the_pipeline_runs(starts):
    flow = starts("fork")
    flow.render(RenderMode.DISCARD, sync=True)
    before = parts(flow)
    flow.pipeline.start()
    with pytest.raises(StateError, match=r"is running; stop\(\) and wait\(\)"):
        flow.render(RenderMode.DISCARD)
    with pytest.raises(StateError, match="is running"):
        flow.pipeline.add("queue", "late")
    flow.pipeline.stop().wait(10)
    assert parts(flow) == before
    flow.render(RenderMode.DISCARD)
    flow()


def test_pictures_that_are_not_decoded_cannot_be_batched():
    class Pictures(Black):
        format = "JPEG"

    flow = Flow(Pipeline("again")).inject([Pictures()])
    with pytest.raises(FlowError, match=r"image/jpeg.*call decode\(\) before batch"):
        flow.batch()
    flow.decode().batch()
