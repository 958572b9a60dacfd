# SPDX-License-Identifier: Apache-2.0
"""What is not sent is counted and said: brokers that are away, killed, slow, or refuse."""

from __future__ import annotations

import json
import threading
import time

import pytest
from brokers import (
    OBJECTS,
    counts,
    free_port,
    kafka_server,
    mosquitto_server,
    publishing,
    redis_server,
    wait_until,
)

import dsbind
from dsbind import ConfigError, ConfigWarning

FRAMES = 60
ALL = FRAMES * OBJECTS


def to_redis(port, **options):
    return {
        "msg_broker_proto_lib": "libnvds_redis_proto.so",
        "msg_broker_conn_str": f"127.0.0.1;{port}",
        "topic": "cars",
        **options,
    }


def entries(port):
    redis = pytest.importorskip("redis")
    with redis.Redis(host="127.0.0.1", port=port) as client:
        return [json.loads(entry[b"metadata"]) for _, entry in client.xrange("cars")]


def test_messages_wait_for_a_broker_that_comes_later(clip, tmp_path, caplog):
    with redis_server(tmp_path, started=False) as server:
        late = threading.Timer(1.0, server.start)
        late.start()
        flow = publishing(clip, **to_redis(server.port))
        flow()
        late.join()
        assert len(entries(server.port)) == ALL
    assert counts(flow)["acknowledged"] == ALL
    said = [record.message for record in caplog.records if "cannot be reached" in record.message]
    assert len(said) == 1 and "it is tried again" in said[0]


def test_a_broker_that_never_comes_is_an_error_at_the_end(clip):
    flow = publishing(clip, **to_redis(free_port(), flush_timeout=500))
    with pytest.raises(dsbind.OutputError, match="were not acknowledged within flush-timeout") as e:
        flow()
    assert "Connection refused" in str(e.value)
    assert counts(flow)["failed"] == ALL and not counts(flow)["acknowledged"]


def test_a_pipeline_stops_in_time_while_its_broker_is_away(clip):
    flow = publishing(clip, **to_redis(free_port()))
    flow.pipeline.start()
    # All of it waits for the broker, and the end of the stream for that.
    wait_until(lambda: counts(flow)["queued"] == ALL)
    flow.pipeline.stop(1).wait(8)
    assert counts(flow)["failed"] == ALL


def test_all_arrive_when_the_broker_is_killed_and_comes_back(make_clip, tmp_path):
    from brokers import Cars

    frames = 120

    class Killing(Cars):
        def handle_metadata(self, batch_meta):
            super().handle_metadata(batch_meta)
            time.sleep(0.005)
            if self.count == 40 * OBJECTS:
                server.kill()
            if self.count == 80 * OBJECTS:
                server.start()

    with redis_server(tmp_path) as server:
        flow = publishing(make_clip(frames=frames), operator=Killing(), **to_redis(server.port))
        flow()
        found = counts(flow)
        arrived = [int(message["object"]["id"]) for message in entries(server.port)]
    assert found["acknowledged"] == frames * OBJECTS and found["connections"] == 2
    # None is missing; one that was stored and not yet acknowledged may be there twice.
    assert set(arrived) == set(range(frames * OBJECTS))
    assert len(arrived) <= frames * OBJECTS + found["retried"]


@pytest.mark.parametrize("policy", ["drop_oldest", "drop_newest"])
def test_a_broker_that_hangs_does_not_hold_the_stream(clip, tmp_path, policy, caplog):
    with redis_server(tmp_path) as server:
        server.freeze(True)
        flow = publishing(
            clip,
            **to_redis(server.port, queue_size=20, queue_policy=policy, flush_timeout=100),
        )
        flow()
        found = counts(flow)
        server.freeze(False)
    assert found["messages"] == ALL and found["dropped"] >= 1
    assert any("messages were dropped" in record.message for record in caplog.records)


def test_the_end_does_not_wait_for_a_broker_longer_than_it_is_told(clip, tmp_path):
    with redis_server(tmp_path) as server:
        server.freeze(True)
        flow = publishing(clip, **to_redis(server.port, flush_timeout=300))
        begun = time.monotonic()
        with pytest.raises(dsbind.OutputError, match="not acknowledged"):
            flow()
        server.freeze(False)
    assert time.monotonic() - begun < 20
    assert counts(flow)["failed"] == ALL


def test_a_wrong_password_is_said_without_it(clip, tmp_path):
    config = tmp_path / "cfg.txt"
    config.write_text("[message-broker]\npassword = not-the-one\n")
    with redis_server(tmp_path, "--requirepass", "right-one") as server:
        flow = publishing(clip, **to_redis(server.port, msg_broker_config=config))
        with pytest.raises(dsbind.OutputError, match="refuses the log in") as raised:
            flow()
    assert "not-the-one" not in str(raised.value) and "msg_broker_config" in str(raised.value)


def test_mqtt_that_wants_a_password_says_so(clip, tmp_path):
    (tmp_path / "passwords").write_text("")
    with mosquitto_server(
        tmp_path, "allow_anonymous false", f"password_file {tmp_path}/passwords"
    ) as server:
        flow = publishing(
            clip,
            msg_broker_proto_lib="libnvds_mqtt_proto.so",
            msg_broker_conn_str=f"127.0.0.1;{server.port}",
            topic="cars",
        )
        with pytest.raises(dsbind.OutputError, match="refuses the connection"):
            flow()


