"""List the benchmarks, or run one: ``python -m benchmarks [NAME|all] [--json FILE]``."""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path

from benchmarks.harness import Result, print_table

# Name on the command line: module.
BENCHMARKS = {
    "pipeline": "pipeline",
    "detect": "detect",
    "import": "importing",
    "meta_walk": "meta_walk",
    "meta_columns": "meta_columns",
    "meta_write": "meta_write",
    "probe_dispatch": "probe_dispatch",
    "retrieve": "retrieve",
    "inject": "inject",
    "convert": "convert",
    "scaling": "scaling",
    "soak": "soak",
}


def load(name: str) -> object:
    return import_module(f"benchmarks.{BENCHMARKS[name]}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", nargs="?", choices=[*BENCHMARKS, "all"])
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the result as JSON")
    parser.add_argument("--rounds", type=int, default=5, help="alternating rounds (default: 5)")
    options = parser.parse_args()
    if options.name is None:
        for name in BENCHMARKS:
            summary = (load(name).__doc__ or "").splitlines()[0]
            print(f"{name:10} {summary}")
        return 0
    names = list(BENCHMARKS) if options.name == "all" else [options.name]
    results: list[Result] = []
    for name in names:
        result = load(name).run(options.rounds)  # type: ignore[attr-defined]
        print_table(result)
        results.append(result)
    if options.json:
        documents = [result.document() for result in results]
        document = documents[0] if options.name != "all" else documents
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return 0 if all(row.met is not False for result in results for row in result.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
