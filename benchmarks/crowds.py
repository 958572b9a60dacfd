# SPDX-License-Identifier: Apache-2.0
"""Scenes for the `track` benchmark: what is there, and what a detector made of it.

Two are the recordings that the package motmetrics brings, the others are crowds made here: people
of all distances walk, stop, hide behind each other, are missed and imagined by the detector, and
the camera stands still or shakes.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

# A box in a frame: `id` is the person's, and -1 in detections; left, top, width, height in pixels.
BOX = np.dtype([("id", np.int64), ("box", np.float32, 4), ("confidence", np.float32)])

WIDTH, HEIGHT = 1920, 1080
RECORDINGS = ("TUD-Campus", "TUD-Stadtmitte")


@dataclass(frozen=True)
class Scene:
    """A sequence of frames, each an array of BOX."""

    name: str
    size: tuple[int, int]
    truth: list[Array]
    detections: list[Array]


@dataclass(frozen=True)
class Crowd:
    """How a crowd and its detector behave."""

    people: int
    shake: float = 0.0  # pixels a frame, standard deviation
    missed: float = 0.05  # share of clearly seen people not detected
    false: float = 0.05  # imagined people, as a share of the real ones
    jitter: float = 0.03  # of the boxes, as a share of their size
    frames: int = 240
    seed: int = 0

    @property
    def name(self) -> str:
        camera = "shaking" if self.shake else "still"
        detector = "poor" if self.missed > 0.1 else "fair"
        return f"{self.people} people, {camera}, {detector}"


def crowds(seed: int = 1) -> list[Crowd]:
    """Those of the benchmark; other seeds are other crowds of the same kinds."""
    return [
        Crowd(10, seed=seed),
        Crowd(10, shake=6, missed=0.15, false=0.15, jitter=0.05, seed=seed + 1),
        Crowd(25, shake=3, seed=seed + 2),
        Crowd(50, missed=0.15, false=0.1, seed=seed + 3),
        Crowd(50, shake=6, seed=seed + 4),
        Crowd(100, seed=seed + 5),
        Crowd(100, shake=3, missed=0.15, false=0.1, jitter=0.05, seed=seed + 6),
        Crowd(200, shake=2, seed=seed + 7),
    ]


def recording(name: str) -> Scene:
    """One of the package motmetrics; its detections are a tracker's, taken without their ids."""
    package = importlib.util.find_spec("motmetrics")
    if package is None or package.origin is None:
        raise FileNotFoundError("the recordings are missing: pip install --no-deps motmetrics")
    folder = Path(package.origin).parent / "data" / name
    truth, found = (
        np.loadtxt(folder / f"{part}.txt", delimiter=",", usecols=range(7), ndmin=2)
        for part in ("gt", "test")
    )
    found[:, 1] = -1
    found[:, 6] = 1
    frames = range(1, int(max(truth[:, 0].max(), found[:, 0].max())) + 1)
    return Scene(name, (640, 480), _by_frame(truth, frames), _by_frame(found, frames))


def _by_frame(rows: Array, frames: range) -> list[Array]:
    out = []
    for number in frames:
        chosen = rows[rows[:, 0] == number]
        boxes = np.zeros(len(chosen), BOX)
        boxes["id"], boxes["box"], boxes["confidence"] = chosen[:, 1], chosen[:, 2:6], chosen[:, 6]
        out.append(boxes)
    return out


def make(crowd: Crowd) -> Scene:
    """Walk a crowd through its frames."""
    random = np.random.default_rng(crowd.seed)
    walkers = _Walkers(crowd, random)
    camera, sway = np.zeros(2), np.zeros(2)
    truth, detections = [], []
    for _ in range(crowd.frames):
        walkers.step()
        if crowd.shake:
            # Back to where it hangs, and jolted now and then.
            jolt = random.normal(0, crowd.shake * (4 if random.random() < 0.02 else 1), 2)
            sway = 0.5 * sway + jolt - 0.1 * camera
            camera = camera + sway
        boxes = walkers.boxes() + [*camera, 0, 0]
        visible = _visibility(boxes)
        there = visible >= 0.1
        frame = np.zeros(int(there.sum()), BOX)
        frame["id"] = walkers.ids[there]
        frame["box"] = _clipped(boxes[there])
        frame["confidence"] = visible[there]
        truth.append(frame)
        detections.append(_detect(crowd, random, walkers, boxes, visible))
    return Scene(crowd.name, (WIDTH, HEIGHT), truth, detections)


