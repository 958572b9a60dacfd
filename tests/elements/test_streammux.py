# SPDX-License-Identifier: Apache-2.0
"""nvstreammux as gst-inspect-1.0 and gst-launch-1.0 see it; tests/native/elements has the rest."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path

import pytest
from launching import run_launch

from dsbind import runtime

DEFAULTS = {
    "async-process": "false",
    "attach-sys-ts": "true",
    "batch-size": "1",
    "batched-push-timeout": "-1",
    "buffer-pool-size": "4",
    "compute-hw": "0",
    "drop-pipeline-eos": "false",
    "enable-padding": "false",
    "frame-num-reset-on-eos": "false",
    "frame-num-reset-on-stream-reset": "false",
    "gpu-id": "0",
    "height": "0",
    "interpolation-method": "1",
    "live-source": "false",
    "max-latency": "0",
    "num-surfaces-per-frame": "1",
    "nvbuf-memory-type": "0",
    "sync-inputs": "false",
    "width": "0",
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


def source(frames: int, caps: str, pad: int, live: bool = False) -> str:
    kind = f"videotestsrc num-buffers={frames} is-live={str(live).lower()}"
    return f"{kind} ! video/x-raw,{caps} ! mux.sink_{pad}"


def batches(output: str) -> int:
    return len(re.findall(r"last-message = chain ", output))


def test_properties_have_the_documented_names_and_defaults(environment: dict[str, str]) -> None:
    shown = run("gst-inspect-1.0 nvstreammux", environment).stdout
    for name, default in DEFAULTS.items():
        found = re.search(rf"\n  {name} *:.*?Default: ([^\s,]+)", shown, re.DOTALL)
        assert found, name
        assert found.group(1) == default, name
    assert "sink_%u" in shown
    assert "On request" in shown
    assert "memory:NVMM" in shown


def test_batches_until_the_longest_source_ends(environment: dict[str, str]) -> None:
    result = run(
        "gst-launch-1.0 -v nvstreammux name=mux batch-size=2 width=320 height=240 "
        f"! fakesink silent=false {source(5, 'format=NV12,width=641,height=361', 0)} "
        f"{source(3, 'format=RGBA,width=100,height=50', 1)}",
        environment,
    )
    assert result.returncode == 0, result.stderr
    assert batches(result.stdout) == 5
    assert "width=(int)320, height=(int)240" in result.stdout
    events = re.findall(r"nv-stream-eos, source-id=\(uint\)(\d)", result.stdout)
    assert list(dict.fromkeys(events)) == ["1", "0"]


def test_one_size_without_the_other_names_both(environment: dict[str, str]) -> None:
    result = run(
        "gst-launch-1.0 nvstreammux name=mux width=320 ! fakesink "
        f"{source(3, 'format=NV12,width=64,height=48', 0)}",
        environment,
    )
    assert result.returncode != 0
    assert "width=320 and height=0" in result.stderr


def test_an_output_that_does_not_fit_tells_the_next_step(environment: dict[str, str]) -> None:
    result = run(
        "gst-launch-1.0 nvstreammux name=mux width=320 height=240 "
        "! video/x-raw(memory:NVMM),width=100 ! fakesink "
        f"{source(3, 'format=NV12,width=64,height=48', 0)}",
        environment,
    )
    assert result.returncode != 0
    assert "nvvideoconvert" in result.stderr


def test_downstream_may_choose_the_format(environment: dict[str, str]) -> None:
    result = run(
        "gst-launch-1.0 -v nvstreammux name=mux width=320 height=240 "
        "! video/x-raw(memory:NVMM),format=RGBA ! fakesink "
        f"{source(3, 'format=NV12,width=64,height=48', 0)}",
        environment,
    )
    assert result.returncode == 0, result.stderr
    assert "memory:NVMM), format=(string)RGBA, width=(int)320" in result.stdout


def test_live_sources_run_on_the_clock_and_stop_at_once(environment: dict[str, str]) -> None:
    begin = time.monotonic()
    result = run(
        "gst-launch-1.0 -v -e nvstreammux name=mux batch-size=2 live-source=true "
        "batched-push-timeout=40000 width=64 height=48 ! fakesink silent=false sync=true "
        f"{source(25, 'format=NV12,width=64,height=48,framerate=50/1', 0, live=True)} "
        f"{source(25, 'format=NV12,width=64,height=48,framerate=50/1', 1, live=True)}",
        environment,
    )
    assert result.returncode == 0, result.stderr
    assert 25 <= batches(result.stdout) <= 50
    assert time.monotonic() - begin > 0.4
