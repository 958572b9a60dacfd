# SPDX-License-Identifier: Apache-2.0
"""What nvinfer costs beside its model: scaling, normalising and reading the boxes, per frame."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.harness import Result

FRAMES = 200
SIZES = {"640x368": (640, 368), "1920x1080": (1920, 1080)}
# Share of the model's time, and milliseconds.
MOST_SHARE, MOST_MS = 0.08, 1.5

_TIMES = re.compile(r"images, ms each: preprocess ([\d.]+), model ([\d.]+), postprocess ([\d.]+)")


def play(config: str, width: int, height: int, frames: int = FRAMES) -> None:
    """Run nvinfer on one thread, on frames of noise and shapes that are in memory already."""
    from dsbind import Pipeline

    raw = f"format=NV12,width={width},height={height},framerate=30/1"
    pipeline = Pipeline("overhead")
    pipeline.add("videotestsrc", "src", {"num-buffers": frames, "pattern": 18})
    pipeline.add("capsfilter", "raw", {"caps": f"video/x-raw,{raw}"})
    pipeline.add("nvvideoconvert", "convert", {})
    pipeline.add("capsfilter", "nvmm", {"caps": f"video/x-raw(memory:NVMM),{raw}"})
    pipeline.add("nvstreammux", "mux", {"batch-size": 1, "width": width, "height": height})
    pipeline.add("nvinfer", "infer", {"config-file-path": config, "parallel-batches": 1})
    pipeline.add("fakesink", "sink", {"sync": False})
    pipeline.link("src", "raw", "convert", "nvmm")
    pipeline.link(("nvmm", "mux"), ("", "sink_%u"))
    pipeline.link("mux", "infer", "sink")
    pipeline.start().wait()


def measured(module: str, *arguments: object) -> dict[str, float]:
    """Milliseconds a frame of each part, as nvinfer tells them when it stops."""
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        env={**os.environ, "GST_DEBUG": "nvinfer:4", "GST_DEBUG_NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    found = _TIMES.search(done.stderr)
    if done.returncode or found is None:
        raise RuntimeError(f"{module} failed: {done.stderr[-2000:]}")
    return dict(
        zip(("preprocess", "model", "postprocess"), map(float, found.groups()), strict=True)
    )


def outside(times: Mapping[str, float]) -> float:
    return times["preprocess"] + times["postprocess"]


def run(rounds: int) -> Result:
    from benchmarks.harness import Result, Row, alternate

    def of(name: str) -> dict[str, float]:
        times = measured("benchmarks.infer_overhead", *SIZES[name])
        return {"outside": outside(times), "model": times["model"]}

    medians = alternate(rounds, {name: partial(of, name) for name in SIZES})
    small, large = medians["640x368"], medians["1920x1080"]
    share = small["outside"] / small["model"]
    return Result(
        "infer_overhead",
        [
            Row(
                "nvinfer outside of ONNX Runtime, frames of 640x368; the ratio is to the model",
                small["outside"],
                "ms",
                floor=small["model"],
                ratio=share,
                target=MOST_SHARE,
                at_least=False,
            ),
            Row(
                "the same, frames of 1920x1080; the ratio is to 1.5 ms",
                large["outside"],
                "ms",
                floor=large["model"],
                ratio=large["outside"] / MOST_MS,
                target=1.0,
                at_least=False,
            ),
        ],
    )


if __name__ == "__main__":
    from dsbind.data import street_config

    play(str(street_config()), int(sys.argv[1]), int(sys.argv[2]))
    print(json.dumps({}))
