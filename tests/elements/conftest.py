# SPDX-License-Identifier: Apache-2.0
"""Runs GStreamer's own programs on the installed elements."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from launching import run_launch

LEAKS = {"GST_TRACERS": "leaks", "GST_DEBUG": "GST_TRACER:7", "GST_DEBUG_NO_COLOR": "1"}


@pytest.fixture(scope="session")
def leaks_env() -> dict[str, str]:
    return LEAKS


@pytest.fixture(scope="session")
def gst_env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which gst-launch-1.0 finds the elements, with a registry of its own."""
    plugins = os.environ.get("DSBIND_TEST_PLUGIN_DIR")
    if not plugins:
        from dsbind import runtime

        plugins = str(runtime.plugin_dir())
    return {
        **os.environ,
        "DSBIND_RUNTIME": "bundled",
        "GST_PLUGIN_PATH": plugins,
        "GST_REGISTRY": str(tmp_path_factory.mktemp("gst") / "registry.bin"),
        "LC_ALL": "C.UTF-8",
    }


@dataclass(frozen=True)
class Launched:
    """What a pipeline of gst-launch-1.0 did."""

    status: int
    output: str

    @property
    def errors(self) -> list[str]:
        """The text of each error message on the bus, with the name of its element."""
        found = re.findall(r"^ERROR: from element .*?/([^/\n]+): (.*)$", self.output, re.MULTILINE)
        return [f"{element}: {text}" for element, text in found]

    @property
    def checksums(self) -> list[str]:
        """One per frame that reached a checksumsink."""
        return re.findall(r"^\d+:\d\d:\d\d\.\d{9} ([0-9a-f]{40})$", self.output, re.MULTILINE)

    @property
    def timestamps(self) -> list[float]:
        """Seconds of each frame that reached a fakesink silent=false, under -v."""
        found = re.findall(r"chain .*?pts: (\d+):(\d\d):(\d\d\.\d{9})", self.output)
        return [int(h) * 3600 + int(m) * 60 + float(s) for h, m, s in found]

    @property
    def leaks(self) -> list[str]:
        """Objects alive at the end, where the pipeline ran with `**leaks_env`."""
        assert "GST_TRACER" in self.output, "the leaks tracer did not run"
        return re.findall(r"object-alive, type-name=\(string\)([^%,]+),", self.output)

    def caps_of(self, pad: str) -> str:
        """The last caps of the pads whose path ends in `pad`, under -v."""
        found = re.findall(rf"{re.escape(pad)}: caps = (.*)$", self.output, re.MULTILINE)
        assert found, f"no caps of {pad} in\n{self.output}"
        return found[-1]


Launch = Callable[..., Launched]


@pytest.fixture
def launch(gst_env: dict[str, str], tmp_path: Path) -> Launch:
    """`launch("videotestsrc num-buffers=1 ! fakesink", ok=True, timeout=30, **environment)`."""

    def run(
        pipeline: str, *, ok: bool | None = True, timeout: float = 30, **environment: str
    ) -> Launched:
        done = run_launch(
            ["gst-launch-1.0", "-v", *shlex.split(pipeline)],
            {**gst_env, **environment},
            cwd=tmp_path,
            timeout=timeout,
        )
        result = Launched(done.returncode, done.stdout + done.stderr)
        assert "CRITICAL" not in result.output, result.output
        if ok is not None:
            assert (done.returncode == 0) == ok, result.output
        return result

    return run


@pytest.fixture
def h264(launch: Launch, tmp_path: Path) -> Callable[..., Path]:
    """`h264(frames=30, width=320, height=240, container="mp4mux faststart=true")` makes a file."""

    def make(
        frames: int = 30,
        width: int = 320,
        height: int = 240,
        format: str = "I420",
        container: str = "mp4mux faststart=true",
        name: str = "clip.mp4",
    ) -> Path:
        path = tmp_path / name
        launch(
            f"videotestsrc num-buffers={frames} pattern=smpte "
            f"! video/x-raw,format={format},width={width},height={height},framerate=25/1 "
            "! x264enc speed-preset=ultrafast key-int-max=10 bitrate=4000 "
            f"! h264parse ! {container} ! filesink location={path}"
        )
        return path

    return make
