# SPDX-License-Identifier: Apache-2.0
"""Kafka that goes away, is slow, or does not take messages: all that was sent is counted."""

from __future__ import annotations

import json
import time

import pytest
from brokers import OBJECTS, Cars, counts, kafka_server, publishing, wait_until

import dsbind

FRAMES = 60
ALL = FRAMES * OBJECTS
PRODUCE = 0  # kinds of requests, and errors, by their numbers in Kafka's protocol
UNKNOWN_TOPIC, TOO_LARGE, TOO_FEW_REPLICAS = 3, 10, 19


def to_kafka(server, **options):
    return {
        "msg_broker_proto_lib": "libnvds_kafka_proto.so",
        "msg_broker_conn_str": f"127.0.0.1;{server.port}",
        "topic": "cars",
        **options,
    }


def ids(server, topic="cars"):
    return [int(json.loads(text)["object"]["id"]) for text in server.stored(topic)]


def test_all_arrive_when_the_broker_goes_away_and_comes_back(make_clip):
    frames = 120

    class Leaving(Cars):
        def handle_metadata(self, batch_meta):
            super().handle_metadata(batch_meta)
            time.sleep(0.005)
            if self.count == 40 * OBJECTS:
                server.say("down")
            if self.count == 80 * OBJECTS:
                server.say("up")

    with kafka_server() as server:
        flow = publishing(
            make_clip(frames=frames), operator=Leaving(), **to_kafka(server, flush_timeout=30000)
        )
        flow()
        found, arrived = counts(flow), ids(server)
    assert found["acknowledged"] == frames * OBJECTS and not found["failed"]
    assert set(arrived) == set(range(frames * OBJECTS))
    # One that was stored and not yet acknowledged may be there twice.
    assert len(arrived) <= frames * OBJECTS + found["retried"]


def test_an_error_that_passes_costs_no_message_and_stores_none_twice(clip):
    with kafka_server() as server:
        server.say("answer", PRODUCE, TOO_FEW_REPLICAS, 3)
        flow = publishing(clip, **to_kafka(server, flush_timeout=30000))
        flow()
        assert sorted(ids(server)) == list(range(ALL))
    assert counts(flow)["acknowledged"] == ALL


def test_a_slow_broker_holds_the_stream_and_gets_all(clip):
    with kafka_server() as server:
        server.say("slow", 200)
        flow = publishing(clip, **to_kafka(server, queue_size=20, flush_timeout=30000))
        flow()
        server.say("slow", 0)
        assert sorted(ids(server)) == list(range(ALL))
    assert counts(flow)["acknowledged"] == ALL


@pytest.mark.parametrize("policy", ["drop_oldest", "drop_newest"])
def test_a_broker_that_hangs_does_not_hold_the_stream(make_clip, policy):
    class Hanging(Cars):
        def handle_metadata(self, batch_meta):
            super().handle_metadata(batch_meta)
            if self.count == 10 * OBJECTS:
                wait_until(lambda: counts(flow)["acknowledged"] >= OBJECTS)
                server.freeze(True)

    frames = 600
    with kafka_server() as server:
        flow = publishing(
            make_clip(frames=frames),
            operator=Hanging(),
            **to_kafka(server, queue_size=20, queue_policy=policy, flush_timeout=100),
        )
        begun = time.monotonic()
        flow()
        assert time.monotonic() - begun < 30
        server.freeze(False)
    found = counts(flow)
    assert found["messages"] == frames * OBJECTS
    assert found["acknowledged"] and found["dropped"] and found["failed"]


def test_an_unknown_topic_is_counted_and_named_once(clip, caplog):
    with kafka_server() as server:
        server.say("topic", "cars", UNKNOWN_TOPIC)
        flow = publishing(clip, **to_kafka(server, flush_timeout=60000))
        flow()
    assert counts(flow)["failed"] == ALL
    said = [record.message for record in caplog.records if "no such topic" in record.message]
    assert len(said) == 1 and 'topic, which is "cars"' in said[0]


def test_messages_that_the_broker_finds_too_large_are_counted_and_said_once(clip, caplog):
    with kafka_server() as server:
        server.say("answer", PRODUCE, TOO_LARGE, 1)
        flow = publishing(clip, **to_kafka(server, flush_timeout=30000))
        flow()
    found = counts(flow)
    assert found["failed"] >= 1 and found["failed"] + found["acknowledged"] == ALL
    said = [record.message for record in caplog.records if "count as failed" in record.message]
    assert len(said) == 1 and "too large" in said[0]


@pytest.mark.parametrize("code", [18, 44, 87])
def test_messages_that_the_broker_never_takes_do_not_hold_the_others(clip, caplog, code):
    with kafka_server() as server:
        server.say("answer", PRODUCE, code, 1)
        flow = publishing(clip, **to_kafka(server, flush_timeout=30000))
        flow()
    found = counts(flow)
    assert found["failed"] >= 1 and found["failed"] + found["acknowledged"] == ALL
    assert found["connections"] == 1
    said = [record.message for record in caplog.records if "count as failed" in record.message]
    assert len(said) == 1 and "does not take" in said[0]


def test_a_message_larger_than_the_producer_may_send_fails_alone(clip, caplog):
    class Large(Cars):
        def handle_metadata(self, batch_meta):
            super().handle_metadata(batch_meta)
            if self.count == 5 * OBJECTS:
                next(iter(batch_meta.frame_items)).publish("x" * 2_000_000)

    with kafka_server() as server:
        flow = publishing(clip, operator=Large(), **to_kafka(server))
        flow()
        assert sorted(ids(server)) == list(range(ALL))
    assert counts(flow)["acknowledged"] == ALL and counts(flow)["failed"] == 1
    assert any("too large" in record.message for record in caplog.records)


def test_a_broker_that_knows_no_log_in_refuses_it_in_words_without_the_password(
    clip, tmp_path, capfd
):
    config = tmp_path / "cfg_kafka.txt"
    config.write_text(
        "[message-broker]\n"
        'proto-cfg = "security.protocol=sasl_plaintext;sasl.mechanism=PLAIN;'
        'sasl.username=me;sasl.password=s3cret"\n'
    )
    with kafka_server() as server:
        flow = publishing(clip, **to_kafka(server, msg_broker_config=config))
        with pytest.raises(dsbind.OutputError, match="refuses the connection") as raised:
            flow()
    assert "SASL" in str(raised.value) and "msg_broker_config" in str(raised.value)
    assert "s3cret" not in str(raised.value) and "s3cret" not in "".join(capfd.readouterr())
