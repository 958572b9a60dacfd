"""nvdsosd, nvosdbin and nveglglessink as gst-inspect-1.0 and gst-launch-1.0 see them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from launching import run_launch

from dsbind import runtime

DRAWN_BY = ["nvdsosd", "nvosdbin"]
DEFAULTS = {
    "display-text": "true",
    "display-bbox": "true",
    "display-mask": "false",
    "display-clock": "false",
    "clock-font": '"Serif"',
    "clock-font-size": "12",
    "x-clock-offset": "0",
    "y-clock-offset": "0",
    "process-mode": "1",
    "blur-bbox": "false",
    "gpu-id": "0",
}
NVMM = "video/x-raw(memory:NVMM)"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY")
    return {
        **{name: value for name, value in os.environ.items() if name not in hidden},
        "GST_PLUGIN_PATH": str(runtime.plugin_dir()),
        "GST_REGISTRY": str(tmp_path / "registry.bin"),
    }


def launch(description: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return run_launch(["gst-launch-1.0", "-q", *description.split()], environment, timeout=60)


@pytest.mark.parametrize("element", DRAWN_BY)
def test_properties_have_deepstream_s_names_and_defaults(
    element: str, environment: dict[str, str]
) -> None:
    done = subprocess.run(
        ["gst-inspect-1.0", element], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, str] = {}
    name = ""
    for line in done.stdout.splitlines():
        if line.startswith("  ") and line[2:3].isalpha() and ":" in line:
            name = line.split(":")[0].strip()
        elif "Default: " in line:
            told[name] = line.split("Default: ")[1].split(",")[0].strip()
    assert {key: told.get(key) for key in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize("element", DRAWN_BY)
@pytest.mark.parametrize("pixels", ["NV12", "I420", "RGBA", "BGR", "GRAY8"])
def test_frames_without_metadata_pass_unchanged(
    element: str, pixels: str, environment: dict[str, str], tmp_path: Path
) -> None:
    source = f"videotestsrc num-buffers=3 ! video/x-raw,format={pixels},width=160,height=90"
    to_nvmm = f"nvvideoconvert ! {NVMM},format={pixels}"
    back = f"nvvideoconvert ! video/x-raw,format={pixels}"
    for name, middle in (("with", f"{to_nvmm} ! {element} !"), ("without", f"{to_nvmm} !")):
        done = launch(
            f"{source} ! {middle} {back} ! filesink location={tmp_path / name}", environment
        )
        assert done.returncode == 0, done.stderr
    drawn, plain = (tmp_path / "with").read_bytes(), (tmp_path / "without").read_bytes()
    assert len(plain) >= 3 * 160 * 90
    assert drawn == plain


def test_a_window_without_a_display_is_an_error_that_names_the_way_out(
    environment: dict[str, str],
) -> None:
    done = launch(f"videotestsrc ! nvvideoconvert ! {NVMM} ! nveglglessink", environment)
    assert done.returncode != 0
    assert "DISPLAY is not set" in done.stderr
    assert "use render(RenderMode.DISCARD) or encode(...)" in done.stderr


def test_a_display_that_does_not_answer_is_the_same_error(environment: dict[str, str]) -> None:
    gone = {**environment, "DISPLAY": ":4711"}
    done = launch(f"videotestsrc ! nvvideoconvert ! {NVMM} ! nveglglessink", gone)
    assert done.returncode != 0
    assert "no display" in done.stderr
    assert "DISPLAY is :4711" in done.stderr
    assert "use render(RenderMode.DISCARD) or encode(...)" in done.stderr
