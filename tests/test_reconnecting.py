# SPDX-License-Identifier: Apache-2.0
"""RTSP cameras that drop and come back: nobody else notices, and the program is told."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from growing import MEASURABLE
from wobbly import Wobbly, pictures

import dsbind
from dsbind import (
    BatchMetadataOperator,
    Flow,
    Pipeline,
    Probe,
    RenderMode,
    SourceStateMessage,
)

#: A busy machine takes long over what is done in a moment.
PATIENCE = 30.0
#: A source that another one's outage does not disturb is never without frames for this long.
UNDISTURBED = 1.5


def wait_for(what: Callable[[], bool], patience: float = PATIENCE) -> None:
    until = time.monotonic() + patience
    while not what():
        assert time.monotonic() < until, "it did not come to that"
        time.sleep(0.02)


class Watching(BatchMetadataOperator):
    """A flow that plays in a thread: what comes of each source, what is told, how it ends."""

    def __init__(self, uris: list[str], **options: object) -> None:
        super().__init__()
        self.frames: dict[int, list[tuple[float, int, int]]] = {n: [] for n in range(len(uris))}
        self.told: list[SourceStateMessage] = []
        self.error: BaseException | None = None
        self.pipeline = Pipeline("watch")
        flow = Flow(self.pipeline).batch_capture(
            uris, width=320, height=240, live_source=True, **options
        )
        flow.attach(Probe("frames", self)).render(RenderMode.DISCARD, sync=False)
        self._flow = flow
        self._thread = threading.Thread(target=self._play)

    def handle_metadata(self, batch) -> None:
        now = time.monotonic()
        for frame in batch.frame_items:
            self.frames[frame.source_id].append((now, frame.buffer_pts, frame.source_width))

    def on_message(self, message) -> None:
        if isinstance(message, SourceStateMessage):
            self.told.append(message)

    def _play(self) -> None:
        try:
            self._flow(on_message=self.on_message)
        except BaseException as error:
            self.error = error

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.pipeline.stop()
        self.join()

    def join(self) -> None:
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def stop(self) -> float:
        """How long it takes to stop, in seconds."""
        begun = time.monotonic()
        self.pipeline.stop()
        self.join()
        return time.monotonic() - begun

    def more(self, source: int = 0, frames: int = 15) -> None:
        """Wait for frames of a source."""
        until = len(self.frames[source]) + frames
        wait_for(lambda: len(self.frames[source]) >= until or self.error is not None)
        assert self.error is None, self.error

    def states(self) -> list[str]:
        return [message.state for message in self.told]

    def lost(self, times: int = 1) -> None:
        wait_for(lambda: self.states().count("lost") >= times)

    def back(self, times: int = 1) -> None:
        wait_for(lambda: self.states().count("playing") >= times)
        self.more()

    def is_in_order(self, source: int = 0) -> bool:
        times = [pts for _, pts, _ in self.frames[source]]
        return all(after > before for before, after in zip(times, times[1:], strict=False))

    def longest_wait(self, source: int) -> float:
        times = [when for when, _, _ in self.frames[source]]
        return max(after - before for before, after in zip(times, times[1:], strict=False))

    def node(self, source: int = 0):
        name = next(n for n in self._flow.pipeline._graph.elements if n.endswith(f"_{source}"))
        return self.pipeline[name]


# Outages


def cut(camera: Wobbly) -> None:
    camera.cut()


def leave(camera: Wobbly) -> None:
    camera.leave()


def fall_silent(camera: Wobbly) -> None:
    camera.silent.set()


def say_bye(camera: Wobbly) -> None:
    camera.say_bye()


def come_back(camera: Wobbly) -> None:
    if camera._socket.fileno() < 0:
        camera.come_back()
    camera.silent.clear()
    camera._bye.clear()


@pytest.mark.parametrize("outage", [cut, leave, fall_silent, say_bye])
@pytest.mark.parametrize("udp", [False, True])
def test_a_camera_comes_back_by_itself_and_the_others_do_not_notice(outage, udp):
    with (
        Wobbly(udp=udp) as camera,
        Wobbly() as other,
        Watching([camera.uri, other.uri], rtsp_reconnect_interval=1) as watching,
    ):
        watching.more(0)
        watching.more(1)
        outage(camera)
        watching.lost()
        watching.more(1)
        come_back(camera)
        watching.back()
        assert watching.states()[0] == "lost"
        assert watching.is_in_order(0)
        assert watching.is_in_order(1)
        assert watching.longest_wait(1) < UNDISTURBED
        assert watching.stop() < PATIENCE
        assert watching.error is None


def test_a_camera_may_come_back_with_another_picture():
    with (
        Wobbly() as camera,
        Watching([camera.uri], rtsp_reconnect_interval=1) as watching,
    ):
        watching.more()
        camera.leave()
        camera.shown = pictures(480, 360, 0xFF00FF00)
        camera.come_back()
        watching.back()
        assert {width for _, _, width in watching.frames[0]} == {320, 480}
        assert watching.is_in_order()


def test_timestamps_go_on_with_the_clock():
    with (
        Wobbly() as camera,
        Watching([camera.uri], rtsp_reconnect_interval=1) as watching,
    ):
        watching.more()
        camera.leave()
        time.sleep(1.5)
        camera.come_back()
        watching.back()
    first, last = watching.frames[0][0], watching.frames[0][-1]
    assert (last[1] - first[1]) / 1e9 == pytest.approx(last[0] - first[0], abs=1.5)


def test_a_pause_is_no_outage_and_an_outage_in_it_is_seen_after_it():
    with (
        Wobbly() as camera,
        Watching([camera.uri], rtsp_reconnect_interval=1) as watching,
    ):
        watching.more()
        watching.pipeline.pause()
        time.sleep(1.5)
        assert watching.states() == []
        camera.cut()
        watching.pipeline.resume()
        watching.lost()
        watching.back()
        assert watching.is_in_order()


# The start


def test_a_camera_that_is_not_there_at_the_start_blocks_nobody_and_joins_later():
    with Wobbly() as camera, Wobbly() as other:
        camera.leave()
        with Watching([camera.uri, other.uri], init_rtsp_reconnect_interval=1) as watching:
            watching.lost()
            watching.more(1, 30)
            assert watching.frames[0] == []
            camera.come_back()
            watching.more(0)
            assert watching.longest_wait(1) < UNDISTURBED
        assert watching.error is None


def test_a_wrong_password_is_not_tried_again():
    with Wobbly() as camera:
        camera._login = "user:other"
        uri = camera.uri.replace("//", "//user:secret@")
        with Watching([uri], init_rtsp_reconnect_interval=1) as watching:
            watching.join()
    assert isinstance(watching.error, dsbind.SourceError)
    assert "does not take this user name and password" in str(watching.error)
    assert "secret" not in str(watching.error)
    assert watching.told == []


# Stopping


@contextmanager
def hanging() -> Iterator[str]:
    """The address of a server that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"rtsp://127.0.0.1:{server.getsockname()[1]}/live"


