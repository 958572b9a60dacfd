# SPDX-License-Identifier: Apache-2.0
"""What can be attached to an element of a pipeline: probes, feeders, receivers, signal objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from dsbind.errors import ConfigError

if TYPE_CHECKING:
    from dsbind.graph import Graph

__all__ = ["Attachable", "Attachment"]


class Attachment(Protocol):
    """What an attached object leaves at its element. The pipeline keeps it."""

    @property
    def enabled(self) -> bool:
        """Whether callbacks run. A run sets it: True before it starts, False when it has ended."""
        ...

    @enabled.setter
    def enabled(self, on: bool) -> None: ...

    def is_current(self) -> bool:
        """Whether the calling thread is in one of its callbacks."""
        ...


class Attachable:
    """Base of what `Pipeline.attach` takes.

    Attributes
    ----------
    name : str
        Its name; on one element each is used once.
    """

    name: str = ""

    def attach_to(self, graph: Graph, target: str, tips: str) -> Attachment:
        """Go to an element of a graph; `tips` names a pad or signals.

        Exceptions of Python code in its callbacks go to `graph.failure.report`.

        Raises
        ------
        ProbeError
            It does not fit that element.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot be attached")

    def set(self, properties: Mapping[str, object]) -> Attachable:
        """Set properties of its own; for objects made by name.

        Raises
        ------
        ConfigError
            It has no properties.
        """
        for name in properties:
            raise ConfigError(f"{type(self).__name__} {self.name!r} has no property {name!r}")
        return self
