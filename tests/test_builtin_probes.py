# SPDX-License-Identifier: Apache-2.0
"""The probes that come with dsbind, attached by name."""

from __future__ import annotations

import os
import re
import time
import warnings

import numpy
import pytest

import dsbind
from dsbind import Flow, Pipeline, RenderMode, UnknownPropertyWarning
from dsbind.registry import create


def batched(clips, **mux):
    """Clips in one batch, watched behind the muxer."""
    pipeline = Pipeline("p")
    flow = Flow(pipeline).batch_capture([str(clip) for clip in clips], **mux)
    return pipeline, flow, str(flow._streams[0])


def lines(capfd, start):
    return [line for line in capfd.readouterr().out.splitlines() if line.startswith(start)]


def test_the_rates_are_printed_and_can_be_read_as_numbers(clip, capfd):
    pipeline, flow, mux = batched([clip, clip])
    pipeline.attach(mux, "measure_fps_probe", "fps", properties={"interval": 1})
    flow.render(RenderMode.DISCARD, sync=True)()
    printed = lines(capfd, "**FPS:")
    assert printed
    assert re.fullmatch(r"\*\*FPS:  \d+\.\d\d \(\d+\.\d\d\)\t \d+\.\d\d \(\d+\.\d\d\)", printed[0])
    values = pipeline[mux].find("fps").values()
    assert set(values) == {0, 1}
    assert values[0]["frames"] == values[1]["frames"] == 60
    assert 5 < values[0]["average"] < 60


def test_a_second_run_counts_from_zero(clip):
    pipeline, flow, mux = batched([clip])
    pipeline.attach(mux, "measure_fps_probe", "fps", properties={"interval": 0})
    flow = flow.render(RenderMode.DISCARD, sync=False)
    flow()
    flow()
    assert pipeline[mux].find("fps").values()[0]["frames"] == 60


def test_the_sample_probe_counts_and_prints(clip, capfd):
    class Cars(dsbind.BatchMetadataOperator):
        def handle_metadata(self, batch_meta):
            for frame in batch_meta.frame_items:
                item = batch_meta.acquire_object_meta()
                item.class_id, item.label = 0, "car"
                frame.append(item)

    pipeline, flow, mux = batched([clip])
    flow.attach(dsbind.Probe("cars", Cars()))
    flow.attach("sample_video_probe", "count", properties={"font_size": 20})
    flow.render(RenderMode.DISCARD, sync=False)()
    printed = lines(capfd, "Object Counter:")
    assert len(printed) == 60
    assert printed[7] == (
        "Object Counter: Pad Idx=0,Frame Number=7,Vehicle Count=1, Person Count=0"
    )
    probe = pipeline[mux].find("count")
    assert probe.values() == {0: {"frame_number": 59, "persons": 0, "vehicles": 1}}
    assert probe.get("font-size") == 20


def test_the_sample_probe_writes_the_counts_onto_the_frame(clip):
    corners = []

    class Corner(dsbind.BufferOperator):
        def handle_buffer(self, buffer):
            picture = numpy.asarray(buffer.extract(0, format=dsbind.ColorFormat.RGB))
            # Where the text is; the picture is black there at first.
            corners.append(int(picture[10:40, 10:150].max()))

    pipeline, flow, mux = batched([clip], width=320, height=240)
    flow.attach("sample_video_probe", "count")
    pipeline.add("nvvideoconvert", "convert").add("nvdsosd", "osd").add("fakesink", "sink")
    pipeline.link(mux, "convert", "osd", "sink")
    pipeline.attach("convert", dsbind.Probe("before", Corner()))
    pipeline.attach("osd", dsbind.Probe("after", Corner()))
    pipeline.start().wait()
    before, after = corners[:2]
    assert before < 100
    assert after > 200


