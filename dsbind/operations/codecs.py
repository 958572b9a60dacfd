# SPDX-License-Identifier: Apache-2.0
"""The codecs that `encode` knows, and what their encoders call the same options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dsbind.errors import ArgumentTypeError, ConfigError
from dsbind.operations.parts import package_of


@dataclass(frozen=True)
class Codec:
    """One codec: the elements that make, parse and send it.

    Attributes
    ----------
    hardware, software
        The encoder by its DeepStream name, and GStreamer's own.
    media
        The caps of what comes out.
    profiles
        By the number that DeepStream's encoder takes: the profile's name in caps.
    """

    name: str
    hardware: str
    software: str
    parser: str
    payloader: str
    media: str
    profiles: Mapping[int, str] = field(default_factory=dict)

    def hints(self, software: bool) -> dict[str, str]:
        """By element: what to say where it is missing."""
        package = package_of(self.software)
        if software:
            encoder = f"for {self.name} in software install the Debian package {package}"
        else:
            encoder = (
                f"for {self.name} pass use_sw_codec=True: {self.software} does it, of the Debian "
                f"package {package}"
            )
        hints = {self.software if software else self.hardware: encoder}
        if self.payloader == "rtpav1pay":
            hints[self.payloader] = (
                "it comes with GStreamer's plugins in Rust (gst-plugins-rs), which Debian 12 has "
                "not; send h264 or h265"
            )
        return hints

    def properties(
        self, options: Mapping[str, Any], software: bool, live: bool
    ) -> dict[str, object]:
        """The encoder's properties for `encode`'s options."""
        rate = whole_number("bitrate", options["bitrate"])
        interval = whole_number("iframeinterval", options["iframeinterval"])
        if not software:
            return {"profile": options["profile"], "iframeinterval": interval, "bitrate": rate}
        # They count in kbit/s.
        rate = max(1, rate // 1000)
        if self.software == "av1enc":
            # Its default takes seconds for a frame.
            return {"target-bitrate": rate, "keyframe-max-dist": interval, "cpu-used": 8}
        properties: dict[str, object] = {"bitrate": rate, "key-int-max": interval}
        # A file gains from frames that wait for later ones; who watches would wait, too.
        return {**properties, "tune": "zerolatency"} if live else properties

    def profile_caps(self, profile: object) -> str:
        """Caps that hold a software encoder to a profile, by its number or name.

        Raises
        ------
        ConfigError
            The codec has no such profile.
        """
        name = self.profiles.get(profile) if isinstance(profile, int) else profile
        if name not in self.profiles.values():
            known = ", ".join(f"{number} ({name})" for number, name in self.profiles.items())
            raise ConfigError(f"{self.software} has no profile {profile!r}; use one of {known}")
        # With one profile there is nothing to choose, and av1enc does not tell it.
        return f"{self.media}, profile={name}" if len(self.profiles) > 1 else self.media


_CODECS = {
    codec.name: codec
    for codec in (
        Codec(
            "h264",
            "nvv4l2h264enc",
            "x264enc",
            "h264parse",
            "rtph264pay",
            "video/x-h264",
            {0: "baseline", 2: "main", 4: "high"},
        ),
        Codec(
            "h265",
            "nvv4l2h265enc",
            "x265enc",
            "h265parse",
            "rtph265pay",
            "video/x-h265",
            {0: "main"},
        ),
        Codec("av1", "nvv4l2av1enc", "av1enc", "av1parse", "rtpav1pay", "video/x-av1", {0: "main"}),
    )
}


def codec_of(name: object) -> Codec:
    """A codec by its name.

    Raises
    ------
    ArgumentTypeError
        There is no such one.
    """
    codec = _CODECS.get(name.lower()) if isinstance(name, str) else None
    if codec is None:
        raise ArgumentTypeError(
            f"Codec type {name} is not supported; use one of {', '.join(_CODECS)}"
        )
    return codec


def whole_number(name: str, value: object, least: int = 0, most: int = 2**32 - 1) -> int:
    """An option of `encode` that is a number.

    Raises
    ------
    ConfigError
        It is none, or out of range.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ConfigError(
            f"encode() takes a whole number from {least} to {most} as {name}, not {value!r}"
        )
    return value
