# SPDX-License-Identifier: Apache-2.0
"""Follow people on the same detections as Python's trackers: MOTA, IDF1, HOTA and time.

Times are of the thread that calls a tracker: what else runs on the machine does not matter, and
threads that a peer starts are not counted against it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.crowds import Array, Scene
    from benchmarks.harness import Result

OURS = ("NvSORT", "ByteTrack", "OCSORT", "IOU", "NvDCF_perf")
MEASURES = ("MOTA", "IDF1", "HOTA")
GET = (
    "The peers and the recordings are missing: pip install 'dsbind[bench]', then "
    "pip install --no-deps norfair filterpy"
)


def library() -> Path:
    from dsbind import runtime

    return Path(runtime.library_dir()) / "libnvds_nvmultiobjecttracker.so"


def ours(name: str) -> Callable[[Scene], tuple[list[Array], float]]:
    import time

    from benchmarks.nvmot import LibraryTracker
    from dsbind.data import tracker_config

    def run(scene: Scene) -> tuple[list[Array], float]:
        with LibraryTracker(library(), tracker_config(name), scene.size) as tracker:
            begin = time.thread_time()
            tracked = [tracker(frame) for frame in scene.detections]
            return tracked, time.thread_time() - begin

    return run


def theirs(name: str) -> Callable[[Scene], tuple[list[Array], float]]:
    from benchmarks.peers import trackers

    return lambda scene: trackers.run(scene, trackers.PEERS[name])


def within(boxes: Array, size: tuple[int, int]) -> Array:
    """The parts of boxes inside the picture, as nvtracker gives them and as the truth has them."""
    import numpy as np

    first = np.clip(boxes["box"][:, :2], 0, size)
    last = np.clip(boxes["box"][:, :2] + boxes["box"][:, 2:], 0, size)
    boxes = boxes.copy()
    boxes["box"] = np.concatenate([first, last - first], 1)
    return boxes


def measure(
    scenes: list[Scene], run: Callable[[Scene], tuple[list[Array], float]]
) -> dict[str, Any]:
    """The mean of each measure over the scenes, and microseconds a frame."""
    import numpy as np

    from benchmarks.scoring import score

    scores, times = [], []
    for scene in scenes:
        tracked, seconds = run(scene)
        scores.append(score(scene.truth, [within(frame, scene.size) for frame in tracked]))
        times.append(seconds / len(scene.truth) * 1e6)
    means = {key: float(np.mean([one[key] for one in scores])) for key in scores[0]}
    return {**means, "us": float(np.mean(times)), "times": times}


def fifty(rounds: int) -> float:
    """Microseconds a frame of fifty people who are all seen."""
    import statistics

    from benchmarks.crowds import Crowd, make

    scene = make(Crowd(50, missed=0.02, false=0.02, seed=50))
    run = ours("NvSORT")
    return statistics.median(run(scene)[1] / len(scene.truth) * 1e6 for _ in range(rounds + 1))


def run(rounds: int) -> Result:
    from benchmarks.harness import Result, Row

    try:
        from benchmarks.crowds import RECORDINGS, crowds, make, recording
        from benchmarks.peers.trackers import PEERS

        scenes = [*map(make, crowds()), *map(recording, RECORDINGS)]
        peers = {name: measure(scenes, theirs(name)) for name in PEERS}
    except (ImportError, FileNotFoundError) as error:
        raise SystemExit(f"{GET} ({error})") from error
    mine = {name: measure(scenes, ours(name)) for name in OURS}
    times = [measure(scenes, ours("NvSORT"))["us"] for _ in range(rounds)]
    mine["NvSORT"]["us"] = sorted(times)[len(times) // 2] if times else mine["NvSORT"]["us"]
    rows = []
    for name in MEASURES:
        best = max(peers, key=lambda peer: peers[peer][name])
        value, other = mine["NvSORT"][name], peers[best][name]
        rows.append(
            Row(f"{name}, NvSORT, best: {best}", value, "", other, ratio=value / other, target=1)
        )
    quickest = min(peers, key=lambda peer: peers[peer]["us"])
    value, other = mine["NvSORT"]["us"], peers[quickest]["us"]
    rows.append(
        Row(f"time, NvSORT, best: {quickest}", value, "us/frame", other, ratio=other / value,
            target=30)
    )  # fmt: skip
    value = fifty(rounds)
    rows.append(
        Row("time, 50 people", value, "us/frame", floor=50, ratio=value / 50, target=1,
            at_least=False)
    )  # fmt: skip
    for title, group in (("ours", mine), ("peer", peers)):
        for name, one in group.items():
            for key in (*MEASURES, "switches", "us"):
                unit = {"us": "us/frame", "switches": "ids"}.get(key, "")
                rows.append(Row(f"{title} {name}: {key}", one[key], unit))
    return Result("track", rows)
