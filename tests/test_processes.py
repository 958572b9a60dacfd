# SPDX-License-Identifier: Apache-2.0
"""Flows in processes and threads of a program."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from dsbind.media import MediaInfo

WORK = """
    import multiprocessing, os, queue, sys, threading, time
    from dsbind import *

    class Count(BatchMetadataOperator):
        n = 0
        def handle_metadata(self, batch):
            self.n += batch.n_frames

    def discard(clip):
        count = Count()
        flow = Flow(Pipeline("p")).batch_capture([clip], width=320, height=240)
        flow.attach(Probe("count", count)).render(RenderMode.DISCARD)()
        return count.n

    def record(clip, path, told):
        flow = Flow(Pipeline("p")).batch_capture([clip], width=320, height=240, file_loop=True)
        class Told(BatchMetadataOperator):
            n = 0
            def handle_metadata(self, batch):
                self.n += 1
                if self.n == 20:
                    told.set()
        flow.attach(Probe("told", Told())).encode(path, use_sw_codec=True, sync=True)()
"""


@pytest.fixture
def program(tmp_path, clip):
    """Writes a program: one that is spawned imports it again, so that it has to be a file."""

    def write(main):
        path = tmp_path / "program.py"
        main = textwrap.indent(textwrap.dedent(main), "    ")
        path.write_text(f'{textwrap.dedent(WORK)}\nif __name__ == "__main__":\n{main}')
        return [sys.executable, str(path), str(clip), str(tmp_path / "out.mp4")]

    return write


def run(words, timeout=60):
    done = subprocess.run(words, capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_flows_run_in_child_processes(program, method):
    words = program(
        f"""
        context = multiprocessing.get_context("{method}")
        with context.Pool(2) as pool:
            print(*pool.map(discard, [sys.argv[1]] * 4))
        if "{method}" == "fork":
            print(discard(sys.argv[1]))
        """
    )
    assert set(run(words)) == {"60"}


def test_a_child_process_runs_two_flows_in_two_threads(program):
    words = program(
        """
        def both():
            frames, seen = queue.Queue(4), []

            class Keep(BufferRetriever):
                def consume(self, buffer):
                    frames.put(buffer.extract(0).clone())
                    return 1

            class Frames(BufferProvider):
                width, height, format, framerate = 320, 240, "RGB", 30
                def generate(self, size):
                    try:
                        return frames.get(timeout=2).wrap(ColorFormat.RGB)
                    except queue.Empty:
                        return Buffer()

            class See(BufferOperator):
                def handle_buffer(self, buffer):
                    seen.append(buffer.timestamp)
                    return True

            first = Flow(Pipeline("a")).batch_capture([sys.argv[1]], width=320, height=240)
            first.retrieve(Keep())
            second = Flow(Pipeline("b")).inject([Frames()]).attach(Probe("see", See()))
            second.render(RenderMode.DISCARD)
            threads = [threading.Thread(target=flow) for flow in (first, second)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)
            print(len(seen), flush=True)

        child = multiprocessing.get_context("fork").Process(target=both)
        child.start()
        child.join(40)
        print(child.exitcode)
        """
    )
    assert run(words) == ["60", "0"]


def test_a_child_forked_after_use_says_that_it_cannot_and_the_parent_goes_on(program):
    words = program(
        """
        def child():
            try:
                discard(sys.argv[1])
            except StateError as error:
                print("fork before" in str(error), flush=True)

        print(discard(sys.argv[1]), flush=True)
        process = multiprocessing.get_context("fork").Process(target=child)
        process.start()
        process.join(30)
        print(process.exitcode, discard(sys.argv[1]))
        """
    )
    assert run(words) == ["60", "True", "0", "60"]


# As the sample applications do it
IDIOM = """
    told = multiprocessing.Event()
    process = multiprocessing.Process(target=record, args=(sys.argv[1], sys.argv[2], told))
    try:
        process.start()
        told.wait(30)
        print("ready", flush=True)
        process.join()
    except KeyboardInterrupt:
        process.terminate()
    process.join(10)
    print("exit", process.exitcode, flush=True)
"""


def test_ctrl_c_and_terminate_leave_a_complete_file(program, tmp_path):
    child = subprocess.Popen(
        program(IDIOM),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.2)
        start = time.monotonic()
        # A terminal tells all processes of its group.
        os.killpg(child.pid, signal.SIGINT)
        assert child.stdout.readline().startswith("exit ")
        assert time.monotonic() - start < 2.5
        assert child.wait(10) == 0
    finally:
        child.kill()
        child.communicate()
    assert MediaInfo.discover((tmp_path / "out.mp4").as_uri()).duration > 300_000_000


def test_terminating_a_process_completes_its_file(program, tmp_path):
    words = program(
        """
        told = multiprocessing.Event()
        process = multiprocessing.Process(target=record, args=(*sys.argv[1:3], told))
        process.start()
        told.wait(30)
        start = time.monotonic()
        process.terminate()
        process.join(10)
        print(process.exitcode, time.monotonic() - start < 2)
        """
    )
    assert run(words) == [str(-signal.SIGTERM), "True"]
    assert MediaInfo.discover((tmp_path / "out.mp4").as_uri()).duration > 300_000_000


def test_terminating_ends_a_process_in_which_a_callback_hangs(program):
    words = program(
        """
        class Hang(BatchMetadataOperator):
            n = 0
            def handle_metadata(self, batch):
                self.n += 1
                if self.n == 20:
                    told.set()
                    time.sleep(60)

        def hang():
            flow = Flow(Pipeline("p")).batch_capture([sys.argv[1]], width=320, height=240)
            flow.attach(Probe("hang", Hang())).encode(sys.argv[2], use_sw_codec=True)()

        told = multiprocessing.Event()
        process = multiprocessing.Process(target=hang)
        process.start()
        told.wait(30)
        start = time.monotonic()
        process.terminate()
        process.join(10)
        print(process.exitcode, time.monotonic() - start < 5)
        """
    )
    assert run(words) == [str(-signal.SIGTERM), "True"]


def test_a_handler_of_the_program_for_sigterm_is_kept_and_may_stop(program, tmp_path):
    words = program(
        """
        import signal
        flow = Flow(Pipeline("p")).batch_capture([sys.argv[1]], width=320, height=240,
                                                 file_loop=True)
        flow.encode(sys.argv[2], use_sw_codec=True, sync=True)
        signal.signal(signal.SIGTERM, lambda number, frame: flow.pipeline.stop())
        threading.Timer(0.7, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
        flow()
        print("ended", signal.getsignal(signal.SIGTERM).__name__)
        """
    )
    assert run(words) == ["ended", "<lambda>"]
    assert MediaInfo.discover((tmp_path / "out.mp4").as_uri()).video.width == 320


def test_sigterm_has_its_default_again_after_the_flow(program):
    words = program(
        """
        import signal
        flow = Flow(Pipeline("p")).batch_capture([sys.argv[1]], width=320, height=240)
        flow.encode(sys.argv[2], use_sw_codec=True)()
        print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
        """
    )
    assert run(words) == ["True"]
