# SPDX-License-Identifier: Apache-2.0
"""Pipelines from YAML files: what they build, and what is said of those that are wrong."""

from __future__ import annotations

import time

import pytest

import dsbind
from dsbind import (
    BufferOperator,
    Pipeline,
    PipelineFileError,
    UnknownPropertyWarning,
    register_probe,
    registry,
)
from dsbind.signal import Emitter, Handler


@pytest.fixture
def load(tmp_path):
    """Makes a pipeline of a text: `load(text, name="p")`."""

    def make(text, name="p", **kwargs):
        path = tmp_path / "pipeline.yaml"
        path.write_text(text, encoding="utf-8")
        return Pipeline(name, str(path), **kwargs)

    return make


SIMPLE = """
deepstream:
  nodes:
  - {type: videotestsrc, name: src, properties: {num-buffers: 5, pattern: ball}}
  - type: queue
    name: q
  - {type: fakesink, name: sink, properties: {sync: false}}
  edges:
    src: q
    q: sink
"""


def test_a_file_makes_elements_with_properties_and_links_them(load):
    pipeline = load(SIMPLE)
    assert pipeline["src"].get("pattern") == 18
    assert pipeline["sink"].get("sync") is False
    assert pipeline.start().wait(20) is pipeline
    assert pipeline._graph.links == {"src": [("q", "sink")], "q": [("sink", "sink")]}


def test_the_keyword_and_a_path_object_are_taken(tmp_path):
    path = tmp_path / "p.yml"
    path.write_text(SIMPLE)
    assert "src" in Pipeline(name="p", config_file=path)


def test_any_key_that_contains_deepstream_will_do(load):
    assert "src" in load(SIMPLE.replace("deepstream:", "my-deepstream-app:"))


def test_a_disabled_element_is_replaced_by_identity(load):
    pipeline = load(SIMPLE.replace("name: q", "name: q\n    enable: false\n    properties: {x: 1}"))
    assert pipeline["q"].factory == "identity"
    pipeline.start().wait(20)


def test_an_element_without_an_edge_is_added(load):
    pipeline = load(SIMPLE.replace("  edges:", "  - {type: filesrc, name: alone}\n  edges:"))
    assert pipeline["alone"].factory == "filesrc"


def test_a_file_may_have_no_edges(load):
    assert "q" in load("deepstream: {nodes: [{type: queue, name: q}]}")


def test_an_edge_to_a_list_leads_to_each_by_its_order(load):
    pipeline = load("""
deepstream:
  nodes:
  - {type: videotestsrc, name: src, properties: {num-buffers: 3}}
  - {type: tee, name: tee}
  - {type: queue, name: a}
  - {type: queue, name: b}
  - {type: fakesink, name: sink_a}
  - {type: fakesink, name: sink_b}
  edges:
    src: tee
    tee: [a, b]
    a: sink_a
    b: sink_b
""")
    assert [pipeline["tee"].get("num-src-pads"), *pipeline._graph.links["tee"]] == [
        2,
        ("a", "sink"),
        ("b", "sink"),
    ]
    pipeline.start().wait(20)


def test_pads_are_named_after_a_dot_on_either_side(load):
    pipeline = load("""
deepstream:
  nodes:
  - {type: videotestsrc, name: src, properties: {num-buffers: 3}}
  - {type: videotestsrc, name: other.src, properties: {num-buffers: 3}}
  - {type: compositor, name: mix}
  - {type: tee, name: tee}
  - {type: fakesink, name: sink}
  edges:
    src: mix.sink_5
    other.src.src: "mix.sink_%u"
    mix: tee
    "tee.src_%u": sink.sink
""")
    links = pipeline._graph.links
    assert links["src"] == [("mix", "sink_5")]
    assert links["other.src"][0][1].startswith("sink_")
    pipeline.start().wait(20)


def test_list_values_set_a_property_again_and_again(load):
    pipeline = load(SIMPLE.replace("num-buffers: 5", "num-buffers: [1, 2, 3]"))
    assert pipeline["src"].get("num-buffers") == 3


