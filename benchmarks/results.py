"""The results that are kept: one file for each benchmark, and the README's table made of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.harness import ROOT, Result, number

FOLDER = Path(__file__).resolve().parent / "results"
README = ROOT / "README.md"
# The table stands between these lines.
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"


def save(result: Result, folder: Path) -> Path:
    """Write a result, with machine and commit, as FOLDER/NAME.json."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result.name}.json"
    path.write_text(json.dumps(result.document(), indent=2) + "\n", encoding="utf-8")
    return path


def table(documents: list[dict[str, Any]]) -> str:
    """The rows that are compared with something, as Markdown, and where they were measured."""
    lines = ["| benchmark | what | dsbind | peer | floor | unit | ratio | target | met |"]
    lines.append("|---|---|--:|--:|--:|---|--:|--:|---|")
    for document in documents:
        name = f"`{document['name']}`"
        for row in document["rows"]:
            if row["ratio"] is None:
                continue
            target = "-"
            if row["target"] is not None:
                target = f"{'≥' if row['at_least'] else '≤'} {row['target']:g}"
            cells = [name, row["what"].replace("|", "\\|"), number(row["ours"])]
            cells += [number(row["peer"]), number(row["floor"]), row["unit"]]
            cells += [number(row["ratio"]), target]
            cells.append({None: "", True: "yes", False: "**no**"}[row["met"]])
            lines.append(f"| {' | '.join(cells)} |")
            name = ""
    places: dict[tuple[str, str], list[str]] = {}
    for document in documents:
        places.setdefault((document["machine"], document["commit"]), []).append(document["name"])
    lines.append("")
    for (machine, commit), names in places.items():
        which = "" if len(places) == 1 else f" ({', '.join(names)})"
        lines.append(f"Measured on {machine}, commit {commit}{which}.")
    return "\n".join(lines)


def write_readme(names: Iterable[str], folder: Path = FOLDER, readme: Path = README) -> None:
    """Bring the README's table up to date with the results of these benchmarks."""
    paths = [folder / f"{name}.json" for name in names]
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in paths if path.exists()]
    if not documents:
        raise SystemExit(f"there are no results in {folder}: run python -m benchmarks all --keep")
    text = readme.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise SystemExit(f"{readme} has no lines {BEGIN} and {END}")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n{table(documents)}\n{END}{after}", encoding="utf-8")
