# SPDX-License-Identifier: Apache-2.0
"""Finds the element that shows video in a window."""

from __future__ import annotations

import os
import platform

from dsbind import gst
from dsbind.errors import DisplayError

_INSTEAD = "Use RenderMode.DISCARD to run without showing, or encode('out.mp4') to write a file"


def display_sink() -> tuple[str, bool]:
    """The sink for the display of this session, and whether it takes NVMM memory.

    Raises
    ------
    DisplayError
        There is no display, or nothing installed that can show video on it.
    """
    wayland = bool(os.environ.get("WAYLAND_DISPLAY"))
    if not wayland and not os.environ.get("DISPLAY"):
        raise DisplayError(
            f"there is no display: neither DISPLAY nor WAYLAND_DISPLAY is set. {_INSTEAD}"
        )
    native = "nv3dsink" if platform.machine() == "aarch64" else "nveglglessink"
    if gst.has_element(native):
        return native, True
    for sink in (["waylandsink"] if wayland else []) + ["ximagesink", "xvimagesink", "glimagesink"]:
        if gst.has_element(sink):
            return sink, False
    raise DisplayError(
        "GStreamer has no element to show video in a window here; "
        f"on Debian or Ubuntu: apt-get install gstreamer1.0-x. {_INSTEAD}"
    )
