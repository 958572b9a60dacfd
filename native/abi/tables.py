# SPDX-License-Identifier: Apache-2.0
"""The tables of the ABI, as they are used.

The table of the newest version is whole. Those of others tell what differs from it: a struct, an
enum, a define or a function as it was, or null for one that was not there yet.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def load(path: str | Path) -> dict[str, Any]:
    """Read a table, whole."""
    table = json.loads(Path(path).read_text(encoding="utf-8"))
    base = table.pop("based_on", None)
    if base is None:
        return table
    whole = load(Path(path).with_name(base))
    for header, changes in table["headers"].items():
        merge(whole["headers"][header], changes)
    return {**table, "headers": whole["headers"]}


def merge(section: dict[str, Any], changes: dict[str, Any]) -> None:
    for kind, entries in changes.items():
        if kind == "cxx_only":
            merge(section[kind], entries)
            continue
        for name, entry in entries.items():
            if entry is None:
                section[kind].pop(name, None)
            else:
                section[kind][name] = entry
