# SPDX-License-Identifier: Apache-2.0
"""A camera that fails as real ones do: cut off, gone, silent, or another one after its return."""

from __future__ import annotations

import functools
import random
import re
import socket
import struct
import subprocess
import threading
import time
from contextlib import suppress

from camera import Camera

_RATE = 30
_CLOCK = 90000
_HEADER = 12


@functools.cache
def pictures(width: int = 320, height: int = 240, color: int = 0xFFFFFFFF) -> list[list[bytes]]:
    """RTP packets of a few H.264 pictures of one color, by picture; the first is a key frame."""
    words = (
        f"videotestsrc num-buffers=10 pattern=solid-color foreground-color={color} "
        f"! video/x-raw,format=I420,width={width},height={height},framerate={_RATE}/1 "
        "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=5 threads=1 "
        "! rtph264pay config-interval=-1 pt=96 ! rtpstreampay ! fdsink"
    )
    stream = subprocess.run(
        ["gst-launch-1.0", "-q", *words.split()], capture_output=True, check=True, timeout=60
    ).stdout
    found: dict[bytes, list[bytes]] = {}
    while stream:
        size = struct.unpack(">H", stream[:2])[0]
        packet, stream = stream[2 : size + 2], stream[size + 2 :]
        found.setdefault(packet[4:8], []).append(packet)
    return list(found.values())


class Wobbly(Camera):
    """Sends recorded pictures over TCP, or UDP, until it is told to fail.

    Parameters
    ----------
    shown
        What it sends; see `pictures`.
    udp
        Whether it takes UDP, which it then prefers.
    cut_after
        Pictures after which it ends a connection by itself; 0 for never.
    """

    def __init__(
        self, shown: list[list[bytes]] | None = None, *, udp: bool = False, cut_after: int = 0
    ) -> None:
        super().__init__()
        self.shown = shown or pictures()
        self.udp = udp
        self.cut_after = cut_after
        #: While it is set, connections stay and nothing comes.
        self.silent = threading.Event()
        #: How many streams it has begun.
        self.plays = 0
        self._ports: tuple[int, int] | None = None
        self._over = threading.Event()
        self._bye = threading.Event()

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        super().__exit__(*exception)

    def say_bye(self) -> None:
        """End the stream as the protocol has it."""
        self._bye.set()

    def _transport(self, asked: str) -> str:
        ports = re.search(r"client_port=(\d+)-(\d+)", asked)
        if self.udp and ports and "TCP" not in asked:
            self._ports = int(ports[1]), int(ports[2])
            return f"RTP/AVP;unicast;{ports[0]};server_port={self.port}-{self.port + 1}"
        self._ports = None
        return super()._transport(asked)

    def _stream(self, client: socket.socket) -> None:
        self.plays += 1
        ports = self._ports
        with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:

            def send(channel: int, packet: bytes) -> None:
                if ports:
                    datagrams.sendto(packet, ("127.0.0.1", ports[channel]))
                    return
                with self._sending:
                    client.sendall(b"$" + struct.pack(">BH", channel, len(packet)) + packet)

            self._play(client, send)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

    def _play(self, client: socket.socket, send) -> None:  # type: ignore[no-untyped-def]
        sender = random.getrandbits(32)
        number, time_stamp, sent = random.getrandbits(15), random.getrandbits(31), 0
        begun = time.monotonic()
        while client in self._clients and not self._over.is_set():
            if self.cut_after and sent == self.cut_after:
                return
            if self._bye.is_set():
                report = struct.pack(">BBHIIIIII", 0x80, 200, 6, sender, 0, 0, time_stamp, 1, 1)
                send(1, report + struct.pack(">BBHI", 0x81, 203, 1, sender))
                self._over.wait(1)
                continue
            for packet in self.shown[sent % len(self.shown)] if not self.silent.is_set() else ():
                head = packet[:2] + struct.pack(">HII", number & 0xFFFF, time_stamp, sender)
                send(0, head + packet[_HEADER:])
                number += 1
            sent += 1
            time_stamp = time_stamp + _CLOCK // _RATE & 0xFFFFFFFF
            self._over.wait(max(0.0, begun + sent / _RATE - time.monotonic()))