def test_yaml_values_keep_their_kinds(load):
    pipeline = load(
        """
deepstream:
  nodes:
  - {type: textoverlay, name: t, properties: {text: 2020-01-01, xpos: 0.25, ypos: 1, silent: yes}}
  - {type: filesink, name: f, properties: {location: "007", sync: off}}
"""
    )
    text = pipeline["t"]
    assert text.get("text") == "2020-01-01"
    assert (text.get("xpos"), text.get("ypos"), text.get("silent")) == (0.25, 1.0, True)
    assert (pipeline["f"].get("location"), pipeline["f"].get("sync")) == ("007", False)


def test_aliases_and_merges_are_read(load):
    pipeline = load("""
common: &common {num-buffers: 2, pattern: snow}
deepstream:
  nodes:
  - {type: videotestsrc, name: a, properties: *common}
  - {type: videotestsrc, name: b, properties: {<<: *common, pattern: ball}}
""")
    assert [pipeline[n].get("pattern") for n in "ab"] == [1, 18]
    assert [pipeline[n].get("num-buffers") for n in "ab"] == [2, 2]


class Count(BufferOperator):
    seen: list = []

    def handle_buffer(self, buffer):
        Count.seen.append(1)


WITH_PROBE = """
deepstream:
  nodes:
  - {type: videotestsrc, name: src, properties: {num-buffers: 4}}
  - {type: fakesink, name: sink}
  - {type: KIND, name: probe0}
  edges:
    src: [sink, PROBE]
"""


def test_an_edge_to_a_custom_object_attaches_it(load):
    register_probe("file_count", Count)
    Count.seen.clear()
    text = WITH_PROBE.replace("KIND", "python.file_count").replace("PROBE", "probe0")
    pipeline = load(text)
    pipeline.start().wait(20)
    assert len(Count.seen) == 4
    assert pipeline["src"].find("probe0").name == "probe0"


def test_a_custom_object_without_an_edge_or_disabled_is_not_attached(load):
    register_probe("file_count", Count)
    Count.seen.clear()
    text = WITH_PROBE.replace("KIND", "python.file_count")
    load(text.replace(", PROBE", "")).start().wait(20)
    off = text.replace("name: probe0", "name: probe0, enable: false").replace("PROBE", "probe0")
    load(off).start().wait(20)
    assert Count.seen == []


def test_a_built_in_probe_gets_its_properties(load):
    pipeline = load("""
deepstream:
  nodes:
  - {type: videotestsrc, name: src}
  - {type: measure_fps_probe.measure_fps_probe, name: fps, properties: {interval: 3}}
  edges: {src: fps}
""")
    assert pipeline["src"].find("fps").get("interval") == 3


def test_an_edge_from_an_emitter_sends_its_actions_to_an_element(load, monkeypatch):
    emitter = Emitter("emitter")
    monkeypatch.setattr(registry, "create", lambda factory, name: emitter)
    pipeline = load("""
deepstream:
  nodes:
  - {type: appsrc, name: src}
  - {type: fakesink, name: sink}
  - {type: some.emitter, name: emitter}
  edges:
    src: sink
    emitter.end-of-stream: src
    emitter.push-buffer: [src]
""").start()
    emitter.emit("end-of-stream")
    pipeline.wait(20)


def test_an_edge_to_a_handler_names_its_signals(load, monkeypatch):
    seen = []
    handler = Handler("handler", lambda origin, signal, *values: seen.append((origin, signal)))
    monkeypatch.setattr(registry, "create", lambda factory, name: handler)
    load("""
deepstream:
  nodes:
  - {type: videotestsrc, name: src, properties: {num-buffers: 3}}
  - {type: fakesink, name: sink, properties: {signal-handoffs: true}}
  - {type: some.handler, name: handler}
  edges:
    src: sink
    sink: "handler.handoff"
""").start().wait(20)
    assert [signal for _, signal in seen] == ["handoff"] * 3


def test_an_edge_from_a_probe_is_refused(load):
    text = WITH_PROBE.replace("KIND", "measure_fps_probe.measure_fps_probe")
    with pytest.raises(PipelineFileError, match="'probe0' emits no signals"):
        load(text.replace(", PROBE]", "]\n    probe0: sink"))


