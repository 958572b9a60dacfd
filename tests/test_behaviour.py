# SPDX-License-Identifier: Apache-2.0
"""What a program can rely on, whatever it is made of: stopping, errors, lifetimes, quiet."""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from pathlib import Path

import numpy as np
import pytest
from looking import free_port

import dsbind
from dsbind import (
    BatchMetadataOperator,
    Buffer,
    BufferObserver,
    BufferOperator,
    BufferProvider,
    BufferRetriever,
    Flow,
    Pipeline,
    Probe,
    RenderMode,
    StaleMetadataError,
    osd,
    registry,
)
from dsbind.signal import Handler

FRAME = bytes(64 * 48 * 3)


class Frames(BufferProvider):
    """Endless, or as many as wanted, in real time."""

    width, height, format, framerate = 64, 48, "RGB", 30

    def __init__(self, many=None):
        self.left = many

    def generate(self, size):
        if self.left is not None:
            if self.left == 0:
                return Buffer()
            self.left -= 1
        return Buffer(FRAME)


def endless():
    return Flow(Pipeline("p")).inject([Frames()]).batch(width=64, height=48)


def check_that_flows_still_run():
    seen = []

    class Keep(BufferRetriever):
        def consume(self, buffer):
            seen.append(buffer.batch_size)
            return 1

    Flow(Pipeline("next")).inject([Frames(3)]).batch(width=64, height=48).retrieve(Keep())()
    assert seen == [1, 1, 1]


# Stopping, and exceptions, where test_callbacks.py does not look


@pytest.fixture
def forget():
    """What a test registers is gone after it."""
    before = dict(registry._registered)
    yield
    registry._registered.clear()
    registry._registered.update(before)


def flow_that_calls(kind, what):
    """An endless flow; `what` is called in a callback of this kind."""
    flow = endless()

    class Observer(BufferObserver):
        def handle_buffer(self, buffer):
            what()

    class Operator(BufferOperator):
        def handle_buffer(self, buffer):
            what()
            return True

    if kind == "observer":
        registry.register_probe("observer", Observer, {})
        flow.attach("observer", "o")
    elif kind == "registered probe":
        registry.register_probe("registered", Operator, {})
        flow.attach("registered", "r")
    elif kind == "signal handler":
        flow.pipeline.add("identity", "signals", {"signal-handoffs": True})
        flow.pipeline.link(flow._streams[0], "signals")
        flow.pipeline.attach("signals", Handler("h", lambda *values: what()), tips="handoff")
        flow = Flow(flow.pipeline, ["signals"])
    elif kind == "probe of a branch":
        flow = flow.fork()
        flow.attach(Probe("p", Operator())).render(RenderMode.DISCARD)
    elif kind == "probe of a sink":
        flow = flow.render(RenderMode.DISCARD)
        sink = next(name for name in flow.pipeline._graph.elements if "render" in name)
        flow.pipeline.attach(sink, Probe("p", Operator()))
        return flow
    return flow.render(RenderMode.DISCARD)


KINDS = ["observer", "registered probe", "signal handler", "probe of a branch", "probe of a sink"]
each_kind = pytest.mark.parametrize("kind", KINDS)


@each_kind
def test_stop_inside_any_callback(kind, forget):
    calls = []

    def stop():
        calls.append(flow.pipeline.stop().stop())

    flow = flow_that_calls(kind, stop)
    start = time.monotonic()
    flow()
    assert time.monotonic() - start < 5
    seen = len(calls)
    time.sleep(0.05)
    assert len(calls) == seen >= 1


@each_kind
def test_an_exception_in_any_callback_shows_the_line_and_the_next_flow_runs(kind, forget):
    def fail():
        raise LookupError("here")

    with pytest.raises(LookupError, match="here") as caught:
        flow_that_calls(kind, fail)()
    lines = [frame.line for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert lines[-1] == 'raise LookupError("here")'
    check_that_flows_still_run()


def test_stop_inside_a_handler_of_the_system():
    flow = endless().render(RenderMode.DISCARD)
    before = signal.signal(signal.SIGUSR1, lambda number, frame: flow.pipeline.stop())
    try:
        timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1))
        timer.start()
        start = time.monotonic()
        flow()
        assert 0.2 < time.monotonic() - start < 5
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)


def test_an_exception_in_a_handler_of_the_system_leaves_it_stoppable():
    def leave(number, frame):
        raise TimeoutError("long enough")

    flow = endless().render(RenderMode.DISCARD)
    before = signal.signal(signal.SIGUSR1, leave)
    try:
        timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1))
        timer.start()
        with pytest.raises(TimeoutError, match="long enough"):
            flow()
        assert flow.pipeline.running
        flow.pipeline.stop().wait(5)
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)


# Lifetimes


