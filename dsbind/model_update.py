# SPDX-License-Identifier: Apache-2.0
"""EngineFileMonitor: a model that is replaced on disk is replaced in the running pipeline."""

from __future__ import annotations

import os
import threading

from dsbind.errors import ArgumentTypeError, StateError, shown
from dsbind.node import Node

__all__ = ["EngineFileMonitor"]

# Seconds between two looks; a file is taken once it has stayed the same for one of them.
_INTERVAL = 0.2

_Stamp = tuple[int, int, int]


class EngineFileMonitor:
    """Watches the file of a model, and gives it to nvinfer again whenever it has changed.

    The new model is loaded beside the stream: no frame waits for it, or is lost. nvinfer emits
    `model-updated` when it is in use. A file that cannot be loaded is a warning on the pipeline's
    bus, and the old model stays. Where the element does not take the file, the pipeline stops, and
    `wait()` raises why.

    Parameters
    ----------
    node
        The element that runs the model, `pipeline[name]`.
    file
        Path of the model, an ONNX file. It may be missing for a while.
    """

    def __init__(self, node: Node, file: str | os.PathLike[str]) -> None:
        if not isinstance(node, Node):
            raise ArgumentTypeError(f"EngineFileMonitor takes a node, pipeline[{node!r}]")
        if not isinstance(file, str | os.PathLike):
            raise ArgumentTypeError(
                f"EngineFileMonitor takes the path of a file, not {shown(file)}"
            )
        self._node = node
        self._path = os.path.abspath(os.fspath(file))
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def started(self) -> bool:
        """Whether it watches."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin to watch. What the file is now is taken as what runs.

        Raises
        ------
        StateError
            It watches already.
        """
        if self.started:
            raise StateError("this EngineFileMonitor was started already")
        self._ending.clear()
        self._thread = threading.Thread(
            target=self._watch, args=(self._stamp(),), name="EngineFileMonitor", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer. May be called twice."""
        self._ending.set()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _stamp(self) -> _Stamp | None:
        """What tells one state of the file from another; None while there is none."""
        try:
            state = os.stat(self._path)
        except OSError:
            return None
        return state.st_ino, state.st_size, state.st_mtime_ns

    def _watch(self, known: _Stamp | None) -> None:
        last = known
        try:
            while not self._ending.wait(_INTERVAL):
                now = self._stamp()
                if now is not None and now != known and now == last:
                    known = now
                    self._node.set({"model-engine-file": self._path})
                last = now
        except BaseException as error:
            # Nobody joins this thread to hear of it: the pipeline's wait() raises it.
            self._node._graph.failure.report(error)

    def __repr__(self) -> str:
        state = "started" if self.started else "stopped"
        return f"<EngineFileMonitor of {self._path!r}, {state}>"
