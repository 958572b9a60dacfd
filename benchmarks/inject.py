"""Push arrays into a pipeline, from 320x240 to 3840x2160, against PyGObject."""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.harness import Result

FRAMES = 20_000


def ours(width: int, height: int) -> dict[str, float]:
    """Microseconds a frame from the first call of `generate` to the end of the stream."""
    import numpy

    from dsbind import Buffer, BufferProvider, Feeder, Pipeline

    class Give(BufferProvider):
        def __init__(self) -> None:
            self.array = numpy.zeros((height, width, 3), numpy.uint8)
            self.count = 0
            self.begin = 0.0

        def generate(self, size: int) -> Buffer:
            if not self.count:
                self.begin = time.perf_counter()
            self.count += 1
            return Buffer(self.array) if self.count <= FRAMES else Buffer()

    give = Give()
    caps = f"video/x-raw,format=RGB,width={width},height={height},framerate=30/1"
    pipeline = Pipeline("inject")
    properties = {"caps": caps, "do-timestamp": True, "max-bytes": 4 * width * height * 3}
    pipeline.add("appsrc", "src", properties)
    pipeline.add("fakesink", "sink", {"sync": False})
    pipeline.link("src", "sink")
    pipeline.attach("src", Feeder("feeder", give), tips="need-data/enough-data")
    pipeline.start().wait()
    return {"us": (time.perf_counter() - give.begin) / FRAMES * 1e6}


def run(rounds: int) -> Result:
    from benchmarks.sizes import compare

    return compare("inject", rounds, what="a frame", frames=100, target=10, more={})


if __name__ == "__main__":
    # Once to warm up: the process before may have been the peer, which leaves much to clean up.
    # Then some, for how often two threads wait for each other is another matter each time.
    passes = [ours(int(sys.argv[1]), int(sys.argv[2]))["us"] for _ in range(6)]
    print(json.dumps({"us": statistics.median(passes[1:])}))
