# SPDX-License-Identifier: Apache-2.0
"""The payloads: each field where the schemas have it, whatever labels and configs hold."""

from __future__ import annotations

import json
import re
import subprocess

import pytest
from brokers import OBJECTS, publishing

import dsbind

TEXT = {"type": "string"}
NUMBER = {"type": "number"}


def record(**fields):
    return {"type": "object", "properties": fields, "required": list(fields)}


def closed(**fields):
    return {**record(**fields), "additionalProperties": False}


LOCATION = closed(lat=NUMBER, lon=NUMBER, alt=NUMBER)
COORDINATE = closed(x=NUMBER, y=NUMBER, z=NUMBER)
UUID = {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}
TIME = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}
PART = closed(id=TEXT, name=TEXT, level=TEXT, coordinate=COORDINATE)
FULL = record(
    **{
        "messageid": UUID,
        "mdsversion": {"const": "1.0"},
        "@timestamp": TIME,
        "place": {
            **record(id=TEXT, name=TEXT, type=TEXT, location=LOCATION),
            "oneOf": [record(**{part: PART}) for part in ("aisle", "parkingSpot", "entrance")],
        },
        "sensor": closed(
            id=TEXT, type=TEXT, description=TEXT, location=LOCATION, coordinate=COORDINATE
        ),
        "analyticsModule": closed(id=TEXT, description=TEXT, source=TEXT, version=TEXT),
        "object": record(
            id={"type": "string", "pattern": r"^\d+$"},
            speed=NUMBER,
            direction=NUMBER,
            orientation=NUMBER,
            bbox=closed(topleftx=NUMBER, toplefty=NUMBER, bottomrightx=NUMBER, bottomrighty=NUMBER),
            location=LOCATION,
            coordinate=COORDINATE,
        ),
        "event": closed(id=UUID, type=TEXT),
        "videoPath": TEXT,
    }
)
VEHICLE = closed(
    type=TEXT, make=TEXT, model=TEXT, color=TEXT, licenseState=TEXT, license=TEXT, confidence=NUMBER
)
MINIMAL = closed(
    **{
        "version": {"const": "4.0"},
        "id": {"type": "string", "pattern": r"^\d+$"},
        "@timestamp": TIME,
        "sensorId": TEXT,
        "objects": {"type": "array", "items": TEXT},
    }
)

INI = """\
[sensor0]
enable=1
type=Camera
id=CAM "one"
location=45.293701;-75.830391;48.155748
description=Über der Einfahrt
coordinate=5.2;10.1;11.2

[place0]
enable=1
id=1
type=garage
name=XYZ
location=30.32;-40.55;100.0
coordinate=1.0;2.0;3.0
place-sub-field1=walsh
place-sub-field2=lane1
place-sub-field3=P2

[analytics0]
enable=1
id=XYZ_1
description=Vehicle Detection
source=OpenALR
version=1.0

[sensor1]
enable=0
location=none
"""


def as_yaml(text):
    lines = [re.sub(r"^\[(\w+)\]$", r"\1:", line) for line in text.splitlines()]
    return "\n".join(re.sub(r"^([\w-]+)=(.*)$", r"  \1: '\2'", line) for line in lines)


def messages(clip, tmp_path, **options):
    path = tmp_path / "events.jsonl"
    path.unlink(missing_ok=True)
    publishing(clip, msg_broker_conn_str=path, **options)()
    return [json.loads(line) for line in path.read_text().splitlines()]


def check(schema, found):
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(schema)
    for message in found:
        validator.validate(message)


@pytest.mark.parametrize("form", ["txt", "yml"])
def test_the_full_schema_has_what_the_config_says(clip, tmp_path, form):
    config = tmp_path / f"dstest4_msgconv_config.{form}"
    config.write_text(INI if form == "txt" else as_yaml(INI))
    found = messages(clip, tmp_path, msg_conv_config=config)
    check(FULL, found)
    check(VEHICLE, [message["object"]["vehicle"] for message in found])
    first = found[0]
    assert first["sensor"]["id"] == 'CAM "one"'
    assert first["sensor"]["description"] == "Über der Einfahrt"
    assert first["sensor"]["location"] == {"lat": 45.293701, "lon": -75.830391, "alt": 48.155748}
    assert first["place"]["name"] == "XYZ"
    assert (
        first["place"]["entrance"]["id"] == "walsh" and first["place"]["entrance"]["level"] == "P2"
    )
    assert first["analyticsModule"]["version"] == "1.0"
    assert first["object"]["bbox"] == {
        "topleftx": 10, "toplefty": 20, "bottomrightx": 40, "bottomrighty": 60,
    }  # fmt: skip
    assert len({message["messageid"] for message in found}) == len(found)


def test_the_minimal_schema_has_a_message_for_each_frame(clip, tmp_path):
    found = messages(clip, tmp_path, msg_conv_payload_type=1)
    check(MINIMAL, found)
    assert [message["id"] for message in found] == [str(number) for number in range(60)]
    assert all(len(message["objects"]) == OBJECTS for message in found)
    last = sorted(found[0]["objects"])[0]
    assert last == "0|10|20|40|60|Vehicle|#|0.5"


