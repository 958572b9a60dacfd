# SPDX-License-Identifier: Apache-2.0
"""`inject`: flows that begin with buffers made by Python code."""

from __future__ import annotations

import gc
import logging
import queue
import subprocess
import threading
import time
import traceback
import weakref

import numpy as np
import pytest

import dsbind
from dsbind import (
    BatchMetadataOperator,
    Buffer,
    BufferProvider,
    BufferRetriever,
    ConfigError,
    Feeder,
    Flow,
    FlowError,
    Pipeline,
    Probe,
    RenderMode,
    StateError,
    UnsupportedError,
)


class Pictures(BufferProvider):
    """Gives what it was given, one after the other, and then the end."""

    def __init__(self, *pictures, size=(64, 48), format="RGB", framerate=30, **more):
        self.width, self.height = size
        self.format = format
        self.framerate = framerate
        self.__dict__.update(more)
        self.pictures = pictures
        self.n = 0
        self.lock = threading.Lock()

    def generate(self, size):
        with self.lock:
            self.n += 1
            return self.pictures[self.n - 1] if self.n <= len(self.pictures) else Buffer()


class Kept(BufferRetriever):
    """Keeps every frame as an array, and its time."""

    def __init__(self):
        self.batches = []
        self.times = []

    def consume(self, buffer):
        n = len(buffer.batch_meta.frame_items) if buffer.batch_meta else 1
        self.batches.append([np.array(buffer.extract(i)) for i in range(n)])
        self.times.append(buffer.timestamp)
        return 1

    @property
    def frames(self):
        return [frame for batch in self.batches for frame in batch]


def run(*providers, batched=False):
    """What arrives of providers' pictures."""
    kept = Kept()
    flow = Flow(Pipeline("inject")).inject(list(providers))
    (flow.batch(width=64, height=48) if batched else flow).retrieve(kept)()
    return kept


def plain(color, size=(64, 48)):
    return np.full((size[1], size[0], 3), color, np.uint8)


def about(array, color, tolerance=6):
    return np.abs(array.astype(int) - np.array(color)).max() <= tolerance


COLORS = [(200, 30, 40), (20, 180, 60), (30, 60, 210)]


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
    encoder = "jpegenc" if name == "jpeg" else "pngenc"
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
    info = dsbind.gst.discover(str(path))
    assert info.width == 320 and info.duration == pytest.approx(3e9, rel=0.1)


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


# Running


class Endless(BufferProvider):
    """Gives frames for ever, and does something at one of them."""

    width, height, format, framerate = 64, 48, "RGB", 30

    def __init__(self, what=lambda: None, at=5):
        self.what = what
        self.at = at
        self.n = 0

    def generate(self, size):
        self.n += 1
        if self.n == self.at:
            self.what()
        return Buffer(bytes(64 * 48 * 3))


class Blocked(Endless):
    """Gives three frames, and then waits for what never comes."""

    def __init__(self, frames=3):
        super().__init__(self.block, frames + 1)
        self.blocked = threading.Event()
        self.release = threading.Event()

    def block(self):
        self.blocked.set()
        self.release.wait(60)


def discard(provider, name="p"):
    pipeline = Pipeline(name)
    Flow(pipeline).inject([provider]).render(RenderMode.DISCARD)
    return pipeline


def test_an_exception_in_generate_is_raised_with_its_traceback():
    def fail():
        raise KeyError("camera 7")

    with pytest.raises(KeyError, match="camera 7") as caught:
        discard(Endless(fail)).start().wait(10)
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names[-2:] == ["generate", "fail"]


def test_stop_inside_generate():
    provider = Endless(lambda: pipeline.stop())
    pipeline = discard(provider)
    pipeline.start().wait(10)
    assert provider.n >= 5


def test_wait_inside_generate_is_refused_instead_of_hanging():
    pipeline = discard(Endless(lambda: pipeline.wait()))
    with pytest.raises(StateError, match="call stop"):
        pipeline.start().wait(10)


@pytest.mark.parametrize("frames", [3, 0])
def test_stop_does_not_wait_for_a_provider_that_is_blocked(frames):
    provider = Blocked(frames)
    pipeline = discard(provider)
    pipeline.start()
    assert provider.blocked.wait(10)
    start = time.monotonic()
    pipeline.stop().wait(10)
    assert time.monotonic() - start < 4
    # What it gives now goes nowhere.
    provider.release.set()
    time.sleep(0.1)
    assert provider.n == frames + 1


