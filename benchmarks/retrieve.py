"""Take frames out of a pipeline as arrays, from 320x240 to 3840x2160, against PyGObject."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.harness import Result

FRAMES = 400


def ours(width: int, height: int) -> dict[str, float]:
    """Median microseconds from the buffer to the array, in `consume`."""
    from dsbind import Buffer, BufferRetriever, Pipeline, Receiver

    class Take(BufferRetriever):
        held: list[float]
        leased: list[float]

        def __init__(self) -> None:
            self.held, self.leased = [], []

        def consume(self, buffer: Buffer) -> None:
            begin = time.perf_counter()
            frame = buffer.extract(0).numpy()
            middle = time.perf_counter()
            buffer.extract(0, retain=False)
            self.leased.append(time.perf_counter() - middle)
            self.held.append(middle - begin)
            if frame.shape != (height, width, 3):
                raise RuntimeError(f"another frame came: {frame.shape}")

    take = Take()
    caps = f"video/x-raw,format=RGB,width={width},height={height},framerate=30/1"
    pipeline = Pipeline("retrieve")
    pipeline.add("videotestsrc", "src", {"num-buffers": 1})
    pipeline.add("capsfilter", "caps", {"caps": caps})
    pipeline.add("imagefreeze", "freeze", {"num-buffers": FRAMES})
    pipeline.add("appsink", "sink", {"emit-signals": True, "sync": False, "max-buffers": 4})
    pipeline.link("src", "caps", "freeze", "sink")
    pipeline.attach("sink", Receiver("receiver", take), tips="new-sample")
    pipeline.start().wait()
    middle = FRAMES // 2
    return {
        "us": sorted(take.held)[middle] * 1e6,
        "leased": sorted(take.leased)[middle] * 1e6,
    }


def run(rounds: int) -> Result:
    from benchmarks.sizes import compare

    return compare(
        "retrieve",
        rounds,
        what="a frame as an array",
        frames=60,
        target=20,
        more={"leased": "a leased tensor"},
    )


if __name__ == "__main__":
    print(json.dumps(ours(int(sys.argv[1]), int(sys.argv[2]))))
