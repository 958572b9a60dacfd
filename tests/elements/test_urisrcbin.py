# SPDX-License-Identifier: Apache-2.0
"""nvurisrcbin: every kind of source plays, and every bad one fails by one error, soon."""

from __future__ import annotations

import functools
import http.server
import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from camera import Camera
from launching import system_plugins_without

PLAY = "nvurisrcbin name=source uri={} ! nvvideoconvert ! video/x-raw,format=NV12 ! checksumsink"
WATCH = "nvurisrcbin name=source uri={} {} ! fakesink name=sink silent=false"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a server for the files of the test."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def one_error(launch, uri: str, seconds: float = 3) -> str:
    """The text of the one error that comes from the element itself, within the time."""
    begun = time.monotonic()
    result = launch(f"nvurisrcbin name=source uri={uri} ! fakesink", ok=False, timeout=20)
    assert time.monotonic() - begun < seconds + 2, "2 s are for the start of gst-launch-1.0"
    assert len(result.errors) == 1, result.output
    assert result.errors[0].startswith("DsbindUriSrcBin:source: "), result.errors
    return result.errors[0].partition(": ")[2]


@pytest.mark.parametrize("form", ["file://{}", "{}"])
def test_frames_are_those_of_the_file(launch, h264, form):
    clip = h264()
    ours = launch(PLAY.format(form.format(clip))).checksums
    theirs = launch(
        f"filesrc location={clip} ! decodebin ! videoconvert ! video/x-raw,format=NV12 "
        "! checksumsink"
    ).checksums
    assert len(ours) == 30
    assert ours == theirs


@pytest.mark.parametrize(
    ("container", "name"),
    [("mpegtsmux", "a.ts"), ("matroskamux", "a.mkv"), ("flvmux", "a.flv"), ("avimux", "a.avi")],
)
def test_containers(launch, h264, container, name):
    assert len(launch(PLAY.format(h264(container=container, name=name))).checksums) == 30


@pytest.mark.parametrize(
    ("encoder", "name", "frames"),
    [
        ("jpegenc ! avimux", "motion.avi", 5),
        ("pngenc snapshot=true", "one.png", 1),
        ("theoraenc ! oggmux", "a.ogv", 5),
        ("y4menc", "raw.y4m", 5),
    ],
)
def test_other_media_go_through_other_decoders(launch, tmp_path, encoder, name, frames):
    launch(
        "videotestsrc num-buffers=5 ! video/x-raw,format=I420,width=160,height=120 "
        f"! {encoder} ! filesink location={name}".replace(
            "I420", "RGB" if "png" in name else "I420"
        )
    )
    assert len(launch(PLAY.format(tmp_path / name)).checksums) == frames


def test_pad_is_vsrc_0_with_nv12_in_nvmm(launch, h264):
    result = launch(f"nvurisrcbin name=source uri={h264()} ! fakesink")
    assert result.caps_of("source.GstGhostPad:vsrc_0").startswith(
        "video/x-raw(memory:NVMM), format=(string)NV12, width=(int)320, height=(int)240"
    )


def with_sound(launch, tmp_path: Path) -> Path:
    launch(
        "audiotestsrc num-buffers=40 ! avenc_aac ! mux. videotestsrc num-buffers=25 "
        "! video/x-raw,format=I420 ! x264enc ! h264parse ! mp4mux name=mux "
        "! filesink location=sound.mp4"
    )
    return tmp_path / "sound.mp4"


def test_sound_is_left_out(launch, tmp_path):
    result = launch(WATCH.format(with_sound(launch, tmp_path), ""))
    assert len(result.timestamps) == 25
    assert "asrc_0" not in result.output


def test_http(launch, h264, server):
    h264()
    assert len(launch(PLAY.format(f"{server}/clip.mp4")).checksums) == 30


def test_file_loop_goes_on_without_a_gap(launch, h264):
    clip = h264()
    result = launch(WATCH.format(clip, "file-loop=true").replace("sink ", "sink num-buffers=95 "))
    assert len(result.timestamps) == 95
    steps = {
        round(b - a, 3) for a, b in zip(result.timestamps, result.timestamps[1:], strict=False)
    }
    assert steps == {0.04}


def test_drop_frame_interval(launch, h264):
    result = launch(WATCH.format(h264(), "drop-frame-interval=3"))
    assert len(result.timestamps) == 10


@pytest.mark.parametrize("crowded", [False, True])
def test_more_sources_than_cores_have_one_thread_each(launch, h264, tmp_path, crowded):
    """Threads that share the work of a stream would only wait for those of the others."""
    sources = len(os.sched_getaffinity(0)) + 1 if crowded else 1
    source = f"nvurisrcbin uri={h264()} ! fakesink "
    launch(source * sources, GST_DEBUG_DUMP_DOT_DIR=str(tmp_path))
    (graph,) = tmp_path.glob("*PAUSED_PLAYING.dot")
    decoders = re.findall(r"avdec_h264\\ndecoder.*", graph.read_text(encoding="utf-8"))
    limited = [decoder for decoder in decoders if "max-threads=1" in decoder]
    assert len(decoders) == sources
    assert len(limited) == (sources if crowded else 0), decoders


