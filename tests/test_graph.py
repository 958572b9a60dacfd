# SPDX-License-Identifier: Apache-2.0
"""Pictures of pipelines: text, SVG, files; and `dsbind graph`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import time
import xml.etree.ElementTree as xml

import pytest

import dsbind
from dsbind import BufferOperator, Flow, Pipeline, Probe


class Nothing(BufferOperator):
    def handle_buffer(self, buffer):
        pass


def simple(name="p", buffers=5):
    pipeline = Pipeline(name).add("videotestsrc", "src", {"num-buffers": buffers})
    pipeline.add("capsfilter", "caps", {"caps": "video/x-raw, format=NV12, width=64, height=48"})
    return pipeline.add("fakesink", "out").link("src", "caps", "out")


def words(svg):
    return [node.text for node in xml.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_the_graph_is_text_in_the_dot_language():
    graph = simple().graph()
    assert isinstance(graph, str)
    assert graph.dot == graph
    assert graph.startswith('digraph "p" {')
    assert graph.rstrip().endswith("}")
    assert "rankdir=LR" in graph


def test_each_element_is_a_box_with_factory_and_name():
    pipeline = simple().attach("caps", Probe("look", Nothing()))
    texts = words(pipeline.graph().svg)
    for text in ("videotestsrc", "src", "capsfilter", "caps", "fakesink", "out", "Probe look"):
        assert text in texts, text


def test_caps_are_at_the_links_once_they_are_known():
    pipeline = simple()
    assert "30 fps" not in pipeline.graph()
    pipeline.prepare()
    assert pipeline._graph.core.wait_state(10) == dsbind.gst.PAUSED
    texts = words(pipeline.graph().svg)
    pipeline.stop().wait(10)
    assert texts.count("NV12 64 × 48 30 fps") == 2
    assert "video/x-raw" in texts


def test_a_link_to_a_pad_that_is_still_to_come_is_dashed(clip):
    pipeline = Pipeline("p").add("uridecodebin", "in", {"uri": clip.as_uri()})
    pipeline.add("fakesink", "out").link("in", "out")
    assert "style=dashed" in pipeline.graph()
    assert "style=dashed" not in simple().graph()
    assert clip.name in pipeline.graph()


def test_elements_inside_bins_are_in_the_detailed_graph_only(clip):
    pipeline = Pipeline("p").add("nvosdbin", "osd").add("fakesink", "out").link("osd", "out")
    assert "nvdsosd" not in pipeline.graph()
    detailed = pipeline.graph(details=True)
    assert "nvdsosd" in detailed
    assert "<svg" in detailed.svg


def test_the_picture_is_saved_in_the_format_of_its_name(tmp_path):
    graph = simple().graph()
    graph.save(tmp_path / "a.svg")
    graph.save(str(tmp_path / "a.PNG"))
    graph.save(tmp_path / "a.dot")
    assert "videotestsrc" in words((tmp_path / "a.svg").read_text())
    assert (tmp_path / "a.PNG").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "a.dot").read_text() == graph
    with pytest.raises(dsbind.ConfigError, match=r"\.svg, \.dot, \.png"):
        graph.save(tmp_path / "a.jpg")
    with pytest.raises(dsbind.OutputError, match="cannot be written"):
        graph.save(tmp_path / "none" / "a.svg")


def test_jupyter_shows_a_pipeline_as_a_picture():
    assert "videotestsrc" in words(simple()._repr_svg_())
    assert "videotestsrc" in words(simple().graph()._repr_svg_())


def test_without_graphviz_the_text_remains_and_the_error_names_the_package(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    graph = simple().graph()
    with pytest.raises(dsbind.MissingFileError, match="apt install graphviz"):
        _ = graph.svg
    assert graph._repr_svg_() is None
    graph.save(tmp_path / "a.dot")


@pytest.mark.parametrize("details", [False, True])
def test_credentials_are_in_no_picture(details):
    uri = "rtsp://me:pw1@127.0.0.1:1/x?user=pw1&token=pw1"
    pipeline = Pipeline("p").add("nvurisrcbin", "in", {"uri": uri}).add("fakesink", "out")
    pipeline.link("in", "out")
    graph = pipeline.graph(details=details)
    assert "pw1" not in graph
    assert "pw1" not in graph.svg
    assert "127.0.0.1" in graph


@pytest.mark.parametrize("name", ['a"b', "a<b>&c", "ünï", "x" * 300, "back\\slash", "new\nline"])
def test_odd_names_are_drawn(name):
    pipeline = Pipeline(name).add("fakesrc", name).add("fakesink", f"{name} out")
    pipeline.link(name, f"{name} out").attach(name, Probe(name, Nothing()))
    assert "fakesrc" in words(pipeline.graph().svg)


def test_an_empty_pipeline_has_an_empty_picture():
    assert "<svg" in Pipeline("p").graph().svg


def test_a_whole_flow_is_drawn_with_its_shape(clip):
    pipeline = Pipeline("p")
    fork = Flow(pipeline).batch_capture([str(clip)] * 2).fork()
    fork.render(dsbind.RenderMode.DISCARD)
    fork.render(dsbind.RenderMode.DISCARD)
    graph = pipeline.graph()
    assert len(re.findall(r"<b>nvurisrcbin</b>", graph)) == 2
    assert graph.count("->") == sum(len(links) for links in pipeline._graph.links.values())


# The command


def dsbind_graph(folder, program, *words, timeout=60):
    path = folder / "program.py"
    path.write_text(textwrap.dedent(program))
    return subprocess.run(
        [sys.executable, "-m", "dsbind", "graph", *words, str(path)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout,
        env={k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")},
    )


ENDLESS = """
from dsbind import Pipeline
pipeline = Pipeline("my cameras").add("videotestsrc", "src").add("fakesink", "out")
pipeline.link("src", "out").start().wait()
print("after")
"""


def test_the_command_draws_a_program_without_playing_it(tmp_path):
    done = dsbind_graph(tmp_path, ENDLESS)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["after", "my-cameras.svg"]
    assert "videotestsrc" in words((tmp_path / "my-cameras.svg").read_text())


def test_the_command_writes_where_it_is_told(tmp_path):
    done = dsbind_graph(tmp_path, ENDLESS, "-o", "x.png")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_several_pipelines_are_several_files(tmp_path):
    program = """
    import threading
    from dsbind import Pipeline
    def one(i):
        p = Pipeline("same").add("videotestsrc", f"src{i}").add("fakesink", "out")
        p.link(f"src{i}", "out").start().wait()
    threads = [threading.Thread(target=one, args=(i,)) for i in range(2)]
    for t in threads: t.start()
    for t in threads: t.join()
    one(2)
    """
    done = dsbind_graph(tmp_path, program)
    assert done.returncode == 0, done.stderr
    files = sorted(path.name for path in tmp_path.glob("*.svg"))
    assert files == ["same-2.svg", "same-3.svg", "same.svg"]
    text = "".join((tmp_path / name).read_text() for name in files)
    assert all(f">src{i}<" in text for i in range(3))


def test_a_program_that_goes_on_and_one_in_another_process_are_drawn(tmp_path):
    program = """
    import multiprocessing, time
    from dsbind import Flow, Pipeline
    def main():
        p = Pipeline("child").add("videotestsrc", "src").add("fakesink", "out")
        p.link("src", "out").start().wait()
        time.sleep(300)
    if __name__ == "__main__":
        process = multiprocessing.Process(target=main)
        process.start()
        process.join()
    """
    start = time.monotonic()
    done = dsbind_graph(tmp_path, program, "--wait", "0.5")
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - start < 30
    assert (tmp_path / "child.svg").exists()


def test_a_program_that_fails_before_keeps_its_traceback(tmp_path):
    done = dsbind_graph(tmp_path, "import sys\n1 / 0\n")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert "started no pipeline" in done.stderr


def test_a_program_that_is_not_there_is_named(tmp_path):
    command = [sys.executable, "-m", "dsbind", "graph", "none.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "none.py doesn't exist" in done.stderr


def test_the_program_gets_its_arguments(tmp_path):
    (tmp_path / "program.py").write_text(
        "import sys\nfrom dsbind import Pipeline\n"
        "p = Pipeline(sys.argv[1]).add('fakesrc', sys.argv[2]).start().wait()\n"
    )
    command = [sys.executable, "-m", "dsbind", "graph", "program.py", "first", "-o"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert ">-o<" in (tmp_path / "first.svg").read_text().replace("&#45;", "-")
