# SPDX-License-Identifier: Apache-2.0
"""One element of a pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from dsbind.attaching import Attachable
from dsbind.errors import ArgumentTypeError, MissingElementError, shown
from dsbind.paths import local

if TYPE_CHECKING:
    from dsbind import gst
    from dsbind.graph import Graph

__all__ = ["Node", "attach"]


class Node:
    """One element of a pipeline, as `pipeline[name]` gives it."""

    def __init__(self, graph: Graph, name: str) -> None:
        self._graph = graph
        self._element: gst.Element = graph.element(name)
        self._name = name

    @property
    def name(self) -> str:
        """Its name within the pipeline."""
        return self._name

    @property
    def factory(self) -> str:
        """The kind of element."""
        return self._element.factory

    def set(
        self,
        properties: Mapping[str, object] | Iterable[Mapping[str, object]] | str,
        *value: object,
    ) -> Node:
        """Set properties from a mapping, from several, or one by name and value.

        Underscores in names count as hyphens. A list sets its property once for each item.
        "child::property" is a property of an element inside a bin, or of a pad.

        Raises
        ------
        ConfigError
            A value is of the wrong type or out of range; the message names the range. An unknown
            property only warns.
        """
        if isinstance(properties, str):
            if len(value) != 1:
                raise ArgumentTypeError(
                    f"set({properties!r}) needs one value, not {shown(value)[1:-1] or 'none'}"
                )
            properties = {properties: value[0]}
        elif value:
            raise ArgumentTypeError(f"set() takes a mapping, or a name and a value, not {value!r}")
        groups = [properties] if isinstance(properties, Mapping) else properties
        if not isinstance(groups, Iterable):
            raise ArgumentTypeError(f"set() takes a mapping of properties, not {groups!r}")
        for group in groups:
            if not isinstance(group, Mapping) or not all(isinstance(key, str) for key in group):
                raise ArgumentTypeError(
                    f"set() takes mappings of names to values, not {shown(group)}"
                )
            for key, item in group.items():
                for one in item if isinstance(item, list) else [item]:
                    setting = local(one) if isinstance(one, str) else one
                    self._element.set(_property_name(key), setting)
        return self

    def get(self, key: str) -> str | int | float | bool | None:
        """The value of a property, enums and flags as numbers; None where there is none."""
        if not isinstance(key, str):
            raise ArgumentTypeError(f"get() takes the name of a property, not {key!r}")
        return self._element.get(_property_name(key))

    def link(self, node: Node, pads: Sequence[str] = ("", "")) -> Node:
        """Link to another element; `pads` hints which pads, as in `Pipeline.link`.

        Raises
        ------
        LinkError
            They have no pads that go together.
        """
        if not isinstance(node, Node):
            raise ArgumentTypeError(f"link() takes a node, pipeline[{node!r}], not {node!r}")
        if not is_pair(pads):
            raise ArgumentTypeError(f"link() takes (source_pad, target_pad), not {pads!r}")
        if node._graph is not self._graph:
            raise ArgumentTypeError(
                f"{self._name!r} and {node.name!r} are not in the same pipeline"
            )
        self._graph.link(self._name, node.name, pads[0], pads[1])
        return self

    def attach(
        self,
        what: Attachable | str,
        tips: str = "",
        name: str = "",
        properties: Mapping[str, object] | None = None,
    ) -> Node:
        """Attach a probe, feeder or receiver, as `Pipeline.attach` does."""
        attach(self._graph, self._name, what, name, tips, properties, "Node.attach")
        return self

    def find(self, name: str) -> Attachable:
        """What was attached here under a name; its `set` changes its properties.

        Raises
        ------
        MissingElementError
            Nothing of that name was attached here.
        """
        found = self._graph.attached.get((self._name, name))
        if found is None:
            known = [item for owner, item in self._graph.attached if owner == self._name]
            raise MissingElementError(
                f"{name} Not found: attached to {self._name!r}: {', '.join(known) or 'nothing'}"
            )
        return found[0]

    def __repr__(self) -> str:
        return f"<Node {self._element}>"


def attach(
    graph: Graph,
    target: str,
    what: Attachable | str,
    name: str,
    tips: str,
    properties: Mapping[str, object] | None,
    caller: str,
) -> None:
    """Attach an object, or the one that a factory of this name makes, to an element."""
    if not isinstance(tips, str):
        raise ArgumentTypeError(f"{caller}: tips is a text, not {tips!r}")
    if isinstance(what, str):
        from dsbind import registry

        graph.element(target)
        what = registry.create(what, name or what)
    if not isinstance(what, Attachable):
        raise ArgumentTypeError(
            f"Unsupported object type for {caller}: {what!r} is no Probe, Feeder or Receiver"
            + _way_to_attach(what)
        )
    if properties is not None:
        if not isinstance(properties, Mapping):
            raise ArgumentTypeError(
                f"{caller}: properties are names with values, not {properties!r}"
            )
        what.set(properties)
    graph.attach(target, what, tips)


def _way_to_attach(what: object) -> str:
    name = getattr(what, "__name__", type(what).__name__)
    if hasattr(what, "handle_metadata") or hasattr(what, "handle_buffer"):
        return f': attach Probe("name", {name}{"" if isinstance(what, type) else "()"})'
    if callable(what):
        return ": subclass BatchMetadataOperator, and attach a Probe with an instance of it"
    return ""


def is_pair(value: object) -> bool:
    """Whether this is two texts."""
    return (
        isinstance(value, (tuple, list))
        and len(value) == 2
        and all(isinstance(name, str) for name in value)
    )


def _property_name(key: str) -> str:
    # Names of children may hold underscores, those of properties do not.
    child, colons, name = key.rpartition("::")
    return f"{child}{colons}{name.replace('_', '-')}"
