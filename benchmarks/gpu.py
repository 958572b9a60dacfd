# SPDX-License-Identifier: Apache-2.0
"""On a GPU: what comes out is right, then decoding, tensors, injection and detection, and a soak.

Runs where NVIDIA's libraries and a GPU are, and writes `results/h100.md`. The environment's
DSBIND_GPU_CLIP names an H.264 mp4 of 1920 x 1080 in place of the sample.
"""

from __future__ import annotations

import datetime
import json
import math
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.harness import ROOT, Result, Row, alternate, commit, number
from benchmarks.media import looped, street_hd

NOTE = ROOT / "benchmarks" / "results" / "h100.md"
# Frames of each stream: runs of a few seconds, whatever the number of streams.
TIMES = {1: 12, 8: 12, 32: 3}
SOAK = (32, 25)


def part(name: str, *arguments: object, origin: str = "") -> dict[str, Any]:
    """Run a part in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu_parts", name, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **({"DSBIND_RUNTIME": origin} if origin else {})},
        capture_output=True,
        text=True,
        timeout=600,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{name} failed:\n{done.stderr[-2000:]}")
    numbers: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return numbers


def psnr(ours: Path, reference: Path) -> float:
    """Return the least PSNR of the frames in two files, in dB."""
    import numpy

    least = math.inf
    with numpy.load(ours) as a, numpy.load(reference) as b:
        for key in b.files:
            error = numpy.square(a[key].astype(float) - b[key].astype(float)).mean()
            least = min(least, 10 * math.log10(255**2 / max(error, 1e-9)))
    return least


def matched(ours: Path, reference: Path, pixels: float) -> float:
    """Tell which part of the reference's boxes is found with no edge further off than that."""
    found: dict[tuple[int, int], list[list[float]]] = defaultdict(list)
    for frame, kind, *box in json.loads(ours.read_text(encoding="utf-8")):
        found[frame, kind].append(edges(box))
    wanted = json.loads(reference.read_text(encoding="utf-8"))
    hits = sum(
        any(
            all(abs(a - b) <= pixels for a, b in zip(edges(box), other, strict=True))
            for other in found[frame, kind]
        )
        for frame, kind, *box in wanted
    )
    return hits / max(len(wanted), 1)


def edges(box: list[float]) -> list[float]:
    left, top, width, height = box[:4]
    return [left, top, left + width, top + height]


def correctness(clip: Path) -> list[Row]:
    """Compare with what the bundled libraries give on the CPU."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        ours, reference = Path(folder, "ours"), Path(folder, "reference")
        for width, height in ((1920, 1080), (1280, 720)):
            for origin, path in (("", ours), ("bundled", reference)):
                part("frames", clip, width, height, "0,30,100", f"{path}.npz", origin=origin)
            value = psnr(ours.with_suffix(".npz"), reference.with_suffix(".npz"))
            rows.append(
                Row(f"RGB {width}x{height} against the CPU", value, "dB", ratio=value, target=40)
            )
        for origin, path in (("", ours), ("bundled", reference)):
            part("boxes", clip, path, origin=origin)
        for pixels, target in ((2.0, 0.98), (8.0, None)):
            share = matched(ours, reference, pixels)
            what = f"boxes whose edges are within {pixels:g} px of the CPU's"
            rows.append(Row(what, 100 * share, "%", ratio=share, target=target))
    return rows


def decoding(clip: Path, streams: int, rounds: int) -> list[Row]:
    """Decoding alone, beside NVIDIA's decoder in gst-launch-1.0 and PyNvVideoCodec."""
    path = looped(clip, TIMES[streams])
    runs: dict[str, Callable[[], dict[str, float]]] = {
        "decode": lambda: part("decode", path, streams),
        "gst": lambda: part("gst_launch", path, streams),
    }
    if find_spec("PyNvVideoCodec"):
        runs["pynv"] = lambda: part("pynv", path, streams)
    if streams <= 8:
        runs["torch"] = lambda: part("to_torch", path, streams)
    numbers = alternate(rounds, runs)
    frames, rate = numbers["decode"]["frames"], numbers["decode"]["rate"]
    floor = frames / numbers["gst"]["seconds"]
    what = f"decode, {streams} x 1080p"
    rows = [Row(what, rate, "fps", floor=floor, ratio=rate / floor, target=0.95)]
    if "pynv" in numbers:
        peer = numbers["pynv"]["rate"]
        rows.append(
            Row(f"{what}, PyNvVideoCodec", rate, "fps", peer=peer, ratio=rate / peer, target=1.0)
        )
    if "torch" in numbers:
        ours = numbers["torch"]["rate"]
        rows.append(
            Row(
                f"decode to RGB tensors of PyTorch, {streams} x 1080p, "
                f"{numbers['torch']['copies']:.0f} copies",
                ours,
                "fps",
                floor=rate,
                ratio=ours / rate,
                target=0.9,
            )
        )
    return rows


