# SPDX-License-Identifier: Apache-2.0
"""The kernels for GPUs: what is embedded was made of the source beside it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "native" / "device"


def test_the_compiled_kernels_are_those_of_the_source():
    spec = importlib.util.spec_from_file_location("compile_kernels", FOLDER / "compile.py")
    compile_kernels = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(compile_kernels)
    first, *lines = (FOLDER / "kernels.ptx").read_text(encoding="ascii").splitlines()
    assert first == f"// sources: {compile_kernels.fingerprint()}", (
        "run native/device/compile.py, where there is an nvcc"
    )
    names = ("dsbind_planar", "dsbind_draw", "dsbind_blur")
    assert all(f".visible .entry {name}(" in lines for name in names)
