# SPDX-License-Identifier: Apache-2.0
"""Pipelines: elements by name, how they are linked, and running them."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dsbind import gst
from dsbind.attaching import Attachable
from dsbind.errors import (
    ArgumentTypeError,
    ConfigError,
    MissingElementError,
    StateError,
    StopTimeoutError,
    UnsupportedError,
    add_text,
)
from dsbind.graph import Graph
from dsbind.run import MessageCallback, Run

__all__ = ["Node", "Pipeline"]

# After Ctrl-C: time for the streams to end, and for everything to be gone.
_INTERRUPT_EOS = 0.7
_INTERRUPT_END = 0.95
# A century; what GStreamer counts in nanoseconds ends after nearly three.
_MOST_SECONDS = 3.2e9


class Pipeline:
    """Elements linked into a graph that runs as one.

    Parameters
    ----------
    name
        Its name in messages.
    config_file
        A YAML file that describes the graph; not in this release.

    Notes
    -----
    All methods may be called from any thread. `stop` may also be called inside a callback.
    """

    def __init__(self, name: str, config_file: str | None = None) -> None:
        if config_file is not None:
            raise UnsupportedError(
                f"Pipeline({name!r}, {config_file!r}): this release reads no pipeline files; "
                "use add() and link()"
            )
        self._graph = Graph(name)
        self._nodes: dict[str, Node] = {}
        self._run: Run | None = None
        self._lock = threading.Lock()
        self._seek: float | None = None

    @property
    def name(self) -> str:
        """The name it was given."""
        return self._graph.name

    # Building

    def add(
        self, type_name: str, name: str, properties: Mapping[str, object] | None = None
    ) -> Pipeline:
        """Make an element and set its properties.

        Raises
        ------
        MissingElementError
            GStreamer has no element `type_name`.
        ConfigError
            A property's value cannot be used. An unknown property only warns.
        """
        self._graph.add(type_name, name)
        if properties:
            self[name].set(properties)
        return self

    def link(self, *names: Any) -> Pipeline:
        """Link elements in a chain, or one pair with hints for its pads.

        `link("a", "b", "c")`, or `link(("a", "b"), ("src_%u", "sink_%u"))`, where a hint is the
        name of a pad template, of a pad, or empty. Pads of a muxer are numbered in the order of
        the calls.

        Raises
        ------
        LinkError
            Two elements have no pads that go together.
        """
        if len(names) < 2:
            raise ArgumentTypeError(
                f"Invalid number of arguments: link() needs at least two elements, not {names!r}"
            )
        if all(isinstance(name, str) for name in names):
            for source, target in zip(names, names[1:], strict=False):
                self._graph.link(source, target)
            return self
        if len(names) != 2 or not all(_is_pair(pair) for pair in names):
            raise ArgumentTypeError(
                "Invalid number of arguments: link() with pads is link((source, target), "
                f"(source_pad, target_pad)), not {names!r}"
            )
        (source, target), (source_pad, target_pad) = names
        self._graph.link(source, target, source_pad, target_pad)
        return self

    def attach(
        self,
        target: str,
        what: Attachable | str,
        name: str = "",
        tips: str = "",
        properties: Mapping[str, object] | None = None,
    ) -> Pipeline:
        """Attach a probe to a source pad of an element: the last one, or the one that `tips` names.

        Raises
        ------
        ProbeError
            There is no such source pad, or the element has a probe of this name.
        """
        if isinstance(what, str):
            raise UnsupportedError(
                f"attach({what!r}): this release has no probes by name; pass a Probe"
            )
        if not isinstance(what, Attachable):
            raise ArgumentTypeError(
                f"Unsupported object type for Pipeline.attach: {what!r} is no Probe, Feeder or "
                "Receiver"
            )
        self._graph.attach(target, what, tips)
        return self

    def __getitem__(self, name: str) -> Node:
        """The element of this name."""
        node = self._nodes.get(name)
        if node is None:
            node = self._nodes[name] = Node(self._graph, name)
        return node

    def __contains__(self, name: object) -> bool:
        return name in self._graph.elements

    # Running

    def start(self, on_message: MessageCallback | None = None) -> Pipeline:
        """Start playing and return at once.

        Parameters
        ----------
        on_message
            Called with each `PipelineMessage`, on the thread that watches the pipeline. An
            exception in it stops the pipeline and is raised from `wait()`.

        Raises
        ------
        Error
            An element refused to start. Nothing is left running then.
        """
        self.prepare(on_message)
        return self.activate()

    def prepare(self, on_message: MessageCallback | None = None) -> Pipeline:
        """Go to PAUSED: everything is opened and allocated, nothing plays yet.

        Raises
        ------
        StateError
            It is running, or there is nothing in it.
        Error
            An element refused to start. Nothing is left running then.
        """
        if on_message is not None and not callable(on_message):
            raise ArgumentTypeError(f"Message callback is not callable: {on_message!r}")
        if not self._graph.elements:
            raise StateError(f"pipeline {self.name!r} is empty; add() elements first")
        with self._lock:
            if self._run is not None and not self._run.ended.is_set():
                raise StateError(f"pipeline {self.name!r} is running; stop() and wait() first")
            run = self._run = Run(self._graph, on_message)
        try:
            run.prepare(self._seek)
        except BaseException as error:
            run.abandon(error)
            raise
        self._seek = None
        return self

    def activate(self) -> Pipeline:
        """After `prepare()`: start playing and return at once.

        Where `stop` came first, for example inside a probe, this does nothing.

        Raises
        ------
        StateError
            It was not prepared, or plays already.
        Error
            An element refused to start. Nothing is left running then.
        """
        run = self._run
        if run is None or not run.claim():
            raise StateError(f"pipeline {self.name!r} is not prepared; call prepare() or start()")
        try:
            run.play()
        except BaseException as error:
            run.abandon(error)
            raise
        return self

    def wait(self, timeout: float | None = None) -> Pipeline:
        """Wait for the end of the pipeline.

        On Ctrl-C the streams are ended, so that files are complete, and KeyboardInterrupt is raised
        within a second; a second Ctrl-C cuts everything off at once.

        Parameters
        ----------
        timeout
            Seconds to wait at most.

        Raises
        ------
        Error
            What an element failed of.
        BaseException
            What Python code raised in a callback, with its own traceback.
        StopTimeoutError
            The pipeline still runs after `timeout`; nothing was done to it.
        """
        run = self._run
        if run is None:
            return self
        if run.is_watcher() or self._graph.is_in_callback():
            raise StateError("wait() inside a callback would wait for itself; call stop() there")
        if not run.watched and not run.ended.is_set():
            raise StateError(f"pipeline {self.name!r} is prepared but not playing: call activate()")
        try:
            limit = None if timeout is None else min(timeout, threading.TIMEOUT_MAX)
            ended = run.ended.wait(limit)
        except KeyboardInterrupt as interrupt:
            self._interrupt(run)
            if run.error is not None:
                add_text(interrupt, f"the pipeline had failed: {run.error}")
            for path in self._graph.partial_outputs():
                add_text(interrupt, f"output so far is in {path}")
            raise
        if not ended:
            raise StopTimeoutError(
                f"pipeline {self.name!r} still runs after {timeout:g} s; stop() ends it"
            )
        if run.error is not None:
            raise run.error
        return self

    def stop(self, timeout: float = 10.0) -> Pipeline:
        """Ask the pipeline to end, and return at once; `wait()` returns when it has.

        The sources end their streams, so that everything on its way is still processed and files
        are complete. What still plays after `timeout` seconds is cut off. For any thread, inside a
        callback too, as often as wanted.

        Raises
        ------
        ConfigError
            `timeout` is no number of seconds.
        """
        if math.isnan(timeout):
            raise ConfigError(f"stop() takes seconds, not {timeout!r}")
        if self._run is not None and not self._run.ended.is_set():
            self._run.request_stop(timeout)
        return self

    def seek(self, time_in_seconds: float) -> Pipeline:
        """Go to the last key frame at or before a time; before the start, start there.

        Raises
        ------
        ConfigError
            The time is negative or no number.
        StateError
            The sources cannot seek, or the pipeline is not playing yet.
        """
        seconds = float(time_in_seconds)
        if not 0 <= seconds <= _MOST_SECONDS:
            raise ConfigError(f"seek() takes seconds from 0, not {time_in_seconds!r}")
        if self._run is None or self._run.ended.is_set():
            self._seek = seconds
        elif not self._graph.core.seek(seconds):
            raise StateError(
                f"pipeline {self.name!r} cannot seek to {seconds:g} s: "
                "its sources cannot, or it is not playing yet"
            )
        return self

    def graph(self) -> str:
        """The elements and links in Graphviz' dot language."""
        return self._graph.core.graph()

    def _interrupt(self, run: Run) -> None:
        until = time.monotonic() + _INTERRUPT_END
        run.request_stop(_INTERRUPT_EOS, interrupted=True)
        try:
            run.ended.wait(until - time.monotonic())
        except KeyboardInterrupt:
            run.request_stop(0.0, interrupted=True)
            run.ended.wait(max(0.0, until - time.monotonic()))

    def __repr__(self) -> str:
        return f"<Pipeline {self.name!r}: {', '.join(self._graph.elements) or 'empty'}>"


