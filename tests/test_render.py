# SPDX-License-Identifier: Apache-2.0
"""`render`: the elements of each mode, and what it refuses."""

from __future__ import annotations

import warnings

import pytest

import dsbind
from dsbind import Flow, MediaType, Pipeline, RenderMode, UnknownPropertyWarning, gst
from dsbind.operations.base import StreamInfo

needs_rtsp = pytest.mark.skipif(
    not gst.has_element("nvrtspoutsinkbin"), reason="there is no nvrtspoutsinkbin here"
)


@pytest.fixture(autouse=True)
def display(monkeypatch):
    # Nothing is shown here: the window is opened when a flow starts.
    monkeypatch.setenv("DISPLAY", ":0")


def capture(*clips, **options):
    return Flow(Pipeline("render")).batch_capture([str(clip) for clip in clips], **options)


def parts(flow):
    """The elements that `render` made, in the order of the stream: role and factory."""
    graph = flow.pipeline._graph
    found = []
    names = [target for target, _ in graph.links[flow._parent._streams[0]]]
    while names:
        name = names[-1]
        element = graph.elements[name]
        found.append((name.split("-")[1], element.factory))
        names = [target for target, _ in graph.links.get(name, ())]
    return found


def node(flow, role):
    names = [name for name in flow.pipeline._graph.elements if name.startswith(f"render-{role}-")]
    assert len(names) == 1
    return flow.pipeline[names[0]]


def test_discard_is_a_fakesink_alone_that_takes_all_properties(clip):
    flow = capture(clip).render(
        RenderMode.DISCARD, enable_osd=True, **{"async": False, "sync": True, "num_buffers": 5}
    )
    assert parts(flow) == [("sink", "fakesink")]
    sink = node(flow, "sink")
    assert [sink.get(name) for name in ("async", "sync", "num-buffers")] == [False, True, 5]
    assert flow._streams == []


def test_a_property_that_fakesink_has_not_warns(clip):
    with pytest.warns(UnknownPropertyWarning, match="'async'"):
        capture(clip).render(RenderMode.DISCARD, async_=False)


def test_display_of_one_source(clip):
    flow = capture(clip).render()
    assert parts(flow) == [
        ("convert", "nvvideoconvert"),
        ("osd", "nvdsosd"),
        ("sink", "nveglglessink"),
    ]
    assert node(flow, "osd").get("display-mask") is True


def test_display_of_several_sources_is_tiled(clip):
    flow = capture(clip, clip).render(RenderMode.DISPLAY, False, width=640, height=360, sync=False)
    assert parts(flow) == [
        ("convert", "nvvideoconvert"),
        ("tiler", "nvmultistreamtiler"),
        ("sink", "nveglglessink"),
    ]
    tiler = node(flow, "tiler")
    assert (tiler.get("width"), tiler.get("height")) == (640, 360)
    assert node(flow, "sink").get("sync") is False


def test_a_mosaic_has_the_documented_size(clip):
    tiler = node(capture(clip, clip).render(), "tiler")
    assert (tiler.get("width"), tiler.get("height")) == (1920, 1080)


def test_gpu_id_goes_to_every_element(clip):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        flow = capture(clip, clip).render(gpu_id=1)
    for role in ("convert", "tiler", "osd", "sink"):
        assert node(flow, role).get("gpu-id") == 1


def test_a_size_without_tiles_has_no_effect_and_warns(clip):
    with pytest.warns(UnknownPropertyWarning, match="width"):
        capture(clip).render(width=640)


