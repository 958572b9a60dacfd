"""Add 800 objects from one array, against a loop in C over the same calls, and pybind11."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.harness import Result


def add_one_by_one(batch: Any, frames: list[Any], values: list[tuple[Any, ...]]) -> None:
    """What a program does with a binding of the C API."""
    for index, class_id, confidence, object_id, left, top, width, height, label in values:
        item = batch.acquire_object_meta()
        item.class_id = class_id
        item.confidence = confidence
        item.object_id = object_id
        box = item.rect_params
        box.left = left
        box.top = top
        box.width = width
        box.height = height
        item.label = label
        frames[index].append(item)


def timed(work: Callable[[], None], clear: Callable[[], None], times: int) -> dict[str, float]:
    took = 0.0
    for _ in range(times):
        clear()
        begin = time.perf_counter()
        work()
        took += time.perf_counter() - begin
    return {"us": took / times * 1e6}


def run(rounds: int) -> Result:
    from benchmarks.harness import Result, Row, alternate
    from benchmarks.street import FIELDS, WHAT, address_of, load_peer, make_batch

    peer = load_peer()
    with make_batch() as batch:
        address = address_of(batch)
        theirs = peer.batch(address)
        their_frames, our_frames = list(theirs.frame_items), list(batch.frame_items)
        array = batch.objects_array(["frame_index", *FIELDS])
        labels = batch.labels
        values = [(*row[:-1], labels[row[-1]]) for row in array.tolist()]

        def clear() -> None:
            peer.clear(address)

        def ours() -> None:
            batch.add_objects(array, labels)

        medians = alternate(
            max(rounds, 7),
            {
                "floor": lambda: {"us": peer.time_write(address, 300) * 1e6},
                "ours": lambda: timed(ours, clear, 300),
                "objects": lambda: timed(
                    lambda: add_one_by_one(batch, our_frames, values), clear, 30
                ),
                "peer": lambda: timed(
                    lambda: add_one_by_one(theirs, their_frames, values), clear, 30
                ),
            },
        )
    mine, floor = medians["ours"]["us"], medians["floor"]["us"]
    other, one = medians["peer"]["us"], medians["objects"]["us"]
    rows = [
        Row(
            f"{WHAT}: times the loop in C",
            mine,
            "us",
            None,
            floor,
            mine / floor,
            target=2,
            at_least=False,
        ),
        Row(f"{WHAT}: add_objects against pybind11", mine, "us", other, floor, other / mine),
        Row(f"{WHAT}: one by one, both", one, "us", other, floor, other / one),
    ]
    return Result("meta_write", rows)
