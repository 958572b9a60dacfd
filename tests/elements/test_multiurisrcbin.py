# SPDX-License-Identifier: Apache-2.0
"""nvmultiurisrcbin: one element that plays a list of sources in batches."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

DEFAULTS = {
    "uri-list": "null",
    "sensor-id-list": "null",
    "sensor-name-list": "null",
    "max-batch-size": "0",
    "width": "0",
    "height": "0",
    "batched-push-timeout": "-1",
    "buffer-pool-size": "4",
    "live-source": "false",
    "drop-pipeline-eos": "false",
    "file-loop": "false",
    "gpu-id": "0",
    "latency": "100",
    "ip-address": '"localhost"',
    "port": '"9000"',
}
SINK = "fakesink name=sink silent=false"


def test_properties_have_the_documented_names(gst_env: dict[str, str]) -> None:
    shown = subprocess.run(
        ["gst-inspect-1.0", "nvmultiurisrcbin"], env=gst_env, capture_output=True, text=True
    ).stdout
    for name, default in DEFAULTS.items():
        found = re.search(rf"\n  {name} *:.*?Default: ([^\s,]+)", shown, re.DOTALL)
        assert found, name
        assert found.group(1) == default, name
    assert re.search(r"SRC template: 'src'\s+Availability: Always", shown)


def test_the_sources_come_in_batches(launch, h264) -> None:
    one, two = h264(frames=20, name="1.mp4"), h264(frames=30, width=200, height=100, name="2.mp4")
    result = launch(
        f"nvmultiurisrcbin uri-list={one},file://{two} sensor-id-list=a,b width=160 height=120 "
        f"! {SINK}"
    )
    assert len(result.timestamps) == 30
    caps = result.caps_of("GstFakeSink:sink.GstPad:sink")
    assert "memory:NVMM" in caps
    assert "width=(int)160, height=(int)120" in caps


def test_max_batch_size_limits_a_batch(launch, h264) -> None:
    clip = h264(frames=10)
    result = launch(f"nvmultiurisrcbin uri-list={clip},{clip} max-batch-size=1 ! {SINK}")
    assert len(result.timestamps) == 20


def test_settings_reach_the_sources(launch, h264) -> None:
    clip = h264(frames=10)
    for properties in ("drop-frame-interval=5 uri-list={}", "uri-list={} drop-frame-interval=5"):
        result = launch(f"nvmultiurisrcbin {properties.format(clip)} ! {SINK}")
        assert len(result.timestamps) == 2


def test_a_file_can_be_played_again_and_again(launch, h264) -> None:
    clip = h264(frames=5)
    result = launch(f"nvmultiurisrcbin uri-list={clip} file-loop=true ! {SINK} num-buffers=17")
    assert len(result.timestamps) == 17


@pytest.mark.parametrize(
    ("properties", "text"),
    [
        ("", "uri-list names 0 sources"),
        ("uri-list=/a.mp4,/b.mp4 sensor-id-list=x", "sensor-id-list has 1 entries, but uri-list"),
        ("uri-list=/a.mp4 sensor-name-list=x,y", "sensor-name-list has 2 entries, but uri-list"),
    ],
)
def test_lists_that_do_not_fit_are_an_error(launch, properties: str, text: str) -> None:
    result = launch(f"nvmultiurisrcbin {properties} ! fakesink", ok=False)
    assert text in result.output


def test_a_bad_source_fails_alone(launch, h264) -> None:
    result = launch(f"nvmultiurisrcbin uri-list=/nowhere.mp4,{h264(frames=20)} ! {SINK}")
    assert "WARNING: from element" in result.output
    assert "/nowhere.mp4 does not exist" in result.output
    assert len(result.timestamps) == 20


def test_when_all_fail_it_is_an_error(launch) -> None:
    result = launch("nvmultiurisrcbin uri-list=/nowhere.mp4,/elsewhere.mp4 ! fakesink", ok=False)
    assert len(result.errors) == 1
    assert "does not exist" in result.errors[0]


def test_nothing_is_left_behind(launch, h264, leaks_env) -> None:
    clip = h264()
    sources = f"{clip},{os.devnull},{clip}"
    assert launch(f"nvmultiurisrcbin uri-list={sources} ! fakesink", **leaks_env).leaks == []
