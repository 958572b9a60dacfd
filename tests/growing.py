# SPDX-License-Identifier: Apache-2.0
"""How much a process grows by doing the same again and again.

What is allocated is measured, not what is resident: an allocator's holes, the stacks of idle
threads and pages that the kernel has not taken back differ from run to run.
"""

from __future__ import annotations

import ctypes
import textwrap
from pathlib import Path
from typing import Any

#: For a program that asks `allocated()`: everything is malloc's, in the one arena it tells of.
MEASURABLE = {
    "MALLOC_ARENA_MAX": "1",
    "PYTHONMALLOC": "malloc",
    "PYTHONPATH": str(Path(__file__).parent),
}


class _Heap(ctypes.Structure):
    """struct mallinfo2 of malloc.h."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks"),
            *("uordblks", "fordblks", "keepcost"),
        )
    ]


def allocated() -> int:
    """Bytes that the program has of malloc, in an environment with `MEASURABLE`."""
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = _Heap
    heap = mallinfo()
    return int(heap.uordblks + heap.hblkhd)


_BEFORE = """
import gc, sys, threading
from dsbind import BatchMetadataOperator, Flow, Pipeline, Probe, RenderMode
from growing import allocated

class Count(BatchMetadataOperator):
    n = 0
    def handle_metadata(self, batch_meta):
        self.n += sum(1 for _ in batch_meta.frame_items)

"""
_AFTER = """
for _ in range(20):
    run()
gc.collect()
before = allocated()
for _ in range({times}):
    run()
gc.collect()
assert threading.active_count() == 1
print(allocated() - before)
"""


def growth(run_program: Any, source: str, *arguments: object, times: int) -> int:
    """Bytes that `run()` of the source adds in so many calls, each of which leaves no thread.

    The source may use `Count`, a probe's operator that counts frames as `n`.
    """
    done = run_program(
        _BEFORE + textwrap.dedent(source) + _AFTER.format(times=times),
        *arguments,
        env=MEASURABLE,
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)
