# SPDX-License-Identifier: Apache-2.0
"""`inject`: flows that begin with buffers made by Python code."""

from __future__ import annotations

import logging
import subprocess
import time

import numpy as np
import pytest
from injecting import COLORS, Kept, Pictures, about, plain, run

import dsbind
from dsbind import (
    BatchMetadataOperator,
    Buffer,
    BufferProvider,
    ConfigError,
    Flow,
    FlowError,
    Pipeline,
    Probe,
    RenderMode,
    UnsupportedError,
)
from dsbind.media import MediaInfo

# What arrives


def test_every_frame_arrives_once_and_in_order():
    kept = run(Pictures(*[Buffer(plain(color).tobytes()) for color in COLORS]))
    assert len(kept.frames) == 3
    for frame, color in zip(kept.frames, COLORS, strict=True):
        assert frame.shape == (48, 64, 3) and frame.dtype == np.uint8
        assert about(frame, color)


@pytest.mark.parametrize(
    "form",
    [
        lambda a: Buffer(a.reshape(-1).tolist()),
        lambda a: Buffer(a.tobytes()),
        lambda a: Buffer(bytearray(a.tobytes())),
        lambda a: Buffer(memoryview(a.tobytes())),
        lambda a: Buffer(a),
        lambda a: dsbind.as_tensor(a, "HWC").wrap(dsbind.ColorFormat.RGB),
        lambda a: a,
        lambda a: a.tobytes(),
        lambda a: a.reshape(-1).tolist(),
        lambda a: dsbind.as_tensor(a, "HWC"),
        lambda a: np.ascontiguousarray(a[:, ::-1])[:, ::-1],
    ],
    ids=[
        *("list", "bytes", "bytearray", "memoryview", "array", "wrapped"),
        *("bare-array", "bare-bytes", "bare-list", "bare-tensor", "strided-array"),
    ],
)
def test_a_frame_comes_in_any_form(form):
    (frame,) = run(Pictures(form(plain(COLORS[0])))).frames
    assert about(frame, COLORS[0])


