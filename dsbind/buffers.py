# SPDX-License-Identifier: Apache-2.0
"""Python code that makes the buffers of a pipeline, and code that takes them out of it."""

from __future__ import annotations

import logging
import operator
import queue
import threading
import weakref
from collections.abc import Sequence
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from dsbind import _callbacks
from dsbind.attaching import Attachable, Attachment
from dsbind.errors import ArgumentTypeError, ConfigError, ProbeError, StreamError, shown

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from dsbind._feeder import AppSource, Pushed
    from dsbind.buffer import Buffer
    from dsbind.graph import Graph

__all__ = ["ArrayPool", "BufferProvider", "BufferRetriever", "Feeder", "Receiver"]

_log = logging.getLogger("dsbind")

# How soon a provider that had nothing yet is asked again.
_ASK_AGAIN = 0.2
# How long the end of a run waits for a provider that is at work. One that is blocked is left alone.
_LET_FINISH = 0.05


class BufferProvider:
    """Makes the buffers that a flow begins with. Subclass it and write `generate`.

    For `Flow.inject` it also says what the buffers hold. The method runs on a thread of its own
    and may block: stopping the pipeline does not wait for it.

    Attributes
    ----------
    width, height : int
        Pixels.
    format : str
        "RGB", "RGBA" or "I420", without padding between the rows; "JPEG" or "PNG", a whole file in
        each buffer.
    framerate : int
        Frames a second; 0 for stills.
    device : str, optional
        "cpu" (the default) or "gpu": where they are used. `use_gpu` = True says the same. Buffers
        are of system memory in either case.
    """

    def generate(self, size: int) -> Buffer:
        """Called again and again while data is wanted.

        Parameters
        ----------
        size
            How many bytes the pipeline would like; only a hint.

        Returns
        -------
        Buffer
            One frame. What `Buffer(...)` takes will do, such as an array. `Buffer()` ends the
            stream; after one of no bytes the next is asked for 0.2 s later.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define generate()")


class ArrayPool:
    """Arrays for a provider to fill, which come back when the pipeline has let go of them.

    An array is free again once nobody uses it: not the program, not a `Buffer`, a slice or another
    view of it, and no element downstream. Any thread may take arrays. What is in an array that
    has been used before, is still there.

    Parameters
    ----------
    shape
        Of each array, such as (height, width, 3).
    dtype
        Of its elements; a `Buffer` takes uint8.
    limit
        Most arrays that there are at once; `take` waits for one when all are in use. None for as
        many as are wanted. A pipeline keeps a few: one in work, one in each queue.

    Raises
    ------
    ConfigError
        The limit is less than one, or the shape is none.
    """

    def __init__(
        self, shape: Sequence[int], dtype: DTypeLike = "uint8", limit: int | None = None
    ) -> None:
        import numpy

        if limit is not None and operator.index(limit) < 1:
            raise ConfigError(f"limit of an ArrayPool is {limit}; it is at least 1, or None")
        self.shape = tuple(operator.index(side) for side in shape)
        self.dtype = numpy.dtype(dtype)
        if not self.shape or min(self.shape) < 1 or self.dtype.hasobject:
            raise ConfigError(
                f"an ArrayPool cannot have arrays of {self.shape} {self.dtype}: every side is at "
                "least 1, and elements are numbers"
            )
        self._limit = limit
        # The end of an array may come on any thread, in the middle of anything: this queue is made
        # for that.
        self._free: queue.SimpleQueue[Any] = queue.SimpleQueue()
        # One for each array that may still be made.
        self._quota: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(limit or 0):
            self._quota.put(None)
        self._made = 0
        self._counting = threading.Lock()
        self._loans: dict[int, weakref.ref[Any]] = {}

    @property
    def made(self) -> int:
        """Number of arrays that there are, in use or free."""
        return self._made

    @property
    def free(self) -> int:
        """Number of arrays that wait to be used again."""
        return self._free.qsize()

    def take(self, timeout: float | None = None) -> NDArray[Any]:
        """An array to fill.

        Parameters
        ----------
        timeout
            Most seconds to wait for one, where all are in use; None for as long as it takes.

        Raises
        ------
        TimeoutError
            None came back in time.
        """
        import numpy

        memory = self._memory(timeout)
        # A fresh array each time, whose end tells that nobody uses the memory: every view of it
        # holds it, because its base is no array.
        array = numpy.asarray(memoryview(memory))
        free, loans, key = self._free, self._loans, id(memory)

        def give_back(_: object) -> None:
            loans.pop(key, None)
            free.put(memory)

        loans[key] = weakref.ref(array, give_back)
        return array

    def _memory(self, timeout: float | None) -> Any:
        import numpy

        try:
            return self._free.get_nowait()
        except queue.Empty:
            pass
        if self._limit is None or not self._quota.empty():
            try:
                if self._limit is not None:
                    self._quota.get_nowait()
                with self._counting:
                    self._made += 1
                return numpy.empty(self.shape, self.dtype)
            except queue.Empty:
                # Another thread was faster.
                pass
        try:
            return self._free.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError(
                f"all {self._made} arrays of the pool are still in use after {timeout} s: the "
                "pipeline keeps some, give the pool a higher limit; or let go of yours"
            ) from None

    def __repr__(self) -> str:
        return (
            f"<ArrayPool of {self.shape} {self.dtype}: {self.made} made, {self.free} free, "
            f"limit {self._limit}>"
        )


class BufferRetriever:
    """Takes the buffers that a flow ends with. Subclass it and write `consume`.

    The method runs on the streaming thread: while it runs, the pipeline waits. The buffer is valid
    until it returns; what `Buffer.extract` gives may be kept. An exception stops the pipeline and
    is raised from `wait()` or the flow's call.
    """

    def consume(self, buffer: Buffer) -> int | None:
        """Called for each buffer.

        Returns
        -------
        int or None
            A negative number stops the pipeline with a `StreamError`; anything else goes on.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define consume()")


