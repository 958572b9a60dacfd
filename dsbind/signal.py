# SPDX-License-Identifier: Apache-2.0
"""Signals of elements: emitting their actions, and being called when they tell something."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from dsbind.attaching import Attachable, Attachment
from dsbind.errors import ArgumentTypeError, ProbeError, StateError, shown, uri_of_path

if TYPE_CHECKING:
    from dsbind import gst
    from dsbind._signals import Connection
    from dsbind.graph import Graph
    from dsbind.node import Node

__all__ = ["Emitter", "Handler", "SourceManager"]


class Emitter(Attachable):
    """Emits action signals of elements: calls of what an element can do besides its properties.

    Parameters
    ----------
    name
        Any name; on one element each is used once.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._elements: dict[str, gst.Element] = {}

    def attach(self, action: str, node: Node | gst.Element) -> Emitter:
        """Send an action to an element, `pipeline[name]`; once more, to that one instead.

        Raises
        ------
        ProbeError
            The element has no such signal; the message names those it has.
        """
        from dsbind import _signals, gst

        element = getattr(node, "_element", node)
        if not isinstance(element, gst.Element):
            raise ArgumentTypeError(f"attach() takes a node, pipeline[{node!r}], not {node!r}")
        _signals.check(element, action)
        self._elements[action] = element
        return self

    def emit(self, action: str, *values: object) -> object:
        """Emit an action with its values, and return its result.

        Raises
        ------
        StateError
            The action is not attached to an element.
        ArgumentTypeError
            It takes other values.
        """
        from dsbind import _signals

        element = self._elements.get(action)
        if element is None:
            known = ", ".join(self._elements) or "none"
            raise StateError(
                f"{self!r} has nowhere to send {action!r}: attach(action, pipeline[name]) first; "
                f"attached are {known}"
            )
        return _signals.emit(element, action, values)

    def attach_to(self, graph: Graph, target: str, tips: str) -> Attachment:
        """Send the actions that `tips` names, as "start-sr/stop-sr", to an element of a graph."""
        for action in _names(self, tips):
            self.attach(action, graph.element(target))
        return _Connections([])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class SourceManager(Emitter):
    """Adds sources to a flow and removes them, while it runs.

    Pass it to `Flow.capture(source_manager=...)`. The sources are played one after the other, in
    the order in which they were added, each until its end; the stream goes on until `terminate`.
    Each frame carries the metadata of a batch of one, whose `source_id` is what `add_source`
    returned; `DynamicSourceMessage` tells when a source begins and when it is gone. One that cannot
    be read fails alone, and its error is raised when the flow ends.
    """

    def __init__(self, name: str = "source_manager") -> None:
        super().__init__(name)

    def add_source(self, uri: str) -> int:
        """Play a source after those that were added before.

        Parameters
        ----------
        uri
            A URI or a path; a relative path counts from the working directory.

        Returns
        -------
        int
            The number of the source; -1 where the manager is not attached, or has terminated.
        """
        if isinstance(uri, os.PathLike):
            uri = os.fspath(uri)
        if not isinstance(uri, str) or not uri:
            raise ArgumentTypeError(f"a source is a URI or a path, not {shown(uri)}")
        if "add-source" not in self._elements:
            return -1
        number = self.emit("add-source", uri if "://" in uri else uri_of_path(uri))
        return number if isinstance(number, int) else -1

    def remove_source(self, source_id: int) -> bool:
        """Take a source away, whether it waits or plays: False where it is none of both."""
        if "remove-source" not in self._elements:
            return False
        return bool(self.emit("remove-source", source_id))

    def terminate(self) -> None:
        """End the stream once what was added has been played. Nothing can be added after it."""
        if "terminate" in self._elements:
            self.emit("terminate")


class Handler(Attachable):
    """Is called when an element emits a signal. Pass a function, or subclass it and write `handle`.

    Attach it with the names of the signals as tips:
    `pipeline.attach("src", Handler("seen", callback), tips="pad-added")`.

    Parameters
    ----------
    name
        Any name; on one element each is used once.
    callback
        Called as `callback(origin, signal, *values)` on the thread that emits the signal, while
        the pipeline runs. An exception stops the pipeline and is raised from `wait()`.
    """

    def __init__(self, name: str, callback: Callable[..., object] | None = None) -> None:
        if callback is not None and not callable(callback):
            raise ArgumentTypeError(f"Handler {name!r} needs a callable, not {callback!r}")
        self.name = name
        self._callback = callback

    def handle(self, origin: str, signal: str, *values: object) -> object:
        """Called for each emission.

        Parameters
        ----------
        origin
            Name of the element.
        signal
            Name of the signal.
        *values
            What it tells: numbers, texts, names of objects, addresses of structures.

        Returns
        -------
        object
            The result of the signal, where it has one; None leaves the default.
        """
        if self._callback is None:
            raise NotImplementedError(f"{type(self).__name__} does not define handle()")
        return self._callback(origin, signal, *values)

    def attach_to(self, graph: Graph, target: str, tips: str) -> Attachment:
        """Listen to the signals that `tips` names, as "sr-done/pad-added"."""
        from dsbind import _signals

        element = graph.element(target)

        def listen(signal: str) -> Connection:
            def call(*values: object) -> object:
                return self.handle(target, signal, *values)

            return _signals.Connection(element, signal, call, graph.failure.report)

        return _Connections([listen(signal) for signal in _names(self, tips)])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class _Connections:
    """The signals of one element that an object listens to."""

    def __init__(self, connections: Sequence[Connection]) -> None:
        self._connections = connections

    @property
    def enabled(self) -> bool:
        return any(connection.enabled for connection in self._connections)

    @enabled.setter
    def enabled(self, on: bool) -> None:
        for connection in self._connections:
            connection.enabled = on

    def is_current(self) -> bool:
        return any(connection.is_current() for connection in self._connections)


def _names(what: Attachable, tips: str) -> list[str]:
    names = [name.strip() for name in tips.split("/") if name.strip()]
    if not names:
        raise ProbeError(
            f"{what!r} needs the names of signals: attach(..., tips='NAME') or 'NAME/NAME'"
        )
    return names
