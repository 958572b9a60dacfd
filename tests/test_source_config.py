# SPDX-License-Identifier: Apache-2.0
"""Source configurations: what they give, and what is refused in them."""

from __future__ import annotations

import time

import pytest

import dsbind
from dsbind import RecordConfig, SensorInfo, SmartRecordConfig, SourceConfig, UnknownPropertyWarning
from dsbind.source_config import CameraInfo

DYNAMIC = """
source-list:
- uri: "file:///videos/a.mp4"
  sensor-id: UniqueSensorId1
  sensor-name: UniqueSensorName1
- uri: rtsp://camera/1
  sensor-id: UniqueSensorId2
source-config:
  source-bin: nvmultiurisrcbin
  properties:
    ip-address: localhost
    port: 7000
    live-source: true
    width: 1920
    height: 1080
    file-loop: true
    max-batch-size: 16
    batched-push-timeout: 33000
    buffer-pool-size: 16
"""
CAMERAS = """
camera-list:
- {camera-type: V4L2, camera-video-format: NV12, camera-width: 640, camera-height: 480,
   camera-fps-n: 30, camera-fps-d: 1, camera-v4l2-dev-node: 2}
- {camera-type: CSI, camera-width: 1280, camera-height: 720, camera-csi-sensor-id: 1, gpu-id: 1,
   nvbuf-mem-type: 2, nvvideoconvert-copy-hw: 1}
"""
CLOUD = {
    "proto_lib": "libnvds_kafka_proto.so",
    "conn_str": "localhost;9092",
    "msgconv_config_file": "msgconv.txt",
    "proto_config_file": "kafka.txt",
    "topic_list": "record",
}


@pytest.fixture
def load(tmp_path):
    """Loads a configuration from its text."""

    def load(text):
        path = tmp_path / "sources.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        config = SourceConfig()
        config.load(str(path))
        return config

    return load


def test_sensors_and_the_settings_of_their_element(load):
    config = load(DYNAMIC)
    assert config.sensor_list == [
        SensorInfo("UniqueSensorId1", "UniqueSensorName1", "file:///videos/a.mp4"),
        SensorInfo("UniqueSensorId2", "", "rtsp://camera/1"),
    ]
    assert config.camera_list == []
    assert config.source_type == "nvmultiurisrcbin"
    assert config.source_properties == {
        "ip-address": "localhost",
        "port": 7000,
        "live-source": True,
        "width": 1920,
        "height": 1080,
        "file-loop": True,
        "max-batch-size": 16,
        "batched-push-timeout": 33000,
        "buffer-pool-size": 16,
    }


def test_without_source_config_the_sources_are_read_one_by_one(load):
    config = load("source-list:\n- uri: rtsp://camera/1\n")
    assert config.source_type == "nvurisrcbin" and config.source_properties == {}
    assert config.sensor_list == [("", "", "rtsp://camera/1")]


def test_cameras(load):
    config = load(CAMERAS)
    assert config.source_type == "camerabin" and config.sensor_list == []
    assert config.camera_list == [
        CameraInfo("V4L2", "NV12", 640, 480, 30, 1, camera_v4l2_dev_node=2),
        CameraInfo(
            "CSI",
            camera_width=1280,
            camera_height=720,
            camera_csi_sensor_id=1,
            gpu_id=1,
            nvbuf_mem_type=2,
            nvvideoconvert_copy_hw=1,
        ),
    ]


def test_a_sensor_and_a_camera_have_the_documented_fields():
    assert SensorInfo._fields == ("sensor_id", "sensor_name", "uri")
    assert CameraInfo._fields == (
        "camera_type",
        "camera_video_format",
        "camera_width",
        "camera_height",
        "camera_fps_n",
        "camera_fps_d",
        "camera_csi_sensor_id",
        "camera_v4l2_dev_node",
        "gpu_id",
        "nvbuf_mem_type",
        "nvvideoconvert_copy_hw",
    )


