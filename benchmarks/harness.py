"""Alternating rounds, medians, one table: what all benchmarks share."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / "build" / "benchmarks"


@dataclass
class Row:
    """One measured line.

    ``ratio`` compares ours with the peer, or with the floor where there is no peer; ``target`` is a
    bound on it: at least where ``at_least``, else at most. ``met`` is None without a target.
    """

    what: str
    ours: float
    unit: str
    peer: float | None = None
    floor: float | None = None
    ratio: float | None = None
    target: float | None = None
    at_least: bool = True

    @property
    def met(self) -> bool | None:
        if self.target is None or self.ratio is None:
            return None
        return self.ratio >= self.target if self.at_least else self.ratio <= self.target

    def document(self) -> dict[str, Any]:
        keys = ("what", "ours", "peer", "floor", "unit", "ratio", "target")
        values = asdict(self)
        return {
            **{key: values[key] for key in keys},
            "at_least": self.at_least,
            "met": self.met,
        }


@dataclass
class Result:
    """The rows of one benchmark, and where they were measured."""

    name: str
    rows: list[Row] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "machine": machine(),
            "commit": commit(),
            "rows": [row.document() for row in self.rows],
        }


@cache
def machine() -> str:
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return f"{model}, {os.cpu_count()} cores, {platform.platform()}"


@cache
def commit() -> str:
    """The commit that is measured: what `--keep` has just written does not make it another."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True
        ).stdout.strip()

    changed = git(
        *("status", "--porcelain", "--untracked-files=no", "--"),
        *(".", ":!benchmarks/results", ":!README.md"),
    )
    return (git("describe", "--always") or "unknown") + ("-dirty" if changed else "")


def alternate(
    rounds: int, runs: Mapping[str, Callable[[], dict[str, float]]]
) -> dict[str, dict[str, float]]:
    """Run each in turn, `rounds` times, after one warm-up; return the median of each number."""
    samples: dict[str, list[dict[str, float]]] = {name: [] for name in runs}
    for turn in range(rounds + 1):
        for name, run in runs.items():
            numbers = run()
            if turn:
                samples[name].append(numbers)
            if sys.stderr.isatty():
                print(f"\r  round {turn}/{rounds}: {name:24}", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print("\r" + " " * 50 + "\r", end="", file=sys.stderr)
    return {
        name: {key: statistics.median(each[key] for each in taken) for key in taken[0]}
        for name, taken in samples.items()
    }


def child(module: str, *arguments: str) -> dict[str, float]:
    """Run a module of this package in a process of its own; it prints one JSON object last."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{module} {' '.join(arguments)} failed:\n{done.stderr}")
    numbers: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return numbers


def number(value: float | None) -> str:
    """A number as tables show it."""
    return "-" if value is None else f"{value:,.2f}" if value < 1000 else f"{value:,.0f}"


def print_table(result: Result) -> None:
    """Print the rows of a result, aligned."""
    head = ["what", "ours", "peer", "floor", "unit", "ratio", "target", "met"]
    lines = [head]
    for row in result.rows:
        sign = "≥" if row.at_least else "≤"
        lines.append(
            [
                row.what,
                number(row.ours),
                number(row.peer),
                number(row.floor),
                row.unit,
                number(row.ratio),
                "-" if row.target is None else f"{sign} {row.target:g}",
                {None: "-", True: "yes", False: "NO"}[row.met],
            ]
        )
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    print(f"\n{result.name}  ({machine()}, {commit()})")
    for line in lines:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))
    print()
