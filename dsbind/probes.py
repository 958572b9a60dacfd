# SPDX-License-Identifier: Apache-2.0
"""Probes: Python code that sees every buffer that passes an element."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from dsbind.attaching import Attachable, Attachment
from dsbind.costs import Costs
from dsbind.errors import ArgumentTypeError, ConfigError, nearest
from dsbind.functions import function_of, is_native, need_plain, state_of

if TYPE_CHECKING:
    from dsbind._native_probe import FunctionProbe
    from dsbind._padprobe import PadProbe
    from dsbind.buffer import Buffer
    from dsbind.graph import Graph
    from dsbind.meta import BatchMetadata

__all__ = ["BatchMetadataOperator", "BufferObserver", "BufferOperator", "Probe", "ProbeCost"]


def spelled(name: str | None, names: Iterable[str]) -> str | None:
    """A name as it is among `names`, where hyphens and underscores are the same."""
    same = (name or "").replace("_", "-")
    return next((known for known in names if known.replace("_", "-") == same), None)


class ProbeCost(NamedTuple):
    """What a probe has cost its pipeline so far.

    Attributes
    ----------
    calls : int
        How often it was called.
    seconds : float
        How long the streaming threads were held up by it, the wait for the GIL included.
    """

    calls: int
    seconds: float

    @property
    def mean(self) -> float:
        """Seconds a call."""
        return self.seconds / self.calls if self.calls else 0.0


class _Operator:
    """What the operators share: the properties of the probe that was made from them."""

    # Those of a registered probe; a subclass need not call any __init__.
    _properties: ClassVar[Mapping[str, object]] = {}

    def get_property(self, name: str) -> Any:
        """The value of a property of the probe; `register_probe` says which there are.

        Raises
        ------
        ConfigError
            There is no such property.
        """
        key = spelled(name, self._properties)
        if key is not None:
            return self._properties[key]
        close = spelled(nearest(name, self._properties), self._properties)
        raise ConfigError(
            f"{type(self).__name__} has no property {name!r}"
            + (f"; did you mean {close!r}?" if close else ": name it in register_probe(params=)")
        )


class BatchMetadataOperator(_Operator):
    """Sees the metadata of each batch. Subclass it and write `handle_metadata`.

    The method runs on the streaming thread: while it runs, the pipeline waits. What it is given is
    valid until it returns; copy what should live longer. An exception stops the pipeline and is
    raised from `wait()` or the flow's call.
    """

    def handle_metadata(self, batch_meta: BatchMetadata) -> object:
        """Called for each buffer that carries a batch; the result is ignored."""
        raise NotImplementedError(f"{type(self).__name__} does not define handle_metadata()")


class BufferOperator(_Operator):
    """Sees each buffer, and may drop it. Subclass it and write `handle_buffer`.

    Runs and fails as a `BatchMetadataOperator` does.
    """

    def handle_buffer(self, buffer: Buffer) -> bool | None:
        """Called for each buffer: False drops it, True (or None) lets it pass."""
        raise NotImplementedError(f"{type(self).__name__} does not define handle_buffer()")


class BufferObserver(_Operator):
    """Sees each buffer, and lets all of them pass. Subclass it and write `handle_buffer`.

    Runs and fails as a `BatchMetadataOperator` does.
    """

    def handle_buffer(self, buffer: Buffer) -> object:
        """Called for each buffer; the result is ignored."""
        raise NotImplementedError(f"{type(self).__name__} does not define handle_buffer()")


class Probe(Attachable):
    """Names an operator or a native function, so that it can be attached to an element.

    A native function is `int probe(NvDsBatchMeta *batch, void *user)`, as dsbind.h declares it. It
    runs on the streaming thread without the GIL, and returns 0 to keep the buffer, 1 to drop it, or
    an error code below 0, which ends the pipeline.

    Parameters
    ----------
    name
        Any name; on one element each is used once.
    operator
        A `BatchMetadataOperator`, `BufferOperator` or `BufferObserver`. Or a native function: a
        ctypes or cffi function pointer, a Numba `cfunc`, a PyCapsule named "dsbind.probe", or a
        Cython function from its module's `__pyx_capi__`. The probe keeps it alive, and the pipeline
        keeps the probe.
    user
        State for a native function, its second argument: an address, a ctypes or cffi pointer, a
        ctypes object, or a NumPy array, whose memory it gets. It is kept alive.
    reads_only
        The native function changes nothing, so that buffers which other branches hold too need not
        be copied for it.
    all_buffers
        The native function is called for buffers without a batch too, with NULL.

    Raises
    ------
    ArgumentTypeError
        The operator or its state is none of these.
    """

    def __init__(
        self,
        name: str,
        operator: BatchMetadataOperator | BufferOperator | BufferObserver | Any,
        user: Any = None,
        *,
        reads_only: bool = False,
        all_buffers: bool = False,
    ) -> None:
        who = f"Probe {name!r}"
        self._native = is_native(operator)
        if self._native:
            self._function = function_of(who, operator)
            self._state = state_of(who, user)
        elif not isinstance(operator, (BatchMetadataOperator, BufferOperator, BufferObserver)):
            raise ArgumentTypeError(
                f"{who} needs a BatchMetadataOperator or a BufferOperator, not {operator!r}: "
                "subclass one and pass an instance, or pass a native function: a ctypes or cffi "
                "function pointer, a Numba cfunc, or a PyCapsule"
            )
        elif user is not None or reads_only or all_buffers:
            raise ArgumentTypeError(
                f"{who}: user, reads_only and all_buffers are for native functions; an operator "
                "keeps its own state, and a BufferObserver only reads"
            )
        elif isinstance(operator, BatchMetadataOperator):
            need_plain(who, operator.handle_metadata)
        else:
            need_plain(who, operator.handle_buffer)
        self.name = name
        self.operator = operator
        self.reads_only = reads_only
        self.all_buffers = all_buffers
        self._costs = Costs()

    @staticmethod
    def create(plugin: str, name: str) -> Attachable:
        """Make a probe from its factory, as `registry.create` does."""
        from dsbind import registry

        return registry.create(plugin, name)

    @property
    def reads_batches(self) -> bool:
        """Whether the operator gets the metadata of batches, rather than buffers."""
        if self._native:
            return not self.all_buffers
        return isinstance(self.operator, BatchMetadataOperator)

    @property
    def handler(self) -> Callable[[Any], object]:
        """What is called for each buffer: a method of the operator."""
        if isinstance(self.operator, BatchMetadataOperator):
            return self.operator.handle_metadata
        handler: Callable[[Any], object] = self.operator.handle_buffer
        return handler

    @property
    def stats(self) -> ProbeCost:
        """What it has cost, at all elements that it was ever attached to."""
        return ProbeCost(*self._costs.total())

    def attach_to(self, graph: Graph, target: str, tips: str) -> Attachment:
        """Watch a source pad: the last one of the element, or the one that `tips` names.

        A sink is watched at its own pad. A name or template of pads that are still to come is
        watched from when they come.
        """
        element = graph.element(target)
        attachment: PadProbe | FunctionProbe
        if self._native:
            from dsbind._native_probe import FunctionProbe

            attachment = FunctionProbe(
                element,
                tips,
                self.name,
                self._function.value,
                self._state.value,
                (self._function.kept, self._state.kept),
                graph.failure.report,
                reads=self.reads_only,
                all_buffers=self.all_buffers,
            )
        else:
            from dsbind._padprobe import PadProbe

            attachment = PadProbe(
                element,
                tips,
                self.handler,
                self.reads_batches,
                graph.failure.report,
                reads=isinstance(self.operator, BufferObserver),
            )
        return self._costs.count(attachment)

    def __repr__(self) -> str:
        return f"Probe({self.name!r}, {self.operator!r})"