@pytest.mark.parametrize("kind", [0, 1])
def test_objects_make_messages_without_events(clip, tmp_path, kind):
    found = messages(
        clip,
        tmp_path,
        events=False,
        msg_conv_msg2p_new_api=True,
        msg_conv_frame_interval=30,
        msg_conv_payload_type=kind,
    )
    check(FULL if kind == 0 else MINIMAL, found)
    assert len(found) == (2 * OBJECTS if kind == 0 else 2)


class Odd(dsbind.BatchMetadataOperator):
    """Objects whose labels and numbers are no good JSON."""

    LABELS = ('a"b\\c', "tab\there", "Zürich", "x" * 127, "pipe|pipe", "bag", "face", "bicycle")

    def handle_metadata(self, batch_meta):
        for frame in batch_meta.frame_items:
            for label in self.LABELS:
                item = batch_meta.acquire_object_meta()
                item.label, item.confidence = label, float("nan")
                item.rect_params.left = float("inf")
                frame.append(item)


@pytest.mark.parametrize("kind", [0, 1])
def test_whatever_labels_and_numbers_hold_is_valid_json(clip, tmp_path, kind):
    found = messages(clip, tmp_path, operator=Odd(), msg_conv_payload_type=kind)
    check(FULL if kind == 0 else MINIMAL, found)
    if kind == 0:
        keys = {key for message in found for key in message["object"]}
        assert {*Odd.LABELS} <= keys
    else:
        assert all(line.count("|") == 7 for message in found for line in message["objects"])


def test_the_component_filters_events(clip, tmp_path):
    assert messages(clip, tmp_path, msg_conv_comp_id=5) == []


def test_each_payload_can_be_looked_at_as_a_file(clip, tmp_path):
    folder = tmp_path / "payloads"
    found = messages(clip, tmp_path, msg_conv_debug_payload_dir=str(folder))
    assert len(list(folder.iterdir())) == len(found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[sensor0]\nlocation=1;2\n", "three numbers"),
        ("[sensor0]\nlocation=1;x;3\n", "no number"),
        ("nonsense", "not a valid config file"),
    ],
)
def test_a_config_that_is_wrong_is_named(clip, tmp_path, text, words):
    config = tmp_path / "conv.txt"
    config.write_text(text)
    with pytest.raises(dsbind.Error, match=words) as raised:
        messages(clip, tmp_path, msg_conv_config=config)
    assert "conv.txt" in str(raised.value)


@pytest.mark.parametrize(("kind", "words"), [(257, "msg2p-lib"), (256, "choose 0")])
def test_payload_types_that_there_are_none_of_say_what_to_do(clip, tmp_path, kind, words):
    with pytest.raises(dsbind.Error, match=words):
        messages(clip, tmp_path, msg_conv_payload_type=kind)


LIBRARY = r"""
#include <stdlib.h>
#include <stdio.h>
#include "nvmsgconv.h"
NvDsMsg2pCtx *nvds_msg2p_ctx_create(const gchar *file, NvDsPayloadType type) {
  NvDsMsg2pCtx *ctx = calloc(1, sizeof *ctx);
  (void)file;
  ctx->payloadType = type;
  return ctx;
}
void nvds_msg2p_ctx_destroy(NvDsMsg2pCtx *ctx) { free(ctx); }
NvDsPayload *nvds_msg2p_generate(NvDsMsg2pCtx *ctx, NvDsEvent *events, guint size) {
  NvDsPayload *payload = calloc(1, sizeof *payload);
  char *text = malloc(64);
  payload->payloadSize = sprintf(text, "{\"type\":%d,\"events\":%u,\"first\":%lu}",
                                 ctx->payloadType, size, events[0].metadata->trackingId);
  payload->payload = text;
  return payload;
}
void nvds_msg2p_release(NvDsMsg2pCtx *ctx, NvDsPayload *payload) {
  (void)ctx;
  free(payload->payload);
  free(payload);
}
"""


def test_a_library_of_the_users_makes_the_payloads(clip, tmp_path, monkeypatch):
    monkeypatch.setenv("DSBIND_LIBRARY_PATH", str(tmp_path))
    from pathlib import Path

    include = Path(__file__).parents[2] / "native/include"
    source = tmp_path / "own.c"
    source.write_text(LIBRARY)
    flags = subprocess.run(
        ["pkg-config", "--cflags", "glib-2.0"], check=True, capture_output=True, text=True
    ).stdout.split()
    library = tmp_path / "libown.so"
    subprocess.run(
        ["cc", "-shared", "-fPIC", f"-I{include}", *flags, source, "-o", library], check=True
    )
    found = messages(clip, tmp_path, msg_conv_msg2p_lib=str(library), msg_conv_payload_type=257)
    assert len(found) == 60
    assert all(message["type"] == 257 and message["events"] == OBJECTS for message in found)


def test_a_library_that_is_not_there_or_not_allowed_says_what_to_do(clip, tmp_path):
    with pytest.raises(dsbind.Error, match="no such file. Leave msg2p-lib out"):
        messages(clip, tmp_path, msg_conv_msg2p_lib="libnone.so")
    library = tmp_path / "libown.so"
    library.write_bytes(b"")
    with pytest.raises(dsbind.Error, match="allow its folder by DSBIND_LIBRARY_PATH"):
        messages(clip, tmp_path, msg_conv_msg2p_lib=str(library))
