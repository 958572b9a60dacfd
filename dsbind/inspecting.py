# SPDX-License-Identifier: Apache-2.0
"""`dsbind inspect`: what an element takes and offers."""

from __future__ import annotations

import json as jsonlib
import shutil
import textwrap
from typing import Any

from dsbind.errors import ConfigError, nearest

__all__ = ["describe", "run"]

Item = dict[str, Any]

_WIDEST = 100


def describe(element: str, property: str | None = None) -> Item:
    """What `dsbind inspect --json` prints: an element, or one of its properties.

    Raises
    ------
    MissingElementError
        There is no such element; the message names the nearest.
    ConfigError
        It has no such property; the message names the nearest.
    """
    from dsbind import gst
    from dsbind._inspect import describe as describe_element

    found = describe_element(gst.Element(element, "inspected"))
    if property is None:
        return found
    name = property.replace("_", "-")
    for item in found["properties"]:
        if item["name"] == name:
            return dict(item)
    names = [item["name"] for item in found["properties"]]
    close = nearest(name, names)
    hint = f"did you mean {close!r}?" if close else f"it has {', '.join(names)}"
    raise ConfigError(f"{element} has no property {name!r}; {hint}")


def run(element: str, property: str | None = None, json: bool = False) -> int:
    """Print an element, or one of its properties."""
    found = describe(element, property)
    if json:
        print(jsonlib.dumps(found, indent=2, default=str))
        return 0
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    lines = _element(found, width) if property is None else _property(found, width)
    print("\n".join(lines))
    return 0


def _element(found: Item, width: int) -> list[str]:
    lines = [f"{found['name']}: {found['long_name']}", f"  {found['description']}"]
    plugin = found["plugin"]
    lines += [f"  {found['class']}; plugin {plugin['name']} {plugin['version']}", "", "Pads"]
    for pad in found["pads"]:
        lines.append(f"  {pad['name']}  ({pad['direction']}, {pad['presence']})")
        for caps in pad["caps"].split(";"):
            lines += _wrapped(caps.strip(), width, 6)
    lines += ["", "Properties"]
    for item in found["properties"]:
        lines += _property(item, width, brief=True)
    if found["signals"]:
        lines += ["", "Signals"]
    for item in found["signals"]:
        kind = "action" if item["action"] else "signal"
        lines.append(
            f"  {item['name']}({', '.join(item['arguments'])}) -> {item['result']}  ({kind})"
        )
    return lines


def _property(item: Item, width: int, brief: bool = False) -> list[str]:
    facts = [item["type"]]
    if item["readable"] and item["writable"]:
        facts.append(f"default {_shown(item)}")
    elif not item["writable"]:
        facts.append("read-only")
    else:
        facts.append("write-only")
    if "minimum" in item:
        facts.append(f"{_number(item['minimum'])} to {_number(item['maximum'])}")
    if item["writable"] and item["changeable"]:
        facts.append(f"may change while {item['changeable']}")
    if item["controllable"]:
        facts.append("controllable")
    if item["deprecated"]:
        facts.append("deprecated")
    lines = [f"  {item['name']}", *_wrapped("; ".join(facts), width, 6)]
    lines += _wrapped(item["description"], width, 6)
    choices = item.get("choices", [])
    if brief and choices:
        names = ", ".join(f"{choice['nick']} ({choice['value']})" for choice in choices)
        lines += _wrapped(names, width, 8)
    elif choices:
        size = max(len(choice["nick"]) for choice in choices)
        lines += [
            f"        {choice['nick']:{size}}  {choice['value']:>4}  {choice['description']}"
            for choice in choices
        ]
    return lines


def _shown(item: Item) -> str:
    value = item["default"]
    if value is None:
        return "none"
    if "choices" in item:
        nicks = [c["nick"] for c in item["choices"] if c["value"] == value]
        if item["type"].endswith("Flags") or not nicks:
            nicks = [c["nick"] for c in item["choices"] if c["value"] & value] or nicks
        return "+".join(nicks) or str(value)
    return repr(value) if isinstance(value, str) else _number(value)


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _wrapped(text: str, width: int, indent: int) -> list[str]:
    space = " " * indent
    return textwrap.wrap(text, width, initial_indent=space, subsequent_indent=space)
