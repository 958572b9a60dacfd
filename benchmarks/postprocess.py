# SPDX-License-Identifier: Apache-2.0
"""Boxes out of YOLO's 8,400 candidates of 80 classes, suppressed: nvinfer against NumPy.

Both run behind the same model in ONNX Runtime, whose output has just been written, and both only
look closer at candidates that are sure of something. The peer is what a good NumPy programmer
writes: no loop over candidates, areas computed once, and one turn of a loop per box that stays,
which a greedy suppression needs.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.harness import Result

SIDE, CANDIDATES, CLASSES = 640, 8400, 80
OBJECTS, AROUND = 60, 12
THRESHOLD, OVERLAP = 0.25, 0.45
FRAMES = 100


def outputs() -> Any:
    """What a model says of a street: each object by several candidates, all others unsure."""
    import numpy

    random = numpy.random.default_rng(7)
    table = numpy.zeros((4 + CLASSES, CANDIDATES), numpy.float32)
    table[:2] = random.uniform(0, SIDE, (2, CANDIDATES))
    table[2:4] = random.uniform(8, 200, (2, CANDIDATES))
    table[4:] = random.beta(0.5, 40, (CLASSES, CANDIDATES))
    places = random.permutation(CANDIDATES)[: OBJECTS * AROUND].reshape(OBJECTS, AROUND)
    for group in places:
        centre, size = random.uniform(60, SIDE - 60, (2, 1)), random.uniform(30, 120, (2, 1))
        table[:2, group] = centre + random.normal(0, 2, (2, AROUND))
        table[2:4, group] = size * random.uniform(0.92, 1.08, (2, AROUND))
        table[4 + random.integers(CLASSES), group] = random.uniform(0.3, 0.95, AROUND)
    return table


def with_numpy(table: Any) -> Any:
    """As programs do it: a row per candidate, the sure ones, the best of each class first."""
    import numpy

    rows = table.T
    scores = rows[:, 4:].max(axis=1)
    rows, scores = rows[scores > THRESHOLD], scores[scores > THRESHOLD]
    labels = rows[:, 4:].argmax(axis=1)
    corners = numpy.concatenate(
        [rows[:, :2] - rows[:, 2:4] / 2, rows[:, :2] + rows[:, 2:4] / 2], axis=1
    ).clip(0, SIDE)
    areas = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    kept: list[int] = []
    for label in numpy.unique(labels):
        (mine,) = numpy.nonzero(labels == label)
        order = mine[numpy.argsort(-scores[mine], kind="stable")]
        while order.size:
            best, rest = order[0], order[1:]
            kept.append(int(best))
            first = numpy.maximum(corners[best, :2], corners[rest, :2])
            last = numpy.minimum(corners[best, 2:], corners[rest, 2:])
            sides = numpy.maximum(last - first, 0)
            both = sides[:, 0] * sides[:, 1]
            order = rest[both <= OVERLAP * (areas[best] + areas[rest] - both)]
    return numpy.column_stack([labels[kept], scores[kept], corners[kept]])


def write_config(folder: Path) -> Path:
    from benchmarks.onnx_models import ANY, write_constant_model

    write_constant_model(folder / "yolo.onnx", [ANY, 3, SIDE, SIDE], {"output0": outputs()})
    config = folder / "yolo.txt"
    config.write_text(
        "[property]\nonnx-file=yolo.onnx\ncluster-mode=2\n[class-attrs-all]\n"
        f"pre-cluster-threshold={THRESHOLD}\nnms-iou-threshold={OVERLAP}\n",
        encoding="utf-8",
    )
    return config


def ours() -> float:
    """Milliseconds an image."""
    from benchmarks.infer_overhead import measured

    with tempfile.TemporaryDirectory() as folder:
        config = write_config(Path(folder))
        return measured("benchmarks.postprocess", config)["postprocess"]


def theirs() -> float:
    """Milliseconds an image: the median."""
    import numpy

    from benchmarks.plain_loop import session

    with tempfile.TemporaryDirectory() as folder:
        write_config(Path(folder))
        model = session(Path(folder) / "yolo.onnx")
    image = numpy.zeros((1, 3, SIDE, SIDE), numpy.float32)
    times = []
    for _ in range(FRAMES):
        (table,) = model.run(None, {"x": image})
        begin = time.perf_counter()
        with_numpy(table[0])
        times.append(time.perf_counter() - begin)
    return sorted(times)[len(times) // 2] * 1e3


def run(rounds: int) -> Result:
    from benchmarks.harness import Result, Row, alternate

    medians = alternate(rounds, {"ours": lambda: {"ms": ours()}, "numpy": lambda: {"ms": theirs()}})
    mine, peer = medians["ours"]["ms"], medians["numpy"]["ms"]
    return Result(
        "postprocess",
        [
            Row(
                "YOLO: 8,400 candidates of 80 classes decoded and suppressed; peer is NumPy",
                mine,
                "ms",
                peer,
                ratio=peer / mine,
                target=20,
            )
        ],
    )


if __name__ == "__main__":
    from benchmarks.infer_overhead import play

    play(sys.argv[1], SIDE, SIDE, FRAMES)
