# SPDX-License-Identifier: Apache-2.0
"""Frames out of parts of files, in queues: for programs that feed models of their own."""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from dsbind.buffer import Buffer
from dsbind.buffers import BufferRetriever
from dsbind.errors import ArgumentTypeError, ConfigError, StateError, shown
from dsbind.flow import Flow
from dsbind.pipeline import Pipeline
from dsbind.tensor import Tensor

__all__ = [
    "BulkFrameRetriever",
    "FrameQueue",
    "FrameSampler",
    "MediaChunk",
    "MediaExtractor",
    "StreamFrameRetriever",
    "VideoFrame",
]

# A full queue is waited for this long before its next frame is dropped.
_PATIENCE_S = 1.0
# How soon a thread that waits for a queue sees that the extractor was closed.
_LOOK_AGAIN_S = 0.05
# With this much to skip, and more, a seek is cheaper than decoding what lies between.
_SEEK_NS = 2_000_000_000
_NONE = 2**64 - 1


@dataclass(frozen=True, repr=False)
class MediaChunk:
    """A part of a file or stream. All times in nanoseconds.

    Attributes
    ----------
    source : str
        URI or path.
    start_pts : int
        Where it begins.
    duration : int
        How long it is; negative for all the rest.
    interval : int
        The least time between two frames that are kept; 0 keeps all.
    """

    source: str
    start_pts: int = 0
    duration: int = -1
    interval: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.source, str):
            raise ArgumentTypeError(f"a chunk's source is a URI or a path, not {self.source!r}")
        for name in ("start_pts", "interval"):
            if getattr(self, name) < 0:
                raise ConfigError(f"a chunk's {name} is from 0 ns, not {getattr(self, name)}")

    def __repr__(self) -> str:
        times = (self.start_pts, self.duration, self.interval)
        return f"MediaChunk({shown(self.source)}, {', '.join(map(str, times))})"


class VideoFrame:
    """One frame: its pixels and its time.

    Attributes
    ----------
    tensor : Tensor
        (H, W, 3) uint8, RGB. A copy, which may be kept.
    timestamp : int
        Presentation time in nanoseconds; -1 where there is none.
    """

    def __init__(self, data: Tensor, timestamp: int = -1) -> None:
        self.tensor = data
        self.timestamp = timestamp

    def __repr__(self) -> str:
        return f"VideoFrame({self.tensor!r}, {self.timestamp})"


class FrameSampler:
    """Decides which frames of a chunk are kept.

    Parameters
    ----------
    chunk
        What is wanted.
    seek_fn
        Called with a time in nanoseconds where the next wanted frame is far ahead.
    """

    def __init__(self, chunk: MediaChunk, seek_fn: Callable[[int], object] | None = None) -> None:
        self._chunk = chunk
        self._seek = seek_fn
        self._next = chunk.start_pts
        self._end = None if chunk.duration < 0 else chunk.start_pts + chunk.duration
        self._done = False

    @property
    def done(self) -> bool:
        """Whether the end of the chunk was reached."""
        return self._done

    def sample(self, buffer: Buffer | Tensor, pts: int) -> VideoFrame | None:
        """Copy a frame that is wanted; None for one that is not."""
        if self._done or pts == _NONE or pts < self._next:
            return None
        if self._end is not None and pts >= self._end:
            self._done = True
            return None
        tensor = buffer.extract(0) if isinstance(buffer, Buffer) else buffer
        self._next = pts + self._chunk.interval
        if self._end is not None and self._chunk.interval and self._next >= self._end:
            self._done = True
        elif self._seek is not None and self._chunk.interval >= _SEEK_NS:
            self._seek(self._next)
        return VideoFrame(tensor.clone(), pts)


class FrameQueue(queue.Queue[Any]):
    """The frames of one chunk; None after the last. `get` raises what the chunk failed of."""

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        item = super().get(block, timeout)
        if isinstance(item, BaseException):
            raise item
        return item


