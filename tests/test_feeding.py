# SPDX-License-Identifier: Apache-2.0
"""Providers while a flow runs: threads, stopping, exceptions, feeders by hand."""

from __future__ import annotations

import gc
import queue
import threading
import time
import traceback
import weakref

import numpy as np
import pytest
from injecting import COLORS, Kept, Pictures, plain, run

import dsbind
from dsbind import (
    Buffer,
    BufferProvider,
    BufferRetriever,
    Feeder,
    Flow,
    Pipeline,
    Probe,
    RenderMode,
    StateError,
)

# Running


class Endless(BufferProvider):
    """Gives frames for ever, and does something at one of them."""

    width, height, format, framerate = 64, 48, "RGB", 30

    def __init__(self, what=lambda: None, at=5):
        self.what = what
        self.at = at
        self.n = 0

    def generate(self, size):
        self.n += 1
        if self.n == self.at:
            self.what()
        return Buffer(bytes(64 * 48 * 3))


class Blocked(Endless):
    """Gives three frames, and then waits for what never comes."""

    def __init__(self, frames=3):
        super().__init__(self.block, frames + 1)
        self.blocked = threading.Event()
        self.release = threading.Event()

    def block(self):
        self.blocked.set()
        self.release.wait(60)


def discard(provider, name="p"):
    pipeline = Pipeline(name)
    Flow(pipeline).inject([provider]).render(RenderMode.DISCARD)
    return pipeline


def test_an_exception_in_generate_is_raised_with_its_traceback():
    def fail():
        raise KeyError("camera 7")

    with pytest.raises(KeyError, match="camera 7") as caught:
        discard(Endless(fail)).start().wait(10)
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names[-2:] == ["generate", "fail"]


def test_stop_inside_generate():
    provider = Endless(lambda: pipeline.stop())
    pipeline = discard(provider)
    pipeline.start().wait(10)
    assert provider.n >= 5


def test_wait_inside_generate_is_refused_instead_of_hanging():
    pipeline = discard(Endless(lambda: pipeline.wait()))
    with pytest.raises(StateError, match="call stop"):
        pipeline.start().wait(10)


@pytest.mark.parametrize("frames", [3, 0])
def test_stop_does_not_wait_for_a_provider_that_is_blocked(frames):
    provider = Blocked(frames)
    pipeline = discard(provider)
    pipeline.start()
    assert provider.blocked.wait(10)
    start = time.monotonic()
    pipeline.stop().wait(10)
    assert time.monotonic() - start < 4
    # What it gives now goes nowhere.
    provider.release.set()
    time.sleep(0.1)
    assert provider.n == frames + 1


def test_an_error_elsewhere_ends_the_flow_though_a_provider_is_blocked():
    provider = Blocked()
    pipeline = Pipeline("p")

    def fail():
        assert provider.blocked.wait(10)
        raise OSError("elsewhere")

    Flow(pipeline).inject([provider, Endless(fail)]).batch(width=64, height=48).render(
        RenderMode.DISCARD
    )
    start = time.monotonic()
    with pytest.raises(OSError, match="elsewhere"):
        pipeline.start().wait(10)
    assert time.monotonic() - start < 5
    provider.release.set()


def test_an_interrupt_ends_the_flow_though_a_provider_is_blocked(run_program):
    result = run_program("""
        from dsbind import *
        import os, queue, signal, threading, time
        class P(BufferProvider):
            width, height, format, framerate = 64, 48, "RGB", 30
            n = 0
            def generate(self, size):
                self.n += 1
                if self.n == 4:
                    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
                    start.append(time.monotonic())
                    queue.Queue().get()
                return Buffer(bytes(64 * 48 * 3))
        start = []
        try:
            Flow(Pipeline("p")).inject([P()]).render(RenderMode.DISCARD)()
        except KeyboardInterrupt:
            print("interrupted", time.monotonic() - start[0] < 3)
    """)
    assert result.stdout == "interrupted True\n", result.stderr


def test_no_bytes_means_that_there_is_nothing_yet():
    class Late(Pictures):
        def generate(self, size):
            self.asked.append(time.monotonic())
            return super().generate(size)

    provider = Late(Buffer(b""), Buffer([]), b"", plain(COLORS[0]), asked=[])
    assert len(run(provider).frames) == 1
    assert (np.diff(provider.asked[:4]) > 0.15).all()


def test_a_pipeline_run_again_asks_its_provider_again():
    provider = Pictures(*[plain(c) for c in COLORS])
    kept = Kept()
    flow = Flow(Pipeline("p")).inject([provider]).retrieve(kept)
    for n in (3, 6, 9):
        provider.n = 0
        flow()
        assert len(kept.frames) == n


def test_a_provider_that_is_still_blocked_does_not_disturb_the_next_run():
    provider = Blocked()
    pipeline = discard(provider)
    pipeline.start()
    assert provider.blocked.wait(10)
    pipeline.stop().wait(10)
    provider.at = -1
    seen = provider.n
    pipeline.start()
    provider.release.set()
    limit = time.monotonic() + 10
    while provider.n < seen + 20 and time.monotonic() < limit:
        time.sleep(0.01)
    assert provider.n >= seen + 20
    pipeline.stop().wait(10)


def test_a_queue_feeds_a_flow():
    frames = queue.Queue()

    class FromQueue(Pictures):
        def generate(self, size):
            try:
                return Buffer(frames.get(timeout=2))
            except queue.Empty:
                return Buffer()

    def work():
        for color in COLORS * 3:
            time.sleep(0.02)
            frames.put(plain(color))
        frames.put(b"")

    class Ending(FromQueue):
        def generate(self, size):
            data = frames.get(timeout=5)
            return Buffer(data) if len(data) else Buffer()

    threading.Thread(target=work).start()
    assert len(run(Ending()).frames) == 9


