# SPDX-License-Identifier: Apache-2.0
"""Forks: branches that share frames and nothing else."""

from __future__ import annotations

import threading
import time

import pytest
from growing import growth

import dsbind
from dsbind import (
    BatchMetadataOperator,
    BufferOperator,
    Flow,
    Pipeline,
    Probe,
    RenderMode,
    osd,
)
from dsbind.media import MediaInfo


class Frames(BatchMetadataOperator):
    """Notes the number of each frame, slowly where that is wanted."""

    def __init__(self, pause=0.0):
        self.numbers = []
        self.pause = pause

    def handle_metadata(self, batch_meta):
        self.numbers += [frame.frame_number for frame in batch_meta.frame_items]
        time.sleep(self.pause)


class Objects(BatchMetadataOperator):
    """Counts the objects of all frames."""

    def __init__(self):
        self.count = 0

    def handle_metadata(self, batch_meta):
        self.count += sum(len(frame.object_items) for frame in batch_meta.frame_items)


class Box(BatchMetadataOperator):
    """Puts a white object on each frame, filled, over the top left corner."""

    def handle_metadata(self, batch_meta):
        for frame in batch_meta.frame_items:
            box = batch_meta.acquire_object_meta()
            rect = box.rect_params
            rect.left, rect.top, rect.width, rect.height = 0, 0, 100, 100
            rect.border_width = 0
            rect.has_bg_color = 1
            rect.bg_color = osd.Color(1.0, 1.0, 1.0, 1.0)
            frame.append(box)


class Fail(BatchMetadataOperator):
    """Raises at the tenth frame."""

    n = 0

    def handle_metadata(self, batch_meta):
        self.n += 1
        if self.n == 10:
            raise KeyError("mine")


def forked(*clips, **kwargs):
    """A fork after the batches of some clips."""
    size = {"width": 320, "height": 240}
    flow = Flow(Pipeline("p")).batch_capture([str(clip) for clip in clips], **size)
    return flow.fork(**kwargs)


def counted(flow, pause=0.0, name="frames"):
    """A branch that counts its frames."""
    frames = Frames(pause)
    flow.attach(Probe(name, frames)).render(RenderMode.DISCARD)
    return frames


def run(flow, limit=30):
    """Run a flow, but not for ever."""
    try:
        flow.pipeline.start().wait(limit)
    except BaseException:
        flow.pipeline.stop(0)
        raise


def branch_with(flow, *factories):
    """A branch of elements made by hand."""
    names = [f"by-hand-{index}-{factory}" for index, factory in enumerate(factories)]
    for factory, name in zip(factories, names, strict=True):
        flow.pipeline.add(factory, name)
    flow._link(flow._streams[0], names[0])
    if len(names) > 1:
        flow.pipeline.link(*names)
    return [flow.pipeline[name] for name in names]


# What it makes


def test_fork_adds_a_tee_with_the_documented_name(run_program, clip):
    done = run_program(
        """
        import sys
        from dsbind import Flow, Pipeline, RenderMode
        p = Pipeline("p")
        flow = Flow(p).batch_capture([sys.argv[1]]).fork()
        assert flow._streams == ["fork-tee-0"], flow._streams
        inner = flow.fork()
        assert inner._streams == ["fork-tee-1"], inner._streams
        assert flow.render(RenderMode.DISCARD)._streams == []
        assert "render-sink-0" in p
        """,
        clip,
    )
    assert done.returncode == 0, done.stderr


def test_each_operation_on_a_fork_gets_a_queue_that_drops_nothing(clip):
    flow = forked(clip)
    tee = flow._streams[0]
    flow.render(RenderMode.DISCARD)
    flow.render(RenderMode.DISCARD)
    for index in range(2):
        queue = flow.pipeline[f"{tee}-queue-{index}"]
        limits = ("max-size-buffers", "max-size-bytes", "max-size-time", "leaky")
        assert [queue.get(name) for name in limits] == [3, 0, 0, 0]


