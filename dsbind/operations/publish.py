# SPDX-License-Identifier: Apache-2.0
"""`publish`: messages about what was seen, to a broker or a file."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from dsbind.errors import ArgumentTypeError, ConfigError, missing_file, shown
from dsbind.operations.base import Chain, name_of, operation, properties_of
from dsbind.paths import local

if TYPE_CHECKING:
    from dsbind.flow import Flow

_LIBRARY = "msg-broker-proto-lib"
_ADDRESS = "msg-broker-conn-str"
_DEFAULT_LIBRARY = "libnvds_file_proto.so"
_DEFAULT_FILE = "messages.jsonl"
_FILES = ("msg-conv-config", "msg-broker-config")
# Adapters whose brokers are at a host and port, and the usual port.
_BROKERS = {"kafka": 9092, "redis": 6379, "mqtt": 1883, "amqp": 5672}


class Publish(Chain):
    """`publish`."""

    @operation
    def publish(self, **kwargs: object) -> Flow:
        """Send event messages to a broker, or to a file. Ends the flow.

        Messages are made of events: `attach("add_message_meta_probe", "messages")` adds one for
        each object, a probe of your own adds others, and `frame.publish(message)` sends what you
        like. Each is sent until it is acknowledged; `pipeline.stats()` counts them.

        Parameters
        ----------
        **kwargs
            Properties of the sink. The adapter: `msg_broker_proto_lib` ("libnvds_file_proto.so";
            also kafka, redis, mqtt, amqp, or another library), `msg_broker_conn_str` ("host;port";
            of the file adapter, the file: "messages.jsonl"), `msg_broker_config` and `topic`. The
            messages: `msg_conv_config`, `msg_conv_payload_type` (0 full, 1 minimal, 2 protobuf, 257
            that of `msg_conv_msg2p_lib`), `msg_conv_msg2p_new_api`, `msg_conv_frame_interval`,
            `msg_conv_comp_id`. Delivery: `queue_size` (5000), `queue_policy` ("block",
            "drop_oldest", "drop_newest"), `flush_timeout` (10000 ms); `sync` is off by default.

        Raises
        ------
        ConfigError
            The connection string is not one of the adapter, or it has no topic.
        MissingFileError
            A config file is not there.

        Examples
        --------
        >>> flow = flow.attach("add_message_meta_probe", "messages")
        >>> flow.publish(msg_broker_conn_str="events.jsonl")()
        """
        stream = self._single_stream()
        properties = {"sync": False, **properties_of(kwargs)}
        check(properties)
        sink = name_of("publish", "msgsink")
        self._pipeline.add("nvmsgbrokersinkbin", sink, properties)
        return self._continue(stream, [sink], end=True)


def check(properties: dict[str, object]) -> None:
    """See whether a sink can work, before it is made; paths in `properties` become absolute."""
    for key in (_LIBRARY, _ADDRESS, "topic", *_FILES):
        value = properties.get(key)
        if isinstance(value, os.PathLike):
            value = properties[key] = os.fspath(value)
        if value is not None and not isinstance(value, str):
            raise ArgumentTypeError(
                f"publish(): {key.replace('-', '_')} is a text, not {shown(value)}"
            )
    for key in _FILES:
        if properties.get(key):
            path = local(str(properties[key]))
            if not os.path.exists(path):
                raise missing_file(path, f"publish() needs its {key.replace('-', '_')}")
            properties[key] = os.path.abspath(path)
    library = os.path.basename(str(properties.get(_LIBRARY) or _DEFAULT_LIBRARY))
    match = re.fullmatch(r"libnvds_(\w+)_proto\.so", library)
    protocol = match[1] if match else ""
    address = str(properties.get(_ADDRESS) or "")
    if protocol in _BROKERS:
        # An AMQP config can have host, port and topic; in its connection string a user is third.
        has_config = protocol == "amqp" and bool(properties.get("msg-broker-config"))
        parts = [part.strip() for part in address.split(";")]
        if address or not has_config:
            _check_address(protocol, address, parts)
        has_topic = properties.get("topic") or (len(parts) > 2 and protocol != "amqp")
        if not has_topic and not has_config:
            raise ConfigError(f"publish() to {protocol} has no topic: set topic='...'")
    elif protocol == "file" and not address:
        properties[_ADDRESS] = _DEFAULT_FILE
    elif protocol == "file" and re.match(r"[\w+.-]+://|[^/;]+;\s*\d+\s*(;|$)", address):
        # Not the text itself, as below.
        raise ConfigError(
            "publish(): msg_broker_conn_str names a broker, and the adapter is that of files: set "
            "msg_broker_proto_lib, such as 'libnvds_kafka_proto.so', or give a path"
        )


def _check_address(protocol: str, address: str, parts: list[str]) -> None:
    # Not the text itself in an error: a URI in its place may hold a password.
    example = f"'127.0.0.1;{_BROKERS[protocol]}'"
    if len(parts) < 2 or not parts[0] or "@" in parts[0] or not re.fullmatch(r"[0-9]+", parts[1]):
        what = "host:port" if re.fullmatch(r"[\w.-]+:\d+", address) else "something else"
        raise ConfigError(
            f"publish(): msg_broker_conn_str of {protocol} is 'host;port', with a semicolon, not "
            f"{what}: write {example}; user and password go into msg_broker_config"
        )
    if len(parts[1]) > 5 or not 0 < int(parts[1]) < 65536:
        raise ConfigError(f"publish(): msg_broker_conn_str needs a port from 1 to 65535: {example}")
