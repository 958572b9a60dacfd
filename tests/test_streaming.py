# SPDX-License-Identifier: Apache-2.0
"""What a flow sends over RTSP and UDP, received and decoded by others."""

from __future__ import annotations

import socket
import subprocess
import time
from contextlib import contextmanager

import numpy as np
import pytest
from looking import COLOURS, boxes, colour_clip, free_port, has_box, is_colour

import dsbind
from dsbind import BatchMetadataOperator, Flow, Pipeline, Probe, RenderMode, gst
from dsbind.media import MediaInfo

needs_rtsp = pytest.mark.skipif(
    not gst.has_element("nvrtspoutsinkbin"), reason="there is no nvrtspoutsinkbin here"
)
RAW = "videoconvert ! video/x-raw,format=RGB"


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("colours")
    return {colour: colour_clip(folder, colour) for colour in COLOURS}


def capture(*clips, **options):
    options = {"width": 320, "height": 240, "file_loop": True, **options}
    return Flow(Pipeline("streaming")).batch_capture(list(clips), **options)


@contextmanager
def running(flow):
    flow.pipeline.start()
    try:
        yield flow
    finally:
        flow.pipeline.stop().wait(30)


class Client:
    """Reads the first frames of a stream in a process of its own."""

    def __init__(self, path, source, frames=10, width=320, height=240):
        self.path = path
        self.shape = (-1, height, width, 3)
        words = f"{source} ! {RAW} ! identity eos-after={frames} ! filesink location={path}"
        self._words = ["gst-launch-1.0", "-q", *words.split()]
        self._start()

    def _start(self):
        self._child = subprocess.Popen(
            self._words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )

    def frames(self, seconds=60):
        """What came, at the end. A client that came before its server, or hangs, tries again."""
        until = time.monotonic() + seconds
        try:
            while True:
                left = max(0.1, until - time.monotonic())
                try:
                    _, errors = self._child.communicate(timeout=min(25, left))
                except subprocess.TimeoutExpired:
                    if left <= 25:
                        raise
                    self.end()
                    self._start()
                    continue
                pixels = np.fromfile(self.path, np.uint8).reshape(self.shape)
                if len(pixels):
                    return pixels
                assert time.monotonic() < until, errors
                time.sleep(0.2)
                self._start()
        finally:
            self.end()

    def end(self):
        self._child.kill()
        self._child.communicate()


def rtsp(port, mount, over="tcp"):
    return f"rtspsrc location=rtsp://127.0.0.1:{port}{mount} protocols={over} latency=0 ! decodebin"


def wait_for(port, seconds=15):
    until = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert time.monotonic() < until, f"nobody answers at port {port}"
            time.sleep(0.05)


# RTSP


@needs_rtsp
@pytest.mark.parametrize("over", ["tcp", "udp"])
def test_encode_serves_what_it_is_given_with_its_boxes(clips, tmp_path, over):
    port = free_port()
    flow = capture(clips["red"]).attach(Probe("boxes", boxes(100, 60, 80, 60)))
    with running(flow.encode(f"rtsp://localhost:{port}", sync=True)):
        wait_for(port)
        frames = Client(tmp_path / "a", rtsp(port, "/ds-test", over)).frames()
    assert has_box(frames[-1], 100, 60, 80, 60, COLOURS["red"])


@needs_rtsp
def test_several_clients_read_one_stream(clips, tmp_path):
    port = free_port()
    with running(capture(clips["blue"]).encode(f"rtsp://127.0.0.1:{port}", sync=True)):
        wait_for(port)
        clients = [Client(tmp_path / str(n), rtsp(port, "/ds-test")) for n in range(3)]
        # One that comes when others were there.
        late = Client(tmp_path / "late", rtsp(port, "/ds-test"))
        for client in [*clients, late]:
            assert is_colour(client.frames()[-1][120, 160], COLOURS["blue"])
        # And one that comes when the others are gone.
        again = Client(tmp_path / "again", rtsp(port, "/ds-test"))
        assert is_colour(again.frames()[-1][120, 160], COLOURS["blue"])


@needs_rtsp
def test_a_fork_serves_several_streams_writes_a_file_and_discards_at_once(clips, tmp_path):
    first, second = free_port(), free_port()
    fork = capture(clips["green"]).fork()
    fork.encode(f"rtsp://localhost:{first}", sync=True)
    fork.encode(f"rtsp://localhost:{second}/side", enable_osd=False, sync=True)
    fork.encode(tmp_path / "out.mp4", use_sw_codec=True)
    fork.render(RenderMode.DISCARD, sync=True)
    with running(fork):
        for port in (first, second):
            wait_for(port)
        clients = [
            Client(tmp_path / "a", rtsp(first, "/ds-test")),
            Client(tmp_path / "b", rtsp(second, "/side")),
        ]
        for client in clients:
            assert is_colour(client.frames()[-1][120, 160], COLOURS["green"])
    assert MediaInfo.discover(str(tmp_path / "out.mp4")).video.width == 320


