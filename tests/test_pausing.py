# SPDX-License-Identifier: Apache-2.0
"""Pausing, seeking and stopping a pipeline in every state it can be in."""

from __future__ import annotations

import gc
import socket
import threading
import time

import pytest

import dsbind
from dsbind import BufferOperator, Pipeline, Probe, StateTransitionMessage, gst
from dsbind.media import MediaInfo


class Times(BufferOperator):
    """Keeps the time of each buffer, and may do something at one."""

    def __init__(self, what=None, at=3):
        self.all = []
        self.what = what
        self.at = at

    def handle_buffer(self, buffer):
        self.all.append(buffer.timestamp)
        if self.what is not None and len(self.all) == self.at:
            self.what()


def endless(times, name="p"):
    pipeline = Pipeline(name).add("videotestsrc", "src").add("queue", "queue")
    pipeline.add("fakesink", "out", {"sync": True}).link("src", "queue", "out")
    return pipeline.attach("queue", Probe("times", times))


def player(clip, times, sync=True):
    pipeline = Pipeline("p").add("filesrc", "src", {"location": str(clip)}).add("decodebin", "bin")
    pipeline.add("queue", "queue").add("fakesink", "out", {"sync": sync})
    pipeline.link("src", "bin", "queue", "out")
    return pipeline.attach("queue", Probe("times", times))


def until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


# Pausing


def test_a_paused_pipeline_holds_still_and_goes_on_after_resume():
    times = Times()
    pipeline = endless(times).start()
    until(lambda: len(times.all) > 3)
    assert pipeline.pause() is pipeline
    until(lambda: pipeline._graph.core.wait_state(0) == gst.PAUSED)
    time.sleep(0.2)
    before = len(times.all)
    time.sleep(0.3)
    assert len(times.all) == before
    assert pipeline.running
    pipeline.resume()
    until(lambda: len(times.all) > before + 3)
    pipeline.stop().wait(10)
    assert not pipeline.running


def test_pause_and_resume_may_be_repeated():
    times = Times()
    pipeline = endless(times).start()
    for _ in range(3):
        pipeline.pause().pause().resume().resume()
    until(lambda: len(times.all) > 3)
    pipeline.stop().wait(10)


def test_a_paused_pipeline_stops_as_any_other():
    times = Times()
    pipeline = endless(times).start()
    until(lambda: len(times.all) > 3)
    start = time.monotonic()
    pipeline.pause().stop().wait(10)
    assert time.monotonic() - start < 5
    assert pipeline._graph.core.wait_state(0) == gst.NULL_STATE


def test_a_file_is_complete_when_its_paused_pipeline_is_stopped(tmp_path):
    path = tmp_path / "out.mp4"
    times = Times()
    pipeline = Pipeline("p").add("videotestsrc", "src", {"is-live": True})
    pipeline.add("x264enc", "enc", {"speed-preset": "ultrafast", "tune": "zerolatency"})
    pipeline.add("mp4mux", "mux").add("filesink", "out", {"location": str(path)})
    pipeline.link("src", "enc", "mux", "out").attach("src", Probe("times", times)).start()
    until(lambda: len(times.all) > 15)
    pipeline.pause().stop().wait(15)
    assert MediaInfo.discover(str(path)).video.width == 320


def test_pausing_inside_a_callback_and_resuming_from_a_timer():
    times = Times()
    pipeline = endless(times)
    times.what = lambda: (pipeline.pause(), threading.Timer(0.3, pipeline.resume).start())
    pipeline.start()
    until(lambda: len(times.all) > 10)
    pipeline.stop().wait(10)


def test_pausing_inside_on_message():
    paused = threading.Event()

    def on_message(message):
        if not isinstance(message, StateTransitionMessage) or paused.is_set():
            return
        if (message.origin, message.new_state) == ("p", dsbind.PipelineState.PLAYING):
            paused.set()
            pipeline.pause()

    pipeline = endless(Times())
    pipeline.start(on_message)
    assert paused.wait(10)
    until(lambda: pipeline._graph.core.wait_state(0) == gst.PAUSED)
    pipeline.resume().stop().wait(10)


def test_what_is_not_playing_is_not_paused():
    pipeline = endless(Times())
    assert not pipeline.running
    for call in (pipeline.pause, pipeline.resume):
        with pytest.raises(dsbind.StateError, match="start"):
            call()
    pipeline.prepare()
    assert pipeline.running
    for call in (pipeline.pause, pipeline.resume):
        with pytest.raises(dsbind.StateError, match="activate"):
            call()
    pipeline.stop().wait(10)
    with pytest.raises(dsbind.StateError, match="start"):
        pipeline.resume()


def test_an_error_ends_a_paused_pipeline_too():
    times = Times()
    pipeline = endless(times).start()
    until(lambda: len(times.all) > 3)
    pipeline.pause()
    pipeline._graph.failure.report(KeyError("mine"))
    with pytest.raises(KeyError, match="mine"):
        pipeline.wait(10)


