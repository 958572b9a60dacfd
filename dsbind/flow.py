# SPDX-License-Identifier: Apache-2.0
"""Flow: a pipeline written as a chain of operations."""

from __future__ import annotations

import enum
import logging
import os
import platform
import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from dsbind.errors import (
    ArgumentTypeError,
    ConfigError,
    DisplayError,
    FlowError,
    UnsupportedError,
    missing_file,
    shown,
    uri_of_path,
    warn_unknown_property,
)
from dsbind.pipeline import Pipeline
from dsbind.probe import Probe
from dsbind.run import MessageCallback

__all__ = ["Flow", "MediaType", "RenderMode", "StreamInfo"]

_log = logging.getLogger("dsbind")


class RenderMode(enum.Enum):
    """What `Flow.render` does with the video."""

    #: Show it in a window.
    DISPLAY = 1
    #: Drop it; for flows whose work is done in probes.
    DISCARD = 2
    #: Serve it over RTSP; not in this release.
    STREAM = 3


class MediaType(str, enum.Enum):
    """Kind of a stream."""

    VIDEO = "video"
    AUDIO = "audio"


class StreamInfo(str):
    """A stream of a flow: the name of the element it comes from, with more about it.

    Attributes
    ----------
    originator : str
        The element's name; the same as the string itself.
    template : str
        Template of the pad it comes from; empty for any.
    media_type : MediaType
    """

    originator: str
    template: str
    media_type: MediaType

    def __new__(
        cls, originator: str, template: str = "", media_type: MediaType = MediaType.VIDEO
    ) -> StreamInfo:
        self = super().__new__(cls, originator)
        self.originator = originator
        self.template = template
        self.media_type = media_type
        return self


def _parse_stream_info(text: str) -> StreamInfo:
    """A stream from "element" or "element/padtemplate"."""
    if isinstance(text, StreamInfo):
        return text
    originator, _, template = text.partition("/")
    return StreamInfo(originator, template)


