# SPDX-License-Identifier: Apache-2.0
"""Reads YAML that may come from anywhere: plain data only, of limited size and depth."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import yaml

__all__ = ["load"]

_MOST_BYTES = 1 << 20
_MOST_NODES = 50_000
_MOST_ALIASES = 200
_DEEPEST = 32

_TAG = "tag:yaml.org,2002:"
_SCALARS = {f"{_TAG}{name}" for name in ("null", "bool", "int", "float", "str")}


class _Loader(yaml.SafeLoader):
    """Refuses what would grow without end, and keys that are there twice."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._nodes = 0
        self._aliases = 0
        self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        self._nodes += 1
        if self.check_event(yaml.AliasEvent):
            self._aliases += 1
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        if self._nodes > _MOST_NODES or self._aliases > _MOST_ALIASES:
            raise yaml.MarkedYAMLError(None, None, "the file holds too much", mark)
        if self._depth >= _DEEPEST:
            raise yaml.MarkedYAMLError(None, None, "it is nested too deeply", mark)
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                if key.value in seen:
                    raise yaml.MarkedYAMLError(
                        None, None, f"{key.value!r} is there twice", key.start_mark
                    )
                seen.add(key.value)
        return node


def load(
    path: str | os.PathLike[str],
    fail: Callable[[int, str], Exception],
) -> tuple[Any, Callable[[object], int]]:
    """Read a file.

    Parameters
    ----------
    path
        The file.
    fail
        Makes the exception that is raised for what is wrong, from a line (0 for the whole file)
        and a text.

    Returns
    -------
    tuple
        The data: dict, list, str, int, float, bool and None; and a function that gives the line of
        any dict or list in it.

    Raises
    ------
    OSError
        The file cannot be read.
    """
    with open(path, "rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise fail(0, f"the file is larger than {_MOST_BYTES >> 20} MiB")
    lines: dict[int, int] = {}
    try:
        loader = _Loader(data.decode("utf-8-sig"))
        root = loader.get_single_node()
        value = None if root is None else _plain(loader, root, lines, {})
    except UnicodeDecodeError as error:
        raise fail(0, f"the file is no UTF-8 text: {error}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        text = " ".join(part for part in (error.context, error.problem) if part)
        raise fail(mark.line + 1 if mark else 0, text) from None
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise fail(0, str(error)) from None
    return value, lambda item: lines.get(id(item), 0)


def _plain(
    loader: _Loader, node: yaml.Node, lines: dict[int, int], done: dict[int, object]
) -> object:
    """What a node holds. An alias gives the same object again: nothing is copied."""
    if id(node) in done:
        if done[id(node)] is _unfinished:
            raise _marked(node, "it contains itself")
        return done[id(node)]
    done[id(node)] = _unfinished
    value: object
    if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
        value = _mapping(loader, node, lines, done)
        lines[id(value)] = node.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
        value = [_plain(loader, item, lines, done) for item in node.value]
        lines[id(value)] = node.start_mark.line + 1
    elif node.tag in _SCALARS:
        value = loader.construct_object(node)
    elif node.tag == f"{_TAG}timestamp":
        value = node.value
    else:
        raise _marked(node, f"the tag {node.tag} is not taken, only plain data")
    done[id(node)] = value
    return value


def _mapping(
    loader: _Loader, node: yaml.MappingNode, lines: dict[int, int], done: dict[int, object]
) -> dict[object, object]:
    own: dict[object, object] = {}
    merged: dict[object, object] = {}
    for key_node, value_node in node.value:
        value = _plain(loader, value_node, lines, done)
        if key_node.tag == f"{_TAG}merge":
            for other in value if isinstance(value, list) else [value]:
                if not isinstance(other, dict):
                    raise _marked(value_node, "'<<' takes a mapping, or a list of mappings")
                merged = {**other, **merged}
            continue
        if not isinstance(key_node, yaml.ScalarNode):
            raise _marked(key_node, "a key is a list or a mapping")
        own[_plain(loader, key_node, lines, done)] = value
    return {**merged, **own}


def _marked(node: yaml.Node, text: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(None, None, text, node.start_mark)


_unfinished = object()
