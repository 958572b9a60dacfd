"""The same three probes in Python, compiled by Numba."""

import ctypes
from pathlib import Path
from typing import Any

import numba
from numba.core import cgutils, types
from numba.extending import intrinsic
from state import STATE

import dsbind
from dsbind.columns import struct_dtype

BATCH, FRAME = struct_dtype("NvDsBatchMeta"), struct_dtype("NvDsFrameMeta")
OBJECT, LIST = struct_dtype("NvDsObjectMeta"), struct_dtype("GList")
TRACKS = STATE["tracks"].shape[0]
KEEP = 0
UNTRACKED = 2**64 - 1

# Functions of the NvDs C API.
nvds = ctypes.CDLL(str(Path(dsbind.get_include()).parent / "lib" / "libdsbind_runtime.so"))
acquire_lock, release_lock = nvds.nvds_acquire_meta_lock, nvds.nvds_release_meta_lock
remove_object = nvds.nvds_remove_obj_meta_from_frame
for function in (acquire_lock, release_lock, remove_object):
    function.argtypes, function.restype = [ctypes.c_void_p], None
remove_object.argtypes = [ctypes.c_void_p, ctypes.c_void_p]


@intrinsic
def pointer(context: Any, address: Any) -> Any:
    """An address as a pointer, which Numba has no cast for."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(types.uint64), generate


@numba.njit
def at(address: int, dtype: Any) -> Any:
    """The struct at an address."""
    return numba.carray(pointer(address), (1,), dtype)[0]


SIGNATURE = "int32(voidptr, voidptr)"


@numba.cfunc(SIGNATURE)
def count(batch: Any, user: Any) -> int:
    state = numba.carray(user, (1,), STATE)[0]
    state.batches += 1
    frames = numba.carray(batch, (1,), BATCH)[0].frame_meta_list
    while frames:
        link = at(frames, LIST)
        state.objects += at(link.data, FRAME).num_obj_meta
        frames = link.next
    return KEEP


@numba.njit
def track_of(tracks: Any, number: int) -> Any:
    """Where an object is in the table; -1 where that is full."""
    for i in range(TRACKS):
        place = (number + numba.uint64(i)) % numba.uint64(TRACKS)
        if not tracks[place].used or tracks[place].id == number:
            return numba.int64(place)
    return -1


@numba.cfunc(SIGNATURE)
def count_crossings(batch: Any, user: Any) -> int:
    state = numba.carray(user, (1,), STATE)[0]
    frames = numba.carray(batch, (1,), BATCH)[0].frame_meta_list
    while frames:
        link = at(frames, LIST)
        objects = at(link.data, FRAME).obj_meta_list
        while objects:
            item = at(at(objects, LIST).data, OBJECT)
            objects = at(objects, LIST).next
            if item.object_id == UNTRACKED:
                continue
            place = track_of(state.tracks, item.object_id)
            if place < 0:
                continue
            track = state.tracks[place]
            middle = item.left + item.width / 2
            if track.used and (track.middle > state.line) != (middle > state.line):
                state.crossings += 1
            track.id, track.middle, track.used = item.object_id, middle, 1
        frames = link.next
    return KEEP


@numba.cfunc(SIGNATURE)
def filter_by_area(batch: Any, user: Any) -> int:
    state = numba.carray(user, (1,), STATE)[0]
    acquire_lock(batch)
    frames = numba.carray(batch, (1,), BATCH)[0].frame_meta_list
    while frames:
        link = at(frames, LIST)
        objects = at(link.data, FRAME).obj_meta_list
        while objects:
            address = at(objects, LIST).data
            item = at(address, OBJECT)
            objects = at(objects, LIST).next
            if item.width * item.height < state.min_area:
                remove_object(pointer(link.data), pointer(address))
                state.removed += 1
        frames = link.next
    release_lock(batch)
    return KEEP
