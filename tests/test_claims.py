# SPDX-License-Identifier: Apache-2.0
"""Two pipelines that write the same file: the second is told, and the first goes on."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

import dsbind
from dsbind import Flow, Pipeline
from dsbind.claims import Claim
from dsbind.media import MediaInfo

WRITER = """
    import sys, time
    from dsbind import Flow, Pipeline
    pipeline = Pipeline("writer")
    flow = Flow(pipeline).batch_capture([sys.argv[1]], width=320, height=240, file_loop=True)
    flow.encode(sys.argv[2])
    pipeline.start()
    print("started", flush=True)
    time.sleep(60)
"""


def writing(clip, path, endless=False):
    """A flow that writes a file; `endless` until it is stopped."""
    pipeline = Pipeline("writing")
    flow = Flow(pipeline).batch_capture([str(clip)], width=320, height=240, file_loop=endless)
    flow.encode(str(path))
    return pipeline


def wait_for(path):
    """Wait until something is in a file."""
    until = time.monotonic() + 20
    while not (path.exists() and path.stat().st_size > 2000) and time.monotonic() < until:
        time.sleep(0.02)


@pytest.fixture
def writer(clip, tmp_path):
    """Another process, which is writing out.mp4."""
    path = tmp_path / "out.mp4"
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITER), str(clip), str(path)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "started\n"
        yield process
        process.kill()


def test_a_second_pipeline_of_the_program_is_refused_until_the_first_has_ended(clip, tmp_path):
    path = tmp_path / "out.mp4"
    first = writing(clip, path, endless=True).start()
    second = writing(clip, path)
    with pytest.raises(dsbind.OutputError, match=r"out\.mp4 is being written by another pipeline"):
        second.start()
    wait_for(path)
    first.stop().wait(20)
    assert MediaInfo.discover(str(path)).video.width == 320
    second.start().wait(20)
    assert MediaInfo.discover(str(path)).duration == pytest.approx(2e9, rel=0.05)


def test_a_second_process_is_refused_and_the_file_left_alone(clip, tmp_path, writer):
    path = tmp_path / "out.mp4"
    number = path.stat().st_ino
    with pytest.raises(OSError, match="of this program or of another"):
        writing(clip, path).start()
    assert path.stat().st_ino == number
    wait_for(path)
    writer.send_signal(signal.SIGINT)
    writer.wait(20)
    assert MediaInfo.discover(str(path))


def test_a_process_that_was_killed_stands_in_nobody_s_way(clip, tmp_path, writer):
    writer.kill()
    writer.wait(20)
    writing(clip, tmp_path / "out.mp4").start().wait(20)
    assert MediaInfo.discover(str(tmp_path / "out.mp4")).video.width == 320


def test_branches_that_name_one_file_by_two_names_are_refused_at_once(clip, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    fork = Flow(Pipeline("fork")).batch_capture([str(clip)]).fork()
    fork.encode(str(tmp_path / "real" / "out.mp4"))
    with pytest.raises(dsbind.OutputError, match="written by this pipeline already"):
        fork.encode(str(tmp_path / "link" / "out.mp4"))


def test_branches_that_write_one_file_by_a_hard_link_are_refused_at_the_start(clip, tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"mine")
    os.link(tmp_path / "a.mp4", tmp_path / "b.mp4")
    fork = Flow(Pipeline("fork")).batch_capture([str(clip)]).fork()
    fork.encode(str(tmp_path / "a.mp4"))
    fork.encode(str(tmp_path / "b.mp4"))
    with pytest.raises(dsbind.OutputError, match=r"b\.mp4 is written twice by this pipeline"):
        fork()
    assert (tmp_path / "a.mp4").read_bytes() == b"mine"


def test_sinks_that_the_program_made_are_minded_too(tmp_path):
    def raw():
        pipeline = Pipeline("raw").add("videotestsrc", "src", {"is-live": True})
        pipeline.add("filesink", "sink", {"location": str(tmp_path / "out.raw")})
        return pipeline.link("src", "sink")

    first = raw().start()
    with pytest.raises(dsbind.OutputError, match=r"out\.raw is being written"):
        raw().start()
    first.stop().wait(20)
    raw().start().stop().wait(20)


def test_a_start_that_fails_leaves_neither_a_file_nor_a_claim(clip, tmp_path):
    path = tmp_path / "out.mp4"
    with pytest.raises(dsbind.Error):
        Flow(Pipeline("p")).batch_capture([str(clip)]).infer("/dev/null").encode(str(path))()
    assert not path.exists()
    writing(clip, path).start().wait(20)


def test_a_pipeline_that_is_prepared_and_forgotten_leaves_no_claim(clip, tmp_path):
    path = tmp_path / "out.mp4"
    forgotten = writing(clip, path).prepare()
    with pytest.raises(dsbind.OutputError, match="is being written"):
        writing(clip, path).prepare()
    del forgotten
    gc.collect()
    writing(clip, path).start().wait(20)


def test_what_is_no_file_is_not_claimed():
    pipeline = Pipeline("null").add("videotestsrc", "src", {"num-buffers": 3})
    pipeline.add("filesink", "sink", {"location": "/dev/null"}).link("src", "sink")
    other = Pipeline("null").add("videotestsrc", "src", {"num-buffers": 3})
    other.add("filesink", "sink", {"location": "/dev/null"}).link("src", "sink")
    pipeline.start()
    other.start().wait(20)
    pipeline.wait(20)


def _sleep(ready):
    ready.set()
    time.sleep(60)


def test_a_process_forked_meanwhile_does_not_keep_the_claim(clip, tmp_path):
    context = multiprocessing.get_context("fork")
    path = tmp_path / "out.mp4"
    first = writing(clip, path, endless=True).start()
    ready = context.Event()
    child = context.Process(target=_sleep, args=(ready,), daemon=True)
    child.start()
    assert ready.wait(20)
    held = [os.readlink(f"/proc/{child.pid}/fd/{n}") for n in os.listdir(f"/proc/{child.pid}/fd")]
    first.stop().wait(20)
    try:
        writing(clip, path).start().wait(20)
    finally:
        child.kill()
        child.join(20)
    # The writing element's own file stays with the child; it carries no claim.
    assert held.count(str(path)) <= 1


def test_a_file_that_is_replaced_while_it_is_claimed_is_claimed_as_it_is_then(tmp_path):
    path = str(tmp_path / "out.mp4")
    first = Claim(path)
    os.unlink(path)
    second = Claim(path)
    with pytest.raises(BlockingIOError):
        Claim(path)
    second.release(keep_empty=False)
    assert not os.path.exists(path)
    first.release(keep_empty=False)