def test_the_documented_names_are_at_the_top_and_camera_info_is_not():
    for name in ("SourceConfig", "SensorInfo", "RecordConfig", "SmartRecordConfig"):
        assert name in dsbind.__all__
    assert not hasattr(dsbind, "CameraInfo")


def test_ids_that_are_numbers_are_text(load):
    assert load("source-list: [{uri: a.mp4, sensor-id: 7}]").sensor_list[0].sensor_id == "7"


def test_loading_again_replaces_what_was_there(load, tmp_path):
    config = load(DYNAMIC)
    path = tmp_path / "other.yml"
    path.write_text(CAMERAS)
    assert config.load(path) is config
    assert config.sensor_list == [] and len(config.camera_list) == 2
    assert config.source_type == "camerabin" and config.source_properties == {}


def test_aliases_that_only_repeat_are_taken(load):
    config = load(
        "source-list: [{uri: &a a.mp4, sensor-id: x}, {uri: *a, sensor-id: y}]\n"
        "source-config: {properties: &p {width: 640}}\n"
    )
    assert [sensor.uri for sensor in config.sensor_list] == ["a.mp4", "a.mp4"]


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(FileNotFoundError, match=r"File /no/such\.yaml doesn't exist"):
        SourceConfig().load("/no/such.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the document: must be keys with values, not nothing"),
        ("- a\n- b\n", "the document: must be keys with values, not a list"),
        ("source-list: a.mp4\n", "source-list: must be a list, not text"),
        ("source-list: []\n", "source-list: names no source"),
        ("source-list: [a.mp4]\n", r"source-list\[0\]: must be keys with values, not text"),
        ("source-list: [{sensor-id: x}]\n", r"source-list\[0\]\.uri: is needed"),
        ("source-list: [{uri: [1]}]\n", r"source-list\[0\]\.uri: is needed"),
        ('source-list: [{uri: "a\\0b"}]\n', r"source-list\[0\]\.uri: must be one line"),
        (
            "source-list: [{uri: a, sensor-id: [1]}]\n",
            r"\[0\]\.sensor-id: must be text, not a list",
        ),
        (
            "source-list: [{uri: a, sensor-id: x}, {uri: b, sensor-id: x}]\n",
            r"source-list\[1\]\.sensor-id: 'x' is that of source-list\[0\]",
        ),
        ("source-list: [{uri: a}]\nsource-config: 3\n", "source-config: must be keys"),
        (
            "source-list: [{uri: a}]\nsource-config: {properties: {width: [1]}}\n",
            r"source-config\.properties\.width: must be one value, not a list",
        ),
        (
            "source-list: [{uri: a}]\nsource-config: {properties: {width: 4294967297}}\n",
            r"properties\.width: must be from 1 to 32768, not 4294967297",
        ),
        (
            "source-list: [{uri: a}]\nsource-config: {properties: {max-batch-size: -1}}\n",
            r"properties\.max-batch-size: must be from 1 to 1024, not -1",
        ),
        (
            "source-list: [{uri: a}]\nsource-config: {properties: {height: tall}}\n",
            r"properties\.height: must be a whole number, not text",
        ),
        ("camera-list: [{camera-type: USB}]\n", "camera-type: must be V4L2 or CSI, not 'USB'"),
        (
            "camera-list: [{camera-type: CSI, camera-width: 99999}]\n",
            r"camera-list\[0\]\.camera-width: must be from 0 to 32768",
        ),
        ("camera-list: [{camera-type: CSI, camera-fps-d: 0}]\n", "camera-fps-d: must be from 1"),
        ("source-list: [{uri: a}\n", "is not valid YAML: line 2: "),
        ("source-list: !!python/object/apply:os.system ['true']\n", "is not valid YAML"),
        ("a: 1\n---\nb: 2\n", "is not valid YAML"),
        ("1: 2\n", "the document: keys must be text, not a number"),
        (b"\xff\xfe\x00", "is not valid YAML"),
        ("[" * 10_000, "nested too deeply"),
        ("a: &a [*a]\n", "is not valid YAML: line 1: it contains itself"),
        ("source-list: [" + "{uri: a}, " * 1025 + "]", "1024 is the most"),
        ("#" * 1_100_000, "larger than 1 MiB"),
        ("source-list: [{uri: a, uri: b}]\n", "'uri' is there twice"),
    ],
)
def test_what_is_wrong_is_named_by_file_and_key(load, text, said):
    with pytest.raises(ValueError, match=said) as caught:
        load(text)
    assert isinstance(caught.value, dsbind.ConfigError)
    assert "sources.yaml" in str(caught.value)