class _Walkers:
    """People on a plane, seen from above the street: those further down are nearer and larger."""

    def __init__(self, crowd: Crowd, random: np.random.Generator) -> None:
        self.random = random
        self.count = crowd.people
        self.ids = np.arange(self.count)
        self.next_id = self.count
        self.x = random.uniform(0, WIDTH, self.count)
        self.y = random.uniform(260, HEIGHT, self.count)
        self.tall = random.normal(1, 0.08, self.count)
        self.stout = random.normal(0.4, 0.04, self.count)
        self.heading = random.uniform(0, 2 * np.pi, self.count)
        self.speed = np.abs(random.normal(1, 0.35, self.count))
        self.resting = np.zeros(self.count, int)
        self.phase = random.uniform(0, 2 * np.pi, self.count)
        self.overlooked = np.zeros(self.count, int)

    def heights(self) -> Array:
        scale: Array = (50 + 0.22 * np.clip(self.y - 200, 10, None)) * self.tall
        return scale

    def step(self) -> None:
        random = self.random
        self.heading += random.normal(0, 0.04, self.count)
        self.phase += 0.25
        stops = (random.random(self.count) < 0.002) & (self.resting == 0)
        self.resting[stops] = random.integers(20, 90, int(stops.sum()))
        moves = self.resting == 0
        self.resting = np.maximum(self.resting - 1, 0)
        pace = self.speed * self.heights() * 0.018 * moves
        self.x += np.cos(self.heading) * pace
        self.y += np.sin(self.heading) * pace * 0.4
        height = self.heights()
        gone = (self.x < -0.3 * height) | (self.x > WIDTH + 0.3 * height)
        gone |= (self.y < 230) | (self.y > HEIGHT + 0.6 * height)
        for i in np.flatnonzero(gone):
            self._enter(int(i))

    def _enter(self, i: int) -> None:
        """A new person comes from a side."""
        random = self.random
        left = random.random() < 0.5
        self.ids[i] = self.next_id
        self.next_id += 1
        self.y[i] = random.uniform(280, HEIGHT)
        self.x[i] = 0.0 if left else WIDTH
        self.heading[i] = (0 if left else np.pi) + random.normal(0, 0.5)
        self.speed[i] = abs(random.normal(1, 0.35))
        self.resting[i] = self.overlooked[i] = 0

    def boxes(self) -> Array:
        height = self.heights()
        # Legs open and close.
        width = height * self.stout * (1 + 0.12 * np.sin(self.phase) * (self.resting == 0))
        return np.stack([self.x - width / 2, self.y - height, width, height], 1)


def _clipped(boxes: Array) -> Array:
    first = np.clip(boxes[:, :2], 0, [WIDTH, HEIGHT])
    last = np.clip(boxes[:, :2] + boxes[:, 2:], 0, [WIDTH, HEIGHT])
    return np.concatenate([first, last - first], 1)


def _visibility(boxes: Array) -> Array:
    """The share of each box that lies in the picture and behind no other, on a grid of points."""
    grid = (np.arange(6) + 0.5) / 6
    x = boxes[:, 0, None] + boxes[:, 2, None] * grid
    y = boxes[:, 1, None] + boxes[:, 3, None] * grid
    xs = np.repeat(x[:, :, None], 6, 2).reshape(len(boxes), -1)
    ys = np.repeat(y[:, None, :], 6, 1).reshape(len(boxes), -1)
    seen = (xs >= 0) & (xs < WIDTH) & (ys >= 0) & (ys < HEIGHT)
    bottom = boxes[:, 1] + boxes[:, 3]
    for i, (left, top, width, height) in enumerate(boxes):
        behind = bottom < bottom[i]
        inside = (xs >= left) & (xs < left + width) & (ys >= top) & (ys < top + height)
        seen &= ~(inside & behind[:, None])
    shares: Array = seen.mean(1)
    return shares


def _detect(
    crowd: Crowd, random: np.random.Generator, walkers: _Walkers, boxes: Array, visible: Array
) -> Array:
    """What a detector reports: who is seen well mostly, who is hidden rarely, and some nobody."""
    # Who is missed is often missed for some frames on end.
    starts = random.random(len(boxes)) < crowd.missed / 3
    walkers.overlooked[starts] = random.geometric(1 / 3, int(starts.sum()))
    walkers.overlooked = np.maximum(walkers.overlooked - 1, 0)
    chance = np.clip((visible - 0.25) / 0.35, 0, 1)
    found = (random.random(len(boxes)) < chance) & (walkers.overlooked == 0)
    real = boxes[found].copy()
    size = real[:, 2:]
    real[:, :2] += random.normal(0, crowd.jitter, size.shape) * size
    real[:, 2:] *= np.exp(random.normal(0, crowd.jitter, size.shape))
    sure = np.clip(random.normal(0.45 + 0.4 * visible[found], 0.12), 0.05, 0.99)
    count = random.poisson(crowd.false * crowd.people)
    height = random.uniform(50, 250, count)
    imagined = np.stack(
        [random.uniform(0, WIDTH, count), random.uniform(100, HEIGHT - 60, count), 0.4 * height]
        + [height],
        1,
    )
    unsure = np.clip(random.normal(0.35, 0.15, count), 0.05, 0.95)
    frame = np.zeros(len(real) + count, BOX)
    frame["id"] = -1
    frame["box"] = _clipped(np.concatenate([real, imagined]))
    frame["confidence"] = np.concatenate([sure, unsure])
    frame = frame[(frame["box"][:, 2:] > 2).all(1)]
    random.shuffle(frame)
    return frame