class Node:
    """One element of a pipeline, as `pipeline[name]` gives it."""

    def __init__(self, graph: Graph, name: str) -> None:
        self._graph = graph
        self._element: gst.Element = graph.element(name)
        self._name = name

    @property
    def name(self) -> str:
        """Its name within the pipeline."""
        return self._name

    def set(
        self,
        properties: Mapping[str, object] | Iterable[Mapping[str, object]] | str,
        *value: object,
    ) -> Node:
        """Set properties from a mapping, from several, or one by name and value.

        Underscores in names count as hyphens. A list sets its property once for each item.

        Raises
        ------
        ConfigError
            A value is of the wrong type or out of range; the message names the range.
        """
        if isinstance(properties, str):
            if len(value) != 1:
                raise ArgumentTypeError(f"set({properties!r}) needs one value, not {value!r}")
            properties = {properties: value[0]}
        groups = [properties] if isinstance(properties, Mapping) else properties
        if not isinstance(groups, Iterable):
            raise ArgumentTypeError(f"set() takes a mapping of properties, not {groups!r}")
        for group in groups:
            if not isinstance(group, Mapping) or not all(isinstance(key, str) for key in group):
                raise ArgumentTypeError(f"set() takes mappings of names to values, not {group!r}")
            for key, item in group.items():
                for one in item if isinstance(item, list) else [item]:
                    self._element.set(key.replace("_", "-"), one)
        return self

    def get(self, key: str) -> str | int | float | bool | None:
        """The value of a property, enums and flags as numbers; None where there is none."""
        return self._element.get(key.replace("_", "-"))

    def link(self, node: Node, pads: Sequence[str] = ("", "")) -> Node:
        """Link to another element; `pads` hints which pads, as in `Pipeline.link`."""
        self._graph.link(self._name, node.name, pads[0], pads[1])
        return self

    def attach(self, what: Attachable, tips: str = "") -> Node:
        """Attach a probe, as `Pipeline.attach` does."""
        if not isinstance(what, Attachable):
            raise ArgumentTypeError(
                f"Unsupported object type for Node.attach: {what!r} is no Probe, Feeder or Receiver"
            )
        self._graph.attach(self._name, what, tips)
        return self

    def find(self, name: str) -> Attachable:
        """What was attached here under a name."""
        found = self._graph.attached.get((self._name, name))
        if found is None:
            raise MissingElementError(f"{name} Not found: {self._name!r} has no probe of that name")
        return found[0]

    def __repr__(self) -> str:
        return f"<Node {self._element}>"


def _is_pair(value: object) -> bool:
    return (
        isinstance(value, (tuple, list))
        and len(value) == 2
        and all(isinstance(name, str) for name in value)
    )
