# SPDX-License-Identifier: Apache-2.0
"""nvrtspoutsinkbin: streams that clients of other processes decode, and that nobody blocks."""

from __future__ import annotations

import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from launching import run_launch, system_plugins_without

# Longer than any test needs; a live source ends by itself even so.
LIVE = (
    "videotestsrc is-live=true num-buffers=900 pattern=ball "
    "! video/x-raw,width=160,height=120,framerate=30/1"
)
NVMM = '"video/x-raw(memory:NVMM),format=NV12"'


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """A pipeline in a process of its own."""

    def __init__(self, pipeline: str, environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("w") as out:
            self.process = subprocess.Popen(
                ["gst-launch-1.0", "-e", *shlex.split(pipeline)],
                env=environment,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def wait_for(self, port: int) -> None:
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        pytest.fail(f"no server on port {port}: {self.log.read_text()}")

    def stop(self) -> float:
        """End it as Ctrl-C does; the seconds it took."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(10)
        return time.monotonic() - start

    @property
    def output(self) -> str:
        return self.log.read_text()


Serve = Callable[..., Server]


@pytest.fixture
def serve(gst_env: dict[str, str], tmp_path: Path) -> Iterator[Serve]:
    servers: list[Server] = []

    def start(pipeline: str, port: int | None = None) -> Server:
        server = Server(pipeline, gst_env, tmp_path / f"server{len(servers)}.log")
        servers.append(server)
        if port is not None:
            server.wait_for(port)
        return server

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.process.kill()
        server.process.wait()
        assert "CRITICAL" not in server.output


@pytest.fixture
def watch(gst_env: dict[str, str]) -> Callable[..., list[float]]:
    """Decodes a stream; the seconds of each frame."""

    def client(
        port: int, mount: str, frames: int | None = 15, protocol: str = "tcp", size: str = "160x120"
    ) -> list[float]:
        width, height = size.split("x")
        limit = f"! identity eos-after={frames + 1}" if frames else ""
        command = shlex.split(
            f"gst-launch-1.0 -v rtspsrc location=rtsp://127.0.0.1:{port}{mount} "
            f"protocols={protocol} latency=100 ! decodebin ! videoconvert "
            f"! video/x-raw,format=I420,width={width},height={height} {limit} "
            "! fakesink silent=false sync=false"
        )
        try:
            done = run_launch(command, gst_env, timeout=25)
        except subprocess.TimeoutExpired:
            # One client in some hundreds never begins to play; the server serves the next.
            done = run_launch(command, gst_env, timeout=40)
        found = re.findall(r"chain .*?pts: (\d+):(\d\d):(\d\d\.\d{9})", done.stdout)
        assert found, done.stdout[-2000:] + done.stderr
        return [int(h) * 3600 + int(m) * 60 + float(s) for h, m, s in found]

    return client


def sink(port: int, mount: str = "/ds-test", more: str = "") -> str:
    return f"nvrtspoutsinkbin rtsp-port={port} rtsp-mount-point={mount} {more}"


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_a_client_decodes_frames_at_their_pace(serve, watch, port, protocol, codec):
    server = serve(f"{LIVE} ! nvvideoconvert ! {NVMM} ! {sink(port, more=f'codec={codec}')}", port)
    times = watch(port, "/ds-test", frames=30, protocol=protocol)
    assert len(times) == 30
    assert times == sorted(times)
    gaps = [b - a for a, b in zip(times, times[1:], strict=False)]
    assert sorted(gaps)[len(gaps) // 2] == pytest.approx(1 / 30, abs=0.015)
    assert server.process.poll() is None


def test_frames_in_system_memory_are_served(serve, watch, port):
    serve(f"{LIVE},format=RGBA ! {sink(port)}", port)
    assert len(watch(port, "/ds-test")) == 15


def test_a_stream_of_h264_is_served_as_it_is(serve, watch, port):
    serve(f"{LIVE} ! x264enc tune=zerolatency key-int-max=15 ! {sink(port)}", port)
    assert len(watch(port, "/ds-test")) == 15


# Frames that are all black or all white, each the opposite of the one before.
BLINK = LIVE.replace("ball", "blink")
SLICES = {
    "h264": "x264enc tune=zerolatency sliced-threads=true threads=4 key-int-max=5",
    "h265": "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=5 option-string=slices=4",
}


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_pictures_of_several_slices_are_whole_even_to_who_takes_slices(
    serve, port, gst_env, tmp_path, codec
):
    """A parameter set between slices would begin a new picture, as it does for parsebin."""
    width, height = 160, 120
    serve(f"{BLINK} ! {SLICES[codec]} ! {sink(port)}", port)
    done = run_launch(
        shlex.split(
            f"gst-launch-1.0 -q rtspsrc location=rtsp://127.0.0.1:{port}/ds-test protocols=tcp "
            f"! rtp{codec}depay ! video/x-{codec},stream-format=byte-stream,alignment=nal "
            f"! {codec}parse ! avdec_{codec} ! videoconvert ! video/x-raw,format=GRAY8 "
            f"! identity eos-after=31 ! filesink location={tmp_path}/gray"
        ),
        gst_env,
        timeout=40,
    )
    content = (tmp_path / "gray").read_bytes()
    size = width * height
    columns = [
        content[start + 5 : start + size : width]
        for start in range(0, len(content) - size + 1, size)
    ]
    assert len(columns) >= 30, done.stderr
    assert [max(column) - min(column) < 24 for column in columns] == [True] * len(columns)
    assert min(map(min, columns)) < 50 < 200 < max(map(max, columns))


def test_several_clients_and_late_ones_get_a_key_frame_at_once(serve, watch, port):
    # One key frame in 1000: who comes late sees a picture only if it asks for another.
    serve(f"{LIVE} ! nvvideoconvert ! {NVMM} ! {sink(port, more='iframeinterval=1000')}", port)
    seen: dict[str, int] = {}

    def client(name: str, protocol: str) -> None:
        seen[name] = len(watch(port, "/ds-test", protocol=protocol))

    threads = [
        threading.Thread(target=client, args=(f"{protocol}{i}", protocol))
        for i, protocol in enumerate(("tcp", "udp"))
    ]
    for thread in threads:
        thread.start()
    time.sleep(1)
    client("late", "tcp")
    for thread in threads:
        thread.join()
    assert seen == {"tcp0": 15, "udp1": 15, "late": 15}


def test_sinks_share_a_port_by_their_mount_points(serve, watch, port):
    serve(
        f"{LIVE} ! tee name=t ! queue ! {sink(port, '/one')} "
        f"t. ! queue ! videoscale ! video/x-raw,width=320,height=240 ! {sink(port, '/two')}",
        port,
    )
    assert len(watch(port, "/one", size="160x120")) == 15
    assert len(watch(port, "/two", size="320x240")) == 15


def test_without_a_client_nothing_waits(launch, port):
    launch(f"videotestsrc num-buffers=300 ! nvvideoconvert ! {NVMM} ! {sink(port)}", timeout=20)


def test_the_end_of_the_stream_reaches_clients_and_bus(serve, watch, port):
    server = serve(f"{LIVE.replace('900', '90')} ! {sink(port)}", port)
    start = time.monotonic()
    assert 20 < len(watch(port, "/ds-test", frames=None)) <= 90
    assert time.monotonic() - start < 15
    assert server.process.wait(10) == 0
    assert "Got EOS" in server.output


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_stopping_with_a_client_takes_a_second(serve, watch, port, protocol):
    server = serve(f"{LIVE} ! {sink(port)}", port)
    thread = threading.Thread(
        target=watch, args=(port, "/ds-test", None), kwargs={"protocol": protocol}
    )
    thread.start()
    time.sleep(2)
    assert server.stop() < 3
    thread.join(20)
    assert not thread.is_alive()
    assert server.process.returncode == 0


def request(connection: socket.socket, method: str, url: str, *headers: str) -> str:
    lines = [f"{method} {url} RTSP/1.0", "CSeq: 1", *headers, "", ""]
    connection.sendall("\r\n".join(lines).encode())
    return connection.recv(4096).decode(errors="replace")


def test_a_client_that_does_not_read_stops_nobody(serve, watch, port):
    noise = LIVE.replace("ball", "snow")
    server = serve(f"{noise} ! {sink(port, more='bitrate=8000000')}", port)
    url = f"rtsp://127.0.0.1:{port}/ds-test"
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", port))
        assert "200 OK" in request(slow, "DESCRIBE", url, "Accept: application/sdp")
        answer = request(
            slow, "SETUP", f"{url}/stream=0", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
        )
        session = re.search(r"Session: *([^;\s]+)", answer)
        assert session
        slow.sendall(f"PLAY {url} RTSP/1.0\r\nCSeq: 3\r\nSession: {session[1]}\r\n\r\n".encode())
        time.sleep(2)
        assert len(watch(port, "/ds-test", frames=60)) == 60
        assert server.stop() < 3


def test_stopping_while_a_client_waits_for_the_first_frame(serve, port):
    server = serve(f"{LIVE} ! valve drop=true drop-mode=forward-sticky-events ! {sink(port)}", port)
    with socket.create_connection(("127.0.0.1", port)) as waiting:
        url = f"rtsp://127.0.0.1:{port}/ds-test"
        waiting.sendall(f"DESCRIBE {url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        time.sleep(0.5)
        assert server.stop() < 3


def test_another_mount_is_not_found(serve, port):
    serve(f"{LIVE} ! {sink(port)}", port)
    with socket.create_connection(("127.0.0.1", port)) as client:
        assert "404" in request(client, "DESCRIBE", f"rtsp://127.0.0.1:{port}/other")


def test_only_this_machine_is_served(serve, port):
    serve(f"{LIVE} ! {sink(port)}", port)
    listening = Path("/proc/net/tcp").read_text()
    assert f"0100007F:{port:04X}" in listening
    assert f"00000000:{port:04X}" not in listening


def test_a_port_in_use_is_named(launch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = launch(f"videotestsrc ! {sink(port)}", ok=False)
    assert f"RTSP port {port} of 127.0.0.1 is in use" in result.errors[0]


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        ("rtsp-port=0", "An rtsp-port of 0 is not possible"),
        ("rtsp-port=70000", "An rtsp-port of 70000 is not possible"),
        ("rtsp-mount-point=test", 'An rtsp-mount-point of "test" is not possible'),
        ("rtsp-address=nowhere", 'An rtsp-address of "nowhere" is not possible'),
    ],
)
def test_places_that_cannot_be_are_named(launch, properties, text):
    result = launch(f"videotestsrc ! nvrtspoutsinkbin {properties}", ok=False)
    assert text in result.errors[0]


def test_one_mount_point_for_two_sinks_is_named(launch, port):
    result = launch(
        f"videotestsrc ! tee name=t ! queue ! {sink(port)} t. ! queue ! {sink(port)}", ok=False
    )
    assert f"rtsp://127.0.0.1:{port}/ds-test" in result.errors[0]


def test_a_missing_payloader_is_named_with_its_package(launch, port, tmp_path):
    result = launch(
        f"videotestsrc ! {sink(port)}", ok=False, **system_plugins_without("rtp", tmp_path)
    )
    assert "The element rtph264pay is not installed" in result.errors[0]
    assert "apt-get install gstreamer1.0-plugins-good" in result.errors[0]


def test_nothing_leaks(launch, leaks_env, port):
    result = launch(
        f"videotestsrc num-buffers=10 ! nvvideoconvert ! {NVMM} ! {sink(port)}", **leaks_env
    )
    assert result.leaks == []


REPUBLISH = """
import ctypes, sys
from pathlib import Path
from dsbind import gst, runtime
gst.init()
folder = Path(sys.argv[1]).parent / "lib"
rtsp = ctypes.CDLL(str(folder / "libdsbind_rtsp.so"))
rtsp.dsbind_rtsp_republish_start.restype = ctypes.c_void_p
rtsp.dsbind_rtsp_republish_stop.argtypes = [ctypes.c_void_p]

class Failure(ctypes.Structure):
    _fields_ = [("domain", ctypes.c_uint32), ("code", ctypes.c_int), ("message", ctypes.c_char_p)]

error = ctypes.POINTER(Failure)()
port, udp = int(sys.argv[2]), int(sys.argv[3])
handle = rtsp.dsbind_rtsp_republish_start(port, udp, 0, ctypes.byref(error))
print("started" if handle else error.contents.message.decode(), flush=True)
if handle:
    sys.stdin.readline()
    rtsp.dsbind_rtsp_republish_stop(handle)
    print("stopped", flush=True)
"""


def republish(gst_env, port: int, udp_port: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", REPUBLISH, gst_env["GST_PLUGIN_PATH"], str(port), str(udp_port)],
        env=gst_env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def free_udp_port() -> int:
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_local_rtp_stream_is_served_again(serve, watch, port, gst_env):
    udp_port = free_udp_port()
    with republish(gst_env, port, udp_port) as server:
        assert server.stdout and server.stdout.readline() == "started\n"
        serve(
            f"{LIVE} ! x264enc tune=zerolatency key-int-max=15 ! rtph264pay config-interval=-1 "
            f"! udpsink host=127.0.0.1 port={udp_port}"
        )
        assert len(watch(port, "/ds-test")) == 15
        out, err = server.communicate("\n", timeout=5)
        assert (out, err) == ("stopped\n", "")


def test_a_udp_port_in_use_is_named(port, gst_env):
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        udp_port = taken.getsockname()[1]
        with republish(gst_env, port, udp_port) as server:
            out, err = server.communicate(timeout=20)
    assert out.startswith(f"UDP port {udp_port} of 127.0.0.1 cannot be read")
    assert err == ""
