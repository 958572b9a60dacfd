# SPDX-License-Identifier: Apache-2.0
"""`dsbind run`: a program for `pyservicemaker`, as plain Python would run it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from dsbind.compat import site_folder
from dsbind.paths import TREE_VARIABLE, tree_folder
from dsbind.progress import VARIABLE as PROGRESS_VARIABLE

__all__ = ["environment", "run"]


def environment() -> dict[str, str]:
    """The environment of a Python in which `import pyservicemaker` gives dsbind."""
    made = dict(os.environ)
    paths = [path for path in made.get("PYTHONPATH", "").split(os.pathsep) if path]
    made["PYTHONPATH"] = os.pathsep.join([site_folder(), *paths])
    made.setdefault(TREE_VARIABLE, tree_folder())
    return made


def run(arguments: Sequence[str], progress: bool = False) -> NoReturn:
    """Become a Python that runs a program; exit status, Ctrl-C and tracebacks are that Python's.

    Parameters
    ----------
    arguments
        The program and its arguments, or "-m", a module and its arguments.
    progress
        Whether each pipeline shows on standard error how far it is.
    """
    variables = environment()
    if progress:
        variables[PROGRESS_VARIABLE] = "1"
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, *arguments], variables)
