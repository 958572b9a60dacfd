# SPDX-License-Identifier: Apache-2.0
"""Pipelines described by YAML files: nodes and edges."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from dsbind import yaml_file
from dsbind.attaching import Attachable
from dsbind.errors import (
    ConfigError,
    Error,
    MissingFileError,
    PipelineFileError,
    add_text,
    mask_uri,
    nearest,
    shown,
    warn_unknown_property,
)
from dsbind.paths import local

if TYPE_CHECKING:
    from dsbind.pipeline import Pipeline

__all__ = ["build"]

_MOST_NODES = 4096
_KEYS = ("type", "name", "properties", "enable")
# What a picture may hold: more would not fit the fields of a surface.
_MOST_BYTES = 2**31 - 1
_BYTES_PER_PIXEL = 4
_LONGEST = 80
_MOST_TEXT = 800


class MissingPipelineFileError(PipelineFileError, MissingFileError):
    """The file does not exist."""


class _End(NamedTuple):
    """One end of an edge: a node, and what of it: a pad, a signal or an action."""

    name: str
    part: str


def build(pipeline: Pipeline, path: str | os.PathLike[str]) -> None:
    """Add what a file describes to a pipeline.

    Raises
    ------
    PipelineFileError
        The file is not as it should be; the message names file, line and key.
    Error
        An element cannot be made, linked or attached to; the message names file and line, too.
    """
    _File(pipeline, path).build()


def _said(value: object) -> str:
    """A value of the file in a message: aliases can make a list of endless length."""
    if isinstance(value, (dict, list)):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = shown(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


class _File:
    """One file on its way into a pipeline."""

    def __init__(self, pipeline: Pipeline, path: str | os.PathLike[str]) -> None:
        self._pipeline = pipeline
        self._path = ""
        try:
            self._path = local(os.fspath(path))
            self._document, self._line_of = yaml_file.load(self._path, self._error)
        except TypeError:
            raise PipelineFileError(
                f"YAML Parsing Error: config_file is a path, not {shown(path)}"
            ) from None
        except FileNotFoundError:
            raise MissingPipelineFileError(
                f"YAML Parsing Error: File {self._path} doesn't exist "
                f"(looked for {os.path.abspath(self._path)})"
            ) from None
        except OSError as error:
            raise self._error(0, f"it cannot be read: {error.strerror}") from error
        #: Probes, feeders and other objects by name; None for one that is disabled.
        self._objects: dict[str, Attachable | None] = {}
        self._names: dict[str, int] = {}

    def build(self) -> None:
        top = self._top()
        nodes = top.get("nodes")
        if not isinstance(nodes, list) or not nodes:
            raise self._error(self._line_of(top), "nodes: is a list of elements, not empty")
        if len(nodes) > _MOST_NODES:
            raise self._error(self._line_of(nodes), f"nodes: has more than {_MOST_NODES} items")
        checked = [self._checked(index, node) for index, node in enumerate(nodes)]
        edges = list(self._edges(top.get("edges")))
        for key, node in checked:
            with _Located(self, self._line_of(node), key):
                self._make(node)
        for line, source, target in edges:
            with _Located(self, line, f"edges: {source!r}"):
                self._connect(self._end(source), self._end(target))

    def _top(self) -> Mapping[str, Any]:
        document = self._document
        if not isinstance(document, dict):
            raise self._error(0, "the file holds no 'deepstream:' with nodes and edges")
        for key, value in document.items():
            if isinstance(key, str) and "deepstream" in key:
                if not isinstance(value, dict):
                    raise self._error(0, f"{key}: needs nodes and edges")
                self._warn_of_others(value, ("nodes", "edges"), key)
                return value
        keys = ", ".join(repr(key) for key in document) or "nothing"
        raise self._error(0, f"there is no key 'deepstream', only {keys}")

    def _warn_of_others(self, mapping: Mapping[str, Any], known: tuple[str, ...], key: str) -> None:
        for name in mapping:
            if name not in known:
                where = self._where(self._line_of(mapping))
                warn_unknown_property(f"{where}: {key}", mask_uri(str(name))[:_LONGEST], known)

    # Nodes

    def _checked(self, index: int, node: object) -> tuple[str, Mapping[str, Any]]:
        key = f"nodes[{index}]"
        if not isinstance(node, dict):
            raise self._error(0, f"{key}: is a mapping with type and name, not {_said(node)}")
        line = self._line_of(node)
        self._warn_of_others(node, _KEYS, key)
        for name in ("type", "name"):
            text = node.get(name)
            if not isinstance(text, str) or not text:
                raise self._error(line, f"{key}: {name} is a text, not {_said(text)}")
        name = node["name"]
        if name in self._names:
            raise self._error(line, f"{key}: there is a node {name!r} already")
        self._names[name] = index
        enable = node.get("enable", True)
        if not isinstance(enable, int) or enable not in (0, 1):
            raise self._error(line, f"{key}: enable is true or false, not {_said(enable)}")
        self._check_properties(line, key, node.get("properties"))
        return key, node

    def _check_properties(self, line: int, key: str, properties: object) -> None:
        if properties is None:
            return
        if not isinstance(properties, dict) or not all(isinstance(k, str) for k in properties):
            raise self._error(
                line, f"{key}: properties are names with values, not {_said(properties)}"
            )
        for name, value in properties.items():
            items = value if isinstance(value, list) else [value]
            if any(isinstance(item, (dict, list)) for item in items):
                raise self._error(
                    line, f"{key}: property {name!r} is a plain value, not {_said(value)}"
                )
        for name, width in properties.items():
            if name != "width" and not name.endswith("-width"):
                continue
            height = properties.get(f"{name.removesuffix('width')}height")
            if not isinstance(width, int) or not isinstance(height, int):
                continue
            # Before any element multiplies them.
            if width > 0 and height > 0 and width * height * _BYTES_PER_PIXEL > _MOST_BYTES:
                raise self._error(
                    line, f"{key}: {name} {width} and height {height} are too large for a picture"
                )

    def _make(self, node: Mapping[str, Any]) -> None:
        kind, name = node["type"], node["name"]
        enabled = node.get("enable", True)
        properties = node.get("properties") or {}
        if "." not in kind:
            if enabled:
                self._pipeline.add(kind, name, properties)
            else:
                self._pipeline.add("identity", name)
            return
        self._objects[name] = None
        if enabled:
            from dsbind import registry

            made = registry.create(kind, name)
            if properties:
                made.set(properties)
            self._objects[name] = made

    # Edges

    def _edges(self, edges: object) -> Iterator[tuple[int, str, str]]:
        if edges is None:
            return
        if not isinstance(edges, dict):
            raise self._error(0, f"edges: are names with names, not {_said(edges)}")
        line = self._line_of(edges)
        for source, targets in edges.items():
            names = targets if isinstance(targets, list) else [targets]
            if not isinstance(source, str) or not names:
                raise self._error(line, f"edges: {source!r} leads to nothing, or is no name")
            for target in names:
                if not isinstance(target, str):
                    raise self._error(
                        self._line_of(targets) or line,
                        f"edges: {source!r} leads to a name or names, not {_said(target)}",
                    )
                yield line, source, target

    def _end(self, text: str) -> _End:
        if text in self._names:
            return _End(text, "")
        name, _, part = text.rpartition(".")
        if name in self._names:
            return _End(name, part)
        close = nearest(text, self._names)
        hint = f"did you mean {close!r}?" if close else f"the nodes are {', '.join(self._names)}"
        raise PipelineFileError(f"there is no node {text!r}; {hint}")

    def _connect(self, source: _End, target: _End) -> None:
        if source.name in self._objects and target.name in self._objects:
            raise PipelineFileError(f"{source.name!r} and {target.name!r} are no elements, both")
        if target.name in self._objects:
            what = self._objects[target.name]
            if what is not None:
                # A pad, or the signals of a handler.
                self._pipeline.attach(source.name, what, tips=target.part or source.part)
        elif source.name in self._objects:
            self._connect_emitter(self._objects[source.name], source, target)
        else:
            self._pipeline.link((source.name, target.name), (source.part, target.part))

    def _connect_emitter(self, emitter: Attachable | None, source: _End, target: _End) -> None:
        from dsbind.signal import Emitter

        if emitter is None:
            return
        if not isinstance(emitter, Emitter):
            raise PipelineFileError(
                f"{source.name!r} emits no signals: an edge leads from an element to it"
            )
        node = self._pipeline[target.name]
        if (target.name, emitter.name) in self._pipeline._graph.attached:
            emitter.attach(source.part, node)
        else:
            node.attach(emitter, tips=source.part)

    def _error(self, line: int, text: str) -> PipelineFileError:
        masked = mask_uri(text)
        if len(masked) > _MOST_TEXT:
            masked = f"{masked[:_MOST_TEXT]}…"
        return PipelineFileError(f"YAML Parsing Error: {self._where(line)}: {masked}")

    def _where(self, line: int) -> str:
        return f"{self._path}:{line}" if line else self._path


class _Located:
    """Says in every error of ours where in the file it comes from."""

    def __init__(self, file: _File, line: int, key: str) -> None:
        self._file = file
        self._line = line
        self._key = key

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, ConfigError):
            raise self._file._error(self._line, f"{self._key}: {error}") from error
        if isinstance(error, Error):
            add_text(error, f"{self._file._where(self._line)}, {mask_uri(self._key)}")