class _Output:
    """The way into the queue of a chunk."""

    def __init__(self, size: int, blocking: bool, closed: threading.Event) -> None:
        self.frames = FrameQueue(size)
        self._blocking = blocking
        self._closed = closed

    def put(self, item: object, drop: bool = True) -> None:
        """Put an item in; where the queue stays full it is dropped, unless it must not be."""
        waited = 0.0
        while not self._closed.is_set():
            try:
                self.frames.put(item, timeout=_LOOK_AGAIN_S)
            except queue.Full:
                waited += _LOOK_AGAIN_S
                if drop and not self._blocking and waited >= _PATIENCE_S:
                    return
            else:
                return

    def end(self, error: BaseException | None) -> None:
        """Say why there are no more frames, and that there are none."""
        if error is not None:
            self.put(error, drop=False)
        self.put(None, drop=False)
        while self._closed.is_set():
            # Nobody may make room any more, and who waits for a frame is to hear of the end.
            try:
                self.frames.put_nowait(None)
            except queue.Full:
                with contextlib.suppress(queue.Empty):
                    queue.Queue.get(self.frames, block=False)
            else:
                return


class StreamFrameRetriever(BufferRetriever):
    """Puts the wanted frames of one chunk into its queue."""

    def __init__(
        self,
        sampler: FrameSampler,
        put: Callable[[VideoFrame], object],
        finish: Callable[[], object],
    ) -> None:
        super().__init__()
        self._sampler = sampler
        self._put = put
        self._finish = finish

    def consume(self, buffer: Buffer) -> int:
        frame = self._sampler.sample(buffer, buffer.timestamp)
        if frame is not None:
            self._put(frame)
        if self._sampler.done:
            self._finish()
        return 1


class BulkFrameRetriever(BufferRetriever):
    """Puts the wanted frames of several chunks, which are batched, into their queues.

    What goes into a queue is a list: the chunk's frames of one batch.
    """

    def __init__(
        self,
        samplers: Sequence[FrameSampler],
        puts: Sequence[Callable[[list[VideoFrame]], object]],
        finish: Callable[[], object],
    ) -> None:
        super().__init__()
        self._samplers = samplers
        self._puts = puts
        self._finish = finish

    def consume(self, buffer: Buffer) -> int:
        kept: dict[int, list[VideoFrame]] = {}
        batch = buffer.batch_meta
        for item in batch.frame_items if batch is not None else ():
            frame = self._samplers[item.pad_index].sample(
                buffer.extract(item.batch_id), item.buffer_pts
            )
            if frame is not None:
                kept.setdefault(item.pad_index, []).append(frame)
        for index, frames in kept.items():
            self._puts[index](frames)
        if all(sampler.done for sampler in self._samplers):
            self._finish()
        return 1


