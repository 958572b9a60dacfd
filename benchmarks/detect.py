"""Detect objects in a clip, against a plain Python loop of OpenCV, NumPy and ONNX Runtime."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.harness import Result

LOOPS = 4


def ours(clip: str, config: str) -> dict[str, float]:
    import resource
    import time

    begin = time.perf_counter()
    from dsbind import BatchMetadataOperator, Flow, Pipeline, Probe, RenderMode

    class Collector(BatchMetadataOperator):
        frames = 0

        def __init__(self) -> None:
            super().__init__()
            self.found: list[tuple[int, int, float, float, float, float, float]] = []

        def handle_metadata(self, batch_meta: object) -> None:
            for frame in batch_meta.frame_items:  # type: ignore[attr-defined]
                self.frames += 1
                for item in frame.object_items:
                    box = item.rect_params
                    self.found.append(
                        (
                            frame.frame_number,
                            item.class_id,
                            item.confidence,
                            box.left,
                            box.top,
                            box.width,
                            box.height,
                        )
                    )

    collector = Collector()
    flow = Flow(Pipeline("benchmark")).batch_capture([clip], width=640, height=272).infer(config)
    flow.attach(Probe("collector", collector)).render(RenderMode.DISCARD)()
    took = time.perf_counter() - begin
    return {
        "fps": collector.frames / took,
        "objects": len(collector.found),
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def run(rounds: int) -> Result:
    # Not at the top: the measured process is one that runs the program and nothing else.
    from benchmarks.harness import Result, Row, alternate, child
    from benchmarks.media import street_looped
    from dsbind.data import street_config, street_model

    clip, config, model = str(street_looped(LOOPS)), str(street_config()), str(street_model())
    medians = alternate(
        rounds,
        {
            "ours": lambda: child("benchmarks.detect", clip, config),
            "peer": lambda: child("benchmarks.plain_loop", clip, model),
        },
    )
    mine, other = medians["ours"], medians["peer"]
    what = f"street clip, {250 * LOOPS} frames, one thread per inference"
    return Result(
        "detect",
        [
            Row(
                what, mine["fps"], "fps", other["fps"], ratio=mine["fps"] / other["fps"], target=1.3
            ),
            Row(
                f"{what}: peak memory",
                mine["mib"],
                "MiB",
                other["mib"],
                ratio=mine["mib"] / other["mib"],
                target=1.25,
                at_least=False,
            ),
            Row(f"{what}: objects found", mine["objects"], "objects", other["objects"]),
        ],
    )


if __name__ == "__main__":
    print(json.dumps(ours(sys.argv[1], sys.argv[2])))
