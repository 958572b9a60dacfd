# SPDX-License-Identifier: Apache-2.0
"""Pipelines: elements by name, how they are linked, and running them."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Mapping
from typing import Any

from dsbind.attaching import Attachable
from dsbind.errors import (
    ArgumentTypeError,
    ConfigError,
    StateError,
    StopTimeoutError,
    add_text,
)
from dsbind.functions import need_plain
from dsbind.graph import Graph
from dsbind.node import Node, attach, is_pair
from dsbind.picture import GRAPHS_VARIABLE, Picture, draw
from dsbind.publishing import counts
from dsbind.run import MessageCallback, Run, end_all
from dsbind.terminating import delayed

__all__ = ["Node", "Pipeline"]

# After Ctrl-C: time for the streams to end, and for everything to be gone.
_INTERRUPT_EOS = 0.7
_INTERRUPT_END = 0.95
# How often the main thread looks for signals while it waits. When two come at once, such as Ctrl-C
# and SIGTERM, another thread may get both, and a wait without end would not be cut short.
_LOOK_AGAIN = 0.2
# A century; what GStreamer counts in nanoseconds ends after nearly three.
_MOST_SECONDS = 3.2e9
# How long seek() waits for a pipeline that is just starting.
_START_TIME = 5.0
_MOST_PORT = 65535
_MOST_BUFFER = 2**31 - 1


class Pipeline:
    """Elements linked into a graph that runs as one.

    Parameters
    ----------
    name
        Its name in messages.
    config_file
        A YAML file that describes its elements, and how they are linked.

    Raises
    ------
    PipelineFileError
        The file is not as it should be; the message names file, line and key.

    Notes
    -----
    All methods may be called from any thread, and all but `wait` inside a callback.
    """

    def __init__(self, name: str, config_file: str | os.PathLike[str] | None = None) -> None:
        if not isinstance(name, str):
            raise ArgumentTypeError(f"a pipeline's name is a text, not {name!r}")
        self._graph = Graph(name)
        self._nodes: dict[str, Node] = {}
        self._run: Run | None = None
        self._lock = threading.Lock()
        self._seek: float | None = None
        if config_file is not None:
            from dsbind.pipeline_file import build

            build(self, config_file)

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
        for text in (type_name, name):
            if not isinstance(text, str):
                raise ArgumentTypeError(f"add() takes an element's type and name, not {text!r}")
        self._graph.add(type_name, name)
        if properties:
            try:
                self[name].set(properties)
            except BaseException:
                # The program may add it again with other values.
                self._graph.remove(name)
                raise
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
        if len(names) != 2 or not all(is_pair(pair) for pair in names):
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
        """Attach a probe, feeder, receiver or signal object to an element.

        Parameters
        ----------
        target
            The element.
        what
            The object, or the name of a factory that makes one.
        name
            The object's name, where `what` is a factory.
        tips
            For a probe the source pad: by default the last one. For others the signals, such as
            "need-data/enough-data".
        properties
            Set on the object, before it is attached.

        Raises
        ------
        ProbeError
            There is no such source pad, or the element has an object of this name.
        ArgumentTypeError
            `what` cannot be attached.
        """
        attach(self._graph, target, what, name, tips, properties, "Pipeline.attach")
        return self

    def __getitem__(self, name: str) -> Node:
        """The element of this name."""
        node = self._nodes.get(name)
        if node is None or node._element is not self._graph.elements.get(name):
            node = self._nodes[name] = Node(self._graph, name)
        return node

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._graph.elements

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
        need_plain("on_message", on_message)
        if not self._graph.elements:
            raise StateError(f"pipeline {self.name!r} is empty; add() elements first")
        with self._lock:
            if self._run is not None and not self._run.is_over:
                raise StateError(f"pipeline {self.name!r} is running; stop() and wait() first")
            if GRAPHS_VARIABLE in os.environ:
                self.graph().keep(os.environ[GRAPHS_VARIABLE], self.name)
                return self
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
        if GRAPHS_VARIABLE in os.environ:
            return self
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
        within a second; a second Ctrl-C cuts everything off at once. Where files are written,
        SIGTERM ends the process only when they are complete, unless the program handles it itself.

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
        limit = None
        if timeout is not None:
            limit = min(_seconds("wait", timeout), threading.TIMEOUT_MAX)
        with delayed(end_all, bool(self._graph.outputs)):
            try:
                ended = _wait(run, limit)
            except KeyboardInterrupt as interrupt:
                self._interrupt(run)
                if run.error is not None:
                    add_text(interrupt, f"the pipeline had failed: {run.error}")
                for path in run.partial_outputs():
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
        seconds = _seconds("stop", timeout)
        if self._run is not None and not self._run.ended.is_set():
            self._run.request_stop(seconds)
        return self

    def pause(self) -> Pipeline:
        """Hold everything where it is; `resume` goes on. `stop` works meanwhile, too.

        Raises
        ------
        StateError
            It is not playing.
        """
        return self._hold(True)

    def resume(self) -> Pipeline:
        """Go on after `pause`.

        Raises
        ------
        StateError
            It is not running.
        """
        return self._hold(False)

    def _hold(self, paused: bool) -> Pipeline:
        run = self._run
        if run is None or run.ended.is_set():
            raise StateError(f"pipeline {self.name!r} is not running; start() it first")
        if not run.watched:
            raise StateError(f"pipeline {self.name!r} is prepared but not playing: call activate()")
        run.hold(paused)
        return self

    @property
    def running(self) -> bool:
        """Whether it was prepared or started, and has not ended yet."""
        return self._run is not None and not self._run.ended.is_set()

    def seek(self, time_in_seconds: float) -> Pipeline:
        """Go to the last key frame at or before a time; before the start, start there.

        Raises
        ------
        ConfigError
            The time is negative or no number.
        StateError
            The sources cannot seek, or the pipeline does not get to play.
        """
        seconds = _seconds("seek", time_in_seconds)
        if not 0 <= seconds <= _MOST_SECONDS:
            raise ConfigError(f"seek() takes seconds from 0, not {time_in_seconds!r}")
        run = self._run
        if run is None or run.ended.is_set():
            self._seek = seconds
        elif not run.seek(seconds, _START_TIME):
            raise StateError(
                f"pipeline {self.name!r} cannot seek to {seconds:g} s: "
                "its sources cannot, or it is not playing yet"
            )
        return self

    def start_rtsp_server(self, rtsp_port: int, udp_port: int, buffer_size: int = 0) -> int:
        """Serve a local RTP stream of H.264, sent to `udp_port`, at rtsp://127.0.0.1:PORT/ds-test.

        The server runs from now on, beside the pipeline, and ends with its run.

        Parameters
        ----------
        rtsp_port, udp_port
            From 1 to 65535, on the loopback interface.
        buffer_size
            Bytes of the UDP socket's buffer; 0 for the system's default.

        Returns
        -------
        int
            The RTSP port.

        Raises
        ------
        ConfigError
            A number is out of range.
        OutputError
            A port is taken.
        """
        numbers = {"rtsp_port": rtsp_port, "udp_port": udp_port, "buffer_size": buffer_size}
        for name, number in numbers.items():
            most = _MOST_BUFFER if name == "buffer_size" else _MOST_PORT
            if not isinstance(number, int) or isinstance(number, bool):
                raise ArgumentTypeError(f"start_rtsp_server(): {name} is a number, not {number!r}")
            if not (name != "buffer_size") <= number <= most:
                raise ConfigError(f"start_rtsp_server(): {name} is up to {most}, not {number}")
        from dsbind._rtsp import RtspServer

        self._graph.servers.append(RtspServer(rtsp_port, udp_port, buffer_size))
        return rtsp_port

    # Looking at it

    def stats(self) -> dict[str, dict[str, int | bool]]:
        """What `publish` has counted, by the name of its element.

        At any time, and after the end: `messages` handed over, of which so many were `acknowledged`
        by the broker, have `failed` (refused, or not sent in time) or were `dropped` by the queue's
        policy, and so many are `queued` still; `retried` counts those that were sent again.
        """
        return counts(self._graph)

    def graph(self, details: bool = False) -> Picture:
        """The elements and their links: a picture, and text in Graphviz' dot language.

        Parameters
        ----------
        details
            Everything that GStreamer knows: the elements inside bins, all properties, all caps.

        Examples
        --------
        >>> pipeline.graph().save("pipeline.svg")
        """
        return Picture(self._graph.core.graph()) if details else draw(self._graph)

    def _repr_svg_(self) -> str | None:
        return self.graph()._repr_svg_()

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


def _seconds(method: str, value: object) -> float:
    try:
        seconds = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ArgumentTypeError(f"{method}() takes seconds, not {value!r}") from None
    except OverflowError:
        raise ConfigError(f"{method}() takes seconds, not a number of that size") from None
    if math.isnan(seconds):
        raise ConfigError(f"{method}() takes seconds, not {value!r}")
    return seconds


def _wait(run: Run, limit: float | None) -> bool:
    """Whether a run has ended, after at most `limit` seconds."""
    until = math.inf if limit is None else time.monotonic() + limit
    while not run.ended.wait(max(0.0, min(_LOOK_AGAIN, until - time.monotonic()))):
        if time.monotonic() >= until:
            return False
    return True
