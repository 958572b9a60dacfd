# SPDX-License-Identifier: Apache-2.0
"""Whether this process can run GStreamer: one that was forked has none of its threads."""

from __future__ import annotations

import os

from dsbind.errors import StateError

__all__ = ["need_threads"]

_started = False
_left_behind = False


def need_threads() -> None:
    """Note that GStreamer is about to start threads.

    Raises
    ------
    StateError
        It had started some before this process was forked; what waits for them would hang.
    """
    global _started
    if _left_behind:
        raise StateError(
            "this process was forked after GStreamer had run in its parent, and cannot run it: "
            "fork before the first pipeline runs, or use "
            'multiprocessing.get_context("spawn")'
        )
    _started = True


def _note_fork() -> None:
    global _left_behind
    _left_behind = _started


os.register_at_fork(after_in_child=_note_fork)
