# SPDX-License-Identifier: Apache-2.0
"""Tests that need a GPU: skipped where the machine says that it has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsbind import as_tensor, runtime
from dsbind.errors import CudaError, Error

HERE = Path(__file__).parent


def reason_to_skip() -> str:
    try:
        as_tensor(b"dsbind").to_gpu().cpu()
    except CudaError as error:
        return str(error)
    return ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ours = [item for item in items if item.path.is_relative_to(HERE)]
    why = reason_to_skip() if ours else ""
    for item in ours:
        item.add_marker("gpu")
        if why:
            item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope="session")
def surfaces_on_gpu() -> None:
    """Only where frames lie in the memory of the GPU."""
    try:
        runtime.open()
    except Error as error:
        pytest.skip(str(error))
    if runtime.origin() == "bundled":
        why = {origin["name"]: origin["error"] for origin in runtime.origins()}
        pytest.skip(f"the surfaces are the bundle's: {why}")
