# SPDX-License-Identifier: Apache-2.0
"""Certificates of a test's own, and a relay that puts TLS before a server that has none."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import subprocess
import threading
from pathlib import Path

from brokers import program

_CONFIG = """
[ca]
default_ca = this
[this]
dir = .
new_certs_dir = .
database = index.txt
serial = serial.txt
default_md = sha256
unique_subject = no
policy = any
[any]
commonName = supplied
"""


class Authority:
    """A certificate authority; its files, and those it has signed, are in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder, self.file = folder, folder / "ca.crt"
        (folder / "ca.cnf").write_text(_CONFIG)
        (folder / "index.txt").write_text("")
        (folder / "serial.txt").write_text("1000\n")
        self._key("ca")
        self._run("req", "-x509", "-new", "-key", "ca.key", "-out", "ca.crt", "-subj", "/CN=ca")

    def sign(self, name: str, host: str = "DNS:localhost,IP:127.0.0.1", *, expired: bool = False):
        """A certificate and its key."""
        years = ("20200101000000Z", "20210101000000Z" if expired else "20400101000000Z")
        (self.folder / "names.txt").write_text(f"subjectAltName = {host}\n")
        self._key(name)
        self._run(
            "req", "-new", "-key", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}"
        )
        self._run(
            "ca", "-batch", "-notext", "-config", "ca.cnf", "-keyfile", "ca.key", "-cert", "ca.crt",
            "-startdate", years[0], "-enddate", years[1], "-extfile", "names.txt",
            "-in", f"{name}.csr", "-out", f"{name}.crt",
        )  # fmt: skip
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"

    def _key(self, name: str) -> None:
        self._run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")

    def _run(self, *words: str) -> None:
        command = [program("openssl"), *words]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def _read(stream: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = stream.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data


class KafkaRelay:
    """TLS before a Kafka without: answers that name the broker's port name the relay's instead."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        self.context, self.behind = context, port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.streams: list[socket.socket] = []
        self.threads = [threading.Thread(target=self._accept)]
        self.threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                stream, _ = self.listener.accept()
            except OSError:
                return
            self.streams.append(stream)
            self._start(self._serve, stream)

    def _start(self, run, *values) -> None:
        thread = threading.Thread(target=run, args=values)
        self.threads.append(thread)
        thread.start()

    def _serve(self, plain: socket.socket) -> None:
        with contextlib.suppress(OSError):
            stream = self.context.wrap_socket(plain, server_side=True)
            server = socket.create_connection(("127.0.0.1", self.behind))
            self.streams += [stream, server]
            self._start(self._answer, server, stream)
            while data := stream.recv(65536):
                server.sendall(data)
            server.shutdown(socket.SHUT_RDWR)

    def _answer(self, server: socket.socket, stream: socket.socket) -> None:
        before, after = (b"127.0.0.1" + struct.pack(">i", p) for p in (self.behind, self.port))
        with contextlib.suppress(OSError, EOFError):
            while True:
                head = _read(server, 4)
                text = _read(server, struct.unpack(">i", head)[0])
                stream.sendall(head + text.replace(before, after))

    def close(self) -> None:
        # A thread in accept() does not see that its socket is closed.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for stream in self.streams:
            with contextlib.suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)
            stream.close()
        for thread in self.threads:
            thread.join()


@contextlib.contextmanager
def kafka_relay(port: int, certificate: Path, key: Path, clients: Path | None = None):
    """The port of one; with `clients`, who connects must have a certificate of that authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if clients:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    relay = KafkaRelay(port, context)
    try:
        yield relay.port
    finally:
        relay.close()
