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

__all__ = ["run"]


def run(arguments: Sequence[str], progress: bool = False) -> NoReturn:
    """Become a Python that runs a program; exit status, Ctrl-C and tracebacks are that Python's.

    Parameters
    ----------
    arguments
        The program and its arguments, or "-m", a module and its arguments.
    progress
        Whether each pipeline shows on standard error how far it is.
    """
    environment = dict(os.environ)
    paths = [path for path in environment.get("PYTHONPATH", "").split(os.pathsep) if path]
    environment["PYTHONPATH"] = os.pathsep.join([site_folder(), *paths])
    environment.setdefault(TREE_VARIABLE, tree_folder())
    if progress:
        environment[PROGRESS_VARIABLE] = "1"
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, [sys.executable, *arguments], environment)
