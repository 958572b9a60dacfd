"""1, 4, 16 and 64 injected streams with 20 objects a frame; and what is left of another thread."""

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
# Of all streams together.
FRAMES = 6400
OBJECTS = 20


def ours(streams: int) -> dict[str, float]:
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
        width, height, format, framerate = 320, 240, "RGB", 30

        def __init__(self) -> None:
            self.array = numpy.zeros((240, 320, 3), numpy.uint8)
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
    flow = flow.batch(width=320, height=240).attach(Probe("fill", fill))
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
    medians = alternate(
        rounds,
        {
            **{str(n): partial(child, "benchmarks.scaling", str(n)) for n in STREAMS},
            "spin": partial(child, "benchmarks.scaling", "spin", clip),
        },
    )
    costs = [medians[str(n)]["us"] for n in STREAMS]
    memory = [medians[str(n)]["mib"] for n in STREAMS]
    for n, cost, mib in zip(STREAMS, costs, memory, strict=True):
        what = f"{n} streams of 320x240, {OBJECTS} objects a frame"
        result.rows.append(Row(f"{what}: a frame", cost, "us"))
        result.rows.append(Row(f"{what}: memory beyond the imports", mib, "MiB"))
    result.rows.append(
        Row(
            "a frame: the dearest number of streams to the cheapest",
            max(costs),
            "us",
            floor=min(costs),
            ratio=max(costs) / min(costs),
            target=1.2,
            at_least=False,
        )
    )
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
    numbers = spinning(sys.argv[2]) if sys.argv[1] == "spin" else ours(int(sys.argv[1]))
    print(json.dumps(numbers))