def test_keywords_of_fork_are_properties_of_the_queues(clip):
    flow = forked(clip, leaky="downstream", max_size_buffers=7)
    tee = flow._streams[0]
    flow.render(RenderMode.DISCARD)
    queue = flow.pipeline[f"{tee}-queue-0"]
    assert queue.get("leaky") == 2 and queue.get("max-size-buffers") == 7


def test_fork_needs_one_stream(clip):
    with pytest.raises(dsbind.FlowError, match="multiple streams must be batched"):
        Flow(Pipeline("p")).capture([str(clip), str(clip)]).fork()


def test_a_fork_without_a_branch_says_what_to_do(clip):
    with pytest.raises(dsbind.FlowError, match=r"has no branch: call render\(\), encode\(\)"):
        forked(clip)()
    nested = forked(clip)
    nested.render(RenderMode.DISCARD)
    nested.fork()
    with pytest.raises(dsbind.FlowError, match="has no branch"):
        nested()


# What it does


def test_every_branch_gets_every_frame(clip):
    flow = forked(clip)
    branches = [counted(flow) for _ in range(4)]
    run(flow)
    assert [frames.numbers for frames in branches] == [list(range(60))] * 4


@pytest.mark.parametrize("which", ["fork", "first", "second"])
def test_any_flow_of_a_fork_runs_all_of_it(clip, tmp_path, which):
    fork = forked(clip)
    frames = Frames()
    first = fork.attach(Probe("frames", frames)).render(RenderMode.DISCARD)
    second = fork.encode(str(tmp_path / "out.mp4"))
    {"fork": fork, "first": first, "second": second}[which]()
    assert len(frames.numbers) == 60
    written = MediaInfo.discover(str(tmp_path / "out.mp4"))
    assert written.duration == pytest.approx(2e9, rel=0.02)


def test_a_fork_of_a_stream_that_is_not_batched(clip):
    class Count(BufferOperator):
        n = 0

        def handle_buffer(self, buffer):
            self.n += 1
            return True

    fork = Flow(Pipeline("p")).capture([str(clip)]).fork()
    counts = [Count(), Count()]
    for count in counts:
        fork.attach(Probe("count", count)).render(RenderMode.DISCARD)
    run(fork)
    assert [count.n for count in counts] == [60, 60]


def test_forks_within_forks(clip):
    outer = forked(clip)
    inner = outer.fork()
    innermost = inner.attach(Probe("box", Box())).fork()
    branches = [counted(flow) for flow in (outer, inner, innermost, innermost, outer)]
    run(outer)
    assert [len(frames.numbers) for frames in branches] == [60] * 5


def test_a_probe_alone_is_a_branch(clip):
    fork = forked(clip)
    frames = Frames()
    fork.attach(Probe("frames", frames))
    other = counted(fork)
    run(fork)
    assert len(frames.numbers) == len(other.numbers) == 60
    run(fork)
    assert len(frames.numbers) == 120


def test_a_fork_runs_again(clip):
    flow = forked(clip)
    branches = [counted(flow), counted(flow)]
    run(flow)
    run(flow)
    assert [len(frames.numbers) for frames in branches] == [120, 120]


# Branches do not see each other's changes


def test_objects_that_one_branch_adds_are_not_in_the_others(clip):
    fork = forked(clip)
    with_box, without = Objects(), Objects()
    branch = fork.attach(Probe("box", Box())).attach(Probe("count", with_box))
    branch.render(RenderMode.DISCARD)
    fork.attach(Probe("count", without)).render(RenderMode.DISCARD)
    run(fork)
    assert (with_box.count, without.count) == (60, 0)


def test_boxes_that_one_branch_draws_are_not_in_the_others(make_clip, tmp_path):
    dark = make_clip(frames=30)
    fork = forked(dark)
    boxed, plain, last = tmp_path / "boxed.mp4", tmp_path / "plain.mp4", tmp_path / "last.mp4"
    fork.encode(str(plain))
    fork.attach(Probe("box", Box())).encode(str(boxed))
    fork.encode(str(last))
    run(fork)
    corners = {path.name: corner_of(path) for path in (boxed, plain, last)}
    assert corners["boxed.mp4"] > 200, corners
    # The ball passes through the corner of some frames: what counts is that no frame is all white.
    assert corners["plain.mp4"] == corners["last.mp4"] < 60, corners


