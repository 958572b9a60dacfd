# SPDX-License-Identifier: Apache-2.0
"""PerfMonitor: the rates of each source."""

from __future__ import annotations

import gc
import threading
import time

import pytest

import dsbind
from dsbind import Flow, Pipeline
from dsbind.perf import PerfMonitor


def playing(clips):
    """Clips through a muxer and a tiler, in real time."""
    pipeline = Pipeline("p")
    flow = Flow(pipeline).batch_capture([str(clip) for clip in clips])
    mux = str(flow._streams[0])
    pipeline.add("nvmultistreamtiler", "tiler", {"width": 320, "height": 240})
    pipeline.add("fakesink", "sink", {"sync": True}).link(mux, "tiler", "sink")
    return pipeline


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "dsbind-perf"]


def test_it_prints_the_active_sources_and_their_rates(clip, capfd):
    pipeline = playing([clip, clip])
    PerfMonitor(2, 0.4, "nvurisrcbin", False).apply(pipeline["tiler"], "sink")
    pipeline.start().wait()
    printed = capfd.readouterr().out.splitlines()
    assert printed[0] == "Active sources : 2"
    assert printed[1] == "**PERF:  FPS 0 (Avg)\tFPS 1 (Avg)"
    assert printed[2].startswith("**PERF:  ")
    assert printed[2].count("(") == 2
    assert sum(line.startswith("**PERF:  FPS") for line in printed) == 1
    assert threads() == []


def test_the_header_comes_every_twenty_lines(clip, capfd):
    pipeline = playing([clip])
    PerfMonitor(1, 0.04, "nvurisrcbin", True).apply(pipeline["tiler"], "sink")
    pipeline.start().wait()
    printed = [line for line in capfd.readouterr().out.splitlines() if line.startswith("**PERF")]
    headers = [n for n, line in enumerate(printed) if line.startswith("**PERF:  FPS")]
    assert len(headers) >= 2
    assert headers[1] - headers[0] == 21


def test_rates_are_numbers_for_who_wants_them(clip, capfd):
    got = []
    pipeline = playing([clip])
    monitor = PerfMonitor(1, 0.5, "nvurisrcbin", False, on_rates=got.append)
    monitor.apply(pipeline["tiler"], "sink")
    assert monitor.values() == {0: {"fps": 0.0, "average": 0.0, "frames": 0}}
    pipeline.start().wait()
    assert got
    assert 5 < got[1][0]["fps"] < 70
    assert monitor.values()[0]["frames"] == 60
    assert capfd.readouterr().out == ""


def test_streams_that_come_and_go_are_named(clip, capfd):
    pipeline = playing([clip, clip])
    monitor = PerfMonitor(4, 0.3, "nvmultiurisrcbin", True)
    monitor.add_stream(source_id=1, uri="rtsp://user:secret@host/a", sensor_id="s", sensor_name="")
    monitor.add_stream(0, "file:///a.mp4", "id0", "gate")
    monitor.add_stream(3, "rtsp://user:secret@host/a", "", "")
    monitor.apply(pipeline["tiler"], "sink")
    pipeline.start()
    time.sleep(0.8)
    monitor.remove_stream(1)
    monitor.remove_stream(1)
    pipeline.wait()
    printed = capfd.readouterr().out
    assert printed.startswith("Active sources : 3\n")
    assert "**PERF:  FPS 0 gate (Avg)\tFPS 1 s (Avg)\tFPS 3 rtsp://***@host/a (Avg)\n" in printed
    assert "**PERF:  FPS 0 gate (Avg)\tFPS 3 " in printed
    assert "secret" not in printed


def test_while_paused_nothing_is_printed(clip, capfd):
    pipeline = playing([clip])
    monitor = PerfMonitor(1, 0.2, "nvurisrcbin", False)
    monitor.pause()
    monitor.apply(pipeline["tiler"], "sink")
    pipeline.start()
    time.sleep(0.7)
    assert capfd.readouterr().out == ""
    monitor.resume()
    pipeline.wait()
    assert "**PERF" in capfd.readouterr().out
    assert monitor.values()[0]["frames"] == 60


def test_an_exception_in_the_callback_is_raised(clip):
    def fail(rates):
        raise ArithmeticError("mine")

    pipeline = playing([clip])
    PerfMonitor(1, 0.1, "nvurisrcbin", False, on_rates=fail).apply(pipeline["tiler"], "sink")
    with pytest.raises(ArithmeticError, match="mine"):
        pipeline.start().wait(20)


def test_its_thread_ends_with_a_pipeline_that_never_played(clip):
    pipeline = playing([clip])
    PerfMonitor(1, 1000, "nvurisrcbin", False).apply(pipeline["tiler"], "sink")
    pipeline.prepare()
    assert len(threads()) == 1
    del pipeline
    gc.collect()
    until = time.monotonic() + 5
    while threads() and time.monotonic() < until:
        time.sleep(0.05)
    assert threads() == []


def test_it_is_applied_once(clip):
    pipeline = playing([clip])
    monitor = PerfMonitor(1, 1, "nvurisrcbin", False).apply(pipeline["tiler"], "sink")
    with pytest.raises(dsbind.StateError, match="applied already"):
        monitor.apply(pipeline["sink"])
    with pytest.raises(TypeError, match="takes a node"):
        monitor.apply("tiler", "sink")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((0, 1, "", False), ValueError),
        (("1", 1, "", False), ValueError),
        ((1, 0, "", False), ValueError),
        ((1, float("nan"), "", False), ValueError),
        ((1, "1", "", False), TypeError),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments, error):
    with pytest.raises(error, match="PerfMonitor"):
        PerfMonitor(*arguments)


def test_it_can_be_applied_while_the_pipeline_plays(clip, capfd):
    pipeline = playing([clip]).start()
    time.sleep(0.3)
    PerfMonitor(1, 0.2, "nvurisrcbin", False).apply(pipeline["tiler"], "sink")
    pipeline.wait()
    assert "Active sources : 1" in capfd.readouterr().out
    assert threads() == []
