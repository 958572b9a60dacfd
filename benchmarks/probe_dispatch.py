"""What it costs to call an empty probe: native and Python, against C and PyGObject."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.harness import Result
    from dsbind import Pipeline

# Buffers a round: enough for a quarter of a second.
COUNT = 1_000_000
PYTHON_COUNT = 20_000
SOURCE = Path(__file__).resolve().parent / "peers" / "dispatch.c"


def build() -> Path:
    """Compile the driver, as another project would."""
    import dsbind
    from benchmarks.harness import CACHE

    CACHE.mkdir(parents=True, exist_ok=True)
    library = CACHE / "dispatch.so"
    environment = {**os.environ, "PKG_CONFIG_PATH": dsbind.get_pkgconfig_dir()}
    flags = subprocess.check_output(
        ["pkg-config", "--cflags", "--libs", "dsbind"], env=environment, text=True
    ).split()
    partial = library.with_suffix(f".{os.getpid()}.partial")
    command = ["cc", "-O3", "-shared", "-fPIC", "-o", str(partial), str(SOURCE)]
    subprocess.run([*command, f"-I{sysconfig.get_path('include')}", *flags], check=True)
    partial.rename(library)
    return library


def load(library: Path) -> ctypes.PyDLL:
    driver = ctypes.PyDLL(str(library))
    driver.element_of.argtypes = [ctypes.py_object, ctypes.c_char_p]
    driver.element_of.restype = ctypes.c_void_p
    driver.add_pad_probe.argtypes = [ctypes.c_void_p]
    driver.add_pad_probe.restype = None
    return driver


def drive(library: Path, element: int, count: int) -> float:
    """Nanoseconds a buffer; the GIL is free meanwhile."""
    function = ctypes.CDLL(str(library)).drive
    function.argtypes, function.restype = [ctypes.c_void_p, ctypes.c_long], ctypes.c_double
    return float(function(element, count))


def place() -> Pipeline:
    """Two elements that do nothing."""
    from dsbind import Pipeline

    pipeline = Pipeline("dispatch").add("identity", "identity", {"silent": True})
    sink = {"sync": False, "async": False, "enable-last-sample": False}
    return pipeline.add("fakesink", "sink", sink).link("identity", "sink")


def run(rounds: int) -> Result:
    from benchmarks import gobject
    from benchmarks.harness import Result, Row, alternate
    from dsbind import BatchMetadataOperator, Probe
    from dsbind.meta import BatchMetadata

    class Nothing(BatchMetadataOperator):
        def handle_metadata(self, batch_meta: BatchMetadata) -> None:
            pass

    library = build()
    driver = load(library)

    def measure(what: str) -> dict[str, float]:
        pipeline = place()
        element = driver.element_of(pipeline, b"identity")
        if what == "c":
            driver.add_pad_probe(element)
        elif what in ("native", "reading"):
            probe = Probe("p", driver.keep, reads_only=what == "reading")
            pipeline.attach("identity", probe)
        elif what == "python":
            pipeline.attach("identity", Probe("p", Nothing()))
        pipeline.start()
        try:
            return {"ns": drive(library, element, PYTHON_COUNT if what == "python" else COUNT)}
        finally:
            pipeline.wait(10)

    kinds = ("none", "c", "native", "reading", "python")
    runs: dict[str, Callable[[], dict[str, float]]] = {
        kind: partial(measure, kind) for kind in kinds
    }
    python = gobject.interpreter()
    if python is not None:
        command = [python, __file__, str(library)]

        def peer() -> dict[str, float]:
            done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
            numbers: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
            return numbers

        runs["peer"] = peer
    medians = alternate(max(rounds, 7), runs)
    cost = {kind: median["ns"] - medians["none"]["ns"] for kind, median in medians.items()}
    other = cost.get("peer")
    more = "; ratio is the difference to the C pad probe in ns"
    result = Result("probe_dispatch")
    for what, kind in (("native probe", "native"), ("native probe, reads_only", "reading")):
        row = Row(what + more, cost[kind], "ns", floor=cost["c"], ratio=cost[kind] - cost["c"])
        row.target, row.at_least = 100, False
        result.rows.append(row)
    ratio = None if other is None else cost["python"] / other
    row = Row(
        "Python probe; ratio is to PyGObject's", cost["python"], "ns", peer=other, ratio=ratio
    )
    row.floor, row.target, row.at_least = cost["c"], 0.2, False
    result.rows.append(row)
    return result


def main() -> None:
    """The peer, run by a Python that has PyGObject."""
    import gi  # type: ignore[import-untyped,import-not-found,unused-ignore]

    gi.require_version("Gst", "1.0")
    from gi.repository import Gst  # type: ignore[import-not-found,unused-ignore]

    def on_buffer(pad: Any, info: Any) -> Any:
        return Gst.PadProbeReturn.OK

    Gst.init(None)
    pipeline = Gst.parse_launch(
        "identity name=identity silent=true ! fakesink sync=false async=false "
        "enable-last-sample=false"
    )
    element = pipeline.get_by_name("identity")
    element.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, on_buffer)
    pipeline.set_state(Gst.State.PLAYING)
    pipeline.get_state(Gst.CLOCK_TIME_NONE)
    # The hash of a PyGObject is the address of its GObject.
    print(json.dumps({"ns": drive(Path(sys.argv[1]), hash(element), PYTHON_COUNT)}))
    pipeline.set_state(Gst.State.NULL)


if __name__ == "__main__":
    main()
