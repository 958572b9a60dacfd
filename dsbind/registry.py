# SPDX-License-Identifier: Apache-2.0
"""What can be attached by name: the probes that come with dsbind, and those a program registers."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from dsbind.attaching import Attachable, Attachment
from dsbind.costs import Costs
from dsbind.errors import (
    ArgumentTypeError,
    ConfigError,
    ConfigWarning,
    MissingElementError,
    nearest,
    shown,
    warn_unknown_property,
)
from dsbind.functions import function_of, state_of
from dsbind.probes import (
    BatchMetadataOperator,
    BufferObserver,
    BufferOperator,
    Probe,
    ProbeCost,
    spelled,
)

if TYPE_CHECKING:
    from dsbind._builtin import NativeAttachment
    from dsbind.graph import Graph

__all__ = ["BuiltinProbe", "CommonFactory", "RegisteredProbe", "create", "probe", "register_probe"]

Operator = TypeVar("Operator", bound=type)

_LATENCY = "NVDS_ENABLE_LATENCY_MEASUREMENT"
# Of NVIDIA's; dsbind has nothing of the kind.
_ABSENT = {
    "resnet_tensor_parser",
    "smart_recording_action",
    "smart_recording_signal",
    "sample_signal_handler",
    "sample_video_feeder",
    "sample_video_receiver",
    "ensemble_render",
    "lidar_feeder",
}


class Parameter(NamedTuple):
    """A property of a registered probe."""

    kind: str
    default: object
    brief: str


class Registration(NamedTuple):
    """What `register_probe` was told."""

    operator: type
    parameters: dict[str, Parameter]


class NativeRegistration(NamedTuple):
    """What `register_native_probe` was told."""

    native: object
    user: object
    reads_only: bool
    all_buffers: bool


_registered: dict[str, Registration] = {}
_natives: dict[str, NativeRegistration] = {}


def create(factory: str, name: str) -> Attachable:
    """Make an object that can be attached, by the name of its factory.

    Parameters
    ----------
    factory
        A registered or built-in probe, also as "plugin.factory" or "python.name".
    name
        The object's own name.

    Raises
    ------
    MissingElementError
        There is no such factory.
    """
    for text in (factory, name):
        if not isinstance(text, str):
            raise ArgumentTypeError(f"an object is made from two names, not {text!r}")
    from dsbind import _builtin

    plugin, _, kind = factory.rpartition(".")
    if kind in _registered:
        return RegisteredProbe(name, kind, _registered[kind])
    if kind in _natives:
        native, user, reads_only, all_buffers = _natives[kind]
        return Probe(name, native, user, reads_only=reads_only, all_buffers=all_buffers)
    if plugin != "python" and kind in _builtin.names():
        return BuiltinProbe(name, kind)
    if kind in _ABSENT:
        raise MissingElementError(
            f"Signal creation failed: {kind} is not in this release of dsbind"
        )
    known = sorted([*_registered, *_natives, *_builtin.names()])
    close = spelled(nearest(kind, known), known)
    hint = f"did you mean {close!r}?" if close else f"there are {', '.join(known)};"
    raise MissingElementError(
        f"Signal creation failed: there is no {factory!r}; {hint} register_probe() adds your own"
    )


class BuiltinProbe(Attachable):
    """A probe of dsbind's own: it runs without Python, and its cost is small.

    Attributes
    ----------
    factory : str
        What it is, for example "measure_fps_probe".
    """

    def __init__(self, name: str, factory: str) -> None:
        from dsbind import _builtin

        self.name = name
        self.factory = factory
        self._native = _builtin.NativeProbe(factory)
        self._known = _builtin.properties(factory)
        self._costs = Costs()
        self._warned = False

    def set(self, properties: Mapping[str, object]) -> BuiltinProbe:
        """Set properties, also while the pipeline runs. Underscores count as hyphens.

        Raises
        ------
        ConfigError
            A value is of the wrong type or out of range. An unknown property only warns.
        """
        for key, value in properties.items():
            name = key.replace("_", "-")
            known = self._known.get(name)
            if known is None:
                warn_unknown_property(self._title, name, self._known)
                continue
            what = f"property {name!r} of {self._title}"
            self._native.set(name, _checked(what, known.kind, value, known.minimum, known.maximum))
        return self

    def get(self, key: str) -> int | bool | str | None:
        """The value of a property; None, with a warning, where there is none."""
        name = key.replace("_", "-")
        if name not in self._known:
            warn_unknown_property(self._title, name, self._known)
            return None
        return self._native.get(name)

    def values(self) -> dict[int, dict[str, float]]:
        """What it has counted, as numbers: a dict for each source, by source id.

        For example `{0: {"fps": 30.0, "average": 29.9, "frames": 120}}`.
        """
        return self._native.values()

    @property
    def stats(self) -> ProbeCost:
        """What it has cost, at all elements that it was ever attached to."""
        return ProbeCost(*self._costs.total())

    def attach_to(self, graph: Graph, target: str, tips: str) -> Attachment:
        """Watch a pad: the last source pad of the element, or the one that `tips` names."""
        return self._costs.count(_NativeAttachment(self, graph, target, tips))

    def begin(self) -> None:
        """A run begins: forget what was counted."""
        if self.factory == "measure_latency_probe" and _LATENCY not in os.environ:
            self._warn_of_latency()
        self._native.start()

    def _warn_of_latency(self) -> None:
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"{self._title} measures nothing: set {_LATENCY}=1 in the environment before the "
                "pipeline starts",
                ConfigWarning,
                stacklevel=2,
            )

    @property
    def _title(self) -> str:
        return f"{self.factory} {self.name!r}"

    def __repr__(self) -> str:
        return f"<{self._title}>"


class _NativeAttachment:
    """A built-in probe at an element."""

    def __init__(self, probe: BuiltinProbe, graph: Graph, target: str, tips: str) -> None:
        from dsbind import _builtin

        self._probe = probe
        self._native: NativeAttachment = _builtin.NativeAttachment(
            probe._native, graph.element(target), tips
        )

    @property
    def enabled(self) -> bool:
        return self._native.enabled

    @enabled.setter
    def enabled(self, on: bool) -> None:
        if on:
            self._probe.begin()
        self._native.enabled = on

    def is_current(self) -> bool:
        return False

    def cost(self) -> tuple[int, float]:
        return self._native.cost()


class RegisteredProbe(Probe):
    """A probe of a registered class, with its properties."""

    def __init__(self, name: str, factory: str, registration: Registration) -> None:
        super().__init__(name, registration.operator())
        self.factory = factory
        self._parameters = registration.parameters
        self._values = {key: item.default for key, item in self._parameters.items()}
        self.operator._properties = self._values  # type: ignore[misc]

    def set(self, properties: Mapping[str, object]) -> RegisteredProbe:
        """Set properties, also while the pipeline runs. Underscores and hyphens are the same.

        Raises
        ------
        ConfigError
            A value is of the wrong type. An unknown property only warns.
        """
        for key, value in properties.items():
            name = spelled(key, self._parameters)
            if name is None:
                warn_unknown_property(self._title, key, self._parameters)
                continue
            what = f"property {name!r} of {self._title}"
            self._values[name] = _checked(what, self._parameters[name].kind, value)
        return self

    def get(self, key: str) -> object:
        """The value of a property; None, with a warning, where there is none."""
        name = spelled(key, self._parameters)
        if name is None:
            warn_unknown_property(self._title, key, self._parameters)
            return None
        return self._values[name]

    @property
    def _title(self) -> str:
        return f"{self.factory} {self.name!r}"


def register_probe(
    name: str, cls: type, params: Mapping[str, tuple[object, ...]] | None = None
) -> None:
    """Make a class of operators available by name, in `attach` and in pipeline files.

    Parameters
    ----------
    name
        What to call it; a name of one's own that was used before now means this class.
    cls
        Subclass of `BatchMetadataOperator`, `BufferOperator` or `BufferObserver`; it is called
        without arguments for each probe.
    params
        Its properties: `{"interval": ("integer", 30, "Frames between reports")}`, where the type is
        integer, string, path or boolean. `self.get_property("interval")` reads one.

    Raises
    ------
    ArgumentTypeError
        The class is no operator.
    ConfigError
        The name is taken by a built-in probe, or a parameter is not as above.
    """
    _check_name(name)
    if not isinstance(cls, type) or not issubclass(
        cls, (BatchMetadataOperator, BufferOperator, BufferObserver)
    ):
        raise ArgumentTypeError(
            f"register_probe({name!r}) needs a subclass of BatchMetadataOperator, BufferOperator "
            f"or BufferObserver, not {cls!r}"
        )
    if params is not None and not isinstance(params, Mapping):
        raise ArgumentTypeError(
            f"register_probe({name!r}): params are names with tuples, not {params!r}"
        )
    items = {key: _parameter(name, key, value) for key, value in (params or {}).items()}
    _natives.pop(name, None)
    _registered[name] = Registration(cls, items)


def register_native_probe(
    name: str,
    native: object,
    user: object = None,
    *,
    reads_only: bool = False,
    all_buffers: bool = False,
) -> None:
    """Make a native function available by name, in `attach` and in pipeline files.

    Parameters
    ----------
    name
        As for `register_probe`.
    native, user, reads_only, all_buffers
        As for `Probe`. All probes of this name share `user`.

    Raises
    ------
    ArgumentTypeError
        It is no native function.
    ConfigError
        The name is taken by a built-in probe.
    """
    _check_name(name)
    function_of(f"probe {name!r}", native)
    state_of(f"probe {name!r}", user)
    _registered.pop(name, None)
    _natives[name] = NativeRegistration(native, user, reads_only, all_buffers)


def _check_name(name: str) -> None:
    from dsbind import _builtin

    if not isinstance(name, str) or not name or "." in name:
        raise ConfigError(f"a probe is registered under a name without dots, not {name!r}")
    if name in _builtin.names():
        raise ConfigError(f"{name!r} is a built-in probe; choose another name")


def probe(
    name: str, params: Mapping[str, tuple[object, ...]] | None = None
) -> Callable[[Operator], Operator]:
    """Decorate a class of operators: `register_probe` under a name.

    Examples
    --------
    >>> @probe(name="counter", params={"interval": ("integer", 30, "Frames between reports")})
    ... class Counter(BatchMetadataOperator): ...
    """

    def register(cls: Operator) -> Operator:
        register_probe(name, cls, params)
        return cls

    return register


class CommonFactory:
    """Makes what can be attached to an element, by name."""

    @staticmethod
    def create(plugin: str, name: str) -> Attachable:
        """Make an object by its factory, as `registry.create` does."""
        return create(plugin, name)


def _parameter(probe: str, key: str, value: object) -> Parameter:
    usage = 'give it as ("integer", default, "brief")'
    if not isinstance(value, (tuple, list)) or not 2 <= len(value) <= 3:
        raise ConfigError(f"parameter {key!r} of probe {probe!r}: {usage}, not {value!r}")
    kind, default, brief = (*value, "")[:3]
    if kind not in _TYPES:
        raise ConfigError(
            f"parameter {key!r} of probe {probe!r} is of no type {kind!r}, only of "
            f"{', '.join(_TYPES)}: {usage}"
        )
    checked = _checked(f"the default of parameter {key!r} of probe {probe!r}", kind, default)
    return Parameter(kind, checked, str(brief))


def _checked(
    what: str, kind: str, value: object, minimum: int | None = None, maximum: int | None = None
) -> Any:
    """A value as its type has it."""
    if kind == "path" and isinstance(value, os.PathLike):
        value = os.fspath(value)
    if kind == "boolean" and isinstance(value, int) and value in (0, 1):
        return bool(value)
    if not isinstance(value, _TYPES[kind]) or (kind == "integer" and isinstance(value, bool)):
        raise ConfigError(f"{what} is {_ARTICLES[kind]}, not {shown(value)}")
    if isinstance(value, str) and "\0" in value:
        raise ConfigError(f"{what} holds a NUL character: {shown(value)}")
    if kind == "integer" and minimum is not None and maximum is not None:
        assert isinstance(value, int)
        if not minimum <= value <= maximum:
            raise ConfigError(f"{what} is from {minimum} to {maximum}, not {value}")
    return value


_TYPES: dict[str, type] = {"integer": int, "string": str, "path": str, "boolean": bool}
_ARTICLES = {
    "integer": "a whole number",
    "string": "a text",
    "path": "a path",
    "boolean": "True or False",
}
