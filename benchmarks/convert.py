"""Retrieve NV12 frames of 1920x1080 as RGB, against libyuv alone and OpenCV."""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import importlib
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.harness import Result

WIDTH, HEIGHT = 1920, 1080
FRAMES = 120


def ours() -> dict[str, float]:
    """Median milliseconds of `extract(0, ColorFormat.RGB)`; then of the floor and OpenCV.

    All three convert the same frame in turn, in one process: a machine that is slow for a while is
    so for all.
    """
    import numpy

    from dsbind import Buffer, BufferOperator, ColorFormat, Pipeline, Probe

    cv2: Any = None
    with contextlib.suppress(ImportError):
        cv2 = importlib.import_module("cv2")
    path = ctypes.util.find_library("yuv")
    yuv = None if path is None else ctypes.CDLL(path)
    target = numpy.empty((HEIGHT, WIDTH, 3), numpy.uint8)
    times: dict[str, list[float]] = {"ours": [], "floor": [], "fresh": [], "peer": []}

    def with_libyuv(luma: object, chroma: object, into: object) -> None:
        def at(array: object) -> ctypes.c_void_p:
            return ctypes.c_void_p(array.__array_interface__["data"][0])  # type: ignore[attr-defined]

        strides = [plane.strides[0] for plane in (luma, chroma, into)]  # type: ignore[attr-defined]
        yuv.NV12ToRAW(  # type: ignore[union-attr]
            at(luma), strides[0], at(chroma), strides[1], at(into), strides[2], WIDTH, HEIGHT
        )

    class Convert(BufferOperator):
        turn = 0

        def handle_buffer(self, buffer: Buffer) -> bool:
            planes: Any = buffer.extract(0)
            luma, chroma = (plane.numpy() for plane in planes)
            runs: dict[str, Callable[[], object]] = {
                "ours": lambda: buffer.extract(0, ColorFormat.RGB)
            }
            if yuv is not None:
                runs["floor"] = lambda: with_libyuv(luma, chroma, target)
                runs["fresh"] = lambda: with_libyuv(luma, chroma, numpy.empty_like(target))
            if cv2 is not None:
                code = cv2.COLOR_YUV2RGB_NV12
                runs["peer"] = lambda: cv2.cvtColorTwoPlane(luma, chroma, code, target)
            names = list(runs)
            # The first has the frame to fetch from memory: each is so in turn.
            self.turn += 1
            for i in range(len(names)):
                name = names[(i + self.turn) % len(names)]
                begin = time.perf_counter()
                runs[name]()
                times[name].append(time.perf_counter() - begin)
            return True

    if cv2 is not None:
        cv2.setNumThreads(1)
    caps = f"format=NV12,width={WIDTH},height={HEIGHT},framerate=30/1"
    pipeline = Pipeline("convert")
    pipeline.add("videotestsrc", "src", {"num-buffers": FRAMES})
    pipeline.add("capsfilter", "plain", {"caps": f"video/x-raw,{caps}"})
    pipeline.add("nvvideoconvert", "convert", {})
    pipeline.add("capsfilter", "caps", {"caps": f"video/x-raw(memory:NVMM),{caps}"})
    pipeline.add("fakesink", "sink", {"sync": False})
    pipeline.link("src", "plain", "convert", "caps", "sink")
    pipeline.attach("caps", Probe("convert", Convert()))
    pipeline.start().wait()
    return {
        name: sorted(taken)[len(taken) // 2] * 1e3 if taken else 0.0
        for name, taken in times.items()
    }


def run(rounds: int) -> Result:
    from benchmarks.harness import Result, Row, alternate, child

    medians = alternate(rounds, {"ours": lambda: child("benchmarks.convert")})["ours"]
    mine = medians["ours"]
    peer, floor, fresh = (medians[name] or None for name in ("peer", "floor", "fresh"))
    return Result(
        "convert",
        [
            Row(
                "NV12 1920x1080 to RGB; the ratio is libyuv's speed, into memory of its own each "
                "time as ours",
                mine,
                "ms",
                peer,
                fresh,
                ratio=fresh and fresh / mine,
                target=0.9 if fresh else None,
            ),
            Row(
                "the same; the ratio is to libyuv into one and the same memory",
                mine,
                "ms",
                peer,
                floor,
                ratio=floor and floor / mine,
            ),
        ],
    )


if __name__ == "__main__":
    print(json.dumps(ours()))