def test_a_message_that_the_broker_refuses_is_counted_and_said_once(clip, tmp_path, caplog):
    redis = pytest.importorskip("redis")
    with redis_server(tmp_path) as server:
        with redis.Redis(host="127.0.0.1", port=server.port) as client:
            client.set("cars", "no stream")
        flow = publishing(clip, **to_redis(server.port))
        flow()
    assert counts(flow)["failed"] == ALL
    said = [record.message for record in caplog.records if "WRONGTYPE" in record.message]
    assert len(said) == 1 and "count as failed" in said[0]


def test_a_full_disk_is_an_error_at_the_end(clip):
    flow = publishing(clip, msg_broker_conn_str="/dev/full", flush_timeout=300)
    with pytest.raises(dsbind.OutputError, match="No space left on device"):
        flow()
    assert counts(flow)["failed"] == ALL


def test_a_kafka_that_is_not_there_is_said(clip):
    flow = publishing(
        clip,
        msg_broker_proto_lib="libnvds_kafka_proto.so",
        msg_broker_conn_str=f"127.0.0.1;{free_port()}",
        topic="cars",
        flush_timeout=8000,
    )
    with pytest.raises(dsbind.OutputError, match="kafka at 127.0.0.1:\\d+ cannot be reached"):
        flow()


def test_kafka_settings_that_are_none_are_named_without_their_values(clip, tmp_path):
    config = tmp_path / "cfg_kafka.txt"
    config.write_text('[message-broker]\nproto-cfg = "no.such.setting=s3cret"\n')
    with kafka_server() as server:
        flow = publishing(
            clip,
            msg_broker_proto_lib="libnvds_kafka_proto.so",
            msg_broker_conn_str=f"127.0.0.1;{server.port}",
            msg_broker_config=config,
            topic="cars",
        )
        with pytest.raises(dsbind.OutputError, match=r"the setting no\.such\.setting") as raised:
            flow()
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("protocol", ["redis", "kafka", "mqtt", "amqp"])
@pytest.mark.parametrize(
    "address", ["127.0.0.1:6379", "127.0.0.1", "", ";6379", "h;port", "u:pw@h;1", "h;0", "h;99999"]
)
def test_an_address_that_is_none_is_refused_at_once(clip, protocol, address):
    with pytest.raises(ConfigError, match="msg_broker_conn_str") as raised:
        publishing(
            clip,
            msg_broker_proto_lib=f"libnvds_{protocol}_proto.so",
            msg_broker_conn_str=address,
            topic="t",
        )
    assert "127.0.0.1;" in str(raised.value) and "pw@" not in str(raised.value)


def test_a_broker_without_a_topic_is_refused_at_once(clip):
    with pytest.raises(ConfigError, match="has no topic"):
        publishing(
            clip, msg_broker_proto_lib="libnvds_redis_proto.so", msg_broker_conn_str="127.0.0.1;1"
        )


def test_an_adapter_that_is_not_there_is_named_with_those_that_are(clip):
    flow = publishing(clip, msg_broker_proto_lib="libnvds_pigeon_proto.so")
    with pytest.raises(dsbind.Error, match=r"libnvds_pigeon_proto\.so cannot be loaded") as raised:
        flow()
    assert "libnvds_kafka_proto.so" in str(raised.value)


def test_a_library_that_is_no_adapter_is_refused(clip):
    flow = publishing(clip, msg_broker_proto_lib="libnvds_msgconv.so", msg_broker_conn_str="x")
    with pytest.raises(dsbind.Error, match="is no protocol adapter"):
        flow()


@pytest.mark.parametrize("key", ["msg_conv_config", "msg_broker_config"])
def test_a_config_that_is_not_there_is_named_at_once(clip, key):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.txt"):
        publishing(clip, **{key: "nowhere.txt"})


def test_objects_without_events_are_said_once(clip, tmp_path, recwarn):
    flow = publishing(clip, events=False, msg_broker_conn_str=tmp_path / "events.jsonl")
    flow()
    said = [str(item.message) for item in recwarn if issubclass(item.category, ConfigWarning)]
    assert len([text for text in said if "add_message_meta_probe" in text]) == 1
    assert counts(flow)["messages"] == 0


def test_stopping_does_not_wait_for_room_in_the_queue(clip, tmp_path):
    flow = publishing(clip, **to_redis(free_port(), queue_size=1, flush_timeout=60000))
    flow.pipeline.start()
    wait_until(lambda: counts(flow)["messages"] >= 1)
    begun = time.monotonic()
    flow.pipeline.stop(1.0)
    assert time.monotonic() - begun < 15


def test_a_pause_while_the_queue_is_full_loses_nothing(clip, tmp_path):
    with redis_server(tmp_path, started=False) as server:
        flow = publishing(clip, **to_redis(server.port, queue_size=5))
        flow.pipeline.start()
        wait_until(lambda: counts(flow)["messages"] >= 5)
        flow.pipeline.pause()
        server.start()
        flow.pipeline.resume()
        flow.pipeline.wait()
        assert len(entries(server.port)) == ALL
    assert counts(flow)["failed"] == 0


def test_a_pause_while_the_end_waits_for_answers_is_no_error(clip, tmp_path):
    with redis_server(tmp_path, started=False) as server:
        flow = publishing(clip, **to_redis(server.port, flush_timeout=15000))
        flow.pipeline.start()
        wait_until(lambda: counts(flow)["messages"] == ALL)
        # The last message is there before the end of the stream is.
        time.sleep(0.3)
        flow.pipeline.pause()
        server.start()
        flow.pipeline.resume()
        flow.pipeline.wait()
        assert len(entries(server.port)) == ALL