@pytest.mark.parametrize("others", [0, 1])
def test_stop_in_an_outage_is_as_quick_as_ever(others):
    with Wobbly() as camera, Wobbly() as other:
        uris = [camera.uri, other.uri][: others + 1]
        with Watching(uris, rtsp_reconnect_interval=3) as watching:
            watching.more()
            camera.leave()
            watching.lost()
            wait_for(lambda: "reconnecting" in watching.states())
            assert watching.stop() < 1
        assert watching.error is None


@pytest.mark.parametrize("others", [0, 1])
def test_stop_while_a_camera_does_not_answer_is_as_quick_as_ever(others):
    with hanging() as uri, Wobbly() as other:
        uris = [uri, other.uri][: others + 1]
        with Watching(uris, init_rtsp_reconnect_interval=1) as watching:
            if others:
                watching.more(1)
            time.sleep(1)
            assert watching.stop() < 1
        assert watching.error is None


# Giving up


def test_the_attempts_are_counted_and_the_others_go_on():
    with (
        Wobbly() as camera,
        Wobbly() as other,
        Watching(
            [camera.uri, other.uri], rtsp_reconnect_interval=1, rtsp_reconnect_attempts=2
        ) as watching,
    ):
        watching.more(0)
        camera.leave()
        wait_for(lambda: watching.states().count("reconnecting") == 2)
        time.sleep(0.5)
        watching.more(1, 30)
        camera.come_back()
        watching.more(1, 30)
        assert watching.states() == ["lost", "reconnecting", "reconnecting"]
    text = str(watching.error)
    assert isinstance(watching.error, dsbind.SourceError)
    assert text.startswith(f"{camera.uri} was lost: its server at 127.0.0.1:{camera.port} ")
    assert "Attempts to connect again: 2 in " in text
    assert f"the last: the connection to 127.0.0.1:{camera.port} was refused" in text
    assert "rtsp_reconnect_attempts=-1" in text


def test_when_the_only_camera_is_given_up_the_flow_fails():
    with Wobbly() as camera:
        camera.leave()
        with Watching(
            [camera.uri], init_rtsp_reconnect_interval=1, rtsp_reconnect_attempts=1
        ) as watching:
            watching.join()
    assert isinstance(watching.error, dsbind.SourceError)
    assert "Attempts to connect: 2 in " in str(watching.error)
    assert "was refused" in str(watching.error)


# Without reconnecting


def test_a_connection_that_breaks_is_an_error_that_says_what_to_do():
    with Wobbly() as camera, Watching([camera.uri]) as watching:
        watching.more()
        camera.cut()
        watching.join()
    text = str(watching.error)
    assert isinstance(watching.error, dsbind.SourceError)
    assert f"{camera.uri} broke off after " in text
    assert f"its server at 127.0.0.1:{camera.port} closed the connection" in text
    assert "Set rtsp_reconnect_interval, in seconds" in text


