# SPDX-License-Identifier: Apache-2.0
"""What holds for every kind of Python code that a pipeline calls."""

from __future__ import annotations

import threading
import time
import traceback

import pytest

from dsbind import (
    BatchMetadataOperator,
    Buffer,
    BufferOperator,
    BufferProvider,
    BufferRetriever,
    Flow,
    Pipeline,
    Probe,
    RenderMode,
    StateError,
    _callbacks,
)
from dsbind.media import MediaInfo

FRAME = bytes(64 * 48 * 3)


class Work:
    """Does something at the third call, and notes what it does after that."""

    def __init__(self, what):
        self.what = what
        self.n = 0
        self.thread = None

    def do(self):
        self.n += 1
        if self.n == 3:
            self.thread = threading.current_thread()
            self.what()


class Frames(BufferProvider):
    width, height, format, framerate = 64, 48, "RGB", 30

    def __init__(self, work=None):
        self.work = work

    def generate(self, size):
        if self.work is not None:
            self.work.do()
        return Buffer(FRAME)


def flow_of(kind, work):
    """An endless flow in which `work` is called, and the message handler for it."""
    flow = Flow(Pipeline(kind)).inject([Frames(work if kind == "provider" else None)])
    flow = flow.batch(width=64, height=48)

    class Operator(BatchMetadataOperator):
        def handle_metadata(self, batch_meta):
            work.do()

    class Gate(BufferOperator):
        def handle_buffer(self, buffer):
            work.do()
            return True

    class Retriever(BufferRetriever):
        def consume(self, buffer):
            work.do()

    if kind == "metadata operator":
        flow.attach(Probe("p", Operator()))
    if kind == "buffer operator":
        flow.attach(Probe("p", Gate()))
    flow = flow.retrieve(Retriever()) if kind == "retriever" else flow.render(RenderMode.DISCARD)
    return flow, (lambda message: work.do()) if kind == "message handler" else None


KINDS = ["metadata operator", "buffer operator", "provider", "retriever", "message handler"]
each_kind = pytest.mark.parametrize("kind", KINDS)


@each_kind
def test_an_exception_stops_the_flow_and_is_raised_with_its_traceback(kind):
    def fail():
        raise LookupError(f"in the {kind}")

    work = Work(fail)
    flow, on_message = flow_of(kind, work)
    start = time.monotonic()
    with pytest.raises(LookupError, match=f"in the {kind}") as caught:
        flow(on_message)
    assert time.monotonic() - start < 5
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names[-2:] == ["do", "fail"]
    # It is not called again.
    seen = work.n
    time.sleep(0.05)
    assert work.n == seen


@each_kind
def test_an_exception_that_ends_programs_is_raised_like_any_other(kind):
    def fail():
        raise SystemExit(3)

    flow, on_message = flow_of(kind, Work(fail))
    with pytest.raises(SystemExit) as caught:
        flow(on_message)
    assert caught.value.code == 3


@each_kind
def test_stop_inside_it_ends_the_flow(kind):
    work = Work(lambda: flow.pipeline.stop())
    flow, on_message = flow_of(kind, work)
    start = time.monotonic()
    flow(on_message)
    assert time.monotonic() - start < 5
    seen = work.n
    assert seen >= 3
    time.sleep(0.05)
    assert work.n == seen


@each_kind
def test_wait_inside_it_is_refused_instead_of_hanging(kind):
    flow, on_message = flow_of(kind, Work(lambda: flow.pipeline.wait()))
    with pytest.raises(StateError, match="call stop"):
        flow(on_message)


@each_kind
def test_another_pipeline_can_be_run_inside_it(kind):
    def run_another():
        inner = Pipeline("inner").add("videotestsrc", "src", {"num-buffers": 3})
        inner.add("fakesink", "sink").link("src", "sink").start().wait(10)
        flow.pipeline.stop()

    work = Work(run_another)
    flow, on_message = flow_of(kind, work)
    flow(on_message)
    assert work.n >= 3


@each_kind
def test_it_runs_on_no_thread_of_the_program(kind):
    work = Work(lambda: flow.pipeline.stop())
    flow, on_message = flow_of(kind, work)
    flow(on_message)
    assert work.thread is not threading.current_thread()


@pytest.mark.parametrize("kind", ["provider", "buffer operator"])
def test_a_file_that_is_written_is_complete_after_an_exception(kind, tmp_path):
    path = tmp_path / "out.mp4"

    def fail():
        raise OSError("enough")

    class Many(Work):
        def do(self):
            if path.exists() and path.stat().st_size > 0:
                self.n = 2
            else:
                self.n = 0
            super().do()

    work = Many(fail)
    flow = Flow(Pipeline(kind)).inject([Frames(work if kind == "provider" else None)])

    class Gate(BufferOperator):
        def handle_buffer(self, buffer):
            work.do()
            return True

    if kind != "provider":
        flow = flow.attach(Probe("p", Gate()))
    with pytest.raises(OSError, match="enough"):
        flow.encode(str(path))()
    assert MediaInfo.discover(str(path)).video.width == 64


def test_the_first_call_may_fail_too():
    class Broken(BufferProvider):
        width, height, format, framerate = 64, 48, "RGB", 30

        def generate(self, size):
            raise RuntimeError("no camera")

    start = time.monotonic()
    with pytest.raises(RuntimeError, match="no camera"):
        Flow(Pipeline("p")).inject([Broken()]).render(RenderMode.DISCARD)()
    assert time.monotonic() - start < 5


def test_callbacks_within_callbacks_are_told_apart():
    outer, inner = object(), object()

    def current():
        return [_callbacks.is_current(callback) for callback in (outer, inner)]

    def within():
        assert current() == [True, False]
        assert _callbacks.run(inner, current) == [True, True]
        seen = []
        thread = threading.Thread(target=lambda: seen.append(current()))
        thread.start()
        thread.join()
        assert seen == [[False, False]]
        with pytest.raises(KeyError):
            _callbacks.run(inner, {}.__getitem__, 0)
        return current()

    assert _callbacks.run(outer, within) == [True, False]
    assert current() == [False, False]
