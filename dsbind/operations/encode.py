# SPDX-License-Identifier: Apache-2.0
"""`encode`: writing the video to a file, or sending it as a stream."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dsbind.errors import ConfigError, UnsupportedError, shown
from dsbind.operations.base import Chain, MediaType, operation, options_of
from dsbind.operations.codecs import Codec, codec_of, whole_number
from dsbind.operations.destinations import LOOPBACK, Destination, destination_of
from dsbind.operations.parts import Part, add_parts, need

if TYPE_CHECKING:
    from dsbind.flow import Flow

_log = logging.getLogger("dsbind")


class Encode(Chain):
    """`encode`."""

    @operation
    def encode(
        self,
        dest: str | os.PathLike[str],
        use_sw_codec: bool = False,
        enable_osd: bool = True,
        **kwargs: Any,
    ) -> Flow:
        """Write the video to a file, or send it as a stream. Ends the flow.

        Several sources become one mosaic.

        Parameters
        ----------
        dest
            A path ending in .mp4, .mov, .mkv, or .jpg or .mjpg for JPEG images one after another;
            a file:// URI of one; rtsp://localhost:PORT, a server that clients read at
            rtsp://localhost:PORT/ds-test, or at the path where the URI has one; or
            udp://localhost:PORT, RTP packets of payload type 96.
        use_sw_codec
            Whether GStreamer's own software encoder is used. An RTSP server chooses by itself.
        enable_osd
            Whether boxes and texts are drawn.
        **kwargs
            `codec_type` ("h264", "h265" or "av1"), `bitrate` (2000000 bits a second), `profile`
            (0: baseline for H.264), `iframeinterval` (10 frames) of a video or stream; `quality`
            (85 of 100) of images; `sync`, whether frames are written at their times and not as
            fast as they come; `gpu_id`; `width` and `height` in pixels of what is written: as large
            as the source, and 1920 x 1080 for a mosaic.

        Raises
        ------
        OutputError
            The file cannot be written there. Checked at once.
        ArgumentTypeError
            `dest` or the codec is of a kind that is not supported.
        ConfigError
            An option has a value that cannot be used. An option that has no effect warns.
        MissingElementError
            The codec is not installed; the message names what to install.
        """
        stream = self._single_stream()
        if stream.media_type is MediaType.AUDIO:
            raise UnsupportedError(f"encode({shown(dest)}): this release encodes no audio")
        to = destination_of(dest)
        given = {key.replace("_", "-"): value for key, value in kwargs.items()}
        options = options_of("encode", given, _OPTIONS[to.kind])
        codec = codec_of(options["codec-type"]) if "codec-type" in options else None
        software = use_sw_codec and to.kind != "rtsp"
        gpu = {"gpu-id": options["gpu-id"]} if options["gpu-id"] is not None else {}
        size = {
            key: whole_number(key, options[key], 1, _MOST_PIXELS)
            for key in ("width", "height")
            if options[key] is not None
        }
        if options["sync"] not in (True, False):
            raise ConfigError(f"encode() takes True or False as sync, not {options['sync']!r}")

        parts = [Part("queue", "queue", {}), Part("convert", "nvvideoconvert", gpu)]
        if self._batch_size > 1:
            parts.append(Part("tiler", "nvmultistreamtiler", {**_MOSAIC, **size, **gpu}))
        if enable_osd:
            parts.append(Part("osd", "nvdsosd", {"display-mask": True, **gpu}))
        if to.kind == "rtsp":
            if size and self._batch_size <= 1:
                parts += _scaler(enable_osd, _caps(False, "NV12", size), gpu)
            parts.append(Part("sink", "nvrtspoutsinkbin", _server(to, options, given)))
        else:
            # JPEG uses the full range of values, video does not: jpegenc minds that with RGB only.
            pixels = "RGB" if software and codec is None else "I420"
            parts += _scaler(enable_osd, _caps(software, pixels, size), gpu)
            if codec is None:
                encoder = "jpegenc" if software else "nvjpegenc"
                parts.append(Part("encoder", encoder, {"quality": options["quality"]}))
            else:
                parts += _encoder(codec, options, given, software, to.kind == "udp")
            parts += _end(to, codec, bool(options["sync"]))
        need(parts, codec.hints(software) if codec else {})
        if self._batch_size > 1:
            _log.info("encode: %d sources are written as one mosaic", self._batch_size)
        if not software and _encodes_on_cpu():
            _log.info("encode: frames leave the GPU for a software encoder; there is no other here")
        return self._continue(stream, self._add(parts, to.path), end=True)

    def _add(self, parts: list[Part], path: str) -> list[str]:
        graph = self._pipeline._graph
        if path:
            graph.add_output(path)
        chain = add_parts(self._pipeline, "encode", _ROLES, parts)
        if path:
            graph.writers[path] = chain
        return chain


def _encodes_on_cpu() -> bool:
    """Whether frames lie on a GPU and the encoders are the bundle's."""
    from dsbind import runtime

    return runtime.origin() == "nvidia"


