# SPDX-License-Identifier: Apache-2.0
"""nvtracker with a model for looks: its test program where ONNX Runtime is."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import onnxruntime
import pytest


@pytest.mark.parametrize("build", ["native_build", "native_build_sanitized"])
def test_looks_are_told(build: str, request: pytest.FixtureRequest) -> None:
    native: Any = request.getfixturevalue(build)
    folder = Path(onnxruntime.__file__).parent / "capi"
    done = subprocess.run(
        [str(native.tests / "test_tracker_element")],
        env=native.environment(
            DSBIND_ONNXRUNTIME=str(next(folder.glob("libonnxruntime.so*"))),
            # ONNX Runtime and GStreamer keep what they made until the process ends; GStreamer's
            # scanner of plugins is without sanitizers and cannot load ours.
            ASAN_OPTIONS="detect_leaks=0",
            GST_REGISTRY_FORK="no",
        ),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "looks: a vector for each object" in done.stdout