class Flow:
    """A chain of operations; each adds elements to the pipeline and gives the flow after it.

    Parameters
    ----------
    pipeline
        Where the elements go.
    streams
        Where to go on from, as "element" or "element/padtemplate"; nothing for a new flow.
    parent
        The flow that this one continues.

    Examples
    --------
    >>> flow = Flow(Pipeline("detect")).batch_capture(["street.mp4"]).infer("detector.txt")
    >>> flow.attach(Probe("count", counter)).encode("out.mp4")()
    """

    DEFAULT_PICTURE_WIDTH = 1920
    DEFAULT_PICTURE_HEIGHT = 1080
    DEFAULT_SOURCE_TYPE = "nvurisrcbin"
    DYNAMIC_SOURCE_TYPE = "nvdsdynamicsrcbin"
    #: Microseconds.
    DEFAULT_BATCH_PUSH_TIMEOUT = 33000

    def __init__(
        self,
        pipeline: Pipeline,
        streams: Sequence[str] | None = None,
        parent: Flow | None = None,
    ) -> None:
        self._pipeline = pipeline
        self._streams: list[StreamInfo] = [_parse_stream_info(text) for text in streams or ()]
        self._parent = parent
        self._batch_size: int = parent._batch_size if parent is not None else 0

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline that the elements are in."""
        return self._pipeline

    def __call__(self, on_message: MessageCallback | None = None) -> None:
        """Run the pipeline to its end: `pipeline.start(on_message).wait()`.

        Raises
        ------
        Error
            What `Pipeline.start` and `Pipeline.wait` raise.
        """
        try:
            self._pipeline.start(on_message).wait()
        except KeyboardInterrupt:
            # It may have come between the two.
            self._pipeline.stop(0.5)
            raise

    # Sources

    def batch_capture(
        self,
        input: Sequence[str],
        record_config: object = None,
        media_types: Sequence[MediaType | str] = (MediaType.VIDEO,),
        *,
        on_source_error: Literal["continue", "raise"] | None = None,
        **kwargs: object,
    ) -> Flow:
        """Read files or streams and put their frames together in batches.

        Parameters
        ----------
        input
            URIs or paths; a relative path counts from the working directory.
        on_source_error
            "continue": when a source fails the others go on, and its error is raised at the end.
            "raise": the first error ends the flow. Default: "continue" for more than one source.
        **kwargs
            `width` (1920) and `height` (1080) of the batched frames in pixels, `batch_size` (the
            number of sources), `batched_push_timeout` (33000 us), `buffer_pool_size` (4),
            `drop_pipeline_eos`, `live_source`, `gpu_id`; `file_loop` of the sources.

        Raises
        ------
        MissingFileError
            A file does not exist.
        ArgumentTypeError
            `input` is no list, or is empty.
        ConfigError
            A keyword's value is out of range. An unknown keyword only warns.
        """
        if record_config is not None or kwargs.pop("smart_record_config", None) is not None:
            raise UnsupportedError("batch_capture: this release does not record streams")
        media = [media_types] if isinstance(media_types, str) else media_types
        if any(kind != MediaType.VIDEO for kind in media):
            raise UnsupportedError("batch_capture: this release captures video only")
        if on_source_error not in (None, "continue", "raise"):
            raise ConfigError(f"on_source_error is 'continue' or 'raise', not {on_source_error!r}")
        uris = _uris_of(input)
        options = _options(
            "batch_capture", kwargs, _MUX_OPTIONS | {"gpu-id": None, "file-loop": None}
        )
        gpu = {"gpu-id": options["gpu-id"]} if options["gpu-id"] is not None else {}
        loop = {"file-loop": options["file-loop"]} if options["file-loop"] is not None else {}
        mux_options = {key: options[key] for key in _MUX_OPTIONS}
        if mux_options["batch-size"] is None:
            mux_options["batch-size"] = len(uris)

        base = _name("batch_capture", "source")
        mux = _name("batch_capture", "mux")
        self._pipeline.add("nvstreammux", mux, {**mux_options, **gpu, "compute-hw": 1})
        graph = self._pipeline._graph
        for index, uri in enumerate(uris):
            source = f"{base}_{index}"
            self._pipeline.add(self.DEFAULT_SOURCE_TYPE, source, {"uri": uri, **gpu, **loop})
            self._pipeline.link((source, mux), ("vsrc_%u", ""))
            if (on_source_error or ("continue" if len(uris) > 1 else "raise")) == "continue":
                graph.tolerated.add(source)
        flow = Flow(self._pipeline, [StreamInfo(mux)], self)
        flow._batch_size = len(uris)
        return flow

    # Steps

    def infer(
        self, config: str | os.PathLike[str], with_triton: bool = False, **kwargs: object
    ) -> Flow:
        """Run a model on each batch.

        Parameters
        ----------
        config
            Path of the model's configuration file.
        **kwargs
            Properties of the element, such as `unique_id` or `interval`; they go before the file's.

        Raises
        ------
        MissingFileError
            There is no such file. What is wrong in it is raised when the flow starts.
        """
        stream = self._single_stream()
        if isinstance(config, os.PathLike):
            config = os.fspath(config)
        if not isinstance(config, str):
            raise ArgumentTypeError(f"Inference config must be a file path, not {shown(config)}")
        if not os.path.exists(config):
            raise missing_file(config, "infer() needs the model's configuration file")
        properties: dict[str, object] = {"config-file-path": os.path.abspath(config)}
        if self._batch_size:
            properties["batch-size"] = self._batch_size
        properties |= {key.replace("_", "-"): value for key, value in kwargs.items()}
        name = _name("infer", "infer")
        self._pipeline.add("nvinferserver" if with_triton else "nvinfer", name, properties)
        return self._continue(stream, [name])

    def attach(
        self,
        what: Probe | str,
        name: str = "",
        tips: str = "",
        properties: Mapping[str, object] | None = None,
    ) -> Flow:
        """Attach a probe to the last element of each stream.

        Parameters
        ----------
        what
            A `Probe`.
        tips
            Name of the source pad to watch; the last one where it is empty.
        """
        for stream in self._streams:
            self._pipeline.attach(
                stream.originator, what, name, tips or stream.template, properties
            )
        return Flow(self._pipeline, self._streams, self)

    # Ends

    def render(
        self,
        mode: RenderMode = RenderMode.DISPLAY,
        enable_osd: bool = True,
        **kwargs: Any,
    ) -> Flow:
        """Show the video, or drop it. Ends the flow.

        Parameters
        ----------
        mode
            DISPLAY or DISCARD.
        enable_osd
            Whether boxes and texts are drawn; for DISPLAY.
        **kwargs
            Properties of the sink, such as `sync`; `width` and `height` in pixels of the mosaic
            where DISPLAY shows several sources.

        Raises
        ------
        DisplayError
            There is no display.
        """
        stream = self._single_stream()
        if not isinstance(mode, RenderMode):
            raise ConfigError(f"Invalid render mode: {mode!r}; use RenderMode.DISPLAY or DISCARD")
        if mode is RenderMode.STREAM:
            raise UnsupportedError("render(STREAM): this release serves no RTSP; use encode()")
        options = {key.replace("_", "-"): value for key, value in kwargs.items()}
        if mode is RenderMode.DISCARD:
            sink = _name("render", "sink")
            self._pipeline.add("fakesink", sink, options)
            return self._continue(stream, [sink], end=True)

        factory = _display_sink()
        sink, tiler, convert, osd = (
            _name("render", role) for role in ("sink", "tiler", "convert", "osd")
        )
        gpu = {"gpu-id": options["gpu-id"]} if "gpu-id" in options else {}
        chain = [convert]
        self._pipeline.add("nvvideoconvert", convert, gpu)
        if self._batch_size > 1:
            sizes = ("width", "height")
            size: dict[str, object] = {key: options.pop(key) for key in sizes if key in options}
            self._pipeline.add("nvmultistreamtiler", tiler, {**size, **gpu})
            chain.append(tiler)
        if enable_osd:
            self._pipeline.add("nvdsosd", osd, {"display-mask": True, **gpu})
            chain.append(osd)
        self._pipeline.add(factory, sink, options)
        return self._continue(stream, [*chain, sink], end=True)

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
        options = _options("encode", kwargs, _ENCODE_OPTIONS)
        encoder, parser = _codec(str(options["codec-type"]), use_sw_codec)
        self._pipeline._graph.add_output(path)

        names = {role: _name("encode", role) for role in _ENCODE_ROLES}
        gpu = {"gpu-id": options["gpu-id"]} if options["gpu-id"] is not None else {}
        parts: list[tuple[str, str, dict[str, object]]] = [
            ("queue", "queue", {}),
            ("convert", "nvvideoconvert", gpu),
        ]
        if self._batch_size > 1:
            _log.info("encode: %d sources are written as one mosaic", self._batch_size)
            names["tiler"] = _name("encode", "tiler")
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

    # Helpers

    def _single_stream(self) -> StreamInfo:
        if len(self._streams) != 1:
            raise FlowError(
                "Upstream error: multiple streams must be batched; "
                f"there are {len(self._streams)} streams here. "
                "Start with batch_capture(), and add nothing after render() or encode()"
            )
        return _parse_stream_info(self._streams[0])

    def _continue(self, stream: StreamInfo, chain: list[str], end: bool = False) -> Flow:
        """Link a chain of elements after a stream: the flow behind it."""
        self._pipeline.link((stream.originator, chain[0]), (stream.template, ""))
        if len(chain) > 1:
            self._pipeline.link(*chain)
        return Flow(self._pipeline, [] if end else [chain[-1]], self)

    def __repr__(self) -> str:
        return f"<Flow of {self._pipeline.name!r}: {', '.join(self._streams) or 'no streams'}>"


_MUX_OPTIONS: dict[str, object] = {
    "width": Flow.DEFAULT_PICTURE_WIDTH,
    "height": Flow.DEFAULT_PICTURE_HEIGHT,
    "batch-size": None,
    "batched-push-timeout": Flow.DEFAULT_BATCH_PUSH_TIMEOUT,
    "buffer-pool-size": 4,
    "drop-pipeline-eos": False,
    "live-source": False,
}
_ENCODE_OPTIONS: dict[str, object] = {
    "codec-type": "h264",
    "profile": 0,
    "iframeinterval": 10,
    "bitrate": 2000000,
    "gpu-id": None,
    "sync": False,
    "width": Flow.DEFAULT_PICTURE_WIDTH,
    "height": Flow.DEFAULT_PICTURE_HEIGHT,
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


def _display_sink() -> str:
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        raise DisplayError(
            "there is no display: neither DISPLAY nor WAYLAND_DISPLAY is set. Use "
            "RenderMode.DISCARD to run without showing, or encode('out.mp4') to write a file"
        )
    return "nv3dsink" if platform.machine() == "aarch64" else "nveglglessink"


_counts: dict[str, int] = {}
_counts_lock = threading.Lock()


def _name(method: str, role: str) -> str:
    """The next name of an operation's element: one count per operation in the process."""
    with _counts_lock:
        count = _counts.get(method, 0)
        _counts[method] = count + 1
    return f"{method}-{role}-{count}"


