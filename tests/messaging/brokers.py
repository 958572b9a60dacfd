# SPDX-License-Identifier: Apache-2.0
"""Brokers of a test's own, on loopback ports, and flows that publish to them."""

from __future__ import annotations

import contextlib
import ctypes.util
import os
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


class RabbitMQ(Server):
    """A node of its own, with its own name service; it answers rabbitmqctl. Slow to start."""

    def __init__(self, folder: Path, *lines: str) -> None:
        self.folder = folder
        self.names, distribution = free_port(), free_port()
        super().__init__([rabbitmq("rabbitmq-server")], free_port())
        config = [f"listeners.tcp.1 = 127.0.0.1:{self.port}", *lines, ""]
        (folder / "rabbitmq.conf").write_text("\n".join(config))
        (folder / "enabled_plugins").write_text("[].\n")
        self.environment = {
            **os.environ,
            "HOME": str(folder),
            "ERL_EPMD_PORT": str(self.names),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": "rabbit@localhost",
            "RABBITMQ_DIST_PORT": str(distribution),
            "RABBITMQ_CONF_ENV_FILE": os.devnull,
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder),
            "RABBITMQ_LOG_BASE": str(folder),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1 +sbwt none",
        }
        # Otherwise the node would start one that outlives it.
        self.name_service = subprocess.Popen(
            [program("epmd"), "-port", str(self.names), "-address", "127.0.0.1"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def start(self) -> RabbitMQ:
        wait_until(lambda: answers(self.names))
        self.process = subprocess.Popen(
            self.command, env=self.environment, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_until(lambda: answers(self.port), 90)
        return self

    def _signal(self, number: int) -> None:
        # The command is a shell that has the node as its child.
        assert self.process
        os.killpg(self.process.pid, number)

    def kill(self) -> None:
        if self.process:
            self._signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def freeze(self, on: bool) -> None:
        self._signal(signal.SIGSTOP if on else signal.SIGCONT)

    def evaluate(self, expression: str) -> None:
        command = [rabbitmq("rabbitmqctl"), "eval", expression]
        subprocess.run(command, env=self.environment, check=True, capture_output=True, timeout=60)

    def end(self) -> None:
        self.kill()
        self.name_service.kill()
        self.name_service.wait()


def rabbitmq(name: str) -> str:
    """One of its programs; those on the path insist on being the system's service."""
    return program(shutil.which(name, path="/usr/lib/rabbitmq/bin") or name)


class Kafka:
    """librdkafka's mock cluster, in a process of its own."""

    def __init__(self) -> None:
        if not ctypes.util.find_library("rdkafka"):
            pytest.skip("librdkafka is not installed")
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("mock_kafka.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self.process.stdout
        self.port = int(self.process.stdout.readline())

    def say(self, *words: object) -> None:
        """Have it do something, as mock_kafka.py has it."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def freeze(self, on: bool) -> None:
        self.process.send_signal(signal.SIGSTOP if on else signal.SIGCONT)

    def stored(self, topic: str, seconds: float = 20.0) -> list[bytes]:
        """All messages of a topic."""
        confluent = pytest.importorskip("confluent_kafka")
        client = confluent.Consumer(
            {
                "bootstrap.servers": f"127.0.0.1:{self.port}",
                "group.id": "reader",
                "enable.auto.commit": False,
            }
        )
        found: list[bytes] = []
        try:
            parts = client.list_topics(topic, timeout=seconds).topics[topic].partitions
            for part in parts:
                place = confluent.TopicPartition(topic, part, confluent.OFFSET_BEGINNING)
                _, last = client.get_watermark_offsets(place, timeout=seconds)
                client.assign([place])
                deadline, seen = time.monotonic() + seconds, 0
                while seen < last and time.monotonic() < deadline:
                    for message in client.consume(100, timeout=0.5):
                        assert not message.error(), message.error()
                        found.append(message.value())
                        seen = message.offset() + 1
        finally:
            client.close()
        return found

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.stdout.close()


@contextlib.contextmanager
def kafka_server() -> Iterator[Kafka]:
    server = Kafka()
    try:
        yield server
    finally:
        server.close()


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