def test_a_server_that_ends_its_stream_ends_the_flow():
    with Wobbly() as camera, Watching([camera.uri]) as watching:
        watching.more()
        camera.say_bye()
        watching.join()
    assert watching.error is None


# What is told


def test_an_outage_is_told_once_and_can_be_asked_for(caplog):
    with (
        caplog.at_level(logging.WARNING, "dsbind"),
        Wobbly() as camera,
        Watching(
            [camera.uri.replace("//", "//user:secret@")], rtsp_reconnect_interval=1
        ) as watching,
    ):
        watching.more()
        node = watching.node()
        assert (node.get("rtsp-state"), node.get("rtsp-outages")) == ("playing", 0)
        camera.leave()
        wait_for(lambda: watching.states().count("reconnecting") >= 2)
        wait_for(lambda: node.get("rtsp-state") == "lost")
        camera.come_back()
        watching.back()
        assert (node.get("rtsp-state"), node.get("rtsp-outages")) == ("playing", 1)
    lost, *tries, playing = watching.told
    assert (lost.state, lost.attempt, lost.source_id) == ("lost", 0, 0)
    assert [message.attempt for message in tries] == list(range(1, len(tries) + 1))
    assert {message.state for message in tries} == {"reconnecting"}
    assert (playing.state, playing.attempt) == ("playing", len(tries))
    assert playing.seconds > 0.5
    assert f"127.0.0.1:{camera.port}" in lost.reason
    assert "secret" not in repr(watching.told)
    records = [record.getMessage() for record in caplog.records]
    assert len(records) == 2, records
    assert "is lost" in records[0] and "plays again after" in records[1]
    assert "secret" not in "".join(records)


# Other elements with sources


def test_bins_of_several_sources_pass_the_settings_on(tmp_path):
    with Wobbly() as camera, Wobbly() as other:
        config = tmp_path / "sources.yaml"
        config.write_text(
            "source-list:\n"
            f"- uri: {camera.uri}\n"
            f"- uri: {other.uri}\n"
            "source-config:\n"
            "  source-bin: nvmultiurisrcbin\n"
            "  properties:\n"
            "    rtsp-reconnect-interval: 1\n"
        )
        pipeline, told, frames = Pipeline("multi"), [], {0: 0, 1: 0}

        class Count(BatchMetadataOperator):
            def handle_metadata(self, batch):
                for frame in batch.frame_items:
                    frames[frame.source_id] += 1

        flow = Flow(pipeline).batch_capture(str(config), width=320, height=240, live_source=True)
        flow.attach(Probe("count", Count())).render(RenderMode.DISCARD, sync=False)
        pipeline.start(told.append)
        wait_for(lambda: min(frames.values()) > 10)
        camera.cut()
        wait_for(lambda: any(getattr(message, "state", "") == "playing" for message in told))
        so_far = frames[0]
        wait_for(lambda: frames[0] > so_far + 10)
        pipeline.stop()
        pipeline.wait()
    states = [message for message in told if isinstance(message, SourceStateMessage)]
    assert {message.source_id for message in states} == {0}


# Endurance

OUTAGES = """
    import os, threading
    from growing import allocated
    from wobbly import Wobbly
    from dsbind import *

    def used():
        with open("/proc/self/status") as file:
            threads = [int(line.split()[1]) for line in file if line.startswith("Threads:")][0]
        return allocated(), threads, len(os.listdir("/proc/self/fd"))

    samples, done = [], threading.Event()

    def on_message(message):
        if getattr(message, "state", "") == "playing":
            for camera in cameras:
                camera._threads[:] = [t for t in camera._threads if t.is_alive()]
                del camera._clients[:-1]
            samples.append(used())
            if len(samples) == 100:
                done.set()

    with Wobbly(cut_after=4) as one, Wobbly(cut_after=4) as two:
        cameras = one, two
        pipeline = Pipeline("p")
        flow = Flow(pipeline).batch_capture(
            [one.uri, two.uri], width=64, height=48, live_source=True, latency=0,
            rtsp_reconnect_interval=1, init_rtsp_reconnect_interval=1)
        flow.render(RenderMode.DISCARD, sync=False)
        pipeline.start(on_message)
        assert done.wait(90), len(samples)
        pipeline.stop()
        pipeline.wait(20)
    early, late = samples[30:60], samples[-30:]
    print(*(min(s[i] for s in late) - min(s[i] for s in early) for i in range(3)))
"""


def test_a_hundred_outages_leave_nothing_behind(run_program):
    result = run_program(OUTAGES, timeout=120, env=MEASURABLE)
    memory, threads, files = map(int, result.stdout.split()[-3:])
    assert memory < 2_000_000
    # At the moment of a look some connection may still be closing: 50 outages left more.
    assert threads <= 10
    assert files <= 10
