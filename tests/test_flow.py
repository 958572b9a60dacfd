# SPDX-License-Identifier: Apache-2.0
"""Flows on real files: the elements they make, what they do, and what they refuse."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time

import pytest
from growing import growth

import dsbind
from dsbind import (
    BatchMetadataOperator,
    EOSMessage,
    Flow,
    MediaType,
    Pipeline,
    Probe,
    RenderMode,
    StreamInfo,
    UnknownPropertyWarning,
)
from dsbind.media import MediaInfo


class Frames(BatchMetadataOperator):
    """Notes (source, number, PTS) of each frame."""

    def __init__(self):
        self.seen = []
        self.batches = 0

    def handle_metadata(self, batch_meta):
        self.batches += 1
        for frame in batch_meta.frame_items:
            self.seen.append((frame.source_id, frame.frame_number, frame.buffer_pts))

    def of(self, source):
        return [number for where, number, _ in self.seen if where == source]


def capture(*sources, **kwargs):
    """A flow on some sources, with a probe on it."""
    frames = Frames()
    flow = Flow(Pipeline("p")).batch_capture([str(source) for source in sources], **kwargs)
    return flow.attach(Probe("frames", frames)), frames


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.mp4"
    path.write_text("not a video\n" * 200)
    return path


# What it does


def test_every_frame_of_a_file_is_batched_once_and_in_order(clip):
    flow, frames = capture(clip)
    assert flow.render(RenderMode.DISCARD)() is None
    assert frames.of(0) == list(range(60))
    times = [pts for _, _, pts in frames.seen]
    assert times == sorted(times) and times[-1] - times[0] == pytest.approx(59e9 / 30, rel=0.01)


def test_several_files_are_batched_with_their_own_numbers(clip, make_clip):
    flow, frames = capture(clip, make_clip(frames=30, width=160, height=120))
    flow.render(RenderMode.DISCARD)()
    assert frames.of(0) == list(range(60))
    assert frames.of(1) == list(range(30))


def test_a_relative_path_counts_from_the_working_directory(clip, monkeypatch):
    monkeypatch.chdir(clip.parent)
    flow, frames = capture(clip.name)
    flow.render(RenderMode.DISCARD)()
    assert len(frames.seen) == 60


def test_a_file_uri_and_a_name_with_odd_characters(clip, tmp_path):
    odd = tmp_path / "a b#c?d%20ü.mp4"
    odd.write_bytes(clip.read_bytes())
    for source in (str(odd), odd.as_uri()):
        flow, frames = capture(source)
        flow.render(RenderMode.DISCARD)()
        assert len(frames.seen) == 60


def test_calling_a_flow_tells_messages(clip):
    messages = []
    flow, _ = capture(clip)
    flow.render(RenderMode.DISCARD)(on_message=messages.append)
    assert isinstance(messages[-1], EOSMessage)


def test_any_flow_of_the_chain_runs_the_pipeline(clip):
    flow, frames = capture(clip)
    flow.render(RenderMode.DISCARD)
    flow()
    assert len(frames.seen) == 60


@pytest.mark.parametrize("name", ["out.mp4", "out.mov", "OUT.MP4"])
def test_encode_writes_every_frame(clip, tmp_path, name):
    out = tmp_path / name
    flow, _ = capture(clip, width=320, height=240)
    flow.encode(str(out))()
    info = MediaInfo.discover(out.as_uri())
    assert (info.video.width, info.video.height, info.video.codec) == (320, 240, "video/x-h264")
    assert info.duration == pytest.approx(2e9, rel=0.02)


def test_encode_takes_a_file_uri_and_a_relative_path(clip, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flow, _ = capture(clip, width=320, height=240)
    flow.encode("relative.mp4", enable_osd=False)()
    flow, _ = capture(clip, width=320, height=240)
    flow.encode((tmp_path / "uri.mp4").as_uri(), use_sw_codec=True)()
    assert MediaInfo.discover((tmp_path / "relative.mp4").as_uri()).video.width == 320
    assert MediaInfo.discover((tmp_path / "uri.mp4").as_uri()).video.width == 320


def test_encode_makes_a_mosaic_of_several_sources(clip, tmp_path, caplog):
    out = tmp_path / "out.mp4"
    flow, _ = capture(clip, clip, width=320, height=240)
    with caplog.at_level(logging.INFO, "dsbind"):
        flow.encode(str(out), width=640, height=240)()
    info = MediaInfo.discover(out.as_uri())
    assert (info.video.width, info.video.height) == (640, 240)
    assert "2 sources are written as one mosaic" in caplog.text


def test_an_existing_output_is_replaced(clip, tmp_path):
    out = tmp_path / "out.mp4"
    out.write_bytes(b"old" * 100_000)
    flow, _ = capture(clip, width=320, height=240)
    flow.encode(str(out))()
    assert MediaInfo.discover(out.as_uri()).video.width == 320


def test_metadata_kept_after_the_callback_is_stale(clip):
    class Keep(BatchMetadataOperator):
        def handle_metadata(self, batch_meta):
            self.batch = batch_meta
            self.frame = next(iter(batch_meta.frame_items))

    keep = Keep()
    flow = Flow(Pipeline("p")).batch_capture([str(clip)]).attach(what=Probe("keep", keep))
    flow.render(RenderMode.DISCARD)()
    with pytest.raises(dsbind.StaleMetadataError):
        _ = keep.frame.frame_number
    with pytest.raises(dsbind.StaleMetadataError):
        _ = keep.batch.n_frames


def test_two_flows_run_at_once_from_two_threads(clip):
    results = [capture(clip), capture(clip)]
    threads = [threading.Thread(target=flow.render(RenderMode.DISCARD)) for flow, _ in results]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [len(frames.seen) for _, frames in results] == [60, 60]


def test_a_flow_stops_from_its_probe(make_clip):
    class Stop(BatchMetadataOperator):
        n = 0

        def handle_metadata(self, batch_meta):
            self.n += 1
            if self.n == 10:
                flow.pipeline.stop()

    stop = Stop()
    flow = Flow(Pipeline("p")).batch_capture([str(make_clip(frames=600))])
    flow.attach(Probe("stop", stop)).render(RenderMode.DISCARD, sync=True)()
    assert 10 <= stop.n < 300


def test_fifty_flows_leave_no_thread_and_no_memory_behind(run_program, clip):
    grown = growth(
        run_program,
        """
        def run():
            count = Count()
            flow = Flow(Pipeline("p")).batch_capture([sys.argv[1]], width=320, height=240)
            flow.attach(Probe("count", count)).render(RenderMode.DISCARD)()
            assert count.n == 60
        """,
        clip,
        times=50,
    )
    assert grown < 4 << 20


# What it makes


def test_elements_have_the_documented_names(run_program, clip, tmp_path):
    done = run_program(
        """
        import sys
        from dsbind import Flow, Pipeline, RenderMode
        clip, out = sys.argv[1:]
        p = Pipeline("names")
        first = Flow(p).batch_capture([clip, clip])
        assert first._streams == ["batch_capture-mux-1"], first._streams
        first.render(RenderMode.DISCARD)
        for name in ("batch_capture-source-0_0", "batch_capture-source-0_1", "render-sink-0"):
            assert name in p, name
        p = Pipeline("names")
        flow = Flow(p).batch_capture([clip])
        assert flow._streams == ["batch_capture-mux-3"]
        flow.encode(out)
        for index, role in enumerate(["queue", "convert", "osd", "post-osd-convert", "capsfilter",
                                      "encoder", "parser", "mux", "filesink"]):
            assert f"encode-{role}-{index}" in p, role
        """,
        clip,
        tmp_path / "out.mp4",
    )
    assert done.returncode == 0, done.stderr


def test_the_muxer_gets_the_documented_defaults_and_what_was_given(clip):
    flow, _ = capture(clip, clip)
    mux = flow.pipeline[flow._streams[0]]
    names = ("width", "height", "batch-size", "batched-push-timeout", "buffer-pool-size")
    assert [mux.get(name) for name in names] == [1920, 1080, 2, 33000, 4]
    flow, _ = capture(clip, **{"width": 640, "batch-size": 8, "live_source": True})
    mux = flow.pipeline[flow._streams[0]]
    assert [mux.get(name) for name in ("width", "batch-size", "live-source")] == [640, 8, True]


def test_each_step_gives_a_new_flow_and_keeps_the_batch_size(clip):
    first = Flow(Pipeline("p"))
    second = first.batch_capture([str(clip), str(clip)])
    third = second.attach(Probe("frames", Frames()))
    assert first is not second is not third
    assert (first._batch_size, second._batch_size, third._batch_size) == (0, 2, 2)
    assert third._streams == second._streams
    assert third.render(RenderMode.DISCARD)._streams == []


def test_a_stream_is_a_string_and_has_parts():
    stream = StreamInfo("mux", "src_%u")
    assert stream == "mux" and isinstance(stream, str)
    assert (stream.originator, stream.template, stream.media_type) == (
        "mux",
        "src_%u",
        MediaType.VIDEO,
    )
    flow = Flow(Pipeline("p"), ["demux/src_%u", "osd"])
    assert [(s.originator, s.template) for s in flow._streams] == [("demux", "src_%u"), ("osd", "")]


def test_a_flow_goes_on_from_elements_made_by_hand(tmp_path):
    pipeline = Pipeline("p").add("videotestsrc", "src", {"num-buffers": 10})
    Flow(pipeline, ["src"]).render(RenderMode.DISCARD)()


# What it refuses


def test_a_missing_file_is_named_at_once(clip):
    with pytest.raises(FileNotFoundError, match=r"File /no/such\.mp4 doesn't exist") as caught:
        capture(clip, "/no/such.mp4")
    assert isinstance(caught.value, dsbind.Error)


@pytest.mark.parametrize("given", ["clip.mp4", None, 3])
def test_sources_that_are_no_list_are_refused(given):
    with pytest.raises(TypeError, match="input must be a source list"):
        Flow(Pipeline("p")).batch_capture(given)


def test_an_empty_list_of_sources_is_refused():
    with pytest.raises(TypeError, match="No input list"):
        Flow(Pipeline("p")).batch_capture([])


def test_what_a_later_release_does_is_said_to_be_so(clip):
    flow = Flow(Pipeline("p"))
    for call in (lambda: flow.batch_capture([str(clip)], media_types=[MediaType.AUDIO]),):
        with pytest.raises(NotImplementedError, match="this release"):
            call()


def test_a_keyword_that_nothing_knows_warns_with_the_nearest(clip, tmp_path):
    with pytest.warns(UnknownPropertyWarning, match="'batched-push-timeout'"):
        flow, _ = capture(clip, batch_push_timeout=10)
    with pytest.warns(UnknownPropertyWarning, match="'bitrate'"):
        flow.encode(str(tmp_path / "x.mp4"), bit_rate=10)


@pytest.mark.parametrize("keyword", [{"width": -1}, {"width": 2**40}, {"batch_size": 0}])
def test_a_keyword_out_of_range_names_the_range(clip, keyword):
    with pytest.raises(ValueError, match="must be from"):
        capture(clip, **keyword)


def test_operations_need_exactly_one_stream(clip):
    flow, _ = capture(clip)
    ended = flow.render(RenderMode.DISCARD)
    for bad in (ended, Flow(Pipeline("p")), Flow(Pipeline("p"), ["a", "b"])):
        for call, args in ((bad.render, ()), (bad.encode, ("x.mp4",)), (bad.infer, ("x",))):
            with pytest.raises(dsbind.FlowError, match="multiple streams must be batched"):
                call(*args)


def test_infer_checks_its_config_at_once(clip, tmp_path):
    flow, _ = capture(clip)
    with pytest.raises(FileNotFoundError, match=r"nowhere\.txt"):
        flow.infer(str(tmp_path / "nowhere.txt"))
    with pytest.raises(TypeError, match="Inference config must be a file path"):
        flow.infer(3)


def test_display_without_a_display_names_the_ways_without(clip, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    flow, _ = capture(clip)
    with pytest.raises(dsbind.DisplayError, match="DISCARD.*encode"):
        flow.render()


@pytest.mark.parametrize(
    ("dest", "error", "text"),
    [
        ("out.avi", TypeError, "'.avi' is not supported"),
        ("file://out.mp4", TypeError, "is not supported"),
        ("http://localhost/x.mp4", TypeError, "Only file, rtsp or udp are supported"),
        ("rtsp://elsewhere:8554", TypeError, "Only localhost is supported"),
        ("/no/such/folder/out.mp4", OSError, "no folder /no/such/folder"),
        ("/proc/out.mp4", OSError, "/proc/out.mp4 cannot be written"),
    ],
)
def test_a_destination_that_cannot_be_is_refused_at_once(clip, dest, error, text):
    flow, _ = capture(clip)
    with pytest.raises(error, match=text) as caught:
        flow.encode(dest)
    assert isinstance(caught.value, dsbind.Error)


def test_an_output_that_is_an_input_is_refused(clip):
    flow, _ = capture(clip)
    before = clip.read_bytes()
    with pytest.raises(dsbind.OutputError, match="is an input"):
        flow.encode(str(clip))
    assert clip.read_bytes() == before


def test_an_output_that_is_a_folder_is_refused(clip, tmp_path):
    folder = tmp_path / "out.mp4"
    folder.mkdir()
    flow, _ = capture(clip)
    with pytest.raises(dsbind.OutputError, match="not a file"):
        flow.encode(str(folder))


def test_an_unknown_codec_is_refused(clip, tmp_path):
    flow, _ = capture(clip)
    with pytest.raises(TypeError, match="Codec type mpeg9 is not supported"):
        flow.encode(str(tmp_path / "out.mp4"), codec_type="mpeg9")


# Failures while it runs


def test_a_file_that_is_no_video_is_a_source_error_and_leaves_no_output(text, tmp_path):
    out = tmp_path / "out.mp4"
    flow, _ = capture(text)
    start = time.monotonic()
    with pytest.raises(dsbind.SourceError, match=r"text\.mp4.*[Cc]heck that it is") as caught:
        flow.encode(str(out))()
    assert time.monotonic() - start < 5
    assert caught.value.source == text.as_uri()
    assert caught.value.element.startswith("batch_capture-source-")
    assert not out.exists() or str(out) in str(caught.value)


def test_an_exception_in_an_operator_is_raised_from_the_flow(clip, tmp_path):
    class Bad(BatchMetadataOperator):
        def handle_metadata(self, batch_meta):
            raise RuntimeError("mine")

    out = tmp_path / "out.mp4"
    flow = Flow(Pipeline("p")).batch_capture([str(clip)], width=320, height=240)
    with pytest.raises(RuntimeError, match="mine") as caught:
        flow.attach(Probe("bad", Bad())).encode(str(out))()
    assert "handle_metadata" in str([frame.name for frame in caught.traceback])
    if out.exists():
        assert str(out) in "".join(caught.value.__notes__)


def test_one_bad_source_of_three_fails_alone_and_is_raised_at_the_end(clip, text):
    flow, frames = capture(clip, text, clip)
    with pytest.raises(dsbind.SourceError, match=r"text\.mp4") as caught:
        flow.render(RenderMode.DISCARD)()
    assert frames.of(0) == frames.of(2) == list(range(60))
    assert frames.of(1) == []
    assert caught.value.others == ()


def test_several_bad_sources_are_all_told(clip, text, tmp_path):
    empty = tmp_path / "empty.mp4"
    empty.touch()
    flow, frames = capture(text, clip, empty)
    with pytest.raises(dsbind.SourceError) as caught:
        flow.render(RenderMode.DISCARD)()
    assert frames.of(1) == list(range(60))
    error = caught.value
    assert len(error.others) == 1 and len(error.__notes__) == 1
    both = {error.source, error.others[0].source}
    assert both == {text.as_uri(), empty.as_uri()}


def test_a_flow_with_a_bad_source_can_be_run_again(clip, text):
    flow, frames = capture(clip, text)
    flow.render(RenderMode.DISCARD)
    for _ in range(2):
        frames.seen.clear()
        with pytest.raises(dsbind.SourceError, match=r"text\.mp4"):
            flow()
        assert frames.of(0) == list(range(60))


def test_a_flow_run_again_and_again_gives_all_frames_each_time(clip):
    flow, frames = capture(clip)
    flow.render(RenderMode.DISCARD)
    for _ in range(20):
        frames.seen.clear()
        flow()
        assert frames.of(0) == list(range(60))


def test_when_all_sources_are_bad_the_flow_fails_soon(text):
    flow, _ = capture(text, text)
    start = time.monotonic()
    with pytest.raises(dsbind.SourceError):
        flow.render(RenderMode.DISCARD)()
    assert time.monotonic() - start < 5


def test_raise_stops_the_others_at_once(make_clip, text):
    flow, frames = capture(make_clip(frames=600), text, on_source_error="raise")
    with pytest.raises(dsbind.SourceError, match=r"text\.mp4"):
        flow.render(RenderMode.DISCARD, sync=True)()
    assert len(frames.of(0)) < 300


def test_on_source_error_is_one_of_two_words(clip):
    with pytest.raises(dsbind.ConfigError, match="'continue' or 'raise'"):
        capture(clip, on_source_error="ignore")


def test_a_flow_without_an_end_says_so(clip):
    flow, _ = capture(clip)
    with pytest.raises(dsbind.StreamError, match="linked"):
        flow()


@pytest.mark.parametrize(
    "call",
    [
        lambda flow, uri: flow.batch_capture(uri),
        lambda flow, uri: flow.batch_capture({uri}),
        lambda flow, uri: flow.batch_capture([uri.encode()]),
        lambda flow, uri: flow.batch_capture([uri + "\0"]),
        lambda flow, uri: flow.batch_capture([uri]).encode(uri.replace("rtsp", "http")),
        lambda flow, uri: flow.batch_capture([uri]).encode(uri.encode()),
    ],
)
def test_what_is_refused_is_shown_without_credentials(call):
    with pytest.raises(dsbind.Error) as caught:
        call(Flow(Pipeline("p")), "rtsp://me:pw1@127.0.0.1/x.mp4")
    assert "pw1" not in str(caught.value)


def test_names_that_are_no_utf8_are_read_and_written(clip, tmp_path):
    source = os.path.join(os.fsencode(tmp_path), b"in\xff.mp4")
    target = os.path.join(os.fsencode(tmp_path), b"out\xff.mp4")
    shutil.copy(clip, source)
    Flow(Pipeline("p")).batch_capture([os.fsdecode(source)]).encode(os.fsdecode(target))()
    assert os.path.getsize(target) > 0
