# SPDX-License-Identifier: Apache-2.0
"""infer(): classifiers of objects, class maps, tensors, parsers in Python, models that change."""

from __future__ import annotations

import shutil
import threading
import time
from collections import Counter

import numpy as np
import pytest

from benchmarks.onnx_models import ANY, node, write_model
from dsbind import (
    BatchMetadataOperator,
    BufferOperator,
    Flow,
    Pipeline,
    Probe,
    RenderMode,
    StaleMetadataError,
    clips,
)
from dsbind.data import clothing_config, street_config
from dsbind.errors import ArgumentTypeError, ConfigError, UnknownPropertyWarning
from dsbind.utils import EngineFileMonitor

WIDTH, HEIGHT = 32, 16


@pytest.fixture
def folder(tmp_path):
    """Models of the test's own: the image itself, and its mean colour."""
    image = [ANY, 3, HEIGHT, WIDTH]
    write_model(tmp_path / "same.onnx", image, {"y": image}, [node("Relu", ["x"], "y")])
    write_model(
        tmp_path / "mean.onnx",
        image,
        {"y": [ANY, 3, 1, 1]},
        [node("GlobalAveragePool", ["x"], "y")],
    )
    return tmp_path


def config_of(folder, name, lines):
    path = folder / f"{name}.txt"
    path.write_text(
        f"[property]\nonnx-file={name}.onnx\ngie-unique-id=4\n"
        "net-scale-factor=0.00392156862745098\n" + lines
    )
    return str(path)


class Each(BatchMetadataOperator):
    """Calls a function with every frame."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def handle_metadata(self, batch_meta):
        for frame in batch_meta.frame_items:
            self.function(frame)


def run(flow, function=None):
    if function is not None:
        flow = flow.attach(Probe("each", Each(function)))
    flow.render(RenderMode.DISCARD, sync=False)()


def batches(clip, **size):
    return Flow(Pipeline("infer")).batch_capture(
        [str(clip)], **(size or {"width": 320, "height": 240})
    )


def batches_of(pipeline, clip):
    return Flow(pipeline).batch_capture([str(clip)], width=320, height=240)


def test_a_classifier_runs_on_the_detector_s_objects():
    found = Counter()
    texts = set()

    def see(frame):
        for item in frame.object_items:
            for classifier in item.classifier_items:
                info = classifier.get_label_info(0)
                assert (classifier.unique_component_id, classifier.classifier_type) == (
                    2,
                    "clothing",
                )
                assert (info.num_classes, info.label_id, info.label) == (
                    7,
                    0,
                    classifier.get_n_label(0),
                )
                assert 0.51 <= info.prob <= 1
                texts.add((item.label, info.label, item.text_params.display_text))
                found[item.label, info.label] += 1

    clip = clips.fetch("street", lambda text: None)
    flow = batches(clip, width=1280, height=720).infer(street_config()).infer(clothing_config())
    run(flow, see)
    assert {label for label, _ in found} == {"person"}
    # The clip's people wear black and grey mostly.
    assert found["person", "black"] > 100
    assert all(text == f"{label} {color}" for label, color, text in texts)


def test_tensors_share_memory_and_outlive_the_batch(clip, folder):
    kept = []

    def see(frame):
        for item in frame.tensor_items:
            output = item.as_tensor_output()
            first, second = output.get_layers()["y"], output.get_layers()["y"]
            assert output.network_size == (WIDTH, HEIGHT)
            assert first.shape == (3, HEIGHT, WIDTH)
            if len(kept) < 5:
                array = np.from_dlpack(first)
                assert np.shares_memory(array, second.numpy())
                array[0, 0, 0] = 7
                assert second.numpy()[0, 0, 0] == 7
                kept.append((array, array.copy(), output))

    config = config_of(folder, "same", "network-type=100\noutput-tensor-meta=1\n")
    run(batches(clip).infer(config), see)
    assert len(kept) == 5
    for array, copy, output in kept:
        assert (array == copy).all()
        assert array.max() > 0.5
        with pytest.raises(StaleMetadataError):
            output.get_layers()


def test_class_maps_are_arrays(clip, folder):
    kept = []

    def see(frame):
        maps = [item.as_segmentation() for item in frame.segmentation_items]
        assert len(maps) == 1
        (map_,) = maps
        assert (map_.unique_id, map_.classes, map_.width, map_.height) == (4, 3, WIDTH, HEIGHT)
        assert bool(map_)
        assert not bool(frame.segmentation_items[0].as_tensor_output())
        kept.append((map_.class_map, map_.class_probabilities_map, repr(map_)))

    config = config_of(folder, "same", "network-type=2\nsegmentation-threshold=0.5\n")
    run(batches(clip).infer(config), see)
    assert len(kept) == 60
    for classes, likely, text in kept[::10]:
        assert classes.shape == (HEIGHT, WIDTH)
        assert classes.dtype == np.int32
        assert likely.shape == (HEIGHT, WIDTH, 3)
        expected = np.where(likely.max(axis=2) > 0.5, likely.argmax(axis=2), -1)
        assert (classes == expected).all()
        assert (classes >= 0).any()
        assert (classes == -1).any()
        assert "32x16" in text


class Picture(BufferOperator):
    """Keeps the first picture."""

    def __init__(self):
        super().__init__()
        self.pixels = None

    def handle_buffer(self, buffer):
        if self.pixels is None:
            self.pixels = np.array(buffer.extract(0))
        return True


# Of classes 0, 1 and 2.
PALETTE = [(255, 0, 0), (55, 0, 191), (0, 255, 106)]


def test_class_maps_are_drawn(clip, folder):
    """By the element, in the clip whose ball is white on black."""
    config = config_of(folder, "same", "network-type=2\nsegmentation-threshold=0.5\n")
    pictures = []
    for settings in ({"original-background": True, "alpha": 0.5}, {"alpha": 1.0}):
        pipeline = Pipeline("seg")
        flow = Flow(pipeline).batch_capture([str(clip)], width=320, height=240).infer(config)
        pipeline.add("nvvideoconvert", "convert").add("nvsegvisual", "seg", settings)
        pipeline.add("nvvideoconvert", "back").add(
            "capsfilter", "rgb", {"caps": "video/x-raw(memory:NVMM), format=RGB"}
        )
        pipeline.add("fakesink", "sink", {"sync": False})
        pipeline.link(flow._streams[0].originator, "convert", "seg", "back", "rgb", "sink")
        picture = Picture()
        pipeline.attach("rgb", Probe("picture", picture))
        pipeline.start().wait()
        pictures.append(picture.pixels.astype(int))
    blended, plain = pictures
    colored = plain.sum(axis=2) > 0
    assert 400 < colored.sum() < 4000
    assert set(map(tuple, plain[colored])) <= {tuple(c) for c in PALETTE}
    row, column = (int(np.median(places)) for places in np.nonzero(colored))
    # Half of the colour, half of the white ball.
    assert (abs(blended[row, column] - (plain[row, column] + 255) / 2) <= 6).all()
    corner = (0, 0) if not colored[0, 0] else (-1, -1)
    assert blended[corner].max() <= 24
    assert plain[corner].max() == 0


def boxes_of_ball(layers):
    """The white ball, in pixels of the network's input."""
    values = layers["y"].numpy()[0]
    rows, columns = np.nonzero(values > 0.5)
    if len(rows) == 0:
        return None
    return [[1, values.max(), columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]]


