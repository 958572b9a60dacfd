# SPDX-License-Identifier: Apache-2.0
"""nvvideoconvert: what comes out has the pixels, the caps and the errors one expects."""

from __future__ import annotations

import pytest

NVMM = '"video/x-raw(memory:NVMM)'
FORMATS = ["NV12", "I420", "RGBA", "BGRA", "RGB", "BGR", "GRAY8"]


def source(format: str, width: int = 328, height: int = 242, frames: int = 2) -> str:
    return (
        f"videotestsrc num-buffers={frames} pattern=smpte "
        f"! video/x-raw,format={format},width={width},height={height}"
    )


@pytest.mark.parametrize("format", FORMATS)
def test_round_trip_through_nvmm_keeps_every_byte(launch, format):
    plain = launch(f"{source(format)} ! checksumsink").checksums
    there_and_back = launch(
        f'{source(format)} ! nvvideoconvert ! {NVMM},format={format}" '
        f"! nvvideoconvert ! video/x-raw,format={format} ! checksumsink"
    ).checksums
    assert len(plain) == 2
    assert there_and_back == plain


@pytest.mark.parametrize("format", ["Y42B", "Y444", "I420_10LE", "YUY2", "GRAY16_LE", "xRGB"])
def test_formats_that_surfaces_lack_are_converted(launch, format):
    result = launch(f'{source(format)} ! nvvideoconvert ! {NVMM}" ! fakesink name=sink')
    assert "memory:NVMM" in result.caps_of("sink.GstPad:sink")
    back = launch(
        f'{source("RGBA")} ! nvvideoconvert ! {NVMM}" ! nvvideoconvert '
        f"! video/x-raw,format={format} ! checksumsink"
    )
    assert len(back.checksums) == 2


@pytest.mark.parametrize(
    ("method", "direction"),
    [
        ("none", "identity"),
        ("counterclockwise", "90l"),
        ("rotate-180", "180"),
        ("clockwise", "90r"),
        ("horizontal-flip", "horiz"),
        ("upper-right-diagonal", "ur-ll"),
        ("vertical-flip", "vert"),
        ("upper-left-diagonal", "ul-lr"),
    ],
)
def test_flip_methods_do_what_videoflip_does(launch, method, direction):
    ours = launch(
        f'{source("RGBA")} ! nvvideoconvert ! {NVMM}" ! nvvideoconvert flip-method={method} '
        "! video/x-raw,format=RGBA ! checksumsink"
    )
    theirs = launch(f"{source('RGBA')} ! videoflip video-direction={direction} ! checksumsink")
    assert ours.checksums == theirs.checksums


def test_source_crop_takes_that_part(launch):
    ours = launch(
        f"{source('RGBA')} ! nvvideoconvert src-crop=32:16:64:48 "
        '! "video/x-raw(memory:NVMM),width=64,height=48" '
        "! nvvideoconvert ! video/x-raw,format=RGBA ! checksumsink"
    )
    theirs = launch(
        f"{source('RGBA')} ! videocrop left=32 top=16 right=232 bottom=178 ! checksumsink"
    )
    assert ours.checksums == theirs.checksums


def test_destination_crop_leaves_the_rest_black(launch):
    ours = launch(
        f"{source('RGB', 64, 48)} ! nvvideoconvert dest-crop=16:8:64:48 "
        '! "video/x-raw(memory:NVMM),format=RGB,width=96,height=64" '
        "! nvvideoconvert ! video/x-raw,format=RGB ! checksumsink"
    )
    theirs = launch(
        f"{source('RGB', 64, 48)} ! videobox left=-16 top=-8 right=-16 bottom=-8 ! checksumsink"
    )
    assert ours.checksums == theirs.checksums


def test_nothing_to_do_passes_buffers_through(launch):
    pipeline = f'{source("NV12", frames=1)} ! nvvideoconvert ! {NVMM}" ! nvvideoconvert%s name=x '
    trace = {"GST_DEBUG": "basetransform:6", "GST_DEBUG_NO_COLOR": "1"}
    through = launch(pipeline % "" + "! fakesink", **trace).output
    copied = launch(pipeline % " disable-passthrough=true" + "! fakesink", **trace).output
    assert "<x> element is in passthrough" in through
    assert "<x> element is in passthrough" not in copied


def test_one_side_given_keeps_the_shape(launch):
    result = launch(
        f'{source("NV12", 640, 360)} ! nvvideoconvert ! {NVMM},width=320" ! fakesink name=sink'
    )
    assert "height=(int)180" in result.caps_of("sink.GstPad:sink")


@pytest.mark.parametrize(("width", "height"), [(1, 1), (641, 361), (7680, 16)])
def test_odd_sizes(launch, width, height):
    sums = launch(f"{source('RGBA', width, height)} ! checksumsink").checksums
    back = launch(
        f'{source("RGBA", width, height)} ! nvvideoconvert ! {NVMM},format=RGBA" '
        "! nvvideoconvert ! video/x-raw,format=RGBA ! checksumsink"
    )
    assert back.checksums == sums


@pytest.mark.parametrize("crop", ["1:2:3", "0:0:-5:5", "0:0:99999999999:5", "a:b:c:d", "0:0:5:5x"])
def test_a_bad_crop_is_named(launch, crop):
    result = launch(
        f'{source("NV12")} ! nvvideoconvert src-crop={crop} ! {NVMM}" ! fakesink', ok=False
    )
    assert crop in result.errors[0]
    assert "left:top:width:height" in result.errors[0]


def test_a_crop_outside_the_frame_is_an_error(launch):
    result = launch(
        f'{source("NV12")} ! nvvideoconvert src-crop=300:0:100:100 ! {NVMM}" ! fakesink', ok=False
    )
    assert "outside its frame" in "\n".join(result.errors)


def test_sizes_beyond_the_limit_are_refused(launch):
    result = launch(
        f'{source("GRAY8", 16, 16)} ! nvvideoconvert ! {NVMM},width=20000,height=20000" ! fakesink',
        ok=False,
    )
    assert "16384" in "\n".join(result.errors)


def test_nothing_leaks(launch, leaks_env):
    result = launch(
        f'{source("I420", frames=20)} ! nvvideoconvert ! {NVMM},format=NV12" ! tee name=t '
        "t. ! queue ! nvvideoconvert ! video/x-raw,format=RGBA ! fakesink "
        "t. ! queue ! nvvideoconvert flip-method=2 ! fakesink",
        **leaks_env,
    )
    assert result.leaks == []


def batch(then: str) -> str:
    one = f'{source("NV12", 64, 48)} ! nvvideoconvert ! {NVMM},format=NV12"'
    return (
        f"nvstreammux name=mux batch-size=2 width=64 height=48 batched-push-timeout=1000000 "
        f"! {then} "
        f"{one} ! mux.sink_0 {one} ! mux.sink_1"
    )


def test_a_batch_keeps_its_frames(launch):
    result = launch(
        batch(
            f'nvvideoconvert ! {NVMM},format=RGBA" ! nvvideoconvert flip-method=2 '
            "! nvmultistreamtiler rows=1 columns=2 width=128 height=48 ! nvvideoconvert "
            "! video/x-raw,format=RGBA ! checksumsink"
        )
    )
    assert len(result.checksums) == 2


def test_a_batch_does_not_fit_system_memory(launch):
    result = launch(batch("nvvideoconvert ! video/x-raw ! fakesink"), ok=False)
    assert any("nvmultistreamtiler" in error for error in result.errors)
