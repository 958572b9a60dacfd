# SPDX-License-Identifier: Apache-2.0
"""The window that `render()` opens, on a display of its own and looked at."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
from looking import COLOURS, SCREEN, boxes, colour_clip, decode, has_box, is_colour, launch

import dsbind
from dsbind import Flow, Pipeline, Probe, RenderMode

pytestmark = pytest.mark.skipif(not shutil.which("Xvfb"), reason="Xvfb is not installed")


@pytest.fixture
def display(screen, monkeypatch):
    monkeypatch.setenv("DISPLAY", screen)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    return screen


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("colours")
    return [colour_clip(folder, colour) for colour in COLOURS]


def screenshot(screen, path):
    launch(
        f"ximagesrc display-name={screen} num-buffers=1 use-damage=false show-pointer=false !",
        f"videoconvert ! video/x-raw,format=RGB ! filesink location={path}",
    )
    return np.fromfile(path, np.uint8).reshape(SCREEN[1], SCREEN[0], 3)


def see(screen, path, is_there, seconds=20):
    """Look at the screen until it shows something."""
    until = time.monotonic() + seconds
    while True:
        picture = screenshot(screen, path)
        if is_there(picture):
            return picture
        assert time.monotonic() < until, f"not on the screen within {seconds} s"
        time.sleep(0.2)


class Window:
    """The first window of a display."""

    def __init__(self, screen):
        x11 = self._x11 = ctypes.CDLL("libX11.so.6")
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XDefaultRootWindow.restype = x11.XInternAtom.restype = ctypes.c_ulong
        self._display = ctypes.c_void_p(x11.XOpenDisplay(screen.encode()))
        assert self._display
        root = ctypes.c_ulong(x11.XDefaultRootWindow(self._display))
        other = ctypes.c_ulong()
        children = ctypes.POINTER(ctypes.c_ulong)()
        count = ctypes.c_uint()
        x11.XQueryTree(
            self._display,
            root,
            ctypes.byref(other),
            ctypes.byref(other),
            ctypes.byref(children),
            ctypes.byref(count),
        )
        assert count.value == 1
        self.id = children[0]

    def close(self):
        """What a window manager sends when somebody clicks on the cross."""

        class Message(ctypes.Structure):
            _fields_ = [
                ("type", ctypes.c_int),
                ("serial", ctypes.c_ulong),
                ("send_event", ctypes.c_int),
                ("display", ctypes.c_void_p),
                ("window", ctypes.c_ulong),
                ("message_type", ctypes.c_ulong),
                ("format", ctypes.c_int),
                ("data", ctypes.c_long * 5),
                ("rest", ctypes.c_long * 12),
            ]

        atom = self._x11.XInternAtom
        message = Message(type=33, window=self.id, format=32)
        message.message_type = atom(self._display, b"WM_PROTOCOLS", 0)
        message.data[0] = atom(self._display, b"WM_DELETE_WINDOW", 0)
        self._x11.XSendEvent(
            self._display, ctypes.c_ulong(self.id), 0, ctypes.c_long(0), ctypes.byref(message)
        )
        self._x11.XFlush(self._display)
        self._x11.XCloseDisplay(self._display)


def start(flow):
    """Run a flow on a thread: the thread, and what it raised."""
    raised = []

    def run():
        try:
            flow()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, raised


def capture(*clips, **options):
    options = {"width": 320, "height": 240, **options}
    return Flow(Pipeline("display")).batch_capture(list(clips), **options)


def test_a_source_is_shown_with_its_boxes(display, clips, tmp_path):
    flow = capture(clips[0]).attach(Probe("boxes", boxes(100, 60, 80, 60))).render()
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


def test_several_sources_are_shown_as_tiles_with_their_boxes(display, clips, tmp_path):
    flow = capture(*clips).attach(Probe("boxes", boxes(100, 60, 80, 60)))
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


def test_without_osd_there_are_no_boxes(display, clips, tmp_path):
    flow = capture(clips[1]).attach(Probe("boxes", boxes(100, 60, 80, 60)))
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


def test_the_window_goes_with_the_flow(display, clips, tmp_path):
    capture(clips[0]).render(sync=False)()
    picture = screenshot(display, tmp_path / "s")
    assert not picture.any()


def test_closing_the_window_ends_the_flow_and_completes_its_file(display, clips, tmp_path):
    out = tmp_path / "out.mkv"
    fork = capture(clips[2], file_loop=True).fork()
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


def test_ctrl_c_ends_a_flow_that_shows(screen, clips, tmp_path):
    program = """
        import sys
        from dsbind import Flow, Pipeline
        Flow(Pipeline("p")).batch_capture([sys.argv[1]], file_loop=True).render()()
        """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), clips[3]],
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


def test_a_display_that_nobody_serves_is_named(clips, monkeypatch):
    monkeypatch.setenv("DISPLAY", ":64999")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(dsbind.DisplayError, match=r"DISPLAY is :64999.*DISCARD.*encode"):
        capture(clips[0]).render()()
