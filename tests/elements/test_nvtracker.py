# SPDX-License-Identifier: Apache-2.0
"""nvtracker and nvtrackerbin as gst-launch-1.0 sees them, with good and bad properties."""

from __future__ import annotations

from pathlib import Path

import pytest

CONFIGS = Path(__file__).resolve().parents[2] / (
    "dsbind/data/deepstream/samples/configs/deepstream-app"
)
SOURCE = (
    "videotestsrc num-buffers=5 ! video/x-raw,width=320,height=240 ! nvvideoconvert "
    "! video/x-raw(memory:NVMM),format={} ! mux.sink_0 nvstreammux name=mux batch-size=1 "
    "width=320 height=240"
)


def track(launch, properties, *, factory="nvtracker", format="NV12", ok=True, **environment):
    line = f"{SOURCE.format(format)} ! {factory} {properties} ! fakesink"
    return launch(line.replace("(", "\\(").replace(")", "\\)"), ok=ok, **environment)


@pytest.mark.parametrize("factory", ["nvtracker", "nvtrackerbin"])
@pytest.mark.parametrize("name", ["IOU", "NvSORT", "NvDCF_perf", "NvDCF_accuracy"])
def test_samples_run_without_a_warning(launch, leaks_env, factory, name):
    config = CONFIGS / f"config_tracker_{name}.yml"
    done = track(launch, f"ll-config-file={config}", factory=factory, **leaks_env)
    assert "WARNING" not in done.output, done.output
    assert not done.leaks


@pytest.mark.parametrize("format", ["NV12", "RGBA", "I420"])
def test_pictures_of_each_format_are_scaled_for_the_library(launch, format):
    config = CONFIGS / "config_tracker_NvDCF_accuracy.yml"
    track(launch, f"ll-config-file={config} tracker-width=97 tracker-height=61", format=format)


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ("ll-config-file=/no/such.yml", "'/no/such.yml' cannot be read"),
        ("ll-lib-file=/no/such.so", "leave ll-lib-file out"),
        ("ll-lib-file=/bin/true", "DSBIND_LIBRARY_PATH"),
        ("sub-batches=0,0", "source 0 is named twice"),
        ("operate-on-class-ids=car", "'car' is no number"),
        ("sub-batches=7", "has no place for source 0"),
    ],
)
def test_what_is_wrong_is_named(launch, properties, message):
    done = track(launch, properties, ok=False)
    assert message in "".join(done.errors), done.output


def test_without_a_muxer_it_is_named(launch):
    done = launch(
        "videotestsrc num-buffers=2 ! nvvideoconvert ! video/x-raw\\(memory:NVMM\\),format=NV12 "
        "! nvtracker ! fakesink",
        ok=False,
    )
    assert "put nvstreammux upstream" in "".join(done.errors), done.output
