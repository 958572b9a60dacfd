# SPDX-License-Identifier: Apache-2.0
"""A tracker library of the NvMOT API, driven from Python: boxes in, boxes with ids out."""

from __future__ import annotations

import ctypes as c
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from benchmarks.crowds import BOX

Array = np.ndarray[Any, np.dtype[Any]]

# NvMOTObjToTrack and NvMOTTrackedObj of nvdstracker.h.
OBJECT = np.dtype(
    {
        "names": ["class_id", "box", "confidence", "do_tracking", "preserved"],
        "formats": ["u2", ("f4", 4), "f4", "u1", "u8"],
        "offsets": [0, 4, 20, 24, 32],
        "itemsize": 40,
    }
)
TRACKED = np.dtype(
    {
        "names": ["class_id", "id", "box", "confidence", "age", "associated"],
        "formats": ["u2", "u8", ("f4", 4), "f4", "u4", "u8"],
        "offsets": [0, 8, 16, 32, 36, 40],
        "itemsize": 376,
    }
)


class _Objects(c.Structure):
    _fields_ = [
        ("detection_done", c.c_bool),
        ("list", c.c_void_p),
        ("allocated", c.c_uint32),
        ("filled", c.c_uint32),
    ]


class _Frame(c.Structure):
    _fields_ = [
        ("stream", c.c_uint64),
        ("sequence", c.c_uint32),
        ("number", c.c_uint32),
        ("time", c.c_uint64 * 4),
        ("width", c.c_uint32),
        ("height", c.c_uint32),
        ("do_tracking", c.c_bool),
        ("reset", c.c_bool),
        ("buffers", c.c_uint8),
        ("buffer_list", c.c_void_p),
        ("objects", _Objects),
        ("sensor", c.c_char_p),
    ]


class _Tracked(c.Structure):
    _fields_ = [
        ("stream", c.c_uint64),
        ("number", c.c_uint32),
        ("valid", c.c_bool),
        ("list", c.c_void_p),
        ("allocated", c.c_uint32),
        ("filled", c.c_uint32),
    ]


class _Batch(c.Structure):
    _fields_ = [
        ("list", c.POINTER(_Tracked)),
        ("allocated", c.c_uint32),
        ("filled", c.c_uint32),
        ("reid", c.c_void_p),
    ]


class _Params(c.Structure):
    _fields_ = [("count", c.c_uint32), ("frames", c.POINTER(_Frame))]


class _Config(c.Structure):
    _fields_ = [
        ("compute", c.c_uint8),
        ("max_streams", c.c_uint32),
        ("address_size", c.c_uint32),
        ("transforms", c.c_uint8),
        ("per_transform", c.c_void_p),
        ("gpu_id", c.c_uint32),
        ("path_size", c.c_uint16),
        ("path", c.c_char_p),
    ]


class LibraryTracker:
    """One stream of a tracker library."""

    def __init__(self, library: str | Path, config: str | Path, size: tuple[int, int]) -> None:
        self._library = c.CDLL(str(library))
        self._context = c.c_void_p()
        path = str(config).encode()
        settings = _Config(compute=255, max_streams=1, path_size=len(path) + 1, path=path)
        response = (c.c_uint32 * 5)()
        status = self._library.NvMOT_Init(
            c.byref(settings), c.byref(self._context), c.byref(response)
        )
        if status:
            raise RuntimeError(f"NvMOT_Init of {library} with {config}: status {status}")
        self._in = np.zeros(4096, OBJECT)
        self._in["do_tracking"] = 1
        self._out = np.zeros(4096, TRACKED)
        self._frame = _Frame(width=size[0], height=size[1], do_tracking=True)
        self._frame.objects.list = self._in.ctypes.data
        self._frame.objects.allocated = len(self._in)
        self._tracked = _Tracked(list=self._out.ctypes.data, allocated=len(self._out))
        self._batch = _Batch(list=c.pointer(self._tracked), allocated=1)
        self._params = _Params(1, c.pointer(self._frame))
        self._process = self._library.NvMOT_Process
        self._arguments = (self._context, c.byref(self._params), c.byref(self._batch))
        # Views: a field of a structured array is found by name only once.
        self._boxes, self._confidences = self._in["box"], self._in["confidence"]
        self._ids, self._tracked_boxes = self._out["id"], self._out["box"]

    def __enter__(self) -> LibraryTracker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._library.NvMOT_DeInit(self._context)

    def __call__(self, frame: Array, detected: bool = True) -> Array:
        """Take the boxes of the next frame (BOX); return who is where."""
        count = len(frame)
        self._boxes[:count] = frame["box"]
        self._confidences[:count] = frame["confidence"]
        self._frame.objects.filled = count
        self._frame.objects.detection_done = detected
        status = self._process(*self._arguments)
        if status:
            raise RuntimeError(f"NvMOT_Process: status {status}")
        self._frame.number += 1
        filled = self._tracked.filled
        out = np.empty(filled, BOX)
        out["id"] = self._ids[:filled]
        out["box"] = self._tracked_boxes[:filled]
        out["confidence"] = 1
        return out
