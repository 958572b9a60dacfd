# SPDX-License-Identifier: Apache-2.0
"""What is on a display, and the first window of it."""

from __future__ import annotations

import ctypes
import threading
import time

import numpy as np
from looking import SCREEN, launch

from dsbind import Flow, Pipeline


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