@needs_rtsp
def test_render_serves_a_mosaic_at_its_mount(clips, tmp_path):
    port = free_port()
    flow = capture(*clips.values()).render(
        RenderMode.STREAM,
        rtsp_port=port,
        rtsp_mount_point="wall",
        sync=True,
        width=640,
        height=480,
    )
    with running(flow):
        wait_for(port)
        client = Client(tmp_path / "a", rtsp(port, "/wall"), width=640, height=480)
        frame = client.frames()[-1]
    places = [(160, 120), (480, 120), (160, 360), (480, 360)]
    for colour, (x, y) in zip(COLOURS.values(), places, strict=True):
        assert is_colour(frame[y, x], colour)


@needs_rtsp
def test_a_flow_reads_what_another_serves(clips):
    class Count(BatchMetadataOperator):
        n = 0

        def handle_metadata(self, batch_meta):
            self.n += 1
            if self.n == 10:
                reader.pipeline.stop()

    port = free_port()
    count = Count()
    with running(capture(clips["yellow"]).encode(f"rtsp://localhost:{port}", sync=True)):
        wait_for(port)
        time.sleep(0.5)
        reader = capture(f"rtsp://localhost:{port}/ds-test", file_loop=False, live_source=True)
        reader.attach(Probe("count", count)).render(RenderMode.DISCARD)
        reader.pipeline.start()
        reader.pipeline.wait(40)
    assert count.n >= 10


@needs_rtsp
def test_a_port_in_use_is_named(clips):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(dsbind.Error, match=str(port)) as caught:
            capture(clips["red"]).encode(f"rtsp://localhost:{port}")()
    assert isinstance(caught.value, dsbind.OutputError)


@needs_rtsp
def test_a_port_is_free_again_after_the_flow(clips, tmp_path):
    port = free_port()
    for n in range(2):
        with running(capture(clips["red"]).encode(f"rtsp://localhost:{port}", sync=True)):
            wait_for(port)
            assert len(Client(tmp_path / str(n), rtsp(port, "/ds-test")).frames())


@needs_rtsp
def test_nobody_outside_this_machine_can_connect(clips, tmp_path):
    port = free_port()
    with running(capture(clips["red"]).encode(f"rtsp://localhost:{port}", sync=True)):
        wait_for(port)
        assert len(Client(tmp_path / "a", rtsp(port, "/ds-test")).frames())
        with socket.socket() as other:
            # Free on every address of this machine but loopback.
            other.connect_ex(("127.0.0.2", port))
            with pytest.raises(OSError):
                other.getpeername()


# UDP


def udp(port, codec, decoder):
    caps = (
        f"application/x-rtp,media=video,clock-rate=90000,encoding-name={codec.upper()},payload=96"
    )
    return f"udpsrc port={port} address=127.0.0.1 caps={caps} ! rtp{codec}depay ! {decoder}"


@pytest.mark.parametrize("software", [True, False], ids=["software", "hardware"])
@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_udp_is_received(clips, tmp_path, codec, software):
    if not software and not gst.has_element(f"nvv4l2{codec}enc"):
        pytest.skip(f"there is no nvv4l2{codec}enc here")
    port = free_port(socket.SOCK_DGRAM)
    flow = capture(clips["green"]).attach(Probe("boxes", boxes(100, 60, 80, 60)))
    flow = flow.encode(
        f"udp://localhost:{port}", use_sw_codec=software, codec_type=codec, sync=True
    )
    with running(flow):
        # It comes in the middle, and needs what a decoder begins with.
        time.sleep(0.5)
        frames = Client(tmp_path / "a", udp(port, codec, f"avdec_{codec}")).frames()
    assert has_box(frames[-1], 100, 60, 80, 60, COLOURS["green"])


def test_av1_over_udp_needs_a_payloader(clips):
    flow = capture(clips["red"])
    if gst.has_element("rtpav1pay"):
        assert flow.encode("udp://localhost:5400", True, codec_type="av1")._streams == []
        return
    with pytest.raises(dsbind.MissingElementError, match="rtpav1pay.*gst-plugins-rs.*h264"):
        flow.encode("udp://localhost:5400", use_sw_codec=True, codec_type="av1")


def test_udp_goes_to_loopback_as_documented(clips):
    flow = capture(clips["red"]).encode("udp://127.0.0.1:5400", use_sw_codec=True)
    sink = flow.pipeline._graph.elements[next(reversed(flow.pipeline._graph.elements))]
    assert sink.factory == "udpsink"
    assert [sink.get(name) for name in ("host", "port", "sync", "async")] == [
        "127.0.0.1",
        5400,
        False,
        False,
    ]
