# SPDX-License-Identifier: Apache-2.0
"""AMQP: messages that a RabbitMQ node confirms, read back by pika, and what it does not take."""

from __future__ import annotations

import contextlib
import ctypes
import json
import shutil
import subprocess
import threading
import time

import pytest
from brokers import OBJECTS, Cars, RabbitMQ, counts, free_port, publishing, wait_until
from test_adapters import adapter, subscribed

import dsbind

pika = pytest.importorskip("pika")

FRAMES = 60
ALL = FRAMES * OBJECTS
LARGEST = 300_000

# There when the node opens its ports: a queue, and a user who may not publish.
DEFINITIONS = {
    "vhosts": [{"name": "/"}],
    "users": [
        {"name": "guest", "password": "guest", "tags": "administrator"},
        {"name": "reader", "password": "sesame", "tags": ""},
    ],
    "permissions": [
        {"user": "guest", "vhost": "/", "configure": ".*", "write": ".*", "read": ".*"},
        {"user": "reader", "vhost": "/", "configure": ".*", "write": "^$", "read": ".*"},
    ],
    "queues": [{"name": "later", "vhost": "/", "durable": True, "auto_delete": False}],
    "bindings": [
        {
            "source": "amq.topic",
            "vhost": "/",
            "destination": "later",
            "destination_type": "queue",
            "routing_key": "later",
            "arguments": {},
        }
    ],
}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """The folder of a certificate for localhost, which is its own authority, and its key."""
    if not (program := shutil.which("openssl")):
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    command = [
        program, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
        "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def node(tmp_path_factory, certificate):
    """One for all tests, which takes seconds to start; not started yet."""
    folder, secure = tmp_path_factory.mktemp("rabbitmq"), free_port()
    (folder / "definitions.json").write_text(json.dumps(DEFINITIONS))
    server = RabbitMQ(
        folder,
        f"load_definitions = {folder}/definitions.json",
        f"max_message_size = {LARGEST}",
        f"listeners.ssl.1 = 127.0.0.1:{secure}",
        f"ssl_options.cacertfile = {certificate}/cert.pem",
        f"ssl_options.certfile = {certificate}/cert.pem",
        f"ssl_options.keyfile = {certificate}/key.pem",
        "ssl_options.verify = verify_none",
    )
    server.secure = secure
    yield server
    server.end()


@pytest.fixture
def broker(node):
    return node if node.process else node.start()


@contextlib.contextmanager
def channel(port):
    with pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", port)) as connection:
        yield connection.channel()


def bind(port, topic, **arguments):
    """A queue that outlives the node, with the messages of a topic."""
    with channel(port) as there:
        arguments = {key.replace("_", "-"): value for key, value in arguments.items()}
        there.queue_declare(topic, durable=True, arguments=arguments)
        there.queue_bind(topic, "amq.topic", topic)


def taken(port, topic):
    """The messages of a queue, in order."""
    with channel(port) as there:
        found = []
        while (message := there.basic_get(topic, auto_ack=True))[0]:
            found.append(message[2])
        return found


def ids(messages):
    return [int(json.loads(message)["object"]["id"]) for message in messages]


def to_amqp(port, topic, **options):
    return {
        "msg_broker_proto_lib": "libnvds_amqp_proto.so",
        "msg_broker_conn_str": f"127.0.0.1;{port}",
        "topic": topic,
        **options,
    }


def config(folder, **keys):
    path = folder / "cfg_amqp.txt"
    lines = [f"{key.replace('_', '-')} = {value}" for key, value in keys.items()]
    path.write_text("\n".join(["[message-broker]", *lines, ""]))
    return path


def said(caplog, text):
    return [record.message for record in caplog.records if text in record.message]


def test_messages_wait_for_a_node_that_comes_later(node, clip, caplog):
    late = threading.Timer(0.5, node.start)
    late.start()
    try:
        flow = publishing(clip, **to_amqp(node.port, "later", flush_timeout=90000))
        flow()
    finally:
        late.join()
    assert sorted(ids(taken(node.port, "later"))) == list(range(ALL))
    assert counts(flow)["acknowledged"] == ALL
    (text,) = said(caplog, "cannot be reached")
    assert "it is tried again" in text


def test_a_queue_gets_a_message_for_each_object_in_order(broker, clip):
    bind(broker.port, "cars.north")
    flow = publishing(clip, **to_amqp(broker.port, "cars.north"))
    flow()
    messages = taken(broker.port, "cars.north")
    assert sorted(ids(messages)) == list(range(ALL))
    frames = [number // OBJECTS for number in ids(messages)]
    assert frames == sorted(frames)
    found = counts(flow)
    assert found["acknowledged"] == ALL and not found["failed"] + found["dropped"]


def test_host_topic_and_the_default_exchange_can_be_of_the_config(broker, clip, tmp_path):
    with channel(broker.port) as there:
        there.queue_declare("direct")
    path = config(
        tmp_path, hostname="127.0.0.1", port=broker.port, exchange="", topic="direct",
        amqp_framesize=4096, amqp_heartbeat=0,
    )  # fmt: skip
    publishing(clip, msg_broker_proto_lib="libnvds_amqp_proto.so", msg_broker_config=path)()
    assert len(taken(broker.port, "direct")) == ALL


def test_messages_go_over_tls_to_a_host_that_is_what_it_says(broker, clip, tmp_path, certificate):
    bind(broker.port, "secret")
    path = config(tmp_path, enable_tls=1, tls_cafile=certificate / "cert.pem")
    options = to_amqp(broker.secure, "secret", msg_broker_config=path)
    publishing(clip, **{**options, "msg_broker_conn_str": f"localhost;{broker.secure}"})()
    assert len(taken(broker.port, "secret")) == ALL
    # The certificate is not for the address.
    with pytest.raises(dsbind.OutputError, match="tls-cafile"):
        publishing(clip, **options)()


def test_a_subscriber_gets_what_is_sent_to_its_topics(broker):
    library, received = adapter("amqp"), []
    handle, kept = subscribed(library, broker.port, b"commands.#", received)
    # Larger than a frame.
    texts = [b"start", b"", b"x" * 200_000, b"stop"]
    with channel(broker.port) as there:
        for text in texts:
            there.basic_publish("amq.topic", "commands.camera", text)
    wait_until(lambda: len(received) == 3)
    library.nvds_msgapi_disconnect(handle)
    del kept
    assert received == [(0, text, b"commands.camera") for text in texts if text]


def test_messages_that_no_queue_gets_are_counted_and_said_once(broker, clip, caplog):
    flow = publishing(clip, **to_amqp(broker.port, "nobody"))
    flow()
    assert counts(flow)["failed"] == ALL and not counts(flow)["acknowledged"]
    (text,) = said(caplog, "no queue")
    assert "nobody" in text and "amq.topic" in text and "count as failed" in text


def test_messages_that_a_full_queue_rejects_are_counted_and_said_once(broker, clip, caplog):
    bind(broker.port, "full", x_max_length=5, x_overflow="reject-publish")
    flow = publishing(clip, **to_amqp(broker.port, "full"))
    flow()
    found = counts(flow)
    # The node may take a few more than it is told.
    assert found["acknowledged"] == len(taken(broker.port, "full")) < ALL / 2
    assert found["failed"] == ALL - found["acknowledged"]
    assert len(said(caplog, "is full")) == 1


def test_a_message_that_is_too_large_fails_alone(broker, clip, caplog):
    class Larger(Cars):
        def handle_metadata(self, batch_meta):
            super().handle_metadata(batch_meta)
            for frame in batch_meta.frame_items:
                if self.count == 30 * OBJECTS:
                    frame.publish("x" * (LARGEST + 1))

    bind(broker.port, "large")
    flow = publishing(clip, operator=Larger(), **to_amqp(broker.port, "large"))
    flow()
    found = counts(flow)
    assert set(ids(taken(broker.port, "large"))) == set(range(ALL))
    assert found["acknowledged"] == ALL and found["failed"] == 1
    assert len(said(caplog, "PRECONDITION_FAILED")) >= 1


def test_an_exchange_that_is_not_there_is_named(broker, clip, tmp_path):
    path = config(tmp_path, exchange="nowhere")
    flow = publishing(clip, **to_amqp(broker.port, "cars", msg_broker_config=path))
    with pytest.raises(dsbind.OutputError, match="no exchange 'nowhere'") as raised:
        flow()
    assert "set exchange" in str(raised.value)
    assert counts(flow)["failed"] == counts(flow)["messages"]


def test_a_wrong_password_is_said_without_it(broker, clip, tmp_path, monkeypatch):
    monkeypatch.setenv("PASSWORD_AMQP", "not-the-one")
    path = config(tmp_path, username="reader", password="sesame")
    options = to_amqp(broker.port, "cars", msg_broker_config=path)
    addressed = {**options, "msg_broker_conn_str": f"127.0.0.1;{broker.port};guest;not-either"}
    for tried in options, addressed:
        with pytest.raises(dsbind.OutputError, match="ACCESS_REFUSED") as raised:
            publishing(clip, **tried)()
        text = str(raised.value)
        assert "msg_broker_config" in text
        assert not any(word in text for word in ("not-the-one", "not-either", "sesame"))


def test_a_user_who_may_not_publish_is_said(broker, clip, tmp_path, caplog):
    path = config(tmp_path, username="reader", password="sesame")
    flow = publishing(clip, **to_amqp(broker.port, "later", msg_broker_config=path))
    flow()
    assert counts(flow)["failed"] == ALL and not taken(broker.port, "later")
    assert len(said(caplog, "refused for user 'reader'; such messages count as failed")) == 1


@pytest.mark.parametrize("policy", ["drop_oldest", "drop_newest"])
def test_a_node_that_hangs_does_not_hold_the_stream(broker, clip, policy):
    bind(broker.port, "hung")
    broker.freeze(True)
    try:
        flow = publishing(
            clip,
            **to_amqp(broker.port, "hung", queue_size=20, queue_policy=policy, flush_timeout=100),
        )
        flow()
    finally:
        broker.freeze(False)
    found = counts(flow)
    assert found["messages"] == ALL and found["dropped"] >= 1 and not found["acknowledged"]


def test_ending_does_not_wait_for_a_node_that_hangs_while_a_large_message_is_written(broker):
    library = adapter("amqp")
    done = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int)
    send = library.nvds_msgapi_send_async
    send.argtypes = [
        ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t, done, ctypes.c_void_p,
    ]  # fmt: skip
    results = []
    on_sent = done(lambda user, result: results.append(result))
    handle = library.nvds_msgapi_connect(f"127.0.0.1;{broker.port}".encode(), None, None)
    broker.freeze(True)
    try:
        # More than the kernel keeps for a connection.
        assert send(handle, b"hung", b"x" * (64 << 20), 64 << 20, on_sent, None) == 0
        assert send(handle, b"hung", b"y", 1, on_sent, None) == 0
        time.sleep(0.3)
        library.nvds_msgapi_do_work(handle)
        assert not results
        begun = time.monotonic()
        library.nvds_msgapi_disconnect(handle)
        assert time.monotonic() - begun < 10
    finally:
        broker.freeze(False)
    assert results == [1, 1]


def test_a_node_that_is_silent_for_longer_than_the_heartbeat_is_left(broker, clip, tmp_path):
    bind(broker.port, "silent")

    class Freezing(Cars):
        def handle_metadata(self, batch_meta):
            super().handle_metadata(batch_meta)
            if self.count == 20 * OBJECTS:
                broker.freeze(True)
                wait_until(lambda: not counts(flow)["connected"])
                broker.freeze(False)

    path = config(tmp_path, amqp_heartbeat=1)
    flow = publishing(
        clip, operator=Freezing(), **to_amqp(broker.port, "silent", msg_broker_config=path)
    )
    try:
        flow()
    finally:
        broker.freeze(False)
    assert set(ids(taken(broker.port, "silent"))) == set(range(ALL))
    assert counts(flow)["acknowledged"] == ALL and counts(flow)["connections"] >= 2


def test_a_node_that_is_low_on_memory_is_waited_for(broker, clip, caplog):
    alarm = "{resource_limit, memory, node()}"
    bind(broker.port, "blocked")
    broker.evaluate(f"rabbit_alarm:set_alarm({{{alarm}, []}}).")
    try:
        for policy in "drop_oldest", "drop_newest":
            dropping = publishing(
                clip,
                **to_amqp(
                    broker.port, "blocked", queue_size=20, queue_policy=policy, flush_timeout=500
                ),
            )
            dropping()
            found = counts(dropping)
            assert found["dropped"] + found["failed"] == found["messages"] == ALL
        caplog.clear()
        # The node's command line takes seconds to start.
        taking = publishing(
            clip, **to_amqp(broker.port, "blocked", queue_size=5, flush_timeout=90_000)
        )
        taking.pipeline.start()
        wait_until(lambda: said(caplog, "takes no messages for now: low on memory"))
    finally:
        broker.evaluate(f"rabbit_alarm:clear_alarm({alarm}).")
    taking.pipeline.wait()
    assert counts(taking)["acknowledged"] == ALL
    assert set(range(ALL)) <= set(ids(taken(broker.port, "blocked")))


def test_all_arrive_when_the_node_is_killed_and_comes_back(broker, make_clip):
    frames = 120
    bind(broker.port, "killed")

    class Killing(Cars):
        def handle_metadata(self, batch_meta):
            super().handle_metadata(batch_meta)
            time.sleep(0.005)
            if self.count == 40 * OBJECTS:
                broker.kill()
            if self.count == 80 * OBJECTS:
                broker.start()

    flow = publishing(
        make_clip(frames=frames),
        operator=Killing(),
        **to_amqp(broker.port, "killed", flush_timeout=60000),
    )
    flow()
    found, arrived = counts(flow), ids(taken(broker.port, "killed"))
    assert found["acknowledged"] == frames * OBJECTS and found["connections"] == 2
    # None is missing; one that was stored and not yet acknowledged may be there twice.
    assert set(arrived) == set(range(frames * OBJECTS))
    assert len(arrived) <= frames * OBJECTS + found["retried"]


def test_a_node_that_never_comes_is_an_error_at_the_end(clip):
    flow = publishing(clip, **to_amqp(free_port(), "cars", flush_timeout=500))
    with pytest.raises(dsbind.OutputError, match="amqp at 127.0.0.1:\\d+ cannot be reached"):
        flow()
    assert counts(flow)["failed"] == ALL


def test_a_connection_is_shared_where_its_config_says_so(tmp_path):
    library, found = adapter("amqp"), []
    for shares in 0, 1:
        path = config(tmp_path, share_connection=shares)
        out = ctypes.create_string_buffer(128)
        arguments = b"h;1", str(path).encode(), out, len(out)
        assert library.nvds_msgapi_connection_signature(*arguments) == 0
        found.append(len(out.value))
    assert found == [0, 64]
