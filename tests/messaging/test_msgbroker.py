# SPDX-License-Identifier: Apache-2.0
"""libnvds_msgbroker: users that share a connection, by its C functions and by nvmsgbroker."""

from __future__ import annotations

import contextlib
import ctypes
import json
import socket
import subprocess
import time
from pathlib import Path

import pytest
from brokers import (
    OBJECTS,
    counts,
    free_port,
    mosquitto_server,
    publishing,
    redis_server,
    wait_until,
)

import dsbind

LIBRARIES = Path(dsbind.gst.__file__).parent / "_native/lib"
OK, ERR, RECONNECTING, NOT_SUPPORTED = range(4)
REDIS = "libnvds_redis_proto.so"

ON_STATUS = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int)
ON_MESSAGE = ctypes.CFUNCTYPE(
    None, ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p
)


class Message(ctypes.Structure):
    _fields_ = (
        ("topic", ctypes.c_char_p),
        ("payload", ctypes.c_char_p),
        ("payload_len", ctypes.c_size_t),
    )


def opened():
    library = ctypes.CDLL(str(LIBRARIES / "libnvds_msgbroker.so"))
    library.nv_msgbroker_connect.restype = ctypes.c_void_p
    library.nv_msgbroker_connect.argtypes = [
        ctypes.c_char_p, ctypes.c_char_p, ON_STATUS, ctypes.c_char_p,
    ]  # fmt: skip
    library.nv_msgbroker_send_async.argtypes = [
        ctypes.c_void_p, Message, ON_STATUS, ctypes.c_void_p,
    ]  # fmt: skip
    library.nv_msgbroker_subscribe.argtypes = [
        ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ON_MESSAGE, ctypes.c_void_p,
    ]  # fmt: skip
    library.nv_msgbroker_disconnect.argtypes = [ctypes.c_void_p]
    library.nv_msgbroker_version.restype = ctypes.c_char_p
    return library


class User:
    """A client of the library; what its callbacks were told is in lists."""

    def __init__(self, address, config=None, library=REDIS):
        self.api = opened()
        self.states, self.answers, self.messages = [], [], []
        self.on_state = ON_STATUS(lambda handle, status: self.states.append(status))
        self.on_answer = ON_STATUS(lambda user, status: self.answers.append(status))
        self.on_message = ON_MESSAGE(
            lambda status, message, size, topic, user: self.messages.append(
                (status, ctypes.string_at(message, size), topic)
            )
        )
        path = str(config).encode() if config else None
        self.handle = self.api.nv_msgbroker_connect(
            address.encode(), library.encode(), self.on_state, path
        )

    def send(self, payload, topic=b"cars"):
        message = Message(topic, payload, len(payload))
        return self.api.nv_msgbroker_send_async(self.handle, message, self.on_answer, None)

    def subscribe(self, *topics):
        names = (ctypes.c_char_p * len(topics))(*topics)
        return self.api.nv_msgbroker_subscribe(
            self.handle, names, len(topics), self.on_message, None
        )

    def disconnect(self):
        handle, self.handle = self.handle, None
        return self.api.nv_msgbroker_disconnect(handle)

    def reason(self):
        text = ctypes.create_string_buffer(512)
        self.api.dsbind_msgapi_last_error(text, ctypes.c_size_t(512))
        return text.value.decode()


@pytest.fixture
def sharing(tmp_path):
    config = tmp_path / "cfg.txt"
    config.write_text("[message-broker]\nshare-connection = 1\n")
    return config


def connections(server):
    redis = pytest.importorskip("redis")
    with redis.Redis(host="127.0.0.1", port=server.port) as client:
        return len([item for item in client.client_list() if item["id"] != str(client.client_id())])


def entries(server, topic="cars"):
    redis = pytest.importorskip("redis")
    with redis.Redis(host="127.0.0.1", port=server.port) as client:
        return [entry[b"metadata"] for _, entry in client.xrange(topic)]


