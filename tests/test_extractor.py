# SPDX-License-Identifier: Apache-2.0
"""Frames out of parts of files, in queues."""

from __future__ import annotations

import logging
import queue
import threading
import time

import numpy as np
import pytest

import dsbind
from dsbind.utils import FrameSampler, MediaChunk, MediaExtractor, MediaInfo, VideoFrame

FRAME_NS = 1_000_000_000 // 30
SECOND = 1_000_000_000


def drain(frames, timeout=20):
    """All items of a queue up to its None."""
    items = []
    while (item := frames.get(timeout=timeout)) is not None:
        items.append(item)
    return items


def test_every_frame_of_a_file_comes_with_its_time(clip):
    with MediaExtractor([MediaChunk(str(clip))], blocking=True) as extractor:
        (frames,) = extractor()
        items = drain(frames)
    assert len(items) == 60
    assert all(isinstance(item, VideoFrame) for item in items)
    times = [item.timestamp for item in items]
    assert times == sorted(times) and times[0] == 0
    assert abs(times[-1] - 59 * FRAME_NS) < FRAME_NS
    assert np.asarray(items[0].tensor).shape == (240, 320, 3)
    # They may be kept: a moving ball leaves no two frames alike.
    assert not np.array_equal(np.asarray(items[0].tensor), np.asarray(items[-1].tensor))


