# SPDX-License-Identifier: Apache-2.0
"""nvdsdynamicsrcbin: sources that are added while it plays come one after the other."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dsbind import BatchMetadataOperator, Pipeline, Probe, SourceError
from dsbind.meta import BatchMetadata
from dsbind.signal import Emitter

PATIENCE_S = 20


class Look(BatchMetadataOperator):
    """Notes the source and time of each frame."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int, int]] = []

    def handle_metadata(self, batch_meta: BatchMetadata) -> None:
        for frame in batch_meta.frame_items:
            self.seen.append((frame.source_id, frame.frame_number, frame.buffer_pts))

    @property
    def sources(self) -> list[int]:
        return list(dict.fromkeys(source for source, _, _ in self.seen))

    def count(self, source: int) -> int:
        return sum(source == seen for seen, _, _ in self.seen)

    def await_frame(self, source: int) -> None:
        until = time.monotonic() + PATIENCE_S
        while self.count(source) == 0:
            assert time.monotonic() < until, self.sources
            time.sleep(0.01)


class Player:
    def __init__(self, **sink: object) -> None:
        self.look = Look()
        self.pipeline = Pipeline("player").add("nvdsdynamicsrcbin", "src")
        self.pipeline.add("fakesink", "sink", sink).link("src", "sink")
        self.pipeline.attach("src", Probe("look", self.look))
        self._emitter = Emitter("player")
        for action in ("add-source", "remove-source", "terminate"):
            self._emitter.attach(action, self.pipeline["src"])

    def add(self, uri: object) -> int:
        number = self._emitter.emit("add-source", str(uri))
        assert isinstance(number, int)
        return number

    def remove(self, number: int) -> object:
        return self._emitter.emit("remove-source", number)

    def terminate(self) -> None:
        self._emitter.emit("terminate")


def test_actions_and_pad_have_the_documented_names(gst_env: dict[str, str]) -> None:
    shown = subprocess.run(
        ["gst-inspect-1.0", "nvdsdynamicsrcbin"], env=gst_env, capture_output=True, text=True
    ).stdout
    assert re.search(r'"add-source" : +gint ', shown)
    assert re.search(r'"remove-source" : +gboolean ', shown)
    assert re.search(r'"terminate"', shown)
    assert re.search(r"SRC template: 'src'\s+Availability: Always", shown)


def test_sources_play_in_order_with_their_own_times(make_clip: Callable[..., Path]) -> None:
    small, large = make_clip(frames=20), make_clip(frames=30, width=640, height=360)
    player = Player()
    assert [player.add(small), player.add(large)] == [0, 1]
    player.pipeline.start()
    assert player.add(small) == 2
    player.terminate()
    player.pipeline.wait(PATIENCE_S)
    assert [seen[:2] for seen in player.look.seen] == [
        (source, number)
        for source, frames in ((0, 20), (1, 30), (2, 20))
        for number in range(frames)
    ]
    assert [time for source, number, time in player.look.seen if number == 0] == [0, 0, 0]


def test_sources_follow_each_other_on_the_clock(make_clip: Callable[..., Path]) -> None:
    clip = make_clip(frames=15)
    player = Player(sync=True)
    player.add(clip)
    player.add(clip)
    player.terminate()
    begin = time.monotonic()
    player.pipeline.start().wait(PATIENCE_S)
    # Half a second each; the last frame need not be waited out.
    assert time.monotonic() - begin > 0.9


def test_it_waits_between_sources(clip: Path) -> None:
    player = Player(sync=False)
    player.pipeline.start()
    for number in range(2):
        time.sleep(0.1)
        assert player.add(clip) == number
        player.look.await_frame(number)
    player.terminate()
    assert player.add(clip) == -1
    player.pipeline.wait(PATIENCE_S)
    assert (player.look.count(0), player.look.count(1)) == (60, 60)


def test_a_source_can_be_removed_before_and_while_it_plays(clip: Path) -> None:
    player = Player(sync=True)
    playing, waiting, last = player.add(clip), player.add(clip), player.add(clip)
    player.pipeline.start()
    player.look.await_frame(playing)
    assert player.remove(waiting) is True
    assert player.remove(playing) is True
    assert player.remove(playing) is False
    assert player.remove(99) is False
    player.look.await_frame(last)
    player.pipeline.stop().wait(PATIENCE_S)
    assert player.look.sources == [playing, last]
    assert player.look.count(playing) < 60


def test_a_bad_source_fails_alone(clip: Path, tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("no video at all\n" * 100)
    player = Player()
    for uri in ("/nowhere.mp4", clip, text, clip):
        player.add(uri)
    player.terminate()
    with pytest.raises(SourceError, match=r"/nowhere\.mp4") as caught:
        player.pipeline.start().wait(PATIENCE_S)
    assert [str(error) for error in caught.value.others if "notes.mp4" in str(error)]
    assert player.look.sources == [1, 3]
    assert (player.look.count(1), player.look.count(3)) == (60, 60)


def test_what_fails_after_it_is_no_source_s_fault(clip: Path) -> None:
    pipeline = Pipeline("unfit").add("nvdsdynamicsrcbin", "src").add("capsfilter", "filter")
    pipeline["filter"].set({"caps": "video/x-raw(memory:NVMM), framerate=7/1"})
    pipeline.add("fakesink", "sink").link("src", "filter", "sink")
    emitter = Emitter("e").attach("add-source", pipeline["src"])
    emitter.emit("add-source", str(clip))
    emitter.emit("add-source", str(clip))
    with pytest.raises(RuntimeError, match=r"clip|mp4"):
        pipeline.start().wait(PATIENCE_S)


def test_with_nothing_to_play_it_ends_at_once(clip: Path) -> None:
    player = Player()
    player.terminate()
    player.pipeline.start().wait(PATIENCE_S)
    assert player.look.seen == []


def test_it_stops_while_it_has_no_source() -> None:
    player = Player()
    player.pipeline.start()
    time.sleep(0.1)
    begin = time.monotonic()
    player.pipeline.stop().wait(PATIENCE_S)
    assert time.monotonic() - begin < 2


def test_it_can_be_started_again(clip: Path) -> None:
    player = Player()
    for number in range(2):
        assert player.add(clip) == number
        player.terminate()
        player.pipeline.start().wait(PATIENCE_S)
    assert (player.look.count(0), player.look.count(1)) == (60, 60)


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_many_changes_leave_no_thread_and_little_memory(make_clip: Callable[..., Path]) -> None:
    clip = make_clip(frames=5, width=64, height=48)
    player = Player()
    player.pipeline.start()

    def change(times: int) -> None:
        for index in range(times):
            number = player.add(clip)
            if index % 3 == 0:
                player.remove(number)
            elif index % 10 == 1:
                player.look.await_frame(number)
        number = player.add(clip)
        player.look.await_frame(number)

    change(30)
    before, others = resident_mib(), len(os.listdir("/proc/self/task"))
    change(60)
    assert resident_mib() - before < 24
    player.terminate()
    player.pipeline.wait(PATIENCE_S)
    until = time.monotonic() + 10
    # GLib keeps idle threads, of earlier tests too: one a change would be 60 more.
    most = others + 20
    while (threads := len(os.listdir("/proc/self/task"))) > most and time.monotonic() < until:
        time.sleep(0.1)
    assert threads <= most
