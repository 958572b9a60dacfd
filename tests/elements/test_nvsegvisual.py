# SPDX-License-Identifier: Apache-2.0
"""nvsegvisual as gst-inspect-1.0 and gst-launch-1.0 see it."""

from __future__ import annotations

import re
import subprocess

import pytest
from launching import run_launch

SOURCE = (
    "videotestsrc num-buffers=3 ! video/x-raw,width=320,height=240 ! nvvideoconvert "
    "! video/x-raw(memory:NVMM),format=RGBA"
)
PROPERTIES = {
    "alpha": "1",
    "batch-size": "1",
    "gpu-id": "0",
    "height": "0",
    "operate-on-seg-meta-id": "-1",
    "original-background": "false",
    "unique-id": "0",
    "width": "0",
}


def test_properties_have_deepstream_s_names(gst_env: dict[str, str]) -> None:
    done = subprocess.run(
        ["gst-inspect-1.0", "nvsegvisual"], env=gst_env, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    own = done.stdout.split("Element Properties:")[1]
    for name, default in PROPERTIES.items():
        lines = re.split(rf"\n  {name} *:", own)[1].splitlines()[:4]
        assert any(re.search(rf"Default: +{default}", line) for line in lines), (name, lines)
    assert "format: RGBA" in done.stdout


@pytest.mark.parametrize(
    ("properties", "warning"),
    [("", None), ("width=640 height=480", "keeps the size of its frames, 320x240, not 640x480")],
)
def test_frames_without_class_maps_pass(
    properties: str, warning: str | None, gst_env: dict[str, str]
) -> None:
    pipeline = f"{SOURCE} ! nvsegvisual {properties} ! fakesink"
    done = run_launch(["gst-launch-1.0", *pipeline.split()], gst_env, timeout=60)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert warning in said if warning else "WARNING" not in said
