# SPDX-License-Identifier: Apache-2.0
"""Turns what an element reports on the bus into the exception that `wait()` raises."""

from __future__ import annotations

import logging
import os
import warnings
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from dsbind.errors import (
    ConfigError,
    ConfiguredFileError,
    ConfigWarning,
    DisplayError,
    Error,
    MissingElementError,
    MissingFileError,
    OutputError,
    StreamError,
    mask_uri,
    unreadable,
)

if TYPE_CHECKING:
    from dsbind import gst

_log = logging.getLogger("dsbind")

_WRITERS = {"filesink", "multifilesink", "mp4mux", "qtmux", "matroskamux", "splitmuxsink"}
_SERVERS = {"nvrtspoutsinkbin", "udpsink", "multiudpsink"}
_DISPLAYS = {
    "nveglglessink",
    "nv3dsink",
    "autovideosink",
    "glimagesink",
    "waylandsink",
    "xvimagesink",
    "ximagesink",
}
# What they miss is named in their configuration file.
_CONFIGURED = {"nvinfer", "nvinferserver", "nvdsanalytics", "nvdspreprocess"}

_CLASSES: dict[tuple[str, int], type[Error]] = {
    ("core", 12): MissingElementError,  # MISSING_PLUGIN
    ("library", 5): ConfigError,  # SETTINGS
    ("resource", 3): MissingFileError,  # NOT_FOUND
    ("resource", 6): OutputError,  # OPEN_WRITE
    ("resource", 10): OutputError,  # WRITE
    ("resource", 13): ConfigError,  # SETTINGS
    ("resource", 14): OutputError,  # NO_SPACE_LEFT
}


def error_of(message: gst.Message, uri: str | None) -> Error:
    """The exception for an "error" message.

    Parameters
    ----------
    message
        What came from the bus.
    uri
        What the element was reading, where it is a source.
    """
    text = mask_uri(_text_of(message))
    if uri is not None:
        error: Error = unreadable(mask_uri(uri), _empty_file(uri) or text)
    else:
        who = f"{message.factory} {message.origin!r}" if message.factory else message.origin
        kind = _class_of(message)
        if kind is DisplayError and "RenderMode.DISCARD" not in text:
            text += ". Use RenderMode.DISCARD or encode() instead"
        if text.startswith(("Can not initialize x264", "Can not initialize x265")):
            text += " Width and height must be even numbers: give encode() a width and height"
        error = kind(f"{who}: {text}")
    error.element = message.path[0] if message.path else message.origin
    return error


def is_closed_window(message: gst.Message) -> bool:
    """Whether somebody closed the window that shows the video, which is no failure."""
    return message.factory in _DISPLAYS and message.text.startswith("Output window was closed")


def warn_of(message: gst.Message) -> None:
    """Pass a "warning" message on: about settings as a Python warning, else to the log."""
    text = f"{message.factory} {message.origin!r}: {mask_uri(_text_of(message))}"
    if (message.domain, message.code) in (("library", 5), ("resource", 13)):
        warnings.warn(text, ConfigWarning, stacklevel=2)
    else:
        _log.warning("%s", text)


def _class_of(message: gst.Message) -> type[Error]:
    if message.factory in _WRITERS:
        return OutputError
    if message.factory in _SERVERS and message.domain == "resource":
        return OutputError
    if message.factory in _DISPLAYS:
        return DisplayError
    kind = _CLASSES.get((message.domain, message.code), StreamError)
    if kind is MissingFileError and message.factory in _CONFIGURED:
        return ConfiguredFileError
    return kind


def _text_of(message: gst.Message) -> str:
    """The element's words, and its details where the words alone say nothing."""
    text = message.text.strip()
    details = message.debug.strip().splitlines()
    if not details or not text.startswith(
        ("Internal ", "Could not", "Resource ", "GStreamer ", "Failed to", "No ", "Stream ")
    ):
        return text
    if "not-linked" in message.debug:
        return "nothing is linked after it: end the flow with render() or encode()"
    # The first line of the details tells where in the source code it was.
    detail = details[-1].strip() if len(details) > 1 else ""
    return f"{text.rstrip('.')} ({detail.rstrip('.')})" if detail and detail != text else text


def _empty_file(uri: str) -> str:
    parts = urlsplit(uri)
    try:
        empty = parts.scheme == "file" and os.path.getsize(unquote(parts.path)) == 0
    except OSError:
        return ""
    return "the file is empty" if empty else ""
