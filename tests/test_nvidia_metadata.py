# SPDX-License-Identifier: Apache-2.0
"""What Python does with metadata is the same on NVIDIA's own library, which runs without a GPU."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dsbind import building

HERE = Path(__file__).resolve().parent
WHEEL = "nvidia-deepstream-videodecode-cu13"
THEIRS = ("libnvds_meta.so", "libnvdsgst_meta.so")
TESTS = ("test_meta.py", "test_lease.py", "test_columns.py", "test_user_columns.py")

LOADED = """
from dsbind import runtime
runtime.open()
for library in runtime.libraries():
    print(library["name"], library["path"])
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Makes a tree like an SDK's: NVIDIA's metadata libraries, and ours for pixels, which run."""
    try:
        files = importlib.metadata.files(WHEEL) or []
    except importlib.metadata.PackageNotFoundError:
        if os.environ.get("DSBIND_REQUIRE_NVIDIA_WHEEL") == "1":
            pytest.fail(f"pip install --no-deps {WHEEL}", pytrace=False)
        pytest.skip(f"NVIDIA's libraries are missing: pip install --no-deps {WHEEL}")
    folder = tmp_path / "sdk" / "lib"
    folder.mkdir(parents=True)
    for file in files:
        if file.name in THEIRS:
            (folder / file.name).symlink_to(Path(str(file.locate())).resolve())
    for library in (Path(building.get_include()).parent / "lib").glob("*.so"):
        if library.name not in THEIRS:
            (folder / library.name).symlink_to(library)
    return {**os.environ, "DSBIND_RUNTIME": "sdk", "DEEPSTREAM_ROOT": str(folder.parent)}


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=110)


def test_metadata_tests_pass_on_nvidia_s_library(environment: dict[str, str]) -> None:
    loaded = run(environment, "-c", LOADED)
    paths = dict(line.split() for line in loaded.stdout.splitlines())
    for name in THEIRS:
        assert "nvidia" in str(Path(paths[name]).resolve()), loaded.stderr
    tests = [str(HERE / name) for name in TESTS]
    done = run(environment, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)
    assert done.returncode == 0, done.stdout[-8000:]
