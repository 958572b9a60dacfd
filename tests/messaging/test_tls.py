# SPDX-License-Identifier: Apache-2.0
"""TLS: who has the right certificates gets through, whoever has not is told what is wrong."""

from __future__ import annotations

import contextlib

import pytest
from brokers import (
    OBJECTS,
    counts,
    kafka_server,
    mosquitto_server,
    publishing,
    redis_server,
)
from certificates import Authority, kafka_relay

import dsbind

ALL = 60 * OBJECTS


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls") / "ours")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls") / "theirs")


def broker(protocol, folder, server, clients=None):
    """The port of a broker with a certificate."""
    certificate, key = server
    stack = contextlib.ExitStack()
    if protocol == "kafka":
        behind = stack.enter_context(kafka_server())
        port = stack.enter_context(kafka_relay(behind.port, certificate, key, clients))
    else:
        lines = ["allow_anonymous true", f"certfile {certificate}", f"keyfile {key}"]
        if clients:
            lines += [f"cafile {clients}", "require_certificate true"]
        port = stack.enter_context(mosquitto_server(folder, *lines)).port
    return stack, port


def config_of(protocol, folder, authority, client=None):
    path = folder / "broker.txt"
    if protocol == "kafka":
        pairs = ["security.protocol=ssl", f"ssl.ca.location={authority.file}"]
        if client:
            pairs += [f"ssl.certificate.location={client[0]}", f"ssl.key.location={client[1]}"]
        lines = [f'proto-cfg = "{";".join(pairs)}"']
    else:
        lines = ["enable-tls = 1", f"tls-cafile = {authority.file}"]
        if client:
            lines += [f"tls-certfile = {client[0]}", f"tls-keyfile = {client[1]}"]
    path.write_text("\n".join(["[message-broker]", *lines, ""]))
    return path


def publish(clip, protocol, port, config):
    flow = publishing(
        clip,
        msg_broker_proto_lib=f"libnvds_{protocol}_proto.so",
        msg_broker_conn_str=f"127.0.0.1;{port}",
        msg_broker_config=config,
        topic="cars",
    )
    flow()
    return flow


def refused(clip, protocol, port, config, *words):
    with pytest.raises(dsbind.OutputError, match="refuses") as raised:
        publish(clip, protocol, port, config)
    text = str(raised.value)
    assert any(word in text for word in words), text
    assert "msg_broker_config" in text and "PRIVATE KEY" not in text


both = pytest.mark.parametrize("protocol", ["mqtt", "kafka"])


@both
def test_messages_go_to_a_broker_with_a_certificate(clip, tmp_path, ours, protocol):
    stack, port = broker(protocol, tmp_path, ours.sign("server"))
    with stack:
        flow = publish(clip, protocol, port, config_of(protocol, tmp_path, ours))
    assert counts(flow)["acknowledged"] == ALL


@both
def test_a_client_with_a_certificate_is_let_in(clip, tmp_path, ours, protocol):
    stack, port = broker(protocol, tmp_path, ours.sign("server"), ours.file)
    with stack:
        config = config_of(protocol, tmp_path, ours, ours.sign("client"))
        flow = publish(clip, protocol, port, config)
    assert counts(flow)["acknowledged"] == ALL


@both
def test_a_certificate_of_another_authority_is_refused(clip, tmp_path, ours, theirs, protocol):
    stack, port = broker(protocol, tmp_path, ours.sign("server"))
    with stack:
        config = config_of(protocol, tmp_path, theirs)
        refused(clip, protocol, port, config, "certificate verify failed")


@both
def test_a_certificate_of_another_host_is_refused(clip, tmp_path, ours, protocol):
    stack, port = broker(protocol, tmp_path, ours.sign("other", "DNS:other.example"))
    with stack:
        config = config_of(protocol, tmp_path, ours)
        refused(clip, protocol, port, config, "certificate verify failed", "host name")


@both
def test_a_certificate_that_has_expired_is_refused(clip, tmp_path, ours, protocol):
    stack, port = broker(protocol, tmp_path, ours.sign("old", expired=True))
    with stack:
        config = config_of(protocol, tmp_path, ours)
        refused(clip, protocol, port, config, "certificate verify failed", "expired")


@both
def test_a_client_without_its_certificate_is_told_so(clip, tmp_path, ours, protocol):
    stack, port = broker(protocol, tmp_path, ours.sign("server"), ours.file)
    with stack:
        config = config_of(protocol, tmp_path, ours)
        refused(clip, protocol, port, config, "certificate required", "handshake failure")


@both
def test_a_client_whose_certificate_has_expired_is_told_so(clip, tmp_path, ours, protocol):
    stack, port = broker(protocol, tmp_path, ours.sign("server"), ours.file)
    with stack:
        config = config_of(protocol, tmp_path, ours, ours.sign("late", expired=True))
        refused(clip, protocol, port, config, "certificate")


def test_redis_never_goes_without_tls_where_tls_is_asked_for(clip, tmp_path, ours):
    config = config_of("redis", tmp_path, ours)
    with redis_server(tmp_path) as server, pytest.raises(dsbind.OutputError, match="TLS"):
        publish(clip, "redis", server.port, config)
