# SPDX-License-Identifier: Apache-2.0
"""Sources of flows: capture, and batch_capture from lists and from configurations."""

from __future__ import annotations

import logging
from pathlib import Path

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
    RecordConfig,
    RenderMode,
    UnknownPropertyWarning,
    signal,
)

CLOUD = {
    "proto_lib": "lib.so",
    "conn_str": "localhost;9092",
    "msgconv_config_file": "a.txt",
    "proto_config_file": "b.txt",
    "topic_list": "record",
}


class Frames(BatchMetadataOperator):
    """Notes (source, number) of each frame."""

    def __init__(self):
        self.seen = []

    def handle_metadata(self, batch_meta):
        self.seen += [(frame.source_id, frame.frame_number) for frame in batch_meta.frame_items]

    def of(self, source):
        return [number for where, number in self.seen if where == source]


class Buffers(BufferOperator):
    """Counts buffers."""

    n = 0

    def handle_buffer(self, buffer):
        self.n += 1
        return True


def played(flow):
    """The frames of a flow of batches, run to its end."""
    frames = Frames()
    flow.attach(Probe("frames", frames)).render(RenderMode.DISCARD)()
    return frames


@pytest.fixture
def config(tmp_path):
    """Writes a source configuration: its path."""

    def write(text, name="sources.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


# capture


def test_capture_gives_a_stream_for_each_uri(run_program, clip):
    done = run_program(
        """
        import sys
        from dsbind import Flow, MediaType, Pipeline
        p = Pipeline("p")
        flow = Flow(p).capture([sys.argv[1]] * 3)
        assert flow._streams == [f"capture-source-{i}" for i in range(3)], flow._streams
        assert {(s.template, s.media_type) for s in flow._streams} == {("vsrc_%u", MediaType.VIDEO)}
        assert flow._batch_size == 0
        print(p["capture-source-0"].get("uri"))
        """,
        clip,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == clip.as_uri()


def test_capture_and_batch_number_sources_in_order(clip, make_clip):
    short = make_clip(frames=30, width=160, height=120)
    flow = Flow(Pipeline("p")).capture([str(clip), str(short), str(clip)])
    frames = played(flow.batch(width=320, height=240))
    assert [len(frames.of(source)) for source in range(3)] == [60, 30, 60]


def test_every_keyword_of_capture_reaches_the_element(clip):
    flow = Flow(Pipeline("p")).capture(
        [str(clip)], file_loop=True, **{"drop-frame-interval": 3, "latency": 200}
    )
    source = flow.pipeline[flow._streams[0]]
    assert [source.get(name) for name in ("file-loop", "drop-frame-interval", "latency")] == [
        True,
        3,
        200,
    ]


def test_an_unknown_keyword_of_capture_warns_with_the_nearest(clip):
    with pytest.warns(UnknownPropertyWarning, match="'file-loop'"):
        Flow(Pipeline("p")).capture([str(clip)], file_lop=True)


def test_a_gpu_that_is_not_there_is_only_a_note(clip, caplog):
    with caplog.at_level(logging.INFO, "dsbind"):
        flow = Flow(Pipeline("p")).capture([str(clip)], gpu_id=77)
    assert "there is no GPU 77 here" in caplog.text
    assert flow.pipeline[flow._streams[0]].get("gpu-id") == 77
    assert len(played(flow.batch()).seen) == 60


def test_one_captured_stream_needs_no_batch(clip):
    buffers = Buffers()
    flow = Flow(Pipeline("p")).capture([str(clip)])
    flow.attach(Probe("buffers", buffers)).render(RenderMode.DISCARD)()
    assert buffers.n == 60


@pytest.mark.parametrize("inputs", [[], None])
def test_capture_needs_sources(inputs):
    with pytest.raises(TypeError, match="No input list provided for capturing") as caught:
        Flow(Pipeline("p")).capture(inputs)
    assert isinstance(caught.value, dsbind.Error)


@pytest.mark.parametrize("one", ["a.mp4", Path("a.mp4")])
def test_one_source_that_is_no_list_is_told_to_be_one(one):
    with pytest.raises(TypeError, match=r"a list.*\['a\.mp4'\]"):
        Flow(Pipeline("p")).capture(one)


def test_a_missing_file_has_the_documented_text():
    with pytest.raises(Exception, match=r"^File nowhere\.mp4 doesn't exist") as caught:
        Flow(Pipeline("p")).capture(["nowhere.mp4"])
    assert isinstance(caught.value, FileNotFoundError)
    with pytest.raises(FileNotFoundError, match=r"^File /no/where\.mp4 doesn't exist"):
        Flow(Pipeline("p")).capture(["file:///no/where.mp4"])


@pytest.mark.parametrize("form", ["{name}", "./{name}", "file://{name}", "FILE://{path}"])
def test_files_are_found_from_the_working_directory(clip, monkeypatch, form):
    monkeypatch.chdir(clip.parent)
    uri = form.format(name=clip.name, path=clip)
    flow = Flow(Pipeline("p")).capture([uri])
    assert flow.pipeline[flow._streams[0]].get("uri") == clip.as_uri()


def test_other_schemes_pass_unchecked():
    flow = Flow(Pipeline("p")).capture(["rtsp://localhost:1/x"])
    assert flow.pipeline[flow._streams[0]].get("uri") == "rtsp://localhost:1/x"


def test_captured_sources_fail_alone(clip, tmp_path):
    bad = tmp_path / "bad.mp4"
    bad.write_text("no video\n" * 100)
    frames = Frames()
    flow = Flow(Pipeline("p")).capture([str(clip), str(bad)]).batch(width=320, height=240)
    flow.attach(Probe("frames", frames)).render(RenderMode.DISCARD)
    with pytest.raises(dsbind.SourceError, match=r"bad\.mp4"):
        flow()
    assert len(frames.of(0)) == 60


@pytest.mark.parametrize("media", ["audio", "av", "both", "all", [MediaType.AUDIO, "video"]])
def test_audio_is_said_not_to_be_there_yet(clip, media):
    with pytest.raises(NotImplementedError, match="this release captures video only"):
        Flow(Pipeline("p")).capture([str(clip)], media_types=media)


@pytest.mark.parametrize("media", ["radio", 3, [], ["video", 3]])
def test_media_types_that_are_none_are_refused(clip, media):
    with pytest.raises(TypeError, match="media_types"):
        Flow(Pipeline("p")).capture([str(clip)], media_types=media)


def test_video_is_a_media_type_in_each_form(clip):
    for media in ("video", MediaType.VIDEO, ["video"], (MediaType.VIDEO,)):
        assert len(Flow(Pipeline("p")).capture([str(clip)], media_types=media)._streams) == 1


def test_capture_gives_managed_sources_one_stream(clip):
    manager = signal.SourceManager("manager")
    flow = Flow(Pipeline("p")).capture([str(clip)], source_manager=manager)
    assert len(flow._streams) == 1 and flow._streams[0].template == ""
    assert manager.add_source(clip.as_uri()) >= 0


def test_a_source_manager_is_checked(clip):
    with pytest.raises(TypeError, match="source_manager"):
        Flow(Pipeline("p")).capture([str(clip)], source_manager=object())


# batch_capture


def test_input_is_a_keyword(clip):
    flow = Flow(Pipeline("p")).batch_capture(input=[str(clip)])
    assert flow._batch_size == 1


@pytest.mark.parametrize("ending", ["yaml", "yml"])
@pytest.mark.parametrize("kind", [str, Path])
def test_batch_capture_reads_a_source_configuration(clip, config, ending, kind):
    path = config(
        f"source-list:\n- {{uri: {clip}, sensor-id: door}}\n- {{uri: {clip}}}\n",
        f"sources.{ending}",
    )
    flow = Flow(Pipeline("p")).batch_capture(kind(path), width=320, height=240)
    assert "door" in flow.pipeline and flow._batch_size == 2
    frames = played(flow)
    assert (len(frames.of(0)), len(frames.of(1))) == (60, 60)


def test_files_of_a_configuration_count_from_the_working_directory(clip, config, monkeypatch):
    monkeypatch.chdir(clip.parent)
    path = config(f"source-list: [{{uri: {clip.name}, sensor-id: a}}]")
    flow = Flow(Pipeline("p")).batch_capture(path)
    assert flow.pipeline["a"].get("uri") == clip.as_uri()


def test_of_a_configurations_properties_sources_take_file_loop_and_the_rest_warns(clip, config):
    path = config(
        f"source-list: [{{uri: {clip}, sensor-id: a}}]\n"
        "source-config: {source-bin: nvurisrcbin, properties: {file-loop: true, width: 640}}\n"
    )
    with pytest.warns(ConfigWarning, match="width of source-config.properties have no effect"):
        flow = Flow(Pipeline("p")).batch_capture(path)
    assert flow.pipeline["a"].get("file-loop") is True
    assert flow.pipeline[flow._streams[0]].get("width") == 1920
    with pytest.warns(ConfigWarning):
        flow = Flow(Pipeline("p")).batch_capture(path, file_loop=False)
    assert flow.pipeline["a"].get("file-loop") is False


def test_a_configuration_for_one_element_that_reads_all(clip, config):
    path = config(
        f"source-list:\n- {{uri: {clip}, sensor-id: a, sensor-name: A}}\n"
        f"- {{uri: {clip}, sensor-id: b, sensor-name: B}}\n"
        "source-config:\n  source-bin: nvmultiurisrcbin\n"
        "  properties: {width: 640, height: 480, max-batch-size: 4, port: 7000}\n"
    )
    flow = Flow(Pipeline("p")).batch_capture(path, height=240)
    source = flow.pipeline[flow._streams[0]]
    assert flow._streams[0].startswith("batch_capture-source-") and flow._batch_size == 4
    assert source.get("uri-list") == f"{clip.as_uri()},{clip.as_uri()}"
    assert source.get("sensor-id-list") == "a,b" and source.get("sensor-name-list") == "A,B"
    names = ("width", "height", "max-batch-size", "batched-push-timeout", "buffer-pool-size")
    assert [source.get(name) for name in names] == [640, 240, 4, 33000, 4]
    assert source.get("port") == "7000"
    frames = played(flow)
    assert sorted(len(frames.of(source)) for source in range(2)) == [60, 60]


def test_the_batch_size_of_one_element_is_that_of_the_call_or_the_number_of_sources(clip, config):
    path = config(
        f"source-list: [{{uri: {clip}}}, {{uri: {clip}}}]\n"
        "source-config: {source-bin: nvmultiurisrcbin}\n"
    )
    assert Flow(Pipeline("p")).batch_capture(path)._batch_size == 2
    assert Flow(Pipeline("p")).batch_capture(path, batch_size=5)._batch_size == 5


def test_cameras_are_not_played(clip, config):
    camera = "camera-list: [{camera-type: V4L2, camera-v4l2-dev-node: 2}]\n"
    with pytest.raises(ValueError, match=r"sources\.yaml: source-list: is missing"):
        Flow(Pipeline("p")).batch_capture(config(camera))
    with pytest.warns(ConfigWarning, match="camera-list has no effect"):
        Flow(Pipeline("p")).batch_capture(config(camera + f"source-list: [{{uri: {clip}}}]"))


@pytest.mark.parametrize("given", ["clip.mp4", "x.YAML", Path("clip.mp4"), None, 3, {"a": 1}])
def test_what_is_neither_a_list_nor_a_configuration_is_refused(given):
    with pytest.raises(TypeError, match="^input must be a source list or source config file"):
        Flow(Pipeline("p")).batch_capture(given)


def test_a_configuration_that_is_not_there_is_named():
    with pytest.raises(FileNotFoundError, match=r"File nowhere\.yaml doesn't exist"):
        Flow(Pipeline("p")).batch_capture("nowhere.yaml")


def test_batch_capture_takes_one_media_type(clip):
    with pytest.raises(TypeError, match="exactly one media type"):
        Flow(Pipeline("p")).batch_capture([str(clip)], media_types=["video", "audio"])
    with pytest.raises(NotImplementedError, match="video only"):
        Flow(Pipeline("p")).batch_capture([str(clip)], media_types="audio")


@pytest.mark.parametrize("keyword", ["record_config", "smart_record_config"])
def test_recording_is_said_not_to_be_there_yet(clip, keyword):
    made = RecordConfig() if keyword == "record_config" else dsbind.SmartRecordConfig(**CLOUD)
    with pytest.raises(NotImplementedError, match=f"{keyword}.*does not record"):
        Flow(Pipeline("p")).batch_capture([str(clip)], **{keyword: made})
    with pytest.raises(TypeError, match=keyword):
        Flow(Pipeline("p")).batch_capture([str(clip)], **{keyword: object()})


def test_a_misspelt_keyword_warns_with_the_right_one(clip):
    with pytest.warns(UnknownPropertyWarning, match="did you mean 'batched-push-timeout'"):
        Flow(Pipeline("p")).batch_capture([str(clip)], **{"batch-push-timeout": 1})


def test_credentials_never_reach_a_message():
    secret = "rtsp://user:hunter2@camera/x"
    for call in (
        lambda: Flow(Pipeline("p")).capture(secret),
        lambda: Flow(Pipeline("p")).batch_capture(secret),
        lambda: Flow(Pipeline("p")).batch_capture({"a": secret}),
    ):
        with pytest.raises(TypeError) as caught:
            call()
        assert "hunter2" not in str(caught.value)