def test_an_interval_thins_the_frames_out(clip):
    chunk = MediaChunk(str(clip), interval=SECOND // 2)
    with MediaExtractor([chunk], blocking=True) as extractor:
        times = [item.timestamp for item in drain(extractor()[0])]
    assert len(times) == 4
    assert min(np.diff(times)) >= SECOND // 2


@pytest.mark.parametrize("batch_size", [0, 1])
def test_a_part_begins_and_ends_where_it_should(clip, batch_size):
    chunk = MediaChunk(str(clip), start_pts=SECOND, duration=SECOND // 2)
    with MediaExtractor([chunk], batch_size, (320, 240), blocking=True) as extractor:
        items = drain(extractor()[0])
    frames = [frame for item in items for frame in (item if batch_size else [item])]
    times = [frame.timestamp for frame in frames]
    assert SECOND <= times[0] < SECOND + FRAME_NS
    assert SECOND * 1.5 - 2 * FRAME_NS <= times[-1] < SECOND * 1.5


def test_chunks_in_a_batch_are_scaled_and_each_has_its_queue(clip, make_clip):
    other = make_clip(frames=30, width=160, height=120)
    chunks = [MediaChunk(str(clip)), MediaChunk(str(other))]
    with MediaExtractor(chunks, batch_size=2, scaling=(64, 48), q_size=100) as extractor:
        first, second = (drain(frames) for frames in extractor())
    assert [sum(map(len, items)) for items in (first, second)] == [60, 30]
    assert np.asarray(first[0][0].tensor).shape == (48, 64, 3)


def test_several_threads_extract_at_once(clip):
    chunks = [MediaChunk(str(clip), interval=SECOND // 4)] * 3
    with MediaExtractor(chunks, n_thread=3, blocking=True) as extractor:
        assert [len(drain(frames)) for frames in extractor()] == [8, 8, 8]


def test_chunks_can_be_appended_while_it_runs(clip):
    with MediaExtractor(n_thread=2, q_size=100) as extractor:
        queues = [extractor.append(MediaChunk(str(clip), duration=SECOND)) for _ in range(3)]
        assert [len(drain(frames)) for frames in queues] == [30, 30, 30]


def test_an_extractor_with_chunks_takes_no_more(clip):
    with MediaExtractor([MediaChunk(str(clip))], q_size=100) as extractor:
        with pytest.raises(RuntimeError, match="append"):
            extractor.append(MediaChunk(str(clip)))
        drain(extractor()[0])
        with pytest.raises(dsbind.StateError, match="started already"):
            extractor()


def test_a_chunk_that_cannot_be_read_fails_from_its_own_queue(clip, tmp_path):
    bad = tmp_path / "bad.mp4"
    bad.write_text("no video")
    chunks = [MediaChunk(str(bad)), MediaChunk(str(clip))]
    with MediaExtractor(chunks, q_size=100) as extractor:
        first, second = extractor()
        with pytest.raises(dsbind.SourceError, match="bad.mp4"):
            drain(first)
        assert first.get(timeout=20) is None
        assert len(drain(second)) == 60


def test_closing_it_early_leaves_no_thread(clip):
    before = threading.active_count()
    extractor = MediaExtractor([MediaChunk(str(clip))] * 4, n_thread=2, blocking=True)
    (first, *_) = extractor()
    assert first.get(timeout=20) is not None
    extractor.close()
    extractor.close()
    until = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < until:
        time.sleep(0.05)
    assert threading.active_count() <= before


def test_closing_it_ends_the_queues_for_who_still_waits(clip):
    extractor = MediaExtractor([MediaChunk(str(clip))] * 3, q_size=2, blocking=True)
    queues = extractor()
    assert queues[0].get(timeout=20) is not None
    waiting = threading.Thread(target=drain, args=(queues[2],))
    waiting.start()
    extractor.close()
    waiting.join(10)
    assert not waiting.is_alive()
    for frames in queues[:2]:
        drain(frames, 1)


def test_closing_it_while_it_starts_waits_for_no_whole_file(make_clip, caplog):
    path = str(make_clip(frames=300))
    for pause in (0.0, 0.01, 0.05):
        extractor = MediaExtractor([MediaChunk(path)], q_size=1, blocking=True)
        extractor()
        time.sleep(pause)
        start = time.monotonic()
        extractor.close()
        assert time.monotonic() - start < 5
    assert not caplog.records


def test_only_chunks_are_taken(clip):
    with pytest.raises(dsbind.ArgumentTypeError, match="MediaChunk"):
        MediaExtractor([str(clip)])
    with MediaExtractor() as extractor, pytest.raises(dsbind.ArgumentTypeError, match="MediaChunk"):
        extractor.append(str(clip))


def test_a_full_queue_drops_frames_unless_it_is_waited_for(make_clip):
    chunk = MediaChunk(str(make_clip(frames=6)))
    with MediaExtractor([chunk], q_size=2) as extractor:
        (frames,) = extractor()
        time.sleep(5.5)  # four frames find it full, for a second each
        items = []
        with pytest.raises(queue.Empty):
            while True:
                items.append(frames.get(timeout=0.5))
                if items[-1] is None:
                    raise queue.Empty
    assert 2 <= len([item for item in items if item is not None]) < 6


def test_a_sampler_asks_for_a_seek_where_much_is_skipped():
    asked = []
    sampler = FrameSampler(MediaChunk("x.mp4", interval=5 * SECOND), asked.append)
    tensor = dsbind.as_tensor(np.zeros((2, 2, 3), np.uint8), "HWC")
    assert sampler.sample(tensor, 0) is not None
    assert asked == [5 * SECOND]
    assert sampler.sample(tensor, SECOND) is None
    assert not sampler.done


@pytest.mark.parametrize(
    "make",
    [
        lambda: MediaChunk("x.mp4", start_pts=-1),
        lambda: MediaChunk("x.mp4", interval=-1),
        lambda: MediaExtractor([], n_thread=0),
        lambda: MediaExtractor([], q_size=0),
    ],
)
def test_numbers_out_of_range_are_named(make):
    with pytest.raises(ValueError, match="from"):
        make()


def test_media_info_tells_what_a_file_holds(make_clip):
    info = MediaInfo.discover(str(make_clip(audio=True)))
    assert info and not info.live
    audio, video = info.streams
    assert (audio.codec, audio.channels > 0, audio.sampling_rate) == ("audio/mpeg", True, 44100)
    assert (video.codec, video.width, video.height) == ("video/x-h264", 320, 240)
    assert video.framerate == (30, 1)
    assert abs(info.duration - 2 * SECOND) < SECOND // 5
    assert info.video == video


def test_media_info_of_what_cannot_be_read_is_false_and_says_why(tmp_path, caplog):
    caplog.set_level(logging.INFO, "dsbind")
    info = MediaInfo.discover(str(tmp_path / "none.mp4"))
    assert not info and info.streams == () and info.duration == 0
    assert "none.mp4 doesn't exist" in str(info) and "none.mp4 doesn't exist" in caplog.text
    with pytest.raises(dsbind.SourceError, match="none.mp4") as caught:
        print(info.video)
    assert isinstance(caught.value, FileNotFoundError)


@pytest.mark.parametrize("uri", ["nonsense://x", "", "a\0b.mp4", "/", "file:///no%20such"])
def test_media_info_of_no_media_is_false(uri):
    info = MediaInfo.discover(uri)
    assert not info and isinstance(info.error, dsbind.SourceError)


def test_media_info_reads_names_as_capture_does(clip, tmp_path, monkeypatch):
    (tmp_path / "a %41 ü.mp4").symlink_to(clip)
    monkeypatch.chdir(tmp_path)
    for name in (tmp_path / "a %41 ü.mp4", "a %41 ü.mp4", "file://a %2541 ü.mp4"):
        assert MediaInfo.discover(name).video.width == 320


def test_credentials_are_not_shown():
    uri = "rtsp://me:secret@127.0.0.1:1/x"
    info = MediaInfo(uri)
    assert "secret" not in repr(info) + repr(MediaChunk(uri))
    with pytest.raises(dsbind.SourceError) as caught:
        print(info.video)
    assert "secret" not in str(caught.value)
