"""What `retrieve` and `inject` share: frames of four sizes, against PyGObject."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.harness import Result

SIZES = ((320, 240), (1280, 720), (1920, 1080), (3840, 2160))


def compare(
    name: str, rounds: int, *, what: str, frames: int, target: float, more: Mapping[str, str]
) -> Result:
    """Run `benchmarks.NAME` and the peer's function of that name for each size.

    `what` is a frame's time, "us" of what a run prints; `more` are other numbers that it prints.
    `frames` is for the peer, whose frames cost so much more; `target` is for 1080p.
    """
    from benchmarks import gobject
    from benchmarks.harness import Result, Row, alternate, child

    result = Result(name)
    peers = gobject.interpreter() is not None
    runs: dict[str, Callable[[], dict[str, float]]] = {}
    # All sizes in each round: what slows the machine for a while, slows all of them.
    for width, height in SIZES:
        runs[f"ours {height}"] = partial(child, f"benchmarks.{name}", str(width), str(height))
        if peers:
            runs[f"peer {height}"] = partial(gobject.measure, name, width, height, frames)
    medians = alternate(rounds, runs)
    costs = [medians[f"ours {height}"]["us"] for _, height in SIZES]
    for width, height in SIZES:
        mine = medians[f"ours {height}"]
        other = medians[f"peer {height}"]["us"] if peers else None
        result.rows.append(
            Row(
                f"{width}x{height}, {what}; the ratio is PyGObject's time to ours",
                mine["us"],
                "us",
                other,
                ratio=other and other / mine["us"],
                target=target if height == 1080 and peers else None,
            )
        )
        for key, text in more.items():
            result.rows.append(Row(f"{width}x{height}, {text}", mine[key], "us"))
    result.rows.append(
        Row(
            "the dearest size to the cheapest",
            max(costs),
            "us",
            floor=min(costs),
            ratio=max(costs) / min(costs),
            target=1.15,
            at_least=False,
        )
    )
    return result