def test_an_error_elsewhere_ends_the_flow_though_a_provider_is_blocked():
    provider = Blocked()
    pipeline = Pipeline("p")

    def fail():
        assert provider.blocked.wait(10)
        raise OSError("elsewhere")

    Flow(pipeline).inject([provider, Endless(fail)]).batch(width=64, height=48).render(
        RenderMode.DISCARD
    )
    start = time.monotonic()
    with pytest.raises(OSError, match="elsewhere"):
        pipeline.start().wait(10)
    assert time.monotonic() - start < 5
    provider.release.set()


def test_an_interrupt_ends_the_flow_though_a_provider_is_blocked(run_program):
    result = run_program("""
        from dsbind import *
        import os, queue, signal, threading, time
        class P(BufferProvider):
            width, height, format, framerate = 64, 48, "RGB", 30
            n = 0
            def generate(self, size):
                self.n += 1
                if self.n == 4:
                    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
                    start.append(time.monotonic())
                    queue.Queue().get()
                return Buffer(bytes(64 * 48 * 3))
        start = []
        try:
            Flow(Pipeline("p")).inject([P()]).render(RenderMode.DISCARD)()
        except KeyboardInterrupt:
            print("interrupted", time.monotonic() - start[0] < 3)
    """)
    assert result.stdout == "interrupted True\n", result.stderr


def test_no_bytes_means_that_there_is_nothing_yet():
    class Late(Pictures):
        def generate(self, size):
            self.asked.append(time.monotonic())
            return super().generate(size)

    provider = Late(Buffer(b""), Buffer([]), b"", plain(COLORS[0]), asked=[])
    assert len(run(provider).frames) == 1
    assert (np.diff(provider.asked[:4]) > 0.15).all()


def test_a_pipeline_run_again_asks_its_provider_again():
    provider = Pictures(*[plain(c) for c in COLORS])
    kept = Kept()
    flow = Flow(Pipeline("p")).inject([provider]).retrieve(kept)
    for n in (3, 6, 9):
        provider.n = 0
        flow()
        assert len(kept.frames) == n


def test_a_provider_that_is_still_blocked_does_not_disturb_the_next_run():
    provider = Blocked()
    pipeline = discard(provider)
    pipeline.start()
    assert provider.blocked.wait(10)
    pipeline.stop().wait(10)
    provider.at = -1
    seen = provider.n
    pipeline.start()
    provider.release.set()
    limit = time.monotonic() + 10
    while provider.n < seen + 20 and time.monotonic() < limit:
        time.sleep(0.01)
    assert provider.n >= seen + 20
    pipeline.stop().wait(10)


def test_a_queue_feeds_a_flow():
    frames = queue.Queue()

    class FromQueue(Pictures):
        def generate(self, size):
            try:
                return Buffer(frames.get(timeout=2))
            except queue.Empty:
                return Buffer()

    def work():
        for color in COLORS * 3:
            time.sleep(0.02)
            frames.put(plain(color))
        frames.put(b"")

    class Ending(FromQueue):
        def generate(self, size):
            data = frames.get(timeout=5)
            return Buffer(data) if len(data) else Buffer()

    threading.Thread(target=work).start()
    assert len(run(Ending()).frames) == 9


def test_what_was_pushed_before_stop_is_still_processed():
    class Counting(BufferRetriever):
        n = 0

        def consume(self, buffer):
            self.n += 1
            time.sleep(0.02)

    counting = Counting()

    def stop():
        pipeline.stop()
        time.sleep(0.1)

    provider = Endless(stop, at=10)
    pipeline = Pipeline("p")
    Flow(pipeline).inject([provider]).retrieve(counting)
    pipeline.start().wait(10)
    # Only the call that stopped it, and one after that, may come too late.
    assert counting.n >= provider.n - 2 and provider.n >= 10