@pytest.mark.parametrize("merge", [False, True])
@pytest.mark.parametrize("key", ["a10", "source-list", "sensor-id"])
def test_aliases_that_would_grow_without_bound_are_never_written_out(load, merge, key):
    lines = ["a0: &a0 {k: v}"] if merge else ["a0: &a0 [v, v, v, v, v, v, v, v, v, v]"]
    for level in range(1, 10):
        many = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"a{level}: &a{level} " + (f"{{<<: [{many}]}}" if merge else f"[{many}]"))
    last = {
        "source-list": "source-list: *a9",
        "sensor-id": "source-list: [{uri: a, sensor-id: *a9}]",
    }
    lines.append(last.get(key, "source-list: [{uri: a}]"))
    start = time.monotonic()
    with pytest.warns(UnknownPropertyWarning):
        if key in last:
            with pytest.raises(dsbind.ConfigError, match="must be") as caught:
                load("\n".join(lines))
            assert len(str(caught.value)) < 1000
        else:
            assert load("\n".join(lines)).sensor_list[0].uri == "a"
    assert time.monotonic() - start < 5


def test_an_unknown_key_warns_with_the_nearest(load):
    with pytest.warns(UnknownPropertyWarning, match=r"sources\.yaml.*did you mean 'source-list'"):
        load("source-lists: []\nsource-list: [{uri: a}]\n")
    with pytest.warns(UnknownPropertyWarning, match="did you mean 'sensor-id'"):
        load("source-list: [{uri: a, sensor_ids: x}]\n")


def test_importing_source_configurations_loads_no_yaml(run_program):
    done = run_program(
        "import sys; from dsbind import SourceConfig; SourceConfig(); print('yaml' in sys.modules)"
    )
    assert done.stdout == "False\n", done.stderr


# Recording


def test_record_config_has_the_documented_defaults():
    config = RecordConfig()
    assert (config.recording_type, config.rec_cache, config.rec_container) == ("local", 20, 0)
    assert (config.rec_dir_path, config.rec_mode) == (".", 0)
    assert RecordConfig("local", rec_cache=5) == RecordConfig(recording_type="local", rec_cache=5)


def test_recording_from_the_cloud_needs_everything():
    assert RecordConfig("cloud", **CLOUD).topic_list == "record"
    smart = SmartRecordConfig(**CLOUD)
    assert (smart.smart_rec_container, smart.smart_rec_dir_path, smart.smart_rec_mode) == (
        0,
        ".",
        0,
    )
    for name in CLOUD:
        given = {**CLOUD, name: ""}
        with pytest.raises(ValueError, match=name):
            RecordConfig("cloud", **given)
        with pytest.raises(ValueError, match=name):
            SmartRecordConfig(**given)


@pytest.mark.parametrize(
    "wrong",
    [
        {"recording_type": "both"},
        {"rec_cache": -1},
        {"rec_cache": "20"},
        {"rec_container": 2},
        {"rec_mode": 3},
        {"rec_dir_path": ""},
    ],
)
def test_a_recording_that_cannot_be_is_refused(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=name) as caught:
        RecordConfig(**wrong)
    assert isinstance(caught.value, dsbind.ConfigError)