# Seeking


def test_seeking_while_it_plays_goes_to_the_key_frame_before(clip):
    times = Times()
    pipeline = player(clip, times).start()
    until(lambda: len(times.all) > 3)
    assert pipeline.seek(1.7) is pipeline
    pipeline.wait(20)
    # Key frames are half a second apart; the clip has 60 frames.
    assert 1_500_000_000 in times.all
    assert len(times.all) < 55


def test_seeking_back_plays_again(clip):
    times = Times()
    pipeline = player(clip, times)
    times.what, times.at = lambda: pipeline.seek(0), 30
    pipeline.start().wait(20)
    assert times.all.count(0) == 2
    assert len(times.all) > 70


def test_seeking_right_after_the_start_waits_until_it_can(clip):
    times = Times()
    player(clip, times).start().seek(1.0).wait(20)
    assert len(times.all) < 55
    assert times.all[-1] > 1_900_000_000


def test_seeking_a_prepared_and_a_paused_pipeline(clip):
    times = Times()
    player(clip, times).prepare().seek(1.0).activate().wait(20)
    assert times.all[-1] > 1_900_000_000
    assert len(times.all) < 55

    times = Times()
    pipeline = player(clip, times).start()
    until(lambda: len(times.all) > 3)
    pipeline.pause().seek(1.7).resume().wait(20)
    assert 1_500_000_000 in times.all


def test_what_cannot_seek_says_so():
    pipeline = Pipeline("p").add("appsrc", "src").add("fakesink", "out", {"async": False})
    pipeline.link("src", "out").start()
    with pytest.raises(dsbind.StateError, match=r"cannot seek to 1 s"):
        pipeline.seek(1.0)
    pipeline.stop(0.5).wait(10)


def test_a_seek_that_fails_inside_a_callback_is_raised_from_wait():
    times = Times(lambda: pipeline.seek(1.0))
    # It knows bytes only.
    pipeline = Pipeline("p").add("fakesrc", "src").add("fakesink", "out").link("src", "out")
    pipeline.attach("src", Probe("times", times)).start()
    with pytest.raises(dsbind.StateError, match="cannot seek to 1 s"):
        pipeline.wait(20)


# Stopping at odd times


class Silent:
    """A server that takes connections and never answers."""

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.connections = []
        self.connected = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def _accept(self):
        try:
            while True:
                self.connections.append(self.socket.accept()[0])
                self.connected.set()
        except OSError:
            pass

    def __exit__(self, *exc):
        self.socket.close()
        for connection in self.connections:
            connection.close()


@pytest.mark.parametrize("who", ["main", "timer", "twice"])
def test_stop_while_it_connects_to_a_server_that_never_answers(who):
    with Silent() as server:
        pipeline = Pipeline("p").add(
            "nvurisrcbin", "src", {"uri": f"rtsp://127.0.0.1:{server.port}/x"}
        )
        pipeline.add("fakesink", "out").link("src", "out").start()
        assert server.connected.wait(10)
        start = time.monotonic()
        if who == "timer":
            threading.Timer(0.2, pipeline.stop).start()
        else:
            pipeline.stop()
            if who == "twice":
                pipeline.stop()
        pipeline.wait(20)
        assert time.monotonic() - start < 10
    assert pipeline._graph.core.wait_state(0) == gst.NULL_STATE


def test_stop_during_preroll():
    # One of two sinks gets no data, so the pipeline never gets to PAUSED.
    pipeline = Pipeline("p").add("videotestsrc", "src").add("fakesink", "out").link("src", "out")
    pipeline.add("appsrc", "silent").add("fakesink", "waits").link("silent", "waits")
    pipeline.start()
    start = time.monotonic()
    pipeline.stop().stop().wait(15)
    assert time.monotonic() - start < 8


def test_stop_between_prepare_and_activate_from_another_thread():
    pipeline = endless(Times()).prepare()
    thread = threading.Thread(target=pipeline.stop)
    thread.start()
    thread.join(10)
    pipeline.activate().wait(10)
    assert not pipeline.running


def test_a_stopped_pipeline_is_destroyed_on_any_thread():
    def run_and_drop():
        pipeline = endless(Times()).start()
        pipeline.stop().wait(10)
        boxes.append([pipeline])

    boxes = []
    run_and_drop()
    thread = threading.Thread(target=lambda: (boxes.pop().clear(), gc.collect()))
    thread.start()
    thread.join(10)
    assert not thread.is_alive()


def test_a_pipeline_dropped_while_it_plays_or_is_paused_ends_with_the_process(run_program):
    done = run_program(
        """
        from dsbind import Pipeline
        for pause in (False, True):
            p = Pipeline("p").add("videotestsrc", "src").add("fakesink", "out", {"sync": True})
            p.link("src", "out").start()
            if pause:
                p.pause()
        del p
        print("end")
        """,
        timeout=30,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "end"), done.stderr
