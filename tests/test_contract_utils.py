# SPDX-License-Identifier: Apache-2.0
"""The documented osd, utils, logging and configuration names, as programs use them."""

from __future__ import annotations

import inspect
import logging

import pytest

from dsbind import RecordConfig, SensorInfo, SmartRecordConfig, SourceConfig, osd, utils
from dsbind.logging import get_logger
from dsbind.source_config import CameraInfo


class TestOsd:
    def test_members(self):
        for thing, names in (
            (osd.Font(), "name size color"),
            (osd.Text(), "display_text x_offset y_offset font set_bg_color bg_color"),
            (osd.TextParams(), "display_text x_offset y_offset font_params set_bg_clr text_bg_clr"),
            (osd.Rect(), "left top width height rotation_angle border_width border_color "
                         "has_bg_color bg_color"),
            (osd.Mask(), "threshold mask_array"),
            (osd.Line(), "x1 y1 x2 y2 width color"),
            (osd.Arrow(), "x1 y1 x2 y2 width color head"),
            (osd.Circle(), "xc yc radius color has_bg_color bg_color width"),
        ):  # fmt: skip
            for name in names.split():
                value = getattr(thing, name)
                # Each of them can be written, as with what it holds.
                setattr(thing, name, value)

    def test_enums(self):
        assert osd.FontFamily.Serif
        assert {head.name for head in osd.ArrowHead} == {"Start", "End", "Both"}

    def test_a_colour_is_four_numbers(self):
        assert tuple(osd.Color(0.0, 0.25, 0.5, 1.0)) == (0.0, 0.25, 0.5, 1.0)

    def test_text_is_bytes_and_its_font_is_written_through(self):
        text = osd.Text()
        text.display_text = "Frame 1".encode("ascii")
        text.font.size = 12
        text.font.color = osd.Color(1.0, 0.0, 0.0, 1.0)
        assert (text.display_text, text.font.size) == ("Frame 1", 12)
        assert text.font.color == osd.Color(1.0, 0.0, 0.0, 1.0)

    def test_an_event_handler_has_the_documented_members(self):
        names = list(inspect.signature(osd.EventHandler).parameters)
        assert names == ["tiler", "osd", "renderer"]
        for name in ("start", "stop", "started"):
            assert hasattr(osd.EventHandler, name)


class TestUtils:
    def test_names(self):
        for name in (
            "PerfMonitor", "MediaExtractor", "MediaChunk", "VideoFrame", "FrameSampler",
            "StreamFrameRetriever", "BulkFrameRetriever", "MediaInfo",
        ):  # fmt: skip
            assert isinstance(getattr(utils, name), type)

    @pytest.mark.parametrize(
        ("make", "text"),
        [
            (utils.PerfMonitor, "batch_size interval source_type show_name"),
            (utils.PerfMonitor.apply, "self node tips=''"),
            (utils.MediaChunk, "source start_pts=0 duration=-1 interval=0"),
            (utils.VideoFrame, "data timestamp=-1"),
            (utils.FrameSampler, "chunk seek_fn=None"),
            (
                utils.MediaExtractor,
                "chunks=None batch_size=0 scaling=(1920, 1080) n_thread=1 q_size=1 "
                "enable_seek=False blocking=False",
            ),
        ],
    )
    def test_signatures(self, make, text):
        found = inspect.signature(make).parameters.values()
        shown = [
            item.name if item.default is item.empty else f"{item.name}={item.default!r}"
            for item in found
            if item.kind is item.POSITIONAL_OR_KEYWORD
        ]
        assert " ".join(shown) == text

    def test_members_of_a_monitor(self):
        monitor = utils.PerfMonitor(
            batch_size=2, interval=5, source_type="nvmultiurisrcbin", show_name=True
        )
        monitor.add_stream(source_id=0, uri="file:///a", sensor_id="a", sensor_name="A")
        monitor.remove_stream(0)
        monitor.pause()
        monitor.resume()

    def test_media_info_of_nothing_is_false(self):
        info = utils.MediaInfo.discover("file:///none.mp4")
        assert not info and info.duration == 0 and list(info.streams) == []

    def test_the_logger_warns_on_standard_error(self):
        logger = get_logger("contract")
        assert isinstance(logger, logging.Logger) and logger.level == logging.WARNING
        assert isinstance(logger.handlers[0], logging.StreamHandler)
        assert get_logger("contract") is logger and len(logger.handlers) == 1


class TestConfigurations:
    def test_members_of_an_empty_source_configuration(self):
        config = SourceConfig()
        assert (config.sensor_list, config.camera_list) == ([], [])
        assert config.source_properties == {} and hasattr(config, "source_type")

    def test_a_source_configuration_is_loaded(self, tmp_path):
        path = tmp_path / "sources.yaml"
        path.write_text(
            "source-list:\n"
            "- {uri: 'file:///a.mp4', sensor-id: one, sensor-name: first}\n"
            "source-config:\n"
            "  source-bin: nvmultiurisrcbin\n"
            "  properties: {max-batch-size: 4, live-source: true}\n"
        )
        config = SourceConfig()
        config.load(str(path))
        assert config.source_type == "nvmultiurisrcbin"
        assert config.source_properties["max-batch-size"] == 4
        (sensor,) = config.sensor_list
        assert sensor == SensorInfo("one", "first", "file:///a.mp4")
        assert sensor == ("one", "first", "file:///a.mp4")

    def test_named_tuples(self):
        assert SensorInfo._fields == ("sensor_id", "sensor_name", "uri")
        assert CameraInfo._fields[:4] == (
            "camera_type", "camera_video_format", "camera_width", "camera_height",
        )  # fmt: skip
        assert CameraInfo._fields[4:] == (
            "camera_fps_n", "camera_fps_d", "camera_csi_sensor_id", "camera_v4l2_dev_node",
            "gpu_id", "nvbuf_mem_type", "nvvideoconvert_copy_hw",
        )  # fmt: skip

    def test_record_configurations(self):
        local = RecordConfig("local")
        assert (local.rec_cache, local.rec_container, local.rec_dir_path) == (20, 0, ".")
        assert local.rec_mode == 0 and RecordConfig(recording_type="local") == local
        with pytest.raises(ValueError):
            RecordConfig(recording_type="cloud")
        cloud = SmartRecordConfig(
            proto_lib="lib.so",
            conn_str="host;9092",
            msgconv_config_file="a",
            proto_config_file="b",
            topic_list="c",
        )
        assert cloud.smart_rec_container == 0 and cloud.smart_rec_dir_path == "."
