# SPDX-License-Identifier: Apache-2.0
"""nvmultistreamtiler as gst-inspect-1.0 and gst-launch-1.0 see it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from launching import run_launch

from dsbind import runtime

DEFAULTS = {
    "buffer-pool-size": "4",
    "columns": "1",
    "compute-hw": "0",
    "gpu-id": "0",
    "height": "1080",
    "interpolation-method": "1",
    "nvbuf-memory-type": "0",
    "rows": "1",
    "show-source": "-1",
    "square-seq-grid": "false",
    "width": "1920",
}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "GST_PLUGIN_PATH": str(runtime.plugin_dir()),
        "GST_REGISTRY": str(tmp_path / "registry.bin"),
    }


def run(command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return run_launch(command.split(), environment)


def test_properties_have_the_documented_names_and_defaults(environment: dict[str, str]) -> None:
    shown = run("gst-inspect-1.0 nvmultistreamtiler", environment).stdout
    for name, default in DEFAULTS.items():
        found = re.search(rf"\n  {name} *:.*?Default: ([^\s,]+)", shown, re.DOTALL)
        assert found, name
        assert found.group(1) == default, name


def test_batches_of_several_sources_become_single_frames(environment: dict[str, str]) -> None:
    sources = " ".join(
        f"videotestsrc num-buffers=4 ! video/x-raw,format=NV12,width={64 + pad},height=48 "
        f"! mux.sink_{pad}"
        for pad in range(5)
    )
    result = run(
        "gst-launch-1.0 -v nvstreammux name=mux batch-size=5 width=160 height=120 "
        f"! nvmultistreamtiler width=641 height=361 ! fakesink silent=false {sources}",
        environment,
    )
    assert result.returncode == 0, result.stderr
    assert len(re.findall(r"last-message = chain ", result.stdout)) == 4
    assert "format=(string)NV12, width=(int)641, height=(int)361" in result.stdout
