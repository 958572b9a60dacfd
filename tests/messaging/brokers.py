# SPDX-License-Identifier: Apache-2.0
"""Brokers of a test's own, on loopback ports, and flows that publish to them."""

from __future__ import annotations

import contextlib
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import dsbind
from dsbind import Flow, Pipeline

OBJECTS = 3


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(holds: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Server:
    """A server program; it can be killed, and started again on its port."""

    def __init__(self, command: list[str], port: int) -> None:
        self.command, self.port = command, port
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Server:
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(lambda: answers(self.port))
        return self

    def kill(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def freeze(self, on: bool) -> None:
        assert self.process
        self.process.send_signal(signal.SIGSTOP if on else signal.SIGCONT)


def program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


@contextlib.contextmanager
def running(command: list[str], port: int, started: bool = True) -> Iterator[Server]:
    server = Server(command, port)
    try:
        yield server.start() if started else server
    finally:
        server.kill()


def redis_server(folder: Path, *options: str, started: bool = True):
    port = free_port()
    # What it has acknowledged is on disk, so that it is there after a kill.
    command = [
        program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder),
        "--save", "", "--appendonly", "yes", "--appendfsync", "always", *options,
    ]  # fmt: skip
    return running(command, port, started)


def mosquitto_server(folder: Path, *lines: str):
    port = free_port()
    config = folder / "mosquitto.conf"
    # As root it would become a user who cannot read the test's folder.
    text = ["user root", f"listener {port} 127.0.0.1"]
    text += lines or ["allow_anonymous true"]
    config.write_text("\n".join([*text, "max_queued_messages 0", ""]))
    return running([program("mosquitto"), "-c", str(config)], port)


_KAFKA = """
import sys, time
from confluent_kafka import Producer
producer = Producer({"bootstrap.servers": "unused", "test.mock.num.brokers": 1})
metadata = producer.list_topics(timeout=10)
print(f"{next(iter(metadata.brokers.values())).port}", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def kafka_server() -> Iterator[int]:
    """librdkafka's mock cluster, in a process of its own: its port."""
    pytest.importorskip("confluent_kafka")
    process = subprocess.Popen(
        [sys.executable, "-c", _KAFKA], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert process.stdout
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        assert process.stdin and process.stdout
        process.stdin.close()
        process.stdout.close()


class Cars(dsbind.BatchMetadataOperator):
    """Puts cars onto each frame, their ids counted on."""

    def __init__(self) -> None:
        self.count = 0

    def handle_metadata(self, batch_meta: Any) -> None:
        for frame in batch_meta.frame_items:
            for _ in range(OBJECTS):
                item = batch_meta.acquire_object_meta()
                item.class_id, item.label, item.object_id = 0, "car", self.count
                item.confidence = 0.5
                item.rect_params.left, item.rect_params.top = 10.0, 20.0
                item.rect_params.width, item.rect_params.height = 30.0, 40.0
                frame.append(item)
                self.count += 1


def publishing(clip: Path, *, events: bool = True, operator: Any = None, **options: Any) -> Flow:
    """A flow that publishes cars; at the clip's own size, so that boxes stay what they are."""
    flow = Flow(Pipeline("publishing")).batch_capture([str(clip)], width=320, height=240)
    flow = flow.attach(dsbind.Probe("cars", operator or Cars()))
    if events:
        flow = flow.attach("add_message_meta_probe", "messages")
    return flow.publish(**options)


def counts(flow: Flow) -> dict[str, int | bool]:
    """What its sink has counted; every message is in one of the counts."""
    (found,) = flow.pipeline.stats().values()
    ended = found["acknowledged"] + found["failed"] + found["dropped"] + found["queued"]
    assert found["messages"] == ended, found
    return found
