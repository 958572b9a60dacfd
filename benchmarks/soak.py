"""Many buffers through inject, a Python probe, a native probe and retrieve: what is left of them.

The number of buffers is the environment's DSBIND_SOAK, else 60,000.
"""

from __future__ import annotations

import gc
import json
import os
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.harness import Result

BUFFERS = 60_000
# Of the first buffers, in which caches and pools fill up.
WARM_UP = 0.2


def resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def ours(buffers: int) -> dict[str, float]:
    """Growth of resident memory after the warm-up in KiB, and buffers a second."""
    import numpy

    from dsbind import (
        ArrayPool,
        BatchMetadataOperator,
        Buffer,
        BufferProvider,
        BufferRetriever,
        Flow,
        Pipeline,
        Probe,
    )
    from dsbind.meta import BatchMetadata

    class Give(BufferProvider):
        width, height, format, framerate = 64, 48, "RGB", 0

        def __init__(self) -> None:
            self.pool = ArrayPool((48, 64, 3))
            self.left = buffers

        def generate(self, size: int) -> Buffer:
            self.left -= 1
            return Buffer(self.pool.take()) if self.left >= 0 else Buffer()

    class Look(BatchMetadataOperator):
        def handle_metadata(self, batch_meta: BatchMetadata) -> None:
            for frame in batch_meta.frame_items:
                frame.append(batch_meta.acquire_object_meta())

    class Take(BufferRetriever):
        count = 0
        sizes: list[int]

        def __init__(self) -> None:
            self.sizes = []

        def consume(self, buffer: Buffer) -> None:
            self.count += 1
            numpy.asarray(buffer.extract(0))[0, 0].sum()
            if self.count % max(buffers // 200, 1) == 0:
                self.sizes.append(resident())

    def measure() -> tuple[float, list[int]]:
        take = Take()
        flow = Flow(Pipeline("soak")).inject([Give()]).batch(width=64, height=48)
        flow = flow.attach(Probe("look", Look())).attach("measure_fps_probe", "fps")
        begin = time.perf_counter()
        flow.retrieve(take, max_buffers=16)()
        if take.count != buffers:
            raise RuntimeError(f"{take.count} of {buffers} buffers came")
        return take.count / (time.perf_counter() - begin), take.sizes

    rate, sizes = measure()
    gc.collect()
    sizes = sizes[int(len(sizes) * WARM_UP) :]
    # The middle of a few: one page more or less at one moment says nothing.
    part = max(len(sizes) // 10, 1)
    first, last = sorted(sizes[:part]), sorted(sizes[-part:])
    return {"kib": (last[part // 2] - first[part // 2]) / 1024, "rate": rate}


def left(buffers: int) -> float:
    """Number of objects and buffers of GStreamer that are left at the end, as its tracer counts."""
    code = (
        "import ctypes, gc; from benchmarks.soak import ours; "
        f"ours({buffers}); gc.collect(); "
        "ctypes.CDLL('libgstreamer-1.0.so.0').gst_deinit()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "GST_TRACERS": "leaks", "GST_DEBUG": "GST_TRACER:7"},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    alive = re.findall(r"object-alive, type-name=\(string\)(\w+)", done.stderr)
    if alive:
        print("left:", sorted(alive), file=sys.stderr)
    return len(alive)


def run(rounds: int) -> Result:
    from benchmarks.harness import Result, Row, child

    buffers = int(os.environ.get("DSBIND_SOAK", BUFFERS))
    numbers = child("benchmarks.soak", str(buffers))
    alive = left(min(buffers, 2000))
    return Result(
        "soak",
        [
            Row(
                f"{buffers} buffers: growth of resident memory after the first fifth",
                numbers["kib"],
                "KiB",
                ratio=numbers["kib"],
                target=1024,
                at_least=False,
            ),
            Row(f"{buffers} buffers", numbers["rate"], "buffers/s"),
            Row(
                "objects and buffers of GStreamer left at the end",
                alive,
                "objects",
                ratio=alive,
                target=0,
                at_least=False,
            ),
        ],
    )


if __name__ == "__main__":
    print(json.dumps(ours(int(sys.argv[1]))))
