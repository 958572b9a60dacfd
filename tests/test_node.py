# SPDX-License-Identifier: Apache-2.0
"""Nodes: `pipeline[name]`, its properties, links and what is attached."""

from __future__ import annotations

import enum
import warnings
from pathlib import Path

import pytest

import dsbind
from dsbind import BufferOperator, Flow, Node, Pipeline, Probe, UnknownPropertyWarning
from dsbind.attaching import Attachable


class Count(BufferOperator):
    def __init__(self):
        self.n = 0

    def handle_buffer(self, buffer):
        self.n += 1


def node(factory="videotestsrc", name="src"):
    return Pipeline("p").add(factory, name)[name]


def test_a_node_is_made_once_and_kept_by_name():
    pipeline = Pipeline("p").add("fakesink", "sink")
    assert isinstance(pipeline["sink"], Node)
    assert pipeline["sink"] is pipeline["sink"]
    assert list(pipeline._nodes) == ["sink"]
    assert (pipeline["sink"].name, pipeline["sink"].factory) == ("sink", "fakesink")


def test_set_takes_a_mapping_a_list_of_them_or_a_name_and_a_value():
    src = node()
    assert src.set({"num-buffers": 3, "is_live": True}) is src
    src.set([{"pattern": 1}, {"pattern": "ball", "num_buffers": 4}])
    src.set("timestamp-offset", 7)
    assert [src.get(k) for k in ("num-buffers", "is-live", "pattern", "timestamp-offset")] == [
        4,
        True,
        18,
        7,
    ]


class Pattern(enum.IntEnum):
    BALL = 18


@pytest.mark.parametrize(
    ("factory", "name", "value", "expected"),
    [
        ("videotestsrc", "num-buffers", 30.0, 30),
        ("videotestsrc", "num-buffers", "0x10", 16),
        ("videotestsrc", "num-buffers", True, 1),
        ("videotestsrc", "is-live", 1, True),
        ("videotestsrc", "is-live", "no", False),
        ("videotestsrc", "pattern", Pattern.BALL, 18),
        ("videotestsrc", "pattern", "ball", 18),
        ("videotestsrc", "foreground-color", 0xFF00FF00, 0xFF00FF00),
        ("textoverlay", "xpos", 1, 1.0),
        ("textoverlay", "text", None, None),
        ("textoverlay", "text", b"caf\xc3\xa9", "café"),
        ("filesink", "location", Path("a/b.mp4"), "a/b.mp4"),
        ("capsfilter", "caps", "video/x-raw, width=8", "video/x-raw, width=(int)8"),
        ("videorate", "max-rate", 5, 5),
        ("volume", "volume", 0.5, 0.5),
        ("appsrc", "max-bytes", 2**40, 2**40),
        ("videomixer", "background", "white", 2),
    ],
)
def test_a_value_is_converted_to_the_property_s_type(factory, name, value, expected):
    if not dsbind.gst.has_element(factory):
        pytest.skip(f"there is no {factory} here")
    element = node(factory, "e").set({name: value})
    assert element.get(name) == expected
    assert type(element.get(name)) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value", "name", "factory"),
    [
        ("int64", 9, "num-buffers", "videotestsrc"),
        ("int32", 9, "num-buffers", "videotestsrc"),
        ("uint8", 9, "num-buffers", "videotestsrc"),
        ("float64", 9.0, "num-buffers", "videotestsrc"),
        ("bool_", True, "num-buffers", "videotestsrc"),
        ("bool_", True, "is-live", "videotestsrc"),
        ("int8", 1, "is-live", "videotestsrc"),
        ("float32", 0.5, "volume", "volume"),
        ("int16", 1, "volume", "volume"),
        ("str_", "ball", "pattern", "videotestsrc"),
        ("int64", 18, "pattern", "videotestsrc"),
    ],
)
def test_numpy_scalars_are_their_values(kind, value, name, factory):
    numpy = pytest.importorskip("numpy")
    element = node(factory, "e").set({name: getattr(numpy, kind)(value)})
    assert element.get(name) == (18 if value == "ball" else value)


def test_a_structure_and_an_array_are_set_from_text():
    filters = node("splitmuxsink", "out")
    filters.set({"muxer-properties": "properties,streamable=(boolean)true"})
    assert "streamable" in filters.get("muxer-properties")


def test_an_array_is_set_from_a_tuple():
    mixer = node("audioconvert", "mix").set({"mix-matrix": ("<(float)0.5, (float)0.25>",)})
    assert "0.25" in mixer.get("mix-matrix")


def test_a_tuple_is_no_caps():
    with pytest.raises(dsbind.ConfigError, match="as a text"):
        node("multifilesrc").set({"caps": (1, 2)})


def test_a_list_sets_its_property_once_for_each_item():
    src = node().set({"num-buffers": [1, 2, 3]})
    assert src.get("num-buffers") == 3