def test_a_parser_in_python_finds_objects(clip, folder):
    (folder / "labels.txt").write_text("nothing\nball\n")
    config = config_of(folder, "same", "labelfile-path=labels.txt\n")
    seen = []

    def see(frame):
        for item in frame.object_items:
            rect = item.rect_params
            seen.append(
                (item.label, item.class_id, item.unique_component_id, rect.width, rect.height)
            )
            assert 0.5 < item.confidence <= 1
            assert 0 <= rect.left < 320
            assert rect.left + rect.width <= 320

    run(batches(clip).infer(config, parser=boxes_of_ball), see)
    assert len(seen) == 60
    assert {entry[:3] for entry in seen} == {("ball", 1, 4)}
    # Of 40 pixels, seen through a network of a tenth and a fifteenth of the size.
    assert all(10 <= entry[3] <= 70 and 15 <= entry[4] <= 75 for entry in seen)


def test_a_parser_s_exception_is_raised(clip, folder):
    config = config_of(folder, "same", "")

    def fail(layers):
        raise ZeroDivisionError("no boxes today")

    with pytest.raises(ZeroDivisionError, match="no boxes today"):
        run(batches(clip).infer(config, parser=fail))
    with pytest.raises(ConfigError, match=r"shape \(2, 3\); a parser returns \(N, 6\)"):
        run(batches(clip).infer(config, parser=lambda layers: np.zeros((2, 3))))
    with pytest.raises(ArgumentTypeError, match="takes a callable"):
        batches(clip).infer(config, parser="yolo")


@pytest.mark.parametrize("class_id", [65536, 2**31, 3e38])
def test_a_class_id_beyond_the_range_is_named(clip, folder, class_id):
    config = config_of(folder, "same", "")
    with pytest.raises(
        ConfigError, match=rf"the class id {class_id:.0f}; class ids are 0 to 65535"
    ):
        run(batches(clip).infer(config, parser=lambda layers: [[class_id, 1, 0, 0, 9, 9]]))


