# SPDX-License-Identifier: Apache-2.0
"""The encoders: streams that decode, of the size, profile and rate asked for."""

from __future__ import annotations

import re
import subprocess

import pytest

VIDEO = {
    "nvv4l2h264enc": "h264parse",
    "nvv4l2h265enc": "h265parse",
    "nvv4l2av1enc": "av1parse",
}
ENCODERS = [*VIDEO, "nvjpegenc"]


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


def encode_to(launch, encoder: str, path: str, *, size="320x240", frames=30, more="", **options):
    """Encode with any of them; into a container that each can be in."""
    width, height = size.split("x")
    parser = VIDEO.get(encoder, "identity")
    mux = "qtmux" if path.endswith(".mov") else "mp4mux" if path.endswith(".mp4") else "matroskamux"
    return launch(
        f"videotestsrc num-buffers={frames} pattern=snow "
        f"! video/x-raw,format=I420,width={width},height={height},framerate=30/1 "
        '! nvvideoconvert ! "video/x-raw(memory:NVMM),format=NV12" '
        f"! {encoder} name=enc {more} ! {parser} ! {mux} ! filesink location={path}",
        **options,
    )


def frames_of(launch, path: str, size: str) -> list[float]:
    """Seconds of each frame of a file of this size."""
    width, height = size.split("x")
    result = launch(
        f"filesrc location={path} ! decodebin ! videoconvert "
        f"! video/x-raw,format=I420,width={width},height={height} "
        "! fakesink silent=false sync=false"
    )
    return result.timestamps


def test_all_frames_come_out(launch):
    encode(launch)
    assert decoded_frames(launch) == 60


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize("encoder", VIDEO)
def test_files_of_each_codec_play(launch, encoder, container):
    path = f"out.{container}"
    encode_to(launch, encoder, path)
    times = frames_of(launch, path, "320x240")
    assert times == pytest.approx([i / 30 for i in range(30)], abs=0.002)


def test_jpegs_are_pictures_of_the_size(launch, tmp_path):
    encode_to(launch, "nvjpegenc", "out.mkv", size="321x241", frames=3)
    assert len(frames_of(launch, "out.mkv", "321x241")) == 3


def test_jpeg_quality(launch, tmp_path):
    sizes = []
    for quality in (10, 90):
        encode_to(launch, "nvjpegenc", "out.mkv", frames=3, more=f"quality={quality}")
        sizes.append((tmp_path / "out.mkv").stat().st_size)
    assert sizes[1] > 2 * sizes[0]


@pytest.mark.parametrize("memory", ["video/x-raw", "video/x-raw(memory:NVMM)"])
@pytest.mark.parametrize("format", ["I420", "NV12"])
@pytest.mark.parametrize("encoder", ENCODERS)
def test_each_takes_both_memories(launch, encoder, format, memory):
    launch(
        "videotestsrc num-buffers=3 ! video/x-raw,width=64,height=64 ! nvvideoconvert "
        f'! "{memory},format={format}" ! {encoder} ! {VIDEO.get(encoder, "identity")} '
        "! matroskamux ! filesink location=out.mkv"
    )
    assert len(frames_of(launch, "out.mkv", "64x64")) == 3


@pytest.mark.parametrize("encoder", VIDEO)
def test_each_crops_odd_sides(launch, encoder):
    encode_to(launch, encoder, "out.mkv", size="321x241", frames=3)
    assert len(frames_of(launch, "out.mkv", "320x240")) == 3


@pytest.mark.parametrize(
    ("encoder", "size"), [("nvv4l2h265enc", "14x64"), ("nvv4l2av1enc", "64x2")]
)
def test_sizes_that_a_codec_lacks_are_named(launch, encoder, size):
    result = encode_to(launch, encoder, "out.mkv", size=size, frames=2, ok=False, timeout=10)
    width, height = size.split("x")
    assert any(f"{width} x {height} pixels cannot be encoded" in error for error in result.errors)


@pytest.mark.parametrize("encoder", VIDEO)
def test_bitrate_of_each_is_bits_per_second(launch, encoder, tmp_path):
    launch(
        "videotestsrc num-buffers=90 pattern=zone-plate kx2=20 ky2=20 kt=3 "
        "! video/x-raw,width=640,height=480,framerate=30/1 ! nvvideoconvert "
        f"! {encoder} bitrate=1000000 ! {VIDEO[encoder]} ! filesink location=out.stream"
    )
    rate = (tmp_path / "out.stream").stat().st_size * 8 / 3
    assert rate == pytest.approx(1_000_000, rel=0.3)


@pytest.mark.parametrize("encoder", VIDEO)
def test_iframeinterval_of_each(launch, encoder):
    result = launch(
        "videotestsrc num-buffers=40 ! video/x-raw,width=320,height=240 ! nvvideoconvert "
        f"! {encoder} iframeinterval=10 ! {VIDEO[encoder]} ! fakesink silent=false"
    )
    frames = re.findall(r"chain .*?flags: [0-9a-f]+ (.*?)meta", result.output)
    keys = [i for i, flags in enumerate(frames) if "delta-unit" not in flags]
    assert keys == [0, 10, 20, 30]


def test_h265_profile_of_ten_bits(launch):
    encode_to(launch, "nvv4l2h265enc", "out.mkv", frames=3, more="profile=Main10")
    assert len(frames_of(launch, "out.mkv", "320x240")) == 3


@pytest.mark.parametrize("factory", ["x265enc", "jpegenc"])
def test_a_missing_encoder_is_named_with_its_package(launch, factory, tmp_path):
    encoder, package = {
        "x265enc": ("nvv4l2h265enc", "gstreamer1.0-plugins-bad"),
        "jpegenc": ("nvjpegenc", "gstreamer1.0-plugins-good"),
    }[factory]
    # Of GStreamer's own plugins only the core elements are seen.
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    core = subprocess.run(
        ["gst-inspect-1.0", "capsfilter"], stdout=subprocess.PIPE, text=True, check=True
    )
    path = re.search(r"Filename +(\S+)", core.stdout)
    assert path
    (plugins / "libgstcoreelements.so").symlink_to(path[1])
    result = launch(
        f"fakesrc num-buffers=1 ! {encoder} ! fakesink",
        ok=False,
        GST_PLUGIN_SYSTEM_PATH=str(plugins),
        GST_REGISTRY=str(tmp_path / "registry.bin"),
    )
    assert f"apt-get install {package}" in result.output


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


@pytest.mark.parametrize("encoder", ENCODERS)
def test_nothing_leaks(launch, leaks_env, encoder):
    result = encode_to(launch, encoder, "out.mkv", frames=10, **leaks_env)
    assert result.leaks == []
