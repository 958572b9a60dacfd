# SPDX-License-Identifier: Apache-2.0
"""How well boxes were followed: MOTA, IDF1 and HOTA, as the MOTChallenge counts them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

Array = np.ndarray[Any, np.dtype[Any]]

THRESHOLDS = np.arange(0.05, 0.99, 0.05)


def overlap(a: Array, b: Array) -> Array:
    """Intersection over union of each of `a` with each of `b`: left, top, width, height."""
    first = np.maximum(a[:, None, :2], b[None, :, :2])
    last = np.minimum(a[:, None, :2] + a[:, None, 2:], b[None, :, :2] + b[None, :, 2:])
    common = np.prod(np.clip(last - first, 0, None), axis=2)
    union = np.prod(a[:, None, 2:], 2) + np.prod(b[None, :, 2:], 2) - common
    ratio: Array = common / np.maximum(union, 1e-9)
    return ratio


def score(truth: Sequence[Array], tracked: Sequence[Array]) -> dict[str, float]:
    """Compare frames of BOX; each number is at most 1.

    Returns
    -------
    dict
        `MOTA`, `IDF1`, `HOTA`, and the number of identity `switches`.
    """
    similar = [overlap(a["box"], b["box"]) for a, b in zip(truth, tracked, strict=True)]
    real, real_ids = _dense([frame["id"] for frame in truth])
    made, made_ids = _dense([frame["id"] for frame in tracked])
    mota, switches = _mota(real, made, similar)
    return {
        "MOTA": mota,
        "IDF1": _idf1(real, made, similar, real_ids, made_ids),
        "HOTA": _hota(real, made, similar, real_ids, made_ids),
        "switches": switches,
    }


def _dense(frames: list[Array]) -> tuple[list[Array], int]:
    known = {value: i for i, value in enumerate(np.unique(np.concatenate(frames)))}
    return [np.array([known[value] for value in ids], int) for ids in frames], len(known)


def _mota(real: list[Array], made: list[Array], similar: list[Array]) -> tuple[float, float]:
    partner: dict[int, int] = {}
    missed = false = switches = total = 0
    for a, b, overlaps in zip(real, made, similar, strict=True):
        total += len(a)
        # Whom a track followed before it goes on following, where it still may.
        gain = np.where(overlaps >= 0.5, overlaps, 0.0)
        for i, who in enumerate(a):
            if who in partner:
                gain[i, (b == partner[who]) & (overlaps[i] >= 0.5)] += 1000
        rows, columns = linear_sum_assignment(-gain)
        matched = [(i, j) for i, j in zip(rows, columns, strict=True) if gain[i, j] > 0]
        missed += len(a) - len(matched)
        false += len(b) - len(matched)
        for i, j in matched:
            switches += partner.get(a[i], b[j]) != b[j]
            partner[a[i]] = b[j]
    return 1 - (missed + false + switches) / max(total, 1), float(switches)


def _idf1(
    real: list[Array], made: list[Array], similar: list[Array], real_ids: int, made_ids: int
) -> float:
    together = np.zeros((real_ids, made_ids))
    for a, b, overlaps in zip(real, made, similar, strict=True):
        i, j = np.nonzero(overlaps >= 0.5)
        together[a[i], b[j]] += 1
    rows, columns = linear_sum_assignment(-together)
    both = together[rows, columns].sum()
    return float(2 * both / max(sum(map(len, real)) + sum(map(len, made)), 1))


def _hota(
    real: list[Array], made: list[Array], similar: list[Array], real_ids: int, made_ids: int
) -> float:
    """The mean over the thresholds of the geometric mean of detection and association."""
    near = np.zeros((real_ids, made_ids))
    real_count, made_count = np.zeros(real_ids), np.zeros(made_ids)
    for a, b, overlaps in zip(real, made, similar, strict=True):
        share = overlaps.sum(0)[None, :] + overlaps.sum(1)[:, None] - overlaps
        near[np.ix_(a, b)] += np.where(share > 1e-9, overlaps / np.maximum(share, 1e-9), 0)
        real_count[a] += 1
        made_count[b] += 1
    alike = near / np.maximum(real_count[:, None] + made_count[None, :] - near, 1e-9)
    matches = np.zeros((len(THRESHOLDS), real_ids, made_ids))
    found = np.zeros(len(THRESHOLDS))
    for a, b, overlaps in zip(real, made, similar, strict=True):
        if not len(a) or not len(b):
            continue
        rows, columns = linear_sum_assignment(-alike[np.ix_(a, b)] * overlaps)
        good = overlaps[rows, columns]
        for k, threshold in enumerate(THRESHOLDS):
            kept = good >= threshold - 1e-12
            found[k] += kept.sum()
            matches[k, a[rows[kept]], b[columns[kept]]] += 1
    wrong = real_count.sum() + made_count.sum() - found
    detection = found / np.maximum(wrong, 1)
    union = real_count[:, None] + made_count[None, :] - matches
    association = (matches * matches / np.maximum(union, 1)).sum((1, 2)) / np.maximum(found, 1)
    return float(np.sqrt(detection * association).mean())
