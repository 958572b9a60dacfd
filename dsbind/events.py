# SPDX-License-Identifier: Apache-2.0
"""What a person does in the window: choosing a source of a mosaic with the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dsbind.errors import ArgumentTypeError, ConfigError
from dsbind.node import Node

if TYPE_CHECKING:
    from dsbind._mouse import TileMouse

__all__ = ["EventHandler"]

_NEEDED = ("show-source", "rows", "columns", "width", "height")


class EventHandler:
    """Shows one source of a mosaic alone after a click on its tile, and all after a right click.

    Works for a window behind a tiler, until `stop` or until nobody holds it any longer.

    Parameters
    ----------
    tiler
        The element that makes the mosaic, as `pipeline["tiler"]`.
    osd, renderer
        The elements that draw and show it. Clicks are taken from what they pass on to the tiler.

    Raises
    ------
    ArgumentTypeError
        One of them is no node.
    ConfigError
        `tiler` cannot show one source alone.
    """

    def __init__(self, tiler: Node, osd: Node | None = None, renderer: Node | None = None) -> None:
        for name, node in (("tiler", tiler), ("osd", osd), ("renderer", renderer)):
            if not isinstance(node, Node) and (node is not None or name == "tiler"):
                raise ArgumentTypeError(
                    f"EventHandler: {name} is a node, pipeline[name], not {node!r}"
                )
        missing = [name for name in _NEEDED if not tiler._element.has(name)]
        if missing:
            raise ConfigError(
                f"EventHandler: {tiler.name!r} is no tiler: {tiler.factory} has no "
                f"{', '.join(missing)}; pass the nvmultistreamtiler"
            )
        self._tiler = tiler
        self._mouse: TileMouse | None = None

    def start(self) -> EventHandler:
        """Listen to clicks; before the pipeline starts or while it runs."""
        if self._mouse is None:
            from dsbind._mouse import TileMouse

            self._mouse = TileMouse(self._tiler._element)
        return self

    def stop(self) -> EventHandler:
        """Listen no longer. What is shown stays."""
        mouse, self._mouse = self._mouse, None
        if mouse is not None:
            mouse.close()
        return self

    @property
    def started(self) -> bool:
        """Whether it listens."""
        return self._mouse is not None

    def __repr__(self) -> str:
        state = "listens" if self.started else "does not listen"
        return f"<EventHandler of {self._tiler.name!r}, {state}>"