class Feeder(Attachable):
    """Names a provider, so that it can be attached to an appsrc.

    Parameters
    ----------
    name
        Any name.
    provider
        The feeder keeps it alive, and the pipeline keeps the feeder. One provider may have several
        feeders, which call it from several threads.

    Raises
    ------
    ArgumentTypeError
        It is no `BufferProvider`.
    """

    def __init__(self, name: str, provider: BufferProvider) -> None:
        if not isinstance(provider, BufferProvider):
            raise ArgumentTypeError(
                f"Feeder {name!r} needs a BufferProvider, not {provider!r}: subclass it and pass "
                "an instance"
            )
        self.name = name
        self.provider = provider

    def attach_to(self, graph: Graph, target: str, tips: str) -> Attachment:
        """Answer the signals of an appsrc; `tips` may name them: "need-data/enough-data"."""
        from dsbind._feeder import AppSource

        _check_signals(self, graph, target, tips, ("need-data", "enough-data"))
        return _Feeding(graph, target, AppSource(graph.element(target)), self.provider)

    def __repr__(self) -> str:
        return f"Feeder({self.name!r}, {self.provider!r})"


class Receiver(Attachable):
    """Names a retriever, so that it can be attached to an appsink.

    Parameters
    ----------
    name
        Any name.
    retriever
        The receiver keeps it alive, and the pipeline keeps the receiver.

    Raises
    ------
    ArgumentTypeError
        It is no `BufferRetriever`.
    """

    def __init__(self, name: str, retriever: BufferRetriever) -> None:
        if not isinstance(retriever, BufferRetriever):
            raise ArgumentTypeError(
                f"Receiver {name!r} needs a BufferRetriever, not {retriever!r}: subclass it and "
                "pass an instance"
            )
        self.name = name
        self.retriever = retriever

    def attach_to(self, graph: Graph, target: str, tips: str) -> Attachment:
        """Take what reaches an appsink; `tips` may name the signal: "new-sample"."""
        from dsbind._receiver import AppSink

        _check_signals(self, graph, target, tips, ("new-sample",))
        return AppSink(graph.element(target), self._take, graph.failure.report)

    def _take(self, buffer: Buffer) -> None:
        result = self.retriever.consume(buffer)
        if result is None:
            return
        if isinstance(result, CoroutineType):
            result.close()
            raise ArgumentTypeError(
                f"consume() of {type(self.retriever).__name__} is a coroutine, which nobody awaits "
                "here: write it with plain def, and hand work to a loop by "
                "asyncio.run_coroutine_threadsafe()"
            )
        if not hasattr(result, "__index__"):
            raise ArgumentTypeError(
                f"consume() of {type(self.retriever).__name__} returned {shown(result)[:80]}: "
                "return 1 to go on, a negative number to stop the pipeline, or nothing"
            )
        if operator.index(result) < 0:
            raise StreamError(
                f"consume() of {type(self.retriever).__name__} returned {result}: a negative "
                "number stops the pipeline; return 1 to go on"
            )

    def __repr__(self) -> str:
        return f"Receiver({self.name!r}, {self.retriever!r})"


