# SPDX-License-Identifier: Apache-2.0
"""The parts of one pipeline: elements, links, probes, and what ends where."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol
from urllib.parse import unquote, urlsplit

from dsbind import gst
from dsbind._branch import has_streams_apart, is_sink
from dsbind.attaching import Attachable, Attachment
from dsbind.branches import Branches
from dsbind.claims import Claim, claim_all
from dsbind.errors import (
    ArgumentTypeError,
    ConfigError,
    Error,
    LinkError,
    MissingElementError,
    OutputError,
    ProbeError,
    StateError,
    warn_of_config,
)


class Failure:
    """The first exception that Python code raised in a callback; later ones are its echo."""

    def __init__(self, core: gst.Bin) -> None:
        self._core = core
        self._lock = threading.Lock()
        self.error: BaseException | None = None

    def report(self, error: BaseException) -> None:
        """Keep an exception and wake whoever watches the bus. For any thread."""
        with self._lock:
            if self.error is None:
                self.error = error
        self._core.wake("failure")


class CycleError(LinkError, ConfigError):
    """A link would lead frames back to where they came from."""


class Server(Protocol):
    """What a pipeline starts beside itself."""

    def close(self) -> None:
        """End it; once more does nothing."""
        ...


class Graph:
    """What a pipeline is made of. It knows nothing of who runs it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.core = gst.Bin(name)
        self.failure = Failure(self.core)
        self.elements: dict[str, gst.Element] = {}
        #: By element and name: what was attached there.
        self.attached: dict[tuple[str, str], tuple[Attachable, Attachment]] = {}
        # Whether a run goes on, and callbacks with it.
        self._running = False
        #: For each element, the sink pads (element, pad) that were linked to it or kept for it.
        self.links: dict[str, list[tuple[str, str]]] = {}
        self.branches = Branches(self)
        #: Servers that run beside it and end with a run.
        self.servers: list[Server] = []
        #: Sources that may fail while others go on.
        self.tolerated: set[str] = set()
        #: Sources that a flow does not go on with. They rest while nothing follows them.
        self.left_out: set[str] = set()
        #: Files that are written: path, and its (size, mtime) before, None where it was not there.
        self.outputs: dict[str, tuple[int, int] | None] = {}
        #: The elements that write each of them, first to last.
        self.writers: dict[str, list[str]] = {}

    def add(self, factory: str, name: str) -> gst.Element:
        if self._running:
            raise StateError(
                f"pipeline {self.name!r} is running; stop() and wait() before elements are added"
            )
        if not name:
            raise ConfigError(
                f"an element of pipeline {self.name!r} needs a name; {factory} has none"
            )
        if name in self.elements:
            raise Error(
                f"pipeline {self.name!r} has an element {name!r} already; choose another name"
            )
        element = gst.Element(factory, name)
        if not self.core.add(element):
            raise Error(f"pipeline {self.name!r} does not take {element}: choose another name")
        self.elements[name] = element
        return element

    def remove(self, name: str) -> None:
        """Take an element out again. For one that nothing plays through."""
        element = self.elements.pop(name)
        element.set_state(gst.NULL_STATE)
        self.core.remove(element)

    @contextmanager
    def whole(self) -> Iterator[None]:
        """What is added inside is added wholly: where that fails, nothing of it stays.

        A link to an element that was there before comes last inside: it is not undone.
        """
        elements, attached = set(self.elements), set(self.attached)
        links = {name: list(ends) for name, ends in self.links.items()}
        forks, branches = self.branches.copy()
        tolerated, left_out = set(self.tolerated), set(self.left_out)
        outputs, writers = dict(self.outputs), dict(self.writers)
        try:
            yield
        except BaseException:
            for key in self.attached.keys() - attached:
                _, attachment = self.attached.pop(key)
                attachment.enabled = False
            for name in self.elements.keys() - elements:
                self.remove(name)
            self.links = links
            self.branches.restore(forks, branches)
            self.tolerated, self.left_out = tolerated, left_out
            self.outputs, self.writers = outputs, writers
            raise

    def element(self, name: str) -> gst.Element:
        try:
            return self.elements[name]
        except KeyError:
            names = ", ".join(self.elements) or "none"
            raise MissingElementError(
                f"{name} Not found: the elements of pipeline {self.name!r} are {names}"
            ) from None

    def link(self, source: str, target: str, source_pad: str = "", target_pad: str = "") -> None:
        first, second = self.element(source), self.element(target)
        way = self._way(target, source)
        # Of an element with streams apart, only itself knows which goes where.
        if way and not any(has_streams_apart(self.elements[name]) for name in way):
            raise CycleError(
                f"Elements linking failed: {source} to {target} would close the cycle "
                f"{' -> '.join([source, *way])}, in which no frame ever comes to an end: "
                "leave out one of its links"
            )
        _, sink = first.link(second, source_pad, target_pad)
        self.links.setdefault(source, []).append((target, sink))

    def _way(self, start: str, end: str) -> list[str]:
        """The elements that the links lead through from one to another; empty where they do not."""
        before = {start: ""}
        for name in (names := [start]):
            if name == end:
                way = [end]
                while before[way[0]]:
                    way.insert(0, before[way[0]])
                return way
            for target, _ in self.links.get(name, ()):
                if target not in before:
                    before[target] = name
                    names.append(target)
        return []

    def attach(self, target: str, what: Attachable, tips: str = "") -> None:
        self.element(target)
        if not isinstance(what.name, str):
            raise ArgumentTypeError(f"what is attached has a text as its name, not {what.name!r}")
        if (target, what.name) in self.attached:
            raise ProbeError(f"Custom Object duplicated: {target!r} has a {what.name!r} already")
        attachment = what.attach_to(self, target, tips)
        self.attached[target, what.name] = (what, attachment)
        if self._running:
            attachment.enabled = True

    def enable_callbacks(self, on: bool) -> None:
        self._running = on
        for _, attachment in list(self.attached.values()):
            attachment.enabled = on

    def is_in_callback(self) -> bool:
        """Whether this is called inside a callback of something attached here."""
        return any(attachment.is_current() for _, attachment in list(self.attached.values()))

    def rest_left_out(self) -> None:
        for name in self.left_out:
            self.elements[name].lock_state(name not in self.links)

    def warn_of_lone_sinks(self) -> None:
        """Warn of sinks that get no data: a pipeline ends when all its sinks have."""
        fed = {target for ends in self.links.values() for target, _ in ends}
        for name, element in self.elements.items():
            if name not in fed and is_sink(element):
                warn_of_config(
                    f"{element} of pipeline {self.name!r} is linked to nothing, so the pipeline "
                    "cannot end by itself: link it, or leave it out"
                )

    def uri_of(self, name: str) -> str | None:
        """What a source reads; None for an element that is no source."""
        element = self.elements.get(name)
        if element is None or not element.has("uri"):
            return None
        return str(element.get("uri") or "")

    def add_output(self, path: str) -> None:
        """Check that a file can be written, and remember it.

        Raises
        ------
        OutputError
            It cannot, or it is one of the inputs.
        """
        folder = os.path.dirname(path)
        if not os.path.isdir(folder):
            raise OutputError(f"{path} cannot be written: there is no folder {folder}; create it")
        if os.path.exists(path) and not os.path.isfile(path):
            raise OutputError(f"{path} cannot be written: it is not a file; choose another name")
        for name in self.elements:
            if _same_file(path, self.uri_of(name)):
                raise OutputError(f"{path} is an input of this pipeline; choose another output")
        if any(os.path.realpath(path) == os.path.realpath(other) for other in self.outputs):
            raise OutputError(f"{path} is written by this pipeline already; choose another name")
        before = _stamp(path)
        try:
            if before is None:
                Claim(path).release(keep_empty=False)
            else:
                with open(path, "ab"):
                    pass
        except BlockingIOError:
            # It may be free again when this pipeline starts.
            pass
        except OSError as error:
            raise OutputError(
                f"{path} cannot be written: {error.strerror}; choose another folder or name"
            ) from error
        self.outputs[path] = before

    def claim_outputs(self) -> list[Claim]:
        """Claim all files that are written, also by elements that the program made.

        Raises
        ------
        OutputError
            Somebody else writes one of them.
        """
        paths = [
            str(element.get("location") or "")
            for element in self.elements.values()
            if element.factory == "filesink" and not element.get("append")
        ]
        paths += [path for path in self.outputs if path not in paths]
        return claim_all(path for path in paths if path)

    def partial_outputs(self) -> list[str]:
        """Files that this run began to write. Those still empty are removed."""
        left = []
        for path, before in self.outputs.items():
            now = _stamp(path)
            if now is None or now == before:
                continue
            if now[0] == 0:
                os.unlink(path)
            else:
                left.append(path)
        return left

    def close_servers(self) -> None:
        """End what runs beside the pipeline."""
        servers, self.servers = self.servers, []
        for server in servers:
            server.close()

    def note_outputs(self) -> None:
        """Remember the files as they are before a run."""
        self.outputs = {path: _stamp(path) for path in self.outputs}


def _same_file(path: str, uri: str | None) -> bool:
    """Whether a file is what a source reads, also by another name of it: a link."""
    if uri is None or not uri.startswith("file://"):
        return False
    source = unquote(urlsplit(uri).path)
    try:
        return os.path.samefile(path, source)
    except OSError:
        return path == source


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns
