# SPDX-License-Identifier: Apache-2.0
"""Whether this process can run GStreamer: one that was forked has none of its threads."""

from __future__ import annotations

import os

from dsbind.errors import StateError

__all__ = ["check", "left_behind", "need_threads"]

_started = False
_left_behind = False


def left_behind() -> bool:
    """Whether threads of GStreamer's, and locks that they hold, stayed in the parent process."""
    return _left_behind


def check() -> None:
    """Refuse to go on where threads were left behind: whoever waits for them hangs.

    Raises
    ------
    StateError
        GStreamer ran before this process was forked.
    """
    if _left_behind:
        raise StateError(
            "this process was forked after GStreamer had run in its parent, and cannot run it: "
            "fork before the first pipeline runs, or use "
            'multiprocessing.get_context("spawn")'
        )


def need_threads() -> None:
    """Note that GStreamer is about to start threads; raises as `check` does."""
    global _started
    check()
    _started = True


def _note_fork() -> None:
    global _left_behind
    _left_behind = _started


os.register_at_fork(after_in_child=_note_fork)
