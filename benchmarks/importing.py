"""What import dsbind costs beyond import numpy, in a warm process."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.harness import Result, Row, alternate

CODE = """
import time
begin = time.perf_counter()
import numpy
{more}
print(time.perf_counter() - begin)
"""
HEAVY = ("libgstreamer", "libonnxruntime", "libcuda", "libcudart")


def seconds(more: str) -> dict[str, float]:
    command = [sys.executable, "-c", CODE.format(more=more)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return {"ms": float(done.stdout) * 1000}


def heavy_libraries() -> int:
    code = "import dsbind; print(open('/proc/self/maps').read())"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return sum(name in done.stdout for name in HEAVY)


def run(rounds: int) -> Result:
    medians = alternate(
        rounds * 3, {"ours": lambda: seconds("import dsbind"), "floor": lambda: seconds("")}
    )
    mine, floor = medians["ours"]["ms"], medians["floor"]["ms"]
    loaded = heavy_libraries()
    return Result(
        "import",
        [
            Row(
                "import numpy, dsbind; ratio is the difference to import numpy in ms",
                mine,
                "ms",
                floor=floor,
                ratio=mine - floor,
                target=50,
                at_least=False,
            ),
            Row(
                "GStreamer, ONNX Runtime and CUDA libraries loaded",
                loaded,
                "libraries",
                ratio=loaded,
                target=0,
                at_least=False,
            ),
        ],
    )