def test_a_parser_that_numba_compiled_gets_arrays(clip, folder):
    numba = pytest.importorskip("numba")

    @numba.njit(nogil=True)
    def parser(values):
        left, top, right, bottom = values.shape[2], values.shape[1], 0, 0
        for y in range(values.shape[1]):
            for x in range(values.shape[2]):
                if values[0, y, x] > 0.5:
                    left, right = min(left, x), max(right, x + 1)
                    top, bottom = min(top, y), max(bottom, y + 1)
        rows = np.zeros((1 if right else 0, 6), np.float32)
        if right:
            rows[0, 0], rows[0, 1] = 1, values[0].max()
            rows[0, 2], rows[0, 3], rows[0, 4], rows[0, 5] = left, top, right, bottom
        return rows

    def boxes_by(parser):
        seen = []

        def see(frame):
            for item in frame.object_items:
                rect = item.rect_params
                seen.append((item.class_id, rect.left, rect.top, rect.width, rect.height))

        config = config_of(folder, "same", "")
        run(batches(clip).infer(config, parser=parser), see)
        return seen

    compiled = boxes_by(parser)
    assert len(compiled) == 60
    assert compiled == boxes_by(boxes_of_ball)


def test_a_parser_reads_the_tensors_of_objects(clip, folder):
    """The ball in the frame, then the ball in the box of the ball."""
    first = config_of(folder, "same", "")
    second = folder / "second.txt"
    second.write_text(
        "[property]\nonnx-file=same.onnx\ngie-unique-id=5\nprocess-mode=2\n"
        "operate-on-gie-id=4\nnet-scale-factor=0.00392156862745098\n"
    )
    found = Counter()

    def see(frame):
        outer = [item for item in frame.object_items if item.unique_component_id == 4]
        inner = [item for item in frame.object_items if item.unique_component_id == 5]
        found["outer"] += len(outer)
        for box, ball in zip(outer, inner, strict=True):
            a, b = box.rect_params, ball.rect_params
            # Within it, up to the even pixels that are cut out.
            assert a.left - 2 <= b.left < b.left + b.width <= a.left + a.width + 2
            assert a.top - 2 <= b.top < b.top + b.height <= a.top + a.height + 2
            # Most of it is the ball, which is seen larger than in the frame.
            assert 0.5 * a.width <= b.width
            found["inner"] += 1

    flow = batches(clip).infer(first, parser=boxes_of_ball)
    run(flow.infer(str(second), parser=boxes_of_ball), see)
    assert found == {"outer": 60, "inner": 60}


@pytest.mark.filterwarnings("error::dsbind.errors.UnknownPropertyWarning")
def test_what_the_monitor_cannot_set_is_raised_from_the_flow(make_clip, folder):
    clip = make_clip(frames=300)
    pipeline = Pipeline("update")
    flow = batches_of(pipeline, clip)
    file = folder / "mean.onnx"
    monitor = EngineFileMonitor(pipeline[flow._streams[0].originator], file)
    changed = threading.Event()

    def see(frame):
        if not changed.is_set():
            changed.set()
            shutil.copy(folder / "same.onnx", folder / "mean.onnx.part")
            (folder / "mean.onnx.part").replace(file)
        time.sleep(0.03)

    monitor.start()
    try:
        with pytest.raises(UnknownPropertyWarning, match="model-engine-file"):
            run(flow, see)
    finally:
        monitor.stop()
    assert not monitor.started


def test_a_model_is_replaced_while_frames_flow(make_clip, folder):
    clip = make_clip(frames=300)
    config = config_of(folder, "mean", "network-type=100\noutput-tensor-meta=1\n")
    names = Counter()
    replaced = threading.Event()
    frames = []

    def see(frame):
        frames.append(frame.frame_number)
        for item in frame.tensor_items:
            names[item.as_tensor_output().get_layers()["y"].shape] += 1
        if len(frames) == 20:
            shutil.copy(folder / "same.onnx", folder / "mean.onnx.part")
            (folder / "mean.onnx.part").replace(folder / "mean.onnx")
            replaced.set()
        # As fast as a camera, until the new one is in use.
        if len(names) < 2:
            time.sleep(0.03)

    pipeline = Pipeline("update")
    flow = Flow(pipeline).batch_capture([str(clip)], width=320, height=240).infer(config)
    monitor = EngineFileMonitor(pipeline[flow._streams[0].originator], folder / "mean.onnx")
    monitor.start()
    assert monitor.started
    try:
        run(flow, see)
    finally:
        monitor.stop()
    assert not monitor.started
    assert replaced.is_set()
    assert frames == list(range(300))
    assert set(names) == {(3, 1, 1), (3, HEIGHT, WIDTH)}
    assert names.total() == 300
