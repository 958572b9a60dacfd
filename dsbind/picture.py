# SPDX-License-Identifier: Apache-2.0
"""Pictures of pipelines: Graphviz' dot language, and what its `dot` makes of it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from dsbind.errors import ConfigError, Error, MissingFileError, OutputError, mask_uri

if TYPE_CHECKING:
    from dsbind import gst
    from dsbind.graph import Graph

__all__ = ["GRAPHS_VARIABLE", "Picture", "draw"]

#: Environment: a folder for the graphs of pipelines, which are then not started (`dsbind graph`).
GRAPHS_VARIABLE = "DSBIND_GRAPHS"

_FORMATS = ("svg", "dot", "png", "pdf")
# Seconds for the layout; hundreds of elements take one.
_PATIENCE = 60
_MOST_KEPT = 1000

_HEAD = """\
  graph [rankdir=LR, fontname="Helvetica", fontsize=12, labelloc=t, bgcolor=white, ranksep=0.6];
  node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=11, color="#5b6b7b",
        fillcolor="#eef1f4", margin="0.16,0.09"];
  edge [fontname="Helvetica", fontsize=9, color="#5b6b7b", fontcolor="#44515e", arrowsize=0.7];
"""
_SOURCE = "#dff1df"
_SINK = "#f9e4dc"
_ALONE = "#ffffff"

# What an element reads, writes or is configured by; shown in its box.
_TELLING = ("uri", "location", "config-file-path", "config-file", "ll-config-file", "caps")
_LONGEST = 44

_FIELD = re.compile(r"([\w-]+)=\(\w+\)\"?([^,;\"]+)")


class Picture(str):
    """A graph in Graphviz' dot language, which is its text. Jupyter shows it as a picture."""

    @property
    def dot(self) -> str:
        """The text, for Graphviz' tools."""
        return str(self)

    @property
    def svg(self) -> str:
        """As SVG.

        Raises
        ------
        MissingFileError
            Graphviz is not installed.
        """
        return self._rendered("svg").decode("utf-8")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a .svg, .png, .pdf or .dot file.

        Raises
        ------
        ConfigError
            The name ends in none of these.
        MissingFileError
            Graphviz is not installed; a .dot file needs no Graphviz.
        OutputError
            The file cannot be written.
        """
        name = os.fspath(path)
        kind = name.rpartition(".")[2].lower()
        if kind not in _FORMATS:
            choices = ", ".join(f".{kind}" for kind in _FORMATS)
            raise ConfigError(f"{name}: a picture is saved as one of {choices}")
        data = self.encode() if kind == "dot" else self._rendered(kind)
        try:
            with open(name, "wb") as file:
                file.write(data)
        except OSError as error:
            raise OutputError(
                f"{name} cannot be written: {error.strerror}; choose another folder or name"
            ) from error

    def keep(self, folder: str, name: str) -> None:
        """Write the text into a folder, numbered by what is there: other processes write, too."""
        words = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "pipeline"
        for number in range(_MOST_KEPT):
            path = os.path.join(folder, f"{number:03d}-{words[:_LONGEST]}.dot")
            if any(other.startswith(f"{number:03d}-") for other in os.listdir(folder)):
                continue
            try:
                with open(path, "x", encoding="utf-8") as file:
                    file.write(self)
            except FileExistsError:
                continue
            return

    def _rendered(self, kind: str) -> bytes:
        # Here, as below: every program loads this module, and few draw.
        import subprocess

        program = _program()
        if program is None:
            raise MissingFileError(
                "pictures need Graphviz' program `dot`: `sudo apt install graphviz`. "
                "The text alone is in graph().dot"
            )
        try:
            done = subprocess.run(
                [program, f"-T{kind}"], input=self.encode(), capture_output=True, timeout=_PATIENCE
            )
        except subprocess.TimeoutExpired:
            raise Error(f"`dot` did not draw the graph within {_PATIENCE} s") from None
        if done.returncode != 0:
            raise Error(f"`dot` failed: {done.stderr.decode('utf-8', 'replace').strip()}")
        return done.stdout

    def _repr_svg_(self) -> str | None:
        # Where there is no Graphviz, Jupyter shows the text.
        return self.svg if _program() else None


def _program() -> str | None:
    from shutil import which

    return which("dot")


def draw(graph: Graph) -> Picture:
    """The elements of a graph from left to right, what is attached to them, and their links."""
    from dsbind._inspect import link_to

    numbers = {name: f"n{index}" for index, name in enumerate(graph.elements)}
    targets = {target for links in graph.links.values() for target, _ in links}
    lines = [f"digraph {_quoted(graph.name)} {{", _HEAD.rstrip(), f"  label={_label(graph.name)};"]
    for name, element in graph.elements.items():
        color = _color_of(bool(graph.links.get(name)), name in targets)
        fill = f', fillcolor="{color}"' if color else ""
        lines.append(f"  {numbers[name]} [label={_box(graph, name, element)}{fill}];")
    for source, links in graph.links.items():
        for target, pad in links:
            origin, caps = link_to(graph.elements[target], pad)
            # A pad that appears with the data is not there yet.
            style = "" if origin is not None else ", style=dashed"
            text = _label(*_lines_of(caps)) if caps else '""'
            lines.append(f"  {numbers[source]} -> {numbers[target]} [label={text}{style}];")
    return Picture("\n".join([*lines, "}", ""]))


def _color_of(has_output: bool, has_input: bool) -> str:
    if has_output and has_input:
        return ""
    if has_output:
        return _SOURCE
    return _SINK if has_input else _ALONE


def _box(graph: Graph, name: str, element: gst.Element) -> str:
    rows = [f"<b>{_escaped(element.factory or 'bin')}</b>", _escaped(name)]
    rows += [_small(text) for text in _told_by(element)]
    for (owner, attached), (what, _) in graph.attached.items():
        if owner == name:
            rows.append(f"<i>{_escaped(type(what).__name__)} {_escaped(attached)}</i>")
    return f"<{'<br/>'.join(rows)}>"


def _told_by(element: gst.Element) -> list[str]:
    texts = []
    for name in _TELLING:
        value = element.get(name) if element.has(name) else None
        if not isinstance(value, str) or not value or value in ("ANY", "NULL"):
            continue
        if name == "caps":
            texts += _lines_of(value)
        elif "://" in value and not value.startswith("file://"):
            texts.append(mask_uri(value))
        else:
            texts.append(os.path.basename(value))
    return texts


def _lines_of(caps: str) -> list[str]:
    """The first of some caps in two short lines: the media type, and what matters most of it."""
    first = re.split(r"[;,]", caps, maxsplit=1)[0].strip()
    media = re.sub(r"\(memory:(\w+)\)", r" (\1)", first)
    fields = dict(_FIELD.findall(caps.partition(";")[0]))
    words = [fields.get("format", "")]
    if "width" in fields and "height" in fields:
        words.append(f"{fields['width']} × {fields['height']}")
    if "framerate" in fields:
        numerator, _, denominator = fields["framerate"].partition("/")
        rate = numerator if denominator in ("", "1") else fields["framerate"]
        words.append("" if rate == "0" else f"{rate} fps")
    if "rate" in fields:
        words.append(f"{fields['rate']} Hz")
    if fields.get("batch-size", "1") != "1":
        words.append(f"batch of {fields['batch-size']}")
    detail = " ".join(word for word in words if word and word[0] not in "[{")
    return [media, detail] if detail else [media]


def _label(*texts: str) -> str:
    return f"<{'<br/>'.join(_escaped(text) for text in texts)}>"


def _small(text: str) -> str:
    return f'<font point-size="9">{_escaped(text)}</font>'


def _escaped(text: str) -> str:
    from html import escape

    text = mask_uri(text)
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2 - 1]}…{text[-_LONGEST // 2 :]}"
    printable = "".join(c if c.isprintable() else "�" for c in text)
    return escape(printable) or " "


def _quoted(text: str) -> str:
    plain = mask_uri(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'