@pytest.mark.parametrize("name", ["RGB", "rgb", "RGBA", "I420", "i420"])
def test_raw_formats(name):
    rgb = plain((120, 120, 120))
    if name.upper() == "RGBA":
        data = np.dstack([rgb, np.full((48, 64), 255, np.uint8)]).tobytes()
    elif name.upper() == "I420":
        # Studio range: 16 to 235.
        data = bytes([16 + 120 * 219 // 255]) * (64 * 48) + bytes([128]) * (64 * 48 // 2)
    else:
        data = rgb.tobytes()
    (frame,) = run(Pictures(data, format=name)).frames
    assert about(frame, (120, 120, 120))


def test_a_red_picture_is_red_in_every_format():
    def largest(data, name):
        (frame,) = run(Pictures(data, format=name)).frames
        return int(frame.reshape(-1, 3).mean(0).argmax())

    rgb = plain((230, 10, 10))
    rgba = np.dstack([rgb, np.full((48, 64), 255, np.uint8)])
    i420 = bytes([80]) * (64 * 48) + bytes([90]) * (32 * 24) + bytes([240]) * (32 * 24)
    assert largest(rgb.tobytes(), "RGB") == 0
    assert largest(rgba.tobytes(), "RGBA") == 0
    assert largest(i420, "I420") == 0


@pytest.mark.parametrize("size", [(62, 48), (66, 34), (50, 30)])
@pytest.mark.parametrize("name", ["RGB", "I420"])
def test_rows_need_no_padding(size, name):
    # Halves of different brightness show rows that are shifted.
    width, height = size
    luma = np.full((height, width), 40, np.uint8)
    luma[:, width // 2 :] = 200
    if name == "RGB":
        data = np.dstack([luma] * 3).tobytes()
    else:
        data = luma.tobytes() + bytes([128]) * (2 * ((width + 1) // 2) * ((height + 1) // 2))
    (frame,) = run(Pictures(data, size=size, format=name)).frames
    assert frame.shape == (height, width, 3)
    assert frame[:, : width // 2 - 2].max() < 60 and frame[:, width // 2 + 2 :].min() > 180


def test_a_frame_with_padded_rows_is_taken_too():
    padded = np.zeros((48, 188), np.uint8)
    padded[:, :186] = 90
    (frame,) = run(Pictures(padded.tobytes(), size=(62, 48))).frames
    assert frame.shape == (48, 62, 3) and about(frame, (90, 90, 90))


def test_one_buffer_can_be_given_again_and_again():
    buffer = Buffer(plain(COLORS[1]))
    kept = run(Pictures(buffer, buffer, buffer))
    assert len(kept.frames) == 3 and all(about(frame, COLORS[1]) for frame in kept.frames)
    assert len(set(kept.times)) == 3


def test_one_provider_eight_times():
    provider = Pictures(*[plain(COLORS[i % 3]) for i in range(24)])
    kept = run(*[provider] * 8, batched=True)
    assert len(kept.frames) == 24
    assert provider.n == 24 + 8
    assert sum(about(frame, COLORS[0], 10) for frame in kept.frames) == 8


def test_several_providers_are_sources_in_their_order():
    seen = {}

    class Sources(BatchMetadataOperator):
        def handle_metadata(self, batch_meta):
            for frame in batch_meta.frame_items:
                seen.setdefault(frame.source_id, []).append(frame.frame_number)

    flow = Flow(Pipeline("p")).inject([Pictures(*[plain(c)] * 3) for c in COLORS])
    flow.batch(width=64, height=48).attach(Probe("s", Sources())).render(RenderMode.DISCARD)()
    assert seen == {0: [0, 1, 2], 1: [0, 1, 2], 2: [0, 1, 2]}


@pytest.mark.parametrize("name", ["jpeg", "PNG"])
def test_pictures_in_files_are_decoded(tmp_path, name):
    path = tmp_path / "picture"
    # Of YUV jpegenc writes the values of video as they are, which are not those of JPEG.
    encoder = "video/x-raw,format=RGB ! " + ("jpegenc" if name == "jpeg" else "pngenc")
    command = (
        "gst-launch-1.0 -q videotestsrc pattern=blue num-buffers=1 ! "
        f"video/x-raw,width=64,height=48 ! videoconvert ! {encoder} ! filesink location={path}"
    )
    subprocess.run(command.split(), check=True, timeout=30)
    kept = Kept()
    data = path.read_bytes()
    provider = Pictures(Buffer(data), Buffer(list(data)), format=name, framerate=0)
    Flow(Pipeline("p")).inject([provider]).decode().retrieve(kept)()
    assert len(kept.frames) == 2
    assert all(about(frame, (0, 0, 255), 10) for frame in kept.frames)


# Times


def test_frames_that_come_at_once_are_spread_to_the_frame_rate(tmp_path):
    kept = run(Pictures(*[plain(COLORS[0])] * 10, framerate=25))
    steps = np.diff(np.array(kept.times, np.int64))
    assert (steps >= 39_999_999).all() and kept.times[-1] < 5_000_000_000


def test_a_sink_that_waits_for_times_does_not_hold_up_a_fast_provider():
    provider = Pictures(*[plain(COLORS[0])] * 100, framerate=1)
    start = time.monotonic()
    Flow(Pipeline("p")).inject([provider]).render(RenderMode.DISCARD, sync=True)()
    assert time.monotonic() - start < 10


def test_times_of_stills_increase():
    kept = run(Pictures(*[plain(COLORS[0])] * 10, framerate=0))
    assert (np.diff(np.array(kept.times, np.int64)) > 0).all()


def test_an_encoded_flow_plays_at_the_frame_rate(tmp_path):
    path = tmp_path / "out.mp4"
    provider = Pictures(*[plain(c, (320, 240)) for c in COLORS * 10], size=(320, 240), framerate=10)
    Flow(Pipeline("p")).inject([provider]).encode(str(path))()
    info = MediaInfo.discover(str(path))
    assert info.video.width == 320 and info.duration == pytest.approx(3e9, rel=0.1)


# Elements


def test_elements_have_the_documented_names(run_program):
    result = run_program("""
        from dsbind import *
        class P(BufferProvider):
            width, height, format, framerate = 64, 48, "RGB", 30
        class J(P):
            format = "JPEG"
        pipeline = Pipeline("p")
        flow = Flow(pipeline).inject([P(), P(), J()])
        print(*flow._streams)
        print(*pipeline._graph.elements)
        print(*(name for _, name in pipeline._graph.attached))
    """)
    assert result.returncode == 0, result.stderr
    streams, elements, feeders = result.stdout.splitlines()
    assert streams.split() == ["inject-capsfilter-2", "inject-capsfilter-6", "inject-source-8"]
    assert elements.split() == [
        *("inject-source-0", "inject-converter-1", "inject-capsfilter-2"),
        *("inject-source-4", "inject-converter-5", "inject-capsfilter-6"),
        "inject-source-8",
    ]
    assert feeders.split() == ["inject-feeder-3", "inject-feeder-7", "inject-feeder-9"]


@pytest.mark.parametrize(
    "name, framerate, mime, rate",
    [
        ("rgb", 30, "video/x-raw", "30/1"),
        ("RGBA", 25, "video/x-raw", "25/1"),
        ("I420", 30, "video/x-raw", "30/1"),
        ("jpeg", 0, "image/jpeg", "0/1"),
        ("PNG", 1, "image/png", "1/1"),
    ],
)
def test_the_source_has_the_documented_caps(name, framerate, mime, rate):
    pipeline = Pipeline("p")
    Flow(pipeline).inject([Pictures(format=name, framerate=framerate)])
    source = next(iter(pipeline._graph.elements))
    caps = pipeline[source].get("caps")
    for part in (f"{mime}, ", f"format=(string){name.upper()}", "width=(int)64", "height=(int)48"):
        assert part in caps
    assert f"framerate=(fraction){rate}" in caps
    assert pipeline[source].get("do-timestamp") is True


def test_raw_video_is_converted_to_nv12_surfaces():
    pipeline = Pipeline("p")
    flow = Flow(pipeline).inject([Pictures()], gpu_id=0)
    caps = pipeline[flow._streams[0]].get("caps")
    assert caps.startswith("video/x-raw(memory:NVMM)") and "format=(string)NV12" in caps
    assert "width=(int)64, height=(int)48, framerate=(fraction)30/1" in caps


@pytest.mark.parametrize("device", [{"device": "gpu"}, {"use_gpu": True}, {"device": "GPU:0"}])
def test_frames_for_the_gpu_come_from_system_memory(device, caplog):
    with caplog.at_level(logging.INFO, "dsbind"):
        (frame,) = run(Pictures(plain(COLORS[2]), **device)).frames
    assert about(frame, COLORS[2])
    assert "system memory" in caplog.text


def test_an_unknown_keyword_warns():
    with pytest.warns(dsbind.UnknownPropertyWarning, match="gpu-id"):
        Flow(Pipeline("p")).inject([Pictures()], gpu_idd=0)


# What is refused


@pytest.mark.parametrize("given", [[], (), None, "P", [None], [object()], Pictures()])
def test_what_is_no_list_of_providers_is_a_type_error(given):
    pipeline = Pipeline("p")
    with pytest.raises(TypeError, match="BufferProvider"):
        Flow(pipeline).inject(given)
    assert not pipeline._graph.elements


@pytest.mark.parametrize("name", ["NV12", "BGR", "GRAY8", "", None])
def test_another_format_is_not_supported(name):
    with pytest.raises(Exception, match="(?i)format .* not supported.*RGB, RGBA, I420, JPEG, PNG"):
        Flow(Pipeline("p")).inject([Pictures(format=name)])
    with pytest.raises(FlowError):
        Flow(Pipeline("p")).inject([Pictures(format=name)])


def test_audio_is_not_supported():
    with pytest.raises(UnsupportedError, match="audio"):
        Flow(Pipeline("p")).inject([Pictures(format="S16LE", media_type="audio")])


@pytest.mark.parametrize("name", ["width", "height", "format", "framerate"])
def test_a_provider_that_lacks_an_attribute_is_named(name):
    provider = Pictures()
    del provider.__dict__[name]
    with pytest.raises(ConfigError, match=f"Pictures has no attribute '{name}'"):
        Flow(Pipeline("p")).inject([provider])


@pytest.mark.parametrize(
    "name, value",
    [
        *(("width", value) for value in (0, -1, 16385, 2**31, 2**64, 1.5, "64", None, True)),
        *(("height", value) for value in (0, -16, 10**30, float("inf"), float("nan"), [48])),
        *(("framerate", value) for value in (-1, 2**31, "30/1", None, float("nan"))),
    ],
)
def test_numbers_that_cannot_be_are_refused_before_anything_is_made(name, value):
    provider = Pictures()
    setattr(provider, name, value)
    pipeline = Pipeline("p")
    with pytest.raises(ValueError, match=rf"{name} of provider Pictures is .* from \d"):
        Flow(pipeline).inject([Pictures(), provider])
    assert not pipeline._graph.elements


@pytest.mark.parametrize("size", [(np.int64(64), np.int32(48)), (64.0, 48.0)])
@pytest.mark.parametrize("framerate", [29.97, 30.0, np.float32(25)])
def test_numbers_of_other_libraries_are_taken(size, framerate):
    assert len(run(Pictures(plain(COLORS[0]), size=size, framerate=framerate)).frames) == 1


@pytest.mark.parametrize("delta", [-1, 1, 64 * 48])
def test_a_frame_of_another_size_is_an_error_that_says_both(delta):
    data = bytes(64 * 48 * 3 + delta)
    with pytest.raises(ConfigError) as caught:
        run(Pictures(plain(COLORS[0]), data))
    text = str(caught.value)
    assert f"{9216 + delta} bytes" in text and "9216 bytes" in text
    assert "64x48 RGB" in text and "192 x 48" in text


@pytest.mark.parametrize(
    "form",
    [
        lambda a: a,
        lambda a: Buffer(a),
        lambda a: dsbind.as_tensor(a, "HWC").wrap(dsbind.ColorFormat.RGB),
        lambda a: a.reshape(96, 96),
    ],
)
def test_an_array_with_other_sides_is_an_error_though_its_bytes_are_as_many(form):
    with pytest.raises(ConfigError, match="an array of .* came where a 64x48 RGB frame"):
        run(Pictures(form(np.zeros((96, 32, 3), np.uint8))))


def test_nothing_from_generate_is_an_error_that_says_what_to_return():
    with pytest.raises(TypeError, match=r"generate\(\) of Pictures returned None.*Buffer\(\)"):
        run(Pictures(None))


def test_what_makes_no_buffer_is_an_error():
    with pytest.raises(TypeError, match=r"generate\(\) of Pictures returned object"):
        run(Pictures(object()))


def test_a_provider_without_generate_says_so():
    class Bare(BufferProvider):
        width, height, format, framerate = 64, 48, "RGB", 30

    with pytest.raises(NotImplementedError, match="Bare does not define generate"):
        run(Bare())
