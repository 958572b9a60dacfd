# SPDX-License-Identifier: Apache-2.0
"""What elements that send messages have counted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dsbind.graph import Graph

_SINKS = ("nvmsgbrokersinkbin", "nvmsgbroker")
# A field of a serialised structure, whose quotes and brackets may be escaped.
_FIELD = re.compile(r"([\w-]+)\\?=\\?\((\w+)\\?\)(\w+)")


def counts(graph: Graph) -> dict[str, dict[str, int | bool]]:
    """The counts of each element that sends messages, by its name."""
    found = {}
    for name, element in graph.elements.items():
        if element.factory in _SINKS:
            found[name] = _fields(str(element.get("stats")))
    return found


def _fields(text: str) -> dict[str, int | bool]:
    return {
        name: value == "true" if kind == "boolean" else int(value)
        for name, kind, value in _FIELD.findall(text)
    }
