# SPDX-License-Identifier: Apache-2.0
"""Stopping works from everywhere, at any time, and leaves complete files behind."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time

import pytest

import dsbind
from dsbind import BufferOperator, Pipeline, Probe, StateTransitionMessage, gst
from dsbind.media import MediaInfo


def endless(name="p", **sink):
    pipeline = Pipeline(name).add("videotestsrc", "src").add("queue", "queue")
    pipeline.add("fakesink", "sink", {"sync": True, **sink})
    return pipeline.link("src", "queue", "sink")


def recorder(path, name="rec", buffers=-1):
    """Encodes a test picture to a file for ever, in real time."""
    pipeline = Pipeline(name)
    pipeline.add("videotestsrc", "src", {"is-live": True, "num-buffers": buffers})
    pipeline.add("x264enc", "enc", {"speed-preset": "ultrafast", "tune": "zerolatency"})
    pipeline.add("h264parse", "parse").add("mp4mux", "mux")
    pipeline.add("filesink", "sink", {"location": str(path)})
    pipeline._graph.add_output(str(path))
    return pipeline.link("src", "enc", "parse", "mux", "sink")


class Do(BufferOperator):
    """Does something at one buffer."""

    def __init__(self, what, at=3):
        self.what = what
        self.at = at
        self.n = 0

    def handle_buffer(self, buffer):
        self.n += 1
        if self.n == self.at:
            self.what()
        return True


def test_stop_returns_at_once_and_wait_after_it():
    pipeline = endless().start()
    start = time.monotonic()
    assert pipeline.stop() is pipeline
    assert time.monotonic() - start < 0.5
    pipeline.wait(5)


@pytest.mark.parametrize("sync", [True, False])
def test_stop_right_after_start_neither_hangs_nor_gets_lost(sync):
    # While a pipeline goes to PLAYING, GStreamer can deadlock with the end of its streams.
    for _ in range(20):
        pipeline = Pipeline("p").add("videotestsrc", "src").add("fakesink", "sink", {"sync": sync})
        pipeline.link("src", "sink").attach("src", Probe("count", Do(int)))
        start = time.monotonic()
        pipeline.start().stop().wait(10)
        assert time.monotonic() - start < 1.5


def test_stop_twice_and_after_the_end():
    pipeline = endless().start()
    pipeline.stop().stop().wait(5)
    pipeline.stop().wait(5)


def test_stop_from_another_thread():
    pipeline = endless().start()
    threading.Timer(0.2, pipeline.stop).start()
    pipeline.wait(5)


def test_stop_from_many_threads_at_once():
    pipeline = endless().start()
    threads = [threading.Thread(target=pipeline.stop) for _ in range(8)]
    for thread in threads:
        thread.start()
    pipeline.wait(5)
    for thread in threads:
        thread.join(5)


def test_stop_inside_a_probe():
    pipeline = endless()
    pipeline.attach("queue", Probe("stop", Do(lambda: pipeline.stop())))
    pipeline.start().wait(5)


def test_stop_inside_on_message():
    pipeline = endless()

    def on_message(message):
        if isinstance(message, StateTransitionMessage) and message.origin == "sink":
            pipeline.stop()

    pipeline.start(on_message).wait(5)


def test_wait_inside_a_callback_is_refused_instead_of_hanging():
    pipeline = endless()
    pipeline.attach("queue", Probe("wait", Do(lambda: pipeline.wait())))
    with pytest.raises(dsbind.StateError, match="call stop"):
        pipeline.start().wait(5)

    pipeline = endless()
    with pytest.raises(dsbind.StateError, match="call stop"):
        pipeline.start(lambda message: pipeline.wait()).wait(5)


def test_a_prepared_pipeline_stops():
    pipeline = endless().prepare()
    pipeline.stop().wait(5)
    assert pipeline._graph.core.wait_state(0) == gst.NULL_STATE


def test_what_does_not_end_in_time_is_cut_off(caplog):
    # A valve lets nothing through, the end of the stream neither.
    pipeline = Pipeline("deaf").add("videotestsrc", "src", {"is-live": True})
    pipeline.add("valve", "valve", {"drop": True}).add("fakesink", "sink", {"async": False})
    pipeline.link("src", "valve", "sink").start()
    start = time.monotonic()
    with caplog.at_level(logging.WARNING, "dsbind"):
        pipeline.stop(timeout=0.5).wait(5)
    assert 0.4 < time.monotonic() - start < 2
    assert "cut off" in caplog.text


def test_a_second_stop_can_shorten_the_deadline():
    pipeline = Pipeline("deaf").add("videotestsrc", "src", {"is-live": True})
    pipeline.add("valve", "valve", {"drop": True}).add("fakesink", "sink", {"async": False})
    pipeline.link("src", "valve", "sink").start()
    start = time.monotonic()
    pipeline.stop(timeout=30).stop(timeout=0.2).wait(5)
    assert time.monotonic() - start < 2


def test_waiting_with_a_limit_raises_and_changes_nothing():
    pipeline = endless().start()
    with pytest.raises(TimeoutError, match=r"still runs after 0\.2 s"):
        pipeline.wait(0.2)
    pipeline.stop().wait(5)


def test_a_stopped_recording_is_complete(tmp_path):
    path = tmp_path / "rec.mp4"
    pipeline = recorder(path).start()
    time.sleep(0.7)
    pipeline.stop().wait(10)
    assert MediaInfo.discover(path.as_uri()).duration > 100_000_000


def test_a_recording_is_complete_after_an_exception_and_the_exception_names_it(tmp_path):
    path = tmp_path / "rec.mp4"
    pipeline = recorder(path)
    pipeline.attach("src", Probe("bad", Do(lambda: 1 / 0, at=10)))
    with pytest.raises(ZeroDivisionError) as caught:
        pipeline.start().wait(10)
    assert str(path) in caught.value.__notes__[0]
    assert MediaInfo.discover(path.as_uri()).video.width == 320


def test_a_recording_that_is_cut_off_is_named(tmp_path):
    path = tmp_path / "rec.mp4"
    pipeline = recorder(path)
    pipeline.attach("src", Probe("slow", Do(lambda: time.sleep(1.5), at=20)))
    pipeline.start()
    time.sleep(1.0)
    with pytest.raises(dsbind.StopTimeoutError, match="rec.mp4"):
        pipeline.stop(timeout=0.1).wait(10)


def test_stopping_clears_drop_pipeline_eos(clip):
    pipeline = Pipeline("live").add("uridecodebin", "src", {"uri": clip.as_uri()})
    pipeline.add("nvvideoconvert", "convert")
    pipeline.add("nvstreammux", "mux", {"batch-size": 1, "drop-pipeline-eos": True})
    pipeline.add("fakesink", "sink", {"sync": True}).link("src", "convert", "mux", "sink").start()
    time.sleep(0.3)
    start = time.monotonic()
    pipeline.stop(timeout=8).wait(10)
    assert time.monotonic() - start < 4
    assert pipeline["mux"].get("drop-pipeline-eos") is True, "as it was set, for the next run"


# Ctrl-C

PROGRAM = """
    import sys, time
    from dsbind import BufferOperator, Pipeline, Probe, StateTransitionMessage

    path, hang = sys.argv[1], sys.argv[2] == "hang"

    class Hang(BufferOperator):
        n = 0
        def handle_buffer(self, buffer):
            self.n += 1
            if hang and self.n > 5:
                time.sleep(4)
            return True

    p = Pipeline("rec").add("videotestsrc", "src", {"is-live": True})
    p.add("x264enc", "enc", {"speed-preset": "ultrafast", "tune": "zerolatency"})
    p.add("h264parse", "parse").add("mp4mux", "mux").add("filesink", "sink", {"location": path})
    p.link("src", "enc", "parse", "mux", "sink").attach("src", Probe("hang", Hang()))
    p.start()
    print("ready", flush=True)
    try:
        p.wait()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        raise
