"""A detector in a plain Python loop: OpenCV, NumPy and ONNX Runtime, as people write it.

The peer of the `detect` benchmark, and the reference that a test compares dsbind's detections with.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import onnxruntime

WIDTH, HEIGHT = 640, 368
STRIDE, SCALE = 16, 35.0
THRESHOLD, IOU = 0.5, 0.5

Array = np.ndarray[Any, np.dtype[np.float32]]
Image = np.ndarray[Any, np.dtype[np.uint8]]


class Detection(NamedTuple):
    frame: int
    label: int
    confidence: float
    left: float
    top: float
    width: float
    height: float


def session(model: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


def preprocess(image: Image) -> Array:
    resized = cv2.resize(image, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    rgb = cv2.cvtColor(resized, cv2.COLOR_BGR2RGB)
    return np.ascontiguousarray(rgb.transpose(2, 0, 1)[None]).astype(np.float32) / np.float32(255)


def parse(coverage: Array, boxes: Array) -> Iterator[tuple[int, Array, Array]]:
    """Yield (class, boxes (n, 4) as x1 y1 x2 y2, scores (n,)) of the cells above the threshold."""
    rows, columns = coverage.shape[1:]
    cx = (np.arange(columns, dtype=np.float32) * STRIDE + 0.5) / SCALE
    cy = (np.arange(rows, dtype=np.float32)[:, None] * STRIDE + 0.5) / SCALE
    for label in range(coverage.shape[0]):
        mask = coverage[label] >= THRESHOLD
        if not mask.any():
            continue
        o = boxes[4 * label : 4 * label + 4]
        x1, y1 = (o[0] - cx) * -SCALE, (o[1] - cy) * -SCALE
        x2, y2 = (o[2] + cx) * SCALE, (o[3] + cy) * SCALE
        x1, x2 = np.clip(x1, 0, WIDTH), np.clip(x2, 0, WIDTH)
        y1, y2 = np.clip(y1, 0, HEIGHT), np.clip(y2, 0, HEIGHT)
        yield label, np.stack([x1, y1, x2, y2], -1)[mask], coverage[label][mask]


def suppress(boxes: Array, scores: Array) -> list[int]:
    """Greedy non-maximum suppression; return the indices that stay."""
    order = np.argsort(-scores, kind="stable")
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    keep = []
    while order.size:
        best, rest = order[0], order[1:]
        keep.append(int(best))
        left_top = np.maximum(boxes[best, :2], boxes[rest, :2])
        right_bottom = np.minimum(boxes[best, 2:], boxes[rest, 2:])
        common = np.prod(np.clip(right_bottom - left_top, 0, None), axis=1)
        overlap = common / np.maximum(areas[best] + areas[rest] - common, 1e-9)
        order = rest[overlap <= IOU]
    return keep


def read(clip: Path) -> Iterator[Image]:
    """Yield the frames of a clip, (H, W, 3) BGR."""
    capture = cv2.VideoCapture(str(clip))
    while True:
        good, image = capture.read()
        if not good:
            return
        yield np.asarray(image, np.uint8)


def detect(images: Iterable[Image], model: Path) -> tuple[int, list[Detection]]:
    """Return the number of frames and every detection, in pixels of the frame."""
    engine = session(model)
    found: list[Detection] = []
    frame = 0
    for image in images:
        sx, sy = image.shape[1] / WIDTH, image.shape[0] / HEIGHT
        coverage, boxes = engine.run(None, {"input_1:0": preprocess(image)})
        if coverage.shape[1] > boxes.shape[1]:
            coverage, boxes = boxes, coverage
        for label, candidates, scores in parse(coverage[0], boxes[0]):
            for index in suppress(candidates, scores):
                x1, y1, x2, y2 = (float(value) for value in candidates[index])
                box = (x1 * sx, y1 * sy, (x2 - x1) * sx, (y2 - y1) * sy)
                found.append(Detection(frame, label, float(scores[index]), *box))
        frame += 1
    return frame, found


if __name__ == "__main__":
    import resource
    import time

    begin = time.perf_counter()
    frames, detections = detect(read(Path(sys.argv[1])), Path(sys.argv[2]))
    took = time.perf_counter() - begin
    print(
        json.dumps(
            {
                "fps": frames / took,
                "objects": len(detections),
                "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )
