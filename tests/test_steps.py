# SPDX-License-Identifier: Apache-2.0
"""Operations between sources and ends: batch, decode, select, attach, and the analysing ones."""

from __future__ import annotations

import subprocess

import pytest

import dsbind
from dsbind import (
    BatchMetadataOperator,
    BufferOperator,
    ConfigWarning,
    Flow,
    MediaType,
    Pipeline,
    Probe,
    RenderMode,
    StreamInfo,
    UnknownPropertyWarning,
)


class Frames(BatchMetadataOperator):
    """Notes the size of each frame."""

    def __init__(self):
        self.sizes = []

    def handle_metadata(self, batch_meta):
        for frame in batch_meta.frame_items:
            self.sizes.append((frame.source_width, frame.source_height))


class Buffers(BufferOperator):
    """Counts buffers."""

    n = 0

    def handle_buffer(self, buffer):
        self.n += 1
        return True


def captured(*clips):
    """A flow with a stream for each clip."""
    return Flow(Pipeline("p")).capture([str(clip) for clip in clips])


@pytest.fixture
def media(tmp_path):
    """Makes a small file by a part of a gst-launch-1.0 line: its path."""

    def make(name, elements, frames=5):
        path = tmp_path / name
        line = (
            f"gst-launch-1.0 -q videotestsrc num-buffers={frames} "
            f"! video/x-raw,width=160,height=120,framerate=10/1 ! {elements} "
            f"! filesink location={path}"
        )
        subprocess.run(line.split(), check=True, timeout=30)
        return path

    return make


# batch


def test_batch_has_the_documented_name_and_defaults(run_program, clip):
    done = run_program(
        """
        import sys
        from dsbind import Flow, Pipeline
        p = Pipeline("p")
        flow = Flow(p).capture([sys.argv[1]] * 2).batch()
        assert flow._streams == ["batch-mux-0"], flow._streams
        mux = p["batch-mux-0"]
        names = ("batch-size", "width", "height", "gpu-id", "compute-hw")
        assert [mux.get(name) for name in names] == [2, 1920, 1080, 0, 1]
        """,
        clip,
    )
    assert done.returncode == 0, done.stderr


def test_every_keyword_of_batch_reaches_the_muxer_but_compute_hw(clip):
    flow = captured(clip).batch(
        width=640, height=360, batch_size=8, batched_push_timeout=5, enable_padding=1, compute_hw=2
    )
    mux = flow.pipeline[flow._streams[0]]
    names = ("width", "height", "batch-size", "batched-push-timeout", "enable-padding")
    assert [mux.get(name) for name in names] == [640, 360, 8, 5, True]
    assert mux.get("compute-hw") == 1
    with pytest.warns(UnknownPropertyWarning, match="'batched-push-timeout'"):
        captured(clip).batch(batch_push_timeout=5)


def test_batch_sets_the_batch_size_of_both_flows(clip):
    before = captured(clip, clip, clip)
    after = before.batch()
    assert before._batch_size == after._batch_size == 3


def test_batch_of_nothing_is_refused(clip):
    for flow in (Flow(Pipeline("p")), captured(clip).render(RenderMode.DISCARD)):
        with pytest.raises(Exception, match="^Upstream error: no stream found") as caught:
            flow.batch()
        assert isinstance(caught.value, dsbind.FlowError)


def test_batching_twice_is_refused(clip):
    flow = captured(clip)
    for again in (flow.batch(), flow, Flow(Pipeline("p")).batch_capture([str(clip)])):
        with pytest.raises(dsbind.FlowError, match="^Upstream error: already batched"):
            again.batch()


def test_audio_and_video_are_not_batched_together(clip):
    flow = captured(clip)
    flow._streams.append(StreamInfo("sound", "asrc_%u", MediaType.AUDIO))
    with pytest.raises(dsbind.FlowError, match="audio and video"):
        flow.batch()


def test_streams_set_by_hand_as_plain_text_are_batched(clip):
    flow = captured(clip)
    flow._streams = [f"{flow._streams[0]}"]
    frames = Frames()
    batched = flow.batch(width=320, height=240).attach(Probe("frames", frames))
    batched.render(RenderMode.DISCARD)()
    assert len(frames.sizes) == 60


# decode


@pytest.mark.parametrize(
    ("name", "elements"),
    [
        ("one.jpg", "jpegenc"),
        ("one.png", "pngenc"),
        ("clip.h264", "x264enc tune=zerolatency ! video/x-h264,stream-format=byte-stream"),
        ("clip.h265", "x265enc tune=zerolatency ! video/x-h265,stream-format=byte-stream"),
    ],
)
def test_decode_reads_images_and_elementary_streams(media, name, elements):
    images = name.startswith("one")
    path = media(name, elements, 1 if images else 5)
    pipeline = Pipeline("p").add("filesrc", "file", {"location": str(path)})
    frames = Frames()
    flow = Flow(pipeline, ["file"]).decode().batch(width=320, height=240)
    flow.attach(Probe("frames", frames)).render(RenderMode.DISCARD)
    flow.pipeline.start().wait(20)
    assert frames.sizes == [(160, 120)] * (1 if images else 5)


def test_decode_gives_a_stream_for_each_of_its_inputs(run_program):
    done = run_program(
        """
        from dsbind import Flow, Pipeline
        p = Pipeline("p").add("appsrc", "a").add("appsrc", "b")
        flow = Flow(p, ["a", "b"]).decode()
        assert flow._streams == ["decode-converter-1", "decode-converter-3"], flow._streams
        assert "decode-decode-0" in p and "decode-decode-2" in p
        assert p["decode-converter-1"].get("compute-hw") == 1
        """
    )
    assert done.returncode == 0, done.stderr


def test_keywords_of_decode_reach_the_decoder_and_the_gpu_the_converter():
    pipeline = Pipeline("p").add("appsrc", "a")
    flow = Flow(pipeline, ["a"]).decode(max_size_buffers=9, gpu_id=2)
    converter = flow._streams[0]
    decoder = next(name for name in pipeline._graph.elements if name.startswith("decode-decode"))
    assert pipeline[decoder].get("max-size-buffers") == 9
    assert pipeline[converter].get("gpu-id") == 2


def test_decode_comes_before_batch(clip):
    with pytest.raises(dsbind.FlowError, match="no stream found"):
        Flow(Pipeline("p")).decode()
    with pytest.raises(dsbind.FlowError, match=r"already batched; call decode\(\) before batch"):
        captured(clip).batch().decode()


# select


def test_select_chooses_by_kind_and_by_element():
    streams = [
        StreamInfo("a", "vsrc_%u"),
        StreamInfo("a", "asrc_%u", MediaType.AUDIO),
        StreamInfo("b", "vsrc_%u"),
    ]
    flow = Flow(Pipeline("p"), streams)
    assert flow.select(media_type=MediaType.VIDEO)._streams == ["a", "b"]
    assert flow.select("audio")._streams[0].template == "asrc_%u"
    assert flow.select(originator="b")._streams == ["b"]
    assert flow.select()._streams == ["a", "a", "b"]
    with pytest.raises(Exception, match="^No stream matched the selection") as caught:
        flow.select("audio", "b")
    assert isinstance(caught.value, dsbind.FlowError)
    assert "a (video), a (audio), b (video)" in str(caught.value)


# attach


def test_attach_keeps_the_streams_and_takes_keywords(clip):
    flow = captured(clip).batch()
    probe = Probe("frames", Frames())
    after = flow.attach(what=probe, name="", tips="src", properties=None)
    assert after is not flow and after._streams == flow._streams
    assert flow.pipeline[flow._streams[0]].find("frames") is probe


def test_attach_of_each_stream_attaches_to_all(clip):
    buffers = Buffers()
    flow = captured(clip, clip)
    flow.attach(Probe("buffers", buffers)).batch().render(RenderMode.DISCARD)()
    assert buffers.n == 120


