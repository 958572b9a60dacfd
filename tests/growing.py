# SPDX-License-Identifier: Apache-2.0
"""How much a process grows by doing the same again and again."""

from __future__ import annotations

import textwrap
from typing import Any

_BEFORE = """
import gc, resource, sys, threading
from dsbind import BatchMetadataOperator, Flow, Pipeline, Probe, RenderMode

class Count(BatchMetadataOperator):
    n = 0
    def handle_metadata(self, batch_meta):
        self.n += sum(1 for _ in batch_meta.frame_items)

def resident():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

"""
_AFTER = """
for _ in range(20):
    run()
before = resident()
for _ in range({times}):
    run()
assert threading.active_count() == 1
print(resident() - before)
"""


def growth(run_program: Any, source: str, *arguments: object, times: int) -> int:
    """Bytes that `run()` of the source adds in so many calls, each of which leaves no thread.

    The source may use `Count`, a probe's operator that counts frames as `n`.
    """
    done = run_program(
        _BEFORE + textwrap.dedent(source) + _AFTER.format(times=times),
        *arguments,
        # One arena: what the allocator keeps for each new thread is not a leak.
        env={"MALLOC_ARENA_MAX": "1"},
        timeout=90,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)
