"""`dsbind demo` on clips made here: what it writes, and that it fits together."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FRAMES = 24


def launch(description: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["gst-launch-1.0", "-q", *description.split()],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture(scope="module")
def clip(make_clip: Callable[..., Path]) -> Path:
    path: Path = make_clip(frames=FRAMES, width=320, height=240, fps=25)
    return path


def demo(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dsbind", "demo", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=110,
        cwd=Path(__file__).parent,
    )


def frames_of(video: Path, folder: Path) -> list[Path]:
    """Decode a video with GStreamer's own elements; one file per frame."""
    folder.mkdir()
    launch(
        f"uridecodebin uri={video.resolve().as_uri()} ! videoconvert ! video/x-raw,format=RGB "
        f"! multifilesink location={folder}/%05d"
    )
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def seen(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder a run wrote to, and what it printed."""
    out = tmp_path_factory.mktemp("demo") / "new" / "out"
    done = demo("--out", out, clip)
    assert done.returncode == 0, done.stderr
    return out, done.stdout


def test_the_video_has_a_frame_for_each_of_the_clip(seen: tuple[Path, str], tmp_path: Path) -> None:
    frames = frames_of(seen[0] / "demo.mp4", tmp_path / "frames")
    assert len(frames) == FRAMES
    assert {path.stat().st_size for path in frames} == {320 * 240 * 3}


def test_the_picture_is_one_png_of_the_video_s_size(seen: tuple[Path, str]) -> None:
    picture = (seen[0] / "demo.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert picture.index(b"IEND") == len(picture) - 8
    assert int.from_bytes(picture[16:20], "big") == 320
    assert int.from_bytes(picture[20:24], "big") == 240


def test_the_report_has_the_documented_members(seen: tuple[Path, str]) -> None:
    report: dict[str, Any] = json.loads((seen[0] / "demo.json").read_text(encoding="utf-8"))
    assert list(report) == ["frames", "seconds", "fps", "objects", "origin", "detections"]
    assert report["frames"] == FRAMES
    assert report["seconds"] > 0
    assert report["fps"] == pytest.approx(FRAMES / report["seconds"], rel=0.02)
    assert report["origin"] in ("bundled", "nvidia", "sdk")
    assert sum(report["objects"].values()) == len(report["detections"])
    for found in report["detections"]:
        assert list(found) == [
            *("frame", "source", "class", "label"),
            *("confidence", "left", "top", "width", "height"),
        ]
        assert 0 <= found["frame"] < FRAMES
        assert found["source"] == 0
        assert 0.5 <= found["confidence"] <= 1
        assert found["width"] > 0 and found["height"] > 0


def test_the_table_tells_frames_seconds_and_speed(seen: tuple[Path, str]) -> None:
    lines = seen[1].splitlines()
    assert any(line.split() == ["frames", str(FRAMES)] for line in lines)
    assert any(line.startswith("seconds ") for line in lines)
    assert any(line.startswith("fps ") for line in lines)
    assert str(seen[0]) in lines[-1]


def test_several_clips_are_seen_side_by_side(clip: Path, tmp_path: Path) -> None:
    done = demo("--out", tmp_path, clip, clip)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "demo.json").read_text(encoding="utf-8"))
    assert report["frames"] == 2 * FRAMES
    frames = frames_of(tmp_path / "demo.mp4", tmp_path / "frames")
    assert {path.stat().st_size for path in frames} == {640 * 240 * 3}


def test_a_display_that_is_not_there_is_said_before_anything_runs(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    done = demo("--out", tmp_path, "--display", clip)
    assert done.returncode == 1
    assert "no display" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_config_that_is_missing_is_named(clip: Path, tmp_path: Path) -> None:
    done = demo("--out", tmp_path, "--config", "no-such-config.txt", clip)
    assert done.returncode == 1
    assert "no-such-config.txt" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_no_video_is_named(tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("This is not a video.\n" * 100)
    done = demo("--out", tmp_path / "out", text)
    assert done.returncode == 1
    assert "notes.mp4" in done.stderr
    assert "Traceback" not in done.stderr


def test_one_bad_source_of_two_leaves_the_other_s_results(clip: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"\0" * 1000)
    done = demo("--out", tmp_path, clip, bad)
    assert done.returncode == 1
    assert "bad.mp4" in done.stderr
    report = json.loads((tmp_path / "demo.json").read_text(encoding="utf-8"))
    assert report["frames"] == FRAMES
