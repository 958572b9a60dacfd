# SPDX-License-Identifier: Apache-2.0
"""Operations that begin a flow: files and streams by their URIs."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, urlsplit

from dsbind.errors import (
    ArgumentTypeError,
    ConfigError,
    UnsupportedError,
    absolute,
    missing_file,
    shown,
    uri_of_path,
    warn_of_config,
)
from dsbind.operations.base import (
    Chain,
    MediaType,
    StreamInfo,
    media_types_of,
    name_of,
    note_gpu,
    operation,
    options_of,
    properties_of,
)
from dsbind.paths import local
from dsbind.source_config import RecordConfig, SmartRecordConfig, SourceConfig

if TYPE_CHECKING:
    from dsbind.flow import Flow
    from dsbind.signal import SourceManager

OnSourceError = Literal["continue", "raise"]


class Sources(Chain):
    """`capture`, `batch_capture`."""

    @operation
    def capture(
        self,
        inputs: Sequence[str] | None = None,
        source_manager: SourceManager | None = None,
        media_types: Sequence[MediaType | str] | str = (MediaType.VIDEO,),
        *,
        on_source_error: OnSourceError | None = None,
        **kwargs: object,
    ) -> Flow:
        """Read files or streams, each as a stream of its own; `batch` puts them together.

        Parameters
        ----------
        inputs
            URIs or paths; a relative path counts from the working directory.
        source_manager
            Adds and removes sources while the flow runs. All of them come in one stream.
        on_source_error
            "continue": when a source fails the others go on, and its error is raised at the end.
            "raise": the first error ends the flow. Default: "continue" for more than one source.
        **kwargs
            Properties of the sources, such as `file_loop`, `gpu_id` or `latency`.

        Raises
        ------
        MissingFileError
            A file does not exist.
        ArgumentTypeError
            `inputs` is no list, or is empty and there is no `source_manager`.
        ConfigError
            A keyword's value is out of range. An unknown keyword only warns.
        """
        _video_only("capture", media_types_of("capture", media_types))
        keep_on = _keeps_on(on_source_error)
        properties = properties_of(kwargs)
        if source_manager is not None:
            return self._capture_managed(
                _uris_of("capture", inputs or []), source_manager, properties
            )
        uris = _uris_of("capture", inputs)
        if not uris:
            raise ArgumentTypeError("No input list provided for capturing: the list is empty")
        note_gpu("capture", properties.get("gpu-id"))
        names = []
        for uri in uris:
            names.append(name_of("capture", "source"))
            self._pipeline.add(self.DEFAULT_SOURCE_TYPE, names[-1], {"uri": uri, **properties})
        if keep_on or (keep_on is None and len(uris) > 1):
            self._pipeline._graph.tolerated.update(names)
        return self._flow([StreamInfo(name, "vsrc_%u") for name in names])

    def _capture_managed(
        self, uris: list[str], manager: SourceManager, properties: Mapping[str, object]
    ) -> Flow:
        if not all(hasattr(manager, name) for name in ("attach", "add_source", "remove_source")):
            raise ArgumentTypeError(f"source_manager is a SourceManager, not {shown(manager)}")
        note_gpu("capture", properties.get("gpu-id"))
        source = name_of("capture", "source")
        self._pipeline.add(self.DYNAMIC_SOURCE_TYPE, source, properties)
        for action in ("add-source", "remove-source", "terminate"):
            manager.attach(action, self._pipeline[source])
        for uri in uris:
            manager.add_source(uri)
        return self._flow([StreamInfo(source)])

    @operation
    def batch_capture(
        self,
        input: Sequence[str] | str | os.PathLike[str],
        record_config: RecordConfig | SmartRecordConfig | None = None,
        media_types: Sequence[MediaType | str] | str = (MediaType.VIDEO,),
        *,
        smart_record_config: SmartRecordConfig | None = None,
        on_source_error: OnSourceError | None = None,
        **kwargs: object,
    ) -> Flow:
        """Read files or streams and put their frames together in batches.

        Parameters
        ----------
        input
            URIs or paths, where a relative path counts from the working directory; or the path of a
            source configuration, a file that ends in .yaml or .yml.
        record_config, smart_record_config
            How the sources are recorded; not in this release.
        on_source_error
            "continue": when a source fails the others go on, and its error is raised at the end.
            "raise": the first error ends the flow. Default: "continue" for more than one source.
        **kwargs
            `width` (1920) and `height` (1080) of the batched frames in pixels, `batch_size` (the
            number of sources), `batched_push_timeout` (33000 us), `buffer_pool_size` (4),
            `drop_pipeline_eos`, `live_source`, `gpu_id`; of the sources `file_loop` and, for RTSP,
            `latency` (ms), `select_rtp_protocol`, `rtsp_reconnect_interval` (s),
            `init_rtsp_reconnect_interval` (s), `rtsp_reconnect_attempts`. They go before a
            configuration's own.

        Raises
        ------
        MissingFileError
            A file does not exist.
        ArgumentTypeError
            `input` is neither a list nor a configuration, or is empty.
        ConfigError
            A keyword's value is out of range, or the configuration is wrong. An unknown keyword
            only warns.
        """
        kinds = media_types_of("batch_capture", media_types)
        if len(kinds) != 1:
            raise ArgumentTypeError(
                "batch_capture() takes exactly one media type, video or audio; capture() takes both"
            )
        _video_only("batch_capture", kinds)
        _refuse_recording(record_config, smart_record_config)
        keep_on = _keeps_on(on_source_error)
        given = options_of("batch_capture", kwargs, dict.fromkeys(_OPTIONS))
        given = {key: value for key, value in given.items() if value is not None}
        note_gpu("batch_capture", given.get("gpu-id"))

        path = _config_path(input)
        if path is None:
            sources = [("", uri) for uri in _uris_of("batch_capture", input)]
            if not sources:
                raise ArgumentTypeError("No input list provided for capturing: the list is empty")
            return self._batch_sources(self.DEFAULT_SOURCE_TYPE, sources, given, keep_on)
        config = _load(path)
        sources = [(sensor.sensor_id, uri_of(sensor.uri)) for sensor in config.sensor_list]
        if config.source_type == "nvmultiurisrcbin":
            return self._batch_in_one(config, [uri for _, uri in sources], given)
        properties = dict(config.source_properties)
        for key in _SOURCE_OPTIONS:
            if key in properties:
                given.setdefault(key, properties.pop(key))
        if properties:
            warn_of_config(
                f"{path}: {', '.join(properties)} of source-config.properties have no effect with "
                f"source-bin {config.source_type}; give them to batch_capture() as keywords",
            )
        return self._batch_sources(config.source_type, sources, given, keep_on)

    def _batch_sources(
        self,
        factory: str,
        sources: list[tuple[str, str]],
        given: Mapping[str, Any],
        keep_on: bool | None,
    ) -> Flow:
        """A muxer and an element for each (name, URI); what has no name is counted."""
        common = {key: given[key] for key in ("gpu-id",) if key in given}
        source_options = common | {key: given[key] for key in _SOURCE_OPTIONS if key in given}
        mux_options = {**_MUX_OPTIONS, "batch-size": len(sources)}
        mux_options |= {key: given[key] for key in mux_options if key in given}

        base = name_of("batch_capture", "source")
        mux = name_of("batch_capture", "mux")
        self._pipeline.add("nvstreammux", mux, {**mux_options, **common, "compute-hw": 1})
        for index, (name, uri) in enumerate(sources):
            source = name or f"{base}_{index}"
            self._pipeline.add(factory, source, {"uri": uri, **source_options})
            self._pipeline.link((source, mux), ("vsrc_%u", ""))
            if keep_on or (keep_on is None and len(sources) > 1):
                self._pipeline._graph.tolerated.add(source)
        flow = self._flow([StreamInfo(mux)])
        flow._batch_size = len(sources)
        return flow

    def _batch_in_one(self, config: SourceConfig, uris: list[str], given: dict[str, Any]) -> Flow:
        """One element that reads all sources and batches them."""
        own = dict(config.source_properties)
        size = own.pop("max-batch-size", None) or given.pop("batch-size", None) or len(uris)
        options = {**_MUX_OPTIONS, "file-loop": False, **own, **given, "max-batch-size": size}
        options.pop("batch-size", None)
        if "port" in options:
            # The element takes it as text; files have a number.
            options["port"] = str(options["port"])
        # The list is separated by commas, which a URI may hold.
        options["uri-list"] = ",".join(uri.replace(",", "%2C") for uri in uris)
        sensors = config.sensor_list
        if any(sensor.sensor_id for sensor in sensors):
            ids = [sensor.sensor_id or str(index) for index, sensor in enumerate(sensors)]
            options["sensor-id-list"] = _joined("sensor-id", ids)
        if any(sensor.sensor_name for sensor in sensors):
            options["sensor-name-list"] = _joined(
                "sensor-name", [sensor.sensor_name for sensor in sensors]
            )
        source = name_of("batch_capture", "source")
        self._pipeline.add(config.source_type, source, options)
        flow = self._flow([StreamInfo(source)])
        flow._batch_size = int(size)
        return flow


_MUX_OPTIONS: dict[str, Any] = {
    "width": Chain.DEFAULT_PICTURE_WIDTH,
    "height": Chain.DEFAULT_PICTURE_HEIGHT,
    "batched-push-timeout": Chain.DEFAULT_BATCH_PUSH_TIMEOUT,
    "buffer-pool-size": 4,
    "drop-pipeline-eos": False,
    "live-source": False,
}
_SOURCE_OPTIONS = (
    "file-loop",
    "latency",
    "select-rtp-protocol",
    "rtsp-reconnect-interval",
    "init-rtsp-reconnect-interval",
    "rtsp-reconnect-attempts",
)
_OPTIONS = (*_MUX_OPTIONS, "batch-size", "gpu-id", *_SOURCE_OPTIONS)

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_REMOTE = ("http", "https", "rtsp", "rtsps", "rtmp", "srt")
_CONFIG_ENDINGS = (".yaml", ".yml")


def _video_only(method: str, kinds: tuple[MediaType, ...]) -> None:
    if MediaType.AUDIO in kinds:
        raise UnsupportedError(f"{method}: this release captures video only; leave media_types out")


def _keeps_on(on_source_error: object) -> bool | None:
    if on_source_error not in (None, "continue", "raise"):
        raise ConfigError(f"on_source_error is 'continue' or 'raise', not {on_source_error!r}")
    return None if on_source_error is None else on_source_error == "continue"


def _refuse_recording(record: object, smart: object) -> None:
    for name, config, kinds in (
        ("record_config", record, (RecordConfig, SmartRecordConfig)),
        ("smart_record_config", smart, (SmartRecordConfig,)),
    ):
        if config is None:
            continue
        if not isinstance(config, kinds):
            raise ArgumentTypeError(
                f"{name} is a {' or '.join(kind.__name__ for kind in kinds)}, not {shown(config)}"
            )
        raise UnsupportedError(
            f"batch_capture({name}=...): this release does not record streams; leave {name} out "
            "to play them, or use encode() to write a file"
        )


def _config_path(input: object) -> str | None:
    """The path of a source configuration; None for a list."""
    if isinstance(input, os.PathLike):
        input = os.fspath(input)
    if isinstance(input, str):
        if input.endswith(_CONFIG_ENDINGS):
            return input
        raise ArgumentTypeError(
            "input must be a source list or source config file: pass one source as a list, "
            f"[{shown(input)}]; a configuration's name ends in .yaml or .yml"
        )
    if not isinstance(input, (list, tuple)):
        raise ArgumentTypeError(
            f"input must be a source list or source config file, not {shown(input)}"
        )
    return None


def _load(path: str) -> SourceConfig:
    config = SourceConfig().load(path)
    if not config.sensor_list:
        raise ConfigError(
            f"{path}: source-list: is missing; batch_capture() plays URIs, not a camera-list"
        )
    if config.camera_list:
        warn_of_config(
            f"{path}: camera-list has no effect in batch_capture(), which plays the source-list",
        )
    return config


def _joined(key: str, values: list[str]) -> str:
    for value in values:
        if "," in value:
            raise ConfigError(f"{key} {value!r} holds a comma, which separates them in a list")
    return ",".join(values)


def _uris_of(method: str, inputs: object) -> list[str]:
    if inputs is None:
        raise ArgumentTypeError("No input list provided for capturing")
    if isinstance(inputs, (str, os.PathLike)):
        raise ArgumentTypeError(
            f"{method}() takes a list of URIs or paths: pass one source as a list, "
            f"[{shown(os.fspath(inputs))}]"
        )
    if not isinstance(inputs, (list, tuple)):
        raise ArgumentTypeError(f"{method}() takes a list of URIs or paths, not {shown(inputs)}")
    return [uri_of(item) for item in inputs]


def _need_host(uri: str) -> None:
    try:
        parts = urlsplit(uri)
        is_there = bool(parts.netloc) or parts.scheme not in _REMOTE
    except ValueError:
        # A password with a bracket in it, which cameras have and sources understand.
        return
    if not is_there:
        raise ConfigError(f"{shown(uri)} names no host: write {parts.scheme}://HOST/PATH")


def uri_of(item: object) -> str:
    """The absolute URI of a source.

    Raises
    ------
    MissingFileError
        It is a file that does not exist.
    """
    if isinstance(item, os.PathLike):
        item = os.fspath(item)
    if not isinstance(item, str):
        raise ArgumentTypeError(f"a source is a URI or a path, not {shown(item)}")
    item = local(item)
    if not _SCHEME.match(item):
        path = item
    elif item.lower().startswith("file://"):
        # "file://clip.mp4" names no valid host: people mean a file of the working directory.
        path = unquote(item[7:])
        if path.startswith("localhost/"):
            path = path[9:]
    else:
        _need_host(item)
        return item
    if "\0" in path:
        raise ConfigError(f"{shown(item)} is no source: the name holds a NUL character")
    if not os.path.exists(path):
        raise missing_file(
            path or repr(item), f"name a video file or a URI (looked for {absolute(path)})"
        )
    return uri_of_path(path)
