# SPDX-License-Identifier: Apache-2.0
"""`dsbind inspect`: what it says of elements and their properties."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import dsbind
from dsbind import __main__ as cli
from dsbind import gst, inspecting


def inspect(capsys, *words):
    status = cli.main(["inspect", *words])
    captured = capsys.readouterr()
    assert status == 0, captured.err
    return captured.out


def facts(element, name):
    return inspecting.describe(element, name)


def test_an_element_is_shown_with_pads_properties_and_signals(capsys):
    text = inspect(capsys, "nvurisrcbin")
    for word in ("nvurisrcbin:", "Pads", "vsrc_%u  (source, sometimes)", "Properties", "file-loop"):
        assert word in text, word
    assert "push-buffer(GstBuffer) -> GstFlowReturn  (action)" in inspect(capsys, "appsrc")
    assert max(map(len, text.splitlines())) <= 160


def test_one_property_is_shown_with_its_choices(capsys):
    text = inspect(capsys, "videotestsrc", "pattern")
    assert "default smpte" in text
    assert "Moving ball" in text
    assert "num-buffers" not in text
    assert "is-live" in inspect(capsys, "videotestsrc", "is_live")


@pytest.mark.parametrize(
    ("element", "name", "expected"),
    [
        (
            "videotestsrc",
            "num-buffers",
            {"type": "int", "default": -1, "minimum": -1, "maximum": 2**31 - 1, "writable": True},
        ),
        ("videotestsrc", "is-live", {"type": "bool", "default": False, "readable": True}),
        ("volume", "volume", {"type": "float", "default": 1.0, "controllable": True}),
        ("filesink", "location", {"type": "str", "default": None}),
        ("fakesink", "stats", {"readable": True, "writable": False}),
        ("nvstreammux", "width", {"default": 0, "minimum": 0, "changeable": "ready"}),
        ("nvstreammux", "batch-size", {"default": 1, "minimum": 1, "changeable": "playing"}),
    ],
)
def test_type_default_range_and_flags_of_a_property(element, name, expected):
    found = facts(element, name)
    assert {key: found[key] for key in expected} == expected


def test_enums_and_flags_list_number_and_nick():
    choices = facts("videotestsrc", "pattern")["choices"]
    assert {"value": 18, "nick": "ball", "description": "Moving ball"} in choices
    flags = {choice["nick"]: choice["value"] for choice in facts("playbin", "flags")["choices"]}
    assert (flags["video"], flags["audio"]) == (1, 2)


def test_pads_tell_direction_presence_and_caps():
    pads = {pad["name"]: pad for pad in inspecting.describe("nvstreammux")["pads"]}
    assert pads["sink_%u"]["presence"] == "on request"
    assert pads["src"]["direction"] == "source"
    assert "memory:NVMM" in pads["src"]["caps"]


def test_json_is_all_of_it(capsys):
    found = json.loads(inspect(capsys, "nvstreammux", "--json"))
    assert found == json.loads(json.dumps(inspecting.describe("nvstreammux"), default=str))
    assert {"name", "class", "description", "plugin", "pads", "properties", "signals"} <= set(found)
    one = json.loads(inspect(capsys, "nvstreammux", "width", "--json"))
    assert one["name"] == "width"


def test_an_unknown_element_or_property_names_the_nearest(capsys):
    assert cli.main(["inspect", "nvstremmux"]) == 1
    assert "'nvstreammux'" in capsys.readouterr().err
    assert cli.main(["inspect", "nvstreammux", "batchsize"]) == 1
    assert "'batch-size'" in capsys.readouterr().err
    with pytest.raises(dsbind.ConfigError, match="it has "):
        inspecting.describe("fakesink", "zzzzzzzz")


@pytest.mark.parametrize("name", [n for n in gst.element_names() if n.startswith("nv")])
def test_every_element_of_dsbind_can_be_inspected(capsys, name):
    assert f"{name}: " in inspect(capsys, name)


def test_the_command_line_is_the_same_program():
    done = subprocess.run(
        [sys.executable, "-m", "dsbind", "inspect", "queue", "leaky"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "downstream" in done.stdout
