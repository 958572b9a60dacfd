# SPDX-License-Identifier: Apache-2.0
"""nvv4l2h264enc: streams that decode, of the size, profile and rate asked for."""

from __future__ import annotations

import re

import pytest


def encode(
    launch, properties: str = "", size: str = "320x240", frames: int = 60, pattern="snow", **options
):
    width, height = size.split("x")
    return launch(
        f"videotestsrc num-buffers={frames} pattern={pattern} "
        f"! video/x-raw,format=I420,width={width},height={height},framerate=30/1 "
        '! nvvideoconvert ! "video/x-raw(memory:NVMM),format=NV12" '
        f"! nvv4l2h264enc name=enc {properties} ! h264parse name=parse "
        "! filesink location=out.h264",
        **options,
    )


def decoded_frames(launch) -> int:
    result = launch(
        "filesrc location=out.h264 ! h264parse ! avdec_h264 ! videoconvert "
        "! video/x-raw,format=I420 ! checksumsink"
    )
    return len(result.checksums)


def test_all_frames_come_out(launch):
    encode(launch)
    assert decoded_frames(launch) == 60


@pytest.mark.parametrize("memory", ["video/x-raw", '"video/x-raw(memory:NVMM)"'])
@pytest.mark.parametrize("format", ["I420", "NV12"])
def test_input_of_both_memories(launch, memory, format):
    caps = memory.strip('"') + f",format={format}"
    launch(
        "videotestsrc num-buffers=5 ! video/x-raw,width=64,height=64 ! nvvideoconvert "
        f'! "{caps}" ! nvv4l2h264enc ! h264parse ! filesink location=out.h264'
    )
    assert decoded_frames(launch) == 5


@pytest.mark.parametrize(
    ("size", "expected"),
    [("641x361", "640x360"), ("3x5", "2x4"), ("2x2", "2x2"), ("7680x16", "7680x16")],
)
def test_odd_sides_lose_a_column_or_row(launch, size, expected):
    result = encode(launch, size=size, frames=2)
    width, height = expected.split("x")
    caps = result.caps_of("parse.GstPad:src")
    assert f"width=(int){width}, height=(int){height}" in caps
    assert decoded_frames(launch) == 2


@pytest.mark.parametrize("size", ["1x1", "1x16"])
def test_sizes_that_h264_lacks_are_named(launch, size):
    result = encode(launch, size=size, frames=2, ok=False, timeout=10)
    width, height = size.split("x")
    assert any(f"{width} x {height} pixels cannot be encoded" in error for error in result.errors)


@pytest.mark.parametrize(
    ("value", "name"), [("0", "baseline"), ("2", "main"), ("4", "high"), ("Main", "main")]
)
def test_profile(launch, value, name):
    result = encode(launch, f"profile={value}", frames=5)
    assert re.search(
        rf"profile=\(string\)(constrained-)?{name}\b", result.caps_of("enc.GstGhostPad:src")
    )


def test_bitrate_is_bits_per_second(launch, tmp_path):
    sizes = []
    for bitrate in (500_000, 2_000_000):
        encode(launch, f"bitrate={bitrate}", frames=120)
        sizes.append((tmp_path / "out.h264").stat().st_size * 8 / 4)
    assert sizes[0] == pytest.approx(500_000, rel=0.4)
    assert sizes[1] == pytest.approx(2_000_000, rel=0.4)


def test_iframeinterval_sets_the_distance_of_key_frames(launch, tmp_path):
    encode(launch, "iframeinterval=10", frames=60, pattern="smpte75")
    stream = (tmp_path / "out.h264").read_bytes()
    idr = [m for m in re.finditer(b"\x00\x00\x01(.)", stream, re.DOTALL) if m[1][0] & 0x1F == 5]
    pictures = {stream.rfind(b"\x00\x00\x01\x67", 0, m.start()) for m in idr}
    assert len(pictures) == 6


def test_bad_qp_range_is_named(launch):
    result = encode(launch, "qp-range=nonsense", frames=2, ok=False)
    assert "qp-range" in result.errors[0]
    assert "nonsense" in result.errors[0]


def test_mp4_from_it_plays(launch, h264, tmp_path):
    launch(
        f"filesrc location={h264()} ! qtdemux ! h264parse ! nvv4l2decoder ! nvvideoconvert "
        '! "video/x-raw(memory:NVMM),format=I420" ! nvv4l2h264enc bitrate=1000000 ! h264parse '
        f"! mp4mux ! filesink location={tmp_path}/again.mp4"
    )
    result = launch(
        f"filesrc location={tmp_path}/again.mp4 ! decodebin ! videoconvert "
        "! video/x-raw,format=I420 ! checksumsink"
    )
    assert len(result.checksums) == 30


def test_nothing_leaks(launch, leaks_env):
    result = encode(
        launch,
        frames=10,
        **leaks_env,
    )
    assert result.leaks == []
