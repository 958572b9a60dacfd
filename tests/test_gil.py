# SPDX-License-Identifier: Apache-2.0
"""What blocks lets other Python threads run."""

from __future__ import annotations

import textwrap
import time

import pytest
from probing import Handle

from dsbind import Pipeline, Probe

# Runs one call while another thread counts. Where the call held the GIL, that one would not.
TICKING = """
import os, sys, threading, time
from dsbind import Flow, Pipeline, RenderMode, gst
from dsbind.errors import Error

ticks = 0
def tick():
    global ticks
    while True:
        ticks += 1
        time.sleep(0.001)
threading.Thread(target=tick, daemon=True).start()

def sluggish(sink="fakesink", frames=-1):
    # Each frame takes half a second, in which the streaming thread holds its lock.
    pipeline = Pipeline("sluggish")
    pipeline.add("videotestsrc", "src", {"num-buffers": frames})
    pipeline.add("identity", "id", {"sleep-time": 500_000})
    pipeline.add(sink, "sink", {"sync": False})
    return pipeline.link("src", "id", "sink")

def later(seconds, function, *arguments):
    timer = threading.Timer(seconds, function, arguments)
    timer.daemon = True
    timer.start()

def measure(call):
    begin, before = time.monotonic(), ticks
    try:
        call()
    except Error:
        pass
    print(f"{time.monotonic() - begin:.3f} {ticks - before}")

def fifo():
    # Opening one waits until somebody writes, which is another thread here.
    os.mkfifo("fifo")
    later(0.6, lambda: os.close(os.open("fifo", os.O_WRONLY)))
    return "fifo"
"""
CALLS = {
    "start": """
        pipeline = Pipeline("slow")
        pipeline.add("filesrc", "src", {"location": fifo()})
        pipeline.add("fakesink", "sink", {}).link("src", "sink")
        measure(lambda: pipeline.start().wait())
        """,
    "wait": """
        pipeline = sluggish(frames=3).start()
        measure(pipeline.wait)
        """,
    "stop": """
        pipeline = sluggish().start()
        time.sleep(0.7)
        measure(lambda: pipeline.stop().wait())
        """,
    "seek": """
        pipeline = sluggish().start()
        time.sleep(0.7)
        measure(lambda: pipeline.seek(0.1))
        pipeline.stop()
        """,
    "wait with a timeout": """
        pipeline = sluggish().start()
        measure(lambda: pipeline.wait(timeout=0.7))
        pipeline.stop()
        """,
    "send_eos": """
        pipeline = sluggish().start()
        time.sleep(0.7)
        def end():
            pipeline._graph.core.send_eos()
            pipeline.wait()
        measure(end)
        """,
    "discover": """
        import socket
        from dsbind.utils import MediaInfo
        silent = socket.create_server(("127.0.0.1", 0))
        uri = f"rtsp://127.0.0.1:{silent.getsockname()[1]}/"
        measure(lambda: MediaInfo.discover(uri, timeout=1))
        """,
}


@pytest.mark.parametrize("call", CALLS)
def test_other_threads_go_on_during(call, run_program):
    result = run_program(TICKING + textwrap.dedent(CALLS[call]), timeout=40)
    assert result.returncode == 0, result.stderr
    seconds, ticks = result.stdout.split()
    # Else it was not put to the test.
    assert float(seconds) > 0.2
    assert int(ticks) > 20


def test_a_probe_that_sleeps_delays_its_own_pipeline_only():
    seen = {"slow": 0, "fast": 0}

    def make(name, frames, pause):
        def handle(buffer):
            seen[name] += 1
            time.sleep(pause)

        pipeline = Pipeline(name)
        pipeline.add("videotestsrc", "src", {"num-buffers": frames})
        pipeline.add("fakesink", "sink", {"sync": False})
        pipeline.link("src", "sink")
        return pipeline.attach("src", Probe(name, Handle(handle)))

    slow = make("slow", 1000, 0.1).start()
    try:
        make("fast", 200, 0).start().wait(timeout=20)
        assert seen["fast"] == 200
        assert seen["slow"] < 200
    finally:
        slow.stop()


def test_garbage_on_any_thread_does_not_stop_a_pipeline(run_program):
    # Frames, buffers, views and whole pipelines become garbage in cycles, which any thread then
    # frees while pipelines change their state; what is freed waits for locks that others hold.
    result = run_program(
        """
        import gc, random, threading, time
        import numpy
        from dsbind import ArrayPool, Buffer, BufferOperator, BufferProvider, BufferRetriever
        from dsbind import Flow, Pipeline, Probe

        gc.disable()
        until = time.monotonic() + 6

        class Cycle:
            def __init__(self, *things):
                self.things = (*things, self)

        class Arrays(BufferProvider):
            width, height, format, framerate = 64, 48, "RGB", 0
            def __init__(self):
                self.pool = ArrayPool((48, 64, 3))
            def generate(self, size):
                Cycle(array := self.pool.take(), buffer := Buffer(array))
                return buffer

        class Keep(BufferOperator):
            def handle_buffer(self, buffer):
                frames = list(buffer.batch_meta.frame_items)
                Cycle(buffer, buffer.extract(0), buffer.batch_meta, frames)
                return True

        class Take(BufferRetriever):
            count = 0
            def consume(self, buffer):
                Take.count += 1
                frame = numpy.asarray(buffer.extract(0, retain=False))
                Cycle(buffer, buffer.extract_batch(), frame)

        def collect():
            while time.monotonic() < until:
                gc.collect()
                time.sleep(random.random() * 0.01)

        def cycle(n):
            while time.monotonic() < until:
                pipeline = Pipeline(f"p{n}")
                flow = Flow(pipeline).inject([Arrays()]).batch(width=64, height=48)
                flow.attach(Probe("keep", Keep())).retrieve(Take())
                pipeline.start()
                time.sleep(random.random() * 0.2)
                if random.random() < 0.5:
                    pipeline.pause()
                if random.random() < 0.8:
                    pipeline.stop()
                Cycle(pipeline, flow)

        threads = [threading.Thread(target=cycle, args=(n,)) for n in range(2)]
        threads += [threading.Thread(target=collect) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(Take.count > 100)
        """,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == "True\n"