def test_attach_refuses_what_is_no_probe(clip):
    with pytest.raises(TypeError, match="Unsupported object type for Pipeline.attach"):
        captured(clip).batch().attach(3)


# infer, track, analyze, preprocess, apply, publish


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.txt"
    path.write_text("[property]\n")
    return path


def test_operations_on_batches_say_what_is_not_batched(clip, model):
    for flow in (captured(clip), captured(clip, clip)):
        for call in (
            lambda flow=flow: flow.infer(str(model)),
            lambda flow=flow: flow.track(),
            lambda flow=flow: flow.analyze(str(model)),
        ):
            with pytest.raises(dsbind.FlowError, match="multiple streams must be batched.*batch"):
                call()


def test_what_is_made_by_hand_is_taken_to_be_batched(model):
    pipeline = Pipeline("p").add("identity", "mine")
    flow = Flow(pipeline, ["mine"]).infer(model)
    assert pipeline[flow._streams[0]].get("config-file-path") == str(model)


def test_operations_after_the_end_say_so(clip, model, tmp_path):
    ended = captured(clip).batch().render(RenderMode.DISCARD)
    for call in (
        lambda: ended.render(RenderMode.DISCARD),
        lambda: ended.encode(str(tmp_path / "x.mp4")),
        lambda: ended.infer(str(model)),
        lambda: ended.track(),
        lambda: ended.analyze(str(model)),
        lambda: ended.apply(),
        lambda: ended.fork(),
        lambda: ended.publish(),
    ):
        with pytest.raises(dsbind.FlowError, match="multiple streams must be batched.*or fork"):
            call()


def test_track_before_infer_warns(clip, tmp_path):
    flow = captured(clip).batch()
    with pytest.warns(ConfigWarning, match=r"track\(\) comes before infer\(\)"):
        try:
            flow.track()
        except dsbind.MissingElementError:
            assert not dsbind.gst.has_element("nvtrackerbin")


def test_track_after_a_probe_or_a_model_does_not_warn(clip, model, recwarn):
    for flow in (
        captured(clip).batch().infer(model),
        captured(clip).batch().attach(Probe("objects", Frames())),
    ):
        try:
            flow.track(tracker_width=640)
        except dsbind.MissingElementError:
            assert not dsbind.gst.has_element("nvtrackerbin")
    assert not [warning for warning in recwarn if "track" in str(warning.message)]


@pytest.mark.parametrize(
    ("method", "factory", "role"),
    [
        ("track", "nvtrackerbin", "tracker"),
        ("analyze", "nvdsanalytics", "analyze"),
        ("preprocess", "nvdspreprocess", "preprocess"),
        ("apply", "nvdsvideotemplate", "template"),
        ("publish", "nvmsgbrokersinkbin", "msgsink"),
    ],
)
def test_analysing_operations_add_their_element_or_name_it(clip, model, method, factory, role):
    flow = captured(clip).batch().infer(model)
    arguments = [str(model)] if method in ("analyze", "preprocess", "apply") else []
    try:
        after = getattr(flow, method)(*arguments)
    except dsbind.MissingElementError as error:
        assert not dsbind.gst.has_element(factory)
        assert repr(factory) in str(error) and f"{method}() needs it" in str(error)
    else:
        names = list(after.pipeline._graph.elements)
        assert any(name.startswith(f"{method}-{role}-") for name in names)


@pytest.mark.parametrize("method", ["analyze", "preprocess", "infer"])
def test_a_configuration_that_is_not_there_is_named_at_once(clip, method):
    flow = captured(clip).batch()
    with pytest.raises(FileNotFoundError, match=r"File nowhere\.txt doesn't exist"):
        getattr(flow, method)("nowhere.txt")
    with pytest.raises(TypeError, match="config must be a file path"):
        getattr(flow, method)(3)