class MediaExtractor:
    """Extracts frames of parts of files and streams on threads of its own.

    Parameters
    ----------
    chunks
        What to extract; None for an extractor that is given chunks by `append`.
    batch_size
        0 decodes each chunk by itself in its own size. N decodes N chunks together, scaled; the
        items of the queues are then lists.
    scaling
        Width and height of frames in batches, in pixels.
    n_thread
        How many chunks, or batches of chunks, are decoded at once.
    q_size
        How many frames wait in a queue.
    enable_seek
        Whether what lies between wanted frames is skipped by seeking, where that pays.
    blocking
        Whether a full queue is waited for. Else the next frame is dropped after a second.

    Examples
    --------
    >>> with MediaExtractor([MediaChunk("street.mp4", interval=1_000_000_000)]) as extractor:
    ...     for frames in extractor():
    ...         while (frame := frames.get()) is not None:
    ...             print(frame.timestamp, frame.tensor.shape)
    """

    _count = itertools.count()

    def __init__(
        self,
        chunks: Sequence[MediaChunk] | None = None,
        batch_size: int = 0,
        scaling: tuple[int, int] = (1920, 1080),
        n_thread: int = 1,
        q_size: int = 1,
        enable_seek: bool = False,
        blocking: bool = False,
    ) -> None:
        for name, value, least in (
            ("batch_size", batch_size, 0),
            ("n_thread", n_thread, 1),
            ("q_size", q_size, 1),
        ):
            if value < least:
                raise ConfigError(f"MediaExtractor's {name} is from {least}, not {value}")
        self._chunks = None if chunks is None else [_checked(chunk) for chunk in chunks]
        self._batch_size = batch_size
        self._scaling = scaling
        self._q_size = q_size
        self._enable_seek = enable_seek
        self._blocking = blocking
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._running: set[Pipeline] = set()
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=self._work, name=f"dsbind-extractor-{n}", daemon=True)
            for n in range(n_thread)
        ]
        self._started = False

    def __call__(self) -> list[FrameQueue]:
        """Start, and return a queue for each chunk; None in it is the end.

        Raises
        ------
        StateError
            It was started before, or has no chunks.
        """
        if self._chunks is None:
            raise StateError("this MediaExtractor has no chunks; append() them, or pass a list")
        if self._started:
            raise StateError("this MediaExtractor was started already; make another one")
        size = self._batch_size or 1
        outputs = [self._output() for _ in self._chunks]
        pairs = list(zip(self._chunks, outputs, strict=True))
        for first in range(0, len(pairs), size):
            self._submit(pairs[first : first + size])
        self._start()
        for _ in self._threads:
            self._tasks.put(None)
        return [output.frames for output in outputs]

    def append(self, chunk: MediaChunk) -> FrameQueue:
        """Add a chunk to an extractor that was made without; return its queue.

        Raises
        ------
        StateError
            It was made with chunks, or is closed.
        """
        if self._chunks is not None:
            raise StateError("append() is for a MediaExtractor that was made without chunks")
        if self._closed.is_set():
            raise StateError("this MediaExtractor is closed")
        output = self._output()
        self._submit([(_checked(chunk), output)])
        self._start()
        return output.frames

    def close(self) -> None:
        """Stop what is running, and wait for it: all queues end. Can be called twice."""
        self._closed.set()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            while thread.is_alive() and thread is not threading.current_thread():
                # Again and again: one that is just starting has nothing yet that could be stopped.
                with self._lock:
                    running = list(self._running)
                for pipeline in running:
                    pipeline.stop(0.0)
                thread.join(_LOOK_AGAIN_S)

    def __enter__(self) -> MediaExtractor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _output(self) -> _Output:
        return _Output(self._q_size, self._blocking, self._closed)

    def _submit(self, pairs: list[tuple[MediaChunk, _Output]]) -> None:
        self._tasks.put(lambda: self._extract(pairs))

    def _start(self) -> None:
        with self._lock:
            if self._started:
                return
            self._started = True
        for thread in self._threads:
            thread.start()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()

    def _extract(self, pairs: list[tuple[MediaChunk, _Output]]) -> None:
        error: BaseException | None = None
        try:
            if not self._closed.is_set():
                self._run(pairs)
        except BaseException as failed:
            error = failed
        for _, output in pairs:
            output.end(error)

    def _run(self, pairs: list[tuple[MediaChunk, _Output]]) -> None:
        pipeline = Pipeline(f"media-extractor-{next(self._count)}")
        single = self._batch_size == 0
        seek = self._seeker(pipeline) if self._enable_seek and single else None
        samplers = [FrameSampler(chunk, seek) for chunk, _ in pairs]
        sources = [chunk.source for chunk, _ in pairs]
        if single:
            retriever: BufferRetriever = StreamFrameRetriever(
                samplers[0], pairs[0][1].put, pipeline.stop
            )
            flow = Flow(pipeline).capture(sources).retrieve(retriever)
            if pairs[0][0].start_pts:
                pipeline.seek(pairs[0][0].start_pts / 1e9)
        else:
            width, height = self._scaling
            retriever = BulkFrameRetriever(
                samplers, [output.put for _, output in pairs], pipeline.stop
            )
            flow = Flow(pipeline).batch_capture(sources, width=width, height=height)
            flow = flow.retrieve(retriever)
        with self._lock:
            if self._closed.is_set():
                return
            self._running.add(pipeline)
        try:
            flow()
        finally:
            with self._lock:
                self._running.discard(pipeline)

    @staticmethod
    def _seeker(pipeline: Pipeline) -> Callable[[int], object]:
        def seek(pts: int) -> None:
            # A flushing seek waits for the thread that this runs on.
            thread = threading.Thread(target=go, args=(pts,), daemon=True)
            thread.start()

        def go(pts: int) -> None:
            # A source that cannot seek is decoded in full; the end may have come meanwhile.
            with contextlib.suppress(StateError):
                pipeline.seek(pts / 1e9)

        return seek


def _checked(chunk: object) -> MediaChunk:
    if not isinstance(chunk, MediaChunk):
        raise ArgumentTypeError(f"MediaExtractor extracts MediaChunk objects, not {chunk!r}")
    return chunk
