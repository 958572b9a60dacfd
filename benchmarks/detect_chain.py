# SPDX-License-Identifier: Apache-2.0
"""Detect, follow and classify people, against OpenCV, ONNX Runtime and supervision's ByteTrack.

Both sides read the same clip and run the same two models, each on one thread, look at a followed
person's clothes once and again after 30 frames, and hold each person's colour until then. Both must
come to the same number of frames, and to the same detections within two in a hundred: decoders and
scalers round differently.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.harness import Result

WIDTH, HEIGHT = 768, 576
PERSON, REINFER = 2, 30
MOST_DIFFERENCE = 0.02


def ours(clip: str) -> dict[str, float]:
    import resource
    import time

    begin = time.perf_counter()
    from dsbind import BatchMetadataOperator, Flow, Pipeline, Probe, RenderMode
    from dsbind.data import clothing_config, street_config, tracker_config

    class Detections(BatchMetadataOperator):
        frames = found = 0

        def handle_metadata(self, batch_meta: object) -> None:
            for frame in batch_meta.frame_items:  # type: ignore[attr-defined]
                self.frames += 1
                self.found += len(frame.object_items)

    class Colours(BatchMetadataOperator):
        def __init__(self) -> None:
            super().__init__()
            self.seen: list[tuple[int, int, str]] = []

        def handle_metadata(self, batch_meta: object) -> None:
            for frame in batch_meta.frame_items:  # type: ignore[attr-defined]
                for item in frame.object_items:
                    for classifier in item.classifier_items:
                        self.seen.append(
                            (frame.frame_number, item.object_id, classifier.get_n_label(0))
                        )

    detections, colours = Detections(), Colours()
    flow = Flow(Pipeline("chain")).batch_capture([clip], width=WIDTH, height=HEIGHT)
    flow = flow.infer(str(street_config())).attach(Probe("detections", detections))
    flow = flow.track(ll_config_file=str(tracker_config("ByteTrack")))
    flow = flow.infer(str(clothing_config())).attach(Probe("colours", colours))
    flow.render(RenderMode.DISCARD, enable_osd=False)()
    took = time.perf_counter() - begin
    return {
        "fps": detections.frames / took,
        "frames": detections.frames,
        "objects": detections.found,
        "coloured": len(colours.seen),
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "cpu_ms": 1e3 * time.process_time() / detections.frames,
    }


def theirs(clip: str) -> dict[str, float]:
    import resource
    import time
    import warnings
    from pathlib import Path

    begin = time.perf_counter()
    import cv2
    import numpy as np
    import supervision as sv

    from benchmarks import plain_loop as plain

    data = Path(__file__).resolve().parent.parent / "dsbind" / "data"
    detector = plain.session(data / "street.onnx")
    classifier = plain.session(data / "clothing.onnx")
    labels = (data / "clothing_labels.txt").read_text(encoding="utf-8").strip().split(";")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tracker = sv.ByteTrack()
    known: dict[int, tuple[int, str]] = {}  # when a person was looked at, and the colour
    seen: list[tuple[int, int, str]] = []
    frame = found = 0
    for image in plain.read(Path(clip)):
        height, width = image.shape[:2]
        size = np.array([width / plain.WIDTH, height / plain.HEIGHT] * 2, np.float32)
        coverage, boxes = detector.run(
            ["output_cov/Sigmoid:0", "output_bbox/BiasAdd:0"],
            {"input_1:0": plain.preprocess(image)},
        )
        corners: list[plain.Array] = [np.zeros((0, 4), np.float32)]
        scores: list[plain.Array] = [np.zeros(0, np.float32)]
        classes = [np.zeros(0, int)]
        for label, candidates, confidences in plain.parse(coverage[0], boxes[0]):
            keep = plain.suppress(candidates, confidences)
            corners.append(candidates[keep] * size)
            scores.append(confidences[keep])
            classes.append(np.full(len(keep), label))
        detections = sv.Detections(
            xyxy=np.concatenate(corners),
            confidence=np.concatenate(scores),
            class_id=np.concatenate(classes),
        )
        found += len(detections)
        tracked = tracker.update_with_detections(detections)
        crops, owners = [], []
        for i in range(len(tracked)):
            if tracked.class_id[i] != PERSON:
                continue
            number = int(tracked.tracker_id[i])
            left, top, right, bottom = tracked.xyxy[i].astype(int)
            if right - left < 16 or bottom - top < 32:
                continue
            if number not in known or frame - known[number][0] >= REINFER:
                crop = cv2.resize(image[top:bottom, left:right], (48, 96))
                crops.append(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB).transpose(2, 0, 1))
                owners.append(number)
        if crops:
            batch = np.stack(crops).astype(np.float32) / np.float32(255)
            (chances,) = classifier.run(None, {"input_1": batch})
            for number, chance in zip(owners, chances, strict=True):
                best = int(chance.argmax())
                known[number] = frame, labels[best] if chance[best] >= 0.51 else ""
        for i in range(len(tracked)):
            number = int(tracked.tracker_id[i])
            if known.get(number, (0, ""))[1]:
                seen.append((frame, number, known[number][1]))
        frame += 1
    took = time.perf_counter() - begin
    return {
        "fps": frame / took,
        "frames": frame,
        "objects": found,
        "coloured": len(seen),
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "cpu_ms": 1e3 * time.process_time() / frame,
    }


def run(rounds: int) -> Result:
    # Not at the top: the measured process is one that runs the program and nothing else.
    import importlib.util

    from benchmarks.harness import Result, Row, alternate, child
    from benchmarks.track import GET
    from dsbind.clips import fetch

    if importlib.util.find_spec("supervision") is None:
        raise SystemExit(GET)
    clip = str(fetch("people"))
    sides = {side: (lambda side=side: child("benchmarks.detect_chain", side, clip))
             for side in ("ours", "theirs")}  # fmt: skip
    medians = alternate(rounds, sides)
    mine, other = medians["ours"], medians["theirs"]
    apart = abs(mine["objects"] - other["objects"])
    if mine["frames"] != other["frames"] or apart > MOST_DIFFERENCE * other["objects"]:
        raise RuntimeError(f"the two sides did not do the same: {mine} and {other}")
    what = f"people clip, {mine['frames']:.0f} frames, detector, tracker and classifier"
    return Result(
        "detect_chain",
        [
            Row(
                what, mine["fps"], "fps", other["fps"], ratio=mine["fps"] / other["fps"], target=1.5
            ),
            Row(
                f"{what}: processor time a frame",
                mine["cpu_ms"],
                "ms",
                other["cpu_ms"],
                ratio=other["cpu_ms"] / mine["cpu_ms"],
            ),
            Row(
                f"{what}: peak memory",
                mine["mib"],
                "MiB",
                other["mib"],
                ratio=mine["mib"] / other["mib"],
            ),
            Row(f"{what}: objects found", mine["objects"], "objects", other["objects"]),
            Row(f"{what}: objects with a colour", mine["coloured"], "objects", other["coloured"]),
        ],
    )


if __name__ == "__main__":
    print(json.dumps((ours if sys.argv[1] == "ours" else theirs)(sys.argv[2])))
