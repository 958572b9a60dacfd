# SPDX-License-Identifier: Apache-2.0
"""Programs that do what people do: each gets an answer that helps on."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap

import pytest

import dsbind
from dsbind import (
    BatchMetadataOperator,
    BufferObserver,
    BufferOperator,
    Flow,
    Pipeline,
    Probe,
    RenderMode,
)


class Lazy(BatchMetadataOperator):
    async def handle_metadata(self, batch_meta):
        """Never runs."""


class LazyBuffers(BufferOperator):
    def handle_buffer(self, buffer):
        yield buffer


class LazyObserver(BufferObserver):
    async def handle_buffer(self, buffer):
        yield buffer


class Plain(BatchMetadataOperator):
    def handle_metadata(self, batch_meta):
        """Nothing."""


def playing(clip):
    return Flow(Pipeline("p")).batch_capture([str(clip)], width=320, height=240)


@pytest.mark.parametrize("kind", [Lazy, LazyBuffers, LazyObserver])
def test_a_callback_that_would_never_run_is_refused(kind):
    with pytest.raises(TypeError, match=rf"Probe 'p': {kind.__name__}\..*without async and yield"):
        Probe("p", kind())


def test_a_message_handler_that_would_never_run_is_refused(clip):
    async def handler(message):
        """Never runs."""

    with pytest.raises(TypeError, match=r"on_message: .*handler.*without async"):
        playing(clip).render(RenderMode.DISCARD)(handler)


@pytest.mark.parametrize(
    ("what", "hint"),
    [
        (Plain(), r'attach Probe\("name", Plain\(\)\)'),
        (Plain, r'attach Probe\("name", Plain\)'),
        (print, "subclass BatchMetadataOperator"),
    ],
)
def test_an_operator_without_its_probe_is_told_how_to_attach_it(clip, what, hint):
    with pytest.raises(TypeError, match=f"Unsupported object type for Pipeline.attach: .*{hint}"):
        playing(clip).attach(what)


@pytest.mark.parametrize("seconds", [10**400, float("nan"), "soon"])
@pytest.mark.parametrize("method", ["seek", "stop"])
def test_a_time_that_is_none_is_an_error_of_ours(method, seconds):
    with pytest.raises(dsbind.Error, match=rf"{method}\(\) takes seconds"):
        getattr(Pipeline("p"), method)(seconds)


def test_a_name_that_is_nearly_right_is_recognised(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "street video.mp4").touch()
    with pytest.raises(FileNotFoundError, match=r"Did you mean 'street video\.mp4'\?"):
        Flow(Pipeline("p")).capture(["street_video.mp4"])


@pytest.mark.parametrize("uri", ["http://", "rtsp:///stream"])
def test_a_stream_of_no_host_is_refused_at_once(uri):
    with pytest.raises(ValueError, match="names no host"):
        Flow(Pipeline("p")).capture([uri])


def test_a_password_that_makes_no_valid_uri_is_left_to_the_source():
    flow = Flow(Pipeline("p")).capture(["rtsp://me:p[w@127.0.0.1:9/x"])
    assert flow.pipeline[flow._streams[0]].get("uri") == "rtsp://me:p[w@127.0.0.1:9/x"


def test_what_only_a_shell_expands_is_said_so():
    with pytest.raises(FileNotFoundError, match=r"os\.path\.expanduser\('~/none\.mp4'\)"):
        Flow(Pipeline("p")).capture(["~/none.mp4"])
    with pytest.raises(ValueError, match=r"os\.path\.expanduser\('~/out\.mp4'\)"):
        Flow(Pipeline("p"), ["x"]).encode("~/out.mp4")


def test_a_file_that_is_removed_while_it_is_written_is_told_of(clip, tmp_path, caplog):
    (tmp_path / "out").mkdir()
    pipeline = playing(clip).encode(str(tmp_path / "out" / "out.mp4")).pipeline
    pipeline.prepare()
    shutil.rmtree(tmp_path / "out")
    pipeline.activate().wait(20)
    assert "out.mp4 was removed while pipeline 'p' wrote it" in caplog.text


PRINTING = """
    from dsbind import *

    class Show(BatchMetadataOperator):
        def handle_metadata(self, batch_meta):
            print("frame", flush=True)

    import sys
    flow = Flow(Pipeline("p")).batch_capture([sys.argv[1]], width=320, height=240)
    flow.attach(Probe("show", Show())).render(RenderMode.DISCARD)()
"""


def test_a_reader_that_has_had_enough_ends_the_program(clip):
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PRINTING), str(clip)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout.readline() == "frame\n"
        program.stdout.close()
        assert "BrokenPipeError" in program.stderr.read()
        # Python says 120 where it could not flush stdout at its end.
        assert program.wait(20) in (1, 120)


def test_a_program_without_standard_streams_runs(run_program, clip, tmp_path):
    done = run_program(
        """
        import os, sys
        for number in (0, 1, 2):
            os.close(number)
        from dsbind import Flow, Pipeline
        flow = Flow(Pipeline("p")).batch_capture([sys.argv[1]], width=320, height=240)
        flow.attach("measure_fps_probe", "fps").encode("out.mp4")()
        """,
        str(clip),
    )
    assert done.returncode == 0
    assert dsbind.utils.MediaInfo.discover(tmp_path / "out.mp4").video.width == 320


def test_a_program_that_does_not_wait_leaves_a_whole_file(run_program, clip, tmp_path):
    done = run_program(
        """
        import sys, time
        from dsbind import Flow, Pipeline
        flow = Flow(Pipeline("p")).batch_capture([sys.argv[1]], width=320, height=240)
        flow.encode("out.mp4", sync=True).pipeline.start()
        time.sleep(2)
        """,
        str(clip),
    )
    assert done.returncode == 0, done.stderr
    assert dsbind.utils.MediaInfo.discover(tmp_path / "out.mp4").video.width == 320


@pytest.mark.parametrize("name", ["öut %20#?.mp4", "a\nb.mp4", "-o.mp4", "'\".mp4"])
def test_names_that_others_trip_over_are_written_and_read(clip, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"in {name}").symlink_to(clip)
    playing(f"in {name}").encode(name)()
    assert dsbind.utils.MediaInfo.discover(name).video.width == 320