def _options(
    method: str, given: Mapping[str, object], known: Mapping[str, object]
) -> dict[str, Any]:
    """The options of an operation: what was given, else the default."""
    options: dict[str, object] = dict(known)
    for key, value in given.items():
        name = key.replace("_", "-")
        if name in known:
            options[name] = value
        else:
            warn_unknown_property(f"{method}()", name, known)
    return options


_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def _uris_of(input: object) -> list[str]:
    if isinstance(input, str) and input.endswith((".yaml", ".yml")):
        raise UnsupportedError(
            f"batch_capture({shown(input)}): this release reads no source configurations; "
            "pass a list of URIs"
        )
    if not isinstance(input, (list, tuple)):
        raise ArgumentTypeError(
            f"input must be a source list or source config file, not {shown(input)}"
        )
    if not input:
        raise ArgumentTypeError("No input list provided for capturing: the list is empty")
    return [_uri_of(item) for item in input]


def _uri_of(item: object) -> str:
    if isinstance(item, os.PathLike):
        item = os.fspath(item)
    if not isinstance(item, str):
        raise ArgumentTypeError(f"a source is a URI or a path, not {shown(item)}")
    if not _SCHEME.match(item):
        path = item
    elif item.lower().startswith("file://"):
        path = unquote(urlsplit(item).path)
    else:
        return item
    if not os.path.exists(path):
        raise missing_file(
            path or repr(item), f"name a video file or a URI (looked for {os.path.abspath(path)})"
        )
    return uri_of_path(path)


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