# What the elements take as a side.
_MOST_PIXELS = 16384
_MOSAIC: dict[str, object] = {
    "width": Chain.DEFAULT_PICTURE_WIDTH,
    "height": Chain.DEFAULT_PICTURE_HEIGHT,
}
_COMMON: dict[str, object] = {"gpu-id": None, "sync": False, "width": None, "height": None}
_CODEC: dict[str, object] = {
    "codec-type": "h264",
    "profile": 0,
    "iframeinterval": 10,
    "bitrate": 2000000,
}
_OPTIONS = {
    "video": {**_CODEC, **_COMMON},
    "udp": {**_CODEC, **_COMMON},
    "rtsp": {**_CODEC, **_COMMON},
    "images": {"quality": 85, **_COMMON},
}
_ROLES = (
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


def _caps(software: bool, pixels: str, size: Mapping[str, object]) -> str:
    memory = "" if software else "(memory:NVMM)"
    fields = "".join(f", {key}={value}" for key, value in size.items())
    return f"video/x-raw{memory}, format={pixels}{fields}"


def _scaler(after_osd: bool, caps: str, gpu: dict[str, object]) -> list[Part]:
    """What turns frames into those that an encoder takes."""
    filter = Part("capsfilter", "capsfilter", {"caps": caps})
    if not after_osd:
        return [filter]
    return [Part("post-osd-convert", "nvvideoconvert", gpu), filter]


def _encoder(
    codec: Codec,
    options: Mapping[str, Any],
    given: Mapping[str, object],
    software: bool,
    live: bool,
) -> list[Part]:
    factory = codec.software if software else codec.hardware
    parts = [Part("encoder", factory, codec.properties(options, software, live))]
    if software and "profile" in given:
        caps = codec.profile_caps(given["profile"])
        parts.append(Part("profile", "capsfilter", {"caps": caps}))
    # Who begins to listen in the middle needs the codec's settings again.
    again = {"config-interval": -1} if live and codec.name != "av1" else {}
    parts.append(Part("parser", codec.parser, {**again}))
    return parts


def _end(to: Destination, codec: Codec | None, sync: bool) -> list[Part]:
    if to.kind == "udp" and codec is not None:
        address = {"host": LOOPBACK, "port": to.port, "sync": sync, "async": False}
        return [Part("payloader", codec.payloader, {}), Part("sink", "udpsink", address)]
    muxer = [Part("mux", to.muxer, {})] if to.muxer else []
    file = {"location": to.path, "sync": sync, "async": False}
    return [*muxer, Part("filesink", "filesink", file)]


def _server(
    to: Destination, options: Mapping[str, Any], given: Mapping[str, object]
) -> dict[str, object]:
    """Properties of the RTSP server: it encodes by itself, with its own defaults."""
    properties: dict[str, object] = {
        "rtsp-port": to.port,
        "rtsp-mount-point": to.mount,
        "sync": options["sync"],
        "async": False,
    }
    properties |= {key: given[key] for key in ("bitrate", "iframeinterval") if key in given}
    if "codec-type" in given:
        properties["codec"] = codec_of(given["codec-type"]).name
    return properties
