# SPDX-License-Identifier: Apache-2.0
"""nvv4l2decoder: the frames of GStreamer's decoders, in NVMM memory."""

from __future__ import annotations

import pytest

TO_SYSTEM = "nvvideoconvert ! video/x-raw,format=NV12 ! checksumsink"


def test_frames_are_those_of_the_software_decoder(launch, h264):
    clip = h264()
    start = f"filesrc location={clip} ! qtdemux ! h264parse"
    ours = launch(f"{start} ! nvv4l2decoder ! {TO_SYSTEM}").checksums
    theirs = launch(
        f"{start} ! avdec_h264 ! videoconvert ! video/x-raw,format=NV12 ! checksumsink"
    ).checksums
    assert len(ours) == 30
    assert ours == theirs


def test_caps_are_nv12_in_nvmm_with_the_streams_size_and_rate(launch, h264):
    result = launch(
        f"filesrc location={h264()} ! qtdemux ! h264parse ! nvv4l2decoder ! fakesink name=sink"
    )
    caps = result.caps_of("sink.GstPad:sink")
    assert caps.startswith("video/x-raw(memory:NVMM), format=(string)NV12, width=(int)320")
    assert "framerate=(fraction)25/1" in caps


@pytest.mark.parametrize(
    "encoder",
    [
        "x264enc ! video/x-h264,stream-format=byte-stream",
        "vp8enc deadline=1",
        "vp9enc deadline=1 cpu-used=8",
        "jpegenc",
        "avenc_mpeg4",
    ],
)
def test_codecs(launch, encoder):
    result = launch(
        "videotestsrc num-buffers=10 ! video/x-raw,format=I420,width=160,height=120 "
        f"! {encoder} ! nvv4l2decoder ! {TO_SYSTEM}"
    )
    assert len(result.checksums) == 10


@pytest.mark.parametrize("format", ["Y42B", "I420_10LE"])
def test_other_pixel_formats_become_nv12(launch, h264, format):
    clip = h264(format=format)
    result = launch(f"filesrc location={clip} ! qtdemux ! h264parse ! nvv4l2decoder ! {TO_SYSTEM}")
    assert len(result.checksums) == 30


def test_drop_frame_interval_hands_out_every_nth(launch, h264):
    result = launch(
        f"filesrc location={h264()} ! qtdemux ! h264parse "
        f"! nvv4l2decoder drop-frame-interval=5 ! {TO_SYSTEM}"
    )
    assert len(result.checksums) == 6


def test_skip_frames_decodes_key_frames_only(launch, h264):
    result = launch(
        f"filesrc location={h264()} ! qtdemux ! h264parse "
        f"! nvv4l2decoder skip-frames=decode_key ! {TO_SYSTEM}"
    )
    assert len(result.checksums) == 3


@pytest.mark.parametrize("stream_format", ["byte-stream", "avc"])
def test_skip_frames_leaves_out_frames_that_none_refers_to(launch, stream_format):
    result = launch(
        "videotestsrc num-buffers=31 ! video/x-raw,format=I420,width=160,height=120 "
        "! x264enc bframes=2 b-adapt=false key-int-max=31 option-string=b-pyramid=none "
        f"! h264parse ! video/x-h264,stream-format={stream_format} "
        f"! nvv4l2decoder skip-frames=decode_non_ref ! {TO_SYSTEM}"
    )
    assert len(result.checksums) == 11


def test_low_latency_decodes_the_same_frames(launch, h264):
    start = f"filesrc location={h264()} ! qtdemux ! h264parse ! nvv4l2decoder"
    plain = launch(f"{start} ! {TO_SYSTEM}").checksums
    assert launch(f"{start} low-latency-mode=true ! {TO_SYSTEM}").checksums == plain


def test_one_thread_decodes_the_same_frames(launch, h264):
    start = f"filesrc location={h264()} ! qtdemux ! h264parse ! nvv4l2decoder"
    plain = launch(f"{start} ! {TO_SYSTEM}").checksums
    assert launch(f"{start} max-threads=1 ! {TO_SYSTEM}").checksums == plain


def test_a_branch_that_draws_does_not_show_in_the_other(launch, h264):
    """Both branches of a tee get the same surfaces; turning frames in one leaves the other."""
    start = f"filesrc location={h264()} ! qtdemux ! h264parse ! nvv4l2decoder"
    alone = launch(f"{start} ! {TO_SYSTEM}").checksums
    beside = launch(
        f"{start} ! tee name=t t. ! queue ! nvvideoconvert flip-method=2 ! fakesink "
        f"t. ! queue ! {TO_SYSTEM}"
    ).checksums
    assert beside == alone


def test_a_stream_without_frames_ends(launch):
    launch("videotestsrc num-buffers=0 ! x264enc ! nvv4l2decoder ! fakesink", timeout=10)


def test_properties_of_deepstream_are_there(launch):
    names = (
        "gpu-id=0 num-extra-surfaces=4 drop-frame-interval=0 skip-frames=0 cudadec-memtype=2 "
        "device=/dev/nvidia0 low-latency-mode=0 enable-error-check=0 enable-max-performance=1 "
        "disable-dpb=1 enable-frame-type-reporting=0"
    )
    launch(
        "videotestsrc num-buffers=2 ! video/x-raw,format=I420 ! x264enc "
        f"! nvv4l2decoder {names} ! fakesink"
    )


def test_nothing_leaks(launch, h264, leaks_env):
    result = launch(
        f"filesrc location={h264()} ! qtdemux ! h264parse ! nvv4l2decoder ! fakesink",
        **leaks_env,
    )
    assert result.leaks == []
