# SPDX-License-Identifier: Apache-2.0
"""The examples of inference, run as a user does."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.onnx_models import ANY, node, write_constant_model, write_model
from dsbind import clips
from dsbind.utils import MediaInfo

EXAMPLES = Path(__file__).parent.parent / "examples"
PROGRAMS = Path(__file__).parent / "programs"


def run(folder, name, *arguments):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_classify_counts_colors(tmp_path):
    clip = clips.fetch("street", lambda text: None)
    said = run(tmp_path, "classify.py", clip, "out.mp4")
    colors = ast.literal_eval(said.partition("}")[0] + "}")
    assert next(iter(colors)) == "black"
    assert set(colors) <= {"black", "white", "grey", "red", "blue", "green", "other"}
    assert MediaInfo.discover(str(tmp_path / "out.mp4")).video.width == 1280


@pytest.mark.parametrize("reader", ["", "--python"])
def test_yolo_finds_what_the_model_says(reader, tmp_path, clip):
    # 64x64: 64 + 16 + 4 cells. Two candidates are one object, a third is another.
    table = np.zeros((4 + 2, 84), np.float32)
    table[:, 3] = 20, 30, 10, 8, 0.1, 0.9
    table[:, 4] = 21, 30, 10, 8, 0.1, 0.8
    table[:, 40] = 50, 30, 10, 8, 0.7, 0.2
    write_constant_model(tmp_path / "m.onnx", [ANY, 3, 64, 64], {"output0": table})
    (tmp_path / "labels.txt").write_text("cat\ndog\n")
    said = run(tmp_path, "yolo.py", "m.onnx", clip, "labels.txt", *filter(None, [reader]))
    assert ast.literal_eval(said) == {"cat": 60, "dog": 60}


def test_segment_colors_the_ball(tmp_path, clip):
    image = [ANY, 3, 24, 32]
    write_model(tmp_path / "m.onnx", image, {"y": image}, [node("Relu", ["x"], "y")])
    said = run(tmp_path, "segment.py", "m.onnx", clip, "out.mp4")
    assert "class -1: 9" in said
    assert MediaInfo.discover(str(tmp_path / "out.mp4")).video.height == 720


def test_detector_tracker_and_two_classifiers_work_together(tmp_path):
    """As the SDK's second sample program, run by `dsbind run`."""
    clip = clips.fetch("street", lambda text: None)
    done = subprocess.run(
        [sys.executable, "-m", "dsbind", "run", PROGRAMS / "classify_tracked.py", str(clip)],
        cwd=tmp_path,
        env={**os.environ, "DSBIND_SAMPLES": str(tmp_path / "tree")},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    labels, components, most = map(ast.literal_eval, done.stdout.strip().splitlines()[-3:])
    assert labels["black"] > 100
    assert components == [2, 3]
    # A track of some seconds, told of in every frame.
    assert most > 20