def test_a_missing_file_is_named(launch, tmp_path):
    text = one_error(launch, f"{tmp_path}/missing.mp4")
    assert f"{tmp_path}/missing.mp4 does not exist" in text


def test_an_empty_file_is_named(launch, tmp_path):
    (tmp_path / "empty.mp4").touch()
    assert "empty.mp4 is empty" in one_error(launch, f"{tmp_path}/empty.mp4")


def test_a_folder_is_named(launch, tmp_path):
    assert "is a folder" in one_error(launch, str(tmp_path))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"hello world, this is text\n" * 1000, "its content is text"),
        (b"hi", "is not a video"),
        (bytes(50000), "is not a video"),
    ],
)
def test_what_is_no_media_is_named(launch, tmp_path, content, expected):
    (tmp_path / "not.mp4").write_bytes(content)
    text = one_error(launch, f"{tmp_path}/not.mp4")
    assert f"{tmp_path}/not.mp4" in text
    assert expected in text


def test_sound_only_is_named(launch, tmp_path):
    launch("audiotestsrc num-buffers=20 ! avenc_aac ! mp4mux ! filesink location=sound.mp4")
    assert "sound.mp4 has no video" in one_error(launch, f"{tmp_path}/sound.mp4")
    launch("audiotestsrc num-buffers=20 ! wavenc ! filesink location=sound.wav")
    assert "sound.wav has no video" in one_error(launch, f"{tmp_path}/sound.wav")


def test_a_file_cut_short_plays_to_its_end_and_is_named(launch, h264):
    clip = h264()
    os.truncate(clip, clip.stat().st_size * 2 // 3)
    text = one_error(launch, str(clip))
    assert "ends early" in text
    frames = int(text.partition(" frames could be read")[0].rpartition(" ")[2])
    assert 10 <= frames < 30


def test_a_file_cut_before_its_index_is_named(launch, h264):
    clip = h264(container="mp4mux")
    os.truncate(clip, clip.stat().st_size // 2)
    assert "ends early" in one_error(launch, str(clip))


def test_damaged_frames_are_named(launch, h264):
    clip = h264()
    content = clip.read_bytes()
    start = content.index(b"mdat") + 4
    clip.write_bytes(content[:start] + os.urandom(len(content) - start))
    assert str(clip) in one_error(launch, str(clip))


@pytest.mark.parametrize(
    "uri", ["relative.mp4", "nothing://reads/this", "file://not-here/x.mp4", '""']
)
def test_what_is_no_source_is_named(launch, uri):
    text = one_error(launch, uri)
    assert "uri" in text.lower() if uri == '""' else uri.partition("://")[2] in text


def test_a_server_that_refuses_is_named_without_the_password(launch):
    text = one_error(launch, "http://somebody:secret@127.0.0.1:9/clip.mp4")
    assert "http://somebody:***@127.0.0.1:9/clip.mp4" in text
    result = launch(
        "nvurisrcbin uri=http://somebody:secret@127.0.0.1:9/clip.mp4 ! fakesink", ok=False
    )
    assert "secret" not in "".join(line for line in result.output.splitlines() if "ERROR" in line)


def test_a_server_that_never_answers_is_named(launch):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}/clip.mp4"
        assert f"{uri} does not answer" in one_error(launch, uri)


def test_a_file_the_server_lacks_is_named(launch, server):
    assert f"{server}/nope.mp4" in one_error(launch, f"{server}/nope.mp4")


def test_a_missing_depayloader_is_named_with_its_package(launch, tmp_path):
    with Camera() as camera:
        result = launch(
            f"nvurisrcbin uri={camera.uri} ! fakesink",
            ok=False,
            **system_plugins_without("rtp", tmp_path),
        )
    assert f"{camera.uri} cannot be played: GStreamer's element rtph264depay" in result.errors[0]
    assert "apt-get install gstreamer1.0-plugins-good" in result.errors[0]


def test_one_bad_source_leaves_the_state_of_the_others_alone(launch, h264, tmp_path):
    """The pipeline gets to PLAYING: the error is a message, no failed change of state."""
    result = launch(
        f"nvurisrcbin name=bad uri={tmp_path}/missing.mp4 ! fakesink async=false "
        f"nvurisrcbin uri={h264()} ! fakesink",
        ok=False,
    )
    assert len(result.errors) == 1
    assert "doesn't want to pause" not in result.output


def test_nothing_leaks(launch, h264, leaks_env):
    assert launch(f"nvurisrcbin uri={h264()} ! fakesink", **leaks_env).leaks == []
    looped = launch(
        f"nvurisrcbin uri={h264()} file-loop=true ! fakesink num-buffers=70", **leaks_env
    )
    assert looped.leaks == []


def test_nothing_leaks_after_an_error(launch, tmp_path, leaks_env):
    result = launch(f"nvurisrcbin uri={tmp_path}/missing.mp4 ! fakesink", ok=False, **leaks_env)
    assert result.leaks == []
