# SPDX-License-Identifier: Apache-2.0
"""What dsbind is measured against, built when it is first needed."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

from benchmarks.harness import CACHE, ROOT

HERE = Path(__file__).resolve().parent


def load(name: str) -> ModuleType:
    """Build the pybind11 module ``name`` of this folder with -O3, unless it is there; import it."""
    import pybind11

    source = HERE / f"{name}.cpp"
    target = CACHE / f"{name}{sysconfig.get_config_var('EXT_SUFFIX')}"
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        CACHE.mkdir(parents=True, exist_ok=True)
        glib = subprocess.run(
            ["pkg-config", "--cflags", "--libs", "glib-2.0"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        subprocess.run(
            ["g++", "-O3", "-DNDEBUG", "-std=c++17", "-shared", "-fPIC", "-fvisibility=hidden"]
            + [f"-I{pybind11.get_include()}", f"-I{sysconfig.get_path('include')}"]
            + [f"-I{ROOT / 'native' / 'include'}", str(source), *glib, "-o", str(target)],
            check=True,
        )
    spec = importlib.util.spec_from_file_location(name, target)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load {target}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[name] = module
    return module
