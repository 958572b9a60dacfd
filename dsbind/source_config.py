# SPDX-License-Identifier: Apache-2.0
"""Source configurations: files that list sensors or cameras, and how streams are recorded."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from dsbind.errors import ConfigError, missing_file, shown, warn_unknown_property
from dsbind.paths import local

__all__ = ["CameraInfo", "RecordConfig", "SensorInfo", "SmartRecordConfig", "SourceConfig"]

_MOST_SOURCES = 1024
_MOST_PIXELS = 32768

_RANGES = {
    "width": (1, _MOST_PIXELS),
    "height": (1, _MOST_PIXELS),
    "max-batch-size": (1, _MOST_SOURCES),
    "batch-size": (1, _MOST_SOURCES),
    "buffer-pool-size": (1, 1024),
    "batched-push-timeout": (-1, 2**31 - 1),
    "port": (0, 65535),
}


class SensorInfo(NamedTuple):
    """A source of a configuration."""

    #: Unique within the file; empty where none is given.
    sensor_id: str
    sensor_name: str
    uri: str


class CameraInfo(NamedTuple):
    """A camera of a configuration; sizes in pixels, 0 where nothing is given."""

    #: "V4L2" or "CSI".
    camera_type: str
    camera_video_format: str = "NV12"
    camera_width: int = 0
    camera_height: int = 0
    camera_fps_n: int = 0
    camera_fps_d: int = 1
    camera_csi_sensor_id: int = 0
    #: The number in /dev/video0.
    camera_v4l2_dev_node: int = 0
    gpu_id: int = 0
    nvbuf_mem_type: int = 0
    nvvideoconvert_copy_hw: int = 0


class SourceConfig:
    """Sources read from a YAML file.

    Attributes
    ----------
    sensor_list : list of SensorInfo
        What `source-list` names.
    camera_list : list of CameraInfo
        What `camera-list` names.
    source_type : str
        The element that reads the sources: "nvurisrcbin" unless `source-config` names another;
        "camerabin" for cameras.
    source_properties : dict
        Properties of that element.

    Examples
    --------
    >>> config = SourceConfig()
    >>> config.load("sources.yaml")
    >>> [sensor.uri for sensor in config.sensor_list]
    """

    def __init__(self) -> None:
        self.sensor_list: list[SensorInfo] = []
        self.camera_list: list[CameraInfo] = []
        self.source_type = "nvurisrcbin"
        self.source_properties: dict[str, Any] = {}

    def load(self, path: str | os.PathLike[str]) -> SourceConfig:
        """Read a file, in place of what was read before.

        URIs stay as they are written.

        Raises
        ------
        MissingFileError
            There is no such file.
        ConfigError
            It is no source configuration; the message names the file and the key.
        """
        file = _File(os.fspath(path))
        top = file.mapping(file.document(), "the document")
        file.known(top, "the document", ("source-list", "source-config", "camera-list"))
        sensors = [file.sensor(item, where) for item, where in file.items(top, "source-list")]
        _check_ids(file, sensors)
        cameras = [file.camera(item, where) for item, where in file.items(top, "camera-list")]
        if not sensors and not cameras:
            raise file.error("source-list", "names no source; list at least one with its uri")
        kind, properties = file.settings(top.get("source-config"))
        self.sensor_list, self.camera_list = sensors, cameras
        self.source_type = kind or ("nvurisrcbin" if sensors else "camerabin")
        self.source_properties = properties
        return self

    def __repr__(self) -> str:
        return (
            f"<SourceConfig of {len(self.sensor_list)} sensors and {len(self.camera_list)} "
            f"cameras, {self.source_type}>"
        )


@dataclass
class RecordConfig:
    """How streams are recorded.

    Parameters
    ----------
    recording_type
        "local": the program starts and stops it; "cloud": messages of a broker do.
    proto_lib, conn_str, msgconv_config_file, proto_config_file, topic_list
        Where those messages come from; all are needed for "cloud".
    rec_cache
        Seconds of video kept for the time before a recording starts.
    rec_container
        0 for MP4, 1 for MKV.
    rec_dir_path
        Folder of the files.
    rec_mode
        0 for video and sound, 1 for video, 2 for sound.

    Raises
    ------
    ConfigError
        A value cannot be used.
    """

    recording_type: str = "local"
    proto_lib: str | None = None
    conn_str: str | None = None
    msgconv_config_file: str | None = None
    proto_config_file: str | None = None
    topic_list: str | None = None
    rec_cache: int = 20
    rec_container: int = 0
    rec_dir_path: str = "."
    rec_mode: int = 0

    def __post_init__(self) -> None:
        if self.recording_type not in ("local", "cloud"):
            raise ConfigError(
                "RecordConfig: recording_type is 'local' or 'cloud', "
                f"not {shown(self.recording_type)}"
            )
        if self.recording_type == "cloud":
            _need_broker(self)
        _check_recording(self, "rec_")


@dataclass
class SmartRecordConfig:
    """How streams are recorded when messages of a broker ask for it; see `RecordConfig`.

    Raises
    ------
    ConfigError
        A value cannot be used.
    """

    proto_lib: str
    conn_str: str
    msgconv_config_file: str
    proto_config_file: str
    topic_list: str
    smart_rec_cache: int = 20
    smart_rec_container: int = 0
    smart_rec_dir_path: str = "."
    smart_rec_mode: int = 0

    def __post_init__(self) -> None:
        _need_broker(self)
        _check_recording(self, "smart_rec_")


_BROKER = ("proto_lib", "conn_str", "msgconv_config_file", "proto_config_file", "topic_list")


def _need_broker(config: RecordConfig | SmartRecordConfig) -> None:
    kind = type(config).__name__
    for name in _BROKER:
        value = getattr(config, name)
        if not isinstance(value, str) or not value:
            raise ConfigError(f"{kind}: recording from the cloud needs {name}, a text")


def _check_recording(config: RecordConfig | SmartRecordConfig, prefix: str) -> None:
    kind = type(config).__name__
    for name, most in (("cache", 2**31 - 1), ("container", 1), ("mode", 2)):
        value = getattr(config, prefix + name)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            raise ConfigError(
                f"{kind}: {prefix}{name} must be from 0 to {most}, not {shown(value)}"
            )
    folder = getattr(config, f"{prefix}dir_path")
    if not isinstance(folder, (str, os.PathLike)) or not os.fspath(folder):
        raise ConfigError(f"{kind}: {prefix}dir_path is a folder, not {shown(folder)}")


def _check_ids(file: _File, sensors: list[SensorInfo]) -> None:
    seen: dict[str, int] = {}
    for index, sensor in enumerate(sensors):
        if sensor.sensor_id and sensor.sensor_id in seen:
            raise file.error(
                f"source-list[{index}].sensor-id",
                f"{sensor.sensor_id!r} is that of source-list[{seen[sensor.sensor_id]}] already; "
                "give each source its own",
            )
        seen[sensor.sensor_id] = index


class _File:
    """One configuration file: its errors name it and the key."""

    def __init__(self, path: str) -> None:
        self.path = local(path)

    def error(self, key: str, text: str) -> ConfigError:
        return ConfigError(f"{self.path}: {key}: {text}")

    def document(self) -> object:
        # Here, because YAML is slow to load and few programs need it.
        from dsbind import yaml_file

        try:
            found, _ = yaml_file.load(self.path, self._invalid)
        except FileNotFoundError:
            raise missing_file(self.path, "name a source configuration") from None
        except OSError as error:
            raise ConfigError(f"{self.path} cannot be read: {error.strerror}") from error
        return found

    def _invalid(self, line: int, text: str) -> ConfigError:
        where = f"line {line}: " if line else ""
        return ConfigError(f"{self.path} is not valid YAML: {where}{text}")

    def mapping(self, value: object, where: str) -> Mapping[str, object]:
        if not isinstance(value, Mapping):
            raise self.error(where, f"must be keys with values, not {_kind(value)}")
        for key in value:
            if not isinstance(key, str):
                raise self.error(where, f"keys must be text, not {_kind(key)}")
        return value

    def items(self, top: Mapping[str, object], key: str) -> list[tuple[object, str]]:
        value = top.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.error(key, f"must be a list, not {_kind(value)}")
        if len(value) > _MOST_SOURCES:
            raise self.error(key, f"has {len(value)} entries; {_MOST_SOURCES} is the most")
        return [(item, f"{key}[{index}]") for index, item in enumerate(value)]

    def known(self, found: Mapping[str, object], where: str, names: tuple[str, ...]) -> None:
        for key in found:
            if key not in names:
                warn_unknown_property(f"{self.path}: {where}", key, names)

    def text(self, found: Mapping[str, object], where: str, key: str) -> str:
        value = found.get(key)
        if isinstance(value, bool) or not isinstance(value, (str, int, float, type(None))):
            raise self.error(f"{where}.{key}", f"must be text, not {_kind(value)}")
        return "" if value is None else str(value)

    def number(self, value: object, where: str, least: int, most: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.error(where, f"must be a whole number, not {_kind(value)}")
        if not least <= value <= most:
            raise self.error(where, f"must be from {least} to {most}, not {shown(value)[:40]}")
        return value

    def sensor(self, item: object, where: str) -> SensorInfo:
        entry = self.mapping(item, where)
        self.known(entry, where, ("uri", "sensor-id", "sensor-name"))
        uri = entry.get("uri")
        if not isinstance(uri, str) or not uri:
            raise self.error(f"{where}.uri", "is needed: the URI or path of the source")
        if "\0" in uri or "\n" in uri:
            raise self.error(f"{where}.uri", "must be one line of text")
        return SensorInfo(
            self.text(entry, where, "sensor-id"), self.text(entry, where, "sensor-name"), uri
        )

    def camera(self, item: object, where: str) -> CameraInfo:
        entry = self.mapping(item, where)
        self.known(entry, where, tuple(name.replace("_", "-") for name in CameraInfo._fields))
        kind = self.text(entry, where, "camera-type")
        if kind.upper() not in ("V4L2", "CSI"):
            raise self.error(f"{where}.camera-type", f"must be V4L2 or CSI, not {kind[:40]!r}")
        values: dict[str, Any] = {"camera_type": kind}
        if "camera-video-format" in entry:
            values["camera_video_format"] = self.text(entry, where, "camera-video-format")
        for name in CameraInfo._fields[2:]:
            key = name.replace("_", "-")
            if key in entry:
                most = _MOST_PIXELS if key in ("camera-width", "camera-height") else 2**31 - 1
                least = 1 if key == "camera-fps-d" else 0
                values[name] = self.number(entry[key], f"{where}.{key}", least, most)
        return CameraInfo(**values)

    def settings(self, value: object) -> tuple[str, dict[str, Any]]:
        if value is None:
            return "", {}
        found = self.mapping(value, "source-config")
        self.known(found, "source-config", ("source-bin", "properties"))
        kind = self.text(found, "source-config", "source-bin")
        where = "source-config.properties"
        given = found.get("properties")
        properties = {} if given is None else dict(self.mapping(given, where))
        for key, item in properties.items():
            if not isinstance(item, (str, int, float)):
                raise self.error(f"{where}.{key}", f"must be one value, not {_kind(item)}")
            limits = _RANGES.get(key.replace("_", "-"))
            if limits is not None:
                number = int(item) if key == "port" and _is_digits(item) else item
                self.number(number, f"{where}.{key}", *limits)
        return kind, {key.replace("_", "-"): item for key, item in properties.items()}


def _kind(value: object) -> str:
    """What a value is, in the words of YAML. Not its text: that can be huge."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "keys with values"
    if isinstance(value, bool):
        return "true or false"
    names = {list: "a list", str: "text", int: "a number", float: "a number"}
    return names.get(type(value), f"a {type(value).__name__}")


def _is_digits(value: object) -> bool:
    return isinstance(value, str) and value.isdecimal() and len(value) < 10
