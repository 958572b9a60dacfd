# SPDX-License-Identifier: Apache-2.0
"""Adapters by their C functions: messages that come back, and adapters that are not ours."""

from __future__ import annotations

import ctypes
import subprocess
from pathlib import Path

import pytest
from brokers import OBJECTS, counts, mosquitto_server, publishing, redis_server, wait_until

import dsbind

CALLBACK = ctypes.CFUNCTYPE(
    None, ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p
)
INCLUDE = Path(__file__).parents[2] / "native/include"


def adapter(protocol):
    folder = Path(dsbind.gst.__file__).parent / "_native/lib"
    library = ctypes.CDLL(str(folder / f"libnvds_{protocol}_proto.so"))
    library.nvds_msgapi_connect.restype = ctypes.c_void_p
    library.nvds_msgapi_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_char_p]
    for name in ("do_work", "disconnect"):
        getattr(library, f"nvds_msgapi_{name}").argtypes = [ctypes.c_void_p]
    return library


def subscribed(library, port, topic, received):
    """A connection whose messages are put into `received`; and what must be kept for it."""

    @CALLBACK
    def on_message(flag, message, size, topic, user):
        received.append((flag, ctypes.string_at(message, size), topic))

    handle = library.nvds_msgapi_connect(f"127.0.0.1;{port}".encode(), None, None)
    assert handle
    topics = (ctypes.c_char_p * 1)(topic)
    subscribe = library.nvds_msgapi_subscribe
    subscribe.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, CALLBACK, ctypes.c_void_p]
    assert subscribe(handle, topics, 1, on_message, None) == 0
    return handle, on_message


def test_redis_brings_what_is_sent_to_a_stream(tmp_path):
    redis = pytest.importorskip("redis")
    library, received = adapter("redis"), []
    with redis_server(tmp_path) as server:
        handle, kept = subscribed(library, server.port, b"commands", received)
        with redis.Redis(host="127.0.0.1", port=server.port) as client:
            for number in range(3):
                client.xadd("commands", {"metadata": f"start {number}"})
        wait_until(lambda: len(received) == 3)
        library.nvds_msgapi_disconnect(handle)
        del kept
    assert received == [(0, f"start {number}".encode(), b"commands") for number in range(3)]


def test_mqtt_brings_what_is_sent_to_a_topic(tmp_path):
    mqtt = pytest.importorskip("paho.mqtt.publish")
    library, received = adapter("mqtt"), []
    with mosquitto_server(tmp_path) as server:
        handle, kept = subscribed(library, server.port, b"commands/#", received)
        for _ in range(20):
            library.nvds_msgapi_do_work(handle)

        def sent_and_seen():
            library.nvds_msgapi_do_work(handle)
            if not received:
                mqtt.single("commands/camera", b"start", qos=1, port=server.port)
            return received

        wait_until(sent_and_seen)
        library.nvds_msgapi_disconnect(handle)
        del kept
    assert received[0] == (0, b"start", b"commands/camera")


# Sends one by one, and fails once.
FOREIGN = r"""
#include <stdio.h>
#include "nvds_msgapi.h"
static FILE *file;
static int calls;
NvDsMsgApiHandle nvds_msgapi_connect(char *address, nvds_msgapi_connect_cb_t cb, char *config) {
  (void)cb, (void)config;
  return file = fopen(address, "a");
}
NvDsMsgApiErrorType nvds_msgapi_send(NvDsMsgApiHandle handle, char *topic, const uint8_t *payload,
                                     size_t size) {
  (void)handle, (void)topic;
  if (++calls == 30) return NVDS_MSGAPI_ERR;
  fwrite(payload, 1, size, file);
  fputc('\n', file);
  return NVDS_MSGAPI_OK;
}
NvDsMsgApiErrorType nvds_msgapi_disconnect(NvDsMsgApiHandle handle) {
  (void)handle;
  return fclose(file) ? NVDS_MSGAPI_ERR : NVDS_MSGAPI_OK;
}
"""


def test_an_adapter_of_somebody_else_sends_and_is_tried_again(clip, tmp_path, monkeypatch):
    monkeypatch.setenv("DSBIND_LIBRARY_PATH", str(tmp_path))
    source, library = tmp_path / "foreign.c", tmp_path / "libnvds_foreign_proto.so"
    source.write_text(FOREIGN)
    command = ["cc", "-shared", "-fPIC", f"-I{INCLUDE}", source, "-o", library]
    subprocess.run(command, check=True)
    path = tmp_path / "out.txt"
    flow = publishing(clip, msg_broker_proto_lib=library, msg_broker_conn_str=path, topic="t")
    flow()
    assert counts(flow)["acknowledged"] == 60 * OBJECTS and counts(flow)["retried"] == 1
    assert len(path.read_text().splitlines()) == 60 * OBJECTS
