# SPDX-License-Identifier: Apache-2.0
"""One run of a pipeline, from its start until nothing of it is left running."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from dsbind import gst
from dsbind.claims import Claim
from dsbind.errands import Errand
from dsbind.errors import StateError, StopTimeoutError, StreamError, add_text
from dsbind.failures import is_closed_window
from dsbind.finishing import close_files, complete_files
from dsbind.forked import need_threads
from dsbind.graph import Graph
from dsbind.losses import Losses
from dsbind.messages import (
    DynamicSourceMessage,
    EOSMessage,
    PipelineMessage,
    PipelineState,
    StateTransitionMessage,
)
from dsbind.progress import VARIABLE, PlayingTime

MessageCallback = Callable[[PipelineMessage], object]

_log = logging.getLogger("dsbind")

# How often sources are asked again to end: one that was just starting may have missed it.
_ASK_AGAIN = 0.25
# How soon a pipeline that is to stop but does not play yet is looked at again.
_LOOK_AGAIN = 0.02
# What is not playing this long after it was told to stop has nothing to complete.
_STARTING = 2.0
# Time for one change of state to end before the next.
_SETTLING = 1.0
# Time for callbacks to return when everything ends.
_RETURNING = 10.0
# Time for files to be completed after Python code failed.
_GRACE = 1.0
# Time for sources to be ready for a seek before the start.
_SEEK_TIME = 5.0
# Switches that keep an element from letting its stream end.
_ENDLESS = ("drop-pipeline-eos", "file-loop")


class Run:
    """Starts the elements, watches their bus on a thread of its own, and ends them.

    The thread holds the run and the run holds the graph: a pipeline that plays stays alive even if
    the program lets go of it.
    """

    def __init__(self, graph: Graph, on_message: MessageCallback | None) -> None:
        self.graph = graph
        self.ended = threading.Event()
        #: Set when nothing of it runs any more; after `ended` where a callback does not return.
        self.halted = threading.Event()
        self.error: BaseException | None = None
        self._core = graph.core
        self._on_message = on_message
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        # While a thread is in prepare() or play(), only that thread may end the run.
        self._starting = True
        self._claimed = False
        self._closed = False
        self._done = False
        self._complete = False
        self._deadline: float | None = None
        self._stopping: float | None = None
        self._asked: float | None = None
        self._interrupted = False
        self._hasty = False
        self._paused = False
        self._errands: deque[Errand] = deque()
        # A run goes with its last user, not when the garbage collector next comes by.
        run = weakref.proxy(self)
        self._losses = Losses(graph, lambda: run._ask_for_state())
        self._switched: list[tuple[gst.Element, str]] = []
        # The files that it writes; None while they are not its own.
        self._claims: list[Claim] | None = None
        self._partial: list[str] = []
        self._progress = PlayingTime(graph.name) if os.environ.get(VARIABLE) else None

    # Called by the pipeline

    @property
    def watched(self) -> bool:
        """Whether its thread has been started."""
        return self._thread is not None

    @property
    def is_over(self) -> bool:
        """Whether nothing of it runs any more."""
        return self.ended.is_set() and self.halted.is_set()

    def is_watcher(self) -> bool:
        """Whether this is called on the thread that watches the bus."""
        return threading.current_thread() is self._thread

    def prepare(self, seek: float | None) -> None:
        """Go to PAUSED."""
        need_threads()
        _running.add(self)
        self.graph.failure.error = None
        self.graph.note_outputs()
        self._claims = self.graph.claim_outputs()
        self.graph.branches.prepare()
        self.graph.rest_left_out()
        self.graph.warn_of_lone_sinks()
        self.graph.enable_callbacks(True)
        self._reach(gst.PAUSED)
        self._losses.end_aside()
        if seek is not None and not self._seek_first(seek):
            raise StreamError(f"pipeline {self.graph.name!r} cannot seek to {seek:g} s")
        with self._lock:
            self._starting = False
            if self._deadline is not None:
                self._launch(self._close)

    def claim(self) -> bool:
        """Whether the caller is the one who may call `play`: a run is played once."""
        with self._lock:
            if self._claimed or self._starting:
                return False
            self._claimed = True
            # Nothing is left to start where stop() came first.
            self._starting = self._thread is None
            return True

    def play(self) -> None:
        """Go to PLAYING and watch the bus."""
        if not self._starting:
            return
        self._reach(gst.PLAYING)
        self._losses.end_cut()
        self._dump_graph()
        with self._lock:
            self._starting = False
            self._launch(self._watch)

    def request_stop(self, timeout: float, *, interrupted: bool = False) -> None:
        """End the streams; whatever still plays after `timeout` seconds is cut off."""
        with self._lock:
            deadline = time.monotonic() + max(timeout, 0.0)
            self._deadline = deadline if self._deadline is None else min(deadline, self._deadline)
            self._interrupted |= interrupted
            self._hasty |= timeout <= 0
            if self._thread is None and not self._starting:
                self._launch(self._close)
        self._core.wake("stop")

    def hold(self, paused: bool) -> None:
        """Go to PAUSED, or to PLAYING again."""

        def change() -> None:
            # What is to stop plays to its end.
            if self._deadline is None or not paused:
                self._paused = paused
                self._core.set_state(gst.PAUSED if paused else gst.PLAYING)
                self._losses.end_cut()

        # Two changes at once can cancel each other out. A sink without data never gets to PAUSED.
        until = time.monotonic() + _SETTLING
        self._perform(Errand(change, lambda: self._is_settled() or time.monotonic() >= until))

    def seek(self, seconds: float, patience: float) -> bool:
        """Go to a time: False where that cannot be done.

        Inside a callback it is done after it, and a failure stops the pipeline.
        """
        if not self.watched:
            patience = 0.0 if self._must_not_wait() else patience
            return self._core.wait_state(patience) >= gst.PAUSED and self._core.seek(seconds)

        def go() -> None:
            if not self._core.seek(seconds):
                raise StateError(f"pipeline {self.graph.name!r} cannot seek to {seconds:g} s")

        until = time.monotonic() + patience
        while not (self.ended.is_set() or self._must_not_wait() or time.monotonic() > until):
            if self._core.wait_state(_ASK_AGAIN) >= gst.PAUSED:
                break
        try:
            self._perform(Errand(go))
        except StateError:
            return False
        return True

    def _seek_first(self, seconds: float) -> bool:
        """Go to a time before anything plays: False where that cannot be done."""
        until = time.monotonic() + _SEEK_TIME
        while self._core.wait_state(until - time.monotonic()) >= gst.PAUSED:
            if self._core.seek(seconds):
                return True
            # Sinks that wait for nobody are ready before their sources are.
            if not self.graph.branches.hurried or time.monotonic() > until:
                return False
            time.sleep(_LOOK_AGAIN)
        return False

    def _is_settled(self) -> bool:
        return self._core.wait_state(0) == (gst.PAUSED if self._paused else gst.PLAYING)

    def _must_not_wait(self) -> bool:
        return self.is_watcher() or self.graph.is_in_callback()

    def _perform(self, errand: Errand) -> None:
        """Have the watching thread do it: elements may be waiting for the thread of a callback."""
        waits = not self._must_not_wait()
        if not waits:
            errand.on_error = self.graph.failure.report
        self._errands.append(errand)
        self._core.wake("errand")
        while waits and not errand.done.wait(_ASK_AGAIN) and not self.ended.is_set():
            pass
        if waits and errand.error is not None:
            raise errand.error

    def partial_outputs(self) -> list[str]:
        """The files that it began to write; as far as is known when it has not ended."""
        return self._partial if self._claims is None else self.graph.partial_outputs()

    def abandon(self, error: BaseException) -> None:
        """End at once, because of what cut `prepare` or `play` short."""
        if self._thread is None or self._thread.ident is None:
            self._finish(error)
            self._close()
        else:
            self.request_stop(0.0, interrupted=True)

    def disown(self) -> None:
        """Give up in a forked process, which has none of the threads."""
        self.error = StateError(
            f"pipeline {self.graph.name!r} runs in the process that this one was forked from"
        )
        claims, self._claims = self._claims or [], None
        for claim in claims:
            claim.leave()
        self.ended = threading.Event()
        self.ended.set()
        self.halted.set()

    # Starting

    def _launch(self, work: Callable[[], None]) -> None:
        # Never on the thread that asks: that may be a streaming thread, which cannot end itself.
        self._thread = threading.Thread(target=work, name=f"dsbind-{self.graph.name}", daemon=True)
        self._thread.start()

    def _reach(self, state: int) -> None:
        while not self._core.set_state(state):
            error = self._reason_of_refusal()
            if error is not None:
                raise error

    def _reason_of_refusal(self) -> BaseException | None:
        """Why an element refused a state; None when it was a source that is now set aside."""
        while (message := self._core.pop(0.1, False)) is not None:
            if message.kind == "warning":
                self._losses.take_warning(message)
            if message.kind == "error":
                self._take_error(message)
                return self.error if self._done else None
        return StreamError(
            f"Unable to set pipeline {self.graph.name!r} to the playing state: an element refused "
            "without a word; GST_DEBUG=3 in the environment shows which"
        )

    def _dump_graph(self) -> None:
        folder = os.environ.get("GST_DEBUG_DUMP_DOT_DIR")
        if folder and os.path.isdir(folder):
            path = os.path.join(folder, "ds_cpp_app_running.dot")
            with open(path, "w", encoding="utf-8") as file:
                file.write(self._core.graph())

    # The watching thread

    def _watch(self) -> None:
        try:
            while not self._done:
                self._step()
            if not self._complete and self._deadline is None:
                self._switch_off()
                self._complete = complete_files(self.graph, self.error, self._is_stopping)
            if not self._complete and self._deadline is not None:
                self._complete = close_files(self.graph)
        except BaseException as error:
            self._finish(error)
        self._close()

    def _is_stopping(self) -> bool:
        return self._deadline is not None

    def _step(self) -> None:
        message = self._core.pop(self._patience(), self._on_message is not None)
        if self._progress is not None:
            self._progress.update(self._core.position, self._core.duration)
        if message is not None:
            self._handle(message)
        if self._done:
            return
        failure = self.graph.failure.error
        if failure is not None and self.error is None:
            self.error = failure
            self.graph.enable_callbacks(False)
            if not self.graph.outputs:
                self._done = True
                return
            self.request_stop(_GRACE, interrupted=True)
        while self._errands and self._errands[0].is_ready():
            self._errands.popleft().run()
        if self._deadline is not None:
            self._end_streams(self._deadline)

    def _patience(self) -> float:
        if self._errands:
            return _LOOK_AGAIN
        if self._deadline is None:
            return 1.0 if self._progress is None else self._progress.refresh
        until = _ASK_AGAIN if self._asked is not None else _LOOK_AGAIN
        return max(0.0, min(until, self._deadline - time.monotonic()))

    def _handle(self, message: gst.Message) -> None:
        if message.kind == "error":
            self._take_error(message)
        elif message.kind == "warning":
            self._losses.take_warning(message)
        elif message.kind == "element":
            self._take_element_message(message)
        elif message.kind == "eos":
            self._complete = True
            self._done = True
            self._tell(EOSMessage())
        elif message.kind == "state-changed":
            self._tell(
                StateTransitionMessage(
                    PipelineState(message.old), PipelineState(message.new), message.origin
                )
            )

    def _take_element_message(self, message: gst.Message) -> None:
        if message.text in ("stream-add", "stream-remove"):
            fields = {key.replace("-", "_"): value for key, value in message.details.items()}
            added = message.text == "stream-add"
            self._tell(DynamicSourceMessage(added, **fields))  # type: ignore[arg-type]
        elif message.text == "source-state":
            self._tell(self._losses.take_state(message))

    def _tell(self, message: PipelineMessage) -> None:
        if self._on_message is not None and self.graph.failure.error is None:
            try:
                self._on_message(message)
            except BaseException as error:
                self.graph.failure.report(error)

    def _end_streams(self, deadline: float) -> None:
        now = time.monotonic()
        if self._stopping is None:
            self._stopping = now
            self._switch_off()
        if now >= deadline:
            self._cut_off()
        elif self._paused:
            if self._is_settled() or now - self._stopping >= _SETTLING:
                self._paused = False
                self._stopping = now
                self._core.set_state(gst.PLAYING)
        elif self._core.wait_state(0) != gst.PLAYING and not self._awaits_camera():
            # Until it plays, a source that is asked to end can block the change to PLAYING.
            if now - self._stopping >= _STARTING:
                self._cut_off()
        elif self._asked is None or now - self._asked >= _ASK_AGAIN:
            self._asked = now
            self._core.send_eos()

    def _awaits_camera(self) -> bool:
        """Whether a source has yet to connect, without which sinks may never play."""
        return any(
            element.has("rtsp-state") and element.get("rtsp-state") not in ("", "playing")
            for element in self.graph.elements.values()
        )

    def _switch_off(self) -> None:
        for element in self.graph.elements.values():
            for name in _ENDLESS:
                if element.has(name) and element.get(name) is True:
                    element.set(name, False)
                    self._switched.append((element, name))
            if element.factory == "filesink" and element.get("sync") is True:
                # What an encoder holds back is then written at once.
                element.set("sync", False)
                self._switched.append((element, "sync"))

    def _cut_off(self) -> None:
        self._done = True
        if self._interrupted or self.error is not None:
            return
        text = f"pipeline {self.graph.name!r} did not end in time after stop() and was cut off"
        if self.graph.outputs:
            self._finish(StopTimeoutError(text))
        elif not self._hasty:
            _log.warning("%s", text)

    # Failures

    def _finish(self, error: BaseException) -> None:
        if self.error is None:
            self.error = error
        self._done = True

    def _take_error(self, message: gst.Message) -> None:
        if is_closed_window(message):
            _log.info("pipeline %r ends: its window was closed", self.graph.name)
            self._done = True
            return
        name = message.path[0] if message.path else ""
        if self._asked is not None and self.graph.uri_of(name) and self._is_echo_of_stop(message):
            _log.debug("source %r was stopped: %s", name, message.text)
            self._complete = complete_files(self.graph, None, self._is_late)
            self._done = True
            return
        error = self._losses.take_error(message)
        if error is not None:
            self._finish(error)

    def _is_echo_of_stop(self, message: gst.Message) -> bool:
        # Told to end before it had begun to read: to a demuxer that is a file without streams. What
        # cannot be opened at all is said where a file was to be written.
        return not self.graph.outputs or message.domain == "stream"

    def _is_late(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def _ask_for_state(self) -> None:
        if self.watched:
            self._core.set_state(gst.PAUSED if self._paused else gst.PLAYING)

    # The end

    def _close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
        try:
            if self._progress is not None:
                self._progress.close()
            self._halt()
            self.graph.close_servers()
            self.graph.enable_callbacks(False)
            self._losses.restore()
            for element, name in self._switched:
                element.set(name, True)
            if self.error is None:
                self.error = self.graph.failure.error
            self.error = self._losses.report(self.error)
            self._report_outputs()
        except BaseException as error:
            self._finish(error)
        finally:
            self._release_outputs()
            # Whatever happens, nobody waits for ever.
            _running.discard(self)
            self.ended.set()

    def _halt(self) -> None:
        """Go to NULL, which waits for the callbacks that streaming threads are in."""

        def halt() -> None:
            self._core.set_state(gst.NULL_STATE)
            self.halted.set()

        threading.Thread(target=halt, name=f"dsbind-{self.graph.name}-end", daemon=True).start()
        if not self.halted.wait(_RETURNING):
            self._finish(
                StopTimeoutError(
                    f"pipeline {self.graph.name!r} cannot end: a probe, retriever or other "
                    f"callback has not returned within {_RETURNING:g} s"
                )
            )

    def _report_outputs(self) -> None:
        """Name the files of a run that did not end by itself."""
        if self._claims is None or (self._complete and self.error is None):
            return
        self._partial = self.graph.partial_outputs()
        for path in self._partial:
            text = f"{'output so far is in' if self._complete else 'partial output left at'} {path}"
            if self.error is not None:
                add_text(self.error, text)
            else:
                _log.warning("pipeline %r was stopped: %s", self.graph.name, text)

    def _release_outputs(self) -> None:
        claims, self._claims = self._claims or [], None
        for claim in claims:
            with suppress(OSError):
                if claim.is_gone and self.error is None:
                    _log.warning(
                        "%s was removed while pipeline %r wrote it", claim.path, self.graph.name
                    )
                claim.release(keep_empty=self.error is None and self._deadline is None)


_running: weakref.WeakSet[Run] = weakref.WeakSet()


def _disown_all() -> None:
    for run in list(_running):
        run.disown()
    _running.clear()


os.register_at_fork(after_in_child=_disown_all)


@atexit.register
def end_all() -> None:
    """End all runs. No streaming thread may call into an interpreter that is going away."""
    runs = list(_running)
    for run in runs:
        run.request_stop(_GRACE, interrupted=True)
    for run in runs:
        run.ended.wait(2 * _GRACE)
