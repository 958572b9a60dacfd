# SPDX-License-Identifier: Apache-2.0
"""What a run goes on without: sources and branches that failed beside others."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from dsbind import gst
from dsbind._branch import is_sink, say_eos
from dsbind.errors import Error, mask_uri
from dsbind.failures import error_of, warn_of
from dsbind.messages import SourceStateMessage

if TYPE_CHECKING:
    from dsbind.branches import Branch
    from dsbind.graph import Graph

__all__ = ["Losses"]

_log = logging.getLogger("dsbind")

# Sources may come and go, and fail, for as long as a pipeline runs.
_MOST = 64


class Losses:
    """Sources and branches of one run that failed, while the others go on.

    Parameters
    ----------
    graph
        What runs.
    go_on
        Asks the pipeline for its state once more: an error on the bus ends a change of state that
        is going on.
    """

    def __init__(self, graph: Graph, go_on: Callable[[], None]) -> None:
        self._graph = graph
        self._go_on = go_on
        self._sources = set(graph.tolerated)
        self._errors: list[Error] = []
        self._aside: list[gst.Element] = []
        self._cut: list[gst.Element] = []

    def take_error(self, message: gst.Message) -> Error | None:
        """Deal with an "error" message: what the run fails of, None where the rest goes on."""
        if _is_inner_source(message):
            self._errors.append(_inner_loss(message))
            return self._errors.pop(0)
        name = message.path[0] if message.path else ""
        if any(error.element == name for error in self._errors):
            return None
        branches = self._graph.branches
        branch = branches.live(name)
        if branch is not None and (branch.lost or self._graph.failure.error is not None):
            # The echo of what is known already.
            return None
        error = error_of(message, self._graph.uri_of(name))
        if branch is not None:
            branch = branches.lose(branch)
        if branch is not None:
            self._errors.append(error)
            self._cut_branch(branch)
            return None
        if name not in self._sources:
            return error
        self._sources.discard(name)
        self._errors.append(error)
        if not self._sources:
            return self._errors.pop(0)
        self._set_aside(name)
        return None

    def take_warning(self, message: gst.Message) -> None:
        """Deal with a "warning" message, by which elements with several sources tell of losses."""
        if not _is_inner_source(message):
            warn_of(message)
            return
        error = _inner_loss(message)
        if len(self._errors) < _MOST:
            self._errors.append(error)
        _log.warning("%s; the other sources go on", error)

    def take_state(self, message: gst.Message) -> SourceStateMessage:
        """Log that a source comes and goes, once for each time, and say it in a message."""
        given = message.details
        number = int(str(given["source-id"]))
        for _, pad in self._graph.links.get(message.origin, ()):
            if number < 0 and pad.startswith("sink_"):
                number = int(pad.removeprefix("sink_"))
        state = SourceStateMessage(
            message.origin,
            number,
            mask_uri(str(given["uri"])),
            str(given["state"]),
            int(str(given["attempt"])),
            float(str(given["seconds"])),
            mask_uri(str(given["reason"])),
        )
        if state.state == "lost":
            _log.warning(
                "source %r: %s is lost: %s; it will be tried again",
                state.source,
                state.uri,
                state.reason,
            )
        elif state.state == "playing":
            _log.warning("source %r plays again after %.1f s", state.source, state.seconds)
        return state

    def _set_aside(self, name: str) -> None:
        """Go on without a source: its muxer pads end, it is not started again."""
        source = self._graph.elements[name]
        # Out of the pipeline, which else would wait for it on its way to PLAYING.
        source.lock_state(True)
        source.set_state(gst.NULL_STATE)
        self._graph.core.remove(source)
        self._aside.append(source)
        self.end_aside()
        self._go_on()
        _log.warning("%s; the other sources go on", self._errors[-1])

    def end_aside(self) -> None:
        """End the muxer pads of sources set aside; again after PAUSED, before which it is lost."""
        for source in self._aside:
            for target, pad in self._graph.links.get(source.name, ()):
                self._graph.elements[target].end_pad(pad)

    def _cut_branch(self, branch: Branch) -> None:
        """Go on without a branch of a fork. Its sinks count as ended."""
        branch.guard.closed = True
        for element in self._graph.branches.elements(branch):
            element.lock_state(True)
            element.set_state(gst.NULL_STATE)
            self._cut.append(element)
        self._go_on()
        self.end_cut()
        _log.warning("%s; the other branches go on", self._errors[-1])

    def end_cut(self) -> None:
        """Keep the pipeline from waiting for sinks that were cut off; a pause makes it forget."""
        for element in self._cut:
            if is_sink(element):
                say_eos(element)

    def restore(self) -> None:
        """Put back what was set aside, for the next run."""
        for source in self._aside:
            source.lock_state(False)
            self._graph.core.add(source)
        for element in self._cut:
            element.lock_state(False)

    def report(self, error: BaseException | None) -> BaseException | None:
        """What is raised at the end: the run's own error, where it has one, with the others."""
        lost = self._errors
        if not lost:
            return error
        if error is None:
            error, lost = lost[0], lost[1:]
        if isinstance(error, Error):
            error.others = tuple(lost)
        for other in lost:
            notes = error.__dict__.setdefault("__notes__", [])
            notes.append(f"also failed: {other}")
        return error


def _is_inner_source(message: gst.Message) -> bool:
    """Whether an element lost one of several sources of its own."""
    return {"source-id", "uri"} <= message.details.keys()


def _inner_loss(message: gst.Message) -> Error:
    error = error_of(message, str(message.details["uri"]))
    error.element = message.origin
    return error
