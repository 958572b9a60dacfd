# SPDX-License-Identifier: Apache-2.0
"""Probes: Python code that sees every buffer that leaves an element."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dsbind.attaching import Attachable, Attachment
from dsbind.errors import ArgumentTypeError

if TYPE_CHECKING:
    from dsbind.graph import Graph
    from dsbind.meta import BatchMetadata
    from dsbind.surface import Buffer

__all__ = ["BatchMetadataOperator", "BufferOperator", "Probe"]


class Probe(Attachable):
    """Names an operator, so that it can be attached to an element.

    Parameters
    ----------
    name
        Any name; on one element each is used once.
    operator
        A `BatchMetadataOperator` or a `BufferOperator`. The probe keeps it alive, and the pipeline
        keeps the probe.

    Raises
    ------
    ArgumentTypeError
        The operator is neither.
    """

    def __init__(self, name: str, operator: BatchMetadataOperator | BufferOperator) -> None:
        if not isinstance(operator, (BatchMetadataOperator, BufferOperator)):
            raise ArgumentTypeError(
                f"Probe {name!r} needs a BatchMetadataOperator or a BufferOperator, "
                f"not {operator!r}: subclass one and pass an instance"
            )
        self.name = name
        self.operator = operator

    @property
    def reads_batches(self) -> bool:
        """Whether the operator gets the metadata of batches, rather than buffers."""
        return isinstance(self.operator, BatchMetadataOperator)

    @property
    def handler(self) -> Callable[[Any], object]:
        """The operator's method that is called for each buffer."""
        if isinstance(self.operator, BatchMetadataOperator):
            return self.operator.handle_metadata
        return self.operator.handle_buffer

    def attach_to(self, graph: Graph, target: str, tips: str) -> Attachment:
        """Watch a source pad: the last one of the element, or the one that `tips` names."""
        from dsbind._padprobe import PadProbe

        return PadProbe(
            graph.element(target), tips, self.handler, self.reads_batches, graph.failure.report
        )

    def __repr__(self) -> str:
        return f"Probe({self.name!r}, {self.operator!r})"


class BatchMetadataOperator:
    """Sees the metadata of each batch. Subclass it and write `handle_metadata`.

    The method runs on the streaming thread: while it runs, the pipeline waits. What it is given is
    valid until it returns; copy what should live longer. An exception stops the pipeline and is
    raised from `wait()` or the flow's call.
    """

    def handle_metadata(self, batch_meta: BatchMetadata) -> object:
        """Called for each buffer that carries a batch; the result is ignored."""
        raise NotImplementedError(f"{type(self).__name__} does not define handle_metadata()")


class BufferOperator:
    """Sees each buffer, and may drop it. Subclass it and write `handle_buffer`.

    Runs and fails as a `BatchMetadataOperator` does.
    """

    def handle_buffer(self, buffer: Buffer) -> bool | None:
        """Called for each buffer: False drops it, True (or None) lets it pass."""
        raise NotImplementedError(f"{type(self).__name__} does not define handle_buffer()")