def test_pixels_that_one_branch_writes_are_not_in_the_others(make_clip, tmp_path):
    import numpy

    class Whiten(BufferOperator):
        def handle_buffer(self, buffer):
            luma, _ = buffer.extract(0, writable=True)
            numpy.asarray(luma)[:] = 235
            return True

    fork = forked(make_clip(frames=30))
    white, plain = tmp_path / "white.mp4", tmp_path / "plain.mp4"
    fork.encode(str(plain))
    fork.attach(Probe("whiten", Whiten())).encode(str(white))
    run(fork)
    assert corner_of(white) > 200 and corner_of(plain) < 60


def corner_of(path):
    """The mean brightness of the top left corner over all frames of a video."""
    import cv2

    video = cv2.VideoCapture(str(path))
    means = []
    while True:
        there, picture = video.read()
        if not there:
            break
        means.append(picture[10:90, 10:90].mean())
    assert len(means) == 30
    return sum(means) / len(means)


# Slow, late and silent branches


def test_a_slow_branch_loses_nothing_and_keeps_nothing_from_the_others(clip):
    fork = forked(clip)
    slow, fast = counted(fork, 0.02), counted(fork)
    start = time.monotonic()
    run(fork)
    assert slow.numbers == fast.numbers == list(range(60))
    assert time.monotonic() - start < 10


def test_a_leaky_fork_lets_a_slow_branch_lose_frames_instead(clip):
    fork = forked(clip, leaky="downstream")
    slow = counted(fork, 0.05)
    fast = counted(fork)
    run(fork)
    assert len(slow.numbers) < 60 and slow.numbers[-1] == 59
    assert slow.numbers == sorted(slow.numbers)
    assert len(fast.numbers) > len(slow.numbers)


def test_a_branch_whose_sink_never_gets_a_frame_holds_nobody_up(clip):
    class DropAll(BufferOperator):
        def handle_buffer(self, buffer):
            return False

    fork = forked(clip)
    fork.attach(Probe("drop", DropAll())).render(RenderMode.DISCARD)
    frames = counted(fork)
    run(fork)
    assert len(frames.numbers) == 60


def test_a_branch_that_needs_many_frames_for_its_first_holds_nobody_up(clip):
    # The encoder looks ahead: the sink after it gets its first frame when the other branch, whose
    # sink waits for it to start with, has long had more than its queue holds.
    fork = forked(clip)
    frames = Frames()
    fork.attach(Probe("frames", frames)).render(RenderMode.DISCARD, sync=True)
    branch_with(fork, "nvvideoconvert", "x264enc", "fakesink")
    run(fork)
    assert len(frames.numbers) == 60


def test_a_sink_with_a_clock_beside_one_without(clip, tmp_path):
    fork = forked(clip)
    fork.render(RenderMode.DISCARD, sync=True)
    fork.encode(str(tmp_path / "out.mp4"))
    start = time.monotonic()
    run(fork)
    assert time.monotonic() - start > 1.8
    written = MediaInfo.discover(str(tmp_path / "out.mp4"))
    assert written.duration == pytest.approx(2e9, rel=0.02)


def test_a_fork_starts_at_a_time_that_was_sought(make_clip):
    fork = forked(make_clip(frames=60))
    frames = counted(fork)
    counted(fork)
    fork.pipeline.seek(1.0)
    run(fork)
    assert 25 <= len(frames.numbers) <= 35


def test_stopping_a_fork_completes_its_files(make_clip, tmp_path):
    fork = forked(make_clip(frames=600))
    out = tmp_path / "out.mp4"
    fork.encode(str(out), sync=True)
    frames = counted(fork)
    timer = threading.Timer(1.0, fork.pipeline.stop)
    timer.start()
    run(fork)
    assert len(frames.numbers) < 600
    assert MediaInfo.discover(out.as_uri()).duration > 0


# Failing branches


