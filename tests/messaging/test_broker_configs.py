# SPDX-License-Identifier: Apache-2.0
"""Configs of brokers: nothing goes out in the clear by mistake, and no error has a password."""

from __future__ import annotations

import contextlib
import ctypes
import socket
import threading

import pytest
from brokers import kafka_server, mosquitto_server
from test_adapters import adapter

import dsbind
from dsbind import Flow, Pipeline

AGAIN, NEVER, REFUSED = range(3)
PASSWORD = "hunter2"


@contextlib.contextmanager
def listening(answer=None):
    """A server that hears what a connection begins with, and may answer before it ends it."""
    heard: list[bytes] = []

    def serve(server):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                with connection:
                    connection.settimeout(2)
                    heard.append(connection.recv(4096))
                    if answer:
                        connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        try:
            yield server.getsockname()[1], heard
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def config_of(folder, *lines):
    path = folder / "broker.txt"
    path.write_text("\n".join(["[message-broker]", *lines, ""]))
    return path


def connected(protocol, port, config):
    """The adapter, a connection or None, and of which kind its error is, with its text."""
    library = adapter(protocol)
    handle = library.nvds_msgapi_connect(
        f"127.0.0.1;{port}".encode(), None, str(config).encode() if config else None
    )
    text = ctypes.create_string_buffer(512)
    kind = library.dsbind_msgapi_last_error(text, ctypes.c_size_t(512))
    return library, handle, kind, text.value.decode()


def published(tmp_path, monkeypatch, **options):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clip.mp4").touch()
    return Flow(Pipeline("p")).batch_capture(["clip.mp4"]).publish(**options)


@pytest.mark.parametrize(
    "address",
    [f"redis://me:{PASSWORD}@127.0.0.1:6379/0", f"127.0.0.1;5672;me;{PASSWORD}", "host; 9092"],
)
def test_a_broker_is_no_file(tmp_path, monkeypatch, address):
    with pytest.raises(dsbind.ConfigError, match="msg_broker_proto_lib") as raised:
        published(tmp_path, monkeypatch, msg_broker_conn_str=address)
    assert PASSWORD not in str(raised.value)


def test_a_uri_is_no_path_to_the_file_adapter_and_not_repeated():
    library = adapter("file")
    assert not library.nvds_msgapi_connect(f"redis://me:{PASSWORD}@host".encode(), None, None)
    text = ctypes.create_string_buffer(512)
    assert library.dsbind_msgapi_last_error(text, ctypes.c_size_t(512)) == NEVER
    assert PASSWORD not in text.value.decode() and "path" in text.value.decode()


@pytest.mark.parametrize("port", ["9" * 5000, "\u0661\u0662", "0", "65536", "100000"])
def test_a_port_that_is_none_is_an_error_at_once(tmp_path, monkeypatch, port):
    with pytest.raises(dsbind.ConfigError, match="msg_broker_conn_str"):
        published(
            tmp_path, monkeypatch, msg_broker_proto_lib="libnvds_kafka_proto.so",
            msg_broker_conn_str=f"127.0.0.1;{port}", topic="cars",
        )  # fmt: skip


brokers = pytest.mark.parametrize("protocol", ["redis", "mqtt", "amqp"])


@brokers
@pytest.mark.parametrize("value", ["true", "yes", "1 # on"])
def test_tls_that_is_asked_for_in_other_words_is_not_left_out(tmp_path, protocol, value):
    config = config_of(tmp_path, f"enable-tls = {value}", "username = me", f"password = {PASSWORD}")
    with listening() as (port, heard):
        _, handle, _, _ = connected(protocol, port, config)
    assert not handle
    # At most the begin of a TLS handshake.
    assert all(begin[:1] in (b"", b"\x16") for begin in heard), heard


@brokers
def test_a_switch_that_is_none_is_an_error(tmp_path, protocol):
    config = config_of(tmp_path, "enable-tls = maybe")
    with listening() as (port, heard):
        _, handle, kind, text = connected(protocol, port, config)
    assert not handle and not heard
    assert kind == NEVER and "enable-tls" in text and "maybe" in text


@pytest.mark.parametrize("protocol", ["redis", "mqtt", "amqp", "kafka"])
def test_a_config_of_another_group_is_an_error(tmp_path, protocol):
    config = tmp_path / "broker.txt"
    config.write_text(f"[broker]\nenable-tls = 1\npassword = {PASSWORD}\n")
    with listening() as (port, heard):
        _, handle, kind, text = connected(protocol, port, config)
    assert not handle and not heard
    assert kind == NEVER and "[message-broker]" in text and str(config) in text


