"""What dsbind detects is what a plain Python loop of the same model detects."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from benchmarks import plain_loop
from dsbind import BatchMetadataOperator, Flow, Pipeline, Probe, RenderMode, clips
from dsbind.data import street_config, street_model


class Collector(BatchMetadataOperator):
    """Keeps every detection, as the plain loop does."""

    def __init__(self) -> None:
        super().__init__()
        self.frames = 0
        self.found: list[plain_loop.Detection] = []

    def handle_metadata(self, batch_meta: object) -> None:
        for frame in batch_meta.frame_items:  # type: ignore[attr-defined]
            self.frames += 1
            for item in frame.object_items:
                box = item.rect_params
                self.found.append(
                    plain_loop.Detection(
                        frame.frame_number,
                        item.class_id,
                        item.confidence,
                        box.left,
                        box.top,
                        box.width,
                        box.height,
                    )
                )


def differs(one: plain_loop.Detection, other: plain_loop.Detection) -> bool:
    sides = ("left", "top", "width", "height")
    return (
        one.frame != other.frame
        or one.label != other.label
        or abs(one.confidence - other.confidence) > 0.01
        or any(abs(getattr(one, side) - getattr(other, side)) > 1.0 for side in sides)
    )


def unmatched(
    found: list[plain_loop.Detection], reference: list[plain_loop.Detection]
) -> list[plain_loop.Detection]:
    """Return the detections of either side that have no equal on the other.

    One that differs counts twice, once a side.
    """
    left = list(found)
    missed = []
    for wanted in reference:
        match = next((each for each in left if not differs(each, wanted)), None)
        if match is None:
            missed.append(wanted)
        else:
            left.remove(match)
    return missed + left


def decoded(clip: Path, width: int, height: int, folder: Path) -> Iterator[plain_loop.Image]:
    """Yield the frames of an H.264 clip, converted to BGR with rounding.

    OpenCV's own capture truncates instead, which darkens the picture by about one level; that is
    enough to move one box in six by more than the tolerance.
    """
    raw = folder / "frames.i420"
    launch = f"filesrc location={clip} ! qtdemux ! h264parse ! avdec_h264 ! video/x-raw,format=I420"
    command = ["gst-launch-1.0", "-q", *f"{launch} ! filesink location={raw}".split()]
    subprocess.run(command, check=True, timeout=60)
    frames = np.fromfile(raw, np.uint8).reshape(-1, height * 3 // 2, width)
    for frame in frames:
        yield cv2.cvtColor(frame, cv2.COLOR_YUV2BGR_I420)


def test_detections_equal_those_of_a_plain_loop(tmp_path: Path) -> None:
    clip = clips.fetch("street")
    frames, reference = plain_loop.detect(decoded(clip, 640, 272, tmp_path), street_model())
    collector = Collector()
    flow = Flow(Pipeline("equal")).batch_capture([str(clip)], width=640, height=272)
    flow.infer(str(street_config())).attach(Probe("collector", collector)).render(
        RenderMode.DISCARD
    )()
    assert collector.frames == frames == 250
    assert len(reference) > 500
    odd = unmatched(collector.found, reference)
    assert len(odd) <= 0.02 * len(reference), odd[:10]