def test_an_enum_and_flags_come_back_as_numbers():
    play = node("playbin", "play").set({"flags": "video+audio"})
    assert play.get("flags") == 3
    assert node().set({"pattern": "snow"}).get("pattern") == 1


@pytest.mark.parametrize("name", ["gpu_idd", "no-such-thing"])
def test_an_unknown_property_warns_and_is_none(name):
    element = node("nvstreammux", "mux")
    with pytest.warns(UnknownPropertyWarning, match=name.replace("_", "-")):
        element.set({name: 1})
    with pytest.warns(UnknownPropertyWarning):
        assert element.get(name) is None


def test_a_wrong_value_is_an_error_and_the_others_before_it_are_set():
    src = node()
    with pytest.raises(ValueError, match="property 'pattern' of videotestsrc 'src'"):
        src.set({"num-buffers": 3, "pattern": "bal"})
    assert src.get("num-buffers") == 3


def test_properties_of_each_type_come_back_as_set():
    pipeline = Pipeline("p").add("videotestsrc", "src").add("capsfilter", "caps")
    src = pipeline["src"].set({"num-buffers": 7, "is-live": True, "pattern": "ball"})
    assert (src.get("num-buffers"), src.get("is_live"), src.get("pattern")) == (7, True, 18)
    src.set([{"pattern": 2}, {"animation-mode": "wall-time"}])
    assert (src.get("pattern"), src.get("animation-mode")) == (2, 1)
    src.set("timestamp-offset", 2**40)
    assert src.get("timestamp_offset") == 2**40
    pipeline["caps"].set({"caps": "video/x-raw, format=NV12"})
    assert pipeline["caps"].get("caps") == "video/x-raw, format=(string)NV12"
    pipeline.add("textoverlay", "text", {"text": "grün", "xpos": 0.25, "draw-shadow": False})
    text = pipeline["text"]
    assert (text.get("text"), text.get("xpos"), text.get("draw-shadow")) == ("grün", 0.25, False)
    pipeline.add("playbin", "play", {"flags": "video+audio"})
    assert pipeline["play"].get("flags") == 3


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("num-buffers", -2, "from -1 to 2147483647, not -2"),
        ("num-buffers", 2**31, "from -1 to 2147483647"),
        ("num-buffers", 2**70, "from -1 to 2147483647"),
        ("num-buffers", 1.5, "whole number"),
        ("num-buffers", "many", "whole number"),
        ("num-buffers", None, "whole number"),
        ("is-live", "maybe", "switch"),
        ("pattern", "bal", "'ball' \\(18\\)"),
        ("pattern", 999, "not 999"),
        ("name", 3, "text"),
        ("name", "a\0b", "NUL"),
    ],
)
def test_a_value_that_cannot_be_names_property_range_and_value(name, value, text):
    src = Pipeline("p").add("videotestsrc", "src")["src"]
    with pytest.raises(ValueError, match=text) as caught:
        src.set({name: value})
    assert f"property {name!r} of videotestsrc 'src'" in str(caught.value)


def test_bad_caps_and_read_only_properties_are_refused():
    pipeline = Pipeline("p").add("capsfilter", "caps").add("fakesink", "sink")
    with pytest.raises(dsbind.ConfigError, match="cannot be read as a GstCaps"):
        pipeline["caps"].set({"caps": "video/x-raw, width=(int"})
    with pytest.raises(dsbind.ConfigError, match="read-only"):
        pipeline["sink"].set({"stats": "x"})


def test_an_unknown_property_warns_with_the_nearest_and_reads_as_none():
    src = Pipeline("p").add("videotestsrc", "src")["src"]
    with pytest.warns(UnknownPropertyWarning, match="'num-buffers'"):
        src.set({"num_bufers": 3})
    with pytest.warns(UnknownPropertyWarning):
        assert src.get("nothing-like-it") is None


# Children


def test_a_property_of_an_element_inside_a_bin_is_reached_by_its_name():
    bin = node("nvtrackerbin" if dsbind.gst.has_element("nvtrackerbin") else "nvosdbin", "bin")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bin.set({"queue::max-size-buffers": 7})
    assert bin.get("queue::max_size_buffers") == 7


def test_pads_of_a_muxer_are_children(clip):
    pipeline = Pipeline("p").add("compositor", "mixer").add("videotestsrc", "src")
    pipeline.link(("src", "mixer"), ("", "sink_%u"))
    pipeline["mixer"].set({"sink_0::xpos": 12, "sink_0::alpha": 0.5})
    assert pipeline["mixer"].get("sink_0::xpos") == 12
    assert pipeline["mixer"].get("sink_0::alpha") == 0.5
    with pytest.raises(dsbind.ConfigError, match="sink_0::xpos"):
        pipeline["mixer"].set({"sink_0::xpos": "left"})


