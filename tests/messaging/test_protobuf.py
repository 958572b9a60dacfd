# SPDX-License-Identifier: Apache-2.0
"""Payload type 2, read back by Google's own reader with the schema that dsbind gives its users."""

from __future__ import annotations

import base64
import ctypes
import datetime
import json
import subprocess
from pathlib import Path

import pytest
from brokers import OBJECTS, program, publishing

import dsbind
from dsbind import data

LIBRARIES = Path(dsbind.gst.__file__).parent / "_native/lib"
INCLUDE = Path(__file__).parents[2] / "native/include"
SCHEMA = Path(data.__file__).parent / "deepstream/sources/libs/nvmsgconv/deepstream_schema"


@pytest.fixture(scope="module")
def frame_class(tmp_path_factory):
    """`nv.Frame`, made by protoc from the schema."""
    descriptor_pb2 = pytest.importorskip("google.protobuf.descriptor_pb2")
    from google.protobuf import descriptor_pool, message_factory

    out = tmp_path_factory.mktemp("schema") / "schema.bin"
    command = [program("protoc"), f"-I{SCHEMA}", "--include_imports", f"--descriptor_set_out={out}"]
    subprocess.run([*command, "schema.proto"], check=True)
    files = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("nv.Frame"))


def lines(clip, path, kind, **options):
    path.unlink(missing_ok=True)
    publishing(clip, msg_broker_conn_str=path, msg_conv_payload_type=kind, **options)()
    return [json.loads(line) for line in path.read_text().splitlines()]


def frames(clip, tmp_path, frame_class, **options):
    """What the file has: protobuf is no text, so each line holds it in base64."""
    found = lines(clip, tmp_path / "events.jsonl", 2, **options)
    return [frame_class.FromString(base64.b64decode(item["base64"])) for item in found]