def test_latency_is_printed_where_it_is_measured(clip, run_program):
    program = """
        import sys
        from dsbind import Flow, Pipeline, RenderMode
        pipeline = Pipeline("p")
        flow = Flow(pipeline).batch_capture([sys.argv[1], sys.argv[1]])
        mux = str(flow._streams[0])
        flow.attach("measure_latency_probe", "latency").render(RenderMode.DISCARD, sync=False)()
        for source, values in pipeline[mux].find("latency").values().items():
            assert values["frames"] >= 58, values
            assert 0 <= values["average"] < 10000, values
    """
    done = run_program(program, clip, env={"NVDS_ENABLE_LATENCY_MEASUREMENT": "1"})
    assert done.returncode == 0, done.stderr
    printed = [line for line in done.stdout.splitlines() if line.startswith("Source id")]
    assert len(printed) >= 116
    pattern = r"Source id = [01] Frame_num = \d+ Frame latency = \d+\.\d+ \(ms\)"
    assert all(re.fullmatch(pattern, line) for line in printed)


def test_latency_that_is_not_measured_is_said_once(clip, monkeypatch):
    monkeypatch.delenv("NVDS_ENABLE_LATENCY_MEASUREMENT", raising=False)
    pipeline, flow, _ = batched([clip])
    flow = flow.attach("measure_latency_probe", "latency").render(RenderMode.DISCARD, sync=False)
    with pytest.warns(dsbind.ConfigWarning, match="NVDS_ENABLE_LATENCY_MEASUREMENT=1") as caught:
        flow()
        flow()
    assert len([item for item in caught if "LATENCY" in str(item.message)]) == 1


def test_kitti_files_are_written_for_each_source_and_frame(clip, tmp_path):
    folder = tmp_path / "made" / "here"
    pipeline, flow, mux = batched([clip, clip])
    flow.attach("kitti_dump_probe", "kitti", properties={"kitti-dir": folder})
    flow.render(RenderMode.DISCARD, sync=False)()
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 120
    assert names[0] == "000_000000.txt"
    assert names[-1] == "001_000059.txt"
    assert pipeline[mux].find("kitti").values()[1] == {"files": 60, "objects": 0}


def test_a_folder_that_cannot_be_made_stops_the_start(clip, tmp_path):
    (tmp_path / "file").write_text("")
    _, flow, _ = batched([clip])
    flow.attach("kitti_dump_probe", "kitti", properties={"kitti-dir": str(tmp_path / "file" / "x")})
    with pytest.raises(dsbind.OutputError, match="kitti-dir") as caught:
        flow.render(RenderMode.DISCARD)()
    assert str(tmp_path / "file" / "x") in str(caught.value)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_a_full_disk_ends_the_flow_with_an_error(clip, tmp_path):
    folder = tmp_path / "kitti"
    folder.mkdir()
    for frame in range(60):
        (folder / f"000_{frame:06}.txt").symlink_to("/dev/full")

    class Object(dsbind.BatchMetadataOperator):
        def handle_metadata(self, batch_meta):
            for frame in batch_meta.frame_items:
                frame.append(batch_meta.acquire_object_meta())

    _, flow, _ = batched([clip])
    flow.attach(dsbind.Probe("object", Object()))
    flow.attach("kitti_dump_probe", "kitti", properties={"kitti-dir": str(folder)})
    with pytest.raises(dsbind.OutputError, match="No space left"):
        flow.render(RenderMode.DISCARD, sync=False)()


def test_properties_change_while_it_runs(clip, capfd):
    pipeline, flow, mux = batched([clip])
    flow.attach("measure_fps_probe", "fps", properties={"interval": 3600})
    flow = flow.render(RenderMode.DISCARD, sync=True)
    pipeline.start()
    time.sleep(0.3)
    assert pipeline[mux].find("fps").set({"interval": 1}).get("interval") == 1
    pipeline.wait()
    assert lines(capfd, "**FPS:")


