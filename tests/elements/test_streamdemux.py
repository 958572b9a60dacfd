# SPDX-License-Identifier: Apache-2.0
"""nvstreamdemux: a batch becomes the frames of each source again."""

from __future__ import annotations

import re
from pathlib import Path

import numpy
import pytest

from dsbind import BatchMetadataOperator, BufferOperator, Pipeline, Probe
from dsbind.meta import BatchMetadata

MUX = "nvstreammux name=mux batch-size=2 width=64 height=48 ! nvstreamdemux name=demux"


def source(frames: int, pad: int, pattern: str = "smpte") -> str:
    caps = "video/x-raw,format=NV12,width=64,height=48,framerate=25/1"
    return f"videotestsrc num-buffers={frames} pattern={pattern} ! {caps} ! mux.sink_{pad}"


def frames_at(result, sink: str) -> int:
    return len(re.findall(rf"GstFakeSink:{sink}: last-message = chain ", result.output))


@pytest.mark.parametrize(("shown", "frames"), [(0, 9), (1, 4)])
def test_each_source_has_its_pad_and_its_end(launch, shown: int, frames: int) -> None:
    # One sink at a time: what gst-launch-1.0 prints of two gets mixed up.
    result = launch(
        f"{MUX} {source(9, 0)} {source(4, 1)} demux.src_{shown} ! queue ! fakesink name=shown "
        f"silent=false demux.src_{1 - shown} ! queue ! fakesink"
    )
    assert frames_at(result, "shown") == frames
    assert len(re.findall(r"last-message = event .*? E \(type: eos", result.output)) == 1


def test_pixels_and_times_are_those_of_the_source(launch) -> None:
    out = "nvvideoconvert ! video/x-raw,format=NV12 ! checksumsink"
    expected = launch(f"{source(5, 0, 'snow').replace('mux.sink_0', out)}").checksums
    result = launch(
        f"{MUX} {source(5, 0)} {source(5, 1, 'snow')} "
        f"demux.src_1 ! queue ! {out} demux.src_0 ! queue ! fakesink name=a silent=false"
    )
    assert len(expected) == 5
    assert result.checksums == expected
    assert result.timestamps == pytest.approx([0.0, 0.04, 0.08, 0.12, 0.16])


def test_a_source_without_a_pad_is_left_out(launch) -> None:
    result = launch(
        f"{MUX} {source(3, 0)} {source(6, 1)} demux.src_1 ! fakesink name=b silent=false"
    )
    assert frames_at(result, "b") == 6


def test_it_says_what_is_missing(launch) -> None:
    result = launch(f"{MUX} {source(3, 0)}", ok=False)
    assert "Link a pad src_N" in result.output
    result = launch(
        "videotestsrc num-buffers=3 ! nvvideoconvert ! nvstreamdemux name=d d.src_0 ! fakesink",
        ok=False,
    )
    assert "Put nvstreammux before it" in result.output


def test_nothing_is_left_behind(launch, leaks_env) -> None:
    result = launch(
        f"{MUX} {source(5, 0)} {source(3, 1)} demux.src_0 ! queue ! fakesink "
        "demux.src_1 ! queue ! fakesink",
        **leaks_env,
    )
    assert result.leaks == []


class AddObject(BatchMetadataOperator):
    def handle_metadata(self, batch_meta: BatchMetadata) -> None:
        for frame in batch_meta.frame_items:
            obj = batch_meta.acquire_object_meta()
            obj.label = f"of source {frame.source_id}"
            obj.class_id = frame.frame_number
            frame.append(obj)


class Look(BatchMetadataOperator):
    def __init__(self) -> None:
        self.seen: list[tuple[int, int, int, int, list[tuple[str, int]]]] = []

    def handle_metadata(self, batch_meta: BatchMetadata) -> None:
        for frame in batch_meta.frame_items:
            objects = [(obj.label, obj.class_id) for obj in frame.object_items]
            where = (frame.source_id, frame.batch_id, frame.frame_number, frame.pipeline_width)
            self.seen.append((*where, objects))


def build(clip: Path) -> Pipeline:
    pipeline = Pipeline("demux")
    pipeline.add("nvstreammux", "mux", {"batch-size": 2, "width": 320, "height": 240})
    pipeline.add("nvstreamdemux", "demux").link("mux", "demux")
    for index in range(2):
        pipeline.add("nvurisrcbin", f"src{index}", {"uri": str(clip)})
        pipeline.link((f"src{index}", "mux"), ("vsrc_%u", "sink_%u"))
        pipeline.add("queue", f"queue{index}").add("fakesink", f"sink{index}")
        pipeline.link(("demux", f"queue{index}"), ("src_%u", ""))
        pipeline.link(f"queue{index}", f"sink{index}")
    return pipeline


def test_each_frame_takes_its_metadata_along(clip: Path) -> None:
    looks = [Look(), Look()]
    pipeline = build(clip).attach("mux", Probe("add", AddObject()))
    for index, look in enumerate(looks):
        pipeline.attach(f"queue{index}", Probe("look", look))
    pipeline.start().wait(30)
    for index, look in enumerate(looks):
        label = f"of source {index}"
        assert look.seen == [(index, 0, n, 320, [(label, n)]) for n in range(60)]


class Addresses(BufferOperator):
    def __init__(self) -> None:
        self.seen: list[int] = []

    def handle_buffer(self, buffer) -> None:
        for index in range(buffer.batch_size):
            planes = buffer.extract(index)
            plane = planes[0] if isinstance(planes, tuple) else planes
            self.seen.append(numpy.from_dlpack(plane).__array_interface__["data"][0])


def test_pixels_are_not_copied(clip: Path) -> None:
    before, after = Addresses(), Addresses()
    pipeline = build(clip).attach("mux", Probe("before", before))
    pipeline.attach("queue1", Probe("after", after)).start().wait(30)
    assert after.seen == before.seen[1::2]
