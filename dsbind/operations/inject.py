# SPDX-License-Identifier: Apache-2.0
"""`inject`: beginning a flow with buffers that Python makes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from dsbind.buffers import BufferProvider, Feeder
from dsbind.errors import ArgumentTypeError, ConfigError, FlowError, UnsupportedError
from dsbind.operations.base import Chain, name_of, operation, options_of

if TYPE_CHECKING:
    from dsbind.flow import Flow

_log = logging.getLogger("dsbind")

_RAW = ("RGB", "RGBA", "I420")
_ENCODED = {"JPEG": "image/jpeg", "PNG": "image/png"}
# What the elements take; the products of larger sides would not fit their 32 bits.
_MAX_SIDE = 16384
_MAX_RATE = 100_000


class Inject(Chain):
    """`inject`."""

    @operation
    def inject(self, providers: Sequence[BufferProvider], **kwargs: object) -> Flow:
        """Begin the flow with buffers that Python code makes, one stream for each provider.

        The buffers get their times when they come; in a flow whose sink does not wait for these,
        frames that come sooner than the frame rate says are spread out to it.

        Parameters
        ----------
        providers
            `BufferProvider`s, which also say what their buffers hold. One may be named several
            times; it is then called from several threads. Go on from JPEG and PNG with `decode()`,
            from several streams with `batch()`.
        **kwargs
            `gpu_id`.

        Raises
        ------
        ArgumentTypeError
            There is no provider, or something that is none.
        ConfigError
            A provider lacks an attribute, or has a value in it that cannot be.
        FlowError
            A format is not supported.
        """
        if not isinstance(providers, (list, tuple)) or not providers:
            raise ArgumentTypeError(
                f"inject() needs a list of BufferProvider objects, not {providers!r}"
            )
        # All are looked at before the first element is made.
        formats = [_format_of(provider) for provider in providers]
        options = options_of("inject", kwargs, {"gpu-id": 0})
        streams = [
            self._add_provider(provider, frames, options["gpu-id"])
            for provider, frames in zip(providers, formats, strict=True)
        ]
        return self._flow(streams)

    def _add_provider(self, provider: BufferProvider, frames: _Format, gpu: object) -> str:
        """Add the elements of a provider: the name of the last."""
        names = [name_of("inject", "source")]
        memory = "(memory:NVMM)" if frames.on_gpu else ""
        self._pipeline.add(
            "appsrc", names[0], {"caps": frames.caps(frames.name, memory), "do-timestamp": True}
        )
        if not frames.encoded:
            names += [name_of("inject", "converter"), name_of("inject", "capsfilter")]
            self._pipeline.add("nvvideoconvert", names[1], {"gpu-id": gpu, "compute-hw": 1})
            self._pipeline.add(
                "capsfilter", names[2], {"caps": frames.caps("NV12", "(memory:NVMM)")}
            )
            self._pipeline.link(*names)
        feeder = Feeder(name_of("inject", "feeder"), provider)
        self._pipeline.attach(names[0], feeder, tips="need-data/enough-data")
        return names[-1]


class _Format(NamedTuple):
    """What a provider's buffers hold."""

    name: str
    width: int
    height: int
    rate: Fraction
    on_gpu: bool

    @property
    def encoded(self) -> bool:
        return self.name in _ENCODED

    def caps(self, name: str, memory: str = "") -> str:
        kind = _ENCODED.get(name, "video/x-raw")
        rate = f"{self.rate.numerator}/{self.rate.denominator}"
        return (
            f"{kind}{memory}, format={name}, width={self.width}, height={self.height}, "
            f"framerate={rate}"
        )


def _format_of(provider: object) -> _Format:
    """Read the attributes of a provider, and check them."""
    if not isinstance(provider, BufferProvider):
        raise ArgumentTypeError(
            f"inject() needs BufferProvider objects, not {provider!r}: subclass it and pass "
            "instances"
        )
    if getattr(provider, "media_type", "video") == "audio":
        raise UnsupportedError(f"{_name(provider)} gives audio: this release injects video only")
    name = str(_attribute(provider, "format", "as 'RGB' or 'JPEG'")).upper()
    if name not in _RAW and name not in _ENCODED:
        known = ", ".join([*_RAW, *_ENCODED])
        raise FlowError(f"Format {name} not supported; {_name(provider)} can give {known}")
    device = getattr(provider, "device", "gpu" if getattr(provider, "use_gpu", False) else "cpu")
    on_gpu = "gpu" in str(device).lower() and name in _RAW
    if on_gpu and not _has_gpu():
        _log.info("%s names the GPU; its frames are taken from system memory", _name(provider))
        on_gpu = False
    return _Format(
        name,
        _number(provider, "width", 1, _MAX_SIDE, "pixels").numerator,
        _number(provider, "height", 1, _MAX_SIDE, "pixels").numerator,
        _number(provider, "framerate", 0, _MAX_RATE, "frames a second, 0 for stills"),
        on_gpu,
    )


def _has_gpu() -> bool:
    """Whether the elements here keep frames in the memory of a GPU."""
    from dsbind import runtime

    runtime.open()
    return runtime.origin() != "bundled"


def _name(provider: object) -> str:
    return f"provider {type(provider).__name__}"


def _attribute(provider: BufferProvider, name: str, what: str) -> object:
    try:
        return getattr(provider, name)
    except AttributeError:
        raise ConfigError(
            f"{_name(provider)} has no attribute {name!r}: set it before inject(), {what}"
        ) from None


def _number(provider: BufferProvider, name: str, least: int, most: int, unit: str) -> Fraction:
    """An attribute that is a number; whole, but for a frame rate."""
    value = _attribute(provider, name, f"in {unit}")
    number = _fraction(value)
    if (
        number is None
        or not least <= number <= most
        or (number.denominator != 1 and name != "framerate")
    ):
        raise ConfigError(
            f"{name} of {_name(provider)} is {value!r}; it is a number from {least} to {most} "
            f"({unit})"
        )
    return number


def _fraction(value: Any) -> Fraction | None:
    # OpenCV tells sizes and rates as floats, such as 640.0 and 29.97; NumPy has its own kinds.
    if isinstance(value, (bool, str)):
        return None
    try:
        number = value if isinstance(value, (int, Fraction)) else float(value)
        return Fraction(number).limit_denominator(1001)
    except (TypeError, ValueError, OverflowError):
        return None