def test_a_branch_that_fails_is_set_aside_and_its_error_raised_at_the_end(clip, tmp_path):
    fork = forked(clip)
    out = tmp_path / "out.mp4"
    fork.encode(str(out))
    frames = counted(fork)
    first, _ = branch_with(fork, "identity", "fakesink")
    first.set({"error-after": 5})
    with pytest.raises(dsbind.StreamError, match="by-hand-0-identity"):
        run(fork)
    assert len(frames.numbers) == 60
    assert MediaInfo.discover(out.as_uri()).duration == pytest.approx(2e9, rel=0.02)


def test_a_branch_that_cannot_start_is_set_aside_too(clip, tmp_path):
    fork = forked(clip)
    frames = counted(fork)
    (sink,) = branch_with(fork, "filesink")
    sink.set({"location": str(tmp_path / "no" / "such" / "folder" / "out.bin")})
    with pytest.raises(dsbind.OutputError, match="by-hand-0-filesink"):
        run(fork)
    assert len(frames.numbers) == 60


def test_a_branch_with_nothing_at_its_end_is_said_to_have_none(clip):
    fork = forked(clip)
    frames = counted(fork)
    branch_with(fork, "identity")
    with pytest.raises(dsbind.StreamError, match=r"end the flow with render\(\) or encode\(\)"):
        run(fork)
    assert len(frames.numbers) == 60


def test_a_branch_that_has_enough_ends_alone(clip):
    fork = forked(clip)
    frames = counted(fork)
    fork.render(RenderMode.DISCARD, num_buffers=5)
    run(fork)
    assert len(frames.numbers) == 60


def test_when_all_branches_have_enough_the_flow_ends(make_clip):
    fork = forked(make_clip(frames=600))
    fork.render(RenderMode.DISCARD, num_buffers=5)
    fork.render(RenderMode.DISCARD, num_buffers=9)
    run(fork)


def test_when_the_last_branch_fails_the_flow_ends(make_clip):
    fork = forked(make_clip(frames=600))
    for count in (5, 15):
        inner = fork.fork()
        names = [f"fail-{count}", f"end-{count}"]
        inner.pipeline.add("identity", names[0], {"error-after": count})
        inner.pipeline.add("fakesink", names[1])
        inner._link(inner._streams[0], names[0])
        inner.pipeline.link(*names)
    with pytest.raises(dsbind.StreamError) as caught:
        run(fork)
    failed = {caught.value.element, *(error.element for error in caught.value.others)}
    assert failed == {"fail-5", "fail-15"}


def test_after_a_failed_branch_the_fork_runs_again(clip):
    fork = forked(clip)
    frames = counted(fork)
    first, _ = branch_with(fork, "identity", "fakesink")
    first.set({"error-after": 5})
    with pytest.raises(dsbind.StreamError):
        run(fork)
    first.set({"error-after": -1})
    run(fork)
    assert len(frames.numbers) == 120


def test_an_exception_in_a_branch_stops_all_of_them(make_clip):
    fork = forked(make_clip(frames=600))
    fork.attach(Probe("fail", Fail())).render(RenderMode.DISCARD, sync=True)
    frames = counted(fork)
    start = time.monotonic()
    with pytest.raises(KeyError, match="mine"):
        run(fork)
    assert time.monotonic() - start < 5 and len(frames.numbers) < 600


def test_a_source_that_fails_before_a_fork_leaves_the_others(clip, tmp_path):
    bad = tmp_path / "bad.mp4"
    bad.write_text("no video\n" * 100)
    fork = forked(clip, bad)
    branches = [counted(fork), counted(fork)]
    with pytest.raises(dsbind.SourceError, match=r"bad\.mp4"):
        run(fork)
    assert [len(frames.numbers) for frames in branches] == [60, 60]


def test_forty_forks_leave_no_thread_and_no_memory_behind(run_program, clip):
    grown = growth(
        run_program,
        """
        def run():
            count = Count()
            fork = Flow(Pipeline("p")).batch_capture([sys.argv[1]], width=320, height=240).fork()
            fork.render(RenderMode.DISCARD)
            fork.fork().render(RenderMode.DISCARD)
            fork.attach(Probe("count", count))
            fork()
            assert count.n == 60
        """,
        clip,
        times=40,
    )
    assert grown < 4 << 20