"""


def interrupt(tmp_path, mode, times=1, gap=0.2):
    """Seconds from the first Ctrl-C to the program's word that wait() raised, and the file."""
    path = tmp_path / "rec.mp4"
    program = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(path), mode],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert program.stdout.readline() == "ready\n", program.stderr.read()
        time.sleep(1.0)
        start = time.monotonic()
        for index in range(times):
            if index:
                time.sleep(gap)
            program.send_signal(signal.SIGINT)
        assert program.stdout.readline() == "interrupted\n"
        seconds = time.monotonic() - start
        program.communicate(timeout=10)
    finally:
        program.kill()
    return seconds, path


def test_ctrl_c_ends_within_a_second_and_the_file_is_complete(tmp_path):
    seconds, path = interrupt(tmp_path, "run")
    assert seconds < 1.2
    assert MediaInfo.discover(path.as_uri()).duration > 100_000_000


def test_ctrl_c_ends_within_a_second_even_if_a_callback_hangs(tmp_path):
    seconds, _ = interrupt(tmp_path, "hang")
    assert seconds < 1.3


def test_a_second_ctrl_c_is_no_slower(tmp_path):
    seconds, _ = interrupt(tmp_path, "hang", times=2)
    assert seconds < 1.3


FLOWS = """
    import sys, time
    from dsbind import *

    mode, clip, path, port = sys.argv[1:]

    class Frames(BufferProvider):
        width, height, format, framerate = 64, 48, "RGB", 30
        n = 0
        def generate(self, size):
            self.n += 1
            time.sleep(60 if mode == "blocked" and self.n > 5 else 0.02)
            return Buffer(bytes(64 * 48 * 3))

    class Keep(BufferRetriever):
        n = 0
        def consume(self, buffer):
            self.n += 1
            if mode == "slow" and self.n > 5:
                time.sleep(60)

    flow = Flow(Pipeline("p"))
    if mode in ("inject", "blocked"):
        flow.inject([Frames()]).encode(path, use_sw_codec=True)
    elif mode == "silent":
        flow.batch_capture([f"rtsp://127.0.0.1:{port}/x"]).render(RenderMode.DISCARD)
    else:
        flow = flow.batch_capture([clip], file_loop=True, width=320, height=240)
        if mode in ("retrieve", "slow"):
            flow.retrieve(Keep(), sync=True)
        else:
            flow = flow.fork()
            flow.encode(path, use_sw_codec=True, sync=True)
            flow.encode(f"rtsp://localhost:{port}", sync=True)

    def on_message(message):
        if getattr(message, "new_state", None) is PipelineState.PLAYING:
            print("ready", flush=True)

    try:
        flow(on_message)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        raise
"""