@pytest.mark.parametrize("name", ["sink_7::xpos", "sink_0::nothing", "::", "a::b::c"])
def test_a_child_or_property_that_is_not_there_warns(name):
    mixer = node("compositor", "mixer")
    with pytest.warns(UnknownPropertyWarning):
        mixer.set({name: 1})
    with pytest.warns(UnknownPropertyWarning):
        assert mixer.get(name) is None


def test_an_element_without_children_warns_too():
    with pytest.warns(UnknownPropertyWarning):
        node().set({"child::pattern": 1})


# Links and attachments


def test_nodes_link_with_and_without_pads():
    pipeline = Pipeline("p").add("videotestsrc", "src", {"num-buffers": 3}).add("tee", "tee")
    pipeline.add("fakesink", "sink")
    assert pipeline["src"].link(pipeline["tee"]) is pipeline["src"]
    pipeline["tee"].link(pipeline["sink"], ("src_%u", "sink"))
    count = Count()
    assert pipeline["tee"].attach(Probe("count", count), tips="src_0") is pipeline["tee"]
    pipeline.start().wait(20)
    assert count.n == 3


def test_nodes_of_two_pipelines_do_not_link():
    with pytest.raises(TypeError, match="not in the same pipeline"):
        node().link(node("fakesink", "sink"))


def test_what_was_attached_is_found_again_and_can_be_set():
    class Thing(Attachable):
        name = "thing"

        def attach_to(self, graph, target, tips):
            return Probe("inner", Count()).attach_to(graph, target, tips)

        def set(self, properties):
            self.properties = dict(properties)
            return self

    pipeline = Pipeline("p").add("videotestsrc", "src")
    pipeline.attach("src", Thing(), properties={"a": 1})
    assert pipeline["src"].find("thing").properties == {"a": 1}
    pipeline["src"].find("thing").set({"b": 2})
    assert pipeline["src"].find("thing").properties == {"b": 2}
    with pytest.raises(RuntimeError, match=r"x Not found.*'src': thing"):
        pipeline["src"].find("x")


def test_a_probe_has_no_properties():
    with pytest.raises(dsbind.ConfigError, match="no property 'x'"):
        Pipeline("p").add("videotestsrc", "src").attach(
            "src", Probe("p", Count()), properties={"x": 1}
        )


# Misuse


@pytest.mark.parametrize(
    "misuse",
    [
        lambda p: p["src"].get(5),
        lambda p: p["src"].get(None),
        lambda p: p["src"].set(5),
        lambda p: p["src"].set(None),
        lambda p: p["src"].set("pattern"),
        lambda p: p["src"].set("pattern", 1, 2),
        lambda p: p["src"].set({"pattern": 1}, 2),
        lambda p: p["src"].set([["pattern", 1]]),
        lambda p: p["src"].set({5: 1}),
        lambda p: p["src"].link(5),
        lambda p: p["src"].link("sink"),
        lambda p: p["src"].link(p["sink"], "src"),
        lambda p: p["src"].link(p["sink"], (1, 2)),
        lambda p: p["src"].attach(5),
        lambda p: p["src"].attach(None),
        lambda p: p["src"].attach(Probe("x", Count()), tips=5),
        lambda p: p.attach("src", 5),
        lambda p: p.attach("src", object()),
        lambda p: p.add(5, "x"),
        lambda p: p.add("queue", None),
        lambda p: p.add("queue", "x", 5),
        lambda p: p.add("queue", "x", ["silent"]),
        lambda p: p.seek("soon"),
        lambda p: p.seek(None),
        lambda p: Pipeline(5),
        lambda p: Pipeline(None),
        lambda p: Flow(None),
        lambda p: Flow("p"),
        lambda p: Flow(p, [5]),
        lambda p: Flow(p, 5),
    ],
)
def test_what_is_of_the_wrong_type_is_a_type_error(misuse):
    pipeline = Pipeline("p").add("videotestsrc", "src").add("fakesink", "sink")
    with pytest.raises(dsbind.ArgumentTypeError):
        misuse(pipeline)


@pytest.mark.parametrize("name", [5, None, ("src",), ""])
def test_what_is_no_name_is_in_no_pipeline(name):
    pipeline = Pipeline("p").add("videotestsrc", "src")
    assert name not in pipeline
    with pytest.raises((RuntimeError, TypeError)):
        pipeline[name]


def test_properties_change_while_it_plays():
    class Change(BufferOperator):
        def handle_buffer(self, buffer):
            pipeline["src"].set({"pattern": "snow"})

    pipeline = Pipeline("p").add("videotestsrc", "src", {"num-buffers": 3}).add("fakesink", "sink")
    pipeline.link("src", "sink").attach("src", Probe("change", Change()))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pipeline.start().wait(20)
    assert pipeline["src"].get("pattern") == 1
