# SPDX-License-Identifier: Apache-2.0
"""The deepstream test4 program, by `dsbind run`: as a Flow and as a Pipeline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FLOW = """
import sys
from pyservicemaker import BatchMetadataOperator, Flow, Pipeline, Probe, RenderMode

APP = "/opt/nvidia/deepstream/deepstream/sources/apps/sample_apps/deepstream-test4"
LIB = "/opt/nvidia/deepstream/deepstream/lib"

class ObjectCounter(BatchMetadataOperator):
    def handle_metadata(self, batch_meta):
        for frame_meta in batch_meta.frame_items:
            for object_meta in frame_meta.object_items:
                pass

flow = Flow(Pipeline("deepstream-test4")).batch_capture([sys.argv[1]])
flow = flow.infer(f"{APP}/dstest4_pgie_config.yml")
flow = flow.attach(what=Probe("counter", ObjectCounter()))
flow = flow.attach(what="add_message_meta_probe", name="message_generator").fork()
flow.publish(
    msg_broker_proto_lib=f"{LIB}/libnvds_file_proto.so",
    msg_broker_conn_str=sys.argv[2],
    topic="test4app",
    msg_conv_config=f"{APP}/dstest4_msgconv_config.yml",
)
flow.render(RenderMode.DISCARD)
flow()
"""

PIPELINE = """
import sys
from pyservicemaker import BatchMetadataOperator, Pipeline, Probe

APP = "/opt/nvidia/deepstream/deepstream/sources/apps/sample_apps/deepstream-test4"
LIB = "/opt/nvidia/deepstream/deepstream/lib"

class Events(BatchMetadataOperator):
    def handle_metadata(self, batch_meta):
        for frame_meta in batch_meta.frame_items:
            for object_meta in frame_meta.object_items:
                event_msg = batch_meta.acquire_event_message_meta()
                if event_msg:
                    event_msg.generate(object_meta, frame_meta, "street", sys.argv[1])
                    frame_meta.append(event_msg)

pipeline = Pipeline("deepstream-test4")
pipeline.add("nvurisrcbin", "src", {"uri": "file://" + sys.argv[1]})
pipeline.add("nvstreammux", "mux", {"batch-size": 1, "width": 1280, "height": 720})
pipeline.add("nvinfer", "infer", {"config-file-path": f"{APP}/dstest4_pgie_config.yml"})
pipeline.add("tee", "tee").add("queue", "queue1").add("queue", "queue2")
pipeline.add("nvmsgconv", "msgconv", {
    "config": f"{APP}/dstest4_msgconv_config.yml", "payload-type": 0})
pipeline.add("nvmsgbroker", "msgbroker", {
    "proto-lib": f"{LIB}/libnvds_file_proto.so", "conn-str": sys.argv[2], "sync": False,
    "topic": "test4app"})
pipeline.add("fakesink", "sink", {"sync": False})
pipeline.link(("src", "mux"), ("", "sink_%u")).link("mux", "infer", "tee")
pipeline.link(("tee", "queue1"), ("src_%u", "")).link("queue1", "msgconv", "msgbroker")
pipeline.link(("tee", "queue2"), ("src_%u", "")).link("queue2", "sink")
pipeline.attach("infer", Probe("events", Events()))
pipeline.start().wait()
"""


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    """Two seconds of the sample street."""
    from dsbind import samples

    folder = tmp_path_factory.mktemp("samples") / "tree"
    samples.provide(folder, "samples/configs/deepstream-app")
    samples.provide(folder, "samples/streams/sample_720p.jpg")
    path = folder.parent / "street.mp4"
    subprocess.run(
        [
            "gst-launch-1.0", "-q", "filesrc", f"location={folder}/samples/streams/sample_720p.jpg",
            "!", "jpegdec", "!", "imagefreeze", "num-buffers=10", "!", "videoconvert", "!",
            "video/x-raw,format=I420,framerate=10/1", "!", "x264enc", "!", "mp4mux", "!",
            "filesink", f"location={path}",
        ],
        check=True,
    )  # fmt: skip
    return folder, path


@pytest.mark.parametrize("source", [FLOW, PIPELINE], ids=["flow", "pipeline"])
def test_it_publishes_what_it_sees(street, tmp_path, source):
    tree, video = street
    program, out = tmp_path / "test4.py", tmp_path / "events.jsonl"
    program.write_text(source)
    done = subprocess.run(
        [sys.executable, "-m", "dsbind", "run", program, video, out],
        cwd=tmp_path,
        env={**os.environ, "DSBIND_SAMPLES": str(tree)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    messages = [json.loads(line) for line in Path(out).read_text().splitlines()]
    assert len(messages) >= 10
    assert {message["sensor"]["id"] for message in messages} == {"street-camera"}
    assert any("vehicle" in message["object"] for message in messages)
