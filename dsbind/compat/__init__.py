# SPDX-License-Identifier: Apache-2.0
"""Programs written for `pyservicemaker`: they import that name and get dsbind."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from types import ModuleType

from dsbind.errors import StateError

__all__ = ["as_pyservicemaker", "site_folder"]


def site_folder() -> str:
    """The folder that holds the package `pyservicemaker`, to go on Python's path."""
    return str(Path(__file__).resolve().parent / "site")


def as_pyservicemaker() -> ModuleType:
    """Let `import pyservicemaker` and its submodules give dsbind, in this process and its children.

    Returns
    -------
    module
        The package that is imported from now on.

    Raises
    ------
    StateError
        Another `pyservicemaker` was imported before.
    """
    folder = site_folder()
    loaded = sys.modules.get("pyservicemaker")
    if loaded is not None and not str(loaded.__file__ or "").startswith(folder):
        raise StateError(
            f"pyservicemaker was imported already, from {loaded.__file__}; "
            "call dsbind.as_pyservicemaker() before"
        )
    if folder not in sys.path:
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
    # Processes that are started with "spawn", or by subprocess, begin with the environment only.
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    if folder not in paths:
        os.environ["PYTHONPATH"] = os.pathsep.join([folder, *paths])
    return importlib.import_module("pyservicemaker")
