"""What the on-screen display draws, and on whose frames: the native test programs."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest


def run(program: str, build: Any, **environment: str) -> None:
    done = subprocess.run(
        [str(build.tests / program)],
        env=build.environment(**environment),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not ok" not in done.stdout
    assert "ok 1 " in done.stdout


@pytest.mark.parametrize("program", ["test_osd_drawing", "test_osd_element"])
def test_all_checks_of_the_program_pass(program: str, native_build: Any) -> None:
    run(program, native_build)


@pytest.mark.parametrize("program", ["test_osd_drawing", "test_osd_element"])
def test_the_sanitizers_find_nothing(program: str, native_build_sanitized: Any) -> None:
    # Fontconfig keeps what it has read until the process ends.
    run(program, native_build_sanitized, ASAN_OPTIONS="detect_leaks=0")
