# SPDX-License-Identifier: Apache-2.0
"""Trackers in Python: `trackers`, `supervision` and `norfair`, used as their manuals say."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.crowds import BOX, Scene

Array = np.ndarray[Any, np.dtype[Any]]
# Frame by frame: what was detected in, who is where out.
Follow = Callable[[Array], Array]

MISSING = "pip install 'dsbind[bench]'"


def run(scene: Scene, make: Callable[[Scene], Follow]) -> tuple[list[Array], float]:
    """Follow a scene: who was where, and the seconds it took."""
    follow = make(scene)
    tracked = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        begin = time.thread_time()
        for frame in scene.detections:
            tracked.append(follow(frame))
        return tracked, time.thread_time() - begin


def _supervised(update: Callable[[Any], Any]) -> Follow:
    import supervision as sv

    def follow(frame: Array) -> Array:
        corners = frame["box"].copy()
        corners[:, 2:] += corners[:, :2]
        found = update(
            sv.Detections(
                xyxy=corners,
                confidence=frame["confidence"],
                class_id=np.zeros(len(frame), int),
            )
        )
        ids = found.tracker_id
        if ids is None or not len(found):
            return np.zeros(0, BOX)
        known = ids >= 0
        out = np.zeros(int(known.sum()), BOX)
        out["id"] = ids[known]
        out["box"] = found.xyxy[known]
        out["box"][:, 2:] -= out["box"][:, :2]
        out["confidence"] = 1
        return out

    return follow


def _roboflow(name: str) -> Callable[[Scene], Follow]:
    def make(scene: Scene) -> Follow:
        import trackers

        return _supervised(getattr(trackers, name)().update)

    return make


def _supervision(scene: Scene) -> Follow:
    import supervision as sv

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _supervised(sv.ByteTrack().update_with_detections)


def _norfair(scene: Scene) -> Follow:
    import norfair

    tracker = norfair.Tracker(distance_function="iou", distance_threshold=0.7)

    def follow(frame: Array) -> Array:
        boxes = frame["box"].reshape(-1, 2, 2).copy()
        boxes[:, 1] += boxes[:, 0]
        confidence = frame["confidence"]
        found = tracker.update(
            [
                norfair.Detection(points, np.full(2, sure), label="person")
                for points, sure in zip(boxes, confidence, strict=True)
            ]
        )
        # Those seen in this frame, as its manual draws them.
        seen = [item for item in found if item.live_points.any()]
        out = np.zeros(len(seen), BOX)
        for i, item in enumerate(seen):
            (left, top), (right, bottom) = item.estimate
            out[i] = item.id, (left, top, right - left, bottom - top), 1
        return out

    return follow


PEERS: dict[str, Callable[[Scene], Follow]] = {
    "trackers SORT": _roboflow("SORTTracker"),
    "trackers ByteTrack": _roboflow("ByteTrackTracker"),
    "trackers OC-SORT": _roboflow("OCSORTTracker"),
    "trackers C-BIoU": _roboflow("CBIoUTracker"),
    "supervision ByteTrack": _supervision,
    "norfair": _norfair,
}
