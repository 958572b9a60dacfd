"""Probes in C: counts the objects right of a line, and takes small ones out of the video.

usage: native_probe.py VIDEO [OUT.mp4]
"""

import ctypes
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import dsbind
from dsbind import Flow, Pipeline, Probe, RenderMode
from dsbind.data import street_config


class State(ctypes.Structure):
    """As in native_probe.c."""

    _fields_ = [
        ("line", ctypes.c_float),
        ("min_area", ctypes.c_float),
        ("batches", ctypes.c_longlong),
        ("objects", ctypes.c_longlong),
        ("right_of_line", ctypes.c_longlong),
        ("removed", ctypes.c_longlong),
    ]


def build(folder: str) -> ctypes.CDLL:
    """Compile native_probe.c, as a Makefile would."""
    environment = {**os.environ, "PKG_CONFIG_PATH": dsbind.get_pkgconfig_dir()}
    flags = subprocess.check_output(
        ["pkg-config", "--cflags", "--libs", "dsbind"], env=environment, text=True
    ).split()
    library = Path(folder, "native_probe.so")
    source = Path(__file__).with_suffix(".c")
    command = ["cc", "-O2", "-shared", "-fPIC", "-o", str(library), str(source), *flags]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(library))


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        probes = build(folder)
    state = State(line=640, min_area=2000)
    flow = Flow(Pipeline("native")).batch_capture([sys.argv[1]], width=1280, height=720)
    flow = flow.infer(str(street_config()))
    flow = flow.attach(Probe("count", probes.count_objects, state, reads_only=True))
    flow = flow.attach(Probe("filter", probes.filter_by_area, state))
    if len(sys.argv) > 2:
        flow.encode(sys.argv[2])()
    else:
        flow.render(RenderMode.DISCARD, sync=False)()
    print(
        f"{state.batches} batches, {state.objects} objects, {state.right_of_line} right of the "
        f"line, {state.removed} small ones removed"
    )


if __name__ == "__main__":
    main()
