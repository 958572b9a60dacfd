# SPDX-License-Identifier: Apache-2.0
"""Pipelines whose buffers a test looks at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dsbind import Buffer, BufferOperator, Pipeline, Probe


class Handle(BufferOperator):
    def __init__(self, handle: Callable[[Buffer], object]) -> None:
        super().__init__()
        self.handle = handle

    def handle_buffer(self, buffer: Buffer) -> bool:
        self.handle(buffer)
        return True


def white(format: str, width: int = 64, height: int = 48) -> str:
    """Caps of plain memory."""
    return f"video/x-raw,format={format},width={width},height={height},framerate=25/1"


def converted(format: str) -> tuple[tuple[str, str, dict[str, Any]], ...]:
    """A tail for `run`: `c` has the frames in another format."""
    return (
        ("nvvideoconvert", "convert", {}),
        ("capsfilter", "c", {"caps": f"video/x-raw(memory:NVMM),format={format}"}),
    )


def run(
    *handlers: tuple[str, Callable[[Buffer], object]],
    caps: str = "",
    frames: int = 2,
    tail: Sequence[tuple[str, str, dict[str, Any]]] = (),
) -> None:
    """Run a white picture through `caps`, `mux` and `tail`; `handlers` are (element, function)."""
    pipeline = Pipeline("buffers")
    pipeline.add("videotestsrc", "src", {"num-buffers": frames, "pattern": 3})
    pipeline.add("capsfilter", "caps", {"caps": caps or white("NV12")})
    pipeline.add("nvstreammux", "mux", {"batch-size": 4, "width": 64, "height": 48})
    pipeline.link("src", "caps")
    pipeline.link(("caps", "mux"), ("", "sink_%u"))
    last = "mux"
    for kind, name, properties in (*tail, ("fakesink", "sink", {})):
        pipeline.add(kind, name, properties)
        pipeline.link(last, name)
        last = name
    for i, (element, handle) in enumerate(handlers):
        pipeline.attach(element, Probe(f"probe{i}", Handle(handle)))
    pipeline.start().wait()
