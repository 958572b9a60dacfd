# SPDX-License-Identifier: Apache-2.0
"""MOTA, IDF1 and HOTA of benchmarks/scoring.py: cases worked out by hand, and others' opinion."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("scipy")

from benchmarks.crowds import BOX, Crowd, make  # noqa: E402
from benchmarks.scoring import overlap, score  # noqa: E402


def frame(*boxes):
    """(id, left) of boxes of 10 x 10."""
    out = np.zeros(len(boxes), BOX)
    for i, (number, left) in enumerate(boxes):
        out[i] = number, (left, 0, 10, 10), 1
    return out


def test_overlap_of_boxes():
    a = np.array([[0, 0, 10, 10]], float)
    b = np.array([[0, 0, 10, 10], [5, 0, 10, 10], [20, 0, 10, 10]], float)
    assert overlap(a, b)[0] == pytest.approx([1, 1 / 3, 0])


def test_perfect_tracks_have_full_marks():
    truth = [frame((1, 10 * i), (2, 500)) for i in range(10)]
    tracked = [frame((7, 10 * i), (9, 500)) for i in range(10)]
    found = score(truth, tracked)
    assert [found[key] for key in ("MOTA", "IDF1", "HOTA", "switches")] == pytest.approx(
        [1, 1, 1, 0]
    )


def test_a_switch_in_the_middle_halves_the_identity():
    truth = [frame((1, 0)) for _ in range(10)]
    tracked = [frame((1 if i < 5 else 2, 0)) for i in range(10)]
    found = score(truth, tracked)
    assert found["switches"] == 1
    assert found["MOTA"] == pytest.approx(0.9)
    assert found["IDF1"] == pytest.approx(0.5)
    # Detection is perfect; each half has half of the true track.
    assert found["HOTA"] == pytest.approx(math.sqrt(0.5))


def test_missed_and_false_boxes_count():
    truth = [frame((1, 0), (2, 100)) for _ in range(10)]
    tracked = [frame((1, 0), (3, 300)) for _ in range(10)]
    found = score(truth, tracked)
    assert found["MOTA"] == pytest.approx(0)
    assert found["IDF1"] == pytest.approx(0.5)
    assert found["HOTA"] == pytest.approx(math.sqrt(10 / 30))


def test_nothing_tracked_has_no_marks():
    found = score([frame((1, 0))] * 3, [frame()] * 3)
    assert found["MOTA"] == found["IDF1"] == found["HOTA"] == 0


@pytest.fixture(scope="module")
def disturbed():
    """A scene, and tracks of it with gaps, changing ids and boxes that are a little off."""
    scene = make(Crowd(12, frames=80, seed=3))
    tracked = []
    for number, boxes in enumerate(scene.truth):
        some = boxes[np.arange(len(boxes)) % 7 != number % 7].copy()
        some["id"] += 100 * (number // 30)
        some["box"][:, 0] += 2
        tracked.append(some)
    return scene.truth, tracked


def test_motmetrics_has_the_same_opinion(disturbed):
    motmetrics = pytest.importorskip("motmetrics")
    ours = score(*disturbed)
    counted = motmetrics.MOTAccumulator(auto_id=True)
    for boxes, others in zip(*disturbed, strict=True):
        far = 1 - overlap(boxes["box"], others["box"])
        counted.update(boxes["id"], others["id"], np.where(far <= 0.5, far, np.nan))
    theirs = motmetrics.metrics.create().compute(counted, metrics=["mota", "idf1", "num_switches"])
    assert ours["MOTA"] == pytest.approx(theirs["mota"].iloc[0], abs=1e-6)
    assert ours["IDF1"] == pytest.approx(theirs["idf1"].iloc[0], abs=1e-6)
    assert ours["switches"] == theirs["num_switches"].iloc[0]


def test_trackers_has_the_same_opinion_of_hota(disturbed):
    hota = pytest.importorskip("trackers.eval.hota")
    ids = [[np.asarray(boxes["id"]) for boxes in frames] for frames in disturbed]
    alike = [overlap(a["box"], b["box"]) for a, b in zip(*disturbed, strict=True)]
    theirs = hota.compute_hota_metrics(*ids, alike)
    assert score(*disturbed)["HOTA"] == pytest.approx(theirs["HOTA"], abs=1e-6)


def test_crowds_are_the_same_each_time_and_are_seen_as_said():
    first, second = make(Crowd(20, frames=60, seed=5)), make(Crowd(20, frames=60, seed=5))
    assert all((a == b).all() for a, b in zip(first.detections, second.detections, strict=True))
    true, found = (sum(map(len, boxes)) for boxes in (first.truth, first.detections))
    assert 0.7 * true < found < 1.2 * true
