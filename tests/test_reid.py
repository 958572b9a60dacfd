# SPDX-License-Identifier: Apache-2.0
"""track() with a model that tells objects apart by their looks."""

from __future__ import annotations

import numpy as np
import pytest
from injecting import Pictures

import dsbind
from benchmarks.onnx_models import ANY, node, write_model
from dsbind import BatchMetadataOperator, Flow, Pipeline, Probe, RenderMode

WIDTH, HEIGHT = 320, 240
SIDE, CELLS = 32, 4
RED, BLUE = (220, 40, 30), (30, 60, 210)


@pytest.fixture
def folder(tmp_path):
    """With a model: the mean color of each cell of a 4 x 4 grid, from -1 to 1."""
    write_model(
        tmp_path / "looks.onnx",
        [ANY, 3, SIDE, SIDE],
        {"cells": [ANY, 3, CELLS, CELLS]},
        [
            node(
                "AveragePool",
                ["x"],
                "cells",
                kernel_shape=[SIDE // CELLS] * 2,
                strides=[SIDE // CELLS] * 2,
            )
        ],
    )
    return tmp_path


def config(folder, reid, association="", trajectory="", target=""):
    path = folder / "tracker.yml"
    path.write_text(
        f"TargetManagement:\n  probationAge: 1\n  maxShadowTrackingAge: 40\n{target}"
        f"TrajectoryManagement:\n{trajectory or '  enableReAssoc: 0'}\n"
        f"DataAssociator:\n  associationMatcherType: 1\n  usePrediction4Assoc: 1\n{association}"
        "StateEstimator:\n  stateEstimatorType: 2\n  compensateCameraMotion: 0\n"
        "ReID:\n  onnxFile: looks.onnx\n  reidFeatureSize: 48\n  inferDims: [3, 32, 32]\n"
        "  keepAspc: 0\n  netScaleFactor: 0.0078125\n  offsets: [128, 128, 128]\n" + reid
    )
    return path


BY_LOOKS = (
    "  minMatchingScore4ReidSimilarity: 0.5\n  matchingScoreWeight4ReidSimilarity: 1\n"
    "  matchingScoreWeight4Iou: 0.3\n  thresholdMahalanobis: 50\n"
)


def square(picture, left, top, color, side=SIDE):
    picture[top : top + side, left : left + side] = color


class Detector(BatchMetadataOperator):
    """Gives the boxes of each frame."""

    def __init__(self, boxes):
        super().__init__()
        self.boxes = boxes

    def handle_metadata(self, batch_meta):
        for frame in batch_meta.frame_items:
            for left, top in self.boxes[frame.frame_number]:
                item = batch_meta.acquire_object_meta()
                item.class_id = 0
                item.confidence = 0.9
                item.rect_params = dsbind.osd.Rect(left, top, SIDE, SIDE)
                frame.append(item)


class Tracks(BatchMetadataOperator):
    """Notes, of each frame, where each id is and how it looks."""

    def __init__(self):
        super().__init__()
        self.frames = []
        self.batches = []

    def handle_metadata(self, batch_meta):
        for frame in batch_meta.frame_items:
            self.frames.append({})
            for item in frame.object_items:
                vectors = [user.as_obj_reid().feature_vector for user in item.obj_reid_items]
                assert len(vectors) <= 1
                place = round(item.rect_params.left), round(item.rect_params.top)
                self.frames[-1][item.object_id] = (*place, vectors[0] if vectors else None)
        self.batches.append(len(batch_meta.user_meta_items(16)))


def follow(pictures, boxes, path):
    tracks = Tracks()
    provider = Pictures(*pictures, size=(WIDTH, HEIGHT), format="RGBA")
    flow = Flow(Pipeline("p")).inject([provider]).batch(width=WIDTH, height=HEIGHT)
    flow = flow.attach(Probe("detector", Detector(boxes)))
    flow = flow.track(ll_config_file=path, tracker_width=WIDTH, tracker_height=HEIGHT)
    flow.attach(Probe("tracks", tracks)).render(RenderMode.DISCARD, sync=False)()
    assert len(tracks.frames) == len(pictures)
    return tracks


def blank():
    return np.full((HEIGHT, WIDTH, 4), (90, 90, 90, 255), np.uint8)


def turning_back():
    """Two who meet behind a pillar where nobody sees them, and go back where they came from."""
    pictures, boxes = [], []
    for number in range(60):
        way = min(number, 60 - number)
        lefts = [20 + 4 * way, 268 - 4 * way]
        picture = blank()
        for left, color in zip(lefts, (RED, BLUE), strict=True):
            square(picture, left, 100, (*color, 255))
        seen = abs(number - 30) >= 6
        if not seen:
            picture[:, 110:210] = (0, 90, 0, 255)
        pictures.append(picture)
        boxes.append([(left, 100) for left in lefts] if seen else [])
    return pictures, boxes


def ends(tracks):
    """Which id is where in the first and the last frame: from left to right."""
    return [
        [name for name, _ in sorted(tracks.frames[number].items(), key=lambda item: item[1][0])]
        for number in (10, 59)
    ]


def test_looks_keep_identities_apart_where_motion_swaps_them(folder):
    pictures, boxes = turning_back()
    first, last = ends(follow(pictures, boxes, config(folder, "  reidType: 0\n")))
    assert first == last[::-1], "motion alone is expected to swap them"
    tracks = follow(pictures, boxes, config(folder, "  reidType: 1\n", BY_LOOKS))
    first, last = ends(tracks)
    assert first == last and len(set(first)) == 2


def test_vectors_are_what_the_model_says_of_the_pixels(folder):
    # One color a cell: what becomes of edges on the way is not the matter here.
    random = np.random.default_rng(3)
    cells = random.integers(30, 220, (HEIGHT // 8, WIDTH // 8, 3), np.uint8)
    picture = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    picture[:, :, :3] = cells.repeat(8, 0).repeat(8, 1)
    boxes = [[(40, 64), (200, 16), (128, 176)]] * 3
    path = config(folder, "  reidType: 1\n  outputReidTensor: 1\n")
    tracks = follow([picture] * 3, boxes, path)
    assert tracks.batches == [0, 1, 1] or tracks.batches == [1, 1, 1]
    assert len(tracks.frames[2]) == 3
    for left, top, vector in tracks.frames[2].values():
        crop = picture[top : top + SIDE, left : left + SIDE, :3].astype(np.float32)
        planes = ((crop - 128) * 0.0078125).transpose(2, 0, 1)
        cells = planes.reshape(3, CELLS, SIDE // CELLS, CELLS, SIDE // CELLS).mean(axis=(2, 4))
        assert vector.dtype == np.float32
        np.testing.assert_allclose(vector, cells.ravel(), atol=0.04)  # five levels of 256
    # In blue, green, red, and of length 1.
    path = config(
        folder,
        "  reidType: 1\n  outputReidTensor: 1\n  colorFormat: 1\n  addFeatureNormalization: 1\n",
    )
    for name, (*_, vector) in follow([picture] * 3, boxes, path).frames[2].items():
        turned = tracks.frames[2][name][2].reshape(3, -1)[::-1].ravel()
        np.testing.assert_allclose(vector, turned / np.linalg.norm(turned), atol=1e-4)


def test_no_vectors_go_out_where_nobody_asks(folder):
    pictures, boxes = turning_back()
    tracks = follow(pictures[:5], boxes[:5], config(folder, "  reidType: 1\n", BY_LOOKS))
    assert set(tracks.batches) == {0}
    assert all(vector is None for frame in tracks.frames for *_, vector in frame.values())


def gone_for_long(colors):
    """One who goes out of sight for 20 frames; who comes out elsewhere has the second color."""
    pictures, boxes = [], []
    for number in range(60):
        picture, left, top = blank(), 10 + 4 * number, 100 if number < 30 else 160
        seen = not 20 <= number < 40
        if seen:
            square(picture, left, top, (*colors[number >= 30], 255))
        pictures.append(picture)
        boxes.append([(left, top)] if seen else [])
    return pictures, boxes


REASSOCIATE = (
    "  enableReAssoc: 1\n  minTrajectoryLength4Projection: 5\n  minTrackletMatchingScore: 0.01\n"
    "  matchingScoreWeight4TrackletSimilarity: 0.2\n  matchingScoreWeight4ReidSimilarity: 0.8\n"
    "  minMatchingScore4ReidSimilarity: 0.6\n  minMatchingScore4Overall: 0.5\n"
    "  trackletSpacialSearchRegionScale: 2\n  reidExtractionInterval: 3\n"
)


@pytest.mark.parametrize(("second", "same"), [(RED, True), (BLUE, False)])
def test_a_lost_one_is_found_again_by_its_looks(folder, second, same):
    pictures, boxes = gone_for_long((RED, second))
    path = config(
        folder,
        "  reidType: 2\n",
        "  minMatchingScore4Iou: 0.3\n",
        REASSOCIATE,
        "  minTrackerConfidence: 1\n",
    )
    tracks = follow(pictures, boxes, path)
    before = set(tracks.frames[18])
    after = {name for name in tracks.frames[58] if tracks.frames[58][name][0] > 200}
    assert (before & after != set()) == same


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("  reidType: 4\n", "ReID.reidType: 4 is not possible"),
        ("  reidType: 1\n  reidFeatureSize: 128\n", "reidFeatureSize: 128 .* it has cells of 48"),
        ("  reidType: 1\n  inferDims: [3, 64, 64]\n", "inferDims.*contradict each other"),
        ("  reidType: 1\n  inferDims: [3, 0, 64]\n", "use 3 whole numbers from 1 to 16384"),
        ("  reidType: 1\n  offsets: [1, 2]\n", "use 3 numbers"),
        ("  reidType: 2\n  onnxFile: none.onnx\n", "none.onnx"),
        ("  reidType: 3\n  batchSize: 0\n", "use a whole number from 1 to 1024"),
    ],
)
def test_what_cannot_be_used_is_named(folder, lines, said):
    path = folder / "tracker.yml"
    keys = {
        "onnxFile": "looks.onnx",
        "reidFeatureSize": "48",
        **dict(line.strip().split(": ", 1) for line in lines.splitlines()),
    }
    path.write_text("ReID:\n" + "".join(f"  {key}: {value}\n" for key, value in keys.items()))
    with pytest.raises(dsbind.Error, match=said) as caught:
        follow([blank()], [[]], path)
    assert str(path) in str(caught.value)


def test_engines_of_tensorrt_are_refused_with_the_reason(folder):
    path = folder / "tracker.yml"
    path.write_text("ReID:\n  reidType: 2\n  modelEngineFile: net.engine\n")
    with pytest.raises(dsbind.Error, match="onnxFile.*TensorRT"):
        follow([blank()], [[]], path)


def test_a_config_is_taken_up_while_running(folder):
    path = config(folder, "  reidType: 0\n")
    strict = folder / "strict.yml"
    strict.write_text("BaseConfig:\n  minDetectorConfidence: 1\n")

    class Turns(Tracks):
        def handle_metadata(self, batch_meta):
            super().handle_metadata(batch_meta)
            if len(self.frames) == 10:
                pipeline[name].set({"ll-config-file": str(strict)})

    tracks = Turns()
    pipeline = Pipeline("p")
    flow = Flow(pipeline).inject([Pictures(*[blank()] * 60, size=(WIDTH, HEIGHT), format="RGBA")])
    flow = flow.batch(width=WIDTH, height=HEIGHT)
    flow = flow.attach(Probe("detector", Detector([[(100, 100)]] * 60)))
    flow = flow.track(ll_config_file=path)
    name = flow._streams[0].originator
    flow.attach(Probe("tracks", tracks)).render(RenderMode.DISCARD, sync=False)()
    assert tracks.frames[8] and not tracks.frames[-1]
