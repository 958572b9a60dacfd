# SPDX-License-Identifier: Apache-2.0
"""A camera on this machine: an RTSP server whose answers and packets a test chooses."""

from __future__ import annotations

import base64
import re
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

# Where a picture is all black or all white, each the opposite of the one before.
_PICTURES = (
    "videotestsrc is-live=true pattern=blink "
    "! video/x-raw,format=I420,width=320,height=240,framerate=30/1 !"
)
#: What is sent, by codec: pictures of four slices, or sound.
_STREAMS = {
    "H264": f"{_PICTURES} x264enc tune=zerolatency sliced-threads=true threads=4 "
    "speed-preset=ultrafast key-int-max=10 ! rtph264pay",
    "H265": f"{_PICTURES} x265enc tune=zerolatency speed-preset=ultrafast key-int-max=10 "
    "option-string=slices=4 ! h265parse config-interval=-1 ! rtph265pay",
    "PCMU": "audiotestsrc is-live=true ! mulawenc ! rtppcmupay",
}
MARKER = 0x80
FRAGMENT_END = 0x40


def every_slice(codec: str, packet: bytearray) -> None:
    """Set the marker at the end of each NAL unit, where it belongs at that of a picture."""
    kind = packet[12] & 0x1F if codec == "H264" else packet[12] >> 1 & 0x3F
    at = {("H264", 28): 13, ("H265", 49): 14}.get((codec, kind))
    if at is None or packet[at] & FRAGMENT_END:
        packet[1] |= MARKER


def never(codec: str, packet: bytearray) -> None:
    """Leave the marker out."""
    packet[1] &= ~MARKER & 0xFF


class Camera:
    """Serves `rtsp://127.0.0.1:port/live` to one client after another, over TCP.

    Parameters
    ----------
    codec
        H264 or H265, in pictures of several slices, or PCMU, which is sound.
    payloader
        Properties of the payloader.
    markers
        What to do with the marker of each packet.
    login
        "user:password" that a client needs; none where it is empty.
    answer
        What it says to every request, where that is not the protocol's.
    """

    def __init__(
        self,
        codec: str = "H264",
        payloader: str = "config-interval=-1",
        markers: Callable[[str, bytearray], None] | None = None,
        login: str = "",
        answer: bytes = b"",
    ) -> None:
        self.codec = codec
        self._video = codec != "PCMU"
        more = payloader if self._video else ""
        self._words = f"{_STREAMS[codec]} pt=96 {more} ! rtpstreampay ! fdsink"
        self._markers = markers
        self._login = login
        self._fixed = answer
        self._encoder: subprocess.Popen[bytes] | None = None
        # Answers come between packets.
        self._sending = threading.Lock()
        self._clients: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.uri = f"rtsp://127.0.0.1:{self.port}/live"

    def __enter__(self) -> Self:
        self._begin(self._listen)
        return self

    def __exit__(self, *exception: object) -> None:
        self.leave()
        self.stop_stream()
        for thread in self._threads:
            thread.join(10)

    def cut(self) -> None:
        """End all connections."""
        for client in self._clients:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        self._clients.clear()

    def leave(self) -> None:
        """Go, as a camera whose cable is pulled: nobody is at its port any more."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self.cut()

    def come_back(self) -> None:
        """Be at the same port again."""
        self._socket = socket.create_server(("127.0.0.1", self.port))
        self._begin(self._listen)

    def stop_stream(self) -> None:
        """End what it sends, as a camera that has lost its power."""
        if self._encoder:
            self._encoder.kill()
            self._encoder.wait()

    def _begin(self, target: Callable[..., None], *arguments: object) -> None:
        self._threads.append(threading.Thread(target=target, args=arguments, daemon=True))
        self._threads[-1].start()

    def _listen(self) -> None:
        listening = self._socket
        with suppress(OSError):
            while True:
                client, _ = listening.accept()
                self._clients.append(client)
                self._begin(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            for method, url, headers in _requests(client):
                if self._fixed:
                    client.sendall(self._fixed)
                    continue
                status, more, body = self._answer(method, url, headers)
                lines = [f"RTSP/1.0 {status}", f"CSeq: {headers.get('cseq', '0')}", *more]
                if body:
                    lines += ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
                with self._sending:
                    client.sendall("\r\n".join([*lines, "", body]).encode())
                if method == "PLAY":
                    self._begin(self._stream, client)
                if method == "TEARDOWN":
                    return

    def _answer(self, method: str, url: str, headers: dict[str, str]) -> tuple[str, list[str], str]:
        if method == "OPTIONS":
            return "200 OK", ["Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN"], ""
        told = base64.b64encode(self._login.encode()).decode()
        if self._login and headers.get("authorization") != f"Basic {told}":
            return "401 Unauthorized", ['WWW-Authenticate: Basic realm="camera"'], ""
        if not url.startswith(self.uri):
            return "404 Not Found", [], ""
        if method == "DESCRIBE":
            body = [
                "v=0",
                "o=- 0 0 IN IP4 127.0.0.1",
                "s=camera",
                "c=IN IP4 127.0.0.1",
                "t=0 0",
                f"m={'video' if self._video else 'audio'} 0 RTP/AVP 96",
                f"a=rtpmap:96 {self.codec}/{90000 if self._video else 8000}",
                "a=control:stream",
            ]
            return "200 OK", [f"Content-Base: {self.uri}/"], "\r\n".join([*body, ""])
        if method == "SETUP":
            transport = self._transport(headers.get("transport", ""))
            if not transport:
                return "461 Unsupported Transport", [], ""
            return "200 OK", ["Session: 1;timeout=60", f"Transport: {transport}"], ""
        return "200 OK", ["Session: 1"], ""

    def _transport(self, asked: str) -> str:
        """The answer to a client's wish; empty for one that is not had."""
        return "RTP/AVP/TCP;unicast;interleaved=0-1" if "TCP" in asked else ""

    def _stream(self, client: socket.socket) -> None:
        self._encoder = subprocess.Popen(
            ["gst-launch-1.0", "-q", *self._words.split()], stdout=subprocess.PIPE
        )
        assert self._encoder.stdout
        with suppress(OSError), self._encoder.stdout as stream:
            while len(size := stream.read(2)) == 2:
                packet = bytearray(stream.read(struct.unpack(">H", size)[0]))
                if self._markers:
                    self._markers(self.codec, packet)
                with self._sending:
                    client.sendall(b"$\0" + size + packet)
        self._encoder.kill()
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)


def _requests(client: socket.socket) -> Iterator[tuple[str, str, dict[str, str]]]:
    """The requests of a client: method, URL and headers. Its own packets are passed over."""
    with client.makefile("rb") as stream:
        while head := stream.read(1):
            if head == b"$":
                stream.read(struct.unpack(">xH", stream.read(3))[0])
                continue
            line = (head + stream.readline()).decode(errors="replace")
            words = line.split()
            headers = {}
            while (line := stream.readline().decode(errors="replace").strip()) != "":
                found = re.match(r"([^:]+):\s*(.*)", line)
                if found:
                    headers[found[1].lower()] = found[2]
            if len(words) == 3:
                yield words[0], words[1], headers
