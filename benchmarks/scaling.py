"""1, 4, 16 and 64 injected streams with 20 objects a frame; and what is left of another thread.

With frames of 320x240, batches of 64 streams are 22 MB of pixels in and out, which no core's own
cache holds, while those of 4 streams stay in it: converting a frame takes 17 us there and 29 us
here, on a core with 1 MiB. With frames of 32x24 the rest is seen: streams, batches and metadata.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.harness import Result

STREAMS = (1, 4, 16, 64)
SIZES = ((320, 240), (32, 24))
# Of all streams together.
FRAMES = 6400
OBJECTS = 20


def ours(streams: int, frame_width: int, frame_height: int) -> dict[str, float]:
    """Microseconds a frame, once it runs, and the peak of memory."""
    import resource

    import numpy

    from dsbind import (
        BatchMetadataOperator,
        Buffer,
        BufferProvider,
        Flow,
        Pipeline,
        Probe,
        RenderMode,
    )
    from dsbind.meta import BatchMetadata

    class Give(BufferProvider):
        width, height, format, framerate = frame_width, frame_height, "RGB", 30

        def __init__(self) -> None:
            self.array = numpy.zeros((frame_height, frame_width, 3), numpy.uint8)
            self.left = FRAMES // streams

        def generate(self, size: int) -> Buffer:
            self.left -= 1
            return Buffer(self.array) if self.left >= 0 else Buffer()

    class Fill(BatchMetadataOperator):
        frames = 0
        times: list[tuple[float, int]]

        def __init__(self) -> None:
            super().__init__()
            self.times = []

        def handle_metadata(self, batch_meta: BatchMetadata) -> None:
            for frame in batch_meta.frame_items:
                self.frames += 1
                for i in range(OBJECTS):
                    item = batch_meta.acquire_object_meta()
                    item.class_id = i % 4
                    frame.append(item)
            self.times.append((time.perf_counter(), self.frames))

    fill = Fill()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    flow = Flow(Pipeline("scaling")).inject([Give() for _ in range(streams)])
    flow = flow.batch(width=frame_width, height=frame_height).attach(Probe("fill", fill))
    flow.render(RenderMode.DISCARD, sync=False)()
    if fill.frames != FRAMES:
        raise RuntimeError(f"{fill.frames} of {FRAMES} frames came")
    # Not the first quarter, in which threads start and pools fill up.
    begin, seen = next(moment for moment in fill.times if moment[1] >= FRAMES // 4)
    end = fill.times[-1][0]
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"us": (end - begin) / (FRAMES - seen) * 1e6, "mib": (after - before) / 1024}


def spinning(clip: str) -> dict[str, float]:
    """Turns a second of a Python loop, alone and while clips are decoded with a native probe."""
    from dsbind import Flow, Pipeline, RenderMode

    def turns(seconds: float) -> float:
        until = time.perf_counter() + seconds
        count = 0
        while time.perf_counter() < until:
            count += 1
        return count / seconds

    turns(0.2)
    pipeline = Pipeline("spinning")
    flow = Flow(pipeline).batch_capture([clip] * 2, width=640, height=272)
    # At the speed of the clip: the machine's cores are not what is measured.
    flow = flow.attach("measure_fps_probe", "fps").render(RenderMode.DISCARD, sync=True)
    running = threading.Thread(target=flow, daemon=True)
    running.start()
    time.sleep(1.5)
    busy, alone = [], []
    for _ in range(3):
        busy.append(turns(0.6))
    pipeline.stop()
    running.join(20)
    for _ in range(3):
        alone.append(turns(0.6))
    return {"busy": sorted(busy)[1], "alone": sorted(alone)[1]}


def run(rounds: int) -> Result:
    from benchmarks.harness import Result, Row, alternate, child
    from benchmarks.media import street_looped

    result = Result("scaling")
    clip = str(street_looped(10))
    runs = {"spin": partial(child, "benchmarks.scaling", "spin", clip)}
    for n in STREAMS:
        for width, height in SIZES:
            arguments = (str(n), str(width), str(height))
            runs[f"{n} {width}"] = partial(child, "benchmarks.scaling", *arguments)
    medians = alternate(rounds, runs)
    for width, height in SIZES:
        costs = [medians[f"{n} {width}"]["us"] for n in STREAMS]
        for n, cost in zip(STREAMS, costs, strict=True):
            what = f"{n} streams of {width}x{height}, {OBJECTS} objects a frame: a frame"
            result.rows.append(Row(what, cost, "us"))
        result.rows.append(
            Row(
                f"a frame of {width}x{height}: the dearest number of streams to the cheapest",
                max(costs),
                "us",
                floor=min(costs),
                ratio=max(costs) / min(costs),
                target=1.2,
                at_least=False,
            )
        )
    memory = [medians[f"{n} {SIZES[0][0]}"]["mib"] for n in STREAMS]
    for n, mib in zip(STREAMS, memory, strict=True):
        what = f"{n} streams of {SIZES[0][0]}x{SIZES[0][1]}: memory beyond the imports"
        result.rows.append(Row(what, mib, "MiB"))
    slopes = [
        (high - low) / (m - n)
        for n, m, low, high in zip(STREAMS, STREAMS[1:], memory, memory[1:], strict=False)
    ]
    result.rows.append(
        Row(
            "memory of one stream more: the ratio is the slope from 16 to 64 to that from 4 to 16",
            slopes[-1],
            "MiB",
            ratio=slopes[-1] / slopes[-2],
            target=1.5,
            at_least=False,
        )
    )
    spin = medians["spin"]
    result.rows.append(
        Row(
            "a Python loop beside a pipeline that decodes, with a native probe",
            spin["busy"] / 1e6,
            "M turns/s",
            floor=spin["alone"] / 1e6,
            ratio=spin["busy"] / spin["alone"],
            target=0.9,
        )
    )
    return result


if __name__ == "__main__":
    numbers = spinning(sys.argv[2]) if sys.argv[1] == "spin" else ours(*map(int, sys.argv[1:]))
    print(json.dumps(numbers))
