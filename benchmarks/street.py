"""The batch that the benchmarks of metadata work on, and who walks it in pybind11 and in C."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dsbind.meta import BatchMetadata

FRAMES = 16
OBJECTS = 50
LABELS = ("car", "person", "bicycle", "roadsign")
WHAT = f"{FRAMES} frames x {OBJECTS} objects"

# The fields that all of them read.
FIELDS = (
    "class_id",
    "confidence",
    "object_id",
    "left",
    "top",
    "width",
    "height",
    "label_index",
)


def make_batch() -> BatchMetadata:
    """A batch of 16 frames with 50 objects each, as a detector would leave it."""
    from dsbind import osd
    from dsbind.meta import BatchMetadata

    batch = BatchMetadata.create(FRAMES)
    for index in range(FRAMES):
        frame = batch.acquire_frame_meta(source_id=index, frame_number=1000)
        batch.append(frame)
        for number in range(OBJECTS):
            item = batch.acquire_object_meta()
            item.class_id = number % 4
            item.label = LABELS[number * 7 % 4]
            item.object_id = 100 * index + number
            item.confidence = number / OBJECTS
            item.rect_params = osd.Rect(number, 2 * number, 30, 40)
            frame.append(item)
    return batch


def address_of(batch: object) -> int:
    """Where its struct lies: views are hashed by that."""
    return hash(batch)


def load_peer() -> ModuleType:
    from benchmarks import peers
    from dsbind import runtime

    runtime.open()
    module = peers.load("metawalk")
    module.use(next(x["path"] for x in runtime.libraries() if x["name"] == "libnvds_meta.so"))
    return module


def microseconds(work: Callable[[], object], times: int) -> float:
    """Mean time of one call, in microseconds, after a warm-up of a tenth of the calls."""
    for _ in range(times // 10 + 1):
        work()
    begin = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - begin) / times * 1e6