def test_memory_stays_flat_before_a_slow_consumer(run_program):
    result = run_program("""
        import resource, time
        from dsbind import *
        class P(BufferProvider):
            width, height, format, framerate = 1920, 1080, "RGB", 30
            n = 0
            def generate(self, size):
                self.n += 1
                return Buffer(bytearray(1920 * 1080 * 3))
        class R(BufferRetriever):
            n = 0
            def consume(self, buffer):
                self.n += 1
                time.sleep(0.05)
                if self.n == 5:
                    self.ahead = provider.n
                    self.rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
                if self.n == 25:
                    pipeline.stop()
        pipeline, provider, retriever = Pipeline("p"), P(), R()
        Flow(pipeline).inject([provider]).retrieve(retriever)
        pipeline.start().wait(20)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - retriever.rss
        print(provider.n - retriever.n < 12, grown < 60_000, grown)
    """)
    assert result.stdout.startswith("True True"), result.stdout + result.stderr


def test_threads_of_providers_end_with_the_flow():
    before = threading.active_count()
    for _ in range(3):
        run(*[Pictures(*[plain(c) for c in COLORS]) for _ in range(4)], batched=True)
    limit = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < limit:
        time.sleep(0.01)
    assert threading.active_count() <= before


def test_a_prepared_pipeline_that_is_dropped_ends_its_provider():
    pipeline = discard(Endless())
    provider = weakref.ref(pipeline._graph.attached[next(iter(pipeline._graph.attached))][0])
    pipeline.prepare()
    time.sleep(0.2)
    del pipeline
    limit = time.monotonic() + 5
    while provider() is not None and time.monotonic() < limit:
        gc.collect()
        time.sleep(0.01)
    assert provider() is None


def test_a_provider_that_holds_its_pipeline_is_collected_with_it():
    provider = Pictures(plain(COLORS[0]))
    provider.flow = Flow(Pipeline("p")).inject([provider]).render(RenderMode.DISCARD)
    provider.flow()
    gone = weakref.ref(provider)
    del provider
    limit = time.monotonic() + 5
    while gone() is not None and time.monotonic() < limit:
        gc.collect()
        time.sleep(0.01)
    assert gone() is None


# By hand


def by_hand(provider, **properties):
    pipeline = Pipeline("hand")
    caps = "video/x-raw, format=RGB, width=64, height=48, framerate=30/1"
    pipeline.add("appsrc", "src", {"caps": caps, "do-timestamp": True, **properties})
    pipeline.add("fakesink", "sink").link("src", "sink")
    return pipeline


def test_a_feeder_is_attached_to_an_appsrc_by_hand():
    provider = Pictures(*[plain(c) for c in COLORS])
    pipeline = by_hand(provider)
    assert pipeline.attach("src", Feeder("f", provider), tips="need-data/enough-data") is pipeline
    pipeline.start().wait(10)
    assert provider.n == 4
    assert isinstance(pipeline["src"].find("f"), Feeder)


def test_a_node_takes_a_feeder_too():
    provider = Pictures(*[plain(c) for c in COLORS])
    pipeline = by_hand(provider)
    pipeline["src"].attach(Feeder("f", provider), "need-data/enough-data")
    pipeline.start().wait(10)
    assert provider.n == 4


def test_a_feeder_may_come_while_the_pipeline_plays():
    provider = Pictures(*[plain(c) for c in COLORS])
    pipeline = by_hand(provider)
    pipeline.start()
    time.sleep(0.1)
    pipeline.attach("src", Feeder("f", provider)).wait(10)
    assert provider.n == 4


def test_a_feeder_sits_on_an_appsrc_alone_and_answers_its_signals():
    provider = Pictures()
    pipeline = by_hand(provider)
    with pytest.raises(RuntimeError, match="no appsrc"):
        pipeline.attach("sink", Feeder("f", provider), tips="need-data/enough-data")
    with pytest.raises(RuntimeError, match="new-sample"):
        pipeline.attach("src", Feeder("f", provider), tips="new-sample")
    pipeline.attach("src", Feeder("f", provider))
    with pytest.raises(RuntimeError, match="Custom Object duplicated"):
        pipeline.attach("src", Feeder("g", provider))
    with pytest.raises(TypeError, match="BufferProvider"):
        Feeder("f", object())


def test_frames_keep_times_of_their_own_without_do_timestamp():
    seen = []

    class Times(dsbind.BufferOperator):
        def handle_buffer(self, buffer):
            seen.append(buffer.timestamp)

    provider = Pictures(*[plain(c) for c in COLORS])
    pipeline = by_hand(provider, **{"do-timestamp": False})
    pipeline.attach("src", Feeder("f", provider)).attach("src", Probe("t", Times()))
    pipeline.start().wait(10)
    assert seen[1:] == [2**64 - 1] * 2
