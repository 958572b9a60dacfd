# SPDX-License-Identifier: Apache-2.0
"""`encode`: writing the video to a file."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from dsbind.errors import ArgumentTypeError, ConfigError, UnsupportedError, shown
from dsbind.operations.base import Chain, name_of, options_of

if TYPE_CHECKING:
    from dsbind.flow import Flow

_log = logging.getLogger("dsbind")


class Encode(Chain):
    """`encode`."""

    def encode(
        self,
        dest: str | os.PathLike[str],
        use_sw_codec: bool = False,
        enable_osd: bool = True,
        **kwargs: Any,
    ) -> Flow:
        """Write the video to a file. Ends the flow.

        Several sources are written as one mosaic.

        Parameters
        ----------
        dest
            A path ending in .mp4 or .mov, or a file:// URI of one.
        use_sw_codec
            Whether GStreamer's own software encoder is used.
        enable_osd
            Whether boxes and texts are drawn.
        **kwargs
            `codec_type` ("h264", "h265" or "av1"), `bitrate` (2000000 bits a second), `profile`,
            `iframeinterval` (10 frames), `sync`, `gpu_id`; `width` and `height` in pixels of the
            mosaic (1920 x 1080).

        Raises
        ------
        OutputError
            The file cannot be written there. Checked at once.
        ArgumentTypeError
            `dest` or the codec is of a kind that is not supported.
        """
        stream = self._single_stream()
        path, extension = _destination(dest)
        options = options_of("encode", kwargs, _ENCODE_OPTIONS)
        encoder, parser = _codec(str(options["codec-type"]), use_sw_codec)
        self._pipeline._graph.add_output(path)

        names = {role: name_of("encode", role) for role in _ENCODE_ROLES}
        gpu = {"gpu-id": options["gpu-id"]} if options["gpu-id"] is not None else {}
        parts: list[tuple[str, str, dict[str, object]]] = [
            ("queue", "queue", {}),
            ("convert", "nvvideoconvert", gpu),
        ]
        if self._batch_size > 1:
            _log.info("encode: %d sources are written as one mosaic", self._batch_size)
            names["tiler"] = name_of("encode", "tiler")
            mosaic: dict[str, object] = {key: options[key] for key in ("width", "height")}
            parts.append(("tiler", "nvmultistreamtiler", {**mosaic, **gpu}))
        if enable_osd:
            parts.append(("osd", "nvdsosd", {"display-mask": True, **gpu}))
            parts.append(("post-osd-convert", "nvvideoconvert", gpu))
        memory = "" if use_sw_codec else "(memory:NVMM)"
        sync = options["sync"]
        parts += [
            ("capsfilter", "capsfilter", {"caps": f"video/x-raw{memory}, format=I420"}),
            ("encoder", encoder, _encoder_properties(encoder, options)),
            ("parser", parser, {}),
            ("mux", "mp4mux" if extension == ".mp4" else "qtmux", {}),
            ("filesink", "filesink", {"location": path, "sync": sync, "async": False}),
        ]
        try:
            for role, factory, properties in parts:
                self._pipeline.add(factory, names[role], properties)
        except BaseException:
            # The program may try the same file with another codec.
            self._pipeline._graph.outputs.pop(path, None)
            raise
        return self._continue(stream, [names[role] for role, _, _ in parts], end=True)


_ENCODE_OPTIONS: dict[str, object] = {
    "codec-type": "h264",
    "profile": 0,
    "iframeinterval": 10,
    "bitrate": 2000000,
    "gpu-id": None,
    "sync": False,
    "width": Chain.DEFAULT_PICTURE_WIDTH,
    "height": Chain.DEFAULT_PICTURE_HEIGHT,
}
_ENCODE_ROLES = (
    "queue",
    "convert",
    "osd",
    "post-osd-convert",
    "capsfilter",
    "encoder",
    "parser",
    "mux",
    "filesink",
)
_ENCODERS = {
    "h264": ("nvv4l2h264enc", "x264enc", "h264parse"),
    "h265": ("nvv4l2h265enc", "x265enc", "h265parse"),
    "av1": ("nvv4l2av1enc", "av1enc", "av1parse"),
}


_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def _destination(dest: object) -> tuple[str, str]:
    """Absolute path and extension of a file to write."""
    if isinstance(dest, os.PathLike):
        dest = os.fspath(dest)
    if not isinstance(dest, str):
        raise ArgumentTypeError(f"encode() needs a path or URI as text, not {shown(dest)}")
    if not _SCHEME.match(dest):
        path = dest
    else:
        parts = urlsplit(dest)
        path = unquote(parts.path)
        if parts.scheme not in ("file", "rtsp", "udp"):
            raise ArgumentTypeError(f"Only file, rtsp or udp are supported, not {shown(dest)}")
        if parts.scheme != "file":
            if parts.hostname not in ("localhost", "127.0.0.1"):
                raise ArgumentTypeError("Only localhost is supported for streaming")
            raise UnsupportedError(
                f"encode({parts.scheme}://...): this release serves no streams; encode to a file"
            )
    extension = os.path.splitext(path)[1].lower()
    if extension in (".jpg", ".mjpg"):
        raise UnsupportedError(f"encode({shown(dest)}): this release writes .mp4 and .mov files")
    if "\0" in path:
        raise ConfigError(f"encode() cannot write {shown(dest)}: the name holds a NUL character")
    if extension not in (".mp4", ".mov"):
        raise ArgumentTypeError(
            f"File extension {extension!r} is not supported; encode {shown(dest)} as .mp4 or .mov"
        )
    return os.path.abspath(path), extension


def _codec(name: str, software: bool) -> tuple[str, str]:
    if name not in _ENCODERS:
        raise ArgumentTypeError(
            f"Codec type {name} is not supported; use one of {', '.join(_ENCODERS)}"
        )
    hardware_encoder, software_encoder, parser = _ENCODERS[name]
    return (software_encoder if software else hardware_encoder), parser


def _encoder_properties(encoder: str, options: Mapping[str, Any]) -> dict[str, object]:
    if encoder.startswith("nv"):
        return {key: options[key] for key in ("profile", "iframeinterval", "bitrate")}
    # The software encoders count in kbit/s and know the same things by other names.
    interval = "keyframe-max-dist" if encoder == "av1enc" else "key-int-max"
    rate = "target-bitrate" if encoder == "av1enc" else "bitrate"
    return {interval: options["iframeinterval"], rate: max(1, int(options["bitrate"]) // 1000)}
