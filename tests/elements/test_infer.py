# SPDX-License-Identifier: Apache-2.0
"""nvinfer as gst-inspect-1.0 and gst-launch-1.0 see it, with good and bad configs."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from launching import run_launch

DATA = Path(__file__).resolve().parents[2] / "dsbind" / "data"
SOURCE = (
    "videotestsrc num-buffers=5 ! video/x-raw,width=320,height=240 ! nvvideoconvert "
    "! video/x-raw(memory:NVMM),format=NV12"
)
MUX = "nvstreammux name=mux batch-size=1 width=640 height=368"
PROPERTIES = {
    "batch-size": "0",
    "config-file-path": '""',
    "filter-out-class-ids": '""',
    "gpu-id": "0",
    "infer-on-class-ids": '""',
    "infer-on-gie-id": "-1",
    "input-tensor-meta": "false",
    "interval": "0",
    "model-engine-file": '""',
    "output-tensor-meta": "false",
    "process-mode": "1",
    "unique-id": "15",
}


@pytest.fixture
def environment(gst_env: dict[str, str]) -> dict[str, str]:
    spec = importlib.util.find_spec("onnxruntime")
    assert spec and spec.submodule_search_locations
    library = next(Path(spec.submodule_search_locations[0]).glob("capi/libonnxruntime.so*"))
    return {**gst_env, "DSBIND_ONNXRUNTIME": str(library)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the sample model and its labels, for configs of the test's own."""
    for name in ("street.onnx", "street_labels.txt"):
        shutil.copy(DATA / name, tmp_path)
    return tmp_path


def launch(description: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return run_launch(["gst-launch-1.0", *description.split()], environment, timeout=60)


def infer(
    config: Path | str, environment: dict[str, str], properties: str = ""
) -> subprocess.CompletedProcess[str]:
    return launch(
        f"{SOURCE} ! mux.sink_0 {MUX} ! nvinfer config-file-path={config} {properties} ! fakesink",
        environment,
    )


def test_properties_have_deepstream_s_names(environment: dict[str, str]) -> None:
    done = subprocess.run(
        ["gst-inspect-1.0", "nvinfer"], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    own = done.stdout.split("Element Properties:")[1]
    for name, default in PROPERTIES.items():
        lines = re.split(rf"\n  {name} *:", own)[1].splitlines()[:3]
        assert any(f"Default: {default}" in line for line in lines), (name, lines)
    assert "video/x-raw(memory:NVMM)" in done.stdout


def test_sample_config_runs_without_a_warning(environment: dict[str, str]) -> None:
    done = infer(DATA / "street.txt", environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stdout + done.stderr


def test_yaml_config_runs(folder: Path, environment: dict[str, str]) -> None:
    config = folder / "street.yml"
    config.write_text(
        "property:\n  onnx-file: street.onnx\n  labelfile-path: street_labels.txt\n"
        "  net-scale-factor: 0.00392156862745098\n  cluster-mode: 2\n"
        "class-attrs-all:\n  pre-cluster-threshold: 0.5\n"
    )
    done = infer(config, environment, "batch-size=4 interval=1 output-tensor-meta=true")
    assert done.returncode == 0, done.stdout + done.stderr


BAD = {
    "typo in a number": ("net-scale-factor=0.5x\n", "net-scale-factor=0.5x is not a number"),
    "negative dimension": ("infer-dims=3;-368;640\n", "'-368', which is out of range"),
    "overflowing dimension": ("infer-dims=3;4294967664;640\n", "out of range"),
    "dims of another model": ("infer-dims=3;416;416\n", "infer-dims=3;416;416 and the model"),
    "labels that do not fit": ("num-detected-classes=7\n", "the label file has 4 labels"),
    "class out of range": ("[class-attrs-4]\neps=1\n", "[class-attrs-4] and labelfile-path"),
    "no network type": ("network-type=4\n", "is none of 0 (detector), 1 (classifier)"),
    "classifier of grids": ("network-type=1\n", "has a number per class in each"),
    "masks of boxes": ("network-type=3\n", "instance segmentation (network-type=3) reads YOLO"),
    "unknown parser": ("parse-bbox-func-name=f\n", "custom-lib-path must name; built in are"),
    "parser of others": (
        "parse-bbox-func-name=NvDsInferParseYolo\n",
        "that is not what parse-bbox-func-name reads",
    ),
    "missing labels": ("labelfile-path=gone.txt\n", "gone.txt' does not exist"),
    "missing model": ("onnx-file=gone.onnx\n", "gone.onnx' does not exist"),
    "corrupt model": ("onnx-file=corrupt.onnx\n", "corrupt.onnx' cannot be loaded by ONNX Runtime"),
    "library elsewhere": (
        "parse-bbox-func-name=f\ncustom-lib-path=/bin/true\n",
        "allow its folder by DSBIND_LIBRARY_PATH",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_config_is_named_before_any_frame(
    case: str, folder: Path, environment: dict[str, str]
) -> None:
    lines, message = BAD[case]
    (folder / "corrupt.onnx").write_bytes((folder / "street.onnx").read_bytes()[:5000])
    config = folder / "config.txt"
    config.write_text(
        f"[property]\nonnx-file=street.onnx\nlabelfile-path=street_labels.txt\n{lines}"
    )
    start = time.monotonic()
    done = infer(config, environment)
    assert time.monotonic() - start < 10
    assert done.returncode != 0
    assert message in done.stderr, done.stdout + done.stderr
    assert "PLAYING" not in done.stdout


def test_missing_config_is_named(environment: dict[str, str]) -> None:
    done = infer("/no/such/config.txt", environment)
    assert done.returncode != 0
    assert "'/no/such/config.txt' does not exist" in done.stderr
    done = launch(f"{SOURCE} ! mux.sink_0 {MUX} ! nvinfer ! fakesink", environment)
    assert done.returncode != 0
    assert "set config-file-path" in done.stderr


def test_unknown_key_warns_with_the_nearest_name(folder: Path, environment: dict[str, str]) -> None:
    config = folder / "config.txt"
    config.write_text("[property]\nonnx-file=street.onnx\nnet-scale-facto=1\nint8-calib-file=x\n")
    done = infer(config, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    text = done.stdout + done.stderr
    assert "config.txt:3: [property] net-scale-facto=1" in text
    assert "did you mean net-scale-factor?" in text
    assert "int8-calib-file: only for TensorRT" in text


def test_without_batch_metadata_the_muxer_is_named(environment: dict[str, str]) -> None:
    done = launch(
        f"{SOURCE} ! nvinfer config-file-path={DATA / 'street.txt'} ! fakesink", environment
    )
    assert done.returncode != 0
    assert "put nvstreammux upstream" in done.stderr


def test_missing_onnxruntime_says_how_to_get_it(environment: dict[str, str]) -> None:
    done = infer(
        DATA / "street.txt", {**environment, "DSBIND_ONNXRUNTIME": "/no/libonnxruntime.so"}
    )
    assert done.returncode != 0
    assert "pip install onnxruntime" in done.stderr
