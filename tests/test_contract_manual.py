# SPDX-License-Identifier: Apache-2.0
"""docs/flow-api.md says what the package has, and its examples work."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import dsbind
from dsbind import BatchMetadataOperator, Flow, Pipeline, Probe, SourceConfig, meta, osd, utils

MANUAL = Path(__file__).resolve().parent.parent / "docs" / "flow-api.md"


@pytest.fixture(scope="module")
def manual():
    return MANUAL.read_text(encoding="utf-8")


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def public(kind):
    return [name for name in dir(kind) if not name.startswith("_")]


def words(text):
    return set(re.findall(r"\w+", text))


def test_every_public_name_is_in_it(manual):
    # Modules for programs that want to know more than the Flow API.
    beside = {"gst", "runtime", "surface", "as_pyservicemaker", "RuntimeNotFoundError"}
    assert set(dsbind.__all__) - beside - words(manual) == set()
    assert set(meta.__all__) - words(manual) == set()
    assert set(osd.__all__) - words(manual) == set()
    known = {"FrameQueue", "FrameSampler", "AudioStreamInfo", "VideoStreamInfo"}
    retrievers = {"StreamFrameRetriever", "BulkFrameRetriever"}
    assert set(utils.__all__) - known - retrievers - words(manual) == set()


@pytest.mark.parametrize(
    "kind",
    [Flow, Pipeline, dsbind.Node, dsbind.Buffer, dsbind.Tensor, utils.PerfMonitor, SourceConfig,
     meta.BatchMetadata, meta.FrameMetadata, meta.ObjectMetadata, meta.ClassifierMetadata,
     meta.DisplayMetadata, meta.UserMetadata, meta.TensorOutputUserMetadata,
     meta.AnalyticsFrameMeta,
     meta.SegmentationUserMetadata, utils.EngineFileMonitor,
     meta.AnalyticsObjInfo, meta.PreprocessBatchUserMetadata, meta.RoiMetadata,
     meta.PreprocessTensorMetadata],
)  # fmt: skip
def test_every_member_is_in_it(manual, kind):
    # What those that write such classes need, and what is said of all of them at once.
    beside = {"attach_to", "close", "interval"}
    assert set(public(kind)) - beside - words(manual) == set()


def test_signatures_are_those_of_the_code(manual):
    checked = 0
    for name, arguments in re.findall(r"^\*\*`(\w+)\((.*?)\)`", manual, re.MULTILINE | re.DOTALL):
        found = list(inspect.signature(getattr(Flow, name)).parameters)[1:]
        told = [item.split("=")[0] for item in re.split(r",\s+", arguments)]
        told = [item.strip().lstrip("*") for item in told]
        # Undocumented by NVIDIA, and told beside the signature.
        found = [item for item in found if item != "smart_record_config"]
        assert [item for item in told if item] == found, name
        checked += 1
    assert checked >= 15


def test_the_pipeline_file_plays(manual, clip, tmp_path):
    class Count(BatchMetadataOperator):
        frames = 0

        def handle_metadata(self, batch_meta):
            self.frames += batch_meta.n_frames

    text = next(block for block in blocks(manual, "yaml") if "deepstream:" in block)
    path = tmp_path / "p.yaml"
    path.write_text(text.replace("file:///street.mp4", f"file://{clip}"))
    count = Count()
    Pipeline("p", str(path)).attach("mux", Probe("count", count)).start().wait()
    assert count.frames == 60


def test_the_source_configuration_loads(manual, tmp_path):
    text = next(block for block in blocks(manual, "yaml") if "source-list:" in block)
    path = tmp_path / "s.yaml"
    path.write_text(text)
    config = SourceConfig()
    config.load(str(path))
    assert config.sensor_list[0].sensor_name == "Entrance"
    assert config.source_type == "nvmultiurisrcbin"


def test_python_examples_are_python(manual):
    found = blocks(manual, "python")
    assert len(found) >= 2
    for block in found:
        compile(block, str(MANUAL), "exec")


def test_it_is_short_and_says_only_what_is_there(manual):
    assert len(manual.splitlines()) <= 500
    for anchor in re.findall(r"\]\(#([\w-]+)\)", manual):
        titles = [
            title.lower().replace(" ", "-") for title in re.findall(r"^#+ (.*)$", manual, re.M)
        ]
        assert anchor in titles
