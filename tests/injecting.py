# SPDX-License-Identifier: Apache-2.0
"""Providers and retrievers for tests of `inject`."""

from __future__ import annotations

import threading

import numpy as np

from dsbind import (
    Buffer,
    BufferProvider,
    BufferRetriever,
    Flow,
    Pipeline,
)


class Pictures(BufferProvider):
    """Gives what it was given, one after the other, and then the end."""

    def __init__(self, *pictures, size=(64, 48), format="RGB", framerate=30, **more):
        self.width, self.height = size
        self.format = format
        self.framerate = framerate
        self.__dict__.update(more)
        self.pictures = pictures
        self.n = 0
        self.lock = threading.Lock()

    def generate(self, size):
        with self.lock:
            self.n += 1
            return self.pictures[self.n - 1] if self.n <= len(self.pictures) else Buffer()


class Kept(BufferRetriever):
    """Keeps every frame as an array, and its time."""

    def __init__(self):
        self.batches = []
        self.times = []

    def consume(self, buffer):
        n = len(buffer.batch_meta.frame_items) if buffer.batch_meta else 1
        self.batches.append([np.array(buffer.extract(i)) for i in range(n)])
        self.times.append(buffer.timestamp)
        return 1

    @property
    def frames(self):
        return [frame for batch in self.batches for frame in batch]


def run(*providers, batched=False):
    """What arrives of providers' pictures."""
    kept = Kept()
    flow = Flow(Pipeline("inject")).inject(list(providers))
    (flow.batch(width=64, height=48) if batched else flow).retrieve(kept)()
    return kept


def plain(color, size=(64, 48)):
    return np.full((size[1], size[0], 3), color, np.uint8)


def about(array, color, tolerance=6):
    return np.abs(array.astype(int) - np.array(color)).max() <= tolerance


COLORS = [(200, 30, 40), (20, 180, 60), (30, 60, 210)]
