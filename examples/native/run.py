"""Native probes in three languages: count objects and line crossings, and drop small objects.

usage: run.py c|cython|numba VIDEO [OUT.mp4]
"""

import ctypes
import importlib
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

import numpy
from state import STATE

import dsbind
from dsbind import Flow, Pipeline, Probe, RenderMode
from dsbind.data import street_config

HERE = Path(__file__).resolve().parent


def compile_and_link(source: Path, library: Path, *more: str) -> None:
    """What a Makefile would do."""
    environment = {**os.environ, "PKG_CONFIG_PATH": dsbind.get_pkgconfig_dir()}
    flags = subprocess.check_output(
        ["pkg-config", "--cflags", "--libs", "dsbind"], env=environment, text=True
    ).split()
    command = ["cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(source), f"-I{HERE}"]
    subprocess.run([*command, *more, *flags], check=True)


def c_probes(folder: Path) -> Any:
    library = folder / "probes.so"
    compile_and_link(HERE / "probes.c", library)
    return ctypes.CDLL(str(library))


def cython_probes(folder: Path) -> Any:
    source = folder / "cython_probes.c"
    command = [sys.executable, "-m", "cython", "-o", str(source), str(HERE / "cython_probes.pyx")]
    subprocess.run(command, check=True)
    library = folder / f"cython_probes{sysconfig.get_config_var('EXT_SUFFIX')}"
    compile_and_link(source, library, f"-I{sysconfig.get_path('include')}")
    sys.path.insert(0, str(folder))
    return importlib.import_module("cython_probes")


def numba_probes(folder: Path) -> Any:
    return importlib.import_module("numba_probes")


LANGUAGES = {"c": c_probes, "cython": cython_probes, "numba": numba_probes}


def function_of(probes: Any, name: str) -> Any:
    """A function by name: Cython exports what it declares as `api` in a dict."""
    exported = getattr(probes, "__pyx_capi__", None)
    return exported[name] if exported else getattr(probes, name)


def main() -> None:
    if len(sys.argv) < 3 or sys.argv[1] not in LANGUAGES:
        sys.exit(__doc__)
    state = numpy.zeros(1, STATE)
    state["line"], state["min_area"] = 640, 2000
    with tempfile.TemporaryDirectory() as folder:
        probes = LANGUAGES[sys.argv[1]](Path(folder))
    flow = Flow(Pipeline("native")).batch_capture([sys.argv[2]], width=1280, height=720)
    flow = flow.infer(str(street_config())).track()
    for name in ("count", "count_crossings", "filter_by_area"):
        reads_only = name != "filter_by_area"
        probe = Probe(name, function_of(probes, name), state, reads_only=reads_only)
        flow = flow.attach(probe)
    if len(sys.argv) > 3:
        flow.encode(sys.argv[3])()
    else:
        flow.render(RenderMode.DISCARD, sync=False)()
    print(
        f"{state['batches'][0]} batches, {state['objects'][0]} objects, "
        f"{state['crossings'][0]} crossings of the line, {state['removed'][0]} small ones removed"
    )


if __name__ == "__main__":
    main()