def test_nothing_of_a_batch_outlives_its_callback():
    views, buffers, tensors = {}, {}, []

    class Operator(BatchMetadataOperator):
        def handle_metadata(self, batch_meta):
            if views:
                return
            frame = next(iter(batch_meta.frame_items))
            item = batch_meta.acquire_object_meta()
            frame.append(item)
            classifier = batch_meta.acquire_classifier_meta()
            classifier.add_label("red")
            display, user = batch_meta.acquire_display_meta(), batch_meta.acquire_user_meta()
            display.add_rect(osd.Rect(0, 0, 9, 9))
            views["batch"] = batch_meta, lambda view: view.n_frames
            views["frames"] = batch_meta.frame_items, len
            views["frame"] = frame, lambda view: view.frame_number
            views["objects"] = frame.object_items, lambda view: view[0]
            views["iterator"] = iter(frame.object_items), next
            views["object"] = item, lambda view: view.label
            views["rect"] = item.rect_params, lambda view: view.left
            views["colour"] = item.rect_params.border_color, lambda view: view.red
            views["text"] = item.text_params, lambda view: view.display_text
            views["font"] = item.text_params.font_params, lambda view: view.size
            views["mask"] = item.mask_params, lambda view: view.mask_array
            views["classifier"] = classifier, lambda view: view.n_labels
            views["label"] = classifier.get_label_info(0), lambda view: view.prob
            views["display"] = display, lambda view: view.n_rects
            views["user"] = user, lambda view: view.meta_type
            assert [use(view) for view, use in views.values()]

    class Gate(BufferOperator):
        def handle_buffer(self, buffer):
            buffers["operator"] = buffer
            return True

    class Keep(BufferRetriever):
        def consume(self, buffer):
            buffers["retriever"] = buffer
            tensors.append(buffer.extract(0))
            return 1

    provider = Frames()
    left = iter(range(3))
    provider.generate = lambda size: next(
        (Buffer(bytes([10 * n]) * len(FRAME)) for n in left), Buffer()
    )
    flow = Flow(Pipeline("p")).inject([provider]).batch(width=64, height=48)
    flow.attach(Probe("meta", Operator())).attach(Probe("gate", Gate())).retrieve(Keep())()
    assert len(views) == 15
    for name, (view, use) in views.items():
        with pytest.raises(StaleMetadataError, match="copy"):
            use(view)
        assert "gone" in repr(view) or name == "iterator"
    for buffer in buffers.values():
        for use in (
            lambda buffer: buffer.batch_size,
            lambda buffer: buffer.batch_meta,
            lambda buffer: buffer.timestamp,
            lambda buffer: buffer.extract(0),
        ):
            with pytest.raises(StaleMetadataError):
                use(buffer)
    # What was taken out of them is a reference of its own.
    assert [round(float(np.asarray(tensor).mean()) / 10) for tensor in tensors] == [0, 1, 2]


# Quiet


QUIET = """
    import sys
    from dsbind import *

    class Count(BatchMetadataOperator):
        n = 0
        def handle_metadata(self, batch):
            self.n += batch.n_frames

    class Keep(BufferRetriever):
        def consume(self, buffer):
            self.last = buffer.extract(0).clone()
            return 1

    class Frames(BufferProvider):
        width, height, format, framerate = 64, 48, "RGB", 30
        n = 0
        def generate(self, size):
            self.n += 1
            return Buffer(bytes(64 * 48 * 3)) if self.n < 5 else Buffer()

    clip, out, model, port = sys.argv[1:]
    count = Count()
    flow = Flow(Pipeline("p")).batch_capture([clip, clip], width=320, height=240)
    flow = flow.infer(model).attach(Probe("count", count)).fork()
    flow.render(RenderMode.DISCARD)
    flow.retrieve(Keep())
    flow.encode(out + "1.mp4", use_sw_codec=True)
    flow.encode(f"rtsp://localhost:{port}")
    flow()
    assert count.n == 120
    Flow(Pipeline("q")).inject([Frames()]).encode(out + "2.mp4")()
    flow = Flow(Pipeline("r")).capture([clip]).batch(width=320, height=240)
    flow.render(RenderMode.DISCARD, sync=True)
    flow.pipeline.start().stop().wait()
    flow.pipeline.start().pause().resume().seek(1).stop().wait()
    del flow
"""


def test_a_run_prints_nothing_and_glib_has_nothing_to_criticise(run_program, clip, tmp_path):
    done = run_program(
        QUIET,
        clip,
        tmp_path / "out",
        Path(dsbind.__file__).parent / "data" / "street.txt",
        free_port(),
        timeout=90,
        env={
            # A critical, or a warning of GLib's, would end the process.
            "G_DEBUG": "fatal-warnings",
            "PYTHONFAULTHANDLER": "1",
            "PYTHONWARNINGS": "error",
            "PYTHONDEVMODE": "1",
        },
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
