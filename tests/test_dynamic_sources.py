# SPDX-License-Identifier: Apache-2.0
"""Sources that come and go while a flow runs, and lists of sources in one element."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dsbind import (
    BatchMetadataOperator,
    Buffer,
    BufferOperator,
    BufferRetriever,
    DynamicSourceMessage,
    Flow,
    Pipeline,
    Probe,
    RenderMode,
    SourceError,
)
from dsbind.meta import BatchMetadata
from dsbind.signal import SourceManager

PATIENCE_S = 20


class Count(BatchMetadataOperator):
    """Frames by source."""

    def __init__(self) -> None:
        self.frames: dict[int, int] = {}

    def handle_metadata(self, batch_meta: BatchMetadata) -> None:
        for frame in batch_meta.frame_items:
            self.frames[frame.source_id] = self.frames.get(frame.source_id, 0) + 1


class Messages:
    """The messages about sources, as (added, number)."""

    def __init__(self) -> None:
        self.all: list[DynamicSourceMessage] = []

    def __call__(self, message: object) -> None:
        if isinstance(message, DynamicSourceMessage):
            self.all.append(message)

    @property
    def changes(self) -> list[tuple[bool, int]]:
        return [(message.source_added, message.source_id) for message in self.all]


def managed(inputs: list[str], probe: Probe, **kwargs: object) -> tuple[SourceManager, Flow]:
    manager = SourceManager("manager")
    flow = Flow(Pipeline("managed")).capture(inputs, source_manager=manager, **kwargs)
    return manager, flow.attach(probe).render(RenderMode.DISCARD)


def test_capture_with_a_source_manager(clip: Path) -> None:
    count, messages = Count(), Messages()
    manager, flow = managed([str(clip)], Probe("count", count))
    assert manager.add_source(str(clip)) == 1
    assert manager.add_source(clip.as_uri()) == 2
    manager.terminate()
    flow(on_message=messages)
    assert count.frames == {0: 60, 1: 60, 2: 60}
    order = [(True, 0), (False, 0), (True, 1), (False, 1), (True, 2)]
    assert messages.changes[:5] == order
    assert messages.all[0].uri == clip.as_uri()
    assert messages.all[0].sensor_id == messages.all[0].sensor_name == "N/A"


def test_properties_reach_the_sources(clip: Path) -> None:
    count = Count()
    manager, flow = managed([str(clip)], Probe("count", count), drop_frame_interval=3)
    manager.terminate()
    flow()
    assert count.frames == {0: 20}


def test_a_manager_that_is_not_attached_does_nothing() -> None:
    manager = SourceManager("manager")
    assert manager.add_source("file:///video.mp4") == -1
    assert manager.remove_source(0) is False
    manager.terminate()
    with pytest.raises(TypeError, match="a source is a URI or a path"):
        manager.add_source(3)  # type: ignore[arg-type]


def test_sources_are_added_while_it_runs(clip: Path) -> None:
    count = Count()
    manager, flow = managed([], Probe("count", count))
    thread = threading.Thread(target=flow)
    thread.start()
    assert [manager.add_source(str(clip)) for _ in range(3)] == [0, 1, 2]
    manager.terminate()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
    assert count.frames == {0: 60, 1: 60, 2: 60}


def test_a_callback_may_change_the_sources(clip: Path) -> None:
    class Next(BufferOperator):
        frames = 0

        def handle_buffer(self, buffer: object) -> None:
            self.frames += 1
            if self.frames in (10, 20, 30):
                number = manager.add_source(str(clip))
                manager.remove_source(number - 1)
            if self.frames == 40:
                manager.terminate()

    operator = Next()
    manager, flow = managed([str(clip)], Probe("next", operator))
    flow.pipeline.start().wait(PATIENCE_S)
    assert 40 <= operator.frames < 120


def test_a_flow_without_sources_stops(clip: Path) -> None:
    manager, flow = managed([], Probe("count", Count()))
    flow.pipeline.start()
    time.sleep(0.05)
    begin = time.monotonic()
    flow.pipeline.stop().wait(PATIENCE_S)
    assert time.monotonic() - begin < 2


def test_a_source_that_fails_is_told_and_raised_at_the_end(clip: Path) -> None:
    count, messages = Count(), Messages()
    manager, flow = managed([], Probe("count", count))
    for uri in ("file:///nowhere.mp4", str(clip)):
        manager.add_source(uri)
    manager.terminate()
    with pytest.raises(SourceError, match="nowhere") as caught:
        flow.pipeline.start(messages).wait(PATIENCE_S)
    assert caught.value.source == "file:///nowhere.mp4"
    assert count.frames == {1: 60}
    assert messages.changes[:3] == [(True, 0), (False, 0), (True, 1)]


def test_a_retriever_knows_whose_frame_it_has(clip: Path) -> None:
    class Retriever(BufferRetriever):
        def __init__(self) -> None:
            super().__init__()
            self.sources: list[int] = []

        def consume(self, buffer: Buffer) -> int:
            self.sources += [frame.source_id for frame in buffer.batch_meta.frame_items]
            return 1

    retriever = Retriever()
    manager = SourceManager("manager")
    flow = Flow(Pipeline("retrieved")).capture([str(clip), str(clip)], source_manager=manager)
    manager.terminate()
    flow.retrieve(retriever)()
    assert retriever.sources == [0] * 60 + [1] * 60


def test_a_seek_goes_to_the_source_that_plays(make_clip: Callable[..., Path]) -> None:
    long = make_clip(frames=300, fps=30, width=64, height=48)
    count, times = Count(), []

    class Times(BatchMetadataOperator):
        def handle_metadata(self, batch_meta: BatchMetadata) -> None:
            times.extend(frame.buffer_pts for frame in batch_meta.frame_items)

    manager = SourceManager("manager")
    flow = Flow(Pipeline("sought")).capture([str(long)], source_manager=manager)
    flow = flow.attach(Probe("times", Times())).attach(Probe("count", count))
    flow = flow.render(RenderMode.DISCARD, sync=True)
    flow.pipeline.start()
    until = time.monotonic() + PATIENCE_S
    while not times and time.monotonic() < until:
        time.sleep(0.01)
    flow.pipeline.seek(9.0)
    manager.terminate()
    begin = time.monotonic()
    flow.pipeline.wait(PATIENCE_S)
    assert time.monotonic() - begin < 6
    assert max(times) > 9_800_000_000
    assert count.frames[0] < 200


def test_a_message_shows_no_credentials() -> None:
    message = DynamicSourceMessage(True, 0, uri="rtsp://me:secret@camera/live")
    assert "secret" not in repr(message)
    assert message.uri == "rtsp://me:secret@camera/live"
    assert message == DynamicSourceMessage(True, 0, uri="rtsp://me:secret@camera/live")


def listed(count: Count, uris: list[str], **properties: object) -> Pipeline:
    pipeline = Pipeline("listed").add(
        "nvmultiurisrcbin",
        "src",
        {"uri-list": ",".join(uris), "width": 320, "height": 240, **properties},
    )
    pipeline.add("fakesink", "sink").link("src", "sink")
    return pipeline.attach("src", Probe("count", count))


def test_listed_sources_are_told_with_their_sensors(clip: Path) -> None:
    count, messages = Count(), Messages()
    names = {"sensor-id-list": "cam1,cam2", "sensor-name-list": "door,yard"}
    listed(count, [str(clip), clip.as_uri()], **names).start(messages).wait(PATIENCE_S)
    assert count.frames == {0: 60, 1: 60}
    assert messages.all == [
        DynamicSourceMessage(True, 0, "cam1", "door", str(clip)),
        DynamicSourceMessage(True, 1, "cam2", "yard", clip.as_uri()),
    ]


def test_sources_inside_are_reached_by_their_names(clip: Path) -> None:
    count = Count()
    pipeline = listed(count, [str(clip), str(clip)])
    source = pipeline["src"].set({"dsnvurisrcbin1::drop-frame-interval": 6})
    assert source.get("dsnvurisrcbin0::uri") == str(clip)
    pipeline.start().wait(PATIENCE_S)
    assert count.frames == {0: 60, 1: 10}


def test_one_lost_source_of_a_list_is_raised_at_the_end(clip: Path) -> None:
    count = Count()
    pipeline = listed(count, ["/nowhere.mp4", str(clip)])
    for run in (1, 2):
        with pytest.raises(SourceError, match="/nowhere.mp4 does not exist") as caught:
            pipeline.start().wait(PATIENCE_S)
        assert caught.value.element == "dsnvurisrcbin0"
        assert caught.value.others == ()
        assert count.frames == {1: 60 * run}


def test_all_lost_sources_of_a_list_are_raised() -> None:
    pipeline = listed(Count(), ["/nowhere.mp4", "/elsewhere.mp4", "/away.mp4"])
    with pytest.raises(SourceError) as caught:
        pipeline.start().wait(PATIENCE_S)
    told = {caught.value.source, *(error.source for error in caught.value.others)}
    assert told == {"/nowhere.mp4", "/elsewhere.mp4", "/away.mp4"}


def test_an_endless_list_stops(clip: Path) -> None:
    count = Count()
    switches = {"file-loop": True, "drop-pipeline-eos": True}
    pipeline = listed(count, [str(clip)], **switches).start()
    until = time.monotonic() + PATIENCE_S
    while count.frames.get(0, 0) < 130 and time.monotonic() < until:
        time.sleep(0.01)
    pipeline.stop().wait(PATIENCE_S)
    assert count.frames[0] >= 130
