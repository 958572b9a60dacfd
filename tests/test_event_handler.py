# SPDX-License-Identifier: Apache-2.0
"""Choosing a source of the mosaic with the mouse: `osd.EventHandler`."""

from __future__ import annotations

import ctypes
import gc
import shutil

import pytest
from displaying import Window, capture, see, start
from looking import COLOURS, is_colour

import dsbind
from dsbind import Pipeline, RenderMode, osd

LEFT, RIGHT = 1, 3


class Click(ctypes.Structure):
    """`XButtonEvent`, as long as an `XEvent`."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("root", ctypes.c_ulong),
        ("subwindow", ctypes.c_ulong),
        ("time", ctypes.c_ulong),
        ("place", ctypes.c_int * 4),
        ("state", ctypes.c_uint),
        ("button", ctypes.c_uint),
        ("same_screen", ctypes.c_int),
        ("rest", ctypes.c_long * 12),
    ]


def click(window, button, x, y):
    press = Click(type=4, window=window.id, button=button, same_screen=1)
    press.place[:] = [x, y, x, y]
    window._x11.XSendEvent(
        window._display, ctypes.c_ulong(window.id), 0, ctypes.c_long(4), ctypes.byref(press)
    )
    window._x11.XFlush(window._display)


@pytest.fixture
def mosaic(display, colour_clips):
    """Four coloured sources in a window, with an EventHandler that listens."""
    flow = capture(*colour_clips, file_loop=True).render(RenderMode.DISPLAY, width=640, height=480)
    nodes = {node.factory: node for node in map(flow.pipeline.__getitem__, elements(flow.pipeline))}
    handler = osd.EventHandler(
        tiler=nodes["nvmultistreamtiler"], osd=nodes["nvdsosd"], renderer=nodes["nveglglessink"]
    )
    thread, raised = start(flow)
    yield handler, nodes["nvmultistreamtiler"]
    handler.stop()
    flow.pipeline.stop()
    thread.join(20)
    assert not thread.is_alive() and not raised


def elements(pipeline):
    return list(pipeline._graph.elements)


def shows(*colours):
    """Whether the middles of the four tiles have these colours."""
    middles = [(120, 160), (120, 480), (360, 160), (360, 480)]

    def looks(picture):
        return all(
            is_colour(picture[place], COLOURS[colour])
            for place, colour in zip(middles, colours, strict=True)
        )

    return looks


ALL = shows("red", "green", "blue", "yellow")


@pytest.mark.skipif(not shutil.which("Xvfb"), reason="Xvfb is not installed")
class TestOnADisplay:
    def test_a_left_click_shows_one_source_and_a_right_click_all(
        self,
        mosaic,
        display,
        tmp_path,
    ):
        handler, tiler = mosaic
        assert not handler.started
        handler.start()
        assert handler.started
        see(display, tmp_path / "s", ALL)
        window = Window(display)
        for (x, y), colour, source in (((500, 100), "green", 1), ((100, 400), "blue", 2)):
            click(window, LEFT, x, y)
            see(display, tmp_path / "s", shows(*[colour] * 4))
            assert tiler.get("show-source") == source
            # A second click into the one that is shown changes nothing.
            click(window, LEFT, 10, 10)
            click(window, RIGHT, 10, 10)
            see(display, tmp_path / "s", ALL)
            assert tiler.get("show-source") == -1

    def test_after_stop_clicks_do_nothing(self, mosaic, display, tmp_path):
        handler, tiler = mosaic
        handler.start()
        see(display, tmp_path / "s", ALL)
        window = Window(display)
        click(window, LEFT, 100, 100)
        see(display, tmp_path / "s", shows(*["red"] * 4))
        handler.stop()
        assert not handler.started
        click(window, RIGHT, 100, 100)
        # What stays as it is is seen a while later only.
        for _ in range(3):
            see(display, tmp_path / "s", shows(*["red"] * 4))
        assert tiler.get("show-source") == 0
        handler.start()
        click(window, RIGHT, 100, 100)
        see(display, tmp_path / "s", ALL)


@pytest.fixture
def tiler():
    pipeline = Pipeline("p").add("nvmultistreamtiler", "tiler").add("queue", "q")
    return pipeline


def test_starting_and_stopping_twice_is_fine(tiler):
    handler = osd.EventHandler(tiler=tiler["tiler"])
    handler.start().start()
    assert handler.started and "listens" in repr(handler)
    handler.stop().stop()
    assert not handler.started and "does not listen" in repr(handler)


def test_it_may_outlive_its_pipeline(tiler):
    handler = osd.EventHandler(tiler=tiler["tiler"], osd=tiler["q"], renderer=tiler["q"]).start()
    del tiler
    gc.collect()
    handler.stop()


def test_osd_alone_brings_no_gstreamer_with_it(run_program):
    done = run_program(
        """
        import sys
        import dsbind.osd
        assert "dsbind.gst" not in sys.modules and "dsbind.node" not in sys.modules
        from dsbind.osd import EventHandler
        assert "EventHandler" in dsbind.osd.__all__
        try:
            dsbind.osd.Nonsense
        except AttributeError as error:
            assert "'dsbind.osd' has no attribute 'Nonsense'" in str(error)
        else:
            raise AssertionError
        """
    )
    assert done.returncode == 0, done.stderr


def test_what_is_no_tiler_is_refused(tiler):
    with pytest.raises(dsbind.ConfigError, match="'q' is no tiler: queue has no show-source"):
        osd.EventHandler(tiler=tiler["q"])
    for wrong in (None, "tiler"):
        with pytest.raises(TypeError, match="tiler is a node"):
            osd.EventHandler(tiler=wrong)
    with pytest.raises(TypeError, match="renderer is a node"):
        osd.EventHandler(tiler=tiler["tiler"], renderer="sink")
