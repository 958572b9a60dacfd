# SPDX-License-Identifier: Apache-2.0
"""What benchmarks keep: files with machine and commit, and the README's table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import results
from benchmarks.harness import Result, Row


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    walk = Result("walk", [Row("a | walk", 2.5, "us", peer=10, ratio=4, target=4)])
    walk.rows.append(Row("only told", 1, "us"))
    write = Result("write", [Row("a write", 12345.6, "ns", floor=5000, ratio=2.5, target=2)])
    write.rows[0].at_least = False
    for result in (walk, write):
        results.save(result, tmp_path / "results")
    return tmp_path / "results"


def test_a_result_is_kept_with_machine_and_commit(folder: Path) -> None:
    kept = json.loads((folder / "walk.json").read_text())
    assert kept["name"] == "walk" and "cores" in kept["machine"] and kept["commit"]
    assert [row["met"] for row in kept["rows"]] == [True, None]


def test_the_table_stands_in_the_readme(folder: Path, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{results.BEGIN}\nold\n{results.END}\nafter\n")
    for _ in range(2):
        results.write_readme(["write", "missing", "walk"], folder, readme)
    lines = readme.read_text().splitlines()
    assert lines[0] == "before" and lines[-1] == "after" and "old" not in lines
    assert "| `write` | a write | 12,346 | - | 5,000 | ns | 2.50 | ≤ 2 | **no** |" in lines
    assert "| `walk` | a \\| walk | 2.50 | 10.00 | - | us | 4.00 | ≥ 4 | yes |" in lines
    assert not any("only told" in line for line in lines)
    assert lines[-3].startswith("Measured on ")


def test_without_results_or_marks_nothing_is_written(folder: Path, tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("no marks\n")
    with pytest.raises(SystemExit, match="has no lines"):
        results.write_readme(["walk"], folder, readme)
    with pytest.raises(SystemExit, match="run python -m benchmarks all"):
        results.write_readme(["other"], folder, readme)
    assert readme.read_text() == "no marks\n"


def test_the_readme_has_a_place_for_it() -> None:
    text = results.README.read_text(encoding="utf-8")
    assert text.count(results.BEGIN) == text.count(results.END) == 1