def test_names_are_counted_in_the_documented_order(run_program, clip):
    done = run_program(
        """
        import sys
        from dsbind import Flow, Pipeline, RenderMode
        p = Pipeline("names")
        Flow(p).batch_capture([sys.argv[1], sys.argv[1]]).render()
        for name in ("render-sink-0", "render-tiler-1", "render-convert-2", "render-osd-3"):
            assert name in p, name
        p = Pipeline("names")
        Flow(p).batch_capture([sys.argv[1]]).render(RenderMode.DISCARD)
        assert "render-sink-5" in p
        """,
        clip,
        env={"DISPLAY": ":0"},
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("mode", ["DISPLAY", 1, None, MediaType.VIDEO])
def test_an_invalid_mode_is_refused(clip, mode):
    with pytest.raises(ValueError, match="^Invalid render mode"):
        capture(clip).render(mode)


def test_without_a_display_the_ways_without_are_named(clip, monkeypatch):
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(dsbind.DisplayError, match="DISCARD.*encode"):
        capture(clip).render()


def test_segmentation_masks_are_coloured_where_that_element_is(clip):
    flow = capture(clip)
    if gst.has_element("nvsegvisual"):
        flow = flow.render(seg_mask_config={"alpha": 0.25})
        assert parts(flow)[1] == ("nvsegvisual", "nvsegvisual")
        assert node(flow, "nvsegvisual").get("alpha") == pytest.approx(0.25)
        return
    before = set(flow.pipeline._graph.elements)
    with pytest.raises(dsbind.MissingElementError, match="nvsegvisual"):
        flow.render(seg_mask_config={})
    assert set(flow.pipeline._graph.elements) == before


def test_a_seg_mask_config_that_is_no_mapping_is_refused(clip):
    with pytest.raises(TypeError, match="seg_mask_config is a mapping"):
        capture(clip).render(seg_mask_config="alpha=1")


# STREAM


@needs_rtsp
def test_stream_has_the_documented_defaults(clip):
    flow = capture(clip).render(RenderMode.STREAM)
    assert parts(flow) == [
        ("convert", "nvvideoconvert"),
        ("osd", "nvdsosd"),
        ("sink", "nvrtspoutsinkbin"),
    ]
    sink = node(flow, "sink")
    names = ("rtsp-port", "rtsp-mount-point", "sync")
    assert [sink.get(name) for name in names] == [8554, "/ds-test5", False]


@needs_rtsp
@pytest.mark.parametrize("mount", ["front", "/front", "/front/"])
def test_stream_takes_port_mount_and_sync(clip, mount):
    flow = capture(clip, clip).render(
        RenderMode.STREAM, rtsp_port=8600, rtsp_mount_point=mount, sync=True, width=640
    )
    sink = node(flow, "sink")
    names = ("rtsp-port", "rtsp-mount-point", "sync")
    assert [sink.get(name) for name in names] == [8600, "/front", True]
    assert node(flow, "tiler").get("width") == 640


@needs_rtsp
def test_stream_takes_no_other_option(clip):
    with pytest.warns(UnknownPropertyWarning, match=r"render\(STREAM\).*'qos'"):
        capture(clip).render(RenderMode.STREAM, qos=False)


@pytest.mark.parametrize("port", [0, 65536, -1, "8554", None, True])
def test_a_port_that_cannot_be_is_refused(clip, port):
    with pytest.raises(ValueError, match="port from 1 to 65535"):
        capture(clip).render(RenderMode.STREAM, rtsp_port=port)


@pytest.mark.parametrize("mount", ["", "/", None, 5])
def test_a_mount_that_cannot_be_is_refused(clip, mount):
    with pytest.raises(ValueError, match="rtsp_mount_point"):
        capture(clip).render(RenderMode.STREAM, rtsp_mount_point=mount)


# Audio


def audio(name="p"):
    pipeline = Pipeline(name).add("audiotestsrc", "audio", {"num-buffers": 20})
    return Flow(pipeline, [StreamInfo("audio", "", MediaType.AUDIO)])


def test_audio_is_discarded():
    flow = audio().render(RenderMode.DISCARD, sync=False)
    assert [factory for _, factory in parts(flow)] == [
        "queue",
        "audioconvert",
        "audioresample",
        "fakesink",
    ]
    flow()


def test_audio_is_played_by_the_sink_given():
    flow = audio().render(audio_sink="fakeaudiosink", sync=False)
    assert parts(flow)[-1] == ("sink", "fakeaudiosink")
    flow()
    with pytest.raises(dsbind.MissingElementError, match="nosuchsink"):
        audio().render(audio_sink="nosuchsink")


def test_audio_is_not_served():
    with pytest.raises(dsbind.UnsupportedError, match="audio"):
        audio().render(RenderMode.STREAM)