def moment(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")


def as_minimal(item):
    """An object as the minimal schema says it."""
    box = (item.bbox.leftX, item.bbox.topY, item.bbox.rightX, item.bbox.bottomY)
    parts = [item.id, *(f"{value:g}" for value in box), item.type, "#", f"{item.confidence:g}"]
    return "|".join(parts)


@pytest.mark.parametrize("events", [True, False])
def test_it_says_what_the_minimal_schema_says(clip, tmp_path, frame_class, events):
    options = {"events": events}
    if not events:
        options |= {"msg_conv_msg2p_new_api": True, "msg_conv_frame_interval": 1}
    before = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    found = frames(clip, tmp_path, frame_class, **options)
    minimal = lines(clip, tmp_path / "minimal.jsonl", 1, **options)
    assert len(found) == len(minimal) == 60
    for frame, said in zip(found, minimal, strict=True):
        assert frame.version == said["version"] and frame.id == said["id"]
        assert frame.sensorId == said["sensorId"]
        assert len(frame.objects) == OBJECTS
        assert sorted(map(as_minimal, frame.objects)) == sorted(said["objects"])
        # The same program, run again: some seconds later.
        taken = frame.timestamp.ToDatetime()
        assert before - datetime.timedelta(seconds=1) <= taken <= moment(said["@timestamp"])


class Labelled(dsbind.BatchMetadataOperator):
    """Objects with what a classifier said, and with what is no good number or text."""

    def handle_metadata(self, batch_meta):
        for frame in batch_meta.frame_items:
            item = batch_meta.acquire_object_meta()
            item.label, item.object_id, item.confidence = "Zürich", 2**64 - 1, float("nan")
            item.rect_params.left = float("inf")
            classifier = batch_meta.acquire_classifier_meta()
            classifier.unique_component_id = 4
            classifier.add_label("röt")
            classifier.add_label("second")
            make = batch_meta.acquire_classifier_meta()
            make.classifier_type = "make"
            make.add_label("Bugatti")
            item.append(classifier)
            item.append(make)
            frame.append(item)


def test_labels_of_classifiers_and_odd_values_are_kept_or_become_nothing(
    clip, tmp_path, frame_class
):
    found = frames(
        clip,
        tmp_path,
        frame_class,
        operator=Labelled(),
        events=False,
        msg_conv_msg2p_new_api=True,
        msg_conv_frame_interval=30,
    )
    assert len(found) == 2
    for frame in found:
        (item,) = frame.objects
        assert item.type == "Zürich" and item.id == str(2**64 - 1)
        assert item.confidence == 0 and item.bbox.leftX == 0 and item.HasField("bbox")
        assert item.info.pop("make") == "Bugatti"
        # Of several labels a map has one.
        assert dict(item.info) in ({"classifier-4": "röt"}, {"classifier-4": "second"})
        assert not item.HasField("coordinate") and not item.HasField("embedding")


def test_bytes_that_happen_to_be_valid_utf8_are_no_line(tmp_path):
    """A message begins with a line break, which would become a space."""
    message = b"\n\x034.0\x12\x011"
    library = ctypes.CDLL(str(LIBRARIES / "libnvds_file_proto.so"))
    library.nvds_msgapi_connect.restype = ctypes.c_void_p
    path = tmp_path / "events.jsonl"
    handle = ctypes.c_void_p(library.nvds_msgapi_connect(str(path).encode(), None, None))
    size = ctypes.c_size_t(len(message))
    assert library.nvds_msgapi_send(handle, b"", message, size) == 0
    assert library.nvds_msgapi_disconnect(handle) == 0
    assert base64.b64decode(json.loads(path.read_text())["base64"]) == message


# Events with all that a program can say of an object, as a C program makes them.
PROGRAM = r"""
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nvmsgconv.h"
#define GET(name) name##_t *name = (name##_t *)dlsym(library, #name)
typedef NvDsMsg2pCtx *nvds_msg2p_ctx_create_t(const gchar *, NvDsPayloadType);
typedef NvDsPayload *nvds_msg2p_generate_t(NvDsMsg2pCtx *, NvDsEvent *, guint);
typedef void nvds_msg2p_release_t(NvDsMsg2pCtx *, NvDsPayload *);
typedef void nvds_msg2p_ctx_destroy_t(NvDsMsg2pCtx *);
int main(int count, char **arguments) {
  void *library = dlopen(arguments[1], RTLD_NOW);
  if (count != 3 || !library) return fprintf(stderr, "%s\n", dlerror()), 1;
  GET(nvds_msg2p_ctx_create);
  GET(nvds_msg2p_generate);
  GET(nvds_msg2p_release);
  GET(nvds_msg2p_ctx_destroy);
  float vector[] = {0.25f, -0.5f, 0, 1};
  NvDsJoint joints[] = {{1, 2, 3, 0.5f}, {4, 5, 6, 0.25f}};
  NvDsVehicleObject car = {.type = "sedan", .make = "B\xffgatti", .color = "blue",
                           .license = "XX1234", .region = "CA"};
  NvDsPersonObject person = {.gender = "male", .age = 45};
  NvDsEventMsgMeta first = {.objType = NVDS_OBJECT_TYPE_VEHICLE, .trackingId = 7, .frameId = 12,
                            .ts = arguments[2], .sensorStr = "gate", .extMsg = &car,
                            .extMsgSize = sizeof car, .confidence = 0.5,
                            .bbox = {.left = 1, .top = 2, .width = 3, .height = 4},
                            .coordinate = {.x = 5.2, .y = 10.1}, .location = {.lon = -75.830391},
                            .embedding = {vector, 4}, .pose = {joints, 2, 2}};
  NvDsEventMsgMeta second = {.objType = NVDS_OBJECT_TYPE_PERSON, .extMsg = &person,
                             .extMsgSize = sizeof person};
  NvDsEventMsgMeta third = {.objType = NVDS_OBJECT_TYPE_FACE, .extMsg = &person, .extMsgSize = 4};
  NvDsEvent events[] = {{0, &first}, {0, &second}, {0, &third}};
  NvDsMsg2pCtx *context = nvds_msg2p_ctx_create(NULL, NVDS_PAYLOAD_DEEPSTREAM_PROTOBUF);
  NvDsPayload *payload = nvds_msg2p_generate(context, events, 3);
  fwrite(payload->payload, 1, payload->payloadSize, stdout);
  nvds_msg2p_release(context, payload);
  nvds_msg2p_ctx_destroy(context);
  return 0;
}
"""


@pytest.fixture(scope="module")
def generate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("program")
    source, binary = folder / "events.c", folder / "events"
    source.write_text(PROGRAM)
    flags = subprocess.run(
        ["pkg-config", "--cflags", "glib-2.0"], check=True, capture_output=True, text=True
    ).stdout.split()
    subprocess.run(["cc", f"-I{INCLUDE}", *flags, source, "-o", binary, "-ldl"], check=True)
    library = LIBRARIES / "libnvds_msgconv.so"

    def run(time):
        done = subprocess.run([binary, library, time], check=True, capture_output=True)
        return done.stdout

    return run


def test_events_of_c_programs_are_written_whole(generate, frame_class):
    frame = frame_class.FromString(generate("2026-01-02T03:04:05.678Z"))
    assert (frame.id, frame.sensorId) == ("12", "gate")
    assert frame.timestamp.ToJsonString() == "2026-01-02T03:04:05.678Z"
    car, person, face = frame.objects
    assert (car.id, car.type, car.confidence) == ("7", "Vehicle", 0.5)
    assert (car.bbox.leftX, car.bbox.topY, car.bbox.rightX, car.bbox.bottomY) == (1, 2, 4, 6)
    assert dict(car.info) == {
        "type": "sedan", "make": "B\ufffdgatti", "color": "blue", "license": "XX1234",
        "licenseState": "CA",
    }  # fmt: skip
    assert list(car.embedding.vector) == [0.25, -0.5, 0, 1]
    assert car.pose.type == "pose25D"
    joints = [list(point.coordinates) for point in car.pose.keypoints]
    assert joints == [[1, 2, 3, 0.5], [4, 5, 6, 0.25]]
    assert (car.coordinate.x, car.coordinate.y, car.coordinate.z) == (5.2, 10.1, 0)
    assert (car.location.lat, car.location.lon) == (0, -75.830391)
    assert person.type == "Person" and dict(person.info) == {"gender": "male", "age": "45"}
    # What is shorter than its type counts as not there.
    assert face.type == "Face" and not face.info


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05Z"),
        ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"),
        ("yesterday", None),
        ("", None),
    ],
)
def test_times_that_programs_give_are_read_or_left_out(generate, frame_class, text, said):
    frame = frame_class.FromString(generate(text))
    assert frame.HasField("timestamp") == (said is not None)
    if said:
        assert frame.timestamp.ToJsonString() == said
    assert len(frame.objects) == 3
