# SPDX-License-Identifier: Apache-2.0
"""Messages arrive: at a file, Redis, Kafka and MQTT, read back by clients that are not ours."""

from __future__ import annotations

import json
import threading

import pytest
from brokers import (
    OBJECTS,
    counts,
    kafka_server,
    mosquitto_server,
    publishing,
    redis_server,
    wait_until,
)

import dsbind
from dsbind import Flow, Pipeline

FRAMES = 60


def ids(messages):
    return [int(json.loads(message)["object"]["id"]) for message in messages]


def check_all(flow, messages):
    """Every object's message came, once; the last objects of a frame are first in its list."""
    assert sorted(ids(messages)) == list(range(FRAMES * OBJECTS))
    found = counts(flow)
    assert found["acknowledged"] == FRAMES * OBJECTS and not found["failed"] + found["dropped"]


def test_a_file_gets_a_line_for_each_object(clip, tmp_path):
    path = tmp_path / "events.jsonl"
    flow = publishing(clip, msg_broker_conn_str=path)
    flow()
    check_all(flow, path.read_text().splitlines())


def test_without_arguments_messages_go_to_a_file_in_the_current_folder(clip, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    publishing(clip)()
    assert len((tmp_path / "messages.jsonl").read_text().splitlines()) == FRAMES * OBJECTS


def test_a_folder_gets_a_file_for_each_topic(clip, tmp_path):
    publishing(clip, msg_broker_conn_str=f"{tmp_path}/", topic="../cars")()
    (path,) = tmp_path.glob("*.jsonl")
    assert path.parent == tmp_path and len(path.read_text().splitlines()) == FRAMES * OBJECTS


def test_the_sdks_path_of_an_adapter_stands_for_the_one_there_is(clip, tmp_path):
    path = tmp_path / "events.jsonl"
    library = "/opt/nvidia/deepstream/deepstream/lib/libnvds_file_proto.so"
    publishing(clip, msg_broker_proto_lib=library, msg_broker_conn_str=str(path))()
    assert len(path.read_text().splitlines()) == FRAMES * OBJECTS


def test_redis_gets_an_entry_for_each_object_in_order(clip, tmp_path):
    redis = pytest.importorskip("redis")
    config = tmp_path / "cfg_redis.txt"
    config.write_text("[message-broker]\npayloadkey = event\npassword = a;secret=1\n")
    with redis_server(tmp_path, "--requirepass", "a;secret=1") as server:
        flow = publishing(
            clip,
            msg_broker_proto_lib="libnvds_redis_proto.so",
            msg_broker_conn_str=f"127.0.0.1;{server.port}",
            msg_broker_config=config,
            topic="cars",
        )
        flow()
        with redis.Redis(host="127.0.0.1", port=server.port, password="a;secret=1") as client:
            messages = [entry[b"event"] for _, entry in client.xrange("cars")]
    check_all(flow, messages)
    frames = [number // OBJECTS for number in ids(messages)]
    assert frames == sorted(frames)


def test_kafka_gets_a_message_for_each_object_keyed_by_its_sensor(clip):
    kafka = pytest.importorskip("confluent_kafka")
    with kafka_server() as server:
        flow = publishing(
            clip,
            msg_broker_proto_lib="libnvds_kafka_proto.so",
            msg_broker_conn_str=f"127.0.0.1;{server.port}",
            topic="cars",
        )
        flow()
        client = kafka.Consumer(
            {
                "bootstrap.servers": f"127.0.0.1:{server.port}",
                "group.id": "test",
                "auto.offset.reset": "earliest",
            }
        )
        client.subscribe(["cars"])
        messages = []
        wait_until(
            lambda: messages.extend(client.consume(200, 0.5)) or len(messages) >= FRAMES * OBJECTS
        )
        client.close()
    check_all(flow, [message.value() for message in messages])
    assert {message.key() for message in messages} == {b"0"}


def test_mqtt_gets_a_message_for_each_object(clip, tmp_path):
    mqtt = pytest.importorskip("paho.mqtt.client")
    messages, ready = [], threading.Event()
    with mosquitto_server(tmp_path) as server:
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        client.on_message = lambda client, data, message: messages.append(message.payload)
        client.on_subscribe = lambda *args: ready.set()
        client.connect("127.0.0.1", server.port)
        client.subscribe("site/cars", qos=1)
        client.loop_start()
        assert ready.wait(10)
        flow = publishing(
            clip,
            msg_broker_proto_lib="libnvds_mqtt_proto.so",
            msg_broker_conn_str=f"127.0.0.1;{server.port}",
            topic="site/cars",
        )
        flow()
        wait_until(lambda: len(messages) >= FRAMES * OBJECTS)
        client.loop_stop()
        client.disconnect()
    check_all(flow, messages)


def test_a_program_sends_messages_of_its_own(clip, tmp_path):
    class Own(dsbind.BatchMetadataOperator):
        def handle_metadata(self, batch_meta):
            for frame in batch_meta.frame_items:
                frame.publish({"frame": frame.frame_number, "text": "Zürich \n"})
                frame.publish("plain")
                for wrong in (3, None, {"x": object()}):
                    with pytest.raises(TypeError):
                        frame.publish(wrong)
                with pytest.raises(ValueError, match="JSON"):
                    frame.publish({"x": float("nan")})

    path = tmp_path / "own.jsonl"
    flow = publishing(clip, events=False, operator=Own(), msg_broker_conn_str=path)
    flow()
    lines = path.read_text().splitlines()
    assert lines[1::2] == ["plain"] * FRAMES
    expected = [{"frame": number, "text": "Zürich \n"} for number in range(FRAMES)]
    assert [json.loads(line) for line in lines[::2]] == expected


def test_events_of_a_program_become_messages(clip, tmp_path):
    class Events(dsbind.BatchMetadataOperator):
        def handle_metadata(self, batch_meta):
            for frame in batch_meta.frame_items:
                item = batch_meta.acquire_object_meta()
                item.class_id, item.object_id = 1, 77
                frame.append(item)
                event = batch_meta.acquire_event_message_meta()
                assert event
                event.generate(item, frame, "gate", "file:///gate.mp4", ["car", "person"])
                event.generate(item, frame, "gate-1", "file:///gate.mp4", ["car", "person"])
                frame.append(event)

    path = tmp_path / "events.jsonl"
    publishing(clip, events=False, operator=Events(), msg_broker_conn_str=path)()
    messages = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(messages) == FRAMES
    assert {message["sensor"]["id"] for message in messages} == {"gate-1"}
    assert "person" in messages[0]["object"] and messages[0]["object"]["id"] == "77"
    assert messages[0]["videoPath"] == "file:///gate.mp4"


def test_a_branch_that_publishes_leaves_the_others_alone(clip, tmp_path):
    from brokers import Cars

    seen = []

    class Count(dsbind.BatchMetadataOperator):
        def handle_metadata(self, batch_meta):
            for frame in batch_meta.frame_items:
                # NVDS_PAYLOAD_META: what the other branch made.
                seen.append((len(frame.object_items), len(frame.user_meta_items(8))))

    path = tmp_path / "events.jsonl"
    flow = Flow(Pipeline("p")).batch_capture([str(clip)], width=320, height=240)
    flow = flow.attach(dsbind.Probe("cars", Cars()))
    flow = flow.attach("add_message_meta_probe", "messages", properties={"frame-interval": 10})
    flow = flow.fork()
    flow.publish(msg_broker_conn_str=path)
    flow.attach(dsbind.Probe("count", Count())).render(dsbind.RenderMode.DISCARD, sync=False)
    flow()
    assert len(path.read_text().splitlines()) == FRAMES // 10 * OBJECTS
    assert seen == [(OBJECTS, 0)] * FRAMES


def test_a_pipeline_written_by_hand_publishes(clip, tmp_path):
    from brokers import Cars

    path = tmp_path / "events.jsonl"
    pipeline = Pipeline("hand")
    flow = Flow(pipeline).batch_capture([str(clip)], width=320, height=240)
    (mux,) = flow._streams
    pipeline.add("nvmsgconv", "conv", {"payload-type": 1})
    pipeline.add("nvmsgbroker", "sink", {"conn-str": str(path), "sync": False})
    pipeline.link(mux, "conv", "sink")
    pipeline.attach(mux, dsbind.Probe("cars", Cars()))
    pipeline.attach(mux, "add_message_meta_probe", "messages")
    pipeline.start().wait()
    assert len(path.read_text().splitlines()) == FRAMES
    assert pipeline.stats()["sink"]["acknowledged"] == FRAMES