def test_it_exports_the_five_functions():
    names = subprocess.run(
        ["nm", "-D", "--defined-only", LIBRARIES / "libnvds_msgbroker.so"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    exported = {line.split()[-1] for line in names.splitlines()}
    functions = {"connect", "send_async", "subscribe", "disconnect", "version"}
    assert {name for name in exported if name.startswith("nv")} == {
        f"nv_msgbroker_{name}" for name in functions
    }
    assert opened().nv_msgbroker_version() == b"2.0"


def test_users_share_a_connection_and_get_their_own_answers(tmp_path, sharing):
    with redis_server(tmp_path) as server:
        users = [User(f"127.0.0.1;{server.port}", sharing) for _ in range(3)]
        assert connections(server) == 1
        for number, user in enumerate(users):
            assert user.states == [OK]
            for item in range(number + 1):
                assert user.send(b"%d-%d" % (number, item)) == OK
        for number, user in enumerate(users):
            wait_until(lambda n=number, u=user: u.answers == [OK] * (n + 1))
        assert users[0].disconnect() == OK
        assert users[1].send(b"after") == OK
        wait_until(lambda: users[1].answers == [OK] * 3)
        assert users[1].disconnect() == users[2].disconnect() == OK
        assert sorted(entries(server)) == [b"0-0", b"1-0", b"1-1", b"2-0", b"2-1", b"2-2", b"after"]
        wait_until(lambda: connections(server) == 0)


def test_without_share_connection_each_has_its_own(tmp_path):
    with redis_server(tmp_path) as server:
        users = [User(f"127.0.0.1;{server.port}") for _ in range(2)]
        assert connections(server) == 2
        for user in users:
            assert user.disconnect() == OK


def test_users_are_told_of_a_broker_that_goes_and_comes_back(tmp_path, sharing):
    with redis_server(tmp_path) as server:
        user, other = (User(f"127.0.0.1;{server.port}", sharing) for _ in range(2))
        assert user.send(b"first") == OK
        wait_until(lambda: user.answers == [OK])
        server.kill()
        wait_until(lambda: user.send(b"lost") != OK or RECONNECTING in user.states)
        wait_until(lambda: user.states == other.states == [OK, RECONNECTING])
        assert user.send(b"refused") == RECONNECTING and "redis at" in user.reason()
        server.start()
        wait_until(lambda: user.states == other.states == [OK, RECONNECTING, OK])
        known = len(user.answers)
        assert user.send(b"again") == OK
        wait_until(lambda: user.answers[known:] == [OK])
        assert set(user.answers) <= {OK, ERR}
        assert user.disconnect() == other.disconnect() == OK
        stored = entries(server)
        assert stored[0] == b"first" and stored[-1] == b"again" and b"refused" not in stored


def test_messages_without_an_answer_are_answered_at_the_end(tmp_path):
    with redis_server(tmp_path) as server:
        user = User(f"127.0.0.1;{server.port}")
        server.freeze(True)
        for number in range(200):
            assert user.send(b"%d" % number) == OK
        assert user.disconnect() == OK
        server.freeze(False)
    assert user.answers == [ERR] * 200


def test_a_broker_that_is_not_there_is_no_connection():
    user = User(f"127.0.0.1;{free_port()}")
    assert user.handle is None and user.states == []
    assert "cannot be reached" in user.reason()


def test_a_library_that_is_none_or_not_allowed_is_no_connection(tmp_path):
    library = tmp_path / "libnvds_own_proto.so"
    library.write_bytes(b"")
    for name, words in (("libnvds_pigeon_proto.so", "no such file"), (str(library), "not loaded")):
        user = User("127.0.0.1;1", library=name)
        assert user.handle is None and words in user.reason()


def test_two_subscriptions_of_one_user_bring_their_topics(tmp_path, sharing):
    redis = pytest.importorskip("redis")
    with redis_server(tmp_path) as server:
        user = User(f"127.0.0.1;{server.port}", sharing)
        other = User(f"127.0.0.1;{server.port}", sharing)
        assert user.subscribe(b"one") == user.subscribe(b"two", b"three") == OK
        assert other.subscribe(b"four") == OK
        with redis.Redis(host="127.0.0.1", port=server.port) as client:
            for topic in ("one", "two", "three", "four"):
                client.xadd(topic, {"metadata": f"to {topic}"})
        wait_until(lambda: len(user.messages) == 3 and len(other.messages) == 1)
        assert sorted(user.messages) == [
            (OK, f"to {topic}".encode(), topic.encode()) for topic in ("one", "three", "two")
        ]
        assert user.disconnect() == OK
        with redis.Redis(host="127.0.0.1", port=server.port) as client:
            client.xadd("one", {"metadata": "nobody"})
            client.xadd("four", {"metadata": "still"})
        wait_until(lambda: len(other.messages) == 2)
        assert other.disconnect() == OK and len(user.messages) == 3


def test_a_subscription_outlives_its_broker(tmp_path):
    mqtt = pytest.importorskip("paho.mqtt.publish")
    with mosquitto_server(tmp_path) as server:
        user = User(f"127.0.0.1;{server.port}", library="libnvds_mqtt_proto.so")
        assert user.subscribe(b"commands/#") == OK
        server.kill()
        wait_until(lambda: RECONNECTING in user.states)
        server.start()
        wait_until(lambda: user.states == [OK, RECONNECTING, OK])

        def sent_and_seen():
            mqtt.single("commands/camera", b"start", qos=1, port=server.port)
            return user.messages

        wait_until(sent_and_seen)
        assert user.messages[0] == (OK, b"start", b"commands/camera")
        assert user.disconnect() == OK


def test_a_file_brings_no_messages(tmp_path):
    user = User(str(tmp_path / "events.jsonl"), library="libnvds_file_proto.so")
    assert user.subscribe(b"any") == ERR and "brings no messages" in user.reason()
    assert user.disconnect() == OK


def test_a_callback_may_end_its_own_connection(tmp_path):
    with redis_server(tmp_path) as server:
        user, ended = User(f"127.0.0.1;{server.port}"), []
        user.on_answer = ON_STATUS(lambda data, status: ended.append(user.disconnect()))
        user.send(b"last")
        wait_until(lambda: ended == [OK])
        wait_until(lambda: connections(server) == 0)


def test_elements_share_a_connection_with_programs(make_clip, tmp_path, sharing):
    with redis_server(tmp_path) as server:
        address = f"127.0.0.1;{server.port}"
        user = User(address, sharing)
        flow = publishing(
            make_clip(frames=60), msg_broker_proto_lib=REDIS, msg_broker_conn_str=address,
            msg_broker_config=sharing, msg_broker_new_api=True, topic="cars",
        )  # fmt: skip
        seen = []
        flow.pipeline.start()
        wait_until(lambda: counts(flow)["messages"] >= 1)
        seen.append(connections(server))
        flow.pipeline.wait()
        assert user.send(b'{"after": 1}') == OK
        wait_until(lambda: user.answers == [OK])
        assert user.disconnect() == OK
        found = [json.loads(entry) for entry in entries(server)]
    assert seen == [1] and len(found) == 60 * OBJECTS + 1
    assert counts(flow)["acknowledged"] == 60 * OBJECTS


def test_all_arrive_by_the_shared_connection_when_the_broker_comes_back(make_clip, tmp_path):
    from brokers import Cars

    class Killing(Cars):
        def handle_metadata(self, batch_meta):
            super().handle_metadata(batch_meta)
            time.sleep(0.005)
            if self.count == 40 * OBJECTS:
                server.kill()
            if self.count == 80 * OBJECTS:
                server.start()

    with redis_server(tmp_path) as server:
        flow = publishing(
            make_clip(frames=120), operator=Killing(), msg_broker_proto_lib=REDIS,
            msg_broker_conn_str=f"127.0.0.1;{server.port}", msg_broker_new_api=True, topic="cars",
        )  # fmt: skip
        flow()
        arrived = {int(json.loads(entry)["object"]["id"]) for entry in entries(server)}
    assert counts(flow)["acknowledged"] == 120 * OBJECTS
    assert arrived == set(range(120 * OBJECTS))


@contextlib.contextmanager
def silent_host():
    """A port that takes connections, and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield listener.getsockname()[1]


@pytest.mark.parametrize("new_api", [False, True])
@pytest.mark.parametrize("protocol", ["redis", "mqtt", "kafka"])
def test_stopping_does_not_wait_for_a_host_that_says_nothing(clip, protocol, new_api):
    with silent_host() as port:
        flow = publishing(
            clip, msg_broker_proto_lib=f"libnvds_{protocol}_proto.so", topic="cars",
            msg_broker_conn_str=f"127.0.0.1;{port}", msg_broker_new_api=new_api,
            queue_policy="drop_newest", flush_timeout=60000,
        )  # fmt: skip
        flow.pipeline.start()
        wait_until(lambda: counts(flow)["messages"] >= 1)
        begun = time.monotonic()
        flow.pipeline.stop(0.1)
        took = time.monotonic() - begun
    # Each adapter waits 3 s for an answer.
    assert took < 2.5
    assert counts(flow)["acknowledged"] == 0


@pytest.mark.parametrize("new_api", [False, True])
def test_a_user_that_may_not_write_is_an_error_at_once(clip, tmp_path, new_api):
    redis = pytest.importorskip("redis")
    config = tmp_path / "cfg.txt"
    config.write_text("[message-broker]\nusername = reader\npassword = s3cret\n")
    with redis_server(tmp_path) as server:
        with redis.Redis(host="127.0.0.1", port=server.port) as client:
            client.acl_setuser("reader", enabled=True, passwords=["+s3cret"], keys=["*"],
                               commands=["+ping", "+auth", "+xread"])  # fmt: skip
        flow = publishing(
            clip, msg_broker_proto_lib=REDIS, msg_broker_conn_str=f"127.0.0.1;{server.port}",
            msg_broker_config=config, msg_broker_new_api=new_api, topic="cars",
            flush_timeout=60000,
        )  # fmt: skip
        begun = time.monotonic()
        with pytest.raises(dsbind.OutputError, match="NOPERM") as raised:
            flow()
    assert time.monotonic() - begun < 30
    assert "msg_broker_config" in str(raised.value) and "s3cret" not in str(raised.value)
    found = counts(flow)
    assert found["acknowledged"] == 0 and found["failed"] == found["messages"]


def test_a_file_that_cannot_be_is_an_error_at_once(clip, tmp_path):
    (tmp_path / "cars.jsonl").mkdir()
    flow = publishing(clip, msg_broker_conn_str=f"{tmp_path}/", topic="cars", flush_timeout=60000)
    begun = time.monotonic()
    with pytest.raises(dsbind.OutputError, match="Is a directory"):
        flow()
    assert time.monotonic() - begun < 30
    assert counts(flow)["acknowledged"] == 0 and counts(flow)["queued"] == 0
