# SPDX-License-Identifier: Apache-2.0
"""Messages that come back: of several topics, also after the broker was away, until the end."""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading

import pytest
from brokers import kafka_server, mosquitto_server, redis_server, wait_until
from test_adapters import CALLBACK, adapter

TOPICS = ("start", "stop")


class Redis:
    def __init__(self, folder):
        self.client = pytest.importorskip("redis")
        self.context = redis_server(folder)

    def open(self):
        self.server = self.context.__enter__()
        return self.server.port

    def send(self, topic, text):
        with self.client.Redis(host="127.0.0.1", port=self.server.port) as client:
            client.xadd(topic, {"metadata": text})

    def away(self):
        self.server.kill()

    def back(self):
        self.server.start()

    def close(self):
        self.context.__exit__(None, None, None)


class Mqtt(Redis):
    def __init__(self, folder):
        self.client = pytest.importorskip("paho.mqtt.publish")
        self.context = mosquitto_server(folder)

    def send(self, topic, text):
        self.client.single(topic, text, qos=1, port=self.server.port)


class Kafka(Redis):
    def __init__(self, folder):
        self.client = pytest.importorskip("confluent_kafka")
        self.context = kafka_server()

    def send(self, topic, text):
        producer = self.client.Producer({"bootstrap.servers": f"127.0.0.1:{self.server.port}"})
        producer.produce(topic, text)
        assert producer.flush(10) == 0

    def away(self):
        self.server.say("down")

    def back(self):
        self.server.say("up")


def threads():
    return len(os.listdir("/proc/self/task"))


@contextlib.contextmanager
def subscription(library, port, received):
    """A connection that is served by a thread, as its contract wants it, until the end."""

    @CALLBACK
    def on_message(flag, message, size, topic, user):
        received.append((topic.decode(), ctypes.string_at(message, size)))

    handle = library.nvds_msgapi_connect(f"127.0.0.1;{port}".encode(), None, None)
    assert handle
    topics = (ctypes.c_char_p * len(TOPICS))(*[topic.encode() for topic in TOPICS])
    subscribe = library.nvds_msgapi_subscribe
    subscribe.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, CALLBACK, ctypes.c_void_p]
    assert subscribe(handle, topics, len(TOPICS), on_message, None) == 0
    ended = threading.Event()

    def work():
        while not ended.wait(0.01):
            library.nvds_msgapi_do_work(handle)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        yield
    finally:
        ended.set()
        worker.join()
        library.nvds_msgapi_disconnect(handle)


@pytest.mark.parametrize("kind", [Redis, Mqtt, Kafka])
def test_messages_of_all_topics_come_until_the_end_also_over_a_loss(tmp_path, kind):
    broker, received = kind(tmp_path), []
    library = adapter(kind.__name__.lower())
    port = broker.open()

    def arrives(topic, text):
        # Sent again and again: what is sent before the subscription stands is nobody's.
        broker.send(topic, text)
        return (topic, text.encode()) in received

    try:
        for topic in TOPICS:
            broker.send(topic, "before")
        before = threads()
        with subscription(library, port, received):
            for topic in TOPICS:
                wait_until(lambda topic=topic: arrives(topic, "one"), 30)
            broker.away()
            broker.back()
            for topic in TOPICS:
                wait_until(lambda topic=topic: arrives(topic, "two"), 30)
        assert all(text in (b"one", b"two") for _, text in received)
        wait_until(lambda: threads() <= before)
        count = len(received)
        broker.send(TOPICS[0], "after")
        assert len(received) == count
    finally:
        broker.close()
