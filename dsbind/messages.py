# SPDX-License-Identifier: Apache-2.0
"""What a pipeline tells the program: the argument of `on_message`."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from dsbind.errors import mask_uri

__all__ = [
    "DynamicSourceMessage",
    "EOSMessage",
    "PipelineMessage",
    "PipelineState",
    "SourceStateMessage",
    "StateTransitionMessage",
]


class PipelineState(enum.IntEnum):
    """State of an element. EMPTY is what GStreamer calls NULL: nothing is allocated."""

    INVALID = 0
    EMPTY = 1
    READY = 2
    PAUSED = 3
    PLAYING = 4


class PipelineMessage:
    """Base of all messages."""


@dataclass(frozen=True)
class StateTransitionMessage(PipelineMessage):
    """An element went from one state to the next.

    Attributes
    ----------
    old_state, new_state : PipelineState
    origin : str
        Name of the element; the pipeline itself also sends them.
    """

    old_state: PipelineState
    new_state: PipelineState
    origin: str


@dataclass(frozen=True)
class EOSMessage(PipelineMessage):
    """Every stream has ended; `wait()` returns after it."""


@dataclass(frozen=True, repr=False)
class DynamicSourceMessage(PipelineMessage):
    """A source of an element that has several begins to play, or is gone.

    Attributes
    ----------
    source_added : bool
        True when it begins; False when it ended, was removed or failed.
    source_id : int
        Its number: the `source_id` of its frames.
    sensor_id, sensor_name, uri : str
        "N/A" where they were not given.
    """

    source_added: bool
    source_id: int
    sensor_id: str = "N/A"
    sensor_name: str = "N/A"
    uri: str = "N/A"

    def __repr__(self) -> str:
        return (
            f"DynamicSourceMessage(source_added={self.source_added}, source_id={self.source_id}, "
            f"sensor_id={self.sensor_id!r}, sensor_name={self.sensor_name!r}, "
            f"uri={mask_uri(self.uri)!r})"
        )


@dataclass(frozen=True)
class SourceStateMessage(PipelineMessage):
    """An RTSP source that is to be connected to again was lost, is tried again, or plays again.

    Attributes
    ----------
    source : str
        Name of the source's element.
    source_id : int
        The `source_id` of its frames; -1 where it is in no batch.
    uri : str
        What it reads, without credentials.
    state : str
        "lost", "reconnecting" or "playing".
    attempt : int
        The how many-th attempt to connect since it was lost; 0 for "lost".
    seconds : float
        How long it has been lost.
    reason : str
        Why it was lost.
    """

    source: str
    source_id: int
    uri: str
    state: str
    attempt: int = 0
    seconds: float = 0.0
    reason: str = ""
