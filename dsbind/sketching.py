# SPDX-License-Identifier: Apache-2.0
"""`dsbind graph`: the pipelines of a program, drawn instead of played."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from dsbind.errors import ConfigError, missing_file
from dsbind.picture import GRAPHS_VARIABLE, Picture
from dsbind.programs import environment

__all__ = ["run"]

_LOOK_AGAIN = 0.1
_GRACE = 2.0


def run(program: Sequence[str], out: str | None = None, wait: float = 5.0) -> int:
    """Run a program until it would start its pipelines, and draw them.

    In the program `start()` and `wait()` return at once. It is ended where it goes on for long
    after that.

    Parameters
    ----------
    program
        A Python file and its arguments.
    out
        Where the first graph goes; further ones get a number. Default: the pipeline's name and
        ".svg", in the working directory.
    wait
        Seconds for the program to end, or to start further pipelines, after the latest.

    Returns
    -------
    int
        0 when there was a pipeline, else 1 or the program's exit status.
    """
    if not os.path.isfile(program[0]):
        raise missing_file(program[0], "`dsbind graph` takes a Python program")
    if not 0 <= wait < math.inf:
        raise ConfigError(f"--wait takes seconds from 0, not {wait!r}")
    with tempfile.TemporaryDirectory(prefix="dsbind-") as folder:
        status = _play(program, Path(folder), wait)
        found = sorted(Path(folder).glob("*.dot"))
        _write(found, out)
    if found:
        return 0
    print(f"dsbind: {program[0]} started no pipeline: there is nothing to draw", file=sys.stderr)
    return status or 1


def _play(program: Sequence[str], folder: Path, wait: float) -> int:
    variables = {**environment(), GRAPHS_VARIABLE: str(folder)}
    # Nothing is shown, so a machine without a display will do for a program that needs one.
    variables.setdefault("DISPLAY", ":0")
    # In a session of its own: what it starts is ended with it.
    process = subprocess.Popen([sys.executable, *program], env=variables, start_new_session=True)
    try:
        return _watch(process, folder, wait)
    finally:
        _end(process)


def _watch(process: subprocess.Popen[bytes], folder: Path, wait: float) -> int:
    count = 0
    latest = time.monotonic()
    while True:
        try:
            return process.wait(_LOOK_AGAIN)
        except subprocess.TimeoutExpired:
            pass
        now = len(list(folder.iterdir()))
        if now > count:
            count, latest = now, time.monotonic()
        if count and time.monotonic() - latest >= wait:
            return 0


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def _write(found: Sequence[Path], out: str | None) -> None:
    taken: set[str] = set()
    for number, path in enumerate(found, 1):
        target = out or f"{path.stem.partition('-')[2]}.svg"
        stem, ending = os.path.splitext(target)
        if target in taken:
            target = f"{stem}-{number}{ending}"
        taken.add(target)
        Picture(path.read_text(encoding="utf-8")).save(target)
        print(target)
