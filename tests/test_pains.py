# SPDX-License-Identifier: Apache-2.0
"""What users of such systems complain of, one test for each: it does not happen here."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from pathlib import Path

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
    EOSMessage,
    Flow,
    Pipeline,
    PipelineState,
    Probe,
    RenderMode,
    StateTransitionMessage,
)

SIZE = {"width": 320, "height": 240}


def capture(clip, **options):
    return Flow(Pipeline("p")).batch_capture([str(clip)], **{**SIZE, **options})


class Count(BatchMetadataOperator):
    def __init__(self):
        self.n = 0

    def handle_metadata(self, batch_meta):
        self.n += batch_meta.n_frames


def test_consume_returning_zero_does_not_stall(clip):
    class Keep(BufferRetriever):
        n = 0

        def consume(self, buffer):
            self.n += 1
            return 0

    keep, start = Keep(), time.monotonic()
    capture(clip).retrieve(keep)()
    # A second for each of them would be a minute.
    assert keep.n == 60 and time.monotonic() - start < 15


def test_a_missing_return_in_consume_is_no_error(clip):
    class Keep(BufferRetriever):
        def consume(self, buffer):
            pass

    capture(clip).retrieve(Keep())()


def test_drop_pipeline_eos_does_not_keep_stop_from_working(clip):
    flow = capture(clip, drop_pipeline_eos=True, live_source=True)
    flow.render(RenderMode.DISCARD, sync=True).pipeline.start()
    time.sleep(0.3)
    start = time.monotonic()
    flow.pipeline.stop().wait(10)
    assert time.monotonic() - start < 4


def test_destroying_a_stopped_pipeline_is_safe(run_program, clip):
    done = run_program(
        """
        import gc, sys, threading
        from dsbind import Flow, Pipeline, RenderMode
        for n in range(10):
            flow = Flow(Pipeline("p")).batch_capture([sys.argv[1]], file_loop=True)
            flow.render(RenderMode.DISCARD).pipeline.start().stop(0 if n % 2 else 5).wait()
            box = [flow]
            del flow
            drop = threading.Thread(target=box.clear)
            drop.start()
            drop.join()
        gc.collect()
        """,
        clip,
        env={"G_DEBUG": "fatal-criticals"},
    )
    assert done.returncode == 0, done.stderr


def test_a_relative_path_is_made_absolute(clip, monkeypatch):
    monkeypatch.chdir(clip.parent)
    count = Count()
    flow = Flow(Pipeline("p")).batch_capture([clip.name], **SIZE).attach(Probe("count", count))
    monkeypatch.chdir("/")
    flow.render(RenderMode.DISCARD)()
    assert count.n == 60


def test_items_have_len_and_can_be_iterated_again(clip):
    seen = []

    class Look(BatchMetadataOperator):
        def handle_metadata(self, batch_meta):
            frames = batch_meta.frame_items
            (frame,) = frames
            frame.append(batch_meta.acquire_object_meta())
            objects = frame.object_items
            first = [item.object_id for item in objects]
            seen.append((len(frames), len(objects), first == [item.object_id for item in objects]))
            # Programs written for one-shot iterators go on.
            assert next(objects) is not None and frames[0].frame_number == frame.frame_number
            with pytest.raises(StopIteration):
                next(objects)

    capture(clip).attach(Probe("look", Look())).render(RenderMode.DISCARD)()
    assert seen == [(1, 1, True)] * 60


def test_strings_are_strings(clip):
    labels = []

    class Look(BatchMetadataOperator):
        def handle_metadata(self, batch_meta):
            item = batch_meta.acquire_object_meta()
            item.label = "car"
            batch_meta.frame_items[0].append(item)
            labels.append(item.label)

    capture(clip).attach(Probe("look", Look())).render(RenderMode.DISCARD)()
    assert set(labels) == {"car"}


@pytest.mark.parametrize("when", ["before", "after", "never"])
def test_import_order_does_not_matter(when, run_program, tmp_path):
    """GST_PLUGIN_PATH counts until the first pipeline, not until the import."""
    told = subprocess.run(["gst-inspect-1.0", "videotestsrc"], capture_output=True, text=True)
    plugin = Path(re.search(r"Filename +(/.*)", told.stdout)[1])
    paths, nothing = tmp_path / "plugins", tmp_path / "nothing"
    for folder in (paths, nothing):
        folder.mkdir()
    (paths / plugin.name).symlink_to(plugin)
    done = run_program(
        """
        import os, sys
        when, folder = sys.argv[1:]
        if when == "before":
            os.environ["GST_PLUGIN_PATH"] = folder
        import dsbind
        from dsbind import BufferOperator, Flow, Pipeline, Probe
        if when == "after":
            os.environ["GST_PLUGIN_PATH"] = folder
        if when == "never":
            try:
                Pipeline("p").add("videotestsrc", "src")
            except dsbind.MissingElementError:
                sys.exit(3)
        Pipeline("p").add("videotestsrc", "src")
        """,
        when,
        paths,
        # It is nowhere else.
        env={"GST_PLUGIN_SYSTEM_PATH": str(nothing), "GST_REGISTRY": str(tmp_path / "registry")},
    )
    assert done.returncode == (3 if when == "never" else 0), done.stderr


def test_a_frame_out_of_range_is_an_index_error(clip):
    class Keep(BufferRetriever):
        n = 0

        def consume(self, buffer):
            for index in (-1, 1, 1 << 40):
                with pytest.raises((IndexError, OverflowError)):
                    buffer.extract(index)
            self.n += 1
            return 1

    keep = Keep()
    capture(clip).retrieve(keep)()
    assert keep.n == 60


def test_an_array_outlives_its_buffer_and_keeps_its_pixels(clip):
    class Keep(BufferRetriever):
        first = None
        array = copy = None

        def consume(self, buffer):
            if self.array is None:
                self.array = np.asarray(buffer.extract(0))
                self.copy = self.array.copy()
            return 1

    keep = Keep()
    capture(clip).retrieve(keep)()
    assert keep.array.shape == (240, 320, 3) and (keep.array == keep.copy).all()


def test_a_thread_in_the_program_goes_on_while_wait_blocks(clip):
    flow = capture(clip).render(RenderMode.DISCARD, sync=True)
    ticks, over = [], threading.Event()

    def tick():
        while not over.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.01)

    thread = threading.Thread(target=tick)
    thread.start()
    flow()
    over.set()
    thread.join()
    assert len(ticks) > 50


def test_errors_end_wait_by_an_exception(clip, tmp_path):
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(clip.read_bytes()[:3000])
    start = time.monotonic()
    with pytest.raises(dsbind.Error):
        capture(bad).render(RenderMode.DISCARD)()
    assert time.monotonic() - start < 10


def test_a_probe_on_a_sink_is_called(clip):
    class See(BufferOperator):
        n = 0

        def handle_buffer(self, buffer):
            self.n += 1
            return True

    see = See()
    pipeline = Pipeline("p").add("videotestsrc", "src", {"num-buffers": 5}).add("fakesink", "sink")
    pipeline.link("src", "sink").attach("sink", Probe("see", see)).start().wait(10)
    assert see.n == 5


def test_messages_tell_the_end_and_the_start_of_the_sink(clip):
    messages = []
    flow = capture(clip).render(RenderMode.DISCARD)
    flow(messages.append)
    assert isinstance(messages[-1], EOSMessage)
    playing = [
        message.origin
        for message in messages
        if isinstance(message, StateTransitionMessage)
        and message.new_state is PipelineState.PLAYING
    ]
    assert any("sink" in origin for origin in playing)


def test_properties_change_while_it_runs(clip):
    class Change(BatchMetadataOperator):
        n = 0

        def handle_metadata(self, batch_meta):
            self.n += 1
            flow.pipeline["slow"].set({"sleep-time": self.n})

    pipeline = Pipeline("p")
    pipeline.add("identity", "slow")
    change = Change()
    flow = Flow(pipeline).batch_capture([str(clip)], **SIZE).attach(Probe("change", change))
    pipeline.link(flow._streams[0], "slow")
    Flow(pipeline, ["slow"]).render(RenderMode.DISCARD)()
    assert pipeline["slow"].get("sleep-time") == change.n == 60


def test_a_second_branch_is_not_starved(clip):
    class Keep(BufferRetriever):
        n = 0

        def consume(self, buffer):
            self.n += 1
            return 1

    keeps, flow = [Keep(), Keep()], capture(clip).fork()
    for keep in keeps:
        flow.retrieve(keep)
    flow.render(RenderMode.DISCARD)
    flow()
    assert [keep.n for keep in keeps] == [60, 60]


def test_stills_need_no_frame_rate():
    times = []

    class Stills(BufferProvider):
        width, height, format, framerate = 64, 48, "RGB", 0
        n = 0

        def generate(self, size):
            self.n += 1
            return Buffer(bytes(64 * 48 * 3)) if self.n <= 3 else Buffer()

    class Keep(BufferRetriever):
        def consume(self, buffer):
            times.append(buffer.timestamp)
            return 1

    Flow(Pipeline("p")).inject([Stills()]).retrieve(Keep())()
    assert len(times) == 3


SOURCE_CHANGES = """
    import sys, threading
    from dsbind import *
    from growing import allocated

    clip, warm, changes = sys.argv[1], *map(int, sys.argv[2:])
    ended = threading.Semaphore(0)
    manager = signal.SourceManager("manager")
    flow = Flow(Pipeline("p")).capture([], source_manager=manager)
    flow.render(RenderMode.DISCARD, **{"async": False})

    def on_message(message):
        if isinstance(message, DynamicSourceMessage) and not message.source_added:
            ended.release()

    flow.pipeline.start(on_message)
    samples = []
    for n in range(warm + changes):
        assert manager.add_source(clip) == n
        assert ended.acquire(timeout=20), n
        samples.append(allocated())
    manager.terminate()
    flow.pipeline.wait(20)
    print(min(samples[-50:]) - min(samples[warm:warm + 50]))
"""


def test_a_thousand_source_changes_cost_less_than_a_megabyte(run_program, make_clip):
    """400 stand for them: each source is added, plays and is removed."""
    done = run_program(
        SOURCE_CHANGES,
        make_clip(frames=4, width=64, height=48),
        100,
        400,
        timeout=120,
        env=MEASURABLE,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 512 << 10