@pytest.mark.parametrize("protocol", ["redis", "mqtt", "amqp", "kafka"])
def test_a_line_that_is_no_setting_is_told_by_its_number(tmp_path, protocol):
    config = config_of(tmp_path, "# about", "", f"password: {PASSWORD}")
    with listening() as (port, heard):
        _, handle, kind, text = connected(protocol, port, config)
    assert not handle and not heard
    assert kind == NEVER and "line 4" in text and str(config) in text
    assert PASSWORD not in text


def test_redis_that_repeats_the_password_is_not_quoted(tmp_path):
    config = config_of(tmp_path, f"password = {PASSWORD}")
    words = f"-ERR unknown command 'AUTH', with args beginning with: '{PASSWORD}'\r\n"
    with listening(words.encode()) as (port, heard):
        _, handle, kind, text = connected("redis", port, config)
    assert heard and not handle
    assert kind == NEVER and "refuses the log in" in text
    assert PASSWORD not in text


@pytest.mark.parametrize("name", ["certificate-reader", "verify-1"])
def test_mqtt_that_is_away_is_tried_again_whatever_the_client_is_called(tmp_path, name):
    config = config_of(tmp_path, f"client-id = {name}")
    with listening() as (port, _):
        _, handle, kind, text = connected("mqtt", port, config)
    assert not handle
    assert kind == AGAIN and "TLS" not in text


@pytest.mark.parametrize("protocol", ["mqtt", "amqp", "kafka"])
def test_a_broker_that_ends_the_handshake_is_tried_again(tmp_path, protocol):
    """It may only be starting."""
    tls = 'proto-cfg = "security.protocol=ssl"' if protocol == "kafka" else "enable-tls = 1"
    with listening() as (port, _):
        _, handle, kind, text = connected(protocol, port, config_of(tmp_path, tls))
    assert not handle
    assert kind == AGAIN, text


def test_an_mqtt_client_id_is_of_one_connection(tmp_path):
    config = config_of(tmp_path, "client-id = camera-7")
    with mosquitto_server(tmp_path) as server:
        library, first, _, _ = connected("mqtt", server.port, config)
        assert first
        _, second, kind, text = connected("mqtt", server.port, config)
        assert not second
        assert kind == NEVER and "client-id" in text and "camera-7" in text
        _, other, _, _ = connected("mqtt", server.port, None)
        assert other
        library.nvds_msgapi_disconnect(other)
        library.nvds_msgapi_disconnect(first)
        _, again, _, _ = connected("mqtt", server.port, config)
        assert again
        library.nvds_msgapi_disconnect(again)


def sent(library, handle, topic):
    """Of which kind the error is; the message is not taken."""
    send = library.nvds_msgapi_send_async
    send.argtypes = [
        ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p,
        ctypes.c_void_p,
    ]  # fmt: skip
    assert send(handle, topic, b"x", 1, None, None) != 0
    text = ctypes.create_string_buffer(512)
    return library.dsbind_msgapi_last_error(text, ctypes.c_size_t(512))


def test_an_mqtt_topic_that_is_no_text_is_refused(tmp_path):
    """Sent again for ever, it would hold the others."""
    with mosquitto_server(tmp_path) as server:
        library, handle, _, _ = connected("mqtt", server.port, None)
        assert handle
        assert sent(library, handle, b"\xff\xfe") == REFUSED
        library.nvds_msgapi_disconnect(handle)


def test_a_kafka_producer_that_is_of_no_use_any_more_refuses_no_message(tmp_path):
    """The message waits for the next connection."""
    with kafka_server() as server:
        library, handle, _, _ = connected("kafka", server.port, None)
        assert handle
        producer = ctypes.cast(handle, ctypes.POINTER(ctypes.c_void_p))[0]
        kafka = ctypes.CDLL("librdkafka.so.1")
        kafka.rd_kafka_test_fatal_error.argtypes = [
            ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p,
        ]  # fmt: skip
        assert kafka.rd_kafka_test_fatal_error(producer, 45, b"out of order") == 0
        assert sent(library, handle, b"cars") == AGAIN
        library.nvds_msgapi_disconnect(handle)
