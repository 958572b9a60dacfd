# SPDX-License-Identifier: Apache-2.0
"""The elements that one operation puts behind a stream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from dsbind.errors import MissingElementError, add_text
from dsbind.operations.base import name_of

if TYPE_CHECKING:
    from dsbind.pipeline import Pipeline

# Debian packages of the elements that an operation may need and a machine may lack.
_PACKAGES = {
    "x264enc": "gstreamer1.0-plugins-ugly",
    "x265enc": "gstreamer1.0-plugins-bad",
    "av1enc": "gstreamer1.0-plugins-bad",
    "h264parse": "gstreamer1.0-plugins-bad",
    "h265parse": "gstreamer1.0-plugins-bad",
    "av1parse": "gstreamer1.0-plugins-bad",
    "jpegenc": "gstreamer1.0-plugins-good",
    "mp4mux": "gstreamer1.0-plugins-good",
    "qtmux": "gstreamer1.0-plugins-good",
    "matroskamux": "gstreamer1.0-plugins-good",
    "rtph264pay": "gstreamer1.0-plugins-good",
    "rtph265pay": "gstreamer1.0-plugins-good",
    "udpsink": "gstreamer1.0-plugins-good",
    "nvrtspoutsinkbin": "libgstrtspserver-1.0-0",
}


class Part(NamedTuple):
    """One element: its role in the operation, what it is, its properties."""

    role: str
    factory: str
    properties: dict[str, object]


def need(parts: Iterable[Part], hints: Mapping[str, str] | None = None) -> None:
    """Check that every element can be made, before the first one is.

    Parameters
    ----------
    parts
        The elements.
    hints
        By factory: what to say where it is missing.

    Raises
    ------
    MissingElementError
        One of them cannot.
    """
    # Here, for `import dsbind` is to load no compiled module.
    from dsbind import gst

    for part in parts:
        if gst.has_element(part.factory):
            continue
        try:
            gst.Element(part.factory, part.role)
        except MissingElementError as error:
            hint = (hints or {}).get(part.factory, "")
            if not hint and part.factory in _PACKAGES:
                hint = f"it comes with the Debian package {_PACKAGES[part.factory]}"
            if hint:
                add_text(error, hint)
            raise


def add_parts(
    pipeline: Pipeline, method: str, roles: Iterable[str], parts: Sequence[Part]
) -> list[str]:
    """Make an operation's elements: their names, in order.

    The names of the documented `roles` are counted in that order, used or not.
    """
    names = {role: name_of(method, role) for role in roles}
    for part in parts:
        if part.role not in names:
            names[part.role] = name_of(method, part.role)
        pipeline.add(part.factory, names[part.role], part.properties)
    return [names[part.role] for part in parts]


def package_of(factory: str) -> str:
    """The Debian package of an element; empty where none is known."""
    return _PACKAGES.get(factory, "")