@pytest.mark.parametrize(
    ("factory", "properties", "text"),
    [
        ("measure_fps_probe", {"interval": "5"}, "a whole number"),
        ("measure_fps_probe", {"interval": True}, "a whole number"),
        ("measure_fps_probe", {"interval": -1}, "from 0 to"),
        ("sample_video_probe", {"font-size": 0}, "from 1 to"),
        ("kitti_dump_probe", {"kitti-dir": 3}, "a path"),
        ("kitti_dump_probe", {"kitti-dir": "a\0b"}, "NUL"),
        ("kitti_dump_probe", {"tracker-kitti-output": "yes"}, "True or False"),
    ],
)
def test_a_value_that_cannot_be_is_refused(factory, properties, text):
    with pytest.raises(dsbind.ConfigError, match=text) as caught:
        create(factory, "name").set(properties)
    assert next(iter(properties)) in str(caught.value)


def test_an_unknown_property_warns_with_the_nearest():
    with pytest.warns(UnknownPropertyWarning, match="did you mean 'font-size'"):
        create("sample_video_probe", "p").set({"fontsize": 3})


def test_all_of_them_accept_a_gpu():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for factory in ("sample_video_probe", "measure_fps_probe", "kitti_dump_probe"):
            assert create(factory, "p").set({"gpu-id": 1}).get("gpu_id") == 1


def test_defaults_are_as_documented():
    assert create("sample_video_probe", "p").get("font-size") == 12
    assert create("measure_fps_probe", "p").get("interval") == 5
    kitti = create("kitti_dump_probe", "p")
    assert kitti.get("kitti-dir") == "/tmp/kitti"
    assert kitti.get("tracker-kitti-output") is False


def test_it_watches_a_sink_at_its_pad_and_counts_its_cost(clip):
    pipeline, flow, _ = batched([clip])
    flow.render(RenderMode.DISCARD, sync=False)
    pipeline.attach(
        last_of(pipeline), "measure_fps_probe", "fps", tips="sink", properties={"interval": 0}
    )
    pipeline.start().wait()
    probe = pipeline[last_of(pipeline)].find("fps")
    assert probe.values()[0]["frames"] == 60
    assert probe.stats.calls == 60
    assert 0 < probe.stats.mean < 0.01


def last_of(pipeline):
    return list(pipeline._graph.elements)[-1]


def test_frames_that_are_in_no_batch_are_counted_too(clip):
    pipeline = Pipeline("p")
    pipeline.add("videotestsrc", "src", {"num-buffers": 20}).add("fakesink", "sink")
    pipeline.link("src", "sink").attach("src", "measure_fps_probe", "fps")
    pipeline.start().wait()
    assert pipeline["src"].find("fps").values()[0]["frames"] == 20


def test_a_pipeline_file_attaches_them(clip, tmp_path, capfd):
    path = tmp_path / "pipeline.yaml"
    path.write_text(f"""
        deepstream:
          nodes:
          - {{type: nvurisrcbin, name: src, properties: {{uri: "file://{clip}"}}}}
          - {{type: nvstreammux, name: mux, properties: {{batch-size: 1, width: 64, height: 64}}}}
          - {{type: fakesink, name: sink}}
          - type: sample_video_probe.sample_video_probe
            name: probe
            properties: {{font-size: 15}}
          edges:
            "src.vsrc_%u": "mux.sink_%u"
            mux: [sink, probe]
    """)
    pipeline = Pipeline("p", str(path))
    assert pipeline["mux"].find("probe").get("font-size") == 15
    pipeline.start().wait()
    assert len(lines(capfd, "Object Counter:")) == 60


def test_a_probe_that_never_saw_a_batch_is_told_why(caplog):
    pipeline = Pipeline("p")
    pipeline.add("videotestsrc", "src", {"num-buffers": 5}).add("fakesink", "sink")
    pipeline.link("src", "sink").attach("src", "sample_video_probe", "count").start().wait()
    assert "sample_video_probe saw nothing: none of the 5 buffers" in caplog.text
