"""List the benchmarks, or run one: ``python -m benchmarks [NAME|all] [--json FILE] [--keep]``.

``python -m benchmarks all --keep`` runs all of them and keeps what they say: in
``benchmarks/results/``, and as the table of the README. ``python -m benchmarks readme`` makes the
table anew from what is kept.
"""

from __future__ import annotations

import argparse
import json
import sys
import traceback
from importlib import import_module
from pathlib import Path

from benchmarks.harness import Result, commit, print_table
from benchmarks.results import FOLDER, save, write_readme

# Name on the command line: module.
BENCHMARKS = {
    "pipeline": "pipeline",
    "detect": "detect",
    "detect_chain": "detect_chain",
    "import": "importing",
    "meta_walk": "meta_walk",
    "meta_columns": "meta_columns",
    "meta_write": "meta_write",
    "probe_dispatch": "probe_dispatch",
    "retrieve": "retrieve",
    "inject": "inject",
    "convert": "convert",
    "infer_overhead": "infer_overhead",
    "postprocess": "postprocess",
    "scaling": "scaling",
    "soak": "soak",
    "gpu": "gpu",
    "track": "track",
    "publish": "publish",
}


def load(name: str) -> object:
    return import_module(f"benchmarks.{BENCHMARKS[name]}")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="?", choices=[*BENCHMARKS, "all", "readme"])
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the result as JSON")
    parser.add_argument(
        "--keep", action="store_true", help="also write it to benchmarks/results and the README"
    )
    parser.add_argument("--rounds", type=int, default=5, help="alternating rounds (default: 5)")
    options = parser.parse_args()
    if options.name is None:
        for name in BENCHMARKS:
            summary = (load(name).__doc__ or "").splitlines()[0]
            print(f"{name:14} {summary}")
        return 0
    if options.name == "readme":
        write_readme(BENCHMARKS)
        return 0
    # What is kept of the first would be a change of the tree for the next.
    commit()
    # What needs a GPU is asked for by its name.
    everything = [name for name in BENCHMARKS if name != "gpu"]
    names = everything if options.name == "all" else [options.name]
    results: list[Result] = []
    failed = []
    for name in names:
        try:
            result = load(name).run(options.rounds)  # type: ignore[attr-defined]
        except Exception:
            # The others take long enough to be worth having.
            traceback.print_exc()
            failed.append(name)
            continue
        print_table(result)
        results.append(result)
        if options.keep:
            save(result, FOLDER)
    if options.keep and results:
        write_readme(BENCHMARKS)
    if options.json:
        documents = [result.document() for result in results]
        document = documents if options.name == "all" or failed else documents[0]
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    if failed:
        print(f"these failed: {', '.join(failed)}", file=sys.stderr)
    met = all(row.met is not False for result in results for row in result.rows)
    return 0 if met and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
