# SPDX-License-Identifier: Apache-2.0
"""Where `encode` writes to: a file, an RTSP mount or a UDP port."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

from dsbind.errors import ArgumentTypeError, ConfigError, absolute, home_hint, shown

#: What writes the file format of each extension; nothing for JPEG images one after another.
MUXERS = {
    ".mp4": "mp4mux",
    ".mov": "qtmux",
    ".mkv": "matroskamux",
    ".jpg": "",
    ".mjpg": "",
}
#: Mount of `encode("rtsp://localhost:8554")`.
MOUNT = "/ds-test"
#: Where streams are sent to and served: nobody else can reach it.
LOOPBACK = "127.0.0.1"

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_HOSTS = ("localhost", LOOPBACK)


@dataclass(frozen=True)
class Destination:
    """Where a flow is encoded to.

    Attributes
    ----------
    kind
        "video" and "images" are files.
    path
        Of a file: absolute.
    muxer
        Of a video: the element that writes its file format.
    port, mount
        Of a stream. A mount is a path such as "/ds-test".
    """

    kind: Literal["video", "images", "rtsp", "udp"]
    path: str = ""
    muxer: str = ""
    port: int = 0
    mount: str = ""


def destination_of(dest: object) -> Destination:
    """Read what was given to `encode`.

    Raises
    ------
    ArgumentTypeError
        It is no file, RTSP or UDP URI, not on this machine, or has another extension.
    ConfigError
        A stream without a port, or a name that cannot be.
    """
    if isinstance(dest, os.PathLike):
        dest = os.fspath(dest)
    if not isinstance(dest, str):
        raise ArgumentTypeError(f"encode() needs a path or URI as text, not {shown(dest)}")
    if "\0" in dest:
        raise ConfigError(f"encode() cannot write {shown(dest)}: the name holds a NUL character")
    if not _SCHEME.match(dest):
        return _file(dest, dest)
    try:
        scheme = urlsplit(dest).scheme
    except ValueError as error:
        raise ConfigError(f"encode({shown(dest)}): this is no URI: {error}") from None
    if scheme == "file":
        return _file_uri(dest)
    if scheme in ("rtsp", "udp"):
        return _stream(dest)
    raise ArgumentTypeError(f"Only file, rtsp or udp are supported, not {shown(dest)}")


def port_of(value: object, what: str) -> int:
    """A port number.

    Raises
    ------
    ConfigError
        It is none; `what` says what it was wanted for.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 65536:
        raise ConfigError(f"{what} needs a port from 1 to 65535, not {shown(value)}")
    return value


def _file_uri(dest: str) -> Destination:
    parts = urlsplit(dest)
    if parts.netloc not in ("", "localhost"):
        # Two slashes begin a host: file://out.mp4 has no path at all.
        raise ArgumentTypeError(
            f"File extension of {shown(dest)} is not supported: what follows two slashes is a "
            f"host. Write {parts.netloc + unquote(parts.path)!r} without file://, or an absolute "
            "path after file://"
        )
    return _file(unquote(parts.path), dest)


def _file(path: str, dest: str) -> Destination:
    if path.startswith("~/"):
        raise ConfigError(f"encode() cannot write {shown(dest)}. {home_hint(path)}")
    extension = os.path.splitext(path)[1].lower()
    if extension not in MUXERS:
        raise ArgumentTypeError(
            f"File extension {extension!r} is not supported; encode {shown(dest)} as one of "
            + ", ".join(MUXERS)
        )
    muxer = MUXERS[extension]
    return Destination("video" if muxer else "images", absolute(path), muxer)


def _stream(dest: str) -> Destination:
    parts = urlsplit(dest)
    if parts.hostname not in _HOSTS:
        raise ArgumentTypeError(f"Only localhost is supported for streaming, not {shown(dest)}")
    if parts.username is not None:
        raise ConfigError(f"encode({shown(dest)}): streams are served without a password")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if not port:
        raise ConfigError(
            f"encode({shown(dest)}) needs a port from 1 to 65535, such as "
            f"{parts.scheme}://localhost:8554"
        )
    if parts.scheme == "udp":
        return Destination("udp", port=port)
    return Destination("rtsp", port=port, mount=unquote(parts.path).rstrip("/") or MOUNT)