def test_what_was_pushed_before_stop_is_still_processed():
    class Counting(BufferRetriever):
        n = 0

        def consume(self, buffer):
            self.n += 1
            time.sleep(0.02)

    counting = Counting()

    def stop():
        # Before it plays nothing is on its way.
        while counting.n == 0:
            time.sleep(0.01)
        pipeline.stop()
        time.sleep(0.1)

    provider = Endless(stop, at=10)
    pipeline = Pipeline("p")
    Flow(pipeline).inject([provider]).retrieve(counting)
    pipeline.start().wait(10)
    # Only the call that stopped it, and one after that, may come too late.
    assert counting.n >= provider.n - 2 and provider.n >= 10


def test_memory_stays_flat_before_a_slow_consumer(run_program):
    result = run_program("""
        import resource, time
        from dsbind import *
        class P(BufferProvider):
            width, height, format, framerate = 1920, 1080, "RGB", 30
            n = 0
            def generate(self, size):
                self.n += 1
                return Buffer(bytearray(1920 * 1080 * 3))
        class R(BufferRetriever):
            n = 0
            def consume(self, buffer):
                self.n += 1
                time.sleep(0.05)
                if self.n == 5:
                    self.ahead = provider.n
                    self.rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                if self.n == 25:
                    pipeline.stop()
        pipeline, provider, retriever = Pipeline("p"), P(), R()
        Flow(pipeline).inject([provider]).retrieve(retriever)
        pipeline.start().wait(20)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - retriever.rss
        print(provider.n - retriever.n < 12, grown < 60_000, grown)
    """)
    assert result.stdout.startswith("True True"), result.stdout + result.stderr


def test_threads_of_providers_end_with_the_flow():
    before = threading.active_count()
    for _ in range(3):
        run(*[Pictures(*[plain(c) for c in COLORS]) for _ in range(4)], batched=True)
    limit = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < limit:
        time.sleep(0.01)
    assert threading.active_count() <= before


def test_a_prepared_pipeline_that_is_dropped_ends_its_provider():
    pipeline = discard(Endless())
    provider = weakref.ref(pipeline._graph.attached[next(iter(pipeline._graph.attached))][0])
    pipeline.prepare()
    time.sleep(0.2)
    del pipeline
    limit = time.monotonic() + 5
    while provider() is not None and time.monotonic() < limit:
        gc.collect()
        time.sleep(0.01)
    assert provider() is None


def test_a_provider_that_holds_its_pipeline_is_collected_with_it():
    provider = Pictures(plain(COLORS[0]))
    provider.flow = Flow(Pipeline("p")).inject([provider]).render(RenderMode.DISCARD)
    provider.flow()
    gone = weakref.ref(provider)
    del provider
    limit = time.monotonic() + 5
    while gone() is not None and time.monotonic() < limit:
        gc.collect()
        time.sleep(0.01)
    assert gone() is None


# By hand


def by_hand(provider, **properties):
    pipeline = Pipeline("hand")
    caps = "video/x-raw, format=RGB, width=64, height=48, framerate=30/1"
    pipeline.add("appsrc", "src", {"caps": caps, "do-timestamp": True, **properties})
    pipeline.add("fakesink", "sink").link("src", "sink")
    return pipeline


def test_a_feeder_is_attached_to_an_appsrc_by_hand():
    provider = Pictures(*[plain(c) for c in COLORS])
    pipeline = by_hand(provider)
    assert pipeline.attach("src", Feeder("f", provider), tips="need-data/enough-data") is pipeline
    pipeline.start().wait(10)
    assert provider.n == 4
    assert isinstance(pipeline["src"].find("f"), Feeder)


def test_a_node_takes_a_feeder_too():
    provider = Pictures(*[plain(c) for c in COLORS])
    pipeline = by_hand(provider)
    pipeline["src"].attach(Feeder("f", provider), "need-data/enough-data")
    pipeline.start().wait(10)
    assert provider.n == 4


def test_a_feeder_may_come_while_the_pipeline_plays():
    provider = Pictures(*[plain(c) for c in COLORS])
    pipeline = by_hand(provider)
    pipeline.start()
    time.sleep(0.1)
    pipeline.attach("src", Feeder("f", provider)).wait(10)
    assert provider.n == 4


def test_a_feeder_sits_on_an_appsrc_alone_and_answers_its_signals():
    provider = Pictures()
    pipeline = by_hand(provider)
    with pytest.raises(RuntimeError, match="no appsrc"):
        pipeline.attach("sink", Feeder("f", provider), tips="need-data/enough-data")
    with pytest.raises(RuntimeError, match="new-sample"):
        pipeline.attach("src", Feeder("f", provider), tips="new-sample")
    pipeline.attach("src", Feeder("f", provider))
    with pytest.raises(RuntimeError, match="Custom Object duplicated"):
        pipeline.attach("src", Feeder("g", provider))
    with pytest.raises(TypeError, match="BufferProvider"):
        Feeder("f", object())


def test_frames_keep_times_of_their_own_without_do_timestamp():
    seen = []

    class Times(dsbind.BufferOperator):
        def handle_buffer(self, buffer):
            seen.append(buffer.timestamp)

    provider = Pictures(*[plain(c) for c in COLORS])
    pipeline = by_hand(provider, **{"do-timestamp": False})
    pipeline.attach("src", Feeder("f", provider)).attach("src", Probe("t", Times()))
    pipeline.start().wait(10)
    assert seen[1:] == [2**64 - 1] * 2
