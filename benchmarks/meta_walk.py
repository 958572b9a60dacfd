"""Walk a batch by Python objects, against a pybind11 binding of the same structs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.harness import Result


def walk(batch: Any) -> float:
    """Class, confidence, id, box and label of each object; the same program for both."""
    total = 0.0
    for frame in batch.frame_items:
        for item in frame.object_items:
            box = item.rect_params
            total += item.class_id + item.confidence + item.object_id
            total += box.left + box.top + box.width + box.height + len(item.label)
    return total


def run(rounds: int) -> Result:
    from benchmarks.harness import Result, Row, alternate
    from benchmarks.street import WHAT, address_of, load_peer, make_batch, microseconds

    peer = load_peer()
    with make_batch() as batch:
        address = address_of(batch)
        theirs = peer.batch(address)
        assert walk(batch) == walk(theirs)
        medians = alternate(
            max(rounds, 7),
            {
                "ours": lambda: {"us": microseconds(lambda: walk(batch), 100)},
                "peer": lambda: {"us": microseconds(lambda: walk(theirs), 100)},
                "floor": lambda: {"us": peer.time_read(address, 1000) * 1e6},
            },
        )
    mine, other = medians["ours"]["us"], medians["peer"]["us"]
    row = Row(WHAT, mine, "us", other, medians["floor"]["us"], other / mine, target=4)
    return Result("meta_walk", [row])
