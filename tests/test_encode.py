# SPDX-License-Identifier: Apache-2.0
"""`encode` to files: what is written is what was played, whatever ends the flow."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest
from looking import COLOURS, boxes, colour_clip, decode, has_box, is_colour, psnr

import dsbind
from dsbind import (
    BatchMetadataOperator,
    BufferOperator,
    Flow,
    MediaType,
    Pipeline,
    Probe,
    RenderMode,
    UnknownPropertyWarning,
    gst,
)
from dsbind.media import MediaInfo
from dsbind.operations import codecs
from dsbind.operations.base import StreamInfo

SIZE = {"width": 320, "height": 240}
HARDWARE = {
    "h264": "nvv4l2h264enc",
    "h265": "nvv4l2h265enc",
    "av1": "nvv4l2av1enc",
    "jpeg": "nvjpegenc",
}


def capture(*clips, **options):
    return Flow(Pipeline("encode")).batch_capture([str(clip) for clip in clips], **SIZE | options)


def need_encoder(codec, software):
    if not software and not gst.has_element(HARDWARE[codec]):
        pytest.skip(f"there is no {HARDWARE[codec]} here")


@pytest.fixture(scope="module")
def source(clip):
    """The frames of the clip."""
    return decode(clip, 320, 240)


@pytest.fixture(scope="module")
def colours(tmp_path_factory):
    folder = tmp_path_factory.mktemp("colours")
    return [colour_clip(folder, colour, frames=20) for colour in COLOURS]


def node(flow, role):
    """The element of the last `encode` with a role."""
    names = [name for name in flow.pipeline._graph.elements if name.startswith(f"encode-{role}-")]
    return flow.pipeline[names[-1]]


# What is written


@pytest.mark.parametrize("software", [True, False], ids=["software", "hardware"])
@pytest.mark.parametrize("codec", ["h264", "h265", "av1"])
@pytest.mark.parametrize("extension", ["mp4", "mov", "mkv"])
def test_a_video_holds_every_frame_of_its_source(
    clip, source, tmp_path, codec, extension, software
):
    need_encoder(codec, software)
    out = tmp_path / f"out.{extension}"
    capture(clip).encode(str(out), use_sw_codec=software, codec_type=codec)()
    info = MediaInfo.discover(str(out))
    assert (info.video.width, info.video.height, info.video.codec) == (320, 240, f"video/x-{codec}")
    assert info.duration == pytest.approx(2e9, rel=0.02)
    frames = decode(out, 320, 240)
    assert frames.shape == source.shape
    assert psnr(frames, source) > 28


@pytest.mark.parametrize("software", [True, False], ids=["software", "hardware"])
@pytest.mark.parametrize("name", ["out.jpg", "OUT.MJPG"])
def test_images_are_written_one_after_another(clip, source, tmp_path, name, software):
    need_encoder("jpeg", software)
    out = tmp_path / name
    capture(clip).encode(str(out), use_sw_codec=software)()
    frames = decode(out, 320, 240)
    assert frames.shape == source.shape
    assert psnr(frames, source) > 28


def test_quality_of_images(clip, tmp_path):
    sizes = []
    for quality in (10, 95):
        out = tmp_path / f"{quality}.jpg"
        capture(clip).encode(str(out), use_sw_codec=True, quality=quality)()
        sizes.append(out.stat().st_size)
    assert sizes[0] < 0.7 * sizes[1]


def test_boxes_are_in_the_file_where_they_should_be(colours, tmp_path):
    for name, osd in (("with.mp4", True), ("without.mp4", False)):
        flow = capture(colours[0]).attach(Probe("boxes", boxes(100, 60, 80, 60)))
        flow.encode(tmp_path / name, use_sw_codec=True, enable_osd=osd, bitrate=8_000_000)()
    red = COLOURS["red"]
    assert has_box(decode(tmp_path / "with.mp4", 320, 240)[-1], 100, 60, 80, 60, red)
    without = decode(tmp_path / "without.mp4", 320, 240)[-1]
    assert all(is_colour(pixel, red) for pixel in without.reshape(-1, 3)[::97])


@pytest.mark.parametrize("extension", ["mkv", "jpg"])
def test_several_sources_are_one_mosaic(colours, tmp_path, caplog, extension):
    out = tmp_path / f"out.{extension}"
    with caplog.at_level(logging.INFO, "dsbind"):
        capture(*colours).encode(str(out), use_sw_codec=True, width=640, height=480)()
    assert caplog.text.count("4 sources are written as one mosaic") == 1
    frames = decode(out, 640, 480)
    assert len(frames) >= 20
    for colour, (left, top) in zip(
        COLOURS.values(), [(0, 0), (320, 0), (0, 240), (320, 240)], strict=True
    ):
        tile = frames[10][top + 12 : top + 228, left + 12 : left + 308].reshape(-1, 3)
        assert all(is_colour(pixel, colour) for pixel in tile[::501])


def test_one_source_is_scaled_to_the_size_given(colours, tmp_path):
    out = tmp_path / "out.mp4"
    capture(colours[1]).encode(str(out), use_sw_codec=True, width=160, height=120)()
    assert is_colour(decode(out, 160, 120)[5][60, 80], COLOURS["green"])


def test_odd_sizes_that_a_software_encoder_cannot_code_say_what_to_do(clip, tmp_path):
    with pytest.raises(dsbind.StreamError, match="even numbers: give encode"):
        capture(clip, width=321).encode(tmp_path / "out.mp4", use_sw_codec=True)()
    flow = capture(clip, width=321)
    flow.encode(tmp_path / "out.mp4", use_sw_codec=True, width=320, height=240)()
    assert MediaInfo.discover(str(tmp_path / "out.mp4")).video.width == 320


def test_a_flow_is_encoded_to_several_files_at_once(clip, source, tmp_path):
    fork = capture(clip).fork()
    fork.encode(tmp_path / "a.mp4", use_sw_codec=True)
    fork.encode(tmp_path / "b.mkv", use_sw_codec=True, codec_type="av1")
    fork.encode(tmp_path / "c.jpg", use_sw_codec=True)
    fork()
    for name in ("a.mp4", "b.mkv", "c.jpg"):
        assert decode(tmp_path / name, 320, 240).shape == source.shape


# Options


def test_options_reach_the_encoder_under_its_own_names(clip, tmp_path):
    given = {"bitrate": 500_000, "iframeinterval": 7, "sync": True}
    expected = {
        "h264": {"bitrate": 500, "key-int-max": 7},
        "h265": {"bitrate": 500, "key-int-max": 7},
        "av1": {"target-bitrate": 500, "keyframe-max-dist": 7},
    }
    for codec, properties in expected.items():
        flow = capture(clip)
        flow.encode(tmp_path / f"{codec}.mp4", use_sw_codec=True, codec_type=codec, **given)
        encoder = node(flow, "encoder")
        assert {name: encoder.get(name) for name in properties} == properties
        assert node(flow, "filesink").get("sync") is True
    for codec in expected:
        if not gst.has_element(HARDWARE[codec]):
            continue
        flow = capture(clip)
        flow.encode(tmp_path / f"{codec}.mkv", codec_type=codec, **given)
        encoder = node(flow, "encoder")
        assert (encoder.get("bitrate"), encoder.get("iframeinterval")) == (500_000, 7)


def test_the_documented_defaults(clip, tmp_path):
    flow = capture(clip)
    flow.encode(tmp_path / "out.mp4")
    encoder, sink = node(flow, "encoder"), node(flow, "filesink")
    names = ("profile", "iframeinterval", "bitrate")
    assert [encoder.get(name) for name in names] == [0, 10, 2000000]
    assert (sink.get("sync"), sink.get("async")) == (False, False)
    assert node(flow, "osd").get("display-mask") is True


@pytest.mark.parametrize("software", [True, False], ids=["software", "hardware"])
@pytest.mark.parametrize(("profile", "number"), [(0, 66), (2, 77), (4, 100)])
def test_the_profile_is_in_the_file(clip, tmp_path, profile, number, software):
    out = tmp_path / "out.mp4"
    capture(clip).encode(str(out), use_sw_codec=software, profile=profile)()
    settings = out.read_bytes().partition(b"avcC")[2]
    assert settings[1] == number


def test_a_profile_that_a_codec_has_not_is_refused(clip, tmp_path):
    with pytest.raises(ValueError, match=r"no profile 9; use one of 0 \(baseline\), 2 \(main\)"):
        capture(clip).encode(tmp_path / "out.mp4", use_sw_codec=True, profile=9)
    # The same file can be written then.
    capture(clip).encode(tmp_path / "out.mp4", use_sw_codec=True, profile="high")


@pytest.mark.parametrize(
    ("name", "option", "close"),
    [
        ("out.mp4", "bit_rate", "'bitrate'"),
        ("out.mp4", "i_frame_interval", "'iframeinterval'"),
        ("out.mp4", "codec", "'codec-type'"),
        ("out.jpg", "bitrate", "'bitrate'"),
    ],
)
def test_an_option_without_effect_warns_with_the_nearest(clip, tmp_path, name, option, close):
    with pytest.warns(UnknownPropertyWarning, match=close):
        capture(clip).encode(tmp_path / name, use_sw_codec=True, **{option: 1})


@pytest.mark.parametrize("bitrate", [-1, "2M", True])
def test_a_bitrate_that_cannot_be_is_refused(clip, tmp_path, bitrate):
    for software in (True, False):
        with pytest.raises(ValueError, match="bitrate"):
            capture(clip).encode(tmp_path / "x.mp4", use_sw_codec=software, bitrate=bitrate)


# What is refused


@pytest.mark.parametrize(
    ("dest", "error", "text"),
    [
        ("out.avi", TypeError, r"'\.avi' is not supported; .*\.mp4, \.mov, \.mkv, \.jpg, \.mjpg"),
        ("out", TypeError, "File extension '' is not supported"),
        ("file:///out", TypeError, "File extension '' is not supported"),
        ("file://out.mp4", TypeError, r"is not supported: .*Write 'out\.mp4' without file://"),
        ("file://videos/out.mp4", TypeError, r"is not supported: .*'videos/out\.mp4' without"),
        ("http://localhost/x.mp4", TypeError, "^Only file, rtsp or udp are supported"),
        ("rtsp://elsewhere:8554", TypeError, "^Only localhost is supported for streaming"),
        ("udp://10.0.0.7:5400", TypeError, "^Only localhost is supported for streaming"),
        ("rtsp://:8554", TypeError, "^Only localhost is supported for streaming"),
        ("rtsp://localhost", ValueError, "needs a port .*rtsp://localhost:8554"),
        ("udp://localhost", ValueError, "needs a port"),
        ("udp://localhost:0", ValueError, "needs a port from 1 to 65535"),
        ("udp://localhost:99999", ValueError, "needs a port from 1 to 65535"),
        ("rtsp://me:pw1@localhost:8554", ValueError, "without a password"),
        ("rtsp://[localhost:8554", ValueError, "is no URI"),
        ("out\0.mp4", ValueError, "NUL"),
        (b"out.mp4", TypeError, "as text"),
        (None, TypeError, "as text"),
    ],
)
def test_a_destination_that_cannot_be_is_refused_at_once(clip, dest, error, text):
    flow = capture(clip)
    with pytest.raises(error, match=text) as caught:
        flow.encode(dest)
    assert isinstance(caught.value, dsbind.Error)
    assert "pw1" not in str(caught.value)


def test_an_unknown_codec_is_refused(clip):
    for codec in ("mpeg9", "", None, 264):
        with pytest.raises(
            TypeError, match=f"Codec type {codec} is not supported; use one of h264"
        ):
            capture(clip).encode("out.mp4", codec_type=codec)


def test_a_missing_codec_names_what_to_install(clip, tmp_path, monkeypatch):
    out = tmp_path / "out.mp4"
    none = codecs.Codec("h265", "nosuchhard", "nosuchsoft", "h265parse", "rtph265pay", "video/x")
    monkeypatch.setitem(codecs._CODECS, "h265", none)
    monkeypatch.setitem(dsbind.operations.parts._PACKAGES, "nosuchsoft", "gstreamer1.0-such")
    flow = capture(clip)
    before = set(flow.pipeline._graph.elements)
    with pytest.raises(RuntimeError, match="^Element creation failed") as caught:
        flow.encode(out, codec_type="h265")
    assert isinstance(caught.value, dsbind.MissingElementError)
    for word in ("nosuchhard", "h265", "use_sw_codec=True", "gstreamer1.0-such"):
        assert word in str(caught.value)
    with pytest.raises(dsbind.MissingElementError, match=r"h265 .*install.*gstreamer1\.0-such"):
        flow.encode(out, use_sw_codec=True, codec_type="h265")
    # Nothing of it is left in the pipeline, and the same file can be written.
    assert set(flow.pipeline._graph.elements) == before
    flow.encode(out, use_sw_codec=True)()
    assert out.stat().st_size > 0


def test_audio_is_not_encoded(tmp_path):
    flow = Flow(Pipeline("p"), [StreamInfo("audio", "", MediaType.AUDIO)])
    with pytest.raises(dsbind.UnsupportedError, match="no audio"):
        flow.encode(tmp_path / "out.mp4")


# Whatever ends the flow, the file plays


class At(BufferOperator):
    """Does something at one buffer."""

    def __init__(self, n, what):
        self.n = n
        self.what = what

    def handle_buffer(self, buffer):
        self.n -= 1
        if self.n == 0:
            self.what()
        return True


@pytest.fixture(params=["mp4", "mov", "mkv"])
def out(request, tmp_path):
    return tmp_path / f"out.{request.param}"


def plays(path, at_least=1):
    frames = decode(path, 320, 240)
    assert len(frames) >= at_least
    return frames


def test_the_file_plays_after_stop(clip, out):
    flow = capture(clip, file_loop=True)
    flow.attach(Probe("stop", At(30, lambda: flow.pipeline.stop())))
    flow.encode(out, use_sw_codec=True)()
    plays(out, 29)


def test_the_file_plays_after_an_exception_in_a_probe(clip, out):
    class Bad(BatchMetadataOperator):
        def handle_metadata(self, batch_meta):
            for frame in batch_meta.frame_items:
                if frame.frame_number == 40:
                    raise RuntimeError("mine")

    flow = capture(clip).attach(Probe("bad", Bad()))
    with pytest.raises(RuntimeError, match="mine"):
        flow.encode(out, use_sw_codec=True)()
    plays(out, 30)


def test_the_file_plays_after_another_branch_failed(clip, source, out):
    flow = capture(clip)
    fork = flow.fork()
    fork.encode(out, use_sw_codec=True)
    pipeline = flow.pipeline.add("identity", "bad", {"error-after": 20})
    pipeline.add("fakesink", "sink")
    fork._link(fork._streams[0], "bad")
    pipeline.link("bad", "sink")
    start = time.monotonic()
    with pytest.raises(dsbind.StreamError, match="bad") as caught:
        fork()
    assert time.monotonic() - start < 15
    assert f"output so far is in {out}" in str(caught.value)
    frames = plays(out, 5)
    assert psnr(frames[0], source[0]) > 28


def test_a_source_that_fails_in_the_middle_leaves_a_file_that_plays(clip, out, tmp_path):
    pipeline = Pipeline("middle").add("videotestsrc", "src").add("capsfilter", "caps")
    pipeline["caps"].set("caps", "video/x-raw,format=I420,width=320,height=240,framerate=30/1")
    pipeline.add("identity", "bad", {"error-after": 20}).link("src", "caps", "bad")
    with pytest.raises(dsbind.StreamError, match="bad"):
        Flow(pipeline, ["bad"]).encode(out, use_sw_codec=True)()
    plays(out, 15)


def test_the_file_plays_after_ctrl_c(clip, out):
    program = """
        import sys
        from dsbind import Flow, Pipeline
        flow = Flow(Pipeline("p"))
        flow = flow.batch_capture([sys.argv[1]], file_loop=True, width=320, height=240)
        flow.encode(sys.argv[2], use_sw_codec=True, sync=True)()
        """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program), str(clip), str(out)],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until = time.monotonic() + 20
        while not out.exists() and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(1.5)
        start = time.monotonic()
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=10)
        assert time.monotonic() - start < 5
    finally:
        child.kill()
    assert "KeyboardInterrupt" in errors
    plays(out, 5)


def test_stop_while_the_file_is_being_completed_does_not_hang(clip, tmp_path):
    flow = capture(clip, file_loop=True)
    flow.encode(tmp_path / "out.mp4", use_sw_codec=True, sync=True)
    flow.pipeline.start()
    threading.Timer(0.5, flow.pipeline.stop).start()
    threading.Timer(0.6, flow.pipeline.stop).start()
    flow.pipeline.wait(20)
    plays(tmp_path / "out.mp4")


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv", "out.jpg"])
def test_a_full_disk_is_an_output_error_that_names_the_file(clip, run_program, tmp_path, name):
    # A limit on the size of files: the same failure of write(), without a disk to fill.
    done = run_program(
        """
        import resource, sys, time
        import dsbind
        from dsbind import Flow, Pipeline
        flow = Flow(Pipeline("p")).batch_capture([sys.argv[1]], file_loop=True)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        start = time.monotonic()
        try:
            flow.encode(sys.argv[2], use_sw_codec=True, bitrate=20_000_000)()
        except dsbind.OutputError as error:
            print(isinstance(error, OSError), time.monotonic() - start < 20, error)
        """,
        clip,
        tmp_path / name,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("True True")
    assert str(tmp_path / name) in done.stdout


def test_rendering_and_encoding_at_once(clip, source, tmp_path):
    fork = capture(clip).fork()
    fork.render(RenderMode.DISCARD, sync=False)
    fork.encode(tmp_path / "out.mp4", use_sw_codec=True)
    fork()
    assert len(plays(tmp_path / "out.mp4")) == len(source)


def test_a_run_can_be_repeated_and_replaces_the_file(clip, source, tmp_path):
    out = os.fspath(tmp_path / "out.mp4")
    flow = capture(clip).encode(out, use_sw_codec=True)
    flow()
    flow()
    assert len(plays(out)) == len(source)