# What is wrong


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("deepstream: {nodes: [}", "pipeline.yaml:1"),
        ("a:\n  b: [1\nc", "pipeline.yaml:3"),
        ("", "no 'deepstream:'"),
        ("- 1", "no 'deepstream:'"),
        ("other: {}", "no key 'deepstream', only 'other'"),
        ("deepstream: 5", "needs nodes and edges"),
        ("deepstream: {}", "nodes: is a list"),
        ("deepstream: {nodes: {}}", "nodes: is a list"),
        ("deepstream: {nodes: [5]}", "nodes\\[0\\]: is a mapping"),
        ("deepstream: {nodes: [{type: queue}]}", "nodes\\[0\\]: name is a text"),
        ("deepstream: {nodes: [{name: q}]}", "type is a text"),
        ("deepstream: {nodes: [{type: queue, name: 5}]}", "name is a text, not 5"),
        ("deepstream: {nodes: [{type: queue, name: q, properties: 5}]}", "properties are names"),
        ("deepstream: {nodes: [{type: queue, name: q, properties: {a: {}}}]}", "plain value"),
        ("deepstream: {nodes: [{type: queue, name: q, enable: 5}]}", "true or false"),
        (
            "deepstream:\n nodes:\n - {type: queue, name: q}\n - {type: queue, name: q}",
            ":4.*'q' already",
        ),
        ("deepstream: {nodes: [{type: queue, name: q}], edges: [a, b]}", "edges: are names"),
        ("deepstream: {nodes: [{type: queue, name: q}], edges: {q: x}}", "no node 'x'"),
        ("deepstream: {nodes: [{type: queue, name: queue1}], edges: {queu1: x}}", "mean 'queue1'"),
        ("deepstream: {nodes: [{type: queue, name: q}], edges: {q: {}}}", "leads to a name"),
        ("deepstream: {nodes: [{type: queue, name: q}], edges: {q: []}}", "leads to nothing"),
        ("deepstream: {nodes: [{type: queue, name: q}], nodes: []}", "'nodes' is there twice"),
        ("deepstream: {nodes: [{type: fakesink, name: s, properties: {sync: 5x}}]}", "switch"),
        ("deepstream: {nodes: [&a {type: queue, name: q, properties: *a}]}", "contains itself"),
        ("deepstream: !!python/object:os.system {}", "python/object"),
        ("\x01", "pipeline.yaml"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_place(load, text, said):
    with pytest.raises(PipelineFileError, match=f"YAML Parsing Error: .*{said}") as caught:
        load(text)
    assert isinstance(caught.value, (RuntimeError, ValueError))
    assert isinstance(caught.value, RuntimeError)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RuntimeError, match="YAML Parsing Error: File .*none.yaml") as caught:
        Pipeline("p", str(tmp_path / "none.yaml"))
    assert isinstance(caught.value, FileNotFoundError)
    with pytest.raises(PipelineFileError, match="directory"):
        Pipeline("p", tmp_path)
    with pytest.raises(PipelineFileError, match="is a path"):
        Pipeline("p", [])


