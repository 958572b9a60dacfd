# SPDX-License-Identifier: Apache-2.0
"""The window that `render()` opens, on a display of its own and looked at."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap

import pytest
from displaying import Window, capture, screenshot, see, start
from looking import COLOURS, boxes, decode, has_box, is_colour

import dsbind
from dsbind import Probe, RenderMode

pytestmark = pytest.mark.skipif(not shutil.which("Xvfb"), reason="Xvfb is not installed")


def test_a_source_is_shown_with_its_boxes(display, colour_clips, tmp_path):
    flow = capture(colour_clips[0]).attach(Probe("boxes", boxes(100, 60, 80, 60))).render()
    thread, raised = start(flow)
    try:
        red = COLOURS["red"]
        picture = see(
            display, tmp_path / "s", lambda picture: has_box(picture, 100, 60, 80, 60, red)
        )
        assert is_colour(picture[235, 315], red) and is_colour(picture[5, 5], red)
        assert is_colour(picture[300, 100], (0, 0, 0)) and is_colour(picture[100, 400], (0, 0, 0))
    finally:
        flow.pipeline.stop()
        thread.join(20)
    assert not thread.is_alive() and not raised


def test_several_sources_are_shown_as_tiles_with_their_boxes(display, colour_clips, tmp_path):
    flow = capture(*colour_clips).attach(Probe("boxes", boxes(100, 60, 80, 60)))
    flow = flow.render(RenderMode.DISPLAY, width=640, height=480)
    thread, raised = start(flow)
    places = {"red": (0, 0), "green": (320, 0), "blue": (0, 240), "yellow": (320, 240)}
    try:
        see(
            display,
            tmp_path / "s",
            lambda picture: all(
                has_box(picture, left + 100, top + 60, 80, 60, COLOURS[colour])
                for colour, (left, top) in places.items()
            ),
        )
    finally:
        flow.pipeline.stop()
        thread.join(20)
    assert not thread.is_alive() and not raised


def test_without_osd_there_are_no_boxes(display, colour_clips, tmp_path):
    flow = capture(colour_clips[1]).attach(Probe("boxes", boxes(100, 60, 80, 60)))
    flow = flow.render(enable_osd=False, sync=True)
    thread, raised = start(flow)
    try:
        green = COLOURS["green"]
        picture = see(display, tmp_path / "s", lambda picture: is_colour(picture[100, 140], green))
        assert all(is_colour(pixel, green) for pixel in picture[60:120:3, 100])
    finally:
        flow.pipeline.stop()
        thread.join(20)
    assert not thread.is_alive() and not raised


def test_the_window_goes_with_the_flow(display, colour_clips, tmp_path):
    capture(colour_clips[0]).render(sync=False)()
    picture = screenshot(display, tmp_path / "s")
    assert not picture.any()


def test_closing_the_window_ends_the_flow_and_completes_its_file(display, colour_clips, tmp_path):
    out = tmp_path / "out.mkv"
    fork = capture(colour_clips[2], file_loop=True).fork()
    fork.render()
    fork.encode(str(out), use_sw_codec=True)
    thread, raised = start(fork)
    see(display, tmp_path / "s", lambda picture: is_colour(picture[100, 100], COLOURS["blue"]))
    Window(display).close()
    thread.join(20)
    if thread.is_alive():
        fork.pipeline.stop()
        thread.join(20)
        pytest.fail("the flow goes on without its window")
    assert not raised
    frames = decode(out, 320, 240)
    assert len(frames) > 1
    assert is_colour(frames[-1][100, 100], COLOURS["blue"])


def test_ctrl_c_ends_a_flow_that_shows(screen, colour_clips, tmp_path):
    program = """
        import sys
        from dsbind import Flow, Pipeline
        Flow(Pipeline("p")).batch_capture([sys.argv[1]], file_loop=True).render()()
        """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), colour_clips[3]],
        env={**os.environ, "DISPLAY": screen},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yellow = COLOURS["yellow"]
        see(screen, tmp_path / "s", lambda picture: is_colour(picture[100, 100], yellow))
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=10)
    finally:
        child.kill()
    assert "KeyboardInterrupt" in errors
    assert child.returncode != 0


def test_a_display_that_nobody_serves_is_named(colour_clips, monkeypatch):
    monkeypatch.setenv("DISPLAY", ":64999")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(dsbind.DisplayError, match=r"DISPLAY is :64999.*DISCARD.*encode"):
        capture(colour_clips[0]).render()()
