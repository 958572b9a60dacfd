# SPDX-License-Identifier: Apache-2.0
"""What several tests need: small clips made here, and programs run on their own."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from looking import COLOURS, SCREEN, colour_clip

if TYPE_CHECKING:
    from dsbind.meta import BatchMetadata, FrameMetadata

MakeClip = Callable[..., Path]
RunProgram = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def make_clip(tmp_path_factory: pytest.TempPathFactory) -> MakeClip:
    """Makes an H.264 mp4 of a moving ball: `make_clip(frames=60, width=320, height=240)`."""
    folder = tmp_path_factory.mktemp("clips")

    def make(
        frames: int = 60, width: int = 320, height: int = 240, fps: int = 30, audio: bool = False
    ) -> Path:
        path = folder / f"{frames}x{width}x{height}x{fps}{'a' if audio else ''}.mp4"
        if path.exists():
            return path
        video = (
            f"videotestsrc pattern=ball num-buffers={frames} "
            f"! video/x-raw,format=I420,width={width},height={height},framerate={fps}/1 "
            "! x264enc speed-preset=ultrafast key-int-max=15 ! h264parse ! mux."
        )
        sound = "audiotestsrc num-buffers=60 ! avenc_aac ! mux." if audio else ""
        command = (
            f"gst-launch-1.0 -q mp4mux name=mux ! filesink location={path}.part {video} {sound}"
        )
        subprocess.run(command.split(), check=True, timeout=60)
        os.replace(f"{path}.part", path)
        return path

    return make


@pytest.fixture(scope="session")
def clip(make_clip: MakeClip) -> Path:
    """60 frames of 320 x 240 at 30 a second."""
    return make_clip()


@pytest.fixture
def run_program(tmp_path: Path) -> RunProgram:
    """Runs Python source in a process of its own: `run_program(source, *args, timeout=30)`."""

    def run(
        source: str, *args: str, timeout: float = 30, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", textwrap.dedent(source), *map(str, args)],
            cwd=tmp_path,
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    return run


@pytest.fixture
def batch() -> Iterator[BatchMetadata]:
    """An empty batch of up to four frames."""
    # Here, so that tests of what is loaded when start without it.
    from dsbind.meta import BatchMetadata

    with BatchMetadata.create(4) as batch:
        yield batch


@pytest.fixture
def frame(batch: BatchMetadata) -> FrameMetadata:
    """Frame 7 of source 3, in the batch."""
    frame = batch.acquire_frame_meta(source_id=3, frame_number=7)
    batch.append(frame)
    return frame


@pytest.fixture(scope="session")
def screen() -> Iterator[str]:
    """A display that nobody sees: its name."""
    if not shutil.which("Xvfb"):
        pytest.skip("Xvfb is not installed")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{SCREEN[0]}x{SCREEN[1]}x24"]
        + ["-nolisten", "tcp", "-noreset"],
        pass_fds=[write],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    try:
        if not select.select([read], [], [], 20)[0]:
            pytest.skip("Xvfb does not start here")
        number = os.read(read, 16).decode().strip()
        if not number:
            pytest.skip("Xvfb does not start here")
        yield f":{number}"
    finally:
        os.close(read)
        server.terminate()
        server.wait(10)


@pytest.fixture
def display(screen: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A display that nobody sees, which this process uses: its name."""
    monkeypatch.setenv("DISPLAY", screen)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    return screen


@pytest.fixture(scope="session")
def colour_clips(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A clip of each of `COLOURS`, in their order."""
    folder = tmp_path_factory.mktemp("colours")
    return [colour_clip(folder, colour) for colour in COLOURS]