def test_no_utf8_is_an_error(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_bytes(b"deepstream: \xff\xfe")
    with pytest.raises(PipelineFileError, match="UTF-8"):
        Pipeline("p", path)


def test_a_cycle_is_named(load):
    text = """
    deepstream:
      nodes:
      - {type: identity, name: a}
      - {type: queue, name: b}
      - {type: identity, name: c}
      edges:
        a: b
        b: c
        c: a
    """
    with pytest.raises(
        RuntimeError, match=r"^YAML Parsing Error: .*pipeline\.yaml:\d+: .*cycle c -> a -> b -> c"
    ):
        load(text)


def test_an_element_that_is_not_there_keeps_its_error_and_gets_its_place(load):
    with pytest.raises(dsbind.MissingElementError, match="creation failed") as caught:
        load("deepstream:\n  nodes:\n  - {type: queeue, name: q}")
    assert "'queue'" in str(caught.value)
    assert "pipeline.yaml:3, nodes[0]" in str(caught.value)


def test_elements_that_do_not_link_get_their_place(load):
    with pytest.raises(dsbind.LinkError, match=r"linking failed.*pipeline\.yaml:.*'a'"):
        load(
            "deepstream:\n  nodes:\n  - {type: audiotestsrc, name: a}\n"
            "  - {type: x264enc, name: b}\n  edges:\n    a: b\n"
        )


def test_a_bad_value_names_property_file_and_line(load):
    with pytest.raises(PipelineFileError, match=r"pipeline\.yaml:4: nodes\[0\].*'num-buffers'"):
        load(SIMPLE.replace("num-buffers: 5", "num-buffers: many"))


def test_an_unknown_property_only_warns(load):
    with pytest.warns(UnknownPropertyWarning, match="'num-buffers'"):
        load(SIMPLE.replace("num-buffers", "num-bufers"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("deepstream:\n nodes:\n - {type: queue, name: q, propertys: {}}", ":3.*'properties'"),
        ("deepstream: {nodes: [{type: queue, name: q}], edgess: {}}", "'edges'"),
    ],
)
def test_an_unknown_key_warns_with_the_nearest(load, text, said):
    with pytest.warns(UnknownPropertyWarning, match=f"pipeline.yaml.*{said}") as caught:
        load(text)
    assert caught[0].filename == __file__


def test_credentials_in_a_file_reach_no_message(load):
    uri = "rtsp://me:pw1@host/"
    with pytest.warns(UnknownPropertyWarning) as caught:
        load(f"deepstream: {{nodes: [{{type: queue, name: q, '{uri}': 1}}]}}")
    assert "pw1" not in str(caught[0].message)
    for text in (
        f"deepstream: {{nodes: [{{type: queue, name: q, enable: '{uri}'}}]}}",
        f"deepstream: {{nodes: [{{type: queue, name: q}}], edges: {{q: '{uri}'}}}}",
        f"deepstream: {{nodes: [{{type: queue, name: q}}], edges: {{'{uri}': q}}}}",
        f"'{uri}': {{}}",
    ):
        with pytest.raises(PipelineFileError) as error:
            load(text)
        assert "pw1" not in str(error.value)


# Files that mean harm


@pytest.mark.parametrize(
    "properties",
    [
        "{width: 4294967295, height: 4294967295}",
        "{width: 65536, height: 65536}",
        "{width: 2147483647, height: 2}",
        "{width: 99999999999999999999, height: 99999999999999999999}",
        "{batch-size: 99999999999}",
        "{batch-size: -1}",
    ],
)
def test_sizes_that_would_overflow_are_refused_before_anything_is_allocated(load, properties):
    text = f"deepstream: {{nodes: [{{type: nvstreammux, name: mux, properties: {properties}}}]}}"
    with pytest.raises(PipelineFileError, match=r"nodes\[0\]"):
        load(text)


@pytest.mark.parametrize(
    "text",
    [
        # A billion laughs: as values, as merges, and few aliases that double each time.
        "a: &a [x]\n" + "".join(f"b{i}: [{', '.join(['*a'] * 99)}]\n" for i in range(5)),
        "a: &a {x: 1}\n" + "".join(f"b{i}: {{<<: [{', '.join(['*a'] * 99)}]}}\n" for i in range(5)),
        "a0: &a0 [x]\n"
        + "".join(f"a{i + 1}: &a{i + 1} [*a{i}, *a{i}]\n" for i in range(60))
        + "deepstream: {nodes: [{type: queue, name: q, properties: {x: *a60}}]}",
        "a0: &a0 {x: y}\n"
        + "".join(f"a{i + 1}: &a{i + 1} {{type: *a{i}, name: *a{i}}}\n" for i in range(60))
        + "deepstream: {nodes: [*a60]}",
        "deepstream: {nodes: [{type: queue, name: [" + "x, " * 40_000 + "]}]}",
        "[" * 5000,
        "{a: " * 3000,
        "- " * 100_000,
        "deepstream:\n nodes:\n" + " - {type: queue, name: q}\n" * 20_000,
        "x" * (2 << 20),
        "deepstream: {nodes: [{type: queue, name: " + "9" * 500_000 + "}]}",
        "deepstream: {nodes: [{type: queue, name: q, enable: " + "x" * 500_000 + "}]}",
    ],
)
def test_a_file_that_would_grow_without_end_is_refused_soon(load, text):
    start = time.monotonic()
    with pytest.raises(PipelineFileError) as caught:
        load(text)
    assert len(str(caught.value)) < 1000
    assert time.monotonic() - start < 20