def detecting(clip: Path, streams: int, decoded: float, rounds: int) -> list[Row]:
    """Detection, beside the slower of decoding alone and ONNX Runtime alone."""
    path = looped(clip, TIMES[streams])
    numbers = alternate(
        rounds,
        {
            "detect": lambda: part("detect", path, streams),
            "model": lambda: part("model", streams),
        },
    )
    rate, model = numbers["detect"]["rate"], numbers["model"]["rate"]
    return [
        Row(
            f"detect, {streams} x 1080p (model alone {model:,.0f}/s)",
            rate,
            "fps",
            floor=min(decoded, model),
            ratio=rate / min(decoded, model),
            target=0.85,
        )
    ]


def injecting() -> list[Row]:
    numbers = part("inject", 5000)
    return [
        Row(
            f"inject 1080p tensors of PyTorch, {numbers['copies']:.0f} copies: to make a buffer",
            numbers["wrap"],
            "us",
            ratio=numbers["wrap"],
            target=30,
            at_least=False,
        ),
        Row("the same: a frame as far as DISCARD, with RGB to NV12", numbers["frame"], "us"),
    ]


def soaking(clip: Path) -> list[Row]:
    streams, times = SOAK
    numbers = part("soak", looped(clip, times), streams, streams * times * 250)
    return [
        Row(
            f"soak, {numbers['frames']:,.0f} frames of {streams} streams: growth of GPU memory",
            numbers["growth"],
            "MiB",
            ratio=numbers["growth"],
            target=16,
            at_least=False,
        )
    ]


class Note:
    """The rows so far, written after each step: a machine may be taken away before the last."""

    def __init__(self, machine: dict[str, Any]) -> None:
        self.machine = machine
        self.rows: list[Row] = []
        self.missing: list[str] = []

    def add(self, what: str, make: Callable[..., list[Row]], *arguments: object) -> list[Row]:
        """Add what `make` gives; what fails is told, and the rest goes on."""
        made: list[Row] = []
        try:
            made = make(*arguments)
        except Exception as error:
            self.missing.append(f"{what}: {str(error).strip().splitlines()[-1]}")
            print(f"gpu: {what}: {error}", file=sys.stderr)
        self.rows += made
        write_note(self.rows, self.missing, self.machine)
        return made


def write_note(rows: list[Row], missing: list[str], machine: dict[str, Any]) -> None:
    lines = [
        f"# {', '.join(machine['names'])}",
        "",
        f"{datetime.date.today()}, {machine['driver']}, NVIDIA's libraries from their wheel "
        f"(origin {machine['origin']}), GStreamer {machine['gstreamer']}, ONNX Runtime "
        f"{machine['onnxruntime']} ({', '.join(machine['providers'])}), dsbind {commit()}. "
        "`python -m benchmarks gpu` measured it; every row ran in processes of its own.",
        "",
        "| what | ours | peer | floor | unit | ratio | target | met |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        sign = "≥" if row.at_least else "≤"
        target = "" if row.target is None else f"{sign} {row.target:g}"
        met = {None: "", True: "yes", False: "no"}[row.met]
        cells = [
            row.what,
            number(row.ours),
            number(row.peer),
            number(row.floor),
            row.unit,
            number(row.ratio),
            target,
            met,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    lines += [
        "",
        "The floor of decoding is `gst-launch-1.0 ... nvv4l2decoder ! fakesink` with as many "
        "streams; of tensors and detection, decoding alone or the model alone, whichever is "
        "slower. Not run here: a hardware encoder (data-centre GPUs have none), TensorRT.",
    ]
    lines += [f"- Not measured: {what}" for what in missing]
    NOTE.parent.mkdir(exist_ok=True)
    NOTE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def run(rounds: int) -> Result:
    machine = part("gpu")
    if not machine["names"] or machine["origin"] == "bundled":
        raise RuntimeError(
            "the benchmark gpu needs an NVIDIA GPU and NVIDIA's libraries: "
            "pip install 'dsbind[nvidia]', and see `dsbind doctor`"
        )
    named = os.environ.get("DSBIND_GPU_CLIP")
    clip = Path(named) if named else street_hd()
    note = Note(machine)
    note.add("correctness", correctness, clip)
    decoded = {
        streams: made[0].ours
        for streams in TIMES
        if (made := note.add(f"decoding {streams} streams", decoding, clip, streams, rounds))
    }
    note.add("injecting", injecting)
    for streams, rate in decoded.items():
        note.add(f"detecting in {streams} streams", detecting, clip, streams, rate, rounds)
    note.add("the soak", soaking, clip)
    return Result("gpu", note.rows)
