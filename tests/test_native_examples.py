# SPDX-License-Identifier: Apache-2.0
"""The examples of native probes in C, Cython and Numba: they build, run, and count the same."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy
import pytest
from batches import add_object

from dsbind import BatchMetadataOperator, Pipeline, Probe, osd
from dsbind.meta import BatchMetadata

FOLDER = Path(__file__).resolve().parent.parent / "examples" / "native"
LANGUAGES = ["c", "cython", "numba"]


@pytest.fixture(scope="module")
def run() -> Iterator[ModuleType]:
    """run.py, as a module."""
    sys.path.insert(0, str(FOLDER))
    try:
        yield importlib.import_module("run")
    finally:
        sys.path.remove(str(FOLDER))
        for name in ("run", "state", "numba_probes", "cython_probes"):
            sys.modules.pop(name, None)


class Walkers(BatchMetadataOperator):
    """In each frame: one who goes right, one who goes left, one who stays, one without a number."""

    def handle_metadata(self, batch_meta: BatchMetadata) -> None:
        for frame in batch_meta.frame_items:
            step = 4 * frame.frame_number
            for number, left in ((2**40, 10 + step), (2**40 + 1024, 80 - step), (7, 20)):
                box = osd.Rect(left, 5, 10, 20)
                add_object(batch_meta, frame, object_id=number, rect_params=box)
            add_object(batch_meta, frame, rect_params=osd.Rect(step, 5, 4, 4))


class Sizes(BatchMetadataOperator):
    def __init__(self) -> None:
        super().__init__()
        self.left: list[int] = []

    def handle_metadata(self, batch_meta: BatchMetadata) -> None:
        self.left.append(len(batch_meta.objects))


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_counts_what_is_there(run: Any, language: str, tmp_path: Path) -> None:
    if language == "numba":
        pytest.importorskip("numba")
    probes = run.LANGUAGES[language](tmp_path)
    state = numpy.zeros(1, run.STATE)
    state["line"], state["min_area"] = 50, 100
    pipeline = Pipeline("p").add("videotestsrc", "src", {"num-buffers": 20})
    pipeline.add("capsfilter", "caps", {"caps": "video/x-raw,format=NV12,width=128,height=48"})
    pipeline.add("nvstreammux", "mux", {"batch-size": 1, "width": 128, "height": 48})
    pipeline.add("fakesink", "sink", {"sync": False})
    pipeline.link("src", "caps").link(("caps", "mux"), ("", "sink_%u"))
    names = ["walkers", "count", "count_crossings", "filter_by_area", "sizes"]
    sizes = Sizes()
    for name in names:
        pipeline.add("identity", name)
        if name == "walkers":
            pipeline.attach(name, Probe(name, Walkers()))
        elif name == "sizes":
            pipeline.attach(name, Probe(name, sizes))
        else:
            pipeline.attach(name, Probe(name, run.function_of(probes, name), state))
    pipeline.link("mux", *names, "sink").start().wait(30)
    counted = {name: int(state[name][0]) for name in ("batches", "objects", "crossings", "removed")}
    assert counted == {"batches": 20, "objects": 80, "crossings": 2, "removed": 20}
    assert sizes.left == [3] * 20


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_program_runs(language: str, make_clip: Any) -> None:
    if language == "numba":
        pytest.importorskip("numba")
    clip = make_clip(frames=15, width=320, height=240)
    command = [sys.executable, str(FOLDER / "run.py"), language, str(clip)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("15 batches, "), done.stdout
