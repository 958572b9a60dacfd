# SPDX-License-Identifier: Apache-2.0
"""Input tensors made ahead of a model: by nvdspreprocess, by a library, by a program."""

from __future__ import annotations

import contextlib
import subprocess
import warnings

import numpy
import pytest

import dsbind
from benchmarks.onnx_models import ANY, node, write_model
from dsbind import BatchMetadataOperator, ConfigWarning, Flow, Pipeline, Probe, RenderMode, clips
from dsbind.data import street_config
from dsbind.meta import PreprocessBatchUserMetadata

SIZE = (640, 272)  # of the batch's frames, in pixels
INPUT = "input_1:0"
CONFIG = """
[property]
enable=1
target-unique-ids=1
network-input-order=0
process-on-frame=1
unique-id=5
processing-width=640
processing-height=368
network-input-shape=4;3;368;640
network-color-format=0
tensor-data-type=0
tensor-name=input_1:0
tensor-buf-pool-size=2
scaling-filter=1
[user-configs]
pixel-normalization-factor=0.00392156862745098
[group-0]
src-ids=-1
custom-input-transformation-function=CustomAsyncTransformation
"""
ROIS = "process-on-roi=1\nroi-params-src-0=0;0;320;272;320;0;320;272\n"


class Each(BatchMetadataOperator):
    """Calls a function with each batch."""

    def __init__(self, call):
        self.call = call

    def handle_metadata(self, batch_meta):
        self.call(batch_meta)


@pytest.fixture(scope="module")
def street():
    return clips.fetch("street", lambda text: None)


