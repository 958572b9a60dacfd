# SPDX-License-Identifier: Apache-2.0
"""What a pipeline tells the program: the argument of `on_message`."""

from __future__ import annotations

import enum
from dataclasses import dataclass

__all__ = ["EOSMessage", "PipelineMessage", "PipelineState", "StateTransitionMessage"]


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
