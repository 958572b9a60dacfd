# SPDX-License-Identifier: Apache-2.0
"""`import pyservicemaker` gives dsbind, in this process and in those it starts."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

TOP_LEVEL = """
    Pipeline Flow MediaType RenderMode SourceConfig SensorInfo RecordConfig probe register_probe
    Probe PipelineState StateTransitionMessage DynamicSourceMessage EOSMessage ColorFormat Buffer
    Receiver Feeder BufferRetriever BufferProvider BufferObserver BufferOperator
    BatchMetadataOperator osd utils signal CommonFactory as_tensor SmartRecordConfig
"""


def dsbind_run(*words, cwd, **kwargs):
    return subprocess.run(
        [sys.executable, "-m", "dsbind", "run", *map(str, words)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        **kwargs,
    )


@pytest.fixture
def program(tmp_path):
    def write(text, name="program.py"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_every_documented_name_is_there(run_program):
    done = run_program(
        f"""
        import dsbind
        module = dsbind.as_pyservicemaker()
        import pyservicemaker
        assert module is pyservicemaker and pyservicemaker.__version__ == "0.0.1"
        for name in {TOP_LEVEL!r}.split():
            getattr(pyservicemaker, name)
            assert name in dir(pyservicemaker)
        assert pyservicemaker.Flow is dsbind.Flow
        from pyservicemaker import *
        assert Flow is dsbind.Flow
        from pyservicemaker.flow import Flow, RenderMode, MediaType, StreamInfo, _parse_stream_info
        from pyservicemaker.utils import MediaExtractor, MediaChunk, VideoFrame, FrameSampler
        from pyservicemaker.utils import PerfMonitor, MediaInfo
        from pyservicemaker.utils import StreamFrameRetriever, BulkFrameRetriever
        from pyservicemaker.postprocessing import PostProcessing, ObjectDetectorOutputConverter
        from pyservicemaker.logging import get_logger
        from pyservicemaker.source_config import SourceConfig, SensorInfo, CameraInfo, RecordConfig
        from pyservicemaker._pydeepstream import PipelineMessage, EOSMessage, Tensor, Node
        from pyservicemaker._pydeepstream import StateTransitionMessage, ObjectMetadata, Feeder
        from pyservicemaker._pydeepstream import signal
        assert signal.SourceManager
        """
    )
    assert done.returncode == 0, done.stderr


def test_what_is_not_there_is_an_import_error(run_program):
    done = run_program(
        """
        import dsbind
        dsbind.as_pyservicemaker()
        for statement in ("from pyservicemaker import Nonsense",
                          "from pyservicemaker._pydeepstream import Nonsense",
                          "import pyservicemaker.nonsense"):
            try:
                exec(statement)
            except ImportError as error:
                assert "onsense" in str(error)
            else:
                raise AssertionError(statement)
        """
    )
    assert done.returncode == 0, done.stderr


def test_processes_that_are_spawned_import_it_too(program, tmp_path):
    path = program(
        "import multiprocessing\n"
        "import pyservicemaker\n"
        "def work(): print('child', pyservicemaker.Flow.__module__, flush=True)\n"
        "if __name__ == '__main__':\n"
        "    child = multiprocessing.get_context('spawn').Process(target=work)\n"
        "    child.start(); child.join(); raise SystemExit(child.exitcode)\n"
    )
    done = dsbind_run(path, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "child dsbind.flow\n"), done.stderr


def test_another_pyservicemaker_that_was_imported_before_is_an_error(run_program, tmp_path):
    (tmp_path / "pyservicemaker.py").write_text("")
    done = run_program(
        """
        import pyservicemaker, dsbind
        try:
            dsbind.as_pyservicemaker()
        except dsbind.StateError as error:
            assert "imported already" in str(error)
        else:
            raise AssertionError
        """
    )
    assert done.returncode == 0, done.stderr


class TestRun:
    def test_arguments_and_exit_status_are_the_program_s(self, program, tmp_path):
        path = program("import sys; print(sys.argv[1:], __name__); sys.exit(7)")
        done = dsbind_run(path, "a", "--b", "-m", cwd=tmp_path)
        assert done.returncode == 7
        assert done.stdout == "['a', '--b', '-m'] __main__\n"

    def test_a_module_can_be_run_too(self, program, tmp_path):
        program("import sys; print('module', sys.argv[1:])", "tool.py")
        done = dsbind_run("-m", "tool", "--x", cwd=tmp_path)
        assert done.stdout == "module ['--x']\n", done.stderr

    def test_a_traceback_is_as_plain_python_prints_it(self, program, tmp_path):
        path = program("import pyservicemaker\nraise ValueError('mine')\n")
        done = dsbind_run(path, cwd=tmp_path)
        plain = subprocess.run(
            [sys.executable, "-c", "import dsbind; dsbind.as_pyservicemaker(); "
             f"import runpy; runpy.run_path({str(path)!r})"],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == plain.returncode == 1
        assert done.stderr.splitlines()[-1] == "ValueError: mine"
        assert "dsbind" not in done.stderr

    def test_ctrl_c_ends_it_as_plain_python(self, program, tmp_path):
        path = program("import time\nprint('ready', flush=True)\ntime.sleep(60)\n")
        with subprocess.Popen(
            [sys.executable, "-m", "dsbind", "run", path],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            assert process.stdout.readline() == "ready\n"
            begin = time.monotonic()
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=20)
        assert process.returncode == -signal.SIGINT
        assert time.monotonic() - begin < 5
        assert errors.splitlines()[-1] == "KeyboardInterrupt"

    def test_a_missing_program_is_plain_python_s_error(self, tmp_path):
        done = dsbind_run("none.py", cwd=tmp_path)
        assert done.returncode == 2 and "none.py" in done.stderr

    def test_progress_shows_how_much_was_played(self, program, clip, tmp_path):
        path = program(
            "from pyservicemaker import *\n"
            f"Flow(Pipeline('mine')).batch_capture([{str(clip)!r}]).render(\n"
            "    RenderMode.DISCARD, sync=True)()\n"
        )
        # On a terminal the line is redrawn; a pseudo terminal shows that.
        done = subprocess.run(
            ["script", "-qec", f"{sys.executable} -m dsbind run --progress {path}", "/dev/null"],
            capture_output=True, text=True, timeout=60, cwd=tmp_path, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        assert "mine: [" in done.stdout and "of 2 s" in done.stdout
