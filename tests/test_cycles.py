# SPDX-License-Identifier: Apache-2.0
"""A hundred flows are built, run and dropped in one process, and nothing of them is left."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from growing import MEASURABLE

import dsbind

PROGRAM = """
    import ctypes, gc, os, statistics, sys, threading
    from dsbind import *
    from growing import allocated

    kind, clip, bad, model, out = sys.argv[1:]
    size = {"width": 64, "height": 48}
    frame = bytes(64 * 48 * 3)

    class Count(BatchMetadataOperator):
        n = 0
        def handle_metadata(self, batch):
            for frame in batch.frame_items:
                self.n += 1 + len(frame.object_items)

    class Frames(BufferProvider):
        width, height, format, framerate = 64, 48, "RGB", 30
        n = 0
        def generate(self, size):
            self.n += 1
            return Buffer(frame) if self.n <= 3 else Buffer()

    class Keep(BufferRetriever):
        frames = ()
        def consume(self, buffer):
            self.frames += (buffer.extract(0),)
            return 1

    def capture(**options):
        return Flow(Pipeline("cycle")).batch_capture([clip], **size, **options)

    def discard(flow):
        flow.render(RenderMode.DISCARD)()

    def plain():
        discard(capture())

    def infer():
        count = Count()
        discard(capture().infer(model).attach(Probe("count", count)))
        assert count.n >= 4

    def inject():
        Flow(Pipeline("cycle")).inject([Frames()]).encode(out)()
        assert os.path.getsize(out) > 100

    def retrieve():
        keep = Keep()
        capture().retrieve(keep)()
        assert len(keep.frames) == 4

    def fork():
        keep, flow = Keep(), capture().fork()
        flow.retrieve(keep)
        discard(flow)
        assert len(keep.frames) == 4

    def batch():
        discard(Flow(Pipeline("cycle")).capture([clip, clip]).batch(**size))

    def several():
        pipeline = Pipeline("cycle")
        pipeline.add("nvmultiurisrcbin", "src", {"uri-list": f"file://{clip}", **size})
        discard(Flow(pipeline, ["src"]))

    def managed():
        manager = signal.SourceManager("manager")
        flow = Flow(Pipeline("cycle")).capture([clip, clip], source_manager=manager)
        manager.terminate()
        discard(flow)

    def failing():
        try:
            discard(Flow(Pipeline("cycle")).batch_capture([bad]))
        except SourceError:
            return
        raise AssertionError

    def raising():
        class Fail(BatchMetadataOperator):
            def handle_metadata(self, batch):
                1 / 0
        try:
            discard(capture().attach(Probe("fail", Fail())))
        except ZeroDivisionError:
            return
        raise AssertionError

    def stopped():
        flow = capture(file_loop=True)
        class Stop(BatchMetadataOperator):
            def handle_metadata(self, batch):
                flow.pipeline.stop()
        discard(flow.attach(Probe("stop", Stop())))

    def interrupted():
        flow = capture(file_loop=True).render(RenderMode.DISCARD, sync=True)
        flow.pipeline.start().stop(0).wait()

    def prepared():
        # What is dropped before it plays is ended beside the program.
        plain()
        capture().render(RenderMode.DISCARD).pipeline.prepare()

    def unused():
        flow = capture().infer(model).fork()
        flow.encode(out)
        flow.retrieve(Keep())

    def now():
        return allocated(), *(len(os.listdir(f"/proc/self/{what}")) for what in ("task", "fd"))

    cycle, samples = globals()[kind], []
    # Here a program, or the traceback of an error, refers to itself.
    collects = kind in ("stopped", "raising", "failing")
    gc.disable()
    for _ in range(100):
        cycle()
        if collects:
            gc.collect()
        samples.append(now())
    early, late = (
        [statistics.median(values) for values in zip(*part)]
        for part in (samples[15:25], samples[90:])
    )
    gc.collect()
    print(*(int(after - before) for before, after in zip(early, late)), threading.active_count())
    sys.stdout.flush()
    # At its end the tracer lists what is still alive.
    ctypes.CDLL("libgstreamer-1.0.so.0").gst_deinit()
    os._exit(0)
"""

KINDS = (
    *("plain", "infer", "inject", "retrieve", "fork", "batch", "several", "managed"),
    *("failing", "raising", "stopped", "interrupted", "prepared", "unused"),
)


@pytest.fixture(scope="module")
def tiny(make_clip) -> Path:
    return make_clip(frames=4, width=64, height=48)


@pytest.mark.parametrize("kind", KINDS)
def test_a_hundred_cycles_leave_no_object_no_thread_no_file_and_no_memory(
    kind, tiny, tmp_path, run_program
):
    bad = tmp_path / "bad.mp4"
    bad.write_text("this is no video\n" * 100)
    done = run_program(
        PROGRAM,
        kind,
        tiny,
        bad,
        Path(dsbind.__file__).parent / "data" / "street.txt",
        tmp_path / "out.mp4",
        timeout=120,
        env={
            "GST_TRACERS": "leaks",
            "GST_DEBUG": "GST_TRACER:7,leaks:7",
            "GST_DEBUG_NO_COLOR": "1",
            **MEASURABLE,
        },
    )
    assert done.returncode == 0, done.stderr
    memory, threads, files, of_python = map(int, done.stdout.split())
    # GLib keeps idle threads, the more the busier the machine, for the next who needs one.
    assert threads <= 8 and files <= 8 and of_python == 1, done.stdout
    assert memory < 1 << 20, done.stdout
    alive = re.findall(r"object-alive, type-name=.string.[^%].*", done.stderr)
    assert not alive, alive[:10]
    assert "listed 0 alive objects" in done.stderr, done.stderr[-2000:]