class _Feeding:
    """A provider at an appsrc. Each run has a thread that asks it.

    While it waits, the thread does not hold this: a pipeline that is let go of ends the thread.
    """

    def __init__(
        self, graph: Graph, target: str, source: AppSource, provider: BufferProvider
    ) -> None:
        from dsbind._feeder import Pushed
        from dsbind.buffer import Buffer

        # Once: to import them for each frame takes longer than to push it.
        self._pushed, self._buffer = Pushed, Buffer
        self._element = graph.element(target)
        self._source = source
        self._provider = provider
        self._report = graph.failure.report
        self._elements = graph.elements
        self._thread: threading.Thread | None = None

    @property
    def enabled(self) -> bool:
        """Whether a run goes on."""
        return self._thread is not None

    @enabled.setter
    def enabled(self, on: bool) -> None:
        from dsbind import gst

        self._source.end()
        if self._thread is not None:
            self._thread.join(_LET_FINISH)
            self._thread = None
        if on:
            # What plays already has asked before.
            asked = self._element.wait_state(0) >= gst.PAUSED
            run = self._source.begin(asked, *self._timing())
            self._thread = threading.Thread(
                target=_feed,
                args=(self._source, run, weakref.ref(self)),
                name=f"dsbind-{self._element.name}",
                daemon=True,
            )
            self._thread.start()

    def is_current(self) -> bool:
        """Whether the calling thread is in `generate`."""
        return _callbacks.is_current(self)

    def _timing(self) -> tuple[bool, bool]:
        """Whether frames get times here, and whether these keep to the frame rate."""
        stamped = self._element.get("do-timestamp") is True
        if stamped:
            # The times of frames need it; the default counts bytes.
            self._element.set("format", "time")
        # A sink that waits for each frame's time would hold up a provider that is faster.
        paced = not any(
            element.has("sync") and element.get("sync") is True
            for element in self._elements.values()
        )
        return stamped, paced

    def serve(self, run: int, size: int) -> bool:
        """Ask for one buffer and push it: whether the stream goes on."""
        try:
            pushed = _callbacks.run(self, self._push, run, size)
        except BaseException as error:
            if self._source.is_running(run):
                self._report(error)
            else:
                _log.warning("a provider failed after its pipeline had ended", exc_info=True)
            return False
        if pushed is self._pushed.EMPTY:
            self._source.pause(run, _ASK_AGAIN)
        return pushed is not self._pushed.ENDED

    def _push(self, run: int, size: int) -> Pushed:
        return self._source.push(run, _buffer_of(self._provider, size, self._buffer))

    def __del__(self) -> None:
        self._source.end()


def _feed(source: AppSource, run: int, owner: weakref.ref[_Feeding]) -> None:
    """The work of a feeding thread."""
    while (size := source.wait(run)) is not None:
        feeding = owner()
        if feeding is None or not feeding.serve(run, size):
            return
        del feeding


def _buffer_of(provider: BufferProvider, size: int, kind: type[Buffer]) -> Buffer:
    """What a provider generates, as a buffer."""
    given: Any = provider.generate(size)
    if isinstance(given, kind):
        return given
    name = type(provider).__name__
    if given is None:
        raise ArgumentTypeError(
            f"generate() of {name} returned None; return a Buffer for each frame, and Buffer() at "
            "the end of the stream"
        )
    try:
        return kind(given)
    except TypeError as error:
        raise ArgumentTypeError(
            f"generate() of {name} returned {type(given).__name__}, which makes no Buffer: {error}"
        ) from error


def _check_signals(
    what: Attachable, graph: Graph, target: str, tips: str, signals: tuple[str, ...]
) -> None:
    kind = type(what).__name__
    for signal in filter(None, tips.split("/")):
        if signal not in signals:
            raise ProbeError(
                f"Probe failure: {kind} {what.name!r} answers {'/'.join(signals)}, not {signal!r}"
            )
    for (element, name), (other, _) in graph.attached.items():
        if element == target and isinstance(other, type(what)):
            raise ProbeError(f"Custom Object duplicated: {target!r} has the {kind} {name!r}")