@pytest.fixture
def config(tmp_path):
    def write(text=CONFIG, name="preprocess.txt"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


class Enough(Exception):
    """Ends a pipeline early."""


def run(source, build, see, frames=60):
    """Run the first frames through `build(flow)`; `see(batch)` at the end."""
    seen = 0

    def look(batch):
        nonlocal seen
        see(batch)
        seen += 1
        if seen == frames:
            raise Enough

    flow = Flow(Pipeline("p")).batch_capture([str(source)], width=SIZE[0], height=SIZE[1])
    flow = build(flow).attach(Probe("see", Each(look)))
    with contextlib.suppress(Enough):
        flow.render(RenderMode.DISCARD, sync=False)()
    return seen


def boxes_of(batch):
    return sorted(
        (
            item.class_id,
            *(round(v) for v in (box.left, box.top, box.width, box.height)),
        )
        for frame in batch.frame_items
        for item in frame.object_items
        for box in [item.rect_params]
    )


def detections(source, build, frames=60):
    found = []
    run(source, build, lambda batch: found.append(boxes_of(batch)), frames)
    return found


class TestFrames:
    def test_a_model_finds_the_same_in_tensors_as_in_frames(self, street, config):
        path = config()
        direct = detections(street, lambda flow: flow.infer(str(street_config())))
        tensors = detections(
            street,
            lambda flow: flow.preprocess(path).infer(str(street_config()), input_tensor_meta=True),
        )
        assert sum(map(len, direct)) > 20
        assert tensors == direct

    def test_yaml_and_a_letterbox_and_channels_last(self, clip, config):
        """What the tensor holds, against the same done by NumPy on the pixels."""
        path = config(
            "property:\n  target-unique-ids: 1\n  network-input-order: 1\n"
            "  network-input-shape: 2;100;100;3\n  network-color-format: 1\n"
            "  maintain-aspect-ratio: 1\n  symmetric-padding: 1\n  tensor-name: in\n"
            "user-configs:\n  pixel-normalization-factor: 0.5\n  offsets: 1;2;3\n"
            "group-0:\n  src-ids: 0\n",
            "preprocess.yml",
        )
        kept = []

        def see(batch):
            (item,) = batch.preprocess_batch_items
            (roi,) = item.rois
            assert (roi.roi.width, roi.roi.height) == SIZE
            assert roi.frame_meta.source_id == 0 and roi.object_meta is None
            assert item.preprocess_tensor_meta.name == "in"
            kept.append(item.preprocess_tensor_meta.tensor.numpy())

        run(clip, lambda flow: flow.preprocess(path), see, frames=2)
        image = kept[0]
        assert image.shape == (1, 100, 100, 3) and image.dtype == numpy.float32
        # 640 x 272 into 100 x 42, 29 rows of black above.
        black = (numpy.zeros(3) - [1, 2, 3]) * 0.5
        assert numpy.allclose(image[0, :29], black) and numpy.allclose(image[0, -29:], black)
        assert not numpy.allclose(image[0, 29:71], black)

    def test_integers_and_halves(self, clip, config):
        text = CONFIG.replace("pixel-normalization-factor=0.00392156862745098", "")
        tensors = {}
        for number, dtype in ((0, "f4"), (1, "u1"), (2, "i1"), (4, "i4"), (5, "i8"), (7, "f2")):
            path = config(text.replace("tensor-data-type=0", f"tensor-data-type={number}"))

            def see(batch, dtype=dtype):
                (item,) = batch.preprocess_batch_items
                tensors[dtype] = item.preprocess_tensor_meta.tensor.numpy()

            run(clip, lambda flow, path=path: flow.preprocess(path), see, frames=1)
        for dtype, tensor in tensors.items():
            assert tensor.dtype == dtype and tensor.shape == (1, 3, 368, 640)
            most = 127 if dtype == "i1" else 255
            assert numpy.array_equal(tensor, numpy.minimum(tensors["f4"], most).astype(dtype))


class TestRegions:
    def test_regions_are_the_images_and_boxes_lie_in_the_frame(self, street, config):
        path = config(CONFIG + ROIS)
        regions = []

        def see(batch):
            (item,) = batch.preprocess_batch_items
            assert item and item.as_preprocess_batch() is item
            regions.append([(roi.roi.left, roi.roi.width) for roi in item.rois])
            assert item.preprocess_tensor_meta.tensor.shape == (2, 3, 368, 640)
            for _, left, top, width, height in boxes_of(batch):
                assert left >= 0 and left + width <= SIZE[0] and top + height <= SIZE[1] + 1
                # No box reaches over the border between the regions.
                assert left + width <= 321 or left >= 319
            found.extend(boxes_of(batch))

        found = []
        run(
            street,
            lambda flow: flow.preprocess(path).infer(
                str(street_config()), input_tensor_meta=True, batch_size=2
            ),
            see,
        )
        assert set(map(tuple, regions)) == {((0, 320), (320, 320))}
        assert len(found) > 10

    def test_more_regions_than_a_tensor_holds_make_several(self, clip, config):
        nine = ";".join(f"{60 * i};0;50;50" for i in range(9))
        text = CONFIG.replace("pool-size=2", "pool-size=16")
        path = config(text + f"process-on-roi=1\nroi-params-src-0={nine}\n")
        shapes = []

        def see(batch):
            shapes.append([
                item.preprocess_tensor_meta.tensor.shape[0] for item in batch.preprocess_batch_items
            ])  # fmt: skip

        run(clip, lambda flow: flow.preprocess(path), see, frames=2)
        assert shapes[0] == [4, 4, 1]

    def test_objects_become_images(self, street, config):
        path = config(
            CONFIG.replace("process-on-frame=1", "process-on-frame=0")
            .replace("pool-size=2", "pool-size=16")
            .replace("src-ids=-1", "src-ids=-1\ninput-object-min-width=24\ndraw-roi=0")
        )  # fmt: skip
        seen = []

        def see(batch):
            wide = [box for box in boxes_of(batch) if box[3] >= 24]
            rois = [roi for item in batch.preprocess_batch_items for roi in item.rois]
            assert len(rois) == len(wide)
            for roi in rois:
                box = roi.object_meta.rect_params
                assert abs(roi.roi.left - box.left) <= 2 and abs(roi.roi.top - box.top) <= 2
            seen.append(len(rois))

        run(street, lambda flow: flow.infer(str(street_config())).preprocess(path), see)
        assert sum(seen) > 10

    def test_a_classifier_tells_of_regions(self, street, config, tmp_path):
        write_model(
            tmp_path / "colour.onnx",
            [ANY, 3, 16, 16],
            {"y": [ANY, 3, 1, 1]},
            [node("GlobalAveragePool", ["x"], "y")],
        )
        (tmp_path / "labels.txt").write_text("red;green;blue\n")
        infer = tmp_path / "infer.txt"
        infer.write_text(
            "[property]\nonnx-file=colour.onnx\nlabelfile-path=labels.txt\nnetwork-type=1\n"
            "classifier-threshold=0\ngie-unique-id=1\nprocess-mode=1\n"
        )
        path = config(
            CONFIG.replace("4;3;368;640", "4;3;16;16")
            .replace("processing-width=640\nprocessing-height=368\n", "")
            .replace(INPUT, "x")
            + ROIS
        )
        labels = []

        def see(batch):
            (item,) = batch.preprocess_batch_items
            for roi in item.rois:
                (classifier,) = roi.classifier_items
                labels.append(classifier.get_n_label(0))
            assert [found["labels"] for found in item.extract(8)] == [labels[-2:-1], labels[-1:]]
            assert boxes_of(batch) == []

        run(
            street,
            lambda flow: flow.preprocess(path).infer(str(infer), input_tensor_meta=True),
            see,
            frames=5,
        )
        assert len(labels) == 10 and set(labels) <= {"red", "green", "blue"}


class TestProgram:
    def test_a_generator_makes_the_tensors_of_a_model(self, street, config):
        """A black picture instead of each frame: the model finds nothing in it."""
        asked = []

        def generate(n_frames):
            asked.append(n_frames)
            return {INPUT: numpy.zeros((n_frames, 3, 368, 640), numpy.float32)}

        names = []

        def see(batch):
            names.extend(item.preprocess_tensor_meta.name for item in batch.preprocess_batch_items)
            assert boxes_of(batch) == []

        off = config(CONFIG.replace("enable=1", "enable=0"))
        frames = run(
            street,
            lambda flow: flow.preprocess(off, tensor_generator=generate).infer(
                str(street_config()), input_tensor_meta=True
            ),
            see,
            frames=5,
        )
        assert frames == 5 and set(asked) == {1} and set(names) == {INPUT}

    def test_what_a_generator_raises_stops_the_pipeline(self, clip, config):
        def generate(n_frames):
            raise ZeroDivisionError("no tensors today")

        with pytest.raises(ZeroDivisionError, match="no tensors today"):
            run(clip, lambda flow: flow.preprocess(config(), generate), lambda batch: None)

    @pytest.mark.parametrize(
        "made, told",
        [
            (3, "returned 3; it returns a dict"),
            ({INPUT: "x"}, "not str"),
            ({INPUT: numpy.zeros((1, 3, 4, 4), "f4")}, "does not fit.*reads images of 3x368x640"),
            ({INPUT: numpy.zeros((1, 3, 368, 640), "f8")}, "cannot be given to a model"),
            ({INPUT: numpy.zeros((1, 3, 368, 640), "u1")}, "is not of float32"),
            ({"other": numpy.zeros((1, 3, 368, 640), "f4")}, "is for no input.*input_1:0"),
        ],
    )
    def test_tensors_that_do_not_fit_are_named(self, clip, config, made, told):
        off = config(CONFIG.replace("enable=1", "enable=0"))
        with pytest.raises((dsbind.Error, TypeError), match=told):
            run(
                clip,
                lambda flow: flow.preprocess(off, lambda n: made).infer(
                    str(street_config()), input_tensor_meta=True
                ),
                lambda batch: None,
            )

    def test_metadata_made_by_a_program(self, batch, frame):
        item = batch.acquire_preprocess_batch_meta()
        assert isinstance(item, PreprocessBatchUserMetadata) and not item
        assert item.rois == [] and item.preprocess_tensor_meta is None
        content = numpy.arange(24, dtype=numpy.float32).reshape(2, 3, 2, 2)
        item.set_preprocessed_tensor("in", 7, 1, content[::-1])
        batch.append(item)
        (found,) = batch.preprocess_batch_items
        tensor = found.preprocess_tensor_meta
        assert (tensor.name, tensor.meta_id) == ("in", 7)
        assert numpy.array_equal(tensor.tensor.numpy(), content[::-1])
        assert found.rois == [] and found.extract(3) == []
        assert "in" in repr(found)
        with pytest.raises(ValueError, match="carries data already"):
            found.set_preprocessed_tensor("in", 7, 1, content)
        assert not batch.acquire_user_meta().as_preprocess_batch()

    def test_copies_share_the_tensor_and_know_the_frame_of_a_region(self, street, config):
        found = {"a": [], "b": []}
        path = config(CONFIG.replace("pool-size=2", "pool-size=16") + ROIS)
        flow = Flow(Pipeline("p")).batch_capture([str(street)], width=SIZE[0], height=SIZE[1])
        fork = flow.preprocess(path).fork()
        for name, boxes in found.items():

            def see(batch, boxes=boxes):
                boxes.append(boxes_of(batch))
                if len(boxes) > 45:
                    raise Enough

            branch = fork.infer(str(street_config()), input_tensor_meta=True)
            branch.attach(Probe(name, Each(see))).render(RenderMode.DISCARD, sync=False)
        with pytest.raises(Enough):
            fork()
        count = min(map(len, found.values()))
        assert count > 35 and any(found["a"][:count]) and found["a"][:count] == found["b"][:count]


LIBRARY = r"""
#include <nvdspreprocess_interface.h>
#include <stdexcept>
struct CustomCtx { float value; int calls; };
extern "C" CustomCtx *initLib(CustomInitParams init) {
  if (init.user_configs.count("refuse")) return nullptr;
  if (init.user_configs.count("throw")) throw std::runtime_error("out of cheese");
  return new CustomCtx{std::stof(init.user_configs.at("value")), 0};
}
extern "C" void deInitLib(CustomCtx *ctx) { delete ctx; }
extern "C" NvDsPreProcessStatus prepare(CustomCtx *ctx, NvDsPreProcessBatch *batch,
    NvDsPreProcessCustomBuf *&buf, CustomTensorParams &params, NvDsPreProcessAcquirer *acquirer) {
  if (ctx->calls++ % 2) return NVDSPREPROCESS_TENSOR_NOT_READY;
  buf = acquirer->acquire();
  if (!buf) return NVDSPREPROCESS_RESOURCE_ERROR;
  float *to = static_cast<float *>(buf->memory_ptr);
  for (size_t i = 0; i < params.params.buffer_size / 4; i++) to[i] = ctx->value;
  to[0] = static_cast<float>(batch->units.size());
  return NVDSPREPROCESS_SUCCESS;
}
extern "C" NvDsPreProcessStatus broken(CustomCtx *, NvDsPreProcessBatch *,
    NvDsPreProcessCustomBuf *&, CustomTensorParams &, NvDsPreProcessAcquirer *) {
  return NVDSPREPROCESS_CUSTOM_TENSOR_FAILED;
}
"""


class TestLibrary:
    @pytest.fixture
    def library(self, tmp_path):
        source = tmp_path / "custom.cpp"
        source.write_text(LIBRARY)
        flags = subprocess.run(
            ["pkg-config", "--cflags", "gstreamer-1.0"], check=True, capture_output=True, text=True
        ).stdout.split()
        target = tmp_path / "libcustom.so"
        subprocess.run(
            ["c++", "-std=c++17", "-shared", "-fPIC", f"-I{dsbind.get_include()}", *flags]
            + ["-o", str(target), str(source)],
            check=True,
        )
        return target

    def custom(self, library, user="value=3", function="prepare"):
        """A config of tensors that only the library knows."""
        return (
            "[property]\ntarget-unique-ids=1\nnetwork-input-order=2\nprocessing-width=32\n"
            "processing-height=32\nnetwork-input-shape=1;2;3;4;5\ntensor-name=in\n"
            f"custom-lib-path={library.name}\ncustom-tensor-preparation-function={function}\n"
            f"[user-configs]\n{user}\n[group-0]\nsrc-ids=-1\n"
        )

    def test_a_library_makes_tensors_of_its_own(self, clip, config, library):
        path = config(self.custom(library))
        tensors = []

        def see(batch):
            tensors.append([
                item.preprocess_tensor_meta.tensor.numpy() for item in batch.preprocess_batch_items
            ])  # fmt: skip

        run(clip, lambda flow: flow.preprocess(path), see, frames=4)
        # Every second time the tensor is not ready.
        assert [len(found) for found in tensors] == [1, 0, 1, 0]
        assert tensors[0][0].shape == (1, 2, 3, 4, 5)
        assert tensors[0][0].flat[0] == 1 and (tensors[0][0].flat[1:] == 3).all()

    @pytest.mark.parametrize(
        "user, function, told",
        [
            ("value=3", "nothing", "has no function 'nothing'"),
            ("refuse=1", "prepare", r"initLib\(\) of .* refused the config"),
            ("throw=1", "prepare", "threw: out of cheese"),
            ("value=3", "broken", "failed: the tensor cannot be made|gave no tensor"),
        ],
    )
    def test_a_library_that_fails_is_named(self, clip, config, library, user, function, told):
        path = config(self.custom(library, user, function))
        with pytest.raises(dsbind.Error, match=told) as error:
            run(clip, lambda flow: flow.preprocess(path), lambda batch: None)
        assert "libcustom.so" in str(error.value)

    def test_a_library_elsewhere_is_not_loaded(self, clip, config, library, tmp_path_factory):
        elsewhere = tmp_path_factory.mktemp("elsewhere") / "libcustom.so"
        elsewhere.write_bytes(library.read_bytes())
        path = config(self.custom(library).replace("=libcustom.so", f"={elsewhere}"))
        with pytest.raises(dsbind.ConfigError, match="allow its folder by DSBIND_LIBRARY_PATH"):
            run(clip, lambda flow: flow.preprocess(path), lambda batch: None)

    def test_the_sdk_s_library_is_ours_without_an_sdk(self, clip, config):
        name = "/opt/nvidia/deepstream/deepstream/lib/gst-plugins/libcustom2d_preprocess.so"
        path = config(CONFIG.replace("[user-configs]", f"custom-lib-path={name}\n[user-configs]"))
        assert run(clip, lambda flow: flow.preprocess(path), lambda batch: None, frames=2) == 2


class TestErrors:
    @pytest.mark.parametrize(
        "old, new, told",
        [
            ("4;3;368;640", "4;3;368", "should be batch and the sizes"),
            ("4;3;368;640", "4;1;368;640", r"has 1 channel\(s\)"),
            ("4;3;368;640", "0;3;368;640", r"\[property\] network-input-shape=0;3;368;640 is out"),
            ("4;3;368;640", "1024;3;16384;16384", "tensor of over 4 GiB|not the size"),
            ("processing-width=640", "processing-width=600", "are not the size"),
            ("tensor-data-type=0", "tensor-data-type=9", "out of range: 0 to 7"),
            ("src-ids=-1", "src-ids=x", r"\[group-0\] src-ids=x has 'x', which is not a whole"),
            ("src-ids=-1", "src-ids=-1\nprocess-on-roi=1", "no roi-params-src-"),
            ("src-ids=-1", "src-ids=-1\nroi-params-src-0=0;0;9", "left;top;width;height"),
            ("[group-0]", "[group-zero]", "should end in a number"),
            ("0.00392156862745098", "half", "pixel-normalization-factor=half is not a number"),
        ],
    )
    def test_a_wrong_value_is_named_before_any_frame(self, clip, config, old, new, told):
        path = config(CONFIG.replace(old, new))
        with pytest.raises(dsbind.Error, match=told):
            run(clip, lambda flow: flow.preprocess(path), lambda batch: None)

    def test_a_region_outside_of_the_frame_is_named(self, clip, config):
        path = config(CONFIG + "process-on-roi=1\nroi-params-src-0=5000;0;10;10\n")
        with pytest.raises(dsbind.ConfigError, match="region at 5000;0, which lies outside"):
            run(clip, lambda flow: flow.preprocess(path), lambda batch: None)

    def test_an_unknown_key_warns_and_a_good_config_does_not(self, clip, config):
        path = config(CONFIG.replace("src-ids=-1", "src-ids=-1\nproces-on-roi=0"))
        with pytest.warns(ConfigWarning, match="did you mean process-on-roi?"):
            run(clip, lambda flow: flow.preprocess(path), lambda batch: None, frames=1)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            run(clip, lambda flow: flow.preprocess(config()), lambda batch: None, frames=1)


def test_a_batch_of_more_tensors_than_the_pool_has_waits_for_none_of_its_own(config):
    rois = ";".join(["0;0;32;32"] * 7)
    text = CONFIG.replace("640\n", "16\n").replace("368\n", "16\n")
    text = text.replace("4;3;368;16", "1;3;16;16").partition("custom-input")[0]
    path = config(f"{text}process-on-roi=1\nroi-params-src-0={rois}\n")
    seen = []
    pipeline = Pipeline("tensors").add("videotestsrc", "src", {"num-buffers": 2})
    caps = "video/x-raw,format=NV12,width=64,height=48"
    pipeline.add("capsfilter", "caps", {"caps": caps})
    pipeline.add("nvstreammux", "mux", {"batch-size": 1, "width": 64, "height": 48})
    pipeline.add("nvdspreprocess", "make", {"config-file": str(path)})
    # It holds its last batch.
    pipeline.add("fakesink", "sink", {"enable-last-sample": True})
    pipeline.link("src", "caps").link(("caps", "mux"), ("", "sink_%u")).link("mux", "make", "sink")
    look = Each(lambda batch: seen.append(len(batch.preprocess_batch_items)))
    pipeline.attach("make", Probe("look", look)).start()
    try:
        pipeline.wait(20)
    finally:
        pipeline.stop(0)
    assert seen == [7, 7]


def test_user_metadata_of_another_type_is_no_tensor_to_append(batch):
    user = batch.acquire_user_meta()
    user.set_user_data_json("{}", 9000)
    with pytest.raises(ValueError, match="another type"):
        batch.append(user.as_preprocess_batch())
