# SPDX-License-Identifier: Apache-2.0
"""Completing the files of a pipeline that does not come to its end by itself."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from dsbind.errors import Error

if TYPE_CHECKING:
    from dsbind.graph import Graph

__all__ = ["close_files", "complete_files"]

# For an encoder to code what it holds back.
_PATIENCE = 5.0
_LOOK_AGAIN = 0.02
# For a muxer to write its index.
_CLOSING = 0.15


def complete_files(
    graph: Graph, error: BaseException | None, is_hurried: Callable[[], bool]
) -> bool:
    """End the branches that write files, where something else has failed: True when all are whole.

    Nothing comes from the sources any more to end them. What failed itself is left alone.
    """
    failed = error.element if isinstance(error, Error) else ""
    waiting = []
    whole = True
    for path, chain in graph.writers.items():
        first, last = graph.elements[chain[0]], graph.elements[chain[-1]]
        if failed in chain:
            whole = False
        elif first.has_begun("sink") and os.path.exists(path):
            # Not on this thread: it waits for whatever is still on its way into the branch.
            threading.Thread(target=first.end_pad, args=("sink",), daemon=True).start()
            waiting.append(last)
    until = time.monotonic() + _PATIENCE
    while waiting and time.monotonic() < until and not is_hurried():
        time.sleep(_LOOK_AGAIN)
        waiting = [element for element in waiting if not element.has_ended("sink")]
    return whole and not waiting


def close_files(graph: Graph) -> bool:
    """Have muxers finish their files with what they have got: True when all are whole.

    What is still on its way to them is lost. For a pipeline that is cut off.
    """
    waiting = []
    for path, chain in graph.writers.items():
        last = graph.elements[chain[-1]]
        pads = [
            (graph.elements[target], pad)
            for name in chain
            for target, pad in graph.links.get(name, ())
            if graph.elements[target].factory.endswith("mux")
        ]
        if last.has_ended("sink") or not os.path.exists(path):
            continue
        for muxer, pad in pads:
            if muxer.has_begun(pad):
                # Not on this thread, as above.
                threading.Thread(target=muxer.end_pad, args=(pad,), daemon=True).start()
        waiting.append(last)
    until = time.monotonic() + _CLOSING
    while waiting and time.monotonic() < until:
        time.sleep(_LOOK_AGAIN)
        waiting = [element for element in waiting if not element.has_ended("sink")]
    return not waiting
