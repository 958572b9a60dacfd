# SPDX-License-Identifier: Apache-2.0
"""PerfMonitor: how many frames a second each source of a batch has."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsbind.attaching import Attachable, Attachment
from dsbind.errors import ArgumentTypeError, ConfigError, StateError, mask_uri
from dsbind.node import Node

if TYPE_CHECKING:
    from dsbind._builtin import NativeAttachment, NativeProbe
    from dsbind.graph import Graph

__all__ = ["PerfMonitor"]

#: Lines between two headers.
_HEADER_EVERY = 20
#: Sources that come and go: only those that were added are shown.
_DYNAMIC = {"nvmultiurisrcbin", "nvdsdynamicsrcbin"}
# How long the end of a pipeline waits for a report that is being made, seconds.
_LAST_REPORT = 1.0
_NONE: dict[str, float] = {"fps": 0.0, "average": 0.0, "frames": 0}


@dataclass
class _Stream:
    uri: str
    sensor_id: str
    sensor_name: str


class PerfMonitor(Attachable):
    """Counts the frames of each source, and prints the rates at an interval.

    Counting takes no Python. The rates are printed by a thread that ends with the pipeline.

    Parameters
    ----------
    batch_size
        How many sources there are at most.
    interval
        Seconds between two lines.
    source_type
        The element that the sources are: with "nvmultiurisrcbin" the shown streams are those of
        `add_stream`, else all of the batch.
    show_name
        Whether the header names the streams.
    on_rates
        Called with `values()` at each interval, instead of printing. Its exceptions stop the
        pipeline and are raised from `wait()`.
    """

    def __init__(
        self,
        batch_size: int,
        interval: float,
        source_type: str,
        show_name: bool,
        *,
        on_rates: Callable[[dict[int, dict[str, float]]], object] | None = None,
    ) -> None:
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise ConfigError(f"PerfMonitor: batch_size is a number from 1, not {batch_size!r}")
        if isinstance(interval, bool) or not isinstance(interval, (int, float)):
            raise ArgumentTypeError(f"PerfMonitor: interval is a number, not {interval!r}")
        if not 0 < interval <= threading.TIMEOUT_MAX:
            raise ConfigError(f"PerfMonitor: interval is in seconds above 0, not {interval!r}")
        if on_rates is not None and not callable(on_rates):
            raise ArgumentTypeError(f"PerfMonitor: on_rates is not callable: {on_rates!r}")
        self.name = f"perf-monitor-{id(self):x}"
        self.interval = float(interval)
        self._on_rates = on_rates
        self._batch_size = batch_size
        self._dynamic = source_type in _DYNAMIC
        self._show_name = bool(show_name)
        self._lock = threading.Lock()
        self._streams: dict[int, _Stream] = {}
        self._paused = False
        self._lines = 0
        self._native: NativeProbe | None = None

    def apply(self, node: Node, tips: str = "") -> PerfMonitor:
        """Count at a pad of an element: `apply(pipeline["tiler"], "sink")`.

        Raises
        ------
        StateError
            It was applied already.
        ProbeError
            There is no such pad.
        """
        if not isinstance(node, Node):
            raise ArgumentTypeError(f"apply() takes a node, pipeline[name], not {node!r}")
        node.attach(self, tips)
        return self

    def pause(self) -> None:
        """Print nothing until `resume`; frames are still counted."""
        self._paused = True

    def resume(self) -> None:
        """Print again."""
        self._paused = False

    def add_stream(
        self, source_id: int, uri: str = "", sensor_id: str = "", sensor_name: str = ""
    ) -> None:
        """Name a source that has been added."""
        with self._lock:
            self._streams[source_id] = _Stream(uri, sensor_id, sensor_name)
            self._lines = 0

    def remove_stream(self, source_id: int) -> None:
        """Forget a source that has been removed."""
        with self._lock:
            self._streams.pop(source_id, None)
            self._lines = 0

    def values(self) -> dict[int, dict[str, float]]:
        """The rates of each source that is shown: "fps" since they were last read, "average" and
        "frames" since its first frame."""
        rates = {} if self._native is None else self._native.values()
        with self._lock:
            shown = sorted(self._streams) if self._dynamic else range(self._batch_size)
            return {source: rates.get(source, _NONE) for source in shown}

    def attach_to(self, graph: Graph, target: str, tips: str) -> Attachment:
        """Count at a pad; `apply` does this."""
        from dsbind import _builtin

        if self._native is not None:
            raise StateError("this PerfMonitor is applied already; make another")
        native = _builtin.NativeProbe("measure_fps_probe")
        native.set("interval", 0)
        attachment = _builtin.NativeAttachment(native, graph.element(target), tips)
        self._native = native
        return _Watch(self, native, attachment, graph.failure.report)

    def _report(self) -> None:
        if self._paused:
            return
        values = self.values()
        if self._on_rates is not None:
            self._on_rates(values)
        else:
            print(self._text(values), flush=True)

    def _text(self, values: dict[int, dict[str, float]]) -> str:
        active = sum(1 for rates in values.values() if rates["fps"] > 0)
        lines = [f"Active sources : {len(values) if self._dynamic else active}"]
        if self._lines % _HEADER_EVERY == 0:
            lines.append("**PERF:  " + "\t".join(self._title(source) for source in values))
        self._lines += 1
        rates = "\t".join(f"{rate['fps']:.2f} ({rate['average']:.2f})" for rate in values.values())
        return "\n".join([*lines, f"**PERF:  {rates}"])

    def _title(self, source: int) -> str:
        stream = self._streams.get(source)
        name = ""
        if self._show_name and stream is not None:
            name = stream.sensor_name or stream.sensor_id or mask_uri(stream.uri)
        return f"FPS {source}{f' {name}' if name else ''} (Avg)"

    def __repr__(self) -> str:
        return f"<PerfMonitor of {self._batch_size} sources, every {self.interval:g} s>"


class _Watch:
    """A monitor at an element: counts while it is enabled, and reports from a thread of its own."""

    def __init__(
        self,
        monitor: PerfMonitor,
        native: NativeProbe,
        attachment: NativeAttachment,
        on_error: Callable[[BaseException], object],
    ) -> None:
        self._monitor = monitor
        self._native = native
        self._attachment = attachment
        self._on_error = on_error
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()

    def __del__(self) -> None:
        self._ended.set()

    @property
    def enabled(self) -> bool:
        return self._attachment.enabled

    @enabled.setter
    def enabled(self, on: bool) -> None:
        self._attachment.enabled = on
        self._ended.set()
        if self._thread is not None and not self.is_current():
            # So that nothing is printed once the pipeline has ended.
            self._thread.join(_LAST_REPORT)
        if on:
            self._native.start()
            self._ended = threading.Event()
            self._thread = threading.Thread(
                target=_report_until,
                args=(self._ended, self._monitor, self._on_error),
                name="dsbind-perf",
                daemon=True,
            )
            self._thread.start()

    def is_current(self) -> bool:
        return threading.current_thread() is self._thread


def _report_until(
    ended: threading.Event, monitor: PerfMonitor, on_error: Callable[[BaseException], object]
) -> None:
    # It does not hold the attachment, whose end ends it.
    while not ended.wait(monitor.interval):
        try:
            monitor._report()
        except BaseException as error:
            on_error(error)
            return