@pytest.mark.parametrize("mode", ["inject", "blocked", "retrieve", "slow", "fork", "silent"])
def test_ctrl_c_ends_each_kind_of_flow_within_a_second(mode, clip, tmp_path):
    path = tmp_path / "out.mp4"
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        port = server.getsockname()[1]
        if mode == "fork":
            server.close()
        program = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(FLOWS), mode, clip, path, str(port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            if mode == "silent":
                connection, _ = server.accept()
            else:
                assert program.stdout.readline() == "ready\n", program.stderr.read()
            time.sleep(0.8)
            start = time.monotonic()
            program.send_signal(signal.SIGINT)
            while (line := program.stdout.readline()) != "interrupted\n":
                assert line, program.stderr.read()
            assert time.monotonic() - start < 1.3
            # Callbacks that still sleep keep nobody from leaving.
            _, errors = program.communicate(timeout=10)
        finally:
            program.kill()
    assert "KeyboardInterrupt" in errors
    if mode in ("inject", "blocked", "fork"):
        assert MediaInfo.discover(path.as_uri()).duration > 50_000_000


def test_a_program_that_ends_without_waiting_ends_cleanly(run_program):
    done = run_program(
        """
        from dsbind import BufferOperator, Pipeline, Probe

        class Count(BufferOperator):
            def handle_buffer(self, buffer):
                return True

        p = Pipeline("p").add("videotestsrc", "src").add("fakesink", "sink")
        p.link("src", "sink").attach("src", Probe("count", Count())).start()
        """
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_running_pipeline_outlives_its_name(run_program):
    done = run_program(
        """
        import gc, threading
        from dsbind import EOSMessage, Pipeline

        ended = threading.Event()
        def on_message(message):
            if isinstance(message, EOSMessage):
                ended.set()

        def begin():
            p = Pipeline("p").add("videotestsrc", "src", {"num-buffers": 30, "is-live": True})
            p.add("fakesink", "sink").link("src", "sink").start(on_message)

        begin()
        gc.collect()
        assert ended.wait(10)
        """
    )
    assert done.returncode == 0, done.stderr


def test_stop_inside_a_probe_before_it_plays(capfd):
    pipeline = endless()
    pipeline.attach("src", Probe("first", Do(pipeline.stop, at=1)))
    pipeline.prepare()
    time.sleep(0.3)
    pipeline.activate().wait(5)
    assert pipeline._graph.core.wait_state(0) == gst.NULL_STATE
    assert "deadlock" not in capfd.readouterr().err


def test_only_one_of_many_threads_starts_it():
    pipeline = endless()
    outcomes = []

    def start():
        try:
            outcomes.append(pipeline.start())
        except dsbind.StateError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pipeline.stop().wait(5)
    assert outcomes.count(pipeline) == 1
    assert sum(isinstance(outcome, dsbind.StateError) for outcome in outcomes) == 7


def test_a_source_that_loops_ends_and_loops_again_in_the_next_run(clip):
    pipeline = Pipeline("loop")
    flow = dsbind.Flow(pipeline).batch_capture([str(clip)], file_loop=True)
    flow.render(dsbind.RenderMode.DISCARD, sync=True)
    source = next(name for name in pipeline._graph.elements if "source" in name)
    for _ in range(2):
        pipeline.start()
        time.sleep(0.3)
        start = time.monotonic()
        pipeline.stop().wait(5)
        assert time.monotonic() - start < 3
        assert pipeline[source].get("file-loop") is True


def test_what_fails_at_the_end_is_raised_and_nobody_waits_for_ever(monkeypatch):
    pipeline = endless().start()
    monkeypatch.setattr(pipeline._run._losses, "report", lambda error: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pipeline.stop(0.0).wait(5)


def test_a_deadline_that_is_no_number_is_refused():
    pipeline = endless().start()
    with pytest.raises(dsbind.ConfigError, match="nan"):
        pipeline.stop(float("nan"))
    pipeline.stop(float("inf")).wait(float("inf"))


AFTER_USE = """
    import os, signal, sys
    from dsbind import Flow, Pipeline, RenderMode, StateError

    def flow():
        return Flow(Pipeline("p")).batch_capture([sys.argv[1]], file_loop=True).render(
            RenderMode.DISCARD, sync=True)

    running = flow().pipeline.start()
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        for attempt in (flow, lambda: running.stop().wait()):
            try:
                attempt()
            except StateError as error:
                print(error, flush=True)
        sys.exit(0)
    assert os.waitpid(child, 0)[1] == 0
    running.stop().wait()
"""


def test_a_process_forked_from_one_that_runs_pipelines_says_that_it_cannot(run_program, clip):
    done = run_program(AFTER_USE, clip)
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert "fork before the first pipeline" in first
    assert "forked from" in second


def test_a_source_is_stopped_at_any_moment_of_its_start(run_program, make_clip):
    # What looks into the file is still being built, by threads of its own.
    done = run_program(
        """
        import logging, random, sys, time
        from dsbind import Pipeline
        logging.getLogger("dsbind").setLevel(logging.ERROR)
        for _ in range(400):
            p = Pipeline("p").add("nvurisrcbin", "src", {"uri": f"file://{sys.argv[1]}"})
            p.add("fakesink", "sink").link("src", "sink").start()
            time.sleep(random.random() * 0.004)
            p.stop(0).wait(5)
        """,
        make_clip(frames=4, width=64, height=48),
        timeout=90,
        env={"G_DEBUG": "fatal-criticals"},
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("forked", [False, True])
def test_a_recording_stopped_before_its_first_frame_ends_cleanly(forked, clip, tmp_path):
    for n, delay in enumerate((0.0, 0.001, 0.005, 0.02)):
        path = tmp_path / f"{n}.mp4"
        flow = dsbind.Flow(Pipeline("p")).batch_capture([str(clip)], width=320, height=240)
        if forked:
            flow = flow.fork()
            flow.render(dsbind.RenderMode.DISCARD)
        flow.encode(path, use_sw_codec=True)
        flow.pipeline.start()
        time.sleep(delay)
        # What comes of the stop is no failure of the source.
        flow.pipeline.stop().wait(20)
        assert not path.exists() or path.stat().st_size > 0


def test_a_callback_that_does_not_return_ends_the_wait_with_an_error(monkeypatch):
    monkeypatch.setattr("dsbind.run._RETURNING", 0.5)
    inside, leave = threading.Event(), threading.Event()

    class Blocked(BufferOperator):
        def handle_buffer(self, buffer):
            inside.set()
            leave.wait(30)

    pipeline = endless().attach("src", Probe("blocked", Blocked()))
    pipeline.start()
    assert inside.wait(10)
    with pytest.raises(dsbind.StopTimeoutError, match="callback has not returned"):
        pipeline.stop(0.0).wait(10)
    with pytest.raises(dsbind.StateError):
        pipeline.start()
    leave.set()
    assert pipeline._run.halted.wait(10)
    pipeline.start().stop().wait(10)
