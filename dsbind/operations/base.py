# SPDX-License-Identifier: Apache-2.0
"""What all operations of a flow are built on: streams, names, options."""

from __future__ import annotations

import enum
import functools
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, cast

from dsbind.errors import (
    ArgumentTypeError,
    FlowError,
    LinkError,
    add_text,
    shown,
    warn_unknown_property,
)
from dsbind.pipeline import Pipeline

if TYPE_CHECKING:
    from dsbind.flow import Flow

_log = logging.getLogger("dsbind")

_Method = TypeVar("_Method", bound=Callable[..., Any])


def operation(method: _Method) -> _Method:
    """Decorate an operation of a flow: where it fails, the pipeline is as it was before.

    The program may call it again on the same flow.
    """

    @functools.wraps(method)
    def whole(self: Chain, *args: Any, **kwargs: Any) -> Any:
        with self._pipeline._graph.whole():
            return method(self, *args, **kwargs)

    return cast(_Method, whole)


class MediaType(str, enum.Enum):
    """Kind of a stream."""

    VIDEO = "video"
    AUDIO = "audio"


class StreamInfo(str):
    """A stream of a flow: the name of the element it comes from, with more about it.

    Attributes
    ----------
    originator : str
        The element's name; the same as the string itself.
    template : str
        Template of the pad it comes from; empty for any.
    media_type : MediaType
    """

    originator: str
    template: str
    media_type: MediaType

    def __new__(
        cls, originator: str, template: str = "", media_type: MediaType = MediaType.VIDEO
    ) -> StreamInfo:
        self = super().__new__(cls, originator)
        self.originator = originator
        self.template = template
        self.media_type = media_type
        return self


def parse_stream_info(text: str) -> StreamInfo:
    """A stream from "element" or "element/padtemplate"."""
    if isinstance(text, StreamInfo):
        return text
    originator, _, template = text.partition("/")
    return StreamInfo(originator, template)


class Chain:
    """The streams that a flow has come to, and how elements are put behind them."""

    DEFAULT_PICTURE_WIDTH = 1920
    DEFAULT_PICTURE_HEIGHT = 1080
    DEFAULT_SOURCE_TYPE = "nvurisrcbin"
    DYNAMIC_SOURCE_TYPE = "nvdsdynamicsrcbin"
    #: Microseconds.
    DEFAULT_BATCH_PUSH_TIMEOUT = 33000

    def __init__(
        self,
        pipeline: Pipeline,
        streams: Sequence[str] | None = None,
        parent: Flow | None = None,
    ) -> None:
        if not isinstance(pipeline, Pipeline):
            raise ArgumentTypeError(f"a Flow begins with a Pipeline, not {pipeline!r}")
        names = () if streams is None else streams
        if (
            isinstance(names, str)
            or not isinstance(names, Sequence)
            or not all(isinstance(name, str) for name in names)
        ):
            raise ArgumentTypeError(
                f"a Flow's streams are a list of names of elements, not {streams!r}"
            )
        self._pipeline = pipeline
        self._streams: list[StreamInfo] = [parse_stream_info(text) for text in names]
        self._parent = parent
        self._batch_size: int = parent._batch_size if parent is not None else 0

    def _flow(self, streams: Sequence[str]) -> Flow:
        """The flow after an operation: it goes on from these streams."""
        # Not at the top: it is made of the modules that import this one.
        from dsbind.flow import Flow

        assert isinstance(self, Flow)
        return Flow(self._pipeline, streams, self)

    def _single_stream(self) -> StreamInfo:
        if len(self._streams) != 1:
            what = f"there are {len(self._streams)} streams here; call batch() first"
            if not self._streams:
                what = "there is no stream here: " + (
                    "add nothing after render(), encode(), retrieve() or publish(), or fork() "
                    "before them"
                    if self._parent is not None
                    else "start with batch_capture(), capture() or inject()"
                )
            raise FlowError(f"Upstream error: multiple streams must be batched; {what}")
        return parse_stream_info(self._streams[0])

    def _link(self, stream: StreamInfo, target: str, pad: str = "") -> None:
        """Link a stream of the flow to an element. Everything that follows a stream comes here."""
        with self._branch(stream) as source:
            used = source in self._pipeline._graph.links
            try:
                self._pipeline.link((source, target), (stream.template, pad))
            except LinkError as error:
                if used:
                    add_text(error, "call fork() before a stream goes to several operations")
                raise

    @contextmanager
    def _branch(self, stream: StreamInfo) -> Iterator[str]:
        """Where to link what follows a stream: a queue of its own behind a fork.

        The queue is linked to the fork at the end.
        """
        branches = self._pipeline._graph.branches
        properties = branches.forks.get(stream.originator)
        if properties is None:
            yield stream.originator
            return
        queue = branches.name_next(stream.originator)
        self._pipeline.add("queue", queue, {**_BRANCH_QUEUE, **properties})
        yield queue
        branches.add(stream.originator, queue)

    def _continue(self, stream: StreamInfo, chain: list[str], end: bool = False) -> Flow:
        """Link a chain of elements after a stream: the flow behind it."""
        if len(chain) > 1:
            self._pipeline.link(*chain)
        # Last, for it is not undone where something fails.
        self._link(stream, chain[0])
        return self._flow([] if end else [chain[-1]])


# A branch holds a few batches and then the others wait for it: nothing is dropped, and the muxer's
# frames are not all held by one branch. Limits by bytes or time would count batches of many frames
# as if they were one.
_BRANCH_QUEUE: dict[str, object] = {
    "max-size-buffers": 3,
    "max-size-bytes": 0,
    "max-size-time": 0,
}

_counts: dict[str, int] = {}
_counts_lock = threading.Lock()


def name_of(method: str, role: str) -> str:
    """The next name of an operation's element: one count per operation in the process."""
    with _counts_lock:
        count = _counts.get(method, 0)
        _counts[method] = count + 1
    return f"{method}-{role}-{count}"


def options_of(
    method: str, given: Mapping[str, object], known: Mapping[str, object]
) -> dict[str, Any]:
    """The options of an operation: what was given, else the default."""
    options: dict[str, object] = dict(known)
    for key, value in given.items():
        name = key.replace("_", "-")
        if name in known:
            options[name] = value
        else:
            warn_unknown_property(f"{method}()", name, known)
    return options


def properties_of(given: Mapping[str, object]) -> dict[str, object]:
    """Keyword arguments as an element's properties."""
    return {key.replace("_", "-"): value for key, value in given.items()}


def media_types_of(method: str, given: object) -> tuple[MediaType, ...]:
    """The kinds of streams that an operation is asked for.

    Raises
    ------
    ArgumentTypeError
        They are no media types.
    """
    if isinstance(given, str) and given in ("av", "both", "all"):
        return (MediaType.VIDEO, MediaType.AUDIO)
    kinds = [given] if isinstance(given, str) else given
    try:
        found = tuple(dict.fromkeys(MediaType(kind) for kind in kinds))  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        found = ()
    if not found:
        raise ArgumentTypeError(
            f"{method}(): media_types are MediaType.VIDEO, MediaType.AUDIO or 'av', "
            f"not {shown(given)}"
        )
    return found


def note_gpu(method: str, gpu: object) -> None:
    """Tell, once for each call, that the GPU asked for is not used."""
    if gpu is not None and not os.path.exists(f"/dev/nvidia{gpu}"):
        _log.info("%s: there is no GPU %s here; the CPU does the work", method, gpu)
